"""Motion as a target: augmentation, direction of time, and what a training learns."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from unsmear.cascade.spec import StageSpec
from unsmear.cascade.stage import Stage, StageOutput
from unsmear.losses.motion import angle_error, end_point_error
from unsmear.losses.reblur import ReblurLoss
from unsmear.motion.warp import resize_motion, warp_frames
from unsmear.optics.psf import delta_psfs
from unsmear.training.augment import turn_motion, turn_pictures
from unsmear.training.objective import Objective, Prediction

NETWORK = {
    "kind": "motion",
    "width": 8,
    "patch": 2,
    "encoder_blocks": [1, 1],
    "middle_blocks": 1,
    "decoder_blocks": [1, 1],
    "attention": False,
}
SPEC = StageSpec(name="motion", predicts=(1, 2, 3, 5, 6, 7), conditions_on=(4,), network=NETWORK)


class Given(Stage):
    """Gives the frame that it was made with."""

    def __init__(self, frame):
        super().__init__(StageSpec(name="center", predicts=(4,)))
        self.frame = frame

    def forward(self, blurry, known):
        return StageOutput(self.frame[:, None], None)


@pytest.mark.parametrize("flags", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1), (1, 0, 1)])
def test_turned_motion_moves_the_turned_picture(flags):
    torch.manual_seed(0)
    picture = functional.interpolate(torch.rand(1, 3, 8, 8), (32, 32), mode="bicubic")
    motion = functional.interpolate(torch.randn(1, 2, 4, 4) * 3, (32, 32), mode="bilinear")
    turn = torch.tensor([[*map(bool, flags), False]])
    allowed = {"mirror_x": True, "mirror_y": True, "transpose": True}
    wanted = turn_pictures(warp_frames(picture, motion), turn, **allowed)
    found = warp_frames(turn_pictures(picture, turn, **allowed), turn_motion(motion, turn, **allowed))
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)
    # What the camera does not allow leaves both alone.
    none = dict.fromkeys(allowed, False)
    assert torch.equal(turn_motion(motion, turn, **none), motion)


def group(shift=3.0, seed=0, count=1):
    """Blurry pictures, frames and motion of textures that move evenly to the right."""
    rng = torch.Generator().manual_seed(seed)
    texture = functional.interpolate(torch.rand(count, 3, 12, 18, generator=rng), (48, 72), mode="bicubic").clamp(0, 1)
    frames = []
    for number in range(7):
        motion = torch.zeros(count, 2, 48, 72)
        motion[:, 0] = 12 - shift * (number - 3)
        frames.append(warp_frames(texture, motion)[..., :48])
    truth = torch.stack(frames, dim=1)
    fields = torch.zeros(count, 7, 2, 24, 24)
    fields[:, :, 0] = -shift * (torch.arange(7) - 3.0).reshape(1, 7, 1, 1)
    return truth.mean(dim=1), truth, fields


def test_stored_motion_leads_to_the_middle_frame():
    _, truth, fields = group()
    fine = resize_motion(fields, 48, 48)
    for index in range(7):
        moved = warp_frames(truth[:, 3], fine[:, index])
        torch.testing.assert_close(moved[..., 10:-10], truth[:, index][..., 10:-10], atol=0.02, rtol=0)


def test_a_free_order_takes_frames_and_motion_in_one_direction():
    _, truth, fields = group()
    objective = Objective(Stage(SPEC), [Given(truth[:, 3])], "free_per_sample", "l1", motion_weight=0.1)
    others = [0, 1, 2, 4, 5, 6]
    right = Prediction(truth[:, others], truth[:, others], fields[:, others], fields[:, others])
    assert objective.terms(right)["loss"].max() < 0.002
    torch.testing.assert_close(objective.terms(right.reversed()), objective.terms(right))
    # Frames one way and motion the other: not a sequence.
    mixed = Prediction(truth[:, others], truth[:, others], fields[:, others].flip(1), fields[:, others])
    assert objective.terms(mixed)["loss"].min() > 0.05


def test_directions_count_where_something_moves():
    truth = torch.zeros(1, 2, 2, 4, 4)
    truth[0, 0, 0] = 4.0  # the first frame's pixels lie 4 px to the right, the second frame's are at rest
    for predicted, expected in (((100.0, 0.0), 0.0), ((0.0, 100.0), 0.5), ((-100.0, 0.0), 1.0), ((0.0, 0.0), 0.5)):
        field = torch.tensor(predicted).reshape(1, 1, 2, 1, 1).expand_as(truth)
        assert float(angle_error(field, truth)) == pytest.approx(expected, abs=0.003)
    _, frames, fields = group()
    objective = Objective(Stage(SPEC), [Given(frames[:, 3])], "true", "l1", motion_weight=0.1, angle_weight=0.5)
    others = [0, 1, 2, 4, 5, 6]
    terms = objective.terms(Prediction(frames[:, others], frames[:, others], -fields[:, others], fields[:, others]))
    weighted = terms["l1"] + 0.1 * terms["motion"] + 0.5 * terms["angle"]
    torch.testing.assert_close(terms["loss"], weighted)
    assert terms["angle"].min() > 1


def test_motion_to_a_reference_off_the_middle():
    _, truth, fields = group(shift=2.0)
    spec = StageSpec(name="f26", predicts=(2, 6), conditions_on=(3, 4, 5), network=NETWORK)
    known = {number: Given(truth[:, number - 1]) for number in (3, 4, 5)}
    given = []
    for number, stage in known.items():
        stage.spec = StageSpec(name=f"given{number}", predicts=(number,))
        given.append(stage)
    objective = Objective(Stage(spec), given, "follow", "l1", motion_weight=0.1)
    wanted = [number - 1 for number in objective.frames]
    prediction = objective.predict(truth.mean(1), truth.flip(1)[:, wanted], fields.flip(1))
    # The reversed truth is turned to the direction of the given frames.
    torch.testing.assert_close(prediction.truth, truth[:, [1, 5]])
    torch.testing.assert_close(prediction.true_motion[:, 0, 0], torch.full((1, 24, 24), 2.0))
    torch.testing.assert_close(prediction.true_motion[:, 1, 0], torch.full((1, 24, 24), -2.0))


def test_a_known_blur_of_a_moving_layer_gives_its_displacement():
    torch.manual_seed(0)
    stage = Stage(SPEC)
    optimizer = torch.optim.Adam(stage.parameters(), 4e-3)
    for step in range(50):
        blurry, truth, fields = group(2.0, step, count=1)
        objective = Objective(stage, [Given(truth[:, 3])], "true", "l1", motion_weight=0.1)
        optimizer.zero_grad()
        objective.terms(objective.predict(blurry, truth[:, [0, 1, 2, 4, 5, 6]], fields))["loss"].mean().backward()
        optimizer.step()
    blurry, truth, fields = group(2.0, 10_000)
    with torch.no_grad():
        _, motion = stage(blurry, {4: truth[:, 3]})
    # Of 6 pixels from the first frame to the middle, and back to the last.
    assert end_point_error(motion[:, [0, 5]], fields[:, [0, 6]]) < 2


def test_the_stage_that_completes_the_frames_may_be_asked_to_give_the_picture_back():
    blurry, truth, _ = group()
    reblur = ReblurLoss(delta_psfs(7), np.full(7, 1 / 7))
    objective = Objective(Stage(SPEC), [Given(truth[:, 3])], "true", "l1", reblur=reblur, reblur_weight=2.0)
    prediction = objective.predict(blurry, truth[:, [0, 1, 2, 4, 5, 6]])
    terms = objective.terms(prediction)
    torch.testing.assert_close(terms["loss"], terms["l1"] + 2 * terms["reblur"])
    others = prediction.frames.detach()
    everything = torch.cat([others[:, :3], truth[:, 3:4], others[:, 3:]], dim=1)
    torch.testing.assert_close(terms["reblur"], (everything.mean(dim=1) - blurry).abs().flatten(1).mean(dim=1))
