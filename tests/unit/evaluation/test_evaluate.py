"""Evaluation of stores on disk with predictions of known quality, and its tables."""

from __future__ import annotations

import csv
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from unsmear.evaluation.config import EvaluationConfig
from unsmear.evaluation.equalise import equalise
from unsmear.evaluation.evaluate import evaluate_input, evaluate_sequences
from unsmear.evaluation.psnr import psnr
from unsmear.evaluation.reblur import reblur_psnr
from unsmear.evaluation.rows import gather_sequences, read_rows
from unsmear.evaluation.table_summary import format_summary
from unsmear.evaluation.tables import write_table
from unsmear.optics.response import Response

ENERGY = np.array([0.8, 0.9, 1.0])
SEQUENCES = [f"{number:03d}" for number in range(7)]


class TintingCamera:
    """Mean over frames, tinted: a camera whose picture is known by hand."""

    energy = ENERGY
    num_frames = 7
    response = Response()

    @classmethod
    def load(cls, psfs_path: Path, camera_path: Path) -> TintingCamera:
        return cls()

    def render(self, frames: np.ndarray, seed: int) -> np.ndarray:
        return np.rint(frames.mean(axis=0) * ENERGY).astype(np.uint8)


class KnownPredictor:
    """Stands in for a cascade: the truth of the picture that it is shown, spoilt in a known way."""

    num_frames = 7
    middle = 4
    device = "cpu"
    truths: dict[bytes, np.ndarray] = {}  # noqa: RUF012
    spoil = staticmethod(lambda frames: frames)
    spoil_given_middle = staticmethod(lambda frames: frames)

    def __init__(self, weights: list[Path], config: EvaluationConfig | None = None) -> None: ...

    def __call__(self, blurry: np.ndarray, middle: np.ndarray | None = None) -> torch.Tensor:
        frames = [self.spoil(self.truths[picture.tobytes()]) for picture in blurry]
        if middle is not None:
            for picture, known in zip(blurry, middle, strict=True):
                np.testing.assert_array_equal(known, self.truths[picture.tobytes()][3])
            frames = [self.spoil_given_middle(self.truths[picture.tobytes()]) for picture in blurry]
        return torch.from_numpy(np.ascontiguousarray(np.moveaxis(np.stack(frames), -1, -3)))


@pytest.fixture
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Frame and blur stores of seven test sequences, two groups each; the last sequence stands still."""
    camera = TintingCamera()
    rng = np.random.default_rng(0)
    KnownPredictor.truths = {}
    for sequence in SEQUENCES:
        picture = rng.integers(30, 220, (20, 60, 3), dtype=np.uint8)
        step = 0 if sequence == SEQUENCES[-1] else 2
        frames = np.stack([picture[:, step * k : step * k + 24] for k in range(15)])
        groups = [frames[:7], frames[7:14]]
        blur = np.stack([camera.render(group, 0) for group in groups])
        KnownPredictor.truths |= {b.tobytes(): g for b, g in zip(blur, groups, strict=True)}
        for name, store in ((f"frames/test/{sequence}.npy", frames), (f"blur/test/{sequence}.npy", blur)):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            np.save(tmp_path / name, store)
    module = types.ModuleType("unsmear.optics.camera")
    module.Camera = TintingCamera
    monkeypatch.setitem(sys.modules, "unsmear.optics.camera", module)
    monkeypatch.setattr("unsmear.evaluation.predict.Predictor", KnownPredictor)
    monkeypatch.setattr(KnownPredictor, "spoil", staticmethod(lambda frames: frames))
    for name in ("weights", "psfs.npy", "camera.json"):
        (tmp_path / name).write_text(name)
    return {"root": tmp_path}


def records(chain: dict[str, Path], system: str, sequences: list[str] = SEQUENCES) -> list[dict[str, object]]:
    root = chain["root"]
    return [
        {
            "split": "test",
            "sequence": sequence,
            "frames": root / f"frames/test/{sequence}.npy",
            "blur": root / f"blur/test/{sequence}.npy",
            "output": root / f"evaluation/{system}/sequences/{sequence}.csv",
        }
        for sequence in sequences
    ]


def per_frame(chain: dict[str, Path], system: str, spoil=None, sequences: list[str] = SEQUENCES) -> Path:
    """Evaluate and gather one system; ``spoil`` None is the input."""
    evaluated, root = records(chain, system, sequences), chain["root"]
    if spoil is None:
        evaluate_input(system, evaluated, root / "psfs.npy", root / "camera.json")
    else:
        KnownPredictor.spoil = staticmethod(spoil)
        evaluate_sequences(system, [root / "weights"], evaluated, root / "psfs.npy", root / "camera.json")
    output = chain["root"] / f"evaluation/{system}/per_frame.csv"
    gather_sequences([record["output"] for record in evaluated], output)
    return output


def noise(sigma: float, seed: int = 0):
    def spoil(frames: np.ndarray) -> np.ndarray:
        rng = np.random.default_rng([seed, int(frames.sum())])
        return np.clip(np.rint(frames + rng.normal(0, sigma, frames.shape)), 0, 255).astype(np.uint8)

    return spoil


def column(path: Path, name: str) -> list[str]:
    return [row[name] for row in read_rows(path)]


def test_noise_of_known_variance(chain):
    path = per_frame(chain, "masked", noise(6))
    values = np.array(column(path, "psnr"), float)
    assert values.shape == (7 * 2 * 7,)
    assert values.mean() == pytest.approx(10 * np.log10(255**2 / (36 + 1 / 12)), abs=0.05)
    assert column(path, "psnr_best") == column(path, "psnr")
    moving = [row for row in read_rows(path) if row["moving"] == "1"]
    assert {row["direction"] for row in moving} == {"1.000000"}
    assert {row["sequence"] for row in read_rows(path)} - {row["sequence"] for row in moving} == {"006"}
    # Seven frames' noise, averaged by the camera and scaled by its energies, and two roundings.
    reblur = np.mean([float(row["reblur_psnr"]) for row in moving])
    expected = 10 * np.log10(255**2 / ((36 + 1 / 12) / 7 * np.mean(ENERGY**2) + 2 / 12))
    assert reblur == pytest.approx(expected, abs=0.15)


def test_truth_and_its_reverse(chain):
    perfect = read_rows(per_frame(chain, "masked", lambda frames: frames))
    assert {row["psnr"] for row in perfect} == {"inf"}
    assert {row["ssim"] for row in perfect} == {"1.000000"}
    turned = [r for r in read_rows(per_frame(chain, "standard", lambda f: f[::-1])) if r["moving"] == "1"]
    assert {row["direction"] for row in turned} == {"0.000000"}
    assert {row["psnr_best"] for row in turned} == {"inf"}
    assert {row["temporal_error_best"] for row in turned} == {"0.000000"}
    assert {row["psnr"] == "inf" for row in turned if row["frame"] == "4"} == {True}
    assert {row["psnr"] == "inf" for row in turned if row["frame"] != "4"} == {False}


def test_upper_bound_is_what_the_true_middle_frame_gives(chain, monkeypatch):
    # Backward, so that the better direction must be chosen for it, too.
    monkeypatch.setattr(KnownPredictor, "spoil_given_middle", staticmethod(lambda f: noise(3)(f)[::-1]))
    rows = read_rows(per_frame(chain, "masked", noise(6)))
    assert {row["psnr_bound"] for row in rows if row["frame"] == "4"} == {""}
    moving = [row for row in rows if row["frame"] != "4" and row["moving"] == "1"]
    bound = np.mean([float(row["psnr_bound"]) for row in moving])
    assert bound == pytest.approx(10 * np.log10(255**2 / (9 + 1 / 12)), abs=0.05)
    assert all(float(row["ssim_bound"]) > float(row["ssim_best"]) for row in moving)


def test_lpips_is_taken_in_the_better_direction(chain, monkeypatch):
    def distance(prediction: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        return (prediction.float() - truth.float()).abs().mean(dim=(1, 2, 3))

    monkeypatch.setattr("unsmear.evaluation.lpips_weights.load_lpips", lambda *arguments: distance)
    root = chain["root"]
    files = [root / name for name in ("psfs.npy", "camera.json")]
    KnownPredictor.spoil = staticmethod(lambda frames: frames[::-1])
    evaluated = records(chain, "masked")
    evaluate_sequences("masked", [root / "weights"], evaluated, *files, lpips={"alex": root / "weights"})
    assert {row["lpips_alex"] for row in read_rows(evaluated[0]["output"])} == {"0.000000"}
    evaluated = records(chain, "input_masked")
    evaluate_input("input_masked", evaluated, *files, lpips={"alex": root / "weights"})
    assert all(float(row["lpips_alex"]) > 1 for row in read_rows(evaluated[0]["output"]))


def test_input_is_equalised_and_scores_half(chain):
    rows = read_rows(per_frame(chain, "input_masked"))
    assert {row["direction"] for row in rows} == {"0.500000", ""}
    truth = np.load(chain["root"] / "frames/test/000.npy")[:7]
    still = np.clip(np.rint(TintingCamera().render(truth, 0) / ENERGY), 0, 255).astype(np.uint8)
    expected = [float(psnr(still, frame)) for frame in truth]
    np.testing.assert_allclose([float(row["psnr"]) for row in rows[:7]], expected, atol=1e-5)
    assert [row["psnr"] for row in rows] == [row["psnr_best"] for row in rows]


@pytest.mark.parametrize("system", ["masked", "input_masked"])
def test_ended_early_it_goes_on_and_writes_the_same_bytes(chain, system, monkeypatch):
    from unsmear.evaluation import evaluate

    spoil = noise(4) if system == "masked" else None
    whole = per_frame(chain, system, spoil).read_bytes()
    outputs = [record["output"] for record in records(chain, system)]
    for output in outputs:
        output.unlink()
    score, scored = evaluate.score_group, []

    def end_early(*arguments):
        if len(scored) == limit:
            raise KeyboardInterrupt
        scored.append(1)
        return score(*arguments)

    monkeypatch.setattr(evaluate, "score_group", end_early)
    per_group = 2 if system == "masked" else 1  # the upper bound is scored as well
    limit = 7 * per_group
    with pytest.raises(KeyboardInterrupt):
        per_frame(chain, system, spoil)
    assert not any(output.exists() for output in outputs)
    limit, scored = -1, []
    assert per_frame(chain, system, spoil).read_bytes() == whole
    # Three of seven sequences had been finished.
    assert len(scored) == 4 * 2 * per_group
    assert sorted(outputs[0].parent.iterdir()) == sorted(outputs)


def test_equal_bytes_on_a_second_run(chain):
    first = per_frame(chain, "masked", noise(4)).read_bytes()
    assert per_frame(chain, "masked", noise(4)).read_bytes() == first


def test_other_split_is_refused(chain):
    wrong = [dict(record, split="val") for record in records(chain, "masked")]
    with pytest.raises(ValueError, match="is of split test, but sequence 000 of val"):
        evaluate_input("input_masked", wrong, chain["root"] / "psfs.npy", chain["root"] / "camera.json")
    path = per_frame(chain, "masked", noise(4))
    mixed = chain["root"] / "mixed.csv"
    mixed.write_text(path.read_text().replace(",test,", ",val,"))
    with pytest.raises(ValueError, match="several splits"):
        gather_sequences([path, mixed], chain["root"] / "out.csv")
    with pytest.raises(ValueError, match="comes twice"):
        gather_sequences([path, path], chain["root"] / "out.csv")


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


def test_equalise_refuses_impossible_energy():
    with pytest.raises(ValueError, match="above 0"):
        equalise(np.zeros((4, 4, 3), np.uint8), np.array([0.0, 1, 1]))


def test_equalise_divides_light_not_codes_where_the_camera_has_a_response():
    response = Response("gamma", 2.0)
    codes = np.full((2, 2, 3), 100, np.uint8)
    # sqrt((100 / 255)^2 / 0.25) = 200 / 255
    np.testing.assert_array_equal(equalise(codes, np.array([0.25, 1, 1]), response)[0, 0], [200, 100, 100])
    np.testing.assert_array_equal(equalise(codes, np.array([0.25, 1, 1]))[0, 0], [255, 100, 100])


def test_reblur_of_the_truth_is_the_input():
    frames = np.random.default_rng(0).integers(0, 256, (7, 12, 12, 3), dtype=np.uint8)
    camera = TintingCamera()
    assert reblur_psnr(frames, camera.render(frames, 0), camera) == np.inf
    assert reblur_psnr(frames // 2, camera.render(frames, 0), camera) < 20


@pytest.mark.parametrize("module", ["evaluate", "config", "table_summary"])
def test_light_jobs_import_neither_torch_nor_pandas(module):
    code = f"import sys, unsmear.evaluation.{module}; print([m for m in ('torch', 'pandas') if m in sys.modules])"
    if module == "evaluate":
        code = f"import unsmear.optics.camera, unsmear.frames.store, unsmear.frames.grouping; {code}"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_config_refuses_nonsense():
    with pytest.raises(ValidationError, match="overlap below"):
        EvaluationConfig(tile_size=64, tile_overlap=64)
    with pytest.raises(ValidationError, match="psi_changes"):
        EvaluationConfig(robustness={"psi_changes": [-1.5]})
