"""What there is to do: the sequences of all sources, and how evaluation is cut into jobs."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from unsmear.config import Config
from unsmear.evaluation.robustness import perturbed_cameras
from unsmear.fetch import is_url
from unsmear.frames.layout import SequenceRecord, SourceSequence, plan_sequences
from unsmear.scenes.archives import list_archives, sequence_name


def plan_records(
    config: Config, warn: Callable[[str], object], folder: str = "results/archives"
) -> list[SequenceRecord]:
    """Sequences of the configured source, with the archive and the split of each.

    Parameters
    ----------
    warn : called with each warning, such as sequences that are too short
    folder : where archives are made or fetched

    Raises
    ------
    ValueError
        If archives are missing or unreadable, or a split would be empty.
    """
    sources, val = None, None
    if config.data.source == "scenes":
        scenes = config.scenes
        sources = [
            SourceSequence(
                archive.split("_")[0],
                sequence_name(scenes, split, number),
                f"{folder}/{archive}.zip",
                scenes.num_frames(split),
            )
            for archive, entries in list_archives(scenes).items()
            for split, number in entries
        ]
        val = [sequence_name(scenes, "val", number) for number in range(scenes.val_sequences)]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        records = plan_sequences(config.data, sources, val)
    for entry in caught:
        warn(str(entry.message))
    if config.data.source == "reds":
        return [replace(record, archive=f"{folder}/{record.archive}") for record in records]
    return records


def split_into_parts(sequences: Sequence[str], size: int) -> dict[str, list[str]]:
    """Cut sequences into parts of at most ``size``, named after their first sequence."""
    return {sequences[i]: list(sequences[i : i + size]) for i in range(0, len(sequences), size)}


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
    """Refuse changes of a camera, for the robustness curve, that no lens can have.

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
        except ValueError as error:
            raise ValueError(
                f"evaluation.robustness: camera {camera.name} cannot be changed like that; choose smaller changes, "
                f"or set it to null. {error}"
            ) from None


def check_training_files(config: Config) -> None:
    """Refuse trainings whose VGG16 weights or first weights are a file that is not there.

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
        init = stage.init
        # What lies under results/ the workflow may make.
        if init and init != "pretrained" and not init.startswith("results/") and not Path(init).is_file():
            raise ValueError(
                f"cascades: {config.system(system).cascade}: {stage.name}: init: {init} does not exist; name a weights "
                "file of the same network, or leave init out"
            )
