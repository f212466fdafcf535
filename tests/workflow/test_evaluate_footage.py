"""One command on somebody's own clips, from the zip to the page, and a comparison with itself."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path

import cv2
import pytest

from unsmear.cli import main
from unsmear.scenes.config import ScenesConfig
from unsmear.scenes.scene import make_scene


def write_clips(path: Path) -> Path:
    """A zip that has a test part alone: two scenes of one group."""
    config = ScenesConfig(width=128, height=128, test_sequences=2, test_frames=7)
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(2):
            scene = make_scene(config, "test", number, 0)
            for k in range(7):
                frame = (scene.sharp_frame(k + 1) * 255).round().astype("uint8")
                png = cv2.imencode(".png", frame[..., ::-1])[1].tobytes()
                archive.writestr(f"val/val_orig/{number:03d}/{k:08d}.png", png)
    return path


@pytest.mark.slow
def test_clips_are_evaluated_by_one_command(tmp_path, capfd, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    clips, output = write_clips(tmp_path / "clips.zip"), tmp_path / "out"
    changes = "{sequences: 1, psi_changes: [0.1], wavelength_changes_nm: [10], noise_sigmas: [0.01]}"
    options = [
        "tracking={enabled: false}",
        f"evaluation={{robustness: {changes}}}",
        "report={gif: false, figure_dpi: 60}",
    ]
    command = ["evaluate", "--footage", str(clips), "--camera", "masked", "--output", str(output), "--cores", "2"]
    assert main([*command, "--", "--config", *options]) == 0
    shown = capfd.readouterr()
    assert "As given (Masked)" in shown.out and str(output / "results/report/index.html") in shown.out
    ran = {line.split()[-1].rstrip(":") for line in shown.err.splitlines() if line.startswith(("rule", "localrule"))}
    assert "take_weights" in ran and not {"train_stage", "estimate_motion"} & ran
    with (output / "results/report/table.csv").open() as stream:
        rows = {row["row"]: row for row in csv.DictReader(stream)}
    assert {"input_masked", "input_masked/wiener", "masked", "masked/shift"} <= set(rows)
    assert rows["masked"]["baselines_split"] == "test" and rows["masked"]["num_groups"] == "2"
    assert float(rows["masked"]["gain_middle"]) > 0
    page = (output / "results/report/index.html").read_text()
    assert "What each step cost" in page and "evaluate_input" in page and "chosen on test groups" in page
    assert "that no training has seen" not in page
    assert list((output / "results/report/figures").glob("*_middle.png"))

    provenance = json.loads((output / "results/report/provenance.json").read_text())
    assert provenance["code"]["render_blur"] and provenance["versions"]["torch"]
    results = str(output / "results")
    assert main(["compare", results, results, "--output", str(tmp_path / "comparison")]) == 0
    shown = capfd.readouterr().out
    assert "No key differs." in shown and "No digest differs." in shown and "too few for intervals" in shown
    assert {path.name for path in (tmp_path / "comparison").iterdir()} == {
        "comparison.md",
        "differences.png",
        "pictures.png",
    }
