"""The kernels against the same layers in float64."""

import pytest
import torch
from torch.nn import functional

from unsmear.kernels.convolution import NormalisedConvolution, Statistics, is_direct_cheaper
from unsmear.networks.blocks import InstanceNorm, convolve


def make_layers(inputs, outputs, size, dilation):
    torch.manual_seed(inputs + outputs)
    norm, convolution = InstanceNorm(inputs), convolve(inputs, outputs, size, dilation)
    torch.nn.init.normal_(norm.weight, 1, 0.1)
    torch.nn.init.normal_(norm.bias, 0, 0.3)
    return norm, convolution


def exact(maps, norm, convolution, add=None):
    x = maps.permute(0, 3, 1, 2).double()
    scale, shift = norm.weight.double()[:, None, None], norm.bias.double()[:, None, None]
    variance, mean = torch.var_mean(x, (2, 3), correction=0, keepdim=True)
    active = torch.relu((x - mean) / torch.sqrt(variance + 1e-5) * scale + shift)
    result = functional.conv2d(
        active, convolution.weight.double(), padding=convolution.padding, dilation=convolution.dilation
    ).permute(0, 2, 3, 1)
    return result if add is None else result + add


def check(batch, height, width, inputs, outputs, size, dilation, threads=2):
    norm, convolution = make_layers(inputs, outputs, size, dilation)
    maps = torch.randn(batch, height, width, inputs) * 3 + 1
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with torch.inference_mode():
            fast, statistics = NormalisedConvolution(norm, convolution), Statistics(maps)
            found = fast(maps, statistics)
            add = torch.randn_like(found)
            added = fast(maps, statistics, add)
    finally:
        torch.set_num_threads(before)
    with torch.no_grad():
        torch.testing.assert_close(found.double(), exact(maps, norm, convolution), rtol=0, atol=3e-5)
        torch.testing.assert_close(added.double(), exact(maps, norm, convolution, add), rtol=0, atol=3e-5)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 9), (2, 3), (4, 4), (5, 7), (13, 20), (37, 24), (60, 33)])
@pytest.mark.parametrize(("size", "dilation"), [(1, 1), (3, 1), (3, 2), (3, 4), (3, 8)])
def test_maps_of_any_size_and_dilation(height, width, size, dilation):
    check(2, height, width, 32, 32, size, dilation)


@pytest.mark.parametrize(("inputs", "outputs"), [(16, 1), (16, 16), (32, 3), (48, 48), (64, 25), (144, 144)])
@pytest.mark.parametrize("size", [1, 3])
def test_any_number_of_outputs(inputs, outputs, size):
    check(1, 10, 11, inputs, outputs, size, 2)


@pytest.mark.parametrize("threads", [1, 3, 7])
@pytest.mark.parametrize(("size", "dilation"), [(1, 1), (3, 1), (3, 8)])
def test_any_number_of_threads_and_samples(size, dilation, threads):
    check(5, 9, 8, 16, 32, size, dilation, threads)


@pytest.mark.parametrize("pixels", [(1, 1), (3, 5), (16, 8), (40, 41)])
def test_statistics_of_planes_far_from_zero(pixels):
    maps = torch.randn(2, *pixels, 32) * 0.5 + torch.linspace(-300, 300, 32)
    found = Statistics(maps)
    variance, mean = torch.var_mean(maps.double(), (1, 2), correction=0)
    torch.testing.assert_close(found.means.double(), mean, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(found.deviations.double(), torch.sqrt(variance + 1e-5), rtol=1e-5, atol=1e-6)


def test_what_is_not_a_number_is_not_hidden():
    norm, convolution = make_layers(16, 16, 3, 1)
    maps = torch.randn(2, 6, 6, 16)
    maps[1, 2, 2, 3] = torch.nan
    with torch.inference_mode():
        found = NormalisedConvolution(norm, convolution)(maps, Statistics(maps))
    assert torch.isfinite(found[0]).all() and torch.isnan(found[1]).all()


@pytest.mark.parametrize(
    ("height", "width", "dilation", "direct"),
    # 13 x 13 pixels 8 apart: (13 + 5 + 5)^2 = 529 products by taps, 64 tiles of 36 otherwise.
    [(13, 13, 8, True), (20, 20, 1, False), (20, 20, 8, True), (52, 52, 8, False), (1, 1, 2, True)],
)
def test_cheaper_way_is_chosen_by_its_multiplications(height, width, dilation, direct):
    assert is_direct_cheaper(height, width, dilation) is direct
