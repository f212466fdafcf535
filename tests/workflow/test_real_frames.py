"""The same rules on real footage in REDS' layout."""

from __future__ import annotations

import csv

import pytest

from conftest import ONE_STAGE


@pytest.mark.parametrize(
    ("folder", "target"),
    [("crop256", "all"), pytest.param("half360", "results/report/table.md", marks=pytest.mark.slow)],
    ids=["crops", "whole frames"],
)
def test_chain_runs_on_real_frames_to_the_end(fresh, shared, folder, target):
    training = {"defaults": {"steps": 2, "batch_size": 2, "crop": 64}}
    fresh.configure(cascades=ONE_STAGE, sweep=[], training=training)
    overlay = fresh.folder / "config" / "archives.yaml"
    data = f"data={{max_frames: 7, archives: {{folder: {shared / 'data' / folder}}}}}"
    fresh.run(target, "--configfile", str(overlay), "--config", data)
    with (fresh.folder / "results/report/table.csv").open() as stream:
        rows = {row["row"]: row for row in csv.DictReader(stream)}
    assert {"input_standard", "input_masked", "standard", "masked"} <= set(rows)
    for row in rows.values():
        assert float(row["psnr_middle"]) > 5 or row["kind"] == "difference"
        assert not any(value for name, value in row.items() if name.endswith(("_low", "_high")))
