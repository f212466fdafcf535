"""The network that sees the colours together."""

import pytest
import torch

from unsmear.cascade.cascade import Cascade
from unsmear.cascade.spec import StageSpec
from unsmear.cascade.stage import Stage
from unsmear.networks.build import build_network
from unsmear.networks.config import JointConfig
from unsmear.networks.joint import GatedBlock, LayerNorm2d

SMALL = JointConfig(width=4, patch=2, encoder_blocks=(1, 1), middle_blocks=1, decoder_blocks=(1, 1))


def cascade_of(num_frames):
    """Middle first, then pairs outwards."""
    middle = (num_frames + 1) // 2
    specs = [StageSpec(name="center", predicts=(middle,), network=SMALL)]
    for away in range(1, middle):
        inner = tuple(sorted({middle - away + 1, middle, middle + away - 1}))
        pair = (middle - away, middle + away)
        specs.append(StageSpec(name=f"pair{away}", predicts=pair, conditions_on=inner, network=SMALL))
    return Cascade([Stage(spec) for spec in specs], num_frames).eval()


@pytest.mark.parametrize("num_frames", [5, 7, 9])
@pytest.mark.parametrize("height, width", [(1, 1), (2, 9), (17, 24)])
def test_any_number_of_frames_and_any_picture_size(num_frames, height, width):
    torch.manual_seed(0)
    with torch.inference_mode():
        frames = cascade_of(num_frames)(torch.rand(2, 3, height, width))
    assert frames.shape == (2, num_frames, 3, height, width)
    assert torch.isfinite(frames).all()


def test_one_network_may_predict_all_frames():
    spec = StageSpec(name="single", predicts=tuple(range(1, 8)), network=SMALL)
    with torch.inference_mode():
        assert Cascade([Stage(spec)], 7)(torch.rand(1, 3, 11, 13)).shape == (1, 7, 3, 11, 13)


def test_without_correction_a_frame_is_the_nearest_one_given():
    network = build_network(SMALL, (2, 6), (3, 4, 5))
    torch.nn.init.zeros_(network.head.weight)
    pictures = torch.rand(1, 4, 3, 16, 16)
    assert torch.equal(network(pictures), pictures[:, [1, 3]])
    alone = build_network(SMALL, (1, 2), ())
    torch.nn.init.zeros_(alone.head.weight)
    assert torch.equal(alone(pictures[:, :1]), pictures[:, [0, 0]])


def test_colours_meet():
    torch.manual_seed(1)
    network = build_network(SMALL, (4,), ())
    blurry = torch.rand(1, 1, 3, 16, 16)
    changed = blurry.clone()
    changed[:, :, 2] += 0.5
    correction = network(blurry) - blurry
    assert ((network(changed) - changed - correction)[:, 0, 0].abs() > 1e-7).any()


def test_layer_norm_is_taken_over_the_channels_of_a_pixel():
    norm = LayerNorm2d(6).double()
    torch.nn.init.normal_(norm.weight)
    torch.nn.init.normal_(norm.bias)
    x = torch.rand(2, 6, 3, 4, dtype=torch.float64)
    pixel = x[1, :, 2, 3]
    expected = (pixel - pixel.mean()) / (pixel.var(correction=0) + 1e-6).sqrt() * norm.weight + norm.bias
    torch.testing.assert_close(norm(x)[1, :, 2, 3], expected)


def test_gradients_of_a_block_are_right():
    torch.manual_seed(2)
    block = GatedBlock(2).double()
    x = torch.rand(1, 2, 3, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(block, (x,))


def test_levels_must_match():
    with pytest.raises(ValueError, match="equally many levels"):
        JointConfig(encoder_blocks=(1, 1), decoder_blocks=(1,))


@pytest.fixture
def lively_network():
    """Every part of it shows in the frames, unlike in a fresh one."""
    torch.manual_seed(3)
    config = JointConfig(width=8, patch=2, encoder_blocks=(1, 1, 1), middle_blocks=1, decoder_blocks=(1, 1, 1))
    network = build_network(config, (4,), ()).eval().requires_grad_(False)
    for name, parameter in network.named_parameters():
        if "scale" in name:
            parameter.fill_(0.5)
    torch.nn.init.normal_(network.head.weight, std=0.02)
    return network


def test_with_windows_a_part_is_computed_as_in_the_whole_picture(lively_network):
    picture = torch.rand(1, 1, 3, 288, 304)
    picture[..., 100:180, :] *= 0.2
    part = (..., slice(80, 288), slice(48, 256))
    inner = (..., slice(96, 208), slice(96, 112))
    difference = {}
    for window in (None, 64):
        lively_network.attend_locally(window)
        difference[window] = (lively_network(picture)[part] - lively_network(picture[part]))[inner].abs().max() * 255
    assert difference[64] < 0.1 < difference[None]


def test_a_picture_within_the_window_keeps_its_one_mean(lively_network):
    picture = torch.rand(1, 1, 3, 64, 80)
    expected = lively_network(picture)
    lively_network.attend_locally(80)
    assert torch.equal(lively_network(picture), expected)
    lively_network.attend_locally(48)
    assert not torch.equal(lively_network(picture), expected)
