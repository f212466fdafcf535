"""Accelerated networks compute what they computed before."""

import copy
import os
import subprocess
import sys

import pytest
import torch

from unsmear.kernels.accelerate import accelerate
from unsmear.kernels.convolution import load_kernels


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


@pytest.mark.parametrize("chosen", [(12, 5), (16, 16, "joint")])
def test_networks_that_the_kernels_do_not_serve_stay_as_they_are(make_cascade, chosen):
    if chosen[0] % load_kernels().lanes() == 0 and "joint" not in chosen:
        pytest.skip("the vectors of this processor are so short that they serve any width")
    cascade = make_cascade(*chosen)
    assert accelerate(cascade) == 0
    with torch.inference_mode():
        assert torch.isfinite(cascade(torch.rand(1, 3, 16, 16))).all()


COMPARE = """
import torch
from unsmear.kernels.accelerate import accelerate
from unsmear.kernels.convolution import load_kernels
from unsmear.networks.build import build_network
from unsmear.networks.config import PublishedCenterConfig
network = build_network(PublishedCenterConfig(width=32, blocks=1, colour_width=16), (4,), ())
pictures = torch.rand(2, 1, 3, 40, 44)
with torch.inference_mode():
    expected = network(pictures)
    assert accelerate(network) == 14
    print(float((network(pictures) - expected).abs().max()), load_kernels().lanes())
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
