"""The documentation is true: what README shows is what the commands print, and it names all there is.

`make docs` runs README's commands and rewrites what they print.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from recbench import hookspecs
from recbench.config import schema as config
from recbench.config.variants import conf_dir
from recbench.registry.registry import ROLES, installed
from tests.support.command import recbench

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHOWN = re.compile(r"```console\n\$ (recbench[^\n]*)\n(.*?)```", re.DOTALL)
EXPERIMENTS = sorted(path.stem for path in (ROOT / "conf" / "experiment").glob("*.yaml"))
VARIANTS = sorted(path.stem for path in (ROOT / "conf" / "model").glob("*.yaml"))


def test_readme_shows_the_main_job() -> None:
    assert SHOWN.search(README), "no console block with a recbench command"
    assert "recbench -m experiment=compare" in dict(SHOWN.findall(README))


@pytest.mark.slow
@pytest.mark.parametrize(("command", "shown"), SHOWN.findall(README), ids=[c for c, _ in SHOWN.findall(README)])
def test_readmes_output_is_what_the_command_prints(command: str, shown: str, tmp_path: Path) -> None:
    printed = recbench(*command.split()[1:], cwd=tmp_path).stdout.strip()
    assert _timeless(printed) == _timeless(shown)
    for now, then in zip(_scores(printed), _scores(shown), strict=True):
        assert now == pytest.approx(then, abs=0.003)  # TensorFlow's last digits differ between processors


@pytest.mark.parametrize("hook", [f"register_{role}s" for role in ROLES])
def test_readme_documents_every_hook(hook: str) -> None:
    assert hasattr(hookspecs, hook)
    assert f"`{hook}`" in README


@pytest.mark.parametrize("name", ["recbench_slope_one.py", "pyproject.toml", "tests/test_slope_one.py"])
def test_readmes_plugin_is_the_one_in_plugins(name: str) -> None:
    source = (ROOT / "plugins" / "recbench-slope-one" / name).read_text(encoding="utf-8")
    quoted = re.findall(rf"`{re.escape(name)}`:\n\n```\w+\n(.*?)```", README, re.DOTALL)
    assert len(quoted) == 1
    assert quoted[0].strip() in source


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_composes_and_names_installed_models(experiment: str) -> None:
    config.store_schemas(installed())
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        composed = compose("config", overrides=[f"experiment={experiment}"], return_hydra_config=True)
    models = composed.hydra.sweeper.params.model.split(",")
    assert set(models) <= {*installed().entries["model"], *VARIANTS}


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_composes_and_differs_from_its_model(variant: str) -> None:
    config.store_schemas(installed())
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        node = config.contents(compose("config", overrides=[f"model={variant}"]))["model"]
    entry, _ = config.arguments("model", node, installed())
    text = (ROOT / "conf" / "model" / f"{variant}.yaml").read_text(encoding="utf-8")
    defaults = config.defaults_of(entry)
    repeated = [
        name for name in re.findall(r"^(\w+):", text, re.MULTILINE) if defaults.get(name, node) == node.get(name)
    ]
    assert not repeated, f"{variant}.yaml repeats defaults of {entry.name}: {repeated}"


def test_changelog_and_decisions_are_kept() -> None:
    assert f"## [{installed().find('model', 'bias').version}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## 20\d\d-\d\d-\d\d", (ROOT / "DECISIONS.md").read_text(encoding="utf-8"), re.MULTILINE)


def _timeless(printed: str) -> list[list[str]]:
    """The lines' words, without numbers that differ from run to run: scores, seconds, memory, folders."""
    lines = [line for line in printed.strip().splitlines() if "outputs/" not in line]
    return sorted([[word for word in line.split() if not re.fullmatch(r"[\d.]+", word)] for line in lines])


def _scores(printed: str) -> list[float]:
    """Every number with four decimals, in order of the model's name."""
    rows = sorted(line for line in printed.splitlines() if re.search(r"\d\.\d{4}", line))
    return [float(number) for row in rows for number in re.findall(r"\d\.\d{4}", row)]


def _run_and_rewrite(match: re.Match[str]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        run = recbench(*match[1].split()[1:], cwd=Path(folder))
    if run.returncode != 0:
        sys.exit(f"{match[1]}: {run.stderr}")
    return f"```console\n$ {match[1]}\n{run.stdout.strip()}\n```"


if __name__ == "__main__":
    (ROOT / "README.md").write_text(SHOWN.sub(_run_and_rewrite, README), encoding="utf-8")
