"""Weights files rebuild their stage, and say what is wrong with them."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from unsmear.cascade.cascade import Cascade
from unsmear.cascade.checkpoint import Checkpoint, load_stage, save_stage
from unsmear.cascade.header import read_header
from unsmear.cascade.spec import StageSpec
from unsmear.cascade.stage import Stage
from unsmear.evaluation.equalise import equalise
from unsmear.networks.config import JointConfig, PublishedCenterConfig, PublishedPairConfig
from unsmear.optics.response import Response

NETWORKS = {
    "joint": JointConfig(width=4, patch=2, encoder_blocks=(1,), middle_blocks=0, decoder_blocks=(1,)),
    "published_pair": PublishedPairConfig(width=4, blocks=0, colour_width=2, sharing=False),
}


def make(kind="joint", num_frames=5, predicts=(2, 4), energy=(0.9, 0.8, 0.7)):
    torch.manual_seed(0)
    stage = Stage(StageSpec(name="pair", predicts=predicts, conditions_on=(3,), network=NETWORKS[kind]), energy)
    return Checkpoint(stage, num_frames, {"name": "masked"}, {"steps": 3}, {"seed": 1})


@pytest.mark.parametrize("kind", NETWORKS)
def test_round_trip_gives_the_same_stage_and_the_same_bytes(tmp_path, kind):
    first, second = tmp_path / "one.safetensors", tmp_path / "two.safetensors"
    made = make(kind)
    save_stage(first, made)
    loaded = load_stage(first)
    save_stage(second, loaded)
    assert first.read_bytes() == second.read_bytes()
    assert loaded.stage.spec == made.stage.spec
    assert (loaded.num_frames, loaded.camera, loaded.hparams) == (5, {"name": "masked"}, {"steps": 3})
    blurry, middle = torch.rand(2, 1, 3, 11, 14)
    assert torch.equal(loaded.stage(blurry, {3: middle}).frames, made.stage(blurry, {3: middle}).frames)


def test_energy_of_the_camera_is_kept_and_undone():
    stage = make().stage
    torch.testing.assert_close(stage.input_gain.flatten(), 1 / torch.tensor([0.9, 0.8, 0.7]))
    raw = Stage(stage.spec.model_copy(update={"equalise": False}), (0.9, 0.8, 0.7))
    assert torch.equal(raw.input_gain.flatten(), torch.ones(3))


SRGB, GAMMA = Response("srgb"), Response("gamma", 2.2)
CALIBRATED = Response("calibrated", table=(np.arange(256)[:, None] / 255) ** np.array([2.5, 2.2, 1.8]))


@pytest.mark.parametrize("response", [SRGB, GAMMA, CALIBRATED], ids=lambda response: response.kind)
def test_light_is_restored_in_linear_light_as_evaluation_does(tmp_path, response):
    path, energy = tmp_path / "weights.safetensors", (0.88, 0.94, 0.96)
    spec = make().stage.spec
    save_stage(path, Checkpoint(Stage(spec, energy, response), 5))
    stage = load_stage(path).stage
    codes = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    restored = 255 * stage.equalise(torch.from_numpy(codes).movedim(-1, 0)[None].float() / 255)[0].movedim(0, -1)
    np.testing.assert_allclose(restored.numpy(), equalise(codes, np.array(energy), response), atol=0.5001)
    # By hand: half the codes' light through the lens, and back.
    dimmed = response.encode(response.linearize(codes[:8]).astype(float) * energy)
    given = torch.from_numpy(dimmed.astype(np.float32)).movedim(-1, 0)[None]
    np.testing.assert_allclose(255 * stage.equalise(given)[0].movedim(0, -1).numpy(), codes[:8], atol=0.3)
    assert not torch.equal(stage.equalise(given), Stage(spec, energy).equalise(given))
    with torch.device("meta"):
        assert Stage(spec, energy, response).equalise(given.to("meta")).shape == given.shape


def test_without_a_response_codes_are_multiplied_bit_for_bit(tmp_path):
    path, picture = tmp_path / "weights.safetensors", torch.rand(1, 3, 8, 8) * 1.2 - 0.1
    save_stage(path, make())
    wanted = picture * (1 / torch.tensor([0.9, 0.8, 0.7])).reshape(3, 1, 1)
    assert torch.equal(load_stage(path).stage.equalise(picture), wanted)
    # Files from before responses were recorded mean the same.
    header = {key: value for key, value in read_header(path).items() if key != "response"}
    save_file(load_file(path), path, metadata={"unsmear": json.dumps(header)})
    assert torch.equal(load_stage(path).stage.equalise(picture), wanted)
    for unbent in (Stage(make().stage.spec, (1.0, 1.0, 1.0), GAMMA), Stage(make().stage.spec)):
        assert torch.equal(unbent.equalise(picture), picture)


@pytest.mark.parametrize("keep", [0, 5, 100, 0.5, 0.99])
def test_torn_file_is_refused_with_its_name(tmp_path, keep):
    path = tmp_path / "weights.safetensors"
    save_stage(path, make())
    content = path.read_bytes()
    path.write_bytes(content[: keep if isinstance(keep, int) else int(keep * len(content))])
    with pytest.raises(ValueError, match=r"weights\.safetensors cannot be read as weights"):
        load_stage(path)


def test_missing_foreign_and_newer_files_are_refused(tmp_path):
    path = tmp_path / "weights.safetensors"
    with pytest.raises(ValueError, match="train or import the stage again"):
        read_header(path)
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(ValueError, match="not written by this program"):
        read_header(path)
    save_file({"a": torch.zeros(1)}, path, metadata={"unsmear": json.dumps({"format_version": 99})})
    with pytest.raises(ValueError, match="format 99, this version reads 1"):
        read_header(path)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("{", "has a damaged unsmear header"),
        ("[1]", "has a damaged unsmear header"),
        ('{"format_version": 1}', "does not say which stage it is .it lacks spec"),
        (
            '{"format_version": 1, "spec": {}, "energy": [], "num_frames": 7, "camera": {}, "hparams": {}, '
            '"provenance": {}}',
            "does not say which stage it is .*name",
        ),
    ],
)
def test_headers_that_describe_no_stage_are_refused_in_one_line(tmp_path, header, message):
    path = tmp_path / "weights.safetensors"
    save_file({"a": torch.zeros(3)}, path, metadata={"unsmear": header})
    with pytest.raises(ValueError, match=message) as caught:
        read_header(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("fault", ["missing", "unknown", "shape"])
def test_tensors_that_do_not_fit_the_header_are_refused(tmp_path, fault):
    path = tmp_path / "weights.safetensors"
    save_stage(path, make())
    header = read_header(path)
    tensors = load_file(path)
    if fault == "missing":
        del tensors["network.head.bias"]
    elif fault == "unknown":
        tensors["network.other"] = torch.zeros(1)
    else:
        tensors["network.head.bias"] = torch.zeros(1)
    save_file(tensors, path, metadata={"unsmear": json.dumps(header)})
    with pytest.raises(ValueError, match=r"head\.bias|network\.other"):
        load_stage(path)


def test_cascade_is_rebuilt_from_its_files_and_checked(tmp_path):
    center = Stage(
        StageSpec(name="center", predicts=(3,), network=PublishedCenterConfig(width=4, blocks=0, colour_width=2))
    )
    outer = Stage(StageSpec(name="outer", predicts=(1, 5), conditions_on=(2, 3, 4), network=NETWORKS["joint"]))
    paths = [tmp_path / f"{name}.safetensors" for name in ("center", "pair", "outer")]
    for path, checkpoint in zip(paths, (Checkpoint(center, 5), make(), Checkpoint(outer, 5)), strict=True):
        save_stage(path, checkpoint)
    cascade = Cascade.load(paths)
    assert not cascade.training
    blurry = torch.rand(1, 3, 9, 10)
    frames = cascade(blurry)
    assert frames.shape == (1, 5, 3, 9, 10)
    truth = torch.rand(1, 3, 9, 10)
    given = cascade(blurry, {3: truth})
    assert torch.equal(given[:, 2], truth)
    assert not torch.equal(given[:, 1], frames[:, 1])
    with pytest.raises(ValueError, match="conditioned on frame 3"):
        Cascade.load(paths[1:])
    save_stage(paths[2], Checkpoint(outer, 7))
    with pytest.raises(ValueError, match=r"different sizes \[5, 7\]"):
        Cascade.load(paths)
