"""The report in a real browser: it renders, sorts, is legible on a phone, and runs only its own script."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recbench.report.page import page
from recbench.results.store import open_store
from tests.support.command import SMALL, recbench
from tests.support.reports import made

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
WIDTHS = (1280, 390)  # of a desktop and a phone, in pixels
SMALLEST_LETTER = 10  # pixels, in a chart
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--hide-scrollbars",
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs Chromium and its driver: chromium, chromium-driver"),
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    webdriver = pytest.importorskip("selenium.webdriver")
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in (*QUIET, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report of a search over two models."""
    folder = tmp_path_factory.mktemp("runs")
    run = recbench("-m", "search=auto", "budget.trials=9", "model=mf,item_knn", *SMALL, cwd=folder)
    assert run.returncode == 0, run.stderr
    run = recbench("report", "outputs", "--output", "report.html", cwd=folder)
    assert run.returncode == 0, run.stderr
    return folder / "report.html"


@pytest.fixture(params=WIDTHS)
def shown(request: pytest.FixtureRequest, browser: Any, report: Path) -> Any:
    """Return the browser with the report open at one width."""
    _open(browser, report, request.param)
    return browser


def test_the_page_is_rendered(shown: Any, tmp_path: Path) -> None:
    from matplotlib.image import imread

    height = shown.execute_script("return document.documentElement.scrollHeight")
    _resize(shown, shown.execute_script("return innerWidth"), height)
    path = tmp_path / "report.png"
    assert shown.save_screenshot(str(path))
    picture = np.asarray(imread(path))[..., :3]
    strips = np.array_split(picture, 8)
    assert min(float(strip.std()) for strip in strips) > 0.02


def test_the_page_fits_its_width(shown: Any) -> None:
    wide = (
        "return [...document.querySelectorAll('main *')].filter(each => each.getBoundingClientRect().right > innerWidth"
    )
    outside = f"{wide} && !each.closest('.scroll')).map(each => each.outerHTML.slice(0, 80))"
    assert shown.execute_script("return document.documentElement.scrollWidth - innerWidth") <= 0
    assert shown.execute_script(outside) == []


def test_the_text_of_the_charts_is_legible(shown: Any) -> None:
    scale = "(at => Math.hypot(at.a, at.b))(text.getScreenCTM())"
    size = f"text => parseFloat(getComputedStyle(text).fontSize) * {scale}"
    sizes = shown.execute_script(f"return [...document.querySelectorAll('svg text')].map({size})")
    assert len(sizes) > 100
    assert min(sizes) >= SMALLEST_LETTER


def test_the_console_is_empty_and_nothing_is_fetched(shown: Any) -> None:
    assert shown.get_log("browser") == []
    assert shown.execute_script("return performance.getEntriesByType('resource').length") == 0


def test_a_click_on_a_head_sorts_and_a_second_one_reverses(shown: Any) -> None:
    orders = []
    for _ in range(2):
        _head(shown, "MAE").click()
        orders.append([float(text) for text in _column(shown, "MAE")])
    assert len(orders[0]) == 4
    assert orders == [sorted(orders[0]), sorted(orders[0], reverse=True)]
    assert shown.execute_script("return document.querySelectorAll('[aria-sort]').length") == 1


def test_names_are_sorted_alphabetically(shown: Any) -> None:
    _head(shown, "model").click()
    names = [text.split()[0] for text in _column(shown, "model")]
    assert names == ["bias", "global_mean", "item_knn", "mf"]


def test_a_cell_without_a_value_stays_last(shown: Any) -> None:
    for _ in range(2):
        _head(shown, "valid RMSE").click()
        assert _column(shown, "valid RMSE")[-2:] == ["–", "–"]


def test_a_hostile_name_does_nothing(browser: Any, tmp_path: Path) -> None:
    names = "<script>document.title = 'run'</script>", "<img src=x onerror=\"document.title = 'run'\">"
    records = [made(name, 0.8 + number / 10, dataset=names[0]) for number, name in enumerate(names)]
    path = tmp_path / "report.html"
    path.write_text(page(records, open_store(tmp_path), Path("outputs")), encoding="utf-8")
    _open(browser, path, WIDTHS[0])
    assert browser.title == f"{names[0]} predicts best · recbench report"
    assert browser.get_log("browser") == []


def _open(browser: Any, path: Path, width: int) -> None:
    _resize(browser, width, 900)
    browser.get(path.as_uri())


def _resize(browser: Any, width: int, height: int) -> None:
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def _heads(browser: Any) -> list[Any]:
    found: list[Any] = browser.find_elements("css selector", "table.sortable:first-of-type thead button")
    return found


def _head(browser: Any, name: str) -> Any:
    return next(head for head in _heads(browser) if head.text == name)


def _column(browser: Any, name: str) -> list[str]:
    number = [head.text for head in _heads(browser)].index(name)
    cells = "return [...document.querySelector('table.sortable').tBodies[0].rows].map(row => row.cells[arguments[0]]"
    texts: list[str] = browser.execute_script(f"{cells}.innerText)", number)
    return texts
