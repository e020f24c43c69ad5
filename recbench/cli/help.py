"""The help of `recbench`: what to type, the commands, what is installed, and the options of a run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, fields
from enum import Enum
from typing import Any

from recbench.cli import command
from recbench.cli.terminal import fill, two_columns
from recbench.config.variants import conf_dir, origins, plugin_dirs
from recbench.registry.options import meanings
from recbench.registry.registry import ROLES, Entry, installed

PURPOSE = "recbench: which recommender predicts ratings best on your data, and what does it cost?"
EXAMPLES = (
    ("recbench -m experiment=compare", "the classic models"),
    ("recbench model=mf", "one model, one row"),
    ("recbench -m model=mf model.n_factors=8,16,32", "a sweep over an option"),
)
MORE_EXAMPLES = (
    ("recbench -m model=user_knn,item_knn,mf,ncf", "a comparison, one table"),
    ("recbench -m search=auto model=mf,ncf", "a search over all options"),
)


def short_help() -> str:
    """Return three commands to try, and where to read on."""
    pointer = "recbench list: everything installed. recbench show model=mf: its options. recbench --help: all commands."
    return "\n".join([fill(PURPOSE, ""), "", *_examples(EXAMPLES), "", fill(pointer, "")])


def full_help() -> str:
    """Return the help: commands, installed components and options of a run, as wide as the terminal."""
    hydra = "Hydra's own options (--multirun, --cfg job, --config-dir, shell completion): recbench --hydra-help"
    sections = [
        [fill(PURPOSE, "")],
        _examples((*EXAMPLES, *MORE_EXAMPLES)),
        [
            "commands (recbench <command> --help explains one):",
            *two_columns([(name, command.purpose(name)) for name in command.names()]),
        ],
        [fill("installed (recbench list describes each, recbench show model=mf one with its options):", ""),
         *two_columns(list(_installed()))],
        [fill("options of a run, with their defaults; add -m to give several values: seed=1,2,3", ""),
         *two_columns(list(run_options()))],
        [fill(hydra, "")],
    ]  # fmt: skip
    return "\n\n".join("\n".join(lines) for lines in sections)


def help_for(words: Sequence[str]) -> str:
    """Return the help for a command line with `--help` in it: of the components that it names, else all of it."""
    named = [word for word in words if word.partition("=")[0] in ROLES]
    return "\n\n".join(command.run("show", [word]) for word in named) if named else full_help()


def _examples(examples: Sequence[tuple[str, str]]) -> list[str]:
    width = max(len(line) for line, _ in examples)
    return [fill(meaning, f"  {line:{width}}  ", "      ") for line, meaning in examples]


def _installed() -> Iterator[tuple[str, str]]:
    """Yield for each role the names that can be chosen."""
    lacking = []
    for role in ROLES:
        entries: dict[str, Entry] = dict(installed().entries[role])
        entries |= {variant.name: entry for variant, entry in origins().items() if variant.role == role}
        available = [name for name in sorted(entries) if not entries[name].missing()]
        lacking += [name for name in sorted(entries) if entries[name].missing()]
        yield ("metrics=[...]" if role == "metric" else f"{role}=..."), ", ".join(available)
    for group in ("experiment", "search"):
        folders = [conf_dir(), *plugin_dirs().values()]
        files = [path for folder in folders for path in (folder / group).glob("*.yaml")]
        yield f"{group}=...", ", ".join(sorted(path.stem for path in files))
    if lacking:
        yield "unavailable", f"{', '.join(lacking)}; recbench list says what they need"


def run_options() -> Iterator[tuple[str, str]]:
    """Yield `name=default` and the meaning of each option of a run, nested ones after their node."""
    from omegaconf import OmegaConf

    from recbench.config.schema import NODES, RunConfig

    values: Any = OmegaConf.to_container(OmegaConf.load(conf_dir() / "config.yaml"), resolve=False)
    for name, meaning in meanings(RunConfig).items():
        if name not in NODES:
            yield f"{name}={_typed(values[name])}", meaning
            continue
        yield f"{name}.<option>", meaning
        inner = meanings(NODES[name])
        for each in fields(NODES[name]):
            if each.default is not MISSING:
                yield f"{name}.{each.name}={_typed(each.default)}", inner[each.name]


def _typed(value: Any) -> str:
    """Return a value as it is typed on the command line."""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, list):
        return f"[{','.join(map(str, value))}]"
    return value if isinstance(value, str) else json.dumps(value)
