"""The perceptual loss in the workflow: VGG16 from a file, one stage that uses it, what its settings rerun."""

from __future__ import annotations

import csv
import hashlib

import pytest
import yaml

TARGET = "results/models/masked/f17/final/weights.safetensors"
CHANNELS = {0: (3, 64), 2: (64, 64), 5: (64, 128), 7: (128, 128), 10: (128, 256), 12: (256, 256), 14: (256, 256)}


def write_vgg16(path):
    """Weights like torchvision's vgg16, random; their SHA-256."""
    import torch

    torch.manual_seed(0)
    state = {}
    for place, (inputs, outputs) in CHANNELS.items():
        state[f"features.{place}.weight"] = torch.randn(outputs, inputs, 3, 3) * (2 / (9 * inputs)) ** 0.5
        state[f"features.{place}.bias"] = torch.zeros(outputs)
    torch.save({**state, "classifier.0.bias": torch.zeros(8)}, path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.slow
def test_one_stage_weighs_the_perceptual_loss(finished):
    config = yaml.safe_load((finished.folder / "config.yaml").read_text())
    stages = [dict(stage) for stage in config["cascades"][0]["stages"]]
    stages[3]["training"] = {"perceptual_weight": 0.75}
    perceptual = {"weights": "vgg16.pth", "sha256": "0" * 64}
    finished.configure(cascades=[{"name": "compact", "stages": stages}], losses={"perceptual": perceptual})
    assert "losses.perceptual.weights: vgg16.pth does not exist" in finished.run("--dry-run", check=False)

    perceptual["sha256"] = write_vgg16(finished.folder / "vgg16.pth")
    finished.configure(losses={"perceptual": perceptual})
    assert finished.plan(TARGET) == {"fetch_perceptual": 1, "select_trial": 1, "train_stage": 1}
    finished.run(TARGET)
    run = (finished.folder / TARGET).parent
    loss = yaml.safe_load((run / "hparams.yaml").read_text())["hparams"]["loss"]
    with (run / "metrics.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        expected = float(row[loss]) + 0.75 * float(row["perceptual"])
        assert float(row["perceptual"]) > 0 and float(row["loss"]) == pytest.approx(expected, rel=1e-4)

    from unsmear.cascade.header import read_header

    provenance = read_header(finished.folder / TARGET)["provenance"]
    layers = finished.folder / "results/losses/vgg16.safetensors"
    assert provenance["vgg16"] == hashlib.sha256(layers.read_bytes()).hexdigest()[:16]
    assert provenance["imagenet_norm"] is True

    # The same weights elsewhere change nothing; the normalisation retrains the stages that look through it.
    (finished.folder / "vgg16.pth").rename(finished.folder / "moved.pth")
    finished.configure(losses={"perceptual": {**perceptual, "weights": "moved.pth"}})
    assert finished.plan(TARGET) == {}
    finished.configure(losses={"perceptual": {**perceptual, "weights": "moved.pth", "imagenet_norm": False}})
    assert finished.plan(TARGET, "results/models/masked/f26/final/weights.safetensors") == {"train_stage": 1}
    # A file that is not the one meant is never opened.
    finished.configure(losses={"perceptual": {"weights": "moved.pth", "sha256": "1" * 64}})
    assert f"{'1' * 64} expected" in finished.run(TARGET, check=False)
