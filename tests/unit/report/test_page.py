"""The report page: complete, without network, movable; looked at in a real browser where there is one."""

from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from finished_chain import EVALUATION, KnownPredictor
from PIL import Image

from unsmear.comparison.steps import JobCost, StepCost
from unsmear.comparison.tables import write_table
from unsmear.report.config import ReportConfig
from unsmear.report.figures import draw_figures
from unsmear.report.gallery import draw_gallery
from unsmear.report.page.write import write_report

CONFIG = ReportConfig(select=("largest_gain", "median"), figure_dpi=60, video_height=64, title="A <page> & more")


class Links(HTMLParser):
    """Every src and href, every image, and the ids."""

    def __init__(self) -> None:
        super().__init__()
        self.paths: list[str] = []
        self.images: list[dict[str, str]] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.paths += [values[name] for name in ("src", "href", "poster") if values.get(name)]
        if tag == "img":
            self.images.append(values)
        if "id" in values:
            self.ids.append(values["id"])


@pytest.fixture(scope="module")
def page(chain, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("results") / "report"
    elsewhere = tmp_path_factory.mktemp("cameras") / "psfs.png"
    Image.fromarray(np.zeros((20, 40, 3), np.uint8)).save(elsewhere)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("unsmear.evaluation.predict.Predictor", KnownPredictor)
        tables = [folder / f"table.{suffix}" for suffix in ("csv", "md", "tex")]
        write_table(chain.systems, {"commit": "abc123"}, *tables, EVALUATION)
        draw_figures(chain.systems, folder / "figures", CONFIG, EVALUATION)
        draw_gallery(chain.systems, chain.cameras, chain.frames, chain.groups, "test", folder, CONFIG, EVALUATION)
        write_report(
            folder / "index.html",
            tables[0],
            folder / "gallery.json",
            [folder / f"figures/{name}.png" for name in ("psnr_per_frame", "direction", "scatter")],
            {"masked": [elsewhere]},
            "systems: [</pre><script>alert(1)</script>]",
            {"python": "3.11"},
            {"commit": "abc123", "data digest": "sha256:77"},
            config=CONFIG,
            steps=[StepCost("train_stage", (JobCost("train_stage", Path("a.tsv"), 90, 2500, 135, "Model <7>"),))],
        )
    elsewhere.unlink()
    moved = tmp_path_factory.mktemp("moved") / "report"
    shutil.move(folder, moved)
    return moved / "index.html"


def test_everything_it_names_lies_beside_it(page):
    links = Links()
    links.feed(page.read_text())
    for path in links.paths:
        if path.startswith("#"):
            assert path[1:] in links.ids
        elif not path.startswith("data:"):
            assert not path.startswith(("/", "http", "..")), path
            assert (page.parent / path).is_file(), path
    assert len(links.ids) == len(set(links.ids))
    assert "assets/masked_psfs.png" in links.paths
    assert all(image.get("alt") for image in links.images)


def test_it_carries_its_provenance_and_escapes_texts(page):
    text = page.read_text()
    assert "abc123" in text and "sha256:77" in text
    assert "A &lt;page&gt; &amp; more" in text
    assert "<script>alert" not in text
    assert "1 min 30 s" in text and "2500 MB" in text and "Model &lt;7&gt;" in text
    assert not re.search(r"https?://", text)


@pytest.mark.slow
def test_in_a_browser(page, open_page):
    open_page(page, 390)
    view = open_page(page, 1280)
    view.locator("#split").focus()
    view.keyboard.press("ArrowLeft")
    assert view.evaluate("document.getElementById('compare').style.getPropertyValue('--split')") == "49%"
    view.locator("#frame").focus()
    view.keyboard.press("End")
    assert "frame 7" in view.inner_text("#sharp-tag")
    assert view.get_attribute("#sharp", "src").endswith("masked_7.png")
    view.locator("#group").focus()
    view.keyboard.press("ArrowDown")
    assert "Median gain" in view.inner_text("#readout")
    view.locator("#play").focus()
    view.keyboard.press("Enter")
    assert view.inner_text("#play") == "Pause"


@pytest.mark.slow
def test_every_control_is_reached_by_tab_and_videos_play(page, open_page):
    view = open_page(page)
    reached = []
    for _ in range(60):
        view.keyboard.press("Tab")
        reached.append(view.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert {"split", "group", "system", "frame", "play", "SUMMARY", "VIDEO", "A"} <= set(reached)
    view.locator("video").first.scroll_into_view_if_needed()
    view.wait_for_function(
        "document.querySelector('video').currentTime > 0.2 && !document.querySelector('video').paused"
    )
