"""Other numbers of frames and other tables of stages, from configuration alone."""

from __future__ import annotations

import csv
import json

import pytest

NETWORK = {"kind": "joint", "width": 8, "patch": 4, "encoder_blocks": [1], "decoder_blocks": [1], "middle_blocks": 1}
SYSTEMS = [{"name": camera, "camera": camera, "cascade": "table"} for camera in ("standard", "masked")]


def outwards(num_frames):
    """Middle first, then a pair at a time, each from its neighbours."""
    middle = (num_frames + 1) // 2
    stages = [{"name": "center", "predicts": [middle], "network": NETWORK}]
    for away in range(1, middle):
        given = sorted({middle - away + 1, middle, middle + away - 1})
        pair = [middle - away, middle + away]
        stages.append({"name": f"pair{away}", "predicts": pair, "conditions_on": given, "network": NETWORK})
    return stages


def configure(project, num_frames, stages):
    project.configure(
        data={"frames_per_group": num_frames},
        scenes={
            "train_sequences": 2,
            "test_sequences": 2,
            "train_frames": num_frames,
            "val_frames": num_frames,
            "test_frames": num_frames,
        },
        cascades=[{"name": "table", "stages": stages}],
        systems=SYSTEMS,
        training={"defaults": {"steps": 2, "batch_size": 2, "crop": 32}, "validate_every": 2},
        sweep=[],
        tracking={"enabled": False},
    )


def test_nine_frames_are_planned(fresh):
    configure(fresh, 9, outwards(9))
    jobs = fresh.plan()
    assert jobs["train_stage"] == 2 * 5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("num_frames", "stages"),
    [
        (5, outwards(5)),
        (7, [{"name": "single", "predicts": [1, 2, 3, 4, 5, 6, 7], "network": NETWORK}]),
    ],
)
def test_frames_and_stages_follow_the_configuration(fresh, num_frames, stages):
    configure(fresh, num_frames, stages)
    jobs = fresh.plan()
    assert jobs["train_stage"] == 2 * len(stages)
    fresh.run("results/report/table.md", "results/evaluation/masked/cost.json", "results/report/gallery.json")
    results = fresh.folder / "results"
    with (results / "evaluation/masked/per_frame.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [int(row["frame"]) for row in rows] == 2 * list(range(1, num_frames + 1))
    assert json.loads((results / "evaluation/masked/cost.json").read_text())["num_frames"] == num_frames

    from unsmear.cascade.header import read_header

    orders = {
        camera: [
            read_header(results / f"models/{camera}/{stage['name']}/final/weights.safetensors")["provenance"]["order"]
            for stage in stages
        ]
        for camera in ("standard", "masked")
    }
    assert orders["masked"] == ["true"] * len(stages)
    alone = {1: ["free_per_sample"]}
    assert orders["standard"] == alone.get(len(stages), ["true", "free_per_sample", *["follow"] * (len(stages) - 2)])
