"""A system whose training is repeated with other seeds, from configuration to table."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import yaml


def middle_psnr(path: Path) -> float:
    with path.open() as stream:
        return float(np.mean([float(row["psnr"]) for row in csv.DictReader(stream) if row["frame"] == "4"]))


@pytest.mark.slow
def test_repeats_are_trained_with_the_chosen_hparams_and_make_one_row(finished):
    config = yaml.safe_load((finished.folder / "config.yaml").read_text())
    finished.configure(systems=[{**config["systems"][0], "seeds": 2}, config["systems"][1]])
    results = finished.folder / "results"
    kept = results / "models/standard/center/final/weights.safetensors"
    before = kept.read_bytes()
    finished.run("results/report/table.md", "results/report/figures/direction.png")
    assert kept.read_bytes() == before
    base, repeat = (
        yaml.safe_load((results / f"models/{name}/center/final/hparams.yaml").read_text())
        for name in ("standard", "standard_seed2")
    )
    assert repeat["hparams"] == base["hparams"] and repeat["inherited"]["values"] == base["selected"]["values"]
    assert (results / "models/standard_seed2/center/final/weights.safetensors").read_bytes() != before
    with (results / "report/table.csv").open() as stream:
        rows = {row["row"]: row for row in csv.DictReader(stream)}
    trained = {"standard", "masked"}
    baselines = {f"{name}/{kind}" for name in trained for kind in ("repeated", "shift")}
    baselines |= {f"input_{name}/{kind}" for name in trained for kind in ("wiener", "shift")}
    assert set(rows) == {"input_standard", "input_masked", *trained, "masked - standard", *baselines}
    of_seeds = [middle_psnr(results / f"evaluation/{name}/per_frame.csv") for name in ("standard", "standard_seed2")]
    row = rows["standard"]
    assert row["num_seeds"] == "2" and rows["masked"]["num_seeds"] == "1"
    assert float(row["psnr_middle"]) == pytest.approx(np.mean(of_seeds), abs=1e-5)
    assert float(row["psnr_middle_seed_std"]) == pytest.approx(np.std(of_seeds, ddof=1), abs=1e-5)
    runs = {
        json.loads((results / f"models/{name}/{stage}/final/outcome.json").read_text())["key"]
        for name in ("standard", "standard_seed2")
        for stage in ("center", "f35", "f26", "f17")
    }
    assert set(row["runs"].split()) == runs and len(runs) == 8
    assert "Re-trained (Standard), n = 2" in (results / "report/table.md").read_text()
