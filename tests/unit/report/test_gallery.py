"""Selection of frame groups, and all that is written for them."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from finished_chain import EVALUATION, KnownPredictor
from PIL import Image

from unsmear.report.config import Region, ReportConfig
from unsmear.report.gallery import draw_gallery
from unsmear.report.labels import with_labels
from unsmear.report.selection import place_square, select_groups


def per_group(path, column):
    table = pd.read_csv(path, dtype={"sequence": str})
    return table.groupby(["sequence", "group"])[column].mean()


def test_rules_choose_the_extremes(chain):
    config = ReportConfig(select=("largest_gain", "largest_loss", "most_motion"))
    shown = select_groups(with_labels(chain.systems, config), config)
    gain = per_group(chain.systems[3]["per_frame"], "psnr_best") - per_group(chain.systems[1]["per_frame"], "psnr_best")
    chosen = [(s.region.sequence, s.region.group) for s in shown]
    assert chosen[0] == gain.idxmax()
    assert chosen[1] == gain.idxmin()
    assert len(set(chosen)) == 3
    motion = {}
    for sequence in chain.sequences:
        frames = np.load(chain.frames / f"{sequence}.npy").astype(float)
        for group in (1, 2):
            motion[sequence, group] = np.mean(np.diff(frames[7 * group - 7 : 7 * group], axis=0) ** 2)
    fastest = sorted(motion, key=motion.get, reverse=True)
    assert chosen[2] == next(group for group in fastest if group not in chosen[:2])


def test_more_rules_than_groups_show_a_group_twice(chain):
    config = ReportConfig(select=("largest_gain", "median", "most_motion", "largest_loss"))
    few = []
    for system in chain.systems:
        table = pd.read_csv(system["per_frame"], dtype={"sequence": str})
        path = system["per_frame"].with_name("one_group.csv")
        table[(table["sequence"] == "000") & (table["group"] == 1)].to_csv(path, index=False)
        few.append({**system, "per_frame": path})
    shown = select_groups(with_labels(few, config), config)
    assert {(s.region.sequence, s.region.group) for s in shown} == {("000", 1)}
    assert [s.name for s in shown] == config.gallery_names


def test_square_covers_the_motion():
    truth = np.zeros((7, 40, 60, 3), np.uint8)
    truth[-1, 25:35, 44:56] = 200
    top, left, size = place_square(truth, Region(sequence="000"))
    assert size == 13
    assert top <= 25 and top + size >= 35 and left <= 44 and left + size >= 56
    assert place_square(truth, Region(sequence="000", top=39, left=2, size=20)) == (20, 2, 20)


def test_gallery_is_complete(chain, tmp_path, monkeypatch):
    monkeypatch.setattr("unsmear.evaluation.predict.Predictor", KnownPredictor)
    config = ReportConfig(
        select=("largest_gain",),
        regions=(Region(sequence="003", group=2),),
        figure_dpi=60,
        video_height=64,
        video_loops=1,
    )
    draw_gallery(chain.systems, chain.cameras, chain.frames, chain.groups, "test", tmp_path, config, EVALUATION)
    for name in config.gallery_names:
        for path in (f"figures/{name}_middle.png", f"figures/{name}_frames.png"):
            assert Image.open(tmp_path / path).width > 200
        for path in (f"{name}.mp4", f"{name}.gif", f"{name}_standard.mp4", f"{name}_masked.mp4"):
            assert (tmp_path / "videos" / path).stat().st_size > 1000
    entry = json.loads((tmp_path / "gallery.json").read_text())["groups"][1]
    assert entry["caption"] == "Chosen by hand: sequence 003, group 2"
    truth = np.load(chain.frames / "003.npy")[7:14]
    for path, frame in zip(entry["truth"], truth, strict=True):
        np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / path)), frame)
    table = pd.read_csv(chain.systems[3]["per_frame"], dtype={"sequence": str})
    rows = table[(table["sequence"] == "003") & (table["group"] == 2)]
    np.testing.assert_allclose(entry["sources"][1]["psnr"], rows["psnr"], atol=0.006)


def test_unknown_region_is_refused(chain, tmp_path, monkeypatch):
    monkeypatch.setattr("unsmear.evaluation.predict.Predictor", KnownPredictor)
    config = ReportConfig(select=(), regions=(Region(sequence="003", group=9),))
    with pytest.raises(ValueError, match="sequence 003, group 9"):
        draw_gallery(chain.systems, chain.cameras, chain.frames, chain.groups, "test", tmp_path, config, EVALUATION)
