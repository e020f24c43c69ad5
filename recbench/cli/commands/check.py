"""`recbench check`: the conformance laws run over anything that is installed, without pytest."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from types import ModuleType
from typing import Any

from recbench.config import schema as config
from recbench.config.overrides import Override
from recbench.config.variants import variants
from recbench.progress import track
from recbench.registry.registry import installed
from recbench.testing import behavior, costs, datasets, metrics, models
from recbench.usage import CheckFailed, Parser, UsageError, did_you_mean

LAWS: dict[str, tuple[ModuleType, ...]] = {
    "model": (models, behavior, costs),
    "dataset": (datasets,),
    "metric": (metrics,),
}


@dataclass(frozen=True)
class Verdict:
    """What became of one law."""

    law: str
    meaning: str  # first line of its docstring
    kept: bool
    broken: str = ""  # what was seen, and what to do about it


def check(args: Sequence[str]) -> str:
    """Run every law over one model, data set or metric.

    Raises:
        UsageError: nothing has that name, or more than one thing has.
        Unmet: a law is broken; the text names each.
    """
    usage = "recbench check NAME|model=NAME|dataset=NAME|metric=NAME [option=value ...] [--json]"
    parser = Parser("recbench check", usage, add_help=False)
    parser.add_argument("name")
    parser.add_argument("options", nargs="*")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_intermixed_args(args)
    role, name = _named(asked.name)
    subject = _subject(role, name, asked.options)
    verdicts = [_verdict(law, subject) for law in track(list(laws(role)), "law")]
    broken = sum(not verdict.kept for verdict in verdicts)
    if asked.json:
        told = {"role": role, "name": name, "kept": not broken, "laws": [asdict(verdict) for verdict in verdicts]}
        text = json.dumps(told, indent=1, ensure_ascii=False)
    else:
        text = "\n".join([*_lines(verdicts), f"{role} {name}: {len(verdicts)} laws, {broken} broken"])
    if broken:
        raise CheckFailed(text)
    return text


def laws(role: str) -> Iterator[Callable[[Any], None]]:
    """The laws of a role, in the order that they are written in: each function named `check_...`."""
    for module in LAWS[role]:
        for name, function in vars(module).items():
            if name.startswith("check_") and function.__module__ == module.__name__:
                yield function


def _named(word: str) -> tuple[str, str]:
    role, given, name = word.partition("=")
    if given:
        if role not in LAWS:
            raise UsageError(f"no laws for {role!r}; check one of {', '.join(f'{each}=...' for each in LAWS)}")
        return role, name
    there = {(role, each) for role, entries in installed().entries.items() for each in entries}
    there |= {(variant.role, variant.name) for variant in variants()}
    roles = [each for each in LAWS if (each, word.partition("@")[0]) in there]
    if len(roles) > 1:
        raise UsageError(f"{word!r} is a {' and a '.join(roles)}; write {roles[0]}={word}")
    if not roles:
        known = [each for role, each in there if role in LAWS]
        raise UsageError(f"nothing is named {word!r}{did_you_mean(word, known)}; `recbench list` shows what there is")
    return roles[0], word


def _subject(role: str, name: str, options: Sequence[str]) -> Any:
    """What the laws take: a maker of models, a loader of a data set, or a metric."""
    registry = installed()
    if role == "metric":
        if options:
            raise UsageError(f"a metric has no options, got {' '.join(options)!r}")
        return registry.metric(name)
    if strange := next((each for each in map(Override.parse, options) if each.group != role or not each.option), None):
        raise UsageError(f"{strange.text!r} is no option of the {role}; write {role}.<option>=<value>")
    node = config.compose([f"{role}={name}", *options])[role]
    try:
        entry, values = config.arguments(role, node, registry)
    except ValueError as error:  # an option without a default, or not one of the values it may have
        raise UsageError(str(error)) from error
    if missing := entry.missing():
        raise UsageError(f"{role} {name!r} {missing}")
    return partial(entry.factory, **values)


def _verdict(law: Callable[[Any], None], subject: Any) -> Verdict:
    name = law.__name__.removeprefix("check_").replace("_", " ")
    meaning = (inspect.getdoc(law) or "").partition("\n")[0]
    try:
        law(subject)
    except AssertionError as error:
        return Verdict(name, meaning, kept=False, broken=str(error))
    except Exception as error:  # a plugin may fail in any way: that too is a finding
        where = inspect.trace()[-1]
        seen = f"{type(error).__name__}: {error} (line {where.lineno} of {where.filename})"
        return Verdict(name, meaning, kept=False, broken=seen)
    return Verdict(name, meaning, kept=True)


def _lines(verdicts: Sequence[Verdict]) -> Iterator[str]:
    for verdict in verdicts:
        yield f"{'ok    ' if verdict.kept else 'BROKEN'}  {verdict.law}"
        if not verdict.kept:
            yield f"        law: {verdict.meaning}"
            yield f"        got: {verdict.broken}"
