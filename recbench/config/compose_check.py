"""Before a sweep: what can't be composed is found, and not every job is composed for that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from recbench.config.overrides import Override

if TYPE_CHECKING:
    from hydra.core.config_loader import ConfigLoader
    from omegaconf import DictConfig


def check_jobs(batch: Sequence[Sequence[str]], config: DictConfig, loader: ConfigLoader) -> None:
    """Find out whether the jobs of a batch, each a list of overrides, can be composed.

    One job is composed for each choice of parts (`model=mf dataset=synthetic`). The values that other jobs give
    the options of these are held against the types in it, which takes a fraction of the time.

    Raises:
        Exception: Hydra's and OmegaConf's errors, as if every job had been composed.
    """
    composed: dict[tuple[str, ...], DictConfig] = {}
    fitting: set[tuple[tuple[str, ...], str]] = set()
    for overrides in batch:
        values = [each for each in overrides if _is_value(each, config)]
        choices = tuple(each for each in overrides if each not in values)
        new = [each for each in values if (choices, each) not in fitting]
        if choices not in composed or not all(_fits(composed[choices], each) for each in new):
            composed[choices] = loader.load_sweep_config(config, list(overrides))
        fitting |= {(choices, each) for each in new}


def _is_value(override: str, config: DictConfig) -> bool:
    """Whether a job's override sets an option and chooses no part."""
    parsed = Override.parse(override)
    if parsed.prefix or "/" in parsed.name:
        return False
    return bool(parsed.option) or isinstance(config.get(parsed.group), (bool, int, float, str))


def _fits(composed: DictConfig, override: str) -> bool:
    """Whether the option is there and can have the value, which it then has."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from omegaconf import OmegaConf

    (parsed,) = OverridesParser.create().parse_overrides([override])
    try:
        OmegaConf.update(composed, parsed.key_or_group, parsed.value())
    except Exception:  # composing the job will say what it is
        return False
    return True
