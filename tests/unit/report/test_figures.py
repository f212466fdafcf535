"""Figures: they are drawn, with the right numbers, and again with the same bytes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unsmear.comparison.results import SystemResults
from unsmear.report import style
from unsmear.report.config import ReportConfig
from unsmear.report.curves import draw_robustness, draw_training_curves
from unsmear.report.figures import draw_figures
from unsmear.report.labels import with_labels
from unsmear.report.style import line_styles

SMALL = ReportConfig(figure_dpi=60)


@pytest.fixture
def drawn(monkeypatch):
    """The matplotlib figures, by file name, as they are when written."""
    figures = {}
    original = style.figure_file

    def remember(output, size, dpi):
        context = original(output, size, dpi)
        figure = context.__enter__()
        figures[Path(output).name] = figure

        class Remembered:
            def __enter__(self):
                return figure

            def __exit__(self, *error):
                return context.__exit__(*error)

        return Remembered()

    for module in ("figures", "curves", "panels"):
        monkeypatch.setattr(f"unsmear.report.{module}.figure_file", remember)
    return figures


def test_psnr_per_frame_shows_the_means_of_the_tables(chain, tmp_path, drawn):
    import pandas as pd

    draw_figures(chain.systems, tmp_path, SMALL)
    lines = drawn["psnr_per_frame.png"].axes[0].get_lines()
    assert [line.get_label() for line in lines] == [
        "Input (Standard)",
        "Input (Masked)",
        "Re-trained (Standard)",
        "Re-trained (Masked)",
    ]
    for line, system in zip(lines, chain.systems, strict=True):
        table = pd.read_csv(system["per_frame"])
        expected = [table[table["frame"] == frame]["psnr_best"].mean() for frame in range(1, 8)]
        np.testing.assert_allclose(line.get_ydata(), expected)
    gains = drawn["psnr_per_frame.png"].axes[1].get_lines()[1:]
    shown, plain = (pd.read_csv(chain.systems[k]["per_frame"]).groupby("frame")["psnr_best"].mean() for k in (3, 1))
    np.testing.assert_allclose(gains[1].get_ydata(), shown - plain)
    texts = " ".join(text.get_text() for text in drawn["scatter.png"].axes[0].texts)
    assert "best" in texts and "worst" in texts
    widths = [bar.get_width() for bar in drawn["direction.png"].axes[0].patches]
    assert widths[1] == 1.0 and 0 < widths[0] < 1


def test_figures_show_means_over_seeds_and_each_seeds_direction(chain, tmp_path, drawn):
    import pandas as pd

    standard, masked = chain.systems[2], chain.systems[3]
    repeated = {**masked, "per_frame": [masked["per_frame"], standard["per_frame"]]}
    draw_figures([*chain.systems[:3], repeated], tmp_path, SMALL)
    means = [pd.read_csv(each["per_frame"]).groupby("frame")["psnr_best"].mean() for each in (masked, standard)]
    line = drawn["psnr_per_frame.png"].axes[0].get_lines()[3]
    np.testing.assert_allclose(line.get_ydata(), (means[0] + means[1]) / 2)
    axes = drawn["direction.png"].axes[0]
    shares = [bar.get_width() for bar in axes.patches]
    assert shares[1] == pytest.approx((1 + shares[0]) / 2)
    (dots,) = axes.collections
    np.testing.assert_allclose(sorted(dots.get_offsets()[:, 0]), [shares[0], 1])


def test_equal_bytes_on_a_second_drawing(chain, tmp_path):
    for folder in ("first", "second"):
        draw_figures(chain.systems, tmp_path / folder, SMALL)
    for name in ("psnr_per_frame.png", "direction.png", "scatter.png"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()
        assert Image.open(tmp_path / "first" / name).width > 200


def test_one_system_alone_is_drawn(chain, tmp_path):
    draw_figures([chain.systems[1], chain.systems[3]], tmp_path, SMALL)
    assert (tmp_path / "scatter.png").stat().st_size > 0


def test_training_curves_have_a_row_for_each_stage(chain, tmp_path, drawn):
    draw_training_curves(chain.systems, tmp_path / "training_curves.png", SMALL)
    axes = drawn["training_curves.png"].axes
    assert [a.get_title(loc="left") for a in axes[::2]] == ["stage center", "stage f35"]
    assert len(axes[0].get_lines()) == 4


def test_robustness_curve(chain, tmp_path, drawn):
    measures = [f"{name}{end}" for name in ("psnr_frames_change", "direction") for end in ("", "_low", "_high")]
    lines = [",".join(["kind", "change", *measures])]
    lines += ["none,0,30,29,31,0.9,0.8,1", "psi,-0.1,28,27,29,0.7,0.6,0.8", "noise,0.01,25,24,26,0.6,0.5,0.7"]
    (tmp_path / "robustness.csv").write_text("\n".join(lines) + "\n")
    draw_robustness(chain.systems, {"masked": tmp_path / "robustness.csv"}, tmp_path / "robustness.png", SMALL)
    psnr_psi, psnr_noise, direction_psi, direction_noise = drawn["robustness.png"].axes
    np.testing.assert_allclose(psnr_psi.get_lines()[0].get_xdata(), [-10, 0])
    np.testing.assert_allclose(psnr_psi.get_lines()[0].get_ydata(), [28, 30])
    np.testing.assert_allclose(psnr_noise.get_lines()[0].get_xdata(), [0, 1])
    np.testing.assert_allclose(direction_noise.get_lines()[0].get_ydata(), [0.9, 0.6])
    band = direction_psi.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == pytest.approx((0.6, 1))


def test_labels_and_styles():
    systems = [
        {"system": f"input_{c}", "camera": c, "kind": "input", "per_frame": "x.csv"} for c in ("standard", "masked")
    ]
    systems += [{"system": c, "camera": c, "kind": "trained", "per_frame": "x.csv"} for c in ("standard", "masked")]
    results = with_labels(systems, ReportConfig(labels={"masked": "Ours"}))
    assert results[-1].text == "Ours"
    assert replace(results[-1], label="").text == "Re-trained (Masked)"
    assert SystemResults.from_record(systems[0]).text == "Input (Standard)"
    styles = line_styles(results)
    assert styles["input_masked"]["color"] == styles["masked"]["color"] != styles["standard"]["color"]
