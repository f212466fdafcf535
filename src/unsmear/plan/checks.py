"""Whether what the configuration names is there, before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

from pydantic import ValidationError

from unsmear.cascade.header import read_header
from unsmear.cascade.spec import StageSpec, check_weights
from unsmear.config import Config
from unsmear.config_faults import describe_faults
from unsmear.evaluation.perturbation import perturbed_cameras
from unsmear.fetch import is_url
from unsmear.frames.splits import SequenceRecord
from unsmear.plan.paths import is_result
from unsmear.scenes.photographs import list_photographs


def check_all(config: Config, records: Sequence[SequenceRecord]) -> None:
    """Refuse what no job could do.

    Raises
    ------
    ValueError
        Naming the key, what was found and what to do.
    """
    check_regions(config, records)
    check_robustness(config)
    check_training_files(config)
    own = config.data.source == "scenes" and config.scenes.photographs != "builtin"
    photographs = list_photographs(config.scenes.photographs) if own else {}
    check_names([*(record.archive for record in records), *map(str, chain.from_iterable(photographs.values()))])


# Of versions that kept a table a sequence, and what MLflow knew of a run beside its results.
_FORMER = ("evaluation/*/sequences", "evaluation/*/tracking.json", "models/*/*/**/tracking.json")


def find_former_files(folder: str | Path) -> str | None:
    """What to tell of results in the layout of an earlier version; None where there are none."""
    former = sorted(path for pattern in _FORMER for path in Path(folder).glob(pattern))
    if not former:
        return None
    return (
        f"{folder} holds results of an earlier version, in other files ({former[0]}, ...): all of it is made again; "
        f"`rm -r {folder}` first frees their room, and another folder keeps them (snakemake --directory)"
    )


def check_names(files: Iterable[str]) -> None:
    """Refuse files of frames or photographs that Snakemake would take for patterns.

    Raises
    ------
    ValueError
        Naming the file.
    """
    for file in files:
        if "{" in file:
            raise ValueError(f"{file} holds a brace, by which Snakemake knows its patterns; rename it")


def check_regions(config: Config, records: Sequence[SequenceRecord]) -> None:
    """Refuse a report that is to show a test sequence or group that there is not.

    Raises
    ------
    ValueError
        Naming the sequence, or the group and how many there are.
    """
    groups = {r.sequence: r.num_frames // config.data.frames_per_group for r in records if r.split == "test"}
    for region in config.report.regions:
        if region.sequence not in groups:
            raise ValueError(
                f"report.regions: there is no test sequence {region.sequence}; choose among {sorted(groups)}"
            )
        if region.group > groups[region.sequence]:
            raise ValueError(
                f"report.regions: sequence {region.sequence} has {groups[region.sequence]} groups, found {region.group}"
            )


def check_robustness(config: Config) -> None:
    """Refuse changes of a camera, for the robustness curve, that no optics can have.

    Raises
    ------
    ValueError
        Naming the camera and what is wrong with its change.
    """
    if config.evaluation.robustness is None:
        return
    for camera in config.cameras:
        try:
            list(perturbed_cameras(camera, config.evaluation.robustness))
        except ValidationError as error:
            faults = "; ".join(describe_faults(error, type(camera.optics), camera.optics.model_dump()))
            raise ValueError(
                f"evaluation.robustness: camera {camera.name} cannot be changed like that; choose smaller changes, "
                f"or set it to null: {faults}"
            ) from None


def check_training_files(config: Config) -> None:
    """Refuse trainings whose VGG16 weights are not there, or whose first weights are not or are of another network.

    Raises
    ------
    ValueError
        Naming the file and the key.
    """
    source = config.losses.perceptual.weights
    stages = [(system.name, stage) for system in config.systems for stage in config.stages(system.name)]
    needed = any(config.needs_perceptual(system, stage.name) for system, stage in stages)
    if needed and not is_url(source) and not Path(source).expanduser().is_file():
        raise ValueError(
            f"losses.perceptual.weights: {source} does not exist, but a perceptual_weight is above 0; "
            "name a file or URL of torchvision's vgg16 weights, with its sha256, or set perceptual_weight to 0"
        )
    for system, stage in stages:
        if stage.init in ("pretrained", *(entry.name for entry in config.stages(system))):
            continue
        init = config.init_of(system, stage.name)
        # What lies under results/ the workflow may make.
        if not init or is_result(init):
            continue
        place = f"cascades: {config.system(system).cascade}: {stage.name}: init"
        if not Path(init).is_file():
            raise ValueError(
                f"{place}: {init} does not exist; name a weights file of the same network or an earlier stage, "
                "or leave init out"
            )
        try:
            check_weights(stage, StageSpec.model_validate(read_header(init)["spec"]), init)
        except ValueError as error:
            raise ValueError(f"{place}: {stage.init}: {error}") from None
