"""A turned sample is one that its camera could have recorded."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from unsmear.cascade.spec import StageSpec
from unsmear.cascade.stage import Stage
from unsmear.optics.camera import Camera
from unsmear.optics.config import CameraConfig
from unsmear.optics.simulate import simulate_camera
from unsmear.training.augment import reverse_frames, turn_pictures
from unsmear.training.dataset import CropDataset
from unsmear.training.objective import Objective, Prediction


def camera_of(kind):
    """The masked camera, one whose PSFs are alike left and right alone, and one alike on the diagonal alone."""
    if kind == "masked":
        return Camera.from_config(CameraConfig(optics="masked"), 3)
    psf = np.array([[0.1, 0.3, 0.1], [0.0, 0.2, 0.0], [0.1, 0.1, 0.1]])
    if kind == "diagonal":
        psf = np.array([[0.3, 0.1, 0.0], [0.1, 0.2, 0.1], [0.0, 0.1, 0.1]])
    return Camera("mine", np.repeat(psf[None, :, :, None], 3, axis=0).repeat(3, axis=3), np.ones(3) / 3)


@pytest.mark.parametrize(
    ("kind", "allowed"),
    [("masked", {"mirror_x", "mirror_y", "transpose"}), ("mirror", {"mirror_x"}), ("diagonal", {"transpose"})],
)
def test_turning_what_the_camera_allows_commutes_with_it(kind, allowed):
    camera = camera_of(kind)
    assert camera.symmetries == allowed
    frames = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (1, 3, 3, 24, 24), dtype=np.uint8))

    def render(turned):
        picture = camera.render_float(np.ascontiguousarray(turned[0].movedim(1, -1).numpy()))
        return torch.from_numpy(picture).movedim(-1, 0)[None]

    names = ("mirror_x", "mirror_y", "transpose")
    for flags in itertools.product([False, True], repeat=3):
        turn = torch.tensor([[*flags, False]])
        options = {name: name in allowed for name in names}
        torch.testing.assert_close(
            render(turn_pictures(frames, turn, **options)), turn_pictures(render(frames), turn, **options),
            rtol=0, atol=2e-6,
        )  # fmt: skip
    for name in set(names) - allowed:
        turn = torch.tensor([[name == other for other in (*names, "reverse")]])
        options = {other: other == name for other in names}
        turned = render(turn_pictures(frames, turn, **options))
        assert (turned - turn_pictures(render(frames), turn, **options)).abs().max() > 0.01


def test_reversed_truth_has_the_same_picture_and_only_where_the_flag_says():
    camera = Camera.from_config(CameraConfig(), 7)
    frames = np.random.default_rng(0).integers(0, 256, (7, 16, 16, 3), dtype=np.uint8)
    assert camera.time_symmetric and np.array_equal(camera.render(frames), camera.render(frames[::-1]))
    truth = torch.arange(2 * 3).reshape(2, 3, 1, 1, 1).float()
    turn = torch.tensor([[False, False, False, True], [True, True, True, False]])
    assert reverse_frames(truth, turn).flatten(1).tolist() == [[2, 1, 0], [3, 4, 5]]


def test_time_reversal_changes_nothing_where_the_order_is_free(stores):
    stage = Stage(StageSpec(name="f35", predicts=(3, 5), conditions_on=(4,)))
    predicted, truth = torch.rand(2, 4, 2, 3, 8, 8).unbind(0)
    turn = torch.ones(4, 4, dtype=torch.bool)
    for order, changes in (("free_per_sample", False), ("free_per_pixel", False), ("true", True)):
        objective = Objective(stage, [], order, "mse", time_reversal=True)
        assert objective.frames == (3, 5)
        forward = objective.terms(Prediction(predicted, truth))["loss"]
        backward = objective.terms(Prediction(predicted, reverse_frames(truth, turn)))["loss"]
        assert torch.allclose(forward, backward) != changes


@pytest.mark.parametrize(
    ("predicts", "given", "order", "reversal", "frames"),
    [
        ((4,), (), "true", False, (4,)),
        ((3, 5), (4,), "free_per_sample", False, (3, 5)),
        ((2, 6), (3, 4, 5), "follow", False, (2, 3, 4, 5, 6)),
        ((2,), (3,), "follow", False, (2, 3, 5, 6)),
        ((2,), (3,), "true", False, (2,)),
        ((2,), (3,), "true", True, (2, 6)),
    ],
)
def test_only_frames_that_the_loss_looks_at_are_read(stores, monkeypatch, predicts, given, order, reversal, frames):
    spec = StageSpec(name="some", predicts=predicts, conditions_on=given)
    objective = Objective(Stage(spec), [], order, "mse", time_reversal=reversal)
    assert objective.frames == frames
    split, read = stores["train"], set()

    class Watched:
        def __init__(self, array):
            self.array = array

        def __getitem__(self, key):
            assert [part.stop - part.start for part in key[1:]] == [16, 16]
            read.add(key[0])
            return self.array[key]

    real = type(split)._map
    monkeypatch.setattr(
        type(split), "_map", lambda self, kind, name: Watched(found) if (found := real(self, kind, name)) is not None
        and kind == "frames" else found,
    )  # fmt: skip
    samples = CropDataset(split, 16, 0, 40, objective.frames)
    samples.__getitems__(range(40))
    assert read == {start + frame - 1 for start in (0, 7) for frame in frames}


def test_blur_of_other_frames_is_refused_before_the_first_step(job):
    frames, blur = job.root / "frames/train/000.npy", job.root / "blur/train/000.npy"
    original, picture = frames.read_bytes(), blur.read_bytes()
    frames.write_bytes((job.root / "frames/train/001.npy").read_bytes())
    with pytest.raises(ValueError, match=r"blur/train/000.npy was rendered from other frames .*delete it"):
        job.train()
    frames.write_bytes(original)
    blur.write_bytes((job.root / "blur/train/001.npy").read_bytes())
    with pytest.raises(ValueError, match=r"blur/train/000.npy is not what was rendered .*delete it"):
        job.train()
    blur.write_bytes(picture)
    blur.with_suffix(".json").write_text(json.dumps({"frames": 1}))
    with pytest.raises(ValueError, match=r"000.json is damaged"):
        job.train()
    np.save(blur, np.load(blur)[:1])
    with pytest.raises(ValueError, match=r"000.npy"):
        replace(job).train()
    assert sorted(path.name for path in job.folder.iterdir()) == ["hparams.yaml", "job.json"]


def test_a_camera_says_what_it_allows(job, caplog):
    content = json.loads((job.root / "camera.json").read_text())
    content["config"]["symmetries"] = ["mirror_x"]
    assert content["time_symmetric"]
    (job.root / "camera.json").write_text(json.dumps(content))
    job.train()
    assert "the camera would record another picture after mirror_y, transpose: left out" in caplog.text
    limited, caplog_text = job.weights.read_bytes(), len(caplog.text)
    replace(job, hparams={"flips": False, "turns": False}).train()
    assert "left out" not in caplog.text[caplog_text:] and job.weights.read_bytes() != limited


def test_time_is_not_reversed_for_a_camera_that_tells_its_direction(job, caplog):
    masked = CameraConfig(optics="masked")
    simulate_camera(masked, 7, job.root / "psfs.npy", job.root / "camera.json")
    replace(job, hparams={"time_reversal": True, "steps": 1}).train()
    assert "the camera tells the direction of time: time_reversal is off" in caplog.text
