"""What `pip install` gives: recbench from a wheel, in an empty folder, with the checkout out of sight."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from recbench.results.records import read_records
from tests.support.command import SMALL

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT))
    (path,) = folder.glob("recbench-*.whl")
    return path


def test_the_wheel_holds_conf_data_and_licenses_and_is_small(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        sizes = {item.filename: item.compress_size for item in archive.infolist()}
    shipped = {str(path.relative_to(ROOT)) for path in (ROOT / "conf").rglob("*.yaml")}
    assert {f"recbench/{path}" for path in shipped} <= set(sizes)
    assert {f"recbench/report/page.{kind}" for kind in ("html", "css", "js")} <= set(sizes)
    assert any(name.endswith("licenses/LICENSE") for name in sizes)
    assert "recbench/datasets/data/LICENSE-GROUPLENS.txt" in sizes
    assert "hydra_plugins/recbench_sweepers.py" in sizes  # where Hydra looks for sweepers
    assert "hydra_plugins/recbench_variants.py" in sizes
    assert "recbench/templates/model/recbench_slope_one.py" in sizes  # what `recbench new` starts from
    assert "recbench/templates/parts/recbench_cafe/dataset.py" in sizes
    assert not any("make_small_2016" in name or name.startswith("tests") for name in sizes)
    assert sum(size for name, size in sizes.items() if name.startswith("recbench/datasets/data/")) <= 1_000_000


def test_the_wheel_runs_from_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    elsewhere.mkdir()
    _pip("install", "--no-deps", "--no-index", "--target", str(site), str(wheel))
    # -S leaves out the .pth file that points to the checkout; the dependencies' folder is added by hand
    code = (
        f"import sys; sys.path[:0] = [{str(site)!r}]; sys.path.append({sysconfig.get_path('purelib')!r})\n"
        "import recbench, recbench.cli.main; print(recbench.__file__)\n"
        "sys.argv[0] = 'recbench'; recbench.cli.main.main()"
    )
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    run = subprocess.run(
        [sys.executable, "-S", "-c", code, "-m", "model=bias,user_knn_classic", "dataset=movielens,synthetic"],
        cwd=elsewhere,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.splitlines()[0] == str(site / "recbench" / "__init__.py")
    assert {record.outcome.status for record in read_records(elsewhere)} == {"ok"}
    assert len(read_records(elsewhere)) == 6


@pytest.mark.slow
def test_a_full_install_in_a_new_environment_runs_every_family(tmp_path: Path) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    plugin = ROOT / "plugins" / "recbench-slope-one"
    subprocess.run([python, "-m", "pip", "install", "--quiet", str(ROOT), str(plugin)], check=True)
    command = [str(python.with_name("recbench")), "-m", "model=mf,item_knn,ncf,content,slope_one", *SMALL]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    assert "7 models, 7 ok" in run.stdout


def _pip(*args: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", "--quiet", *args], check=True, capture_output=True)
