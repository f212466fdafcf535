"""A real cascade from weights files: predictions, tiles, cost, upper bound and robustness."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
import torch

from unsmear.cascade.cascade import Cascade
from unsmear.cascade.checkpoint import Checkpoint, save_stage
from unsmear.cascade.spec import StageSpec
from unsmear.cascade.stage import Stage
from unsmear.evaluation.config import EvaluationConfig, RobustnessConfig
from unsmear.evaluation.cost import measure_cost
from unsmear.evaluation.differences import cheaper_variants, measure_differences
from unsmear.evaluation.evaluate import evaluate_sequences
from unsmear.evaluation.perturbation import perturbed_cameras
from unsmear.evaluation.predict import Predictor
from unsmear.evaluation.robustness import measure_robustness
from unsmear.evaluation.tiles import over_tiles, tile_starts
from unsmear.files import read_rows
from unsmear.optics.camera import Camera
from unsmear.optics.config import CameraConfig
from unsmear.optics.optics_config import MaskedOptics, StandardOptics
from unsmear.optics.simulate import simulate_camera

STAGES = (("center", (4,), ()), ("f35", (3, 5), (4,)), ("outer", (1, 2, 6, 7), (3, 4, 5)))


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Three stages with random weights, in the cascade's order."""
    torch.manual_seed(0)
    paths = []
    for name, predicts, conditions_on in STAGES:
        stage = Stage(StageSpec(name=name, predicts=predicts, conditions_on=conditions_on), (1.0, 1.0, 1.0))
        with torch.no_grad():
            for parameter in stage.parameters():
                parameter.add_(torch.randn_like(parameter) * 0.02)
        path = tmp_path_factory.mktemp(name) / "weights.safetensors"
        save_stage(path, Checkpoint(stage, 7))
        paths.append(path)
    return paths


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(4).integers(0, 256, (3, 40, 48, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """One sequence of two groups with its camera and blur."""
    root = tmp_path_factory.mktemp("store")
    picture = np.random.default_rng(2).integers(0, 256, (40, 90, 3), dtype=np.uint8)
    frames = np.stack([picture[:, 2 * k : 2 * k + 48] for k in range(14)])
    simulate_camera(CameraConfig(name="masked", optics=MaskedOptics()), 7, root / "psfs.npy", root / "camera.json")
    camera = Camera.load(root / "psfs.npy", root / "camera.json")
    (root / "test").mkdir()
    np.save(root / "test/007.npy", frames)
    np.save(root / "blur.npy", np.stack([camera.render(frames[:7], 0), camera.render(frames[7:], 0)]))
    (root / "groups.csv").write_text(
        "split,sequence,group,first_frame,num_frames\ntest,007,1,1,7\ntest,007,2,8,7\ntrain,007,1,1,7\n"
    )
    return root


def test_rounds_to_the_nearest_code_and_keeps_axes(weights, pictures):
    predicted = Predictor(weights, EvaluationConfig(batch_size=2))(pictures)
    assert predicted.shape == (3, 7, 3, 40, 48) and predicted.dtype == torch.uint8
    with torch.inference_mode():
        exact = Cascade.load(weights)(torch.from_numpy(pictures).permute(0, 3, 1, 2) / 255) * 255
    assert (predicted.float() - exact.clamp(0, 255)).abs().max() < 0.501


def test_known_middle_frame_is_returned_and_changes_the_outer_frames(weights, pictures):
    predictor = Predictor(weights)
    middle = np.roll(pictures, 3, axis=2)
    plain, bound = predictor(pictures), predictor(pictures, middle)
    np.testing.assert_array_equal(bound[:, 3].permute(0, 2, 3, 1).numpy(), middle)
    assert not torch.equal(plain[:, 0], bound[:, 0])


@pytest.mark.parametrize("channels_last", [True, False])
def test_options_of_inference_reach_the_networks(weights, pictures, channels_last):
    predictor = Predictor(weights, EvaluationConfig(device="cpu", channels_last=channels_last))
    assert predictor.inference.channels_last is channels_last and not predictor.inference.compile
    with torch.inference_mode():
        exact = Cascade.load(weights)(torch.from_numpy(pictures).permute(0, 3, 1, 2) / 255) * 255
    assert (predictor(pictures).float() - exact.clamp(0, 255)).abs().max() < 0.501


def test_bfloat16_is_near(weights, pictures):
    exact = Predictor(weights)(pictures).float()
    rough = Predictor(weights, EvaluationConfig(precision="bfloat16"))(pictures).float()
    assert 0 < (exact - rough).abs().mean() < 3


def test_cuda_is_refused_where_there_is_none(weights):
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(ValueError, match="no GPU"):
        Predictor(weights, EvaluationConfig(device="cuda"))


@pytest.mark.parametrize("length", [64, 65, 100, 128, 129, 500])
def test_tiles_cover_everything_with_their_overlap(length):
    starts = tile_starts(length, 64, 16)
    covered = np.zeros(length, int)
    for start in starts:
        assert start + 64 <= length
        covered[start : start + 64] += 1
    assert covered.min() >= 1
    assert all(b - a <= 48 for a, b in itertools.pairwise(starts))


def test_tiles_of_a_pixelwise_network_change_nothing():
    picture = torch.rand(2, 3, 150, 90)

    def network(blurry, middle):
        return torch.stack([blurry * k for k in range(3)], dim=1)

    torch.testing.assert_close(over_tiles(network, picture, None, 64, 16), network(picture, None))
    torch.testing.assert_close(over_tiles(network, picture[..., :40, :50], None, 64, 16)[:, 1], picture[..., :40, :50])


def test_tiles_feed_the_known_middle_frame_of_the_same_place():
    blurry, middle = torch.rand(1, 3, 100, 100), torch.rand(1, 3, 100, 100)
    found = over_tiles(lambda b, m: torch.stack([b, m], dim=1), blurry, middle, 64, 16)
    torch.testing.assert_close(found[:, 1], middle)


def test_fewer_pictures_at_once_where_memory_is_short(weights, pictures, monkeypatch, caplog):
    predictor = Predictor(weights, EvaluationConfig(batch_size=3))
    run, sizes = predictor._run, []

    def short_of_memory(blurry, middle):
        sizes.append(len(blurry))
        if len(blurry) > room:
            raise torch.OutOfMemoryError
        return run(blurry, middle)

    expected = predictor(pictures, np.roll(pictures, 3, axis=2))
    monkeypatch.setattr(predictor, "_run", short_of_memory)
    room = 1
    found = predictor(pictures, np.roll(pictures, 3, axis=2))
    assert sizes == [3, 1, 2, 1, 1] and "going on with 1" in caplog.text
    assert (found.int() - expected.int()).abs().max() <= 1
    room = 0
    with pytest.raises(ValueError, match=r"one picture of 48 x 40 px does not fit.*evaluation.tile_size"):
        predictor(pictures)


def test_tiled_predictor_is_near_the_whole(weights):
    picture = np.kron(np.random.default_rng(1).integers(0, 256, (1, 20, 20, 3)), np.ones((1, 8, 8, 1))).astype(np.uint8)
    whole = Predictor(weights)(picture).float()
    tiled = Predictor(weights, EvaluationConfig(tile_size=96, tile_overlap=48))(picture).float()
    assert (whole - tiled).abs().mean() < 3


def test_cost_counts_what_the_network_does(weights, tmp_path):
    measure_cost(weights, 32, 48, tmp_path / "cost.json", num_repeats=1)
    cost = json.loads((tmp_path / "cost.json").read_text())
    cascade = Cascade.load(weights)
    assert cost["parameters"] == sum(parameter.numel() for parameter in cascade.parameters())
    counted = []

    def count(module, inputs, output):
        kernel = module.weight[0].numel()
        counted.append(kernel * output.numel())

    for module in cascade.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(count)
    with torch.inference_mode():
        cascade(torch.zeros(1, 3, 32, 48))
    assert cost["multiply_adds"] == sum(counted)
    assert cost["num_frames"] == 7 and cost["seconds"] > 0


def test_evaluates_a_real_cascade(weights, store, tmp_path):
    record = {
        "split": "test",
        "sequence": "007",
        "frames": store / "test/007.npy",
        "blur": store / "blur.npy",
    }
    evaluate_sequences("masked", weights, [record], store / "psfs.npy", store / "camera.json", tmp_path / "000.csv")
    rows = read_rows(tmp_path / "000.csv")
    assert len(rows) == 14
    assert [row["psnr_bound"] == "" for row in rows] == [row["frame"] == "4" for row in rows]
    assert all(float(row["reblur_psnr"]) > 5 for row in rows)


def test_perturbed_cameras_change_one_thing_each():
    config = RobustnessConfig(psi_changes=(0.1,), wavelength_changes_nm=(-10,), noise_sigmas=(0.01,))
    masked = CameraConfig(name="masked", optics=MaskedOptics())
    found = {kind: (change, camera) for kind, change, camera in perturbed_cameras(masked, config)}
    assert found["psi"][1].optics.psi_range == pytest.approx((0, 8.8))
    assert found["wavelength"][1].optics.wavelengths_nm == (590, 525, 445)
    assert found["noise"][1].noise.read_noise == 0.01
    assert found["none"][1] == masked
    standard = CameraConfig(name="standard", optics=StandardOptics())
    assert [kind for kind, _, _ in perturbed_cameras(standard, config)] == ["none", "noise"]


def test_robustness_table(weights, store, tmp_path):
    changes = RobustnessConfig(psi_changes=(-0.1,), wavelength_changes_nm=(), noise_sigmas=(0.1,))
    config = EvaluationConfig(robustness=changes)
    arguments = (weights, [store / "test/007.npy"], store / "groups.csv", "test", store / "camera.json")
    measure_robustness(*arguments, tmp_path / "robustness.csv", config)
    rows = read_rows(tmp_path / "robustness.csv")
    assert [(row["kind"], float(row["change"])) for row in rows] == [("none", 0), ("psi", -0.1), ("noise", 0.1)]
    values = [float(row["psnr_middle"]) for row in rows]
    assert values[0] != values[1] and values[2] < values[0]
    assert rows[0]["psnr_middle_low"] == ""
    changes = [float(row["psnr_middle_change"]) for row in rows]
    assert changes == pytest.approx([value - values[0] for value in values], abs=2e-6)
    again = tmp_path / "again.csv"
    measure_robustness(*arguments, again, config)
    assert again.read_bytes() == (tmp_path / "robustness.csv").read_bytes()


def test_differences_are_measured_against_whole_pictures(weights, pictures, tmp_path):
    variants = {
        "same": EvaluationConfig(batch_size=3),
        "one tile": EvaluationConfig(tile_size=64, batch_size=1),
        "bfloat16": EvaluationConfig(precision="bfloat16"),
    }
    found = measure_differences(weights, pictures, variants, tmp_path / "differences.json")
    assert found["one tile"]["mean_codes"] == 0 and found["one tile"]["share_equal"] == 1
    assert found["same"]["max_codes"] <= 1
    assert 0 < found["bfloat16"]["mean_codes"] <= found["bfloat16"]["max_codes"]
    written = json.loads((tmp_path / "differences.json").read_text())["variants"]["bfloat16"]
    assert written == found["bfloat16"]
    assert found["one tile"]["psnr"] is None


def test_what_a_configuration_saves_with_is_measured_one_at_a_time():
    config = EvaluationConfig(precision="bfloat16", tile_size=64, tile_overlap=16, device="cpu", batch_size=8)
    variants = cheaper_variants(config)
    assert list(variants) == ["bfloat16", "tiles of 64 px"]
    short, tiles = variants.values()
    assert (short.precision, short.tile_size, tiles.precision, tiles.tile_size) == ("bfloat16", None, "float32", 64)
    assert tiles.tile_overlap == 16 and short.device == tiles.device == "cpu"
    assert list(cheaper_variants(EvaluationConfig())) == ["bfloat16"]
