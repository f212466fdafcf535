"""A training may start from the weights of a file."""

import pytest
import torch

from unsmear.cascade.checkpoint import Checkpoint, save_stage
from unsmear.cascade.initial import start_from
from unsmear.cascade.spec import StageSpec
from unsmear.cascade.stage import Stage
from unsmear.networks.config import PublishedPairConfig

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
