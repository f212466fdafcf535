"""Fixtures that every test may use."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
# Where SLURM is installed but not started, Snakemake waits nine seconds for its answer at every start.
NO_CLUSTER = str(Path(__file__).parent / "no_cluster")
if NO_CLUSTER not in os.environ["PATH"].split(os.pathsep):
    os.environ["PATH"] = f"{NO_CLUSTER}{os.pathsep}{os.environ['PATH']}"


# What takes longest, and what waits most of its time, begins first: other processes do the rest meanwhile.
FIRST = ("slurm", "data_sources", "changes", "bucket", "tracking", "rerun", "code_of_rules")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests first, then other runs of the workflow, then what takes seconds."""
    place = {f"test_{name}.py": number for number, name in enumerate(FIRST)}
    items.sort(key=lambda item: (place.get(item.path.name, len(FIRST)), item.path.parent.name != "workflow"))


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root of the source tree."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder with reference arrays and real frames; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("UNSMEAR_SHARED", REPOSITORY.parent / "shared"))
    if not (folder / "golden").is_dir():
        pytest.skip(f"reference data not found at {folder}; set UNSMEAR_SHARED")
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium; tests that need it skip where there is none."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no chromium to look at pages with")
    sync_api = pytest.importorskip("playwright.sync_api")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=flags)
        yield launched
        launched.close()


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Any]]:
    """Function that opens a page file at a width, and fails where the page says that something went wrong.

    Nothing may be asked of a network, no script may fail, every picture and video must load, every picture
    have a text, and nothing reach beyond the window.
    """
    opened = []

    def open_file(path: Path, width: int = 1280) -> Any:
        view = browser.new_page(viewport={"width": width, "height": 900})
        opened.append(view)
        problems: list[str] = []
        view.on("console", lambda message: problems.append(message.text))
        view.on("pageerror", lambda error: problems.append(str(error)))
        view.on("request", lambda request: request.url.startswith("http") and problems.append(request.url))
        view.goto(path.as_uri())
        view.evaluate("for (const image of document.images) image.loading = 'eager'")
        view.wait_for_function("[...document.images].every(i => i.complete && i.naturalWidth)")
        view.wait_for_function("[...document.querySelectorAll('video')].every(v => v.readyState && !v.error)")
        assert problems == []
        assert view.evaluate("[...document.images].every(i => i.alt)")
        assert view.evaluate("document.documentElement.scrollWidth") == width
        outside = """[...document.querySelectorAll('main *, header *')].filter(e => {
          const r = e.getBoundingClientRect();
          return r.width > 1 && (r.right > innerWidth + 1 || r.left < -1); }).map(e => e.outerHTML.slice(0, 80))"""
        assert view.evaluate(outside) == []
        return view

    yield open_file
    for view in opened:
        view.close()
