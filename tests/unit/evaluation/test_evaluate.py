"""Evaluation of stores on disk with predictions of known quality, and its tables."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from known_predictions import ENERGY, SEQUENCES, KnownPredictor, TintingCamera, column, noise, per_frame, records
from pydantic import ValidationError

from unsmear.comparison.measures import MEASURES
from unsmear.evaluation.baselines import FittedBaselines
from unsmear.evaluation.config import EvaluationConfig
from unsmear.evaluation.equalise import equalise
from unsmear.evaluation.evaluate import evaluate_sequences
from unsmear.evaluation.evaluate_input import evaluate_input
from unsmear.evaluation.psnr import psnr
from unsmear.evaluation.reblur import reblur_psnr
from unsmear.evaluation.rows import gather_sequences
from unsmear.files import read_rows
from unsmear.optics.response import Response


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
    files = [root / name for name in ("psfs.npy", "camera.json", "part.csv")]
    KnownPredictor.spoil = staticmethod(lambda frames: frames[::-1])
    evaluated, lpips = records(chain, SEQUENCES[:1]), dict.fromkeys(("alex", "vgg"), root / "weights")
    evaluate_sequences("masked", [root / "weights"], evaluated, *files, lpips=lpips)
    assert {measure.column for measure in MEASURES} <= set(read_rows(files[-1])[0])
    assert {row["lpips_alex"] for row in read_rows(files[-1])} == {"0.000000"}
    evaluate_input("input_masked", evaluated, *files, lpips=lpips)
    assert all(float(row["lpips_alex"]) > 1 for row in read_rows(files[-1]))


def test_input_is_equalised_and_scores_half(chain):
    rows = read_rows(per_frame(chain, "input_masked"))
    assert {row["direction"] for row in rows} == {"0.500000", ""}
    truth = np.load(chain["root"] / "frames/test/000.npy")[:7]
    still = np.clip(np.rint(TintingCamera().render(truth, 0) / ENERGY), 0, 255).astype(np.uint8)
    expected = [float(psnr(still, frame)) for frame in truth]
    np.testing.assert_allclose([float(row["psnr"]) for row in rows[:7]], expected, atol=1e-5)
    assert [row["psnr"] for row in rows] == [row["psnr_best"] for row in rows]


def test_baselines_stand_beside_the_system_that_they_are_made_from(chain):
    path = per_frame(chain, "masked", lambda frames: frames, fitted=FittedBaselines((6.0, 0.0), None, 1))
    own, beside = map(read_rows, (path, path.with_name("baselines.csv")))
    assert {row["system"] for row in own} == {"masked"}
    assert {row["system"] for row in beside} == {"masked/repeated", "masked/shift"}
    assert len(beside) == 2 * len(own)
    moving = [row for row in beside if row["moving"] == "1"]
    assert {row["psnr"] for row in moving if row["frame"] == "4"} == {"inf"}  # the true middle frame
    repeated = [row for row in moving if row["system"] == "masked/repeated"]
    assert {row["direction"] for row in repeated} == {"0.500000"}
    assert {row["motion_amplitude"] for row in repeated} <= {"0.000000", ""}
    # These sequences move by 2 px a frame to the left: shifted to the right, they are right in reverse but for an edge.
    shifted = [row for row in moving if row["system"] == "masked/shift"]
    assert {row["direction"] for row in shifted} == {"0.000000"}
    ends = [[float(row["psnr_best"]) for row in rows if row["frame"] in "17"] for rows in (shifted, repeated)]
    assert np.mean(ends[0]) > np.mean(ends[1]) + 3
    assert {row["psnr_bound"] for row in beside} == {""} != {row["psnr_bound"] for row in own}


def test_baselines_of_a_camera_come_from_its_blurry_picture(chain):
    path = per_frame(chain, "input_masked", None, SEQUENCES[:1], FittedBaselines((2.0, 1.0), 0.01, 1))
    found: dict[str, list[float]] = {}
    for row in [*read_rows(path), *read_rows(path.with_name("baselines.csv"))]:
        found.setdefault(row["system"], []).append(float(row["psnr"]))
    own, filtered, shifted = found.values()
    assert list(found) == ["input_masked", "input_masked/wiener", "input_masked/shift"]
    # The lens of this camera is a tint alone: there is nothing for the filter to undo but how halves are rounded.
    np.testing.assert_allclose(filtered, own, atol=0.01)
    assert filtered[3] == pytest.approx(shifted[3], abs=0.01) and shifted[0] != pytest.approx(own[0], abs=0.1)


def test_equal_bytes_on_a_second_run(chain):
    first = per_frame(chain, "masked", noise(4)).read_bytes()
    assert per_frame(chain, "masked", noise(4)).read_bytes() == first


def test_other_split_is_refused(chain):
    wrong = [dict(record, split="val") for record in records(chain)]
    files = [chain["root"] / name for name in ("psfs.npy", "camera.json", "part.csv")]
    with pytest.raises(ValueError, match="is of split test, but sequence 000 of val"):
        evaluate_input("input_masked", wrong, *files)
    path = per_frame(chain, "masked", noise(4))
    mixed = chain["root"] / "mixed.csv"
    mixed.write_text(path.read_text().replace(",test,", ",val,"))
    with pytest.raises(ValueError, match="several splits"):
        gather_sequences([path, mixed], chain["root"] / "out.csv")
    with pytest.raises(ValueError, match="comes twice"):
        gather_sequences([path, path], chain["root"] / "out.csv")


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


@pytest.mark.parametrize("module", ["evaluation.evaluate_input", "evaluation.config", "comparison.table_summary"])
def test_light_jobs_import_neither_torch_nor_pandas(module):
    code = f"import sys, unsmear.{module}; print([m for m in ('torch', 'pandas') if m in sys.modules])"
    if module == "evaluation.evaluate_input":
        code = f"import unsmear.optics.camera, unsmear.frames.store, unsmear.frames.grouping; {code}"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_config_refuses_nonsense():
    with pytest.raises(ValidationError, match="overlap below"):
        EvaluationConfig(tile_size=64, tile_overlap=64)
    with pytest.raises(ValidationError, match="psi_changes"):
        EvaluationConfig(robustness={"psi_changes": [-1.5]})
