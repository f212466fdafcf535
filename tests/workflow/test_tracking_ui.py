"""The clicks of docs/tracking.md in a real browser, over the store that a workflow has filled.

With UNSMEAR_PICTURES=docs/images they take the pictures of that page, of UNSMEAR_PICTURES_OF or of the tiny project.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address(finished_once):
    """Address of the page that `unsmear mlflow` opens over the project's store."""
    folder = Path(os.environ.get("UNSMEAR_PICTURES_OF", finished_once.folder / "results"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "unsmear.cli", "mlflow", str(folder), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    for _ in range(600):
        assert process.poll() is None
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2).read()
            break
        except OSError:
            time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    os.killpg(process.pid, signal.SIGTERM)
    process.wait()


@pytest.fixture
def page(address, browser):
    """The list of runs of the experiment, as a person with a new browser gets there."""
    context = browser.new_context(viewport={"width": 1200, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(180_000)
    page.goto(address)
    page.get_by_text("Model training", exact=True).first.click()
    page.get_by_role("link", name="Experiments").first.click()
    page.locator("table a, [role=table] a").first.click()
    page.get_by_text("matching runs").wait_for()
    yield page
    context.close()


def tick(page, name):
    """Tick a run in the list, whose names and boxes lie in two halves of one table."""
    from playwright.sync_api import TimeoutError as TooLate

    for wait in (5_000, 10_000, 20_000, 40_000):
        row = page.locator(f".ag-row:has-text('{name}')").first.get_attribute("row-index")
        try:
            # While the list still fills, a run may have moved to another row by now.
            page.locator(f".ag-row[row-index='{row}'] input[type=checkbox]").first.check(timeout=wait)
        except TooLate:
            continue
        return
    pytest.fail(f"the list has no box beside {name}")


def compare(page, *names):
    for name in names:
        tick(page, name)
    page.get_by_role("button", name="Compare", exact=True).click()
    page.get_by_text(f"Comparing {len(names)} Runs").wait_for()


def picture(page, name, height):
    folder = os.environ.get("UNSMEAR_PICTURES")
    if folder:
        page.get_by_role("button", name="Close").last.click()
        page.set_viewport_size({"width": 1200, "height": height})
        page.wait_for_timeout(3000)
        page.screenshot(path=f"{folder}/{name}.png")


def test_comparing_cameras_shows_what_differs(page):
    page.locator("input[placeholder^='metrics.']").fill("attributes.run_name LIKE '%/center/final'")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="masked/evaluation", exact=True).wait_for(state="detached")
    compare(page, "standard/center/final", "masked/center/final")
    page.get_by_text("Visualizations").click()
    page.get_by_text("hparams.optimizer").wait_for()
    page.get_by_role("switch").first.check()
    page.get_by_text("hparams.optimizer").wait_for(state="detached")
    text = page.locator("body").inner_text()
    for name in ("camera\tstandard\tmasked", "optics.kind\tstandard\tmasked", "optics.psi_range", "optics.ring_radii"):
        assert name in text, name
    assert "val.psnr" in text and "weights.safetensors" in text
    picture(page, "tracking-compare-cameras", height=1600)


def test_comparing_trials_draws_their_parameters(page):
    page.locator(".ag-row:has-text('/sweep') svg").first.click()
    page.get_by_role("link", name="trials/r1-t1").wait_for()
    names = {link.inner_text() for link in page.get_by_role("link", name="/trials/").all()}
    assert {"standard/center/trials/r1-t1", "standard/center/trials/r1-t2"} <= names
    compare(page, *sorted(names))
    choice = page.get_by_text("Metrics:", exact=True).locator("xpath=following::input[1]")
    choice.click()
    choice.type("val.psnr")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    plot = page.locator(".js-plotly-plot")
    plot.get_by_text("hparams.learning_rate").wait_for()
    plot.get_by_text("val.psnr").wait_for()
    picture(page, "tracking-sweep-trials", height=700)
