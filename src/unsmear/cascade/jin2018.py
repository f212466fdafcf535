"""Import of the weights that were released with the published cascade.

Source: Jin, Meishvili, Favaro, "Learning to Extract a Video Sequence from a Single
Motion-Blurred Image", CVPR 2018, and its released model.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unsmear.cascade.config import PretrainedConfig
from unsmear.cascade.released import gather_files
from unsmear.cascade.spec import StageSpec
from unsmear.fetch import check_file
from unsmear.networks.config import PublishedCenterConfig, PublishedPairConfig
from unsmear.networks.weights_file import read_legacy

if TYPE_CHECKING:
    from torch import Tensor

    from unsmear.cascade.stage import Stage

NUM_FRAMES = 7
_NETWORK_OF_PREFIX = {
    "generateFrame3": "networks.0.",
    "generateFrame5": "networks.1.",
    "generateFrame2_6": "networks.0.",
    "generateFrame1_7": "networks.0.",
}
_OUTSIDE_BLOCKS = {
    "conv1_B": "enter_blurry",
    "conv1_S1": "enter_first",
    "conv1_S2": "enter_second",
    "conv2": "head.enter",
    "norm3": "head.norm",
    "conv3": "head.leave",
}
_INSIDE_BLOCKS = {
    "norm1": "norm_point",
    "conv1": "point",
    "norm2": "norm_first",
    "conv2": "first",
    "norm4": "norm_second",
    "conv4": "second",
}
_DROPPED = ("running_mean", "running_var", "num_batches_tracked")


def published_stages() -> tuple[StageSpec, ...]:
    """The published cascade: its stages as they were released, at full width."""
    pair = PublishedPairConfig()
    return (
        StageSpec(name="center", predicts=(4,), network=PublishedCenterConfig(), equalise=False),
        StageSpec(
            name="f35",
            predicts=(3, 5),
            conditions_on=(4,),
            network=PublishedPairConfig(blocks=4, sharing=False),
            order="free_per_pixel",
            equalise=False,
        ),
        StageSpec(name="f26", predicts=(2, 6), conditions_on=(3, 4, 5), network=pair, equalise=False),
        StageSpec(name="f17", predicts=(1, 7), conditions_on=(2, 3, 5, 6), network=pair, equalise=False),
    )


def translate_key(key: str) -> str:
    """Name of a parameter of the release in our networks; an unknown one comes back as it is."""
    prefix, rest = "", key
    if "." in key and key.split(".", 1)[0] in _NETWORK_OF_PREFIX:
        head, rest = key.split(".", 1)
        prefix = _NETWORK_OF_PREFIX[head]
    names = rest.split(".")
    if len(names) == 2 and names[0] in _OUTSIDE_BLOCKS:
        name = "enter" if names[0] == "conv1_B" and not prefix else _OUTSIDE_BLOCKS[names[0]]
        return f"{prefix}{name}.{names[1]}"
    match = re.fullmatch(r"(LocalGrad|fuse|GlobalGrad)(\d?)\.(\d+)\.(\w+)\.(\w+)", rest)
    if not match or match[4] not in _INSIDE_BLOCKS:
        return key
    group, block, name = int(match[2] or 1) - 1, match[3], _INSIDE_BLOCKS[match[4]]
    places = {
        "LocalGrad": f"trunk.groups.{group}.{block}",
        "fuse": f"trunk.fuses.{group}",
        "GlobalGrad": "head.block",
    }
    return f"{prefix}{places[match[1]]}.{name}.{match[5]}"


def translate_weights(released: Mapping[str, Any], stage: Stage, name: str = "the file") -> dict[str, Tensor]:
    """Weights of a stage from the ``state_dict_G`` of its released file.

    Parameters
    ----------
    released : parameter names of the release to tensors; running statistics are dropped
    stage : the stage that the weights are for
    name : of the file, for messages

    Raises
    ------
    ValueError
        Listing every key that is unknown, missing, of another shape or not finite.
    """
    import torch

    wanted = {key: tuple(value.shape) for key, value in stage.state_dict().items()}
    found, sources, unknown, faults = {}, {}, [], []
    for key, value in released.items():
        if key.rsplit(".", 1)[-1] in _DROPPED:
            continue
        ours = f"network.{translate_key(key)}"
        if ours not in wanted or ours in found:
            unknown.append(key)
        elif not isinstance(value, torch.Tensor) or tuple(value.shape) != wanted[ours]:
            shape = tuple(getattr(value, "shape", ()))
            faults.append(f"{key} has shape {shape}, expected {wanted[ours]}")
            found[ours] = value
        else:
            found[ours] = value.detach().float()
            sources[ours] = key
            if not torch.isfinite(found[ours]).all():
                faults.append(f"{key} is not finite")
    missing = sorted(set(wanted) - set(found))
    problems = [f"unknown keys: {', '.join(sorted(unknown))}"] if unknown else []
    problems += [f"missing keys (by our names): {', '.join(missing)}"] if missing else []
    problems += [f"wrong values: {'; '.join(faults)}"] if faults else []
    if problems:
        raise ValueError(f"{name} does not hold the network of stage {stage.spec.name}: {'. '.join(problems)}")
    return found


def import_pretrained(
    outputs: Mapping[str, str | Path],
    config: PretrainedConfig | None = None,
    stages: tuple[StageSpec, ...] | None = None,
) -> None:
    """Write the released weights as ``weights.safetensors`` of the four stages.

    Every file's size and SHA-256 are checked before it is opened; nothing is written unless all
    four are right.

    Parameters
    ----------
    outputs : name of the stage (center, f35, f26, f17) to the file to write
    config : where the files are and what they must be
    stages : other sizes of the same stages than the released ones

    Raises
    ------
    ValueError
        If a file is not found, is another file, or holds other weights than those of its stage.
    """
    from unsmear.cascade.checkpoint import Checkpoint, save_stage
    from unsmear.cascade.stage import Stage

    config = config or PretrainedConfig()
    specs = {spec.name: spec for spec in stages or published_stages()}
    if set(outputs) != set(specs):
        raise ValueError(f"outputs are named for stages {sorted(outputs)}; the release has {sorted(specs)}")
    beside = Path(outputs["center"]).parent
    beside.mkdir(parents=True, exist_ok=True)
    checkpoints = {}
    with tempfile.TemporaryDirectory(prefix=".released.", dir=beside) as scratch:
        for name, path in gather_files(config, Path(scratch)).items():
            expected = config.files[name]
            check_file(path, expected.size_bytes, expected.sha256)
            content = read_legacy(path)
            if not isinstance(content, dict) or not isinstance(content.get("state_dict_G"), dict):
                raise ValueError(f"{path} has no network under state_dict_G; it is not a file of the release")
            stage = Stage(specs[name])
            stage.load_state_dict(translate_weights(content["state_dict_G"], stage, str(path)))
            provenance = {"imported_from": expected.name, "sha256": expected.sha256, "source": "Jin et al. 2018"}
            checkpoints[name] = Checkpoint(stage, NUM_FRAMES, provenance=provenance)
    for name, checkpoint in checkpoints.items():
        save_stage(outputs[name], checkpoint)
