"""The published networks against their recorded output and against an independent definition."""

import json
import zlib

import numpy as np
import pytest
import torch
from torch.nn import functional

from unsmear.cascade.cascade import Cascade
from unsmear.cascade.config import InferenceConfig
from unsmear.cascade.inference import CascadeInference
from unsmear.cascade.jin2018 import published_stages, translate_weights
from unsmear.cascade.spec import StageSpec
from unsmear.cascade.stage import Stage
from unsmear.kernels.build import VECTORS, find_compiler
from unsmear.networks.build import build_network
from unsmear.networks.center import PublishedCenter
from unsmear.networks.config import JointConfig, PublishedCenterConfig, PublishedPairConfig
from unsmear.networks.off_centre import OffCentreNetwork, find_references

NARROW_CENTER = PublishedCenterConfig(width=6, blocks=1, colour_width=5)
NARROW_PAIR = PublishedPairConfig(width=8, blocks=1, colour_width=4)


def ruled_weight(key: str, shape: list[int]) -> torch.Tensor:
    """The weights that the recorded output was computed with."""
    weight = np.random.default_rng(zlib.crc32(key.encode())).standard_normal(shape)
    if len(shape) == 4:
        weight = weight / np.sqrt(shape[1] * shape[2] * shape[3])
    else:
        weight = 1 + 0.1 * weight if key.endswith("weight") else 0.1 * weight
    return torch.from_numpy(weight.astype(np.float32))


def test_seven_frames_equal_the_recorded_ones(shared):
    keys = json.loads((shared / "golden" / "jin2018_state_dict.json").read_text())
    stages = []
    for spec in published_stages():
        stage = Stage(spec)
        released = {key: ruled_weight(key, shape) for key, shape in keys[spec.name].items()}
        stage.load_state_dict(translate_weights(released, stage))
        stages.append(stage)
    recorded = np.load(shared / "golden" / "jin2018_forward.npz")
    blurry = torch.from_numpy(recorded["blurry"])
    with torch.inference_mode():
        frames = Cascade(stages, 7).eval()(blurry)
    run = CascadeInference(Cascade(stages, 7), InferenceConfig(device="cpu"))
    assert run.kernels is (torch.backends.cpu.get_cpu_capability() in VECTORS and find_compiler() is not None)
    for found in (frames, run(blurry)):
        assert found.dtype == torch.float32
        for number in range(1, 8):
            np.testing.assert_allclose(found[:, number - 1], recorded[f"frame{number}"], rtol=0, atol=1e-4)


@pytest.mark.parametrize(("name", "millions"), [("center", 4.972), ("f35", 7.869), ("f26", 2.686), ("f17", 2.686)])
def test_published_sizes_have_the_published_number_of_parameters(name, millions):
    spec = next(spec for spec in published_stages() if spec.name == name)
    with torch.device("meta"):
        network = build_network(spec.network, spec.predicts, spec.conditions_on)
    assert sum(p.numel() for p in network.parameters()) / 1e6 == pytest.approx(millions, abs=5e-4)


@pytest.mark.parametrize(
    ("predicts", "conditions_on", "expected"),
    [
        ((3, 5), (4,), ((4, 4), (3, 4))),
        ((2, 6), (3, 4, 5), ((4, 3), (4, 5))),
        ((1, 7), (2, 3, 5, 6), ((3, 2), (5, 6))),
        ((2, 4), (3,), ((3, 3), (2, 3))),
        ((1, 5), (2, 3, 4), ((3, 2), (3, 4))),
        ((1, 9), (2, 3, 4, 5, 6, 7, 8), ((3, 2), (7, 8))),
        ((1, 9), (8, 2, 7, 3), ((3, 2), (7, 8))),
        # Two equally near on either side: mirrored frames get mirrored references.
        ((3, 7), (2, 4, 6, 8), ((2, 4), (8, 6))),
    ],
)
def test_references_are_the_two_nearest_frames(predicts, conditions_on, expected):
    assert find_references(predicts, conditions_on) == expected


def test_trunk_does_not_mix_colours():
    """Without the head, a change of one colour changes that colour alone."""
    torch.manual_seed(0)
    network = PublishedCenter(NARROW_CENTER)
    blurry = torch.rand(2, 1, 3, 16, 12)
    changed = blurry.clone()
    changed[:, :, 1] += torch.rand(2, 1, 16, 12)
    seen = []
    network.head.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    network(blurry), network(changed)
    moved = (seen[0] - seen[1]).abs().amax(dim=(0, 2, 3))
    assert moved[1] > 1e-3
    assert moved[0] == moved[2] == 0


def slow_norm(x, norm):
    mean = x.mean(dim=(2, 3), keepdim=True)
    variance = ((x - mean) ** 2).mean(dim=(2, 3), keepdim=True)
    return (x - mean) / (variance + 1e-5).sqrt() * norm.weight[:, None, None] + norm.bias[:, None, None]


def slow_two_path(x, block):
    near = functional.conv2d(slow_norm(x, block.norm_point).clamp(min=0), block.point.weight)
    return near + functional.conv2d(slow_norm(x, block.norm_first).clamp(min=0), block.first.weight, padding=1)


def slow_residual(x, block, first, second):
    near = functional.conv2d(slow_norm(x, block.norm_point).clamp(min=0), block.point.weight)
    wide = slow_norm(x, block.norm_first).clamp(min=0)
    wide = functional.conv2d(wide, block.first.weight, padding=first, dilation=first)
    wide = slow_norm(wide, block.norm_second).clamp(min=0)
    return x + near + functional.conv2d(wide, block.second.weight, padding=second, dilation=second)


def test_off_centre_network_follows_its_definition_one_colour_at_a_time():
    torch.manual_seed(1)
    config = PublishedPairConfig(width=8, blocks=2, colour_width=4, patch=3)
    network = OffCentreNetwork(config).double()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, 0.3, 0.4)
    blurry, first, second = torch.rand(3, 2, 3, 12, 15, dtype=torch.float64)
    dilations = [[(1, 1)] * 2, [(1, 2), (4, 8), (8, 4), (2, 1)], [(1, 1)] * 2]
    planes = []
    for colour in range(3):
        folded = [functional.pixel_unshuffle(p[:, colour : colour + 1], 3) for p in (blurry, first, second)]
        entries = (network.enter_blurry, network.enter_first, network.enter_second)
        x = torch.cat([functional.conv2d(f, e.weight, padding=2) for f, e in zip(folded, entries, strict=True)], dim=1)
        total = folded[2]
        for group, fuse, pairs in zip(network.trunk.groups, network.trunk.fuses, dilations, strict=True):
            for block, (d1, d2) in zip(group, pairs, strict=True):
                x = slow_residual(x, block, d1, d2)
            total = total + slow_two_path(x, fuse)
        planes.append(functional.pixel_shuffle(total, 3))
    head = network.head
    x = slow_two_path(functional.conv2d(torch.cat(planes, dim=1), head.enter.weight, padding=1), head.block)
    expected = second + functional.conv2d(slow_norm(x, head.norm).clamp(min=0), head.leave.weight, padding=1)
    torch.testing.assert_close(network(blurry, first, second), expected, rtol=1e-10, atol=1e-10)


def test_shared_network_at_once_equals_one_frame_after_the_other():
    torch.manual_seed(2)
    network = build_network(NARROW_PAIR, (2, 6), (3, 4, 5)).double()
    assert len(network.networks) == 1
    pictures = torch.rand(2, 4, 3, 20, 15, dtype=torch.float64)
    blurry, third, fourth, fifth = pictures.unbind(1)
    frames = network(pictures)
    torch.testing.assert_close(frames[:, 0], network.networks[0](blurry, fourth, third))
    torch.testing.assert_close(frames[:, 1], network.networks[0](blurry, fourth, fifth))


def test_second_frame_of_a_pair_is_given_the_first():
    torch.manual_seed(3)
    network = build_network(NARROW_PAIR.model_copy(update={"sharing": False}), (3, 5), (4,)).double()
    assert len(network.networks) == 2
    # Sides that 5 does not divide: each network pads what it is given by reflection.
    blurry, middle = torch.rand(2, 1, 3, 13, 17, dtype=torch.float64)
    frames = network(torch.stack((blurry, middle), dim=1))
    padded = [functional.pad(p, (0, 3, 0, 2), mode="reflect") for p in (blurry, middle, frames[:, 0])]
    third = network.networks[0](padded[0], padded[1], padded[1])[..., :13, :17]
    fifth = network.networks[1](padded[0], padded[2], padded[1])[..., :13, :17]
    torch.testing.assert_close(frames[:, 0], third)
    torch.testing.assert_close(frames[:, 1], fifth)


@pytest.mark.parametrize("height, width", [(1, 1), (3, 2), (5, 40), (21, 33)])
def test_narrow_published_cascade_takes_any_size_and_batch(height, width):
    torch.manual_seed(4)
    pair = NARROW_PAIR
    specs = (
        StageSpec(name="center", predicts=(3,), network=NARROW_CENTER),
        StageSpec(name="inner", predicts=(2, 4), conditions_on=(3,), network=pair),
        StageSpec(name="outer", predicts=(1, 5), conditions_on=(2, 3, 4), network=pair),
    )
    cascade = Cascade([Stage(spec) for spec in specs], 5).eval()
    blurry = torch.rand(3, 3, height, width)
    with torch.inference_mode():
        frames = cascade(blurry)
        alone = cascade(blurry[1:2])
    assert frames.shape == (3, 5, 3, height, width)
    assert torch.isfinite(frames).all()
    torch.testing.assert_close(frames[1:2], alone, rtol=0, atol=1e-5)


def test_every_parameter_learns():
    torch.manual_seed(5)
    for config, predicts, given in ((NARROW_CENTER, (4,), ()), (NARROW_PAIR, (3, 5), (4,))):
        network = build_network(config, predicts, given)
        network(torch.rand(2, 1 + len(given), 3, 20, 20)).square().sum().backward()
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


@pytest.mark.parametrize(
    ("config", "predicts", "given", "text"),
    [
        (NARROW_CENTER, (3, 5), (), "one frame"),
        (NARROW_CENTER, (4,), (3,), "from the blurry image alone"),
        (NARROW_PAIR, (3, 5), (), "fill conditions_on"),
    ],
)
def test_network_in_a_place_that_it_cannot_serve_is_refused(config, predicts, given, text):
    with pytest.raises(ValueError, match=text):
        build_network(config, predicts, given)
    with pytest.raises(ValueError, match=text):
        StageSpec(name="stage", predicts=predicts, conditions_on=given, network=config)


def test_kind_chooses_the_family_and_joint_is_the_default():
    assert StageSpec(name="a", predicts=(1,), network={"width": 8}).network == JointConfig(width=8)
    spec = StageSpec(name="a", predicts=(1, 3), conditions_on=(2,), network={"kind": "published_pair", "blocks": 1})
    assert spec.network == PublishedPairConfig(blocks=1)
    with pytest.raises(ValueError, match="published_pair"):
        StageSpec(name="a", predicts=(1,), network={"kind": "other"})
    with pytest.raises(ValueError, match="multiple of 4"):
        PublishedPairConfig(width=10)
