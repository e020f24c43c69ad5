"""The message for a command line that Hydra rejects."""

from __future__ import annotations

from hydra import compose, initialize_config_dir

from recbench.config.explain import explain
from recbench.config.schema import store_schemas
from recbench.config.variants import conf_dir
from recbench.registry.registry import installed

COMMANDS = ("list", "show")


def explained(*overrides: str, args: tuple[str, ...] = (), config: str = "config") -> str | None:
    """Return the message for the error that these overrides raise."""
    store_schemas(installed())
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        try:
            compose(config, overrides=list(overrides))
        except Exception as error:
            mistake = explain(error, installed(), args or overrides, COMMANDS)
            return None if mistake is None else str(mistake)
    raise AssertionError("no error was raised")
