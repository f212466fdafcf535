"""The released networks as a system of the table, and trainings that start from weights."""

from __future__ import annotations

import csv
import hashlib
import json
import math
import shutil
import sqlite3
from pathlib import Path

import pytest
import yaml

from unsmear.evaluation.cost import measure_cost

FILES = {"center": "center.pth", "f35": "f35.pth", "f26": "f26.pth", "f17": "f17.pth"}
FULL_CENTER = {"name": "center", "predicts": [4], "network": {"kind": "published_center"}, "init": "pretrained"}


def write_release(folder: Path, keys: dict[str, dict[str, list[int]]]) -> dict[str, dict[str, object]]:
    """Files like the released ones: legacy serialization, running statistics, an optimizer's entries."""
    import torch

    folder.mkdir()
    files: dict[str, dict[str, object]] = {}
    torch.manual_seed(0)
    for stage, name in FILES.items():
        network = {}
        for key, shape in keys[stage].items():
            fan_in = shape[1] * shape[2] * shape[3] if len(shape) == 4 else 1
            network[key] = 0.5 * torch.randn(shape) / fan_in**0.5 if len(shape) == 4 else torch.ones(shape)
            if len(shape) == 1 and key.endswith("bias"):
                network[key] = torch.zeros(shape)
                network[key.replace("bias", "running_mean")] = torch.randn(shape)
                network[key.replace("bias", "running_var")] = torch.rand(shape)
        optimizer = {"state": {0: {"exp_avg": torch.zeros(3)}}, "param_groups": [{"lr": 1e-4}]}
        content = {"state_dict_G": network, "optimizer": optimizer, "epoch": 7}
        torch.save(content, folder / name, _use_new_zipfile_serialization=False)
        found = (folder / name).read_bytes()
        files[stage] = {"name": name, "size_bytes": len(found), "sha256": hashlib.sha256(found).hexdigest()}
    return files


@pytest.mark.slow
def test_released_networks_are_a_row_of_the_table_and_a_start_of_training(finished, shared):
    keys = json.loads((shared / "golden" / "jin2018_state_dict.json").read_text())
    files = write_release(finished.folder / "released", keys)
    config = yaml.safe_load((finished.folder / "config.yaml").read_text())
    compact = config["cascades"][0]
    tuned = {"name": "tuned", "stages": [FULL_CENTER, *compact["stages"][1:]]}
    finished.configure(
        pretrained={"source": "released", "files": files}, evaluation={**config["evaluation"], "upper_bound": False}
    )
    finished.run("results/report/table.md")
    results = finished.folder / "results"

    with (results / "report/table.csv").open() as stream:
        rows = {row["row"]: row for row in csv.DictReader(stream)}
    assert float(rows["pretrained"]["psnr_middle"]) > 5
    assert "Pre-trained" in (results / "report/table.md").read_text()
    parameters = sum(math.prod(shape) for stage in FILES for shape in keys[stage].values())
    # On a small picture: the rule's job times passes and precisions for minutes.
    imported = [results / f"models/pretrained/{stage}/final/weights.safetensors" for stage in FILES]
    measure_cost(imported, 32, 48, finished.folder / "cost.json", num_repeats=1)
    assert json.loads((finished.folder / "cost.json").read_text())["parameters"] == parameters
    with sqlite3.connect(results / "mlflow" / "mlflow.db") as store:
        assert "pretrained/evaluation" in {name for (name,) in store.execute("select name from runs")}

    systems = [*config["systems"], {"name": "tuned", "camera": "standard", "cascade": "tuned"}]
    finished.configure(cascades=[compact, tuned], systems=systems)
    jobs = finished.plan()
    assert "import_pretrained" not in jobs and jobs["train_stage"] == 4
    center = "results/models/tuned/center/final/weights.safetensors"
    finished.run(center)

    from unsmear.cascade.checkpoint import load_stage
    from unsmear.cascade.header import read_header

    imported = results / "models/pretrained/center/final/weights.safetensors"
    assert read_header(imported)["provenance"]["sha256"] == files["center"]["sha256"]
    digest = hashlib.sha256(imported.read_bytes()).hexdigest()
    assert read_header(finished.folder / center)["provenance"]["init"] == digest[:16]
    # Four small steps from where it started.
    before, after = load_stage(imported).stage, load_stage(finished.folder / center).stage
    pairs = list(zip(before.parameters(), after.parameters(), strict=True))
    assert any((a != b).any() for a, b in pairs)
    assert max(float((a - b).detach().abs().max()) for a, b in pairs) < 0.05

    # Elsewhere on the disk the same files are the same weights; without them the row is gone.
    shutil.move(finished.folder / "released", finished.folder / "moved")
    finished.configure(pretrained={"source": "moved"})
    assert "import_pretrained" not in finished.plan()
    finished.configure(pretrained=None, cascades=[compact], systems=config["systems"])
    finished.run("results/report/table.md")
    assert "retrained" not in (results / "report/table.csv").read_text().replace("Re-trained", "")


def test_refused_import_leaves_the_earlier_weights(fresh):
    fresh.configure(pretrained={"source": "released"})
    (fresh.folder / "released").mkdir()
    for name in ("center_v3.pth", "F35_N8.pth", "F26_N9_from_F35_N8.pth", "F17_N9_from_F26_N9_from_F35_N8.pth"):
        (fresh.folder / "released" / name).write_bytes(b"another file")
    weights = [fresh.folder / f"results/models/pretrained/{stage}/final/weights.safetensors" for stage in FILES]
    for path in weights:
        path.parent.mkdir(parents=True)
        path.write_text("earlier")
    text = fresh.run("--forcerun", "import_pretrained", "--", str(weights[0].relative_to(fresh.folder)), check=False)
    assert "size 12 bytes found, " in text
    assert {path.read_text() for path in weights} == {"earlier"}


@pytest.mark.slow
def test_training_starts_from_a_file_and_follows_its_changes(finished):
    from unsmear.cascade.header import read_header

    weights = finished.folder / "results/models/masked/f35/final/weights.safetensors"
    start = finished.folder / "start.safetensors"
    shutil.copy(weights, start)
    config = yaml.safe_load((finished.folder / "config.yaml").read_text())
    stages = [dict(stage) for stage in config["cascades"][0]["stages"]]
    stages[1]["init"] = "start.safetensors"
    finished.configure(cascades=[{"name": "compact", "stages": stages}])
    target = "results/models/masked/f35/final/weights.safetensors"
    finished.run(target)
    assert read_header(weights)["provenance"]["init"] == hashlib.sha256(start.read_bytes()).hexdigest()[:16]
    assert "train_stage" not in finished.plan(target)
    shutil.copy(finished.folder / "results/models/standard/f35/final/weights.safetensors", start)
    assert finished.dry_run(target).outputs("train_stage") == [target]
    stages[1]["init"] = "results/models/masked/center/final/weights.safetensors"
    finished.configure(cascades=[{"name": "compact", "stages": stages}])
    assert "cannot start stage f35: its predicts is (4,)" in finished.run(target, check=False)
