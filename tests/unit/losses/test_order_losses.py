"""Reconstruction losses and the order in which they compare."""

import pytest
import torch

from unsmear.losses.reconstruction import RECONSTRUCTION_LOSSES, charbonnier, l1, log_mse, mse
from unsmear.losses.temporal_order import find_reversed, free_per_pixel, free_per_sample, reverse_samples

LOSSES = list(RECONSTRUCTION_LOSSES.values())


@pytest.fixture
def pair():
    torch.manual_seed(0)
    return torch.rand(2, 4, 2, 3, 5, 6, dtype=torch.float64).unbind(0)


def test_values_are_those_of_the_definitions():
    predicted = torch.tensor([[0.0, 0.5], [1.0, 1.0]])
    truth = torch.tensor([[0.5, 0.5], [0.0, 1.0]])
    torch.testing.assert_close(mse(predicted, truth), torch.tensor([0.125, 0.5]))
    torch.testing.assert_close(l1(predicted, truth), torch.tensor([0.25, 0.5]))
    expected = [((0.25 + 1e-6) ** 0.5 + 1e-3) / 2, ((1 + 1e-6) ** 0.5 + 1e-3) / 2]
    torch.testing.assert_close(charbonnier(predicted, truth), torch.tensor(expected))
    torch.testing.assert_close(log_mse(predicted, truth), torch.log(torch.tensor([0.1251, 0.5001])))


@pytest.mark.parametrize("loss", LOSSES)
def test_one_value_a_sample_zero_difference_is_least_and_gradients_are_right(loss, pair):
    predicted, truth = pair
    whole = loss(predicted, truth)
    assert whole.shape == (4,)
    torch.testing.assert_close(loss(predicted[2:3], truth[2:3]), whole[2:3])
    assert (loss(truth, truth) < whole).all()
    small = predicted[:2, :, :, :2, :2].clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: loss(x, truth[:2, :, :, :2, :2]), (small,))


@pytest.mark.parametrize("loss", LOSSES)
def test_true_order_is_not_blind_to_a_swap(loss, pair):
    predicted, truth = pair
    assert not torch.isclose(loss(predicted.flip(1), truth), loss(predicted, truth)).any()


@pytest.mark.parametrize("loss", LOSSES)
def test_free_per_sample_is_blind_to_a_swap_of_either_side(loss, pair):
    predicted, truth = pair
    value = free_per_sample(loss, predicted, truth)
    torch.testing.assert_close(free_per_sample(loss, predicted.flip(1), truth), value)
    torch.testing.assert_close(free_per_sample(loss, predicted, truth.flip(1)), value)
    assert (value <= loss(predicted, truth)).all()


def test_free_per_pixel_is_blind_to_a_swap_even_of_single_pixels(pair):
    predicted, truth = pair
    value = free_per_pixel(predicted, truth)
    assert value.shape == (4,)
    torch.testing.assert_close(free_per_pixel(predicted.flip(1), truth), value)
    torch.testing.assert_close(free_per_pixel(predicted, truth.flip(1)), value)
    some = torch.rand(4, 1, 3, 5, 6) < 0.5
    mixed = torch.where(some, predicted.flip(1), predicted)
    torch.testing.assert_close(free_per_pixel(mixed, truth), value)
    # A loss with one choice a picture sees that the directions are mixed.
    half = torch.where(some, truth.flip(1), truth)
    assert (free_per_sample(mse, half, truth) > 0.01).all()
    torch.testing.assert_close(free_per_pixel(half, truth), torch.zeros(4, dtype=torch.float64))


def test_free_per_pixel_has_the_published_value():
    predicted = torch.tensor([0.7, 0.2]).reshape(1, 2, 1, 1, 1)
    truth = torch.tensor([0.1, 0.5]).reshape(1, 2, 1, 1, 1)
    # | 0.9 - 0.6 | + | 0.5 - 0.4 |
    torch.testing.assert_close(free_per_pixel(predicted, truth), torch.tensor([0.4]))


def test_gradients_of_the_free_losses_are_right(pair):
    predicted, truth = (tensor[:2, :, :, :2, :2].clone() for tensor in pair)
    predicted.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: free_per_pixel(x, truth), (predicted,))
    assert torch.autograd.gradcheck(lambda x: free_per_sample(mse, x, truth), (predicted,))


def test_free_per_sample_chooses_for_each_sample_by_itself():
    torch.manual_seed(1)
    truth = torch.rand(3, 2, 3, 4, 4)
    predicted = truth.clone()
    predicted[1] = truth[1].flip(0)
    assert torch.equal(free_per_sample(mse, predicted, truth), torch.zeros(3))


def test_follow_turns_the_truth_of_those_samples_whose_frozen_frames_run_backwards():
    torch.manual_seed(2)
    truth = torch.rand(4, 7, 3, 6, 6)
    backwards = torch.tensor([False, True, True, False])
    ran = torch.where(backwards.reshape(-1, 1, 1, 1, 1), truth.flip(1), truth)
    known = {frame: ran[:, frame - 1] + 0.05 * torch.randn(4, 3, 6, 6) for frame in (3, 4, 5)}
    assert torch.equal(reverse_samples(truth, find_reversed(truth, known)), ran)
    # The middle says nothing about the direction: the truth stays as it is.
    assert torch.equal(reverse_samples(truth, find_reversed(truth, {4: known[4]})), truth)


def test_follow_weighs_all_known_frames():
    """One frame may be nearer to the wrong side when the others together are not."""
    truth = torch.arange(5.0).reshape(1, 5, 1, 1, 1).expand(1, 5, 3, 2, 2) / 4
    near = {1: truth[:, 1] + 0.3, 2: truth[:, 1], 4: truth[:, 3], 5: truth[:, 4]}
    assert torch.equal(reverse_samples(truth, find_reversed(truth, near)), truth)
    assert torch.equal(reverse_samples(truth, find_reversed(truth, {1: near[1]})), truth.flip(1))
