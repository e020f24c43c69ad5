"""Help, `list` and `show`, as users type them."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from recbench.cli import command
from recbench.cli.help import full_help
from recbench.config.schema import GROUPS, RunConfig
from recbench.config.variants import conf_dir
from recbench.registry.options import meanings
from recbench.registry.registry import installed
from tests.support.command import SMALL, recbench, write_plugin


def test_help_and_list_import_nothing_heavy(tmp_path: Path) -> None:
    heavy = "{'tensorflow', 'keras', 'sklearn', 'pandas', 'scipy', 'numba', 'rich'}"
    for args in (["--help"], ["list"], ["show", "model=ncf"]):
        code = (
            f"import sys; sys.argv = ['recbench', *{args!r}]\nfrom recbench.cli.main import main\n"
            f"try: main()\nexcept SystemExit: pass\nprint('HEAVY', sorted({heavy} & set(sys.modules)))"
        )
        run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert run.stdout.splitlines()[-1] == "HEAVY []", args


def test_help_lists_everything_installed_and_plugins_too() -> None:
    sections = dict(re.findall(r"^  (\S+) +(\S.*(?:\n {10,}.*)*)", full_help(), re.MULTILINE))
    unavailable = {word.strip(",;") for word in sections.get("unavailable", "").split()}
    for role, entries in installed().entries.items():
        listed = sections["metrics=[...]" if role == "metric" else f"{role}=..."]
        assert set(entries) <= {word.strip(",") for word in listed.split()} | unavailable
    assert "slope_one" in sections["model=..."]
    assert "mf_classic" in sections["model=..."]


def test_help_has_a_line_for_each_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = [" ".join(line.split()) for line in full_help().splitlines()]
    for name in command.names():
        assert f"{name} {command.purpose(name)}" in lines


def test_help_has_one_line_per_option_of_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = [" ".join(line.split()) for line in full_help().splitlines()]
    meaning_of = meanings(RunConfig)
    assert list(meaning_of) == [each.name for each in fields(RunConfig) if each.name not in GROUPS]
    for name, meaning in meaning_of.items():
        assert [line for line in lines if line.startswith(name) and line.endswith(f" {meaning}")], name
    assert "seed=0 seed of models and validation sets, not of the split" in lines
    assert any(line.startswith("filters.k_core=0 ") for line in lines)
    assert any(line.startswith("search.sampler=tpe ") for line in lines)


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_help_is_as_wide_as_the_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    widths = [len(line) for line in full_help().splitlines()]
    assert columns * 0.8 < max(widths) <= columns


def test_meanings_of_run_options_are_written_only_once() -> None:
    text = (conf_dir() / "config.yaml").read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if " #" in line] == []


def test_help_may_be_anywhere_on_the_command_line(tmp_path: Path) -> None:
    run = recbench("-m", "--help", cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("recbench: which recommender predicts ratings best")
    assert recbench("model=bias", "--help", cwd=tmp_path).stdout == recbench("show", "model=bias", cwd=tmp_path).stdout


def test_list_names_each_thing_with_its_distribution(tmp_path: Path) -> None:
    lines = [line.split() for line in recbench("list", cwd=tmp_path).stdout.splitlines()]
    for entries in installed().entries.values():
        for entry in entries.values():
            assert [entry.name, entry.distribution] in [line[:2] for line in lines]


def test_a_broken_plugin_is_listed_with_its_reason_and_affects_nothing_else(tmp_path: Path) -> None:
    write_plugin(tmp_path / "site", "acme-broken", "import no_such_module")
    run = recbench("list", cwd=tmp_path, PYTHONPATH=str(tmp_path / "site"))
    assert "acme-broken (acme_broken): ModuleNotFoundError: No module named 'no_such_module'" in run.stdout
    assert recbench("model=bias", *SMALL, cwd=tmp_path, PYTHONPATH=str(tmp_path / "site")).returncode == 0


def test_show_prints_the_default_meaning_and_type_of_an_option(tmp_path: Path) -> None:
    shown = recbench("show", "model=bias", cwd=tmp_path).stdout
    assert "recbench.models.baselines.bias.Bias" in shown
    line = next(line for line in shown.splitlines() if "model.reg_user" in line)
    assert " ".join(line.split()) == "model.reg_user 5.0 damping of a user's bias, in ratings float"


def test_show_of_a_variant_prints_its_own_values(tmp_path: Path) -> None:
    shown = recbench("show", "model=ncf_classic", cwd=tmp_path).stdout
    assert "a variant of ncf" in shown
    assert next(line.split()[1] for line in shown.splitlines() if "model.batch_size" in line) == "64"


def test_show_prints_the_terms_of_the_embedded_data(tmp_path: Path) -> None:
    shown = recbench("show", "dataset=movielens", cwd=tmp_path).stdout
    assert "GroupLens" in shown
    assert "commercial" in shown


def test_two_modes_at_once_get_a_one_line_error(tmp_path: Path) -> None:
    run = recbench("-m", "--cfg", "job", "model=mf", cwd=tmp_path)
    assert (run.returncode, len(run.stderr.splitlines())) == (2, 1)
    assert "leave -m out" in run.stderr
