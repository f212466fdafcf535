from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from snakemake.utils import update_config

from unsmear.config import load_config
from unsmear.plan.checks import check_robustness, check_training_files
from unsmear.schema import config_schema

# The published table, on which more can be wrong than on the default one.
STAGES = [
    {"name": "center", "predicts": [4], "training": {"steps": 1400}},
    {"name": "f35", "predicts": [3, 5], "conditions_on": [4], "training": {"steps": 1000}},
    {"name": "f26", "predicts": [2, 6], "conditions_on": [3, 4, 5], "training": {"steps": 500}},
    {"name": "f17", "predicts": [1, 7], "conditions_on": [2, 3, 5, 6], "training": {"steps": 450}},
]


@pytest.fixture
def default(repository: Path) -> dict[str, Any]:
    return copy.deepcopy(yaml.safe_load((repository / "config.yaml").read_text()))


@pytest.fixture
def values(default: dict[str, Any]) -> dict[str, Any]:
    return {**default, "cascades": [{"name": "compact", "stages": copy.deepcopy(STAGES)}]}


def test_default_configuration_is_the_published_comparison(default):
    config = load_config(default)
    assert [system.name for system in config.systems] == ["standard", "masked"]
    assert [stage.name for stage in config.stages("masked")] == ["center", "motion"]
    assert config.scenes.test_sequences >= 50


def stage(values: dict[str, Any], index: int) -> dict[str, Any]:
    return values["cascades"][0]["stages"][index]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.update(sed=1), ["sed: there is no such key; did you mean seed? (found 1)"]),
        (lambda c: c["training"].update(zzz=1), ["training.zzz: there is no such key; choose among compile, defaults"]),
        (
            lambda c: c["cameras"][1].update(optics={"kind": "masked", "psi_rnge": [0, 7]}),
            ["optics.psi_rnge: there is"],
        ),
        (
            lambda c: stage(c, 0).update(network={"widht": 8}),
            ["stages.0.network.widht: there is", "did you mean width?"],
        ),
        # What `--config 'data={max_frames=7}'`, 'data={max_frames:7}' and data=max_frames=7 become.
        (lambda c: c.update(data={"max_frames=7": ""}), ["data.max_frames=7", "'section={key: value}'"]),
        (lambda c: c.update(data={"max_frames:7": ""}), ["data.max_frames:7", "'section={key: value}'"]),
        (lambda c: c.update(data="max_frames=7"), ["data:", "'section={key: value}'"]),
        (lambda c: c["data"].update(frames_per_group=6), ["data.frames_per_group", "6"]),
        (lambda c: c["training"]["defaults"].update(learning_rate=-1), ["training.defaults.learning_rate", "-1"]),
        (
            lambda c: stage(c, 0).update(training={"stepz": 1}),
            ["center: training: stepz: there is no such key; did you mean steps?"],
        ),
        (lambda c: stage(c, 1).update(training={"steps": -1}), ["f35: training: steps", "-1"]),
        (lambda c: stage(c, 0).update(training={"steps": 0}), ["center: training: steps is 0", "init"]),
        (lambda c: stage(c, 0).update(init="f35"), ["center: init: f35 is no stage whose frames center is given"]),
        (lambda c: stage(c, 1).update(init="center", network={"width": 8}), ["trunk of center has another size"]),
        (lambda c: stage(c, 0).update(network={"kind": "motion"}), ["motion network", "conditioned on none"]),
        (lambda c: c["training"]["defaults"].update(crop=500), ["crop of 500 pixels does not fit scenes of 128"]),
        (lambda c: c["scenes"].update(test_frames=6), ["scenes.test_frames is 6", "7 frames (data.frames_per_group)"]),
        (lambda c: c.update(scenes={"cut_every": 10}), ["scenes.cut_every is 10", "groups of 7", "multiple of 7"]),
        (lambda c: c["training"]["defaults"].update(gradient_clip=float("inf")), ["training.defaults.gradient_clip"]),
        (lambda c: c["sweep"][0].update(metric="nope"), ["sweep.0: direction", "maximize nope"]),
        (lambda c: c["sweep"][0]["space"].update(crop={"choice": [64, 256]}), ["crop of 256 pixels does not fit"]),
        (lambda c: c["sweep"][0]["rounds"][0].update(trials=3), ["grid has 2 points, but 3 trials"]),
        (lambda c: c["sweep"][0]["space"].update(noise={"normal": [0, 1]}), ["a distribution is one of"]),
        (lambda c: c["sweep"][0]["space"].update(learning_rate=[0.1, 0.2]), ["a distribution is one of"]),
        (lambda c: c["sweep"][0]["space"].update(learning_rate=None), ["a distribution is one of"]),
        (lambda c: c["report"].update(labels={"nope": "x"}), ["labels", "nope"]),
        (lambda c: c["report"].update(select=["median", "median"]), ["report.select", "named twice"]),
        (lambda c: c["cameras"][0].update(response={}), ["cameras.0.response: a response is one of identity, srgb"]),
        (lambda c: c["cameras"][0].update(response="sgrb"), ["0.response: a response is one of", "(found 'sgrb')"]),
        (
            lambda c: c["cameras"][0].update(response={"gamma": -1}),
            ["cameras.0.response.gamma: Input should be greater"],
        ),
        (lambda c: c["cameras"][1].update(optics="maskd"), ["cameras.1.optics: there is no kind maskd; choose among"]),
        (lambda c: c["cameras"][1].update(symmetries=["x"]), ["cameras.1.symmetries.0: Input should be 'mirror_x'"]),
        (
            lambda c: c["training"]["defaults"].update(batch_size="x"),
            ["training.defaults.batch_size: Input should be a valid integer", ", or 'auto' (found 'x')"],
        ),
        (
            lambda c: c["training"]["defaults"].update(accumulate=3),
            ["center: training: batch_size 8", "3 equal parts (accumulate", "a multiple of 3"],
        ),
        (
            lambda c: c["training"].update(gpus=3),
            ["batch_size 8 cannot be cut into 3 equal parts (accumulate x training.gpus)"],
        ),
        (
            lambda c: c["sweep"][0].update(
                sampler="random", space={"accumulate": {"choice": [1, 4]}, "batch_size": {"int": [4, 8]}}
            ),
            ["sweep: standard/center: batch_size 5 cannot be cut into 4 equal parts"],
        ),
        (
            lambda c: (c["cameras"][1].update(response="srgb"), stage(c, 3).update(training={"reblur_weight": 0.1})),
            ["compact: f17: training: reblur_weight is above 0", "camera masked of system masked has a response"],
        ),
        (
            lambda c: c["cameras"][0].update(optics={"kind": "coded_exposure", "weights": [1, 0]}),
            ["2 numbers", "7 frames"],
        ),
        (lambda c: c.update(pretrained={"camera": "pinhole"}), ["pretrained", "pinhole", "standard"]),
        (lambda c: c.update(pretrained={"source": ""}), ["pretrained.source", "empty"]),
        (lambda c: stage(c, 0).update(init="pretrained"), ["center: init: pretrained needs", "add `pretrained: {}`"]),
        (
            lambda c: (c.update(pretrained={}), stage(c, 0).update(init="pretrained")),
            ["center: init: pretrained: network is", "published_center"],
        ),
        (lambda c: c["training"]["defaults"].update(perceptual_weight=-1), ["perceptual_weight", "-1"]),
        (lambda c: c.update(losses={"perceptual": {"sha256": "397923af"}}), ["losses.perceptual.sha256", "397923af"]),
        (
            lambda c: c["evaluation"].update(robustness={"noise_sigmas": [-1]}),
            ["evaluation.robustness.noise_sigmas.0", "-1"],
        ),
        (lambda c: c["systems"].append({"name": "x", "camera": "pinhole"}), ["camera pinhole is not defined"]),
        (lambda c: c["systems"].append(dict(c["systems"][0])), ["two entries are called standard"]),
        (lambda c: c["systems"].append({"name": "input_x", "camera": "masked"}), ["input_x is taken"]),
        (
            lambda c: (
                c["systems"][1].update(seeds=2),
                c["systems"].append({**c["systems"][0], "name": "masked_seed2"}),
            ),
            ["masked_seed2 and masked", "both make masked_seed2"],
        ),
        (lambda c: c["systems"][0].update(seeds=0), ["systems.0.seeds", "0"]),
        (lambda c: c["cascades"][0]["stages"].pop(), ["no stage predicts frame 1"]),
        (
            lambda c: c.update(
                evaluation={"self_ensemble": 8},
                cascades=[{"name": "compact", "stages": [{"name": "all", "predicts": [1, 2, 3, 4, 5, 6, 7]}]}],
                sweep=[],
            ),
            ["evaluation.self_ensemble is 8", "no stage of cascade compact predicts frame 4 alone", "set it to 1"],
        ),
        (lambda c: c.update(evaluation={"self_ensemble": 3}), ["evaluation.self_ensemble", "3"]),
        (lambda c: c["cascades"][0]["stages"][1].update(predicts=[3, 4]), ["frame 4 is predicted twice"]),
        (lambda c: c["cascades"][0]["stages"][1].update(conditions_on=[2]), ["f35", "frame 2"]),
        (lambda c: c["sweep"][0]["space"].update(speed={"choice": [1]}), ["speed is no hyper-parameter"]),
        (lambda c: c["sweep"][0]["space"].update(learning_rate={"uniform": [1, 0]}), ["low < high"]),
        (lambda c: c["sweep"][1].update(inherit="masked"), ["masked"]),
        (lambda c: c["cameras"][1].update(optics={"kind": "masked", "psf_size": 26}), ["psf_size", "26"]),
    ],
)
def test_faults_are_refused_with_their_place(values, change, words):
    change(values)
    with pytest.raises(ValueError, match="the configuration cannot be used") as caught:
        load_config(values)
    for word in words:
        assert word in str(caught.value)


def test_repeats_differ_in_the_training_seed_alone(values):
    values["seed"] = 5
    values["systems"][1]["seeds"] = 3
    config = load_config(values)
    names = ["masked", "masked_seed2", "masked_seed3"]
    assert config.systems[1].repeats == tuple(names) and config.systems[0].repeats == ("standard",)
    assert [config.training_seed(name) for name in ["standard", *names]] == [5, 5, 6, 7]
    for name in names[1:]:
        assert config.system(name).name == "masked"
        assert config.stages(name) == config.stages("masked")
        assert config.hparams(name, "center") == config.hparams("masked", "center")
        assert config.sweep_of(name, "center").inherit == "masked" and config.sweep_of(name, "f35") is None


def test_views_are_also_read_from_a_command_line(values):
    # What `--config 'evaluation={self_ensemble: 8}'` becomes.
    assert load_config({**values, "evaluation": {"self_ensemble": "8"}}).evaluation.self_ensemble == 8


def test_one_setting_scales_the_steps_of_all_trainings(values):
    stage(values, 0)["training"], stage(values, 1)["training"] = {"steps": 2005, "crop": 64}, {"warmup_steps": 30}
    plain = load_config(values)
    values["training"]["scale_steps"] = 0.1
    short = load_config(values)
    defaults = plain.training.defaults
    assert short.hparams("masked", "center").steps == 200 and short.hparams("masked", "center").crop == 64
    assert short.hparams("masked", "f35").steps == round(defaults.steps / 10)
    assert short.hparams("masked", "f35").warmup_steps == 3
    assert short.hparams("masked", "center").warmup_steps == round(defaults.warmup_steps / 10)
    budgets = [[each.budget for each in c.sweep[0].rounds] for c in (plain, short)]
    assert budgets[1] == [round(budget / 10) for budget in budgets[0]]
    assert short.training.validate_every == plain.training.validate_every
    # The steps stand in the result: it is what it says, and cannot be scaled twice.
    assert short.training.scale_steps == 1 and load_config(short.model_dump(mode="json")) == short
    values["training"]["scale_steps"] = 1e-9
    assert load_config(values).hparams("masked", "f26").steps == 1
    values["training"]["scale_steps"] = 0
    with pytest.raises(ValueError, match=r"training\.scale_steps: .*greater than 0"):
        load_config(values)


def test_a_fault_in_an_entry_is_told_once(values):
    stage(values, 0)["predicts"] = ["x"]
    with pytest.raises(ValueError) as caught:
        load_config(values)
    assert str(caught.value).count("\n") == 1 and "cascades.0.stages.0.predicts.0" in str(caught.value)


def test_all_faults_are_shown_at_once(values):
    values["seed"], values["scenes"]["height"] = -3, 5
    with pytest.raises(ValueError) as caught:
        load_config(values)
    assert "seed" in str(caught.value) and "scenes.height" in str(caught.value)


@pytest.mark.parametrize("num_frames", [5, 9])
def test_other_numbers_of_frames_come_from_the_stage_table_alone(values, num_frames):
    values["data"]["frames_per_group"] = num_frames
    middle = (num_frames + 1) // 2
    stages = [{"name": "center", "predicts": [middle]}]
    for distance in range(1, middle):
        known = list(range(middle - distance + 1, middle + distance))
        stages.append(
            {"name": f"ring{distance}", "predicts": [middle - distance, middle + distance], "conditions_on": known}
        )
    values["cascades"][0]["stages"] = stages
    assert len(load_config(values).stages("masked")) == middle


def test_overlays_are_complete(default, repository):
    for path in sorted((repository / "config").glob("*.yaml")):
        overlay = yaml.safe_load(path.read_text())
        merged = copy.deepcopy(default)
        for key, value in overlay.items():
            merged[key] = {**merged[key], **value} if isinstance(value, dict) and key in merged else value
        load_config(merged)


def test_overlays_work_as_their_first_lines_and_the_guides_say(default, repository):
    texts = [
        path.read_text() for path in sorted(repository.glob("config/*.yaml")) + sorted(repository.glob("docs/*.md"))
    ]
    commands = {found for text in texts for found in re.findall(r"--configfile((?: config/\w+\.yaml)+)", text)}
    assert " config/general.yaml config/four_stages.yaml" in commands
    for names in commands:
        merged = copy.deepcopy(default)
        for name in names.split():
            update_config(merged, yaml.safe_load((repository / name).read_text()))
        # Also that weights of the package fit where they are asked for.
        check_training_files(load_config(merged))


def test_every_key_of_the_embedded_experiment_has_a_comment(repository):
    """On its line or above it, where the key first stands."""
    told, untold, above = set(), [], ""
    for line in (repository / "config.yaml").read_text().splitlines():
        if key := re.match(r"[\s-]*(\w+):", line):
            if "#" in line or above.lstrip().startswith("#"):
                told.add(key[1])
            elif key[1] not in told:
                untold.append(line)
        above = line
    assert untold == [] and len(told) > 50


def test_schema_is_in_step(repository):
    stored = (repository / "workflow/schemas/config.schema.json").read_text()
    assert stored == config_schema(), "the schema is stale; run `make schema`"


def five_frames(values: dict[str, Any]) -> None:
    values["data"]["frames_per_group"] = 5
    stages = [{"name": "single", "predicts": [1, 2, 3, 4, 5]}]
    values.update(cascades=[{"name": "compact", "stages": stages}], sweep=[])


def test_released_networks_are_refused_for_other_numbers_of_frames(values):
    five_frames(values)
    assert load_config(values).pretrained is None
    with pytest.raises(ValueError, match=r"predict 7 frames, but data.frames_per_group is 5"):
        load_config({**values, "pretrained": {}})


def test_released_networks_are_a_system_of_the_standard_camera(values):
    config = load_config({**values, "pretrained": {}})
    assert config.system("pretrained").camera == "standard"
    assert [entry.name for entry in config.stages("pretrained")] == ["center", "f35", "f26", "f17"]
    assert [entry.name for entry in config.systems] == ["standard", "masked"]


def test_perceptual_loss_is_needed_by_stages_that_weigh_or_search_it(values):
    assert not load_config(values).needs_perceptual("standard", "center")
    stage(values, 1)["training"]["perceptual_weight"] = 0.75
    values["sweep"][0]["space"] = {"perceptual_weight": {"choice": [0.0, 0.75]}}
    config = load_config(values)
    needs = {name: config.needs_perceptual("masked", name) for name in ("center", "f35", "f26")}
    # The masked center takes over what the standard one finds.
    assert needs == {"center": True, "f35": True, "f26": False}


def test_motion_is_needed_by_stages_that_weigh_or_search_it(values):
    stage(values, 1).update(network={"kind": "motion"}, training={"motion_weight": 0})
    assert not load_config(values).needs_motion("standard", "f35")
    for entry in values["sweep"]:
        entry["stage"] = "f35"
    values["sweep"][0]["space"] = {"motion_weight": {"choice": [0.0, 0.02]}}
    # The masked one takes over what the standard one finds.
    assert all(load_config(values).needs_motion(system, "f35") for system in ("standard", "masked"))


def test_missing_vgg16_is_named_only_where_the_perceptual_loss_is_used(values, tmp_path):
    values["losses"] = {"perceptual": {"weights": str(tmp_path / "vgg16.pth")}}
    check_training_files(load_config(values))
    values["training"]["defaults"]["perceptual_weight"] = 0.75
    with pytest.raises(ValueError, match=r"losses.perceptual.weights: .*vgg16.pth does not exist"):
        check_training_files(load_config(values))
    (tmp_path / "vgg16.pth").touch()
    check_training_files(load_config(values))


def test_missing_first_weights_are_named_with_their_stage(values, tmp_path):
    stage(values, 1)["init"] = str(tmp_path / "start.safetensors")
    with pytest.raises(ValueError, match=r"cascades: compact: f35: init: .*start.safetensors does not exist"):
        check_training_files(load_config(values))
    (tmp_path / "start.safetensors").touch()
    with pytest.raises(ValueError, match=r"f35: init: .*start.safetensors cannot be read as weights"):
        check_training_files(load_config(values))
    stage(values, 1)["init"] = "results/models/masked/center/final/weights.safetensors"
    check_training_files(load_config(values))


def test_first_weights_of_another_network_are_refused_before_anything_runs(default):
    check_training_files(load_config(default))
    stage(default, 1)["network"] = stage(default, 1)["network"] | {"width": 28}
    with pytest.raises(ValueError, match=r"compact: motion: init: shipped: .* its network is .*width=24.*width=28"):
        check_training_files(load_config(default))


def test_changes_that_no_lens_can_have_are_refused_before_anything_runs(values):
    values["cameras"][1]["optics"] = {"kind": "masked", "pupil_grid": 123}
    values["evaluation"]["robustness"] = {"wavelength_changes_nm": [-20]}
    with pytest.raises(
        ValueError, match=r"evaluation.robustness: camera masked cannot be changed like that; .*: a pupil of .*435 nm"
    ):
        check_robustness(load_config(values))
    values["evaluation"]["robustness"] = None
    check_robustness(load_config(values))
