"""Tables of systems whose predictions are of known quality."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from known_predictions import SEQUENCES, noise, per_frame

from unsmear.comparison.table_summary import format_summary
from unsmear.comparison.tables import write_table
from unsmear.evaluation.baselines import FittedBaselines, shift
from unsmear.evaluation.config import EvaluationConfig
from unsmear.files import read_rows


def test_table_of_known_systems(chain):
    root = chain["root"]
    systems = [
        {"system": f"input_{c}", "camera": c, "kind": "input", "per_frame": per_frame(chain, f"input_{c}")}
        for c in ("standard", "masked")
    ]
    other_noise = noise(8, seed=1)

    def any_direction(frames: np.ndarray) -> np.ndarray:
        spoilt = other_noise(frames)
        return spoilt[::-1] if int(frames.sum()) % 2 else spoilt

    systems += [
        {
            "system": name,
            "camera": name,
            "kind": "trained",
            "runs": [f"run-{name}"],
            "evaluation_runs": [f"scored-{name}"],
            "per_frame": path,
        }
        for name, path in (
            ("standard", per_frame(chain, "standard", any_direction)),
            ("masked", per_frame(chain, "masked", noise(8))),
        )
    ]
    outputs = [root / f"table.{suffix}" for suffix in ("csv", "md", "tex")]
    write_table(systems, {"commit": "abc", "data_digest": "d1"}, *outputs, EvaluationConfig(confidence=0.9))
    with outputs[0].open(newline="") as stream:
        rows = {row["row"]: row for row in csv.DictReader(stream)}
    assert list(rows) == ["input_standard", "input_masked", "standard", "masked", "masked - standard"]
    masked, difference = rows["masked"], rows["masked - standard"]
    expected = 10 * np.log10(255**2 / (64 + 1 / 12))
    assert float(masked["psnr_middle"]) == pytest.approx(expected, abs=0.1)
    gain = float(masked["psnr_middle"]) - float(rows["input_masked"]["psnr_middle"])
    assert float(masked["gain_middle"]) == pytest.approx(gain, abs=1e-5)
    assert float(masked["gain_middle_low"]) < gain < float(masked["gain_middle_high"])
    assert float(masked["direction"]) == 1.0
    assert float(rows["input_masked"]["direction"]) == 0.5
    assert (masked["num_sequences"], masked["num_static"]) == ("7", "2")
    assert (masked["runs"], masked["evaluation_runs"]) == ("run-masked", "scored-masked")
    assert difference["evaluation_runs"] == "scored-masked scored-standard"
    errors = [float(row["temporal_error"]) for row in (masked, rows["standard"], difference)]
    assert errors[2] == pytest.approx(errors[0] - errors[1], abs=2e-6)
    assert {row["commit"] for row in rows.values()} == {"abc"}
    assert float(difference["psnr_middle_low"]) < 0 < float(difference["psnr_middle_high"])
    moving = [row for row in read_rows(root / "evaluation/standard/per_frame.csv") if row["moving"] == "1"]
    share = np.mean([float(row["direction"]) for row in moving])
    assert 0 < share < 1
    assert float(rows["standard"]["direction"]) == pytest.approx(share, abs=1e-6)
    assert float(difference["direction"]) == pytest.approx(1 - share, abs=1e-6)
    markdown = outputs[1].read_text()
    assert "Re-trained (Masked) − Re-trained (Standard)" in markdown
    assert "°" in markdown.split("Re-trained (Masked) −")[1].splitlines()[0]
    assert "Brackets: 90% interval" in markdown and "95%" not in markdown
    assert r"\bottomrule" in outputs[2].read_text()
    assert "error of frame differences" in markdown and "equal the truth" not in markdown
    summary = format_summary(outputs[0])
    assert "7 test sequences, 14 groups (2 too still" in summary
    assert f"{float(masked['psnr_middle']):.2f}" in summary
    assert max(map(len, summary.splitlines())) <= 120


def baseline(path: Path | list[Path], name: str) -> dict[str, object]:
    paths = [path] if isinstance(path, Path) else path
    files = [each.with_name("baselines.csv") for each in paths]
    return {"system": name, "camera": "masked", "kind": "baseline", "per_frame": files}


def test_gains_are_over_the_best_baseline_of_each_quantity(chain):
    # All sequences but the last move by 2 px a frame to the left: one vector fits them all.
    fitted, moving = FittedBaselines((-6.0, 0.0), 0.01, 1), SEQUENCES[:-1]
    given = per_frame(chain, "input_masked", None, moving, fitted)
    seeds = [per_frame(chain, f"masked{sigma}", noise(sigma), moving, fitted) for sigma in (20, 24)]
    systems = [
        {"system": "input_masked", "camera": "masked", "kind": "input", "per_frame": given},
        *(baseline(given, f"input_masked/{name}") for name in ("wiener", "shift")),
        *(baseline(seeds, f"masked/{name}") for name in ("repeated", "shift")),
        {"system": "masked", "camera": "masked", "kind": "trained", "per_frame": seeds},
    ]
    outputs = [chain["root"] / f"table.{suffix}" for suffix in ("csv", "md", "tex")]
    write_table(systems, {}, *outputs, EvaluationConfig(num_resamples=200))
    rows = {row["row"]: row for row in read_rows(outputs[0])}
    assert list(rows) == [system["system"] for system in systems]  # baselines are in no difference
    masked = rows["masked"]
    assert masked["gain_frames_baseline_row"] == "masked/shift"
    for quantity in ("middle", "frames"):
        best = rows[masked[f"gain_{quantity}_baseline_row"]]
        gain = float(masked[f"psnr_{quantity}"]) - float(best[f"psnr_{quantity}"])
        assert float(masked[f"gain_{quantity}_baseline"]) == pytest.approx(gain, abs=1e-5)
        assert float(masked[f"gain_{quantity}_baseline_low"]) < gain < float(masked[f"gain_{quantity}_baseline_high"])
        others = [row for name, row in rows.items() if name != "masked"]
        if quantity == "middle":  # its own baselines have its own middle frame
            assert {rows[f"masked/{name}"]["psnr_middle"] for name in ("repeated", "shift")} == {masked["psnr_middle"]}
            others = [row for row in others if row["row"].startswith("input_")]
        assert float(best[f"psnr_{quantity}"]) == max(float(row[f"psnr_{quantity}"]) for row in others)
    # Each training is compared with the shift of its own middle frames.
    spread = float(masked["gain_frames_baseline_seed_std"])
    gains = [np.mean(psnr_best(path)) - np.mean(psnr_best(path.with_name("baselines.csv"), "/shift")) for path in seeds]
    assert spread == pytest.approx(np.std(gains, ddof=1), abs=1e-5)
    assert rows["input_masked/wiener"]["gain_middle_baseline"] == "" != rows["input_masked/wiener"]["gain_middle"]
    text = outputs[1].read_text()
    for label in ("Wiener (Masked)", "Constant shift of the input (Masked)", "Middle frame repeated (Masked), n = 2"):
        assert f"| {label} |" in text
    assert "on all frames Constant shift of the middle frame (Masked)" in text
    summary = format_summary(outputs[0])
    assert "over best baseline" in summary and "amplitude" in summary and "Wiener" not in summary
    assert f"{float(masked['gain_frames_baseline']):+.2f} [" in summary


@pytest.mark.parametrize("vector", [(-6.0, 0.0), (0.0, 0.0)], ids=["one shift for all", "repeated"])
def test_a_system_without_motion_of_its_own_gains_nothing(chain, vector):
    fitted, moving = FittedBaselines((-6.0, 0.0), 0.01, 1), SEQUENCES[:-1]

    def still(frames: np.ndarray) -> np.ndarray:
        return shift(noise(10)(frames)[3], vector, 7)

    given, own = (
        per_frame(chain, "input_masked", None, moving, fitted),
        per_frame(chain, "masked", still, moving, fitted),
    )
    systems = [
        {"system": "input_masked", "camera": "masked", "kind": "input", "per_frame": given},
        *(baseline(own, f"masked/{name}") for name in ("repeated", "shift")),
        {"system": "masked", "camera": "masked", "kind": "trained", "per_frame": own},
    ]
    outputs = [chain["root"] / f"table.{suffix}" for suffix in ("csv", "md", "tex")]
    write_table(systems, {}, *outputs, EvaluationConfig(num_resamples=200))
    masked = read_rows(outputs[0])[-1]
    # Sharp as it is: over the input it gains on all frames where it moves as all pictures do.
    assert (float(masked["gain_frames"]) > 1) == any(vector)
    if any(vector):
        assert masked["gain_frames_baseline_row"] == "masked/shift"
        assert {float(masked[f"gain_frames_baseline{end}"]) for end in ("", "_low", "_high")} == {0.0}
    else:
        assert float(masked["gain_frames_baseline_high"]) < 0 and float(masked["direction"]) == 0.5


def psnr_best(path: Path, ending: str = "") -> list[float]:
    return [float(row["psnr_best"]) for row in read_rows(path) if row["system"].endswith(ending)]


def test_table_of_two_sequences_has_no_interval(chain):
    few = SEQUENCES[:2]
    inputs = per_frame(chain, "input_masked", None, few)
    system = per_frame(chain, "masked", noise(5), few)
    outputs = [chain["root"] / f"table.{suffix}" for suffix in ("csv", "md", "tex")]
    write_table(
        [
            {"system": "input_masked", "camera": "masked", "kind": "input", "per_frame": inputs},
            {"system": "masked", "camera": "masked", "kind": "trained", "per_frame": system},
        ],
        {},
        *outputs,
    )
    rows = read_rows(outputs[0])
    assert rows[1]["psnr_middle_low"] == "" and float(rows[1]["gain_middle"]) > 0
    assert "[" not in outputs[1].read_text().split("PSNR in dB")[0]
    assert "too few sequences for intervals" in format_summary(outputs[0])


def test_row_of_several_seeds_shows_mean_spread_and_number(chain):
    inputs = {
        "system": "input_masked",
        "camera": "masked",
        "kind": "input",
        "per_frame": per_frame(chain, "input_masked"),
    }
    seeds = [per_frame(chain, f"masked{sigma}", noise(sigma)) for sigma in (4, 8, 16)]
    single = {
        "system": "single",
        "camera": "masked",
        "kind": "trained",
        "per_frame": per_frame(chain, "single", noise(8, 1)),
    }
    pair = {"system": "pair", "camera": "masked", "kind": "trained", "per_frame": seeds[:2]}
    masked = {"system": "masked", "camera": "masked", "kind": "trained", "per_frame": seeds}
    outputs = [chain["root"] / f"seeds.{suffix}" for suffix in ("csv", "md", "tex")]
    write_table([inputs, single, pair, masked], {}, *outputs, EvaluationConfig(num_resamples=200))
    rows = {row["row"]: row for row in read_rows(outputs[0])}
    of_seeds = [psnr_of_middle(path) for path in seeds]
    row = rows["masked"]
    assert row["num_seeds"] == "3" and rows["single"]["num_seeds"] == "1" and rows["input_masked"]["num_seeds"] == ""
    assert float(row["psnr_middle"]) == pytest.approx(np.mean(of_seeds), abs=1e-5)
    assert float(row["psnr_middle_seed_std"]) == pytest.approx(np.std(of_seeds, ddof=1), abs=1e-5)
    # All seeds are compared with the same input.
    assert float(row["gain_middle_seed_std"]) == pytest.approx(np.std(of_seeds, ddof=1), abs=1e-5)
    assert rows["single"]["psnr_middle_seed_std"] == "" and rows["masked - single"]["psnr_middle_seed_std"] == ""
    difference = rows["masked - pair"]
    assert float(difference["psnr_middle"]) == pytest.approx(np.mean(of_seeds) - np.mean(of_seeds[:2]), abs=1e-5)
    added = np.hypot(np.std(of_seeds, ddof=1), np.std(of_seeds[:2], ddof=1))
    assert float(difference["psnr_middle_seed_std"]) == pytest.approx(added, abs=1e-5)
    # The spread of the seeds is wide, that of the average over sequences is not.
    assert float(row["psnr_middle_high"]) - float(row["psnr_middle_low"]) < 1 < float(row["psnr_middle_seed_std"])
    markdown, latex, summary = outputs[1].read_text(), outputs[2].read_text(), format_summary(outputs[0])
    shown = f"{float(row['psnr_middle']):.2f} ± {float(row['psnr_middle_seed_std']):.2f}"
    for text in (markdown, summary, latex.replace(r"$\pm$", "±")):
        assert shown in text and "Re-trained (Masked), n = 3" in text
    assert "standard deviation of n = 3 trainings" in markdown
    assert "Single)," not in markdown


def psnr_of_middle(path) -> float:
    rows = [float(row["psnr"]) for row in read_rows(path) if row["frame"] == "4"]
    return float(np.mean(rows))


def test_identical_frames_are_counted_and_left_out(chain):
    def mostly_noise(frames: np.ndarray) -> np.ndarray:
        spoilt = noise(5)(frames)
        spoilt[3] = frames[3]
        return spoilt

    systems = [
        {"system": "input_masked", "camera": "masked", "kind": "input", "per_frame": per_frame(chain, "input_masked")},
        {
            "system": "masked",
            "camera": "masked",
            "kind": "trained",
            "per_frame": per_frame(chain, "masked", mostly_noise),
        },
    ]
    outputs = [chain["root"] / f"table.{suffix}" for suffix in ("csv", "md", "tex")]
    write_table(systems, {}, *outputs)
    row = read_rows(outputs[0])[1]
    assert row["num_identical"] == "14" and row["psnr_middle"] == "" and row["gain_middle"] == ""
    assert float(row["psnr_frames"]) == pytest.approx(10 * np.log10(255**2 / (25 + 1 / 12)), abs=0.1)
    assert "14 predicted frames equal the truth" in outputs[1].read_text()


def test_different_groups_are_refused(chain):
    systems = [
        {
            "system": "input_masked",
            "camera": "masked",
            "kind": "input",
            "per_frame": per_frame(chain, "input_masked"),
        },
        {
            "system": "masked",
            "camera": "masked",
            "kind": "trained",
            "per_frame": per_frame(chain, "masked", noise(5), SEQUENCES[:3]),
        },
    ]
    outputs = [chain["root"] / f"table.{suffix}" for suffix in ("csv", "md", "tex")]
    with pytest.raises(ValueError, match="different groups"):
        write_table(systems, {}, *outputs)
    with pytest.raises(ValueError, match="no row input_masked"):
        write_table(systems[1:], {}, *outputs)
