"""Plugins' variants: found, shown and run; rejected by name where they set more than their own options."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command import SMALL, recbench, records_in

PACKAGE = """
from dataclasses import dataclass
import numpy as np
from recbench import RatingModel, hookimpl

@dataclass
class Guess(RatingModel):
    value: float = 3.0

    def fit(self, train, valid=None):
        return self

    def predict(self, user_idx, item_idx):
        return np.full(len(user_idx), self.value)

def make_guess(value: float = 2.0):
    \"\"\"A function that makes a model.\"\"\"
    return Guess(value)

@dataclass
class Needy(Guess):
    requires = ("no_such_library",)
    install = "pip install acme-guess[all]"

@hookimpl
def register_models():
    return {"guess": Guess, "made_guess": make_guess, "needy": Needy}
"""


def _install(site: Path, **files: str) -> dict[str, str]:
    """Install the plugin with these files in `conf/model`; return the environment that has it."""
    package = site / "acme_guess"
    (package / "conf" / "model").mkdir(parents=True)
    (package / "__init__.py").write_text(PACKAGE)
    info = site / "acme_guess-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-guess\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[recbench]\nacme_guess = acme_guess\n")
    for name, text in files.items():
        (package / "conf" / "model" / f"{name}.yaml").write_text(text)
    return {"PYTHONPATH": str(site)}


def test_a_plugins_variant_is_run_like_any_model(tmp_path: Path) -> None:
    where = _install(tmp_path / "site", low_guess="# Guesses low.\ndefaults: [guess, _self_]\nvalue: 1.5\n")
    run = recbench("-m", "model=low_guess,guess,bias", *SMALL, cwd=tmp_path, **where)
    assert run.returncode == 0, run.stderr
    options = {record.job.model: record.job.options for record in records_in(tmp_path)}
    assert options["low_guess"] == {"value": 1.5}
    assert options["guess"] == {"value": 3.0}


def test_a_plugins_variant_is_listed_and_shown(tmp_path: Path) -> None:
    where = _install(tmp_path / "site", low_guess="# Guesses low.\ndefaults: [guess, _self_]\nvalue: 1.5\n")
    listed = recbench("list", cwd=tmp_path, **where).stdout
    assert any(line.split() == ["low_guess", "acme-guess", "Guesses", "low."] for line in listed.splitlines())
    assert any(line.split()[:2] == ["ncf_classic", "recbench"] for line in listed.splitlines() if line.strip())
    shown = recbench("show", "model=low_guess", cwd=tmp_path, **where).stdout
    assert "a variant of guess of acme-guess 1.0" in shown
    assert "1.5" in shown


@pytest.mark.parametrize(
    ("name", "text", "cause"),
    [
        ("mf_classic", "defaults: [guess, _self_]\n", "model 'mf_classic' already exists, from recbench; rename"),
        ("bias", "defaults: [guess, _self_]\n", "model 'bias' already exists, from recbench; rename"),
        ("sly", "_target_: os.system\n", "and sets options, and nothing else"),
        ("sly", "# @package _global_\nseed: 3\n", "and sets options, and nothing else"),
        ("sly", "defaults: [override /hydra/launcher: joblib]\n", "and sets options, and nothing else"),
        ("sly", "defaults: [{/hydra/launcher: joblib}]\n", "and sets options, and nothing else"),
        ("sly", "value: [1\n", "is not valid YAML"),
        ("sly", "- guess\n", "is not valid YAML: expected a mapping of options, got ['guess']"),
        ("sly", "value: 1\n", "`defaults: []` does not lead to a registered model; start from one name"),
        ("sly", "defaults: [gues, _self_]\n", "`defaults: ['gues']` does not lead to a registered model"),
        ("sly", "defaults: [sly, _self_]\n", "`defaults: ['sly']` does not lead to a registered model"),
        ("sly", "defaults: [guess]\nvalu: 1\n", "no option 'valu'; did you mean 'value'? (options: value)"),
        ("sly", "defaults: [guess]\nvalue: high\n", "model 'guess' has value='high'; expected float"),
        ("sly", "defaults: [mf]\nsolver: magic\n", "model 'mf' has solver='magic'"),
        ("Sly", "value: 1\n", "a variant's file is conf/model|dataset|split/<name>.yaml"),
    ],
)
def test_an_invalid_variant_file_is_reported(name: str, text: str, cause: str, tmp_path: Path) -> None:
    where = _install(tmp_path / "site", **{name: text}, low_guess="defaults: [guess, _self_]\n")
    listed = recbench("list", cwd=tmp_path, **where).stdout
    (reported,) = listed.partition("\ndisabled\n")[2].splitlines()
    assert reported.startswith("  acme-guess (")
    assert f"conf/model/{name}.yaml" in reported
    assert cause in reported


def test_a_file_that_shadows_recbenchs_own_disables_only_its_folder(tmp_path: Path) -> None:
    taken = "defaults: [guess, _self_]\n"
    where = _install(tmp_path / "site", mf_classic=taken, low_guess=taken)
    assert recbench("model=mf_classic", "--cfg", "job", cwd=tmp_path, **where).stdout.count("kind: mf") == 1
    run = recbench("model=guess", *SMALL, cwd=tmp_path, **where)  # the plugin's models still work
    assert run.returncode == 0, run.stderr
    gone = recbench("model=low_guess", *SMALL, cwd=tmp_path, **where)
    assert gone.returncode == 2


def test_a_variant_may_start_from_another_and_refer_to_other_options(tmp_path: Path) -> None:
    low = "defaults: [guess, _self_]\nvalue: ${seed}\n"
    where = _install(tmp_path / "site", low_guess=low, lower_guess="defaults: [low_guess, _self_]\n")
    run = recbench("model=lower_guess", "seed=2", *SMALL, cwd=tmp_path, **where)
    assert run.returncode == 0, run.stderr
    (record,) = records_in(tmp_path)
    assert (record.job.kind, record.job.options) == ("guess", {"value": 2.0})


def test_variants_are_in_the_package_of_the_module_with_the_hooks(tmp_path: Path) -> None:
    where = _install(tmp_path / "site", low_guess="defaults: [guess, _self_]\nvalue: 1.5\n")
    package = tmp_path / "site" / "acme_guess"
    (package / "__init__.py").rename(package / "hooks.py")
    (package / "__init__.py").write_text("")
    (tmp_path / "site" / "acme_guess-1.0.dist-info" / "entry_points.txt").write_text("[recbench]\nx=acme_guess.hooks\n")
    assert "a variant of guess of acme-guess" in recbench("show", "model=low_guess", cwd=tmp_path, **where).stdout


def test_a_function_may_return_a_model(tmp_path: Path) -> None:
    where = _install(tmp_path / "site")
    run = recbench("model=made_guess", "model.value=4", *SMALL, cwd=tmp_path, **where)
    assert run.returncode == 0, run.stderr
    (record,) = records_in(tmp_path)
    assert (record.job.model, record.job.options) == ("made_guess", {"value": 4.0})


def test_a_model_that_lacks_its_library_is_listed_with_what_to_install(tmp_path: Path) -> None:
    where = _install(tmp_path / "site", needier="# More\n# needs. In\n# detail.\ndefaults: [needy, _self_]\n")
    listed = recbench("list", cwd=tmp_path, **where).stdout
    lacking = "(unavailable: needs no_such_library; pip install acme-guess[all])"
    assert lacking in listed
    assert f"needier acme-guess More needs. {lacking}" in " ".join(listed.split())
    assert lacking in recbench("show", "model=needy", cwd=tmp_path, **where).stdout
    run = recbench("model=needy", *SMALL, cwd=tmp_path, **where)
    assert run.returncode == 1
    assert "no_such_library is not installed; pip install acme-guess[all]" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_plugin_that_lacks_a_library_is_listed_with_what_to_install(tmp_path: Path) -> None:
    where = _install(tmp_path / "site")
    (tmp_path / "site" / "acme_guess" / "__init__.py").write_text("import no_such_library\n")
    listed = recbench("list", cwd=tmp_path, **where).stdout
    assert "No module named 'no_such_library'; try pip install no_such_library" in listed
