"""One training run, from files to files."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unsmear.cascade.spec import StageSpec, resolve_order
from unsmear.training.config import Hparams, TrainingConfig
from unsmear.training.settings import digest_file, key_of, read_hparams, read_trial, seed_of

logger = logging.getLogger(__name__)


def train_stage(*, config: TrainingConfig, **arguments: Any) -> None:
    """Train one stage of one system: here, or on several GPUs in as many processes.

    Parameters are those of :func:`train_here`.
    """
    if config.gpus > 1:
        from unsmear.training.launch import train_in_processes

        train_in_processes(config=config, **arguments)
    else:
        train_here(config=config, **arguments)


def train_here(
    *,
    spec: StageSpec,
    config: TrainingConfig,
    seed: int,
    system: str,
    camera: str,
    psfs: str | Path,
    camera_json: str | Path,
    hparams: str | Path,
    frames: Sequence[str | Path],
    blur: Sequence[str | Path],
    predecessors: Sequence[str | Path],
    outputs: Mapping[str, str],
    run: str,
    tracking: Mapping[str, Any],
    start: str | Path | None = None,
    init: str | Path | None = None,
    trunk: str | Path | None = None,
    motion: Sequence[str | Path] = (),
    perceptual: str | Path | None = None,
    imagenet_norm: bool = True,
    threads: int = 1,
    code: str = "",
    local_rank: int | None = None,
) -> None:
    """Train one stage of one system and write ``weights.safetensors``, ``metrics.csv`` and ``outcome.json``.

    Parameters
    ----------
    spec : the stage
    config : what holds for all stages
    seed : of first weights and samples
    system, camera : names, for the record
    psfs, camera_json : the simulated camera
    hparams : the run's ``hparams.yaml``
    frames, blur : stores of the train and val splits
    predecessors : weights of the stages before, in their order
    outputs : ``weights``, ``metrics`` and ``outcome``: files to write, in one folder; with ``state`` also the
        state at the end, for a longer training to go on from
    run : name of the run, ``{system}/{stage}/{run}``
    tracking : keyword arguments of :func:`unsmear.tracking.run.open_run` but the run's own
    start : ``state.pt`` of a run with fewer steps and otherwise the same settings, to go on from
    init : weights file of the same network, whose weights the stage begins with instead of random ones
    trunk : weights of an earlier stage of the same system, whose trunk the stage begins with
    motion : stores of the train and val splits, for a stage that predicts motion
    perceptual : VGG16's layers, where the hyper-parameters weigh the perceptual loss
    imagenet_norm : normalise colours for them as VGG16 was trained
    threads : CPU threads to use
    code : digest of the code, part of what a saved state must match
    local_rank : number of this process among those that train together on this machine; None trains alone

    Raises
    ------
    ValueError
        If stores do not fit each other, the crop does not fit, the loss diverges, or memory does not last.
        A trial of a sweep ends well on the last two: its ``outcome.json`` tells status and reason.
    """
    import torch

    from unsmear.cascade.checkpoint import load_stage
    from unsmear.cascade.initial import start_from, start_trunk_from
    from unsmear.cascade.stage import Stage
    from unsmear.optics.camera import Camera
    from unsmear.training.dataset import SplitStores
    from unsmear.training.engine import fit
    from unsmear.training.failure import FailedTrainingError
    from unsmear.training.gradient import Allowed
    from unsmear.training.objective import Objective
    from unsmear.training.precision import Precision, set_determinism
    from unsmear.training.processes import Processes
    from unsmear.training.record import RunRecord, describe_optics, make_checkpoint
    from unsmear.training.resume import StateFiles, read_start
    from unsmear.training.sources import digest_stores

    torch.set_num_threads(max(1, threads))
    set_determinism(config)
    precision = Precision.choose(config, local_rank or 0)
    processes = Processes() if local_rank is None else Processes.join(precision.device)
    folder, chosen = Path(outputs["weights"]).parent, read_hparams(hparams)
    lens = Camera.load(psfs, camera_json)
    num_frames = len(lens.psfs)
    data = digest_stores(frames, blur)
    train, val = (
        SplitStores.open(split, num_frames, *([Path(p) for p in paths] for paths in (frames, blur, motion)))
        for split in ("train", "val")
    )
    torch.manual_seed(seed_of(seed, system, spec.name))
    stage = Stage(spec, tuple(lens.energy), lens.response)
    if init:
        start_from(stage, init)
    if trunk:
        start_trunk_from(stage, trunk)
    objective = Objective(
        stage,
        [_freeze(load_stage(path).stage, precision) for path in predecessors],
        resolve_order(spec, num_frames, lens.time_symmetric),
        chosen.loss,
        num_frames,
        _reverses_time(chosen, lens),
        precision,
        _load_features(chosen, perceptual, imagenet_norm, precision),
        chosen.perceptual_weight,
        chosen.fourier_weight,
        chosen.motion_weight,
        _load_reblur(chosen, lens, precision),
        chosen.reblur_weight,
    )

    provenance = {
        "system": system,
        "order": objective.order,
        "seed": seed,
        "data": data,
        "code": code,
        "precision": precision.name,
        "predecessors": [digest_file(path) for path in predecessors],
        **{name: digest_file(path) for name, path in (("init", init), ("trunk", trunk)) if path},
        **(
            {"vgg16": digest_file(perceptual), "imagenet_norm": imagenet_norm}
            if objective.perceptual and perceptual
            else {}
        ),
    }
    settings = {"stage": spec.model_dump(mode="json"), "hparams": chosen.model_dump(mode="json"), **provenance}
    settings["symmetries"] = sorted(lens.symmetries)
    begun = read_start(Path(start), settings) if start else None
    key = key_of({**settings, "start": begun["step"] if begun else 0})
    states = StateFiles(folder, key, declared="state" in outputs)
    params = {**settings, **read_trial(hparams), "camera": camera, "optics": describe_optics(camera_json)}
    with RunRecord.open(tracking, folder, run, key[:16], params, processes) as record:
        record.log_inputs(f"{camera} blur", data, blur, psfs, camera_json)
        failure = None
        try:
            state = fit(
                objective,
                chosen,
                config,
                train,
                val,
                seed=seed_of(seed, spec.name, "samples"),
                allowed=Allowed.by(lens.symmetries, chosen),
                states=states,
                on_metrics=record.log_row,
                title=run,
                on_samples=record.log_samples if record.wants_samples else None,
                processes=processes,
                start=begun,
            )
        except FailedTrainingError as error:
            if "/trials/" not in run:
                raise
            state, failure = error.state, error
            logger.warning("%s failed: %s", run, error)
        if processes.is_first:
            record.write(outputs, make_checkpoint(state, chosen, provenance, lens, camera), state, key, settings)
            record.end(outputs["outcome"], failure, state.seconds)
            states.remove()
    processes.wait()
    processes.leave()


def _freeze(stage: Any, precision: Any) -> Any:
    return stage.eval().requires_grad_(False).to(precision.device, precision.dtype)


def _load_features(hparams: Hparams, layers: str | Path | None, imagenet_norm: bool, precision: Any) -> Any:
    if hparams.perceptual_weight == 0:
        return None
    from unsmear.losses.perceptual import load_perceptual

    if not layers:
        raise ValueError(f"perceptual_weight is {hparams.perceptual_weight}, but VGG16's layers are not given")
    return load_perceptual(layers, imagenet_norm).to(precision.device, precision.dtype)


def _load_reblur(hparams: Hparams, lens: Any, precision: Any) -> Any:
    if hparams.reblur_weight == 0:
        return None
    from unsmear.losses.reblur import ReblurLoss

    if lens.response.kind != "identity":
        raise ValueError(
            f"reblur_weight is {hparams.reblur_weight}, but camera {lens.name} has the response "
            f"{lens.response.kind}: frames are exposed in linear light; set it to 0 or take a camera without a response"
        )
    return ReblurLoss(lens.psfs, lens.weights).to(precision.device)


def _reverses_time(hparams: Hparams, lens: Any) -> bool:
    if hparams.time_reversal and not lens.time_symmetric:
        logger.warning("the camera tells the direction of time: time_reversal is off")
    return bool(hparams.time_reversal and lens.time_symmetric)
