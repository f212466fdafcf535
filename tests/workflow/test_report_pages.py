"""What a run shows people: its own page and Snakemake's report, in a real browser without a network."""

from __future__ import annotations

import zipfile

import pytest


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 390])
def test_page_of_a_run(finished_once, open_page, width):
    view = open_page(finished_once.folder / "results/report/index.html", width)
    pictures = view.evaluate("[...document.images].map(i => i.getAttribute('src'))")
    assert {"figures/robustness.png", "figures/training_curves.png"} <= set(pictures)
    text = view.inner_text("main")
    assert "Re-trained (Masked)" in text and "masked, bfloat16" in text and "data_digest" in text
    view.locator("summary", has_text="Configuration").click()
    assert "test_sequences: 6" in view.inner_text("pre")


@pytest.mark.slow
def test_snakemakes_report_gathers_pictures_videos_and_table(finished, browser, open_page, tmp_path):
    finished.run("--report", "report.zip")
    with zipfile.ZipFile(finished.folder / "report.zip") as archive:
        archive.extractall(tmp_path)
    (entry,) = tmp_path.glob("*/report.html")
    asked: list[str] = []
    view = browser.new_page(viewport={"width": 1280, "height": 900})
    view.on("request", lambda request: request.url.startswith("http") and asked.append(request.url))
    view.goto(entry.as_uri())
    for category, entries in {
        "Figures": ["psnr per frame", "direction", "scatter", "robustness", "training curves"],
        "Pictures": ["largest gain", "median"],
        "Videos": ["all systems", "standard", "masked"],
        "Results": ["table"],
        "Cameras": ["standard", "masked"],
    }.items():
        view.reload()
        view.get_by_text(category, exact=True).last.click()
        for name in entries:
            view.get_by_text(name, exact=True).first.wait_for()
    assert asked == []
    view.close()
    gathered = {path.name for path in entry.parent.glob("data/raw/*/*")}
    assert {"median.mp4", "median.gif", "median_masked.mp4", "median_middle.png", "table.html"} <= gathered
    (table,) = entry.parent.glob("data/raw/*/table.html")
    assert "Re-trained (Masked)" in open_page(table, 1280).inner_text("main")
    open_page(table, 390)
    captions = entry.read_text()
    assert "best and the worst are named" in captions and "forward in time, over and over" in captions
