"""The documentation is complete and current; `make docs` rewrites what is generated in it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from recbench import hookspecs
from recbench.config import schema as config
from recbench.config.variants import conf_dir
from recbench.registry.registry import ROLES, installed
from tests.docs.reference import reference_pages
from tests.support.pages import PAGES, ROOT, blocks, name

REFERENCE = reference_pages()
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXPERIMENTS = sorted(path.stem for path in (ROOT / "conf" / "experiment").glob("*.yaml"))
VARIANTS = sorted(path.stem for path in (ROOT / "conf" / "model").glob("*.yaml"))


def test_readme_shows_the_main_command() -> None:
    assert "recbench -m experiment=compare" in [each.command() for each in blocks(ROOT / "README.md")]


def test_readmes_first_ten_lines_say_that_a_sweep_resumes() -> None:
    assert "resume" in " ".join(README.splitlines()[:10])


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_page_is_linked_from_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / link).resolve() for link in re.findall(r"\]\(([^)#]+)\)", index.read_text("utf-8"))}
    assert {page for page in PAGES if page not in (index, ROOT / "README.md")} <= linked


def test_the_architecture_page_shows_the_layers_that_are_checked() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    checked = next(each["layers"] for each in contracts if each["type"] == "layers")
    page = ROOT / "docs" / "explanation" / "architecture.md"
    shown = next(each.text for each in blocks(page) if each.text.startswith("__main__"))
    assert shown.splitlines() == [row for row in checked if row != "abilities"]


@pytest.mark.parametrize("page", sorted(REFERENCE), ids=str)
def test_a_reference_page_is_what_the_code_says(page: str) -> None:
    assert (ROOT / "docs" / "reference" / page).read_text(encoding="utf-8") == REFERENCE[page]


@pytest.mark.parametrize("hook", [f"register_{role}s" for role in ROLES])
def test_readme_documents_every_hook(hook: str) -> None:
    assert hasattr(hookspecs, hook)
    assert f"| `{hook}` |" in (ROOT / "docs" / "reference" / "plugin-api.md").read_text(encoding="utf-8")


def test_readmes_plugin_is_the_one_in_plugins() -> None:
    folder = ROOT / "plugins" / "recbench-slope-one"
    files = [folder / "pyproject.toml", folder / "recbench_slope_one.py"]
    sources = "".join(path.read_text(encoding="utf-8") for path in files)
    quoted = [each.text for each in blocks(ROOT / "README.md") if each.language in ("toml", "python")]
    assert len(quoted) == 2
    assert all(text.strip() in sources for text in quoted)


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
        node = config.contents(compose("config", overrides=[f"model={variant}"])).model
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
