"""The perceptual distance beside the reconstruction loss, for every order of the truth."""

from __future__ import annotations

import pytest
import torch

from unsmear.cascade.spec import StageSpec
from unsmear.cascade.stage import Stage
from unsmear.losses.reconstruction import l1
from unsmear.losses.temporal_order import free_per_pixel
from unsmear.training.objective import Objective, Prediction

WEIGHT = 3.0


@pytest.fixture
def pair():
    torch.manual_seed(0)
    truth = torch.rand(4, 2, 3, 8, 8)
    predicted = truth + 0.1 * torch.randn_like(truth)
    # Two of the four samples run backwards.
    predicted[:2] = predicted[:2].flip(1)
    return predicted, truth


def features(predicted, truth):
    """A distance of blurred pictures, like that of features."""
    pooled = [torch.nn.functional.avg_pool3d(x, (1, 4, 4)) for x in (predicted, truth)]
    return (pooled[0] - pooled[1]).square().flatten(1).mean(dim=1)


def objective(order, perceptual=features):
    stage = Stage(StageSpec(name="f35", predicts=(3, 5), conditions_on=(4,)))
    return Objective(stage, (), order, "l1", perceptual=perceptual, perceptual_weight=WEIGHT)


def check_sum(terms, name):
    torch.testing.assert_close(terms["loss"], terms[name] + WEIGHT * terms["perceptual"])


def test_true_order_adds_the_weighted_distance(pair):
    terms = objective("true").terms(Prediction(*pair))
    torch.testing.assert_close(terms["loss"], l1(*pair) + WEIGHT * features(*pair))
    check_sum(terms, "l1")
    plain = objective("true", None).terms(Prediction(*pair))
    assert set(plain) == {"l1", "loss"} and torch.equal(plain["loss"], l1(*pair))


def test_free_per_sample_chooses_one_direction_for_both_terms(pair):
    predicted, truth = pair
    right = truth.clone()
    right[:2] = truth[:2].flip(1)
    expected = l1(predicted, right) + WEIGHT * features(predicted, right)
    terms = objective("free_per_sample").terms(Prediction(predicted, truth))
    torch.testing.assert_close(terms["loss"], expected)
    check_sum(terms, "l1")
    torch.testing.assert_close(
        objective("free_per_sample").terms(Prediction(predicted.flip(1), truth))["loss"], expected
    )


def test_free_per_pixel_compares_features_in_the_nearer_direction_of_the_picture(pair):
    predicted, truth = pair
    right = truth.clone()
    right[:2] = truth[:2].flip(1)
    expected = free_per_pixel(predicted, truth) + WEIGHT * features(predicted, right)
    terms = objective("free_per_pixel").terms(Prediction(predicted, truth))
    torch.testing.assert_close(terms["loss"], expected)
    check_sum(terms, "free_per_pixel")
    torch.testing.assert_close(
        objective("free_per_pixel").terms(Prediction(predicted.flip(1), truth))["loss"], expected
    )
