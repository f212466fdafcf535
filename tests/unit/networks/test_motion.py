"""The network that moves the frames it is given."""

import pytest
import torch

from unsmear.cascade.spec import StageSpec
from unsmear.cascade.stage import Stage
from unsmear.networks.build import build_network, find_references
from unsmear.networks.config import MotionConfig, check_network

SMALL = MotionConfig(width=4, patch=2, encoder_blocks=(1, 1), middle_blocks=1, decoder_blocks=(1, 1))


def test_each_frame_corrects_the_nearest_one_given():
    assert find_references((1, 2, 3, 5, 6, 7), (4,)) == (4,) * 6
    assert find_references((2, 6), (3, 4, 5)) == (3, 5)
    assert find_references((4,), ()) == (0,)


@pytest.mark.parametrize("patch", [1, 2, 4])
def test_frames_are_references_moved_by_the_fields(patch):
    network = build_network(SMALL.model_copy(update={"patch": patch}), (3, 5), (4,))
    torch.nn.init.zeros_(network.head.weight)
    with torch.no_grad():
        network.head.bias[:4] = torch.tensor([2.0, 0.0, 0.0, -3.0]) / 8  # pixels
    pictures = torch.rand(1, 2, 3, 32, 32)
    frames, motion = network.predict_motion(pictures)
    assert motion.shape == (1, 2, 2, 32 // patch, 32 // patch)
    torch.testing.assert_close(frames[0, 0, :, :, :-2], pictures[0, 1, :, :, 2:])
    torch.testing.assert_close(frames[0, 1, :, 3:], pictures[0, 1, :, :-3])
    assert torch.equal(frames, network(pictures))


def test_frames_are_moved_as_far_where_the_network_computes_in_bfloat16():
    network = build_network(SMALL, (3, 5), (4,))
    torch.nn.init.zeros_(network.head.weight)
    with torch.no_grad():
        network.head.bias[:4] = torch.tensor([2.0, 0.0, 0.0, -3.0]) / 8  # pixels
    pictures = torch.rand(1, 2, 3, 32, 400)
    with torch.autocast("cpu", torch.bfloat16):
        frames = network(pictures)
    torch.testing.assert_close(frames[0, 0, :, :, :-2], pictures[0, 1, :, :, 2:], atol=1e-3, rtol=0)
    torch.testing.assert_close(frames[0, 1, :, 3:], pictures[0, 1, :, :-3], atol=1e-3, rtol=0)


@pytest.mark.parametrize("height, width", [(1, 1), (17, 24), (19, 5)])
def test_any_picture_size_has_a_field_of_its_own_size(height, width):
    spec = StageSpec(name="motion", predicts=(1, 7), conditions_on=(4,), network=SMALL)
    stage = Stage(spec).eval()
    with torch.inference_mode():
        frames, motion = stage(torch.rand(2, 3, height, width), {4: torch.rand(2, 3, height, width)})
    assert frames.shape == (2, 2, 3, height, width)
    assert motion.shape == (2, 2, 2, -(-height // 2), -(-width // 2))


def test_a_stage_without_given_frames_is_refused():
    with pytest.raises(ValueError, match="conditioned on none"):
        check_network(SMALL, (3, 5), ())
