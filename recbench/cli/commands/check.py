"""Check that a model, dataset or metric meets its contract."""

from __future__ import annotations

import inspect
import json
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from types import ModuleType
from typing import Any

from recbench.cli.command import Parser
from recbench.config import schema as config
from recbench.config.overrides import Override
from recbench.config.variants import variants
from recbench.progress import track
from recbench.registry.registry import installed
from recbench.testing import behavior, costs, datasets, metrics, models
from recbench.usage import CheckFailed, UsageError, did_you_mean

EXAMPLES = (
    ("recbench check mf model.n_factors=8", "check a model with one of its options set"),
    ("recbench check metric=my_metric --json", "check a metric, for a program to read"),
)
CHECKS: dict[str, tuple[ModuleType, ...]] = {
    "model": (models, behavior, costs),
    "dataset": (datasets,),
    "metric": (metrics,),
}


@dataclass(frozen=True)
class CheckResult:
    """The result of one check."""

    check: str
    meaning: str  # first line of its docstring
    passed: bool
    failure: str = ""  # what was observed, and what to do about it


def add_arguments(parser: Parser) -> None:
    """Declare what to check, its options and the output format."""
    parser.add_argument(
        "name", metavar="NAME", help="what to check; model=NAME, dataset=NAME or metric=NAME if the name is ambiguous"
    )
    parser.add_argument("overrides", nargs="*", metavar="OPTION=VALUE", help="its options, such as model.n_factors=8")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: Namespace) -> str:
    """Run every check on one model, dataset or metric and return the results.

    Raises:
        UsageError: nothing has that name, or several things have it.
        CheckFailed: a check failed; the text has the result of each.
    """
    role, name = _named(options.name)
    subject = _subject(role, name, options.overrides)
    results = [_result(check, subject) for check in track(list(checks(role)), "checks")]
    n_failed = sum(not result.passed for result in results)
    if options.json:
        about = {"role": role, "name": name, "passed": not n_failed}
        text = json.dumps(about | {"checks": [asdict(result) for result in results]}, indent=1, ensure_ascii=False)
    else:
        text = "\n".join([*_lines(results), f"{role} {name}: {len(results)} checks, {n_failed} failed"])
    if n_failed:
        raise CheckFailed(text)
    return text


def checks(role: str) -> Iterator[Callable[[Any], None]]:
    """Yield the checks of a role in the order of their source: each function named `check_...`."""
    for module in CHECKS[role]:
        for name, function in vars(module).items():
            if name.startswith("check_") and function.__module__ == module.__name__:
                yield function


def _named(word: str) -> tuple[str, str]:
    role, given, name = word.partition("=")
    if given:
        if role not in CHECKS:
            raise UsageError(f"no checks for {role!r}", f"check one of {', '.join(f'{each}=...' for each in CHECKS)}")
        return role, name
    known = {(role, each) for role, entries in installed().entries.items() for each in entries}
    known |= {(variant.role, variant.name) for variant in variants()}
    roles = [each for each in CHECKS if (each, word.partition("@")[0]) in known]
    if len(roles) > 1:
        raise UsageError(f"{word!r} is a {' and a '.join(roles)}", f"write {roles[0]}={word}")
    if not roles:
        names = [each for role, each in known if role in CHECKS]
        raise UsageError(f"nothing is named {word!r}{did_you_mean(word, names)}", "`recbench list` shows all names")
    return roles[0], word


def _subject(role: str, name: str, options: Sequence[str]) -> Any:
    """Return what the checks take: a factory of models or of a dataset with its options set, or a metric."""
    registry = installed()
    if role == "metric":
        if options:
            raise UsageError(f"a metric has no options, got {' '.join(options)!r}", "leave them out")
        return registry.metric(name)
    if strange := next((each for each in map(Override.parse, options) if each.group != role or not each.option), None):
        raise UsageError(f"{strange.text!r} is not an option of the {role}", f"write {role}.<option>=<value>")
    node = getattr(config.compose([f"{role}={name}", *options]), role)
    try:
        entry, values = config.arguments(role, node, registry)
    except ValueError as error:  # an option without a default, or not one of the values it may have
        raise UsageError(str(error)) from error
    if missing := entry.missing():
        raise UsageError(f"{role} {name!r} {missing}")
    return partial(entry.factory, **values)


def _result(check: Callable[[Any], None], subject: Any) -> CheckResult:
    name = check.__name__.removeprefix("check_").replace("_", " ")
    meaning = (inspect.getdoc(check) or "").partition("\n")[0]
    try:
        check(subject)
    except AssertionError as error:
        return CheckResult(name, meaning, passed=False, failure=str(error))
    except Exception as error:  # a plugin may fail in any way: that is a failed check, too
        where = inspect.trace()[-1]
        seen = f"{type(error).__name__}: {error} (line {where.lineno} of {where.filename})"
        return CheckResult(name, meaning, passed=False, failure=seen)
    return CheckResult(name, meaning, passed=True)


def _lines(results: Sequence[CheckResult]) -> Iterator[str]:
    for result in results:
        yield f"{'passed' if result.passed else 'FAILED'}  {result.check}"
        if not result.passed:
            yield f"        expected: {result.meaning}"
            yield f"        got: {result.failure}"
