"""Views of a picture, mirrored and turned, whose predictions are averaged."""

import numpy as np
import pytest
import torch

from unsmear.cascade.cascade import Cascade
from unsmear.cascade.checkpoint import Checkpoint, load_stage, save_stage
from unsmear.cascade.config import InferenceConfig
from unsmear.cascade.inference import CascadeInference
from unsmear.cascade.self_ensemble import SYMMETRIES, VIEWS, choose_views, mean_over_views
from unsmear.cascade.spec import StageSpec
from unsmear.cascade.stage import Stage
from unsmear.networks.config import JointConfig

JOINT = JointConfig(width=4, patch=2, encoder_blocks=(1, 1), middle_blocks=1, decoder_blocks=(1, 1))


def make_cascade(symmetries=SYMMETRIES):
    torch.manual_seed(0)
    specs = (
        StageSpec(name="center", predicts=(2,), network=JOINT),
        StageSpec(name="pair", predicts=(1, 3), conditions_on=(2,), network=JOINT),
    )
    cascade = Cascade([Stage(spec, symmetries=symmetries) for spec in specs], 3).eval()
    for parameter in cascade.parameters():
        parameter.data += 0.05 * torch.randn_like(parameter)
    return cascade


def run(cascade, blurry, number):
    options = InferenceConfig(device="cpu", compile=False, kernels=False, self_ensemble=number)
    return CascadeInference(cascade, options)(blurry)


def eight_views(blurry):
    """Every quarter turn of the picture and of its mirror image, with the way back."""
    for quarters in range(4):
        yield torch.rot90(blurry, quarters, (-2, -1)), lambda x, n=quarters: torch.rot90(x, -n, (-2, -1))
        yield (
            torch.rot90(blurry.flip(-1), quarters, (-2, -1)),
            lambda x, n=quarters: torch.rot90(x, -n, (-2, -1)).flip(-1),
        )


def test_the_middle_frame_is_the_mean_over_the_eight_turns_and_mirrors():
    cascade, blurry = make_cascade(), torch.rand(2, 3, 16, 16)
    with torch.no_grad():
        expected = torch.stack([back(cascade.stages[0](view, {}).frames) for view, back in eight_views(blurry)]).mean(0)
        single = cascade.stages[0](blurry, {}).frames
    found = run(cascade, blurry, 8)[:, 1:2]
    assert (expected - single).abs().max() > 0.01  # or averaging would show nothing
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


def test_other_stages_go_on_from_the_mean_and_are_not_averaged():
    cascade, blurry = make_cascade(), torch.rand(1, 3, 16, 24)
    frames = run(cascade, blurry, 8)
    with torch.no_grad():
        pair = cascade.stages[1](blurry, {2: frames[:, 1]}).frames
    torch.testing.assert_close(frames[:, [0, 2]], pair, rtol=0, atol=1e-5)
    assert len(cascade.stages[1].views) == 1


@pytest.mark.parametrize("number", [2, 4, 8])
def test_a_prediction_of_any_size_turns_with_its_picture(number):
    cascade = make_cascade()
    stride = int(cascade.stages[0].network.stride)
    assert stride > 2
    blurry = torch.rand(1, 3, 2 * stride, 3 * stride)
    plain = run(cascade, blurry, number)[:, 1]
    turned = run(cascade, blurry.flip((-2, -1)), number)[:, 1].flip((-2, -1))
    torch.testing.assert_close(turned, plain, rtol=0, atol=1e-5)
    odd = torch.rand(1, 3, 2 * stride + 1, 3 * stride - 1)
    assert run(cascade, odd, number).shape == (1, 3, 3, *odd.shape[-2:])


def test_one_view_is_the_cascade_as_it_is():
    cascade, blurry = make_cascade(), torch.rand(1, 3, 13, 14)
    with torch.no_grad():
        expected = cascade(blurry)
    torch.testing.assert_close(run(cascade, blurry, 1), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("symmetries", "most"), [((), 1), (("mirror_x",), 2), (("mirror_x", "mirror_y"), 4)])
def test_views_that_the_camera_does_not_allow_are_left_out(symmetries, most, tmp_path):
    assert len(choose_views(8, symmetries)) == most
    stage = make_cascade().stages[0]
    path = tmp_path / "weights.safetensors"
    save_stage(path, Checkpoint(stage, 3, {"name": "odd", "symmetries": sorted(symmetries)}))
    assert load_stage(path).stage.symmetries == frozenset(symmetries)
    cascade = make_cascade(symmetries)
    run(cascade, torch.rand(1, 3, 16, 16), 8)
    assert [len(stage.views) for stage in cascade.stages] == [most, 1]


def test_no_two_views_show_the_same_and_each_comes_back():
    picture, seen = torch.rand(1, 1, 3, 4, 4), []
    for view in VIEWS:
        torch.testing.assert_close(mean_over_views(lambda x: seen.append(x) or x, picture, [view]), picture)
    assert len({np.ascontiguousarray(x.numpy()).tobytes() for x in seen}) == 8
    torch.testing.assert_close(seen[1], torch.rot90(picture, 2, (-2, -1)))


def test_a_cascade_without_a_stage_of_the_middle_frame_alone_is_refused():
    whole = Cascade([Stage(StageSpec(name="all", predicts=(1, 2, 3), network=JOINT))], 3)
    with pytest.raises(ValueError, match=r"self_ensemble is 4.*middle frame alone.*set it to 1"):
        CascadeInference(whole, InferenceConfig(device="cpu", self_ensemble=4))
