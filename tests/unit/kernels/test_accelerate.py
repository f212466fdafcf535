"""Accelerated networks compute what they computed before."""

import copy
import os
import subprocess
import sys

import pytest
import torch

from unsmear.kernels.accelerate import accelerate
from unsmear.kernels.convolution import load_kernels
from unsmear.networks.config import MotionConfig
from unsmear.networks.joint import Enlarge, GatedBlock, Stem
from unsmear.networks.motion import MotionNetwork


@pytest.mark.parametrize("size", [(1, 16, 16), (2, 21, 30), (1, 64, 50), (3, 40, 41)])
@pytest.mark.parametrize("channels_last", [False, True])
def test_cascade_gives_the_same_frames(make_cascade, size, channels_last):
    cascade = make_cascade(32, 16)
    fast = copy.deepcopy(cascade)
    # Trunk and fusing blocks, the head's block and the head itself.
    assert accelerate(fast) == (8 + 4 + 1 + 1) + 2 * (6 + 3 + 1 + 1)
    blurry = torch.rand(size[0], 3, *size[1:])
    if channels_last:
        fast.to(memory_format=torch.channels_last)
        blurry = blurry.contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        torch.testing.assert_close(fast(blurry), cascade(blurry), rtol=0, atol=1e-4)


def test_gradients_are_as_before(make_cascade):
    cascade = make_cascade(16, 16)
    fast = copy.deepcopy(cascade)
    accelerate(fast)
    blurry = torch.rand(1, 3, 20, 20)
    for network in (cascade, fast):
        network(blurry).square().sum().backward()
    for (name, expected), found in zip(cascade.named_parameters(), fast.parameters(), strict=True):
        assert torch.equal(found.grad, expected.grad), name
    assert cascade.state_dict().keys() == fast.state_dict().keys()


def test_other_precisions_are_as_before(make_cascade):
    cascade = make_cascade(16, 16).double()
    fast = copy.deepcopy(cascade)
    accelerate(fast)
    blurry = torch.rand(1, 3, 20, 20, dtype=torch.float64)
    with torch.inference_mode():
        assert torch.equal(fast(blurry), cascade(blurry))


@pytest.mark.parametrize("channels", [8, 20, 24, 48])
@pytest.mark.parametrize("size", [(2, 1, 1), (1, 5, 131), (1, 70, 64), (2, 17, 66)])
def test_gated_blocks_give_the_same_maps(channels, size):
    torch.manual_seed(0)
    block = GatedBlock(channels, attention=False)
    with torch.inference_mode():
        for parameter in block.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
        maps = torch.randn(size[0], channels, *size[1:]) + 3
        expected = block(maps)
        assert accelerate(block) == 1
        for order in (torch.contiguous_format, torch.channels_last):
            torch.testing.assert_close(block(maps.contiguous(memory_format=order)), expected, rtol=1e-5, atol=2e-5)


@pytest.mark.parametrize(("patch", "size"), [(2, (1, 2, 60)), (4, (2, 40, 36))])
def test_frames_are_moved_as_before(patch, size):
    torch.manual_seed(0)
    config = MotionConfig(
        width=8, patch=patch, encoder_blocks=(1,), middle_blocks=0, decoder_blocks=(0,), attention=False
    )
    network, references = MotionNetwork(2, (1, 0, 1), config), 3
    pictures = torch.rand(size[0], 2, 3, *size[1:])
    maps = torch.randn(size[0], references * (2 + 3 * patch**2), size[1] // patch, size[2] // patch)
    with torch.inference_mode():
        expected = network.move(pictures, maps)
        assert accelerate(network) == 4
        torch.testing.assert_close(network.move(pictures, maps), expected, rtol=0, atol=1e-4)
        assert network.predict_motion(torch.rand(1, 2, 3, 8, 16))[1].shape == (1, 3, 2, 8 // patch, 16 // patch)


@pytest.mark.parametrize("order", [torch.contiguous_format, torch.channels_last])
def test_enlarging_gives_the_same_maps(order):
    layer, maps = Enlarge(12), torch.randn(2, 12, 5, 7).contiguous(memory_format=order)
    finer = torch.randn(2, 6, 10, 14).contiguous(memory_format=order)
    with torch.inference_mode():
        expected = layer(maps, finer)
        assert accelerate(layer) == 1
        torch.testing.assert_close(layer(maps, finer), expected)


@pytest.mark.parametrize("patch", [1, 2, 4])
def test_stems_give_the_same_maps(patch):
    layer, pictures = Stem(6, 8, patch), torch.randn(2, 6, 12, 20)
    with torch.inference_mode():
        expected = layer(pictures)
        assert accelerate(layer) == 1
        torch.testing.assert_close(layer(pictures), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("chosen", "served"), [((12, 5), 0), ((16, 16, "joint"), 4)])
def test_what_the_kernels_do_not_serve_stays_as_it_is(make_cascade, chosen, served):
    if chosen[0] % load_kernels().lanes() == 0 and "joint" not in chosen:
        pytest.skip("the vectors of this processor are so short that they serve any width")
    cascade = make_cascade(*chosen)
    # Of joint networks with attention, what begins them and what enlarges maps.
    assert accelerate(cascade) == served
    with torch.inference_mode():
        assert torch.isfinite(cascade(torch.rand(1, 3, 16, 16))).all()


COMPARE = """
import torch
from unsmear.kernels.accelerate import accelerate
from unsmear.kernels.convolution import load_kernels
from unsmear.networks.build import build_network
from unsmear.networks.config import PublishedCenterConfig
from unsmear.networks.joint import GatedBlock
network = build_network(PublishedCenterConfig(width=32, blocks=1, colour_width=16), (4,), ())
pictures = torch.rand(2, 1, 3, 40, 44)
with torch.inference_mode():
    expected = network(pictures)
    assert accelerate(network) == 14
    difference = (network(pictures) - expected).abs().max()
    block, maps = GatedBlock(24, attention=False), torch.rand(1, 24, 9, 70)
    expected = block(maps)
    assert accelerate(block) == 1
    print(float(torch.maximum(difference, (block(maps) - expected).abs().max())), load_kernels().lanes())
"""


@pytest.mark.parametrize(("capability", "lanes"), [("default", 4), ("avx2", 8), ("avx512", 16)])
def test_processors_with_shorter_vectors(capability, lanes):
    available = torch.backends.cpu.get_cpu_capability()
    order = ["DEFAULT", "AVX2", "AVX512"]
    if available not in order or order.index(available) < order.index(capability.upper()):
        pytest.skip(f"this processor has {available}")
    environment = {**os.environ, "ATEN_CPU_CAPABILITY": capability}
    run = subprocess.run([sys.executable, "-c", COMPARE], env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    difference, found = run.stdout.split()
    assert float(difference) < 5e-5
    assert int(found) == lanes
