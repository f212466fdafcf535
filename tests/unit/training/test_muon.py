"""Muon: orthogonal steps of matrices, AdamW for the rest, and a state that resumes exactly."""

import copy

import pytest
import torch
from torch import nn

from unsmear.training.config import Hparams
from unsmear.training.muon import Muon, orthogonalise
from unsmear.training.optimizer import make_optimizer


@pytest.mark.parametrize("shape", [(3, 8, 8), (2, 6, 40), (2, 40, 6)])
def test_singular_values_become_one_and_vectors_stay(shape):
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(1)) * 1e-3
    u, sizes, v = torch.linalg.svd(matrices, full_matrices=False)
    found = u.mT @ orthogonalise(matrices) @ v.mT
    values = torch.diagonal(found, dim1=1, dim2=2)
    kept = sizes / sizes.max() > 0.02
    assert values[kept].min() > 0.6 and values.max() < 1.3
    torch.testing.assert_close(found - torch.diag_embed(values), torch.zeros_like(found), atol=1e-4, rtol=0)


def test_multiplies_in_bfloat16_inside_autocast_alone():
    matrices = torch.randn((2, 6, 40), generator=torch.Generator().manual_seed(1))
    exact = orthogonalise(matrices)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = orthogonalise(matrices)
    assert rounded.dtype == exact.dtype == torch.float32
    assert 1e-4 < (rounded - exact).abs().max() < 0.02


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 1), nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.Conv2d(8, 3, 1)).to(
        memory_format=torch.channels_last
    )


def train(net, optimizer, steps, first=0):
    for step in range(first, first + steps):
        x = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(step))
        optimizer.zero_grad()
        loss = (net(x) - x.flip(1)).square().mean()
        loss.backward()
        optimizer.step()
    return float(loss.detach())


def test_depthwise_kernels_and_biases_move_as_by_adamw():
    nets = network(), network()
    for net, kind in zip(nets, ("muon", "adamw"), strict=True):
        train(net, make_optimizer(net, Hparams(optimizer=kind, learning_rate=0.01)), 1)
    for (name, ours), adams in zip(nets[0].named_parameters(), nets[1].parameters(), strict=True):
        same = torch.allclose(ours, adams, atol=1e-6)
        assert same == (name not in ("0.weight", "2.weight"))


def test_goes_on_exactly_from_a_saved_state():
    whole, part = network(), network()
    optimizer = Muon(whole.parameters(), 0.01, weight_decay=0.1)
    train(whole, optimizer, 6)
    before = Muon(part.parameters(), 0.01, weight_decay=0.1)
    train(part, before, 3)
    saved = copy.deepcopy(before.state_dict())
    after = Muon(part.parameters(), 0.01, weight_decay=0.1)
    after.load_state_dict(saved)
    train(part, after, 3, first=3)
    for ours, theirs in zip(whole.parameters(), part.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_it_trains():
    net = network()
    optimizer = Muon(net.parameters(), 0.02)
    first = train(net, optimizer, 1)
    assert train(net, optimizer, 80, first=1) < 0.1 * first
