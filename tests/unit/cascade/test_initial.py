"""A training may start from the weights of a file."""

import pytest
import torch

from unsmear.cascade.cascade import Cascade
from unsmear.cascade.checkpoint import Checkpoint, save_stage
from unsmear.cascade.initial import start_from, start_trunk_from
from unsmear.cascade.spec import StageSpec
from unsmear.cascade.stage import Stage
from unsmear.networks.config import PublishedPairConfig
from unsmear.weights.load import shipped_weights

SPEC = StageSpec(
    name="f35", predicts=(3, 5), conditions_on=(4,), network=PublishedPairConfig(width=4, blocks=0, colour_width=2)
)


def test_weights_are_copied_and_the_rest_of_the_stage_stays(tmp_path):
    path = tmp_path / "weights.safetensors"
    save_stage(path, Checkpoint(Stage(SPEC.model_copy(update={"order": "free_per_pixel"})), 7))
    stage = Stage(SPEC, (0.5, 0.5, 0.5))
    start_from(stage, path)
    again = Stage(SPEC)
    start_from(again, path)
    assert all(map(torch.equal, stage.parameters(), again.parameters()))
    assert (stage.spec.order, stage.energy) == ("auto", (0.5, 0.5, 0.5))
    assert float(stage.input_gain[0, 0, 0]) == 2


@pytest.mark.parametrize(
    "change", [{"predicts": (2, 6)}, {"conditions_on": (2,)}, {"network": PublishedPairConfig(width=8, blocks=0)}]
)
def test_weights_of_another_network_are_refused(tmp_path, change):
    path = tmp_path / "weights.safetensors"
    save_stage(path, Checkpoint(Stage(SPEC.model_copy(update=change)), 7))
    with pytest.raises(ValueError, match=f"cannot start stage f35: its {next(iter(change))} is"):
        start_from(Stage(SPEC), path)


TRUNK = {"width": 4, "patch": 2, "encoder_blocks": [1], "middle_blocks": 1, "decoder_blocks": [1], "attention": False}
CENTER = StageSpec(name="center", predicts=(4,), network={"kind": "joint", **TRUNK})
MOTION = StageSpec(name="motion", predicts=(3, 5), conditions_on=(4,), network={"kind": "motion", **TRUNK})


def test_a_trunk_is_taken_and_sees_the_blurry_image_alone(tmp_path):
    path = tmp_path / "weights.safetensors"
    given = Stage(CENTER)
    save_stage(path, Checkpoint(given, 7))
    stage = Stage(MOTION)
    start_trunk_from(stage, path)
    pictures = torch.rand(1, 2, 3, 16, 16)
    with torch.no_grad():
        features = stage.network.features(pictures)
        torch.testing.assert_close(features, given.network.features(pictures[:, :1]))


def test_frames_that_the_other_stage_was_not_given_have_no_say_at_the_start(tmp_path):
    path = tmp_path / "weights.safetensors"
    given = Stage(MOTION)
    save_stage(path, Checkpoint(given, 7))
    stage = Stage(MOTION.model_copy(update={"name": "f26", "predicts": (2, 6), "conditions_on": (3, 4, 5)}))
    start_trunk_from(stage, path)
    blurry, third, fourth, fifth = torch.rand(4, 1, 3, 16, 16)
    with torch.no_grad():
        features = stage.network.features(torch.stack([blurry, third, fourth, fifth], dim=1))
        torch.testing.assert_close(features, given.network.features(torch.stack([blurry, fourth], dim=1)))


@pytest.mark.parametrize("network", [{"kind": "joint", **TRUNK, "width": 8}, {"kind": "joint", **TRUNK, "patch": 4}])
def test_a_trunk_of_another_size_is_refused(tmp_path, network):
    path = tmp_path / "weights.safetensors"
    for other in (StageSpec(name="center", predicts=(4,), network=network), SPEC):
        save_stage(path, Checkpoint(Stage(other), 7))
        with pytest.raises(ValueError, match="cannot start from the trunk"):
            start_trunk_from(Stage(MOTION), path)


@pytest.mark.parametrize("camera", ["standard", "masked"])
def test_weights_of_the_package_make_up_a_cascade(camera):
    cascade = Cascade.load(shipped_weights(camera))
    assert [stage.spec.name for stage in cascade.stages] == ["center", "motion"]
    assert sum(path.stat().st_size for path in shipped_weights(camera)) < 20e6
    with torch.inference_mode():
        assert torch.isfinite(cascade(torch.rand(1, 3, 33, 47))).all()
