"""Help, `list` and `show`, as a person types them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

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


def test_help_offers_every_model_the_plugins_too(tmp_path: Path) -> None:
    run = recbench("--help", cwd=tmp_path)
    offered = next(line for line in run.stdout.splitlines() if line.startswith("model:"))
    assert set(installed().entries["model"]) <= set(offered.removeprefix("model:").replace(",", " ").split())
    assert "slope_one" in offered


def test_list_names_each_thing_with_its_distribution(tmp_path: Path) -> None:
    lines = [line.split() for line in recbench("list", cwd=tmp_path).stdout.splitlines()]
    for entries in installed().entries.values():
        for entry in entries.values():
            assert [entry.name, entry.distribution] in [line[:2] for line in lines]


def test_a_broken_plugin_is_listed_with_its_reason_and_harms_nobody(tmp_path: Path) -> None:
    write_plugin(tmp_path / "site", "acme-broken", "import no_such_module")
    run = recbench("list", cwd=tmp_path, PYTHONPATH=str(tmp_path / "site"))
    assert "acme-broken (acme_broken): ModuleNotFoundError: No module named 'no_such_module'" in run.stdout
    assert recbench("model=bias", *SMALL, cwd=tmp_path, PYTHONPATH=str(tmp_path / "site")).returncode == 0


def test_show_tells_an_options_type_default_and_meaning(tmp_path: Path) -> None:
    shown = recbench("show", "model=bias", cwd=tmp_path).stdout
    assert "recbench.models.baselines.bias.Bias" in shown
    line = next(line for line in shown.splitlines() if "model.reg_user" in line)
    assert " ".join(line.split()) == "model.reg_user 5.0 damping of a user's bias, in ratings float"


def test_show_of_a_variant_tells_its_own_values(tmp_path: Path) -> None:
    shown = recbench("show", "model=ncf_classic", cwd=tmp_path).stdout
    assert "a variant of ncf" in shown
    assert next(line.split()[1] for line in shown.splitlines() if "model.batch_size" in line) == "64"


def test_show_prints_the_terms_of_the_embedded_data(tmp_path: Path) -> None:
    shown = recbench("show", "dataset=movielens", cwd=tmp_path).stdout
    assert "GroupLens" in shown
    assert "commercial" in shown


def test_two_modes_at_once_are_told_in_a_line(tmp_path: Path) -> None:
    run = recbench("-m", "--cfg", "job", "model=mf", cwd=tmp_path)
    assert (run.returncode, len(run.stderr.splitlines())) == (2, 1)
    assert "leave -m out" in run.stderr
