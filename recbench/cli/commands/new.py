"""Write a new plugin: a model, a dataset or a metric, with tests."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from recbench.cli.command import Parser
from recbench.cli.plugin_template import TEMPLATES, check_name, write
from recbench.usage import UsageError

EXAMPLES = (
    ("recbench new model my_model", "write recbench-my-model/ into this folder"),
    ("recbench new metric median_error --into plugins", "write plugins/recbench-median-error/"),
)
NEXT = {  # by role, the command to run once the plugin is installed and checked
    "model": "recbench -m model={name},mf",
    "dataset": "recbench -m dataset={name} model=bias,mf",
    "metric": "recbench -m model=bias,mf metrics=[rmse,{name}]",
}


def add_arguments(parser: Parser) -> None:
    """Declare the role, the name and the folder."""
    parser.add_argument("role", choices=list(TEMPLATES), help="what the plugin brings")
    parser.add_argument("name", metavar="NAME", help="its name on the command line, such as my_model")
    parser.add_argument(
        "--into", type=Path, default=Path(), metavar="FOLDER", help="folder to write into (default: this folder)"
    )


def run(options: Namespace) -> str:
    """Write the new distribution and return the commands to type next.

    Raises:
        UsageError: the name can't be used, or the folder exists.
    """
    check_name(options.role, options.name)
    folder = options.into / f"recbench-{options.name.replace('_', '-')}"
    if folder.exists():
        raise UsageError(f"{folder} already exists", "choose another name, or another folder with --into")
    write(options.role, options.name, folder)
    return "\n".join(
        [
            f"{folder}: a working {options.role} named {options.name}; its README says what each file is for",
            "",
            f"  pip install --editable {folder}",
            f"  recbench check {options.role}={options.name}",
            f"  {NEXT[options.role].format(name=options.name)}",
        ]
    )
