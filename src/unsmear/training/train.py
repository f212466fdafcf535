"""One training run, from files to files."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from unsmear.cascade.spec import resolve_order
from unsmear.files import sha256_of
from unsmear.training.config import Hparams
from unsmear.training.hparams_file import read_hparams, read_trial
from unsmear.training.job import TrainingJob
from unsmear.training.settings import key_of, seed_of

logger = logging.getLogger(__name__)


def train_stage(job: TrainingJob) -> None:
    """Write ``job.json`` and train: here, or on several GPUs in as many processes."""
    job.write()
    if job.config.gpus > 1:
        from unsmear.training.launch import train_in_processes

        train_in_processes(job)
    else:
        train_here(job)


def train_here(job: TrainingJob, local_rank: int | None = None) -> None:
    """Train one stage of one system and write ``weights.safetensors``, ``metrics.csv`` and ``outcome.json``.

    Parameters
    ----------
    local_rank : number of this process among those that train together on this machine; None trains alone

    Raises
    ------
    ValueError
        If stores do not fit each other, the crop does not fit, the loss diverges, or memory runs out.
        A trial of a sweep ends well on the last two: its ``outcome.json`` tells status and reason.
    """
    import torch

    from unsmear.cascade.checkpoint import load_stage
    from unsmear.cascade.initial import start_from, start_trunk_from
    from unsmear.cascade.stage import Stage
    from unsmear.optics.camera import Camera
    from unsmear.training.engine import fit
    from unsmear.training.failure import FailedTrainingError
    from unsmear.training.gradient import Allowed
    from unsmear.training.objective import Objective
    from unsmear.training.precision import Precision, set_determinism
    from unsmear.training.processes import Processes
    from unsmear.training.record import RunRecord, describe_optics, make_checkpoint
    from unsmear.training.resume import StateFiles, read_start
    from unsmear.training.sources import digest_stores
    from unsmear.training.stores import SplitStores

    torch.set_num_threads(max(1, job.threads // max(1, job.config.gpus)))
    set_determinism(job.config)
    precision = Precision.choose(job.config, local_rank or 0)
    processes = Processes() if local_rank is None else Processes.join(precision.device)
    chosen = read_hparams(job.hparams)
    camera = Camera.load(job.psfs, job.camera_path)
    num_frames = len(camera.psfs)
    data = digest_stores(job.sequences)
    train, val = (SplitStores.open(split, num_frames, job.sequences) for split in ("train", "val"))
    torch.manual_seed(seed_of(job.seed, job.system, job.spec.name))
    stage = Stage(job.spec, tuple(camera.energy), camera.response)
    if job.init:
        start_from(stage, job.init)
    if job.trunk:
        start_trunk_from(stage, job.trunk)
    objective = Objective(
        stage,
        [_freeze(load_stage(path).stage, precision) for path in job.predecessors],
        resolve_order(job.spec, num_frames, camera.time_symmetric),
        chosen.loss,
        num_frames,
        _reverses_time(chosen, camera),
        precision,
        _load_features(chosen, job, precision),
        chosen.perceptual_weight,
        chosen.fourier_weight,
        chosen.motion_weight,
        chosen.angle_weight,
        _load_reblur(chosen, camera, precision),
        chosen.reblur_weight,
    )

    provenance = {
        "system": job.system,
        "order": objective.order,
        "seed": job.seed,
        "data": data,
        "code": job.code,
        "precision": precision.name,
        "predecessors": [sha256_of(path)[:16] for path in job.predecessors],
        **{name: sha256_of(path)[:16] for name, path in (("init", job.init), ("trunk", job.trunk)) if path},
        **(
            {"vgg16": sha256_of(job.perceptual)[:16], "imagenet_norm": job.imagenet_norm}
            if objective.perceptual and job.perceptual
            else {}
        ),
    }
    settings = {"stage": job.spec.model_dump(mode="json"), "hparams": chosen.model_dump(mode="json"), **provenance}
    settings["symmetries"] = sorted(camera.symmetries)
    begun = read_start(Path(job.start), settings) if job.start else None
    key = key_of({**settings, "start": begun["step"] if begun else 0})
    states = StateFiles(job.folder, key, declared="state" in job.outputs)
    params = {
        **settings,
        **read_trial(job.hparams),
        "camera": job.camera_name,
        "optics": describe_optics(job.camera_path),
    }
    with RunRecord.open(job, key[:16], params, processes) as record:
        record.log_inputs(job, data)
        failure = None
        try:
            state = fit(
                objective,
                chosen,
                job.config,
                train,
                val,
                seed=seed_of(job.seed, job.spec.name, "samples"),
                allowed=Allowed.by(camera.symmetries, chosen),
                states=states,
                on_metrics=record.log_row,
                title=job.run,
                on_samples=record.log_samples if record.wants_samples else None,
                processes=processes,
                start=begun,
            )
        except FailedTrainingError as error:
            if job.sweep is None:
                raise
            state, failure = error.state, error
            logger.warning("%s failed: %s", job.run, error)
        if processes.is_first:
            record.write(
                job.outputs, make_checkpoint(state, chosen, provenance, camera, job.camera_name), state, key, settings
            )
            record.end(job.outputs["outcome"], failure, state.seconds)
            states.remove()
    processes.wait()
    processes.leave()


def _freeze(stage: Any, precision: Any) -> Any:
    return stage.eval().requires_grad_(False).to(precision.device, precision.dtype)


def _load_features(hparams: Hparams, job: TrainingJob, precision: Any) -> Any:
    if hparams.perceptual_weight == 0:
        return None
    from unsmear.losses.perceptual import load_perceptual

    if not job.perceptual:
        raise ValueError(f"perceptual_weight is {hparams.perceptual_weight}, but VGG16's layers are not given")
    return load_perceptual(job.perceptual, bool(job.imagenet_norm)).to(precision.device, precision.dtype)


def _load_reblur(hparams: Hparams, camera: Any, precision: Any) -> Any:
    if hparams.reblur_weight == 0:
        return None
    from unsmear.losses.reblur import ReblurLoss

    if camera.response.kind != "identity":
        raise ValueError(
            f"reblur_weight is {hparams.reblur_weight}, but camera {camera.name} has the response "
            f"{camera.response.kind}: frames are exposed in linear light; set it to 0 or take a camera "
            "without a response"
        )
    return ReblurLoss(camera.psfs, camera.weights).to(precision.device)


def _reverses_time(hparams: Hparams, camera: Any) -> bool:
    if hparams.time_reversal and not camera.time_symmetric:
        logger.warning("the camera tells the direction of time: time_reversal is off")
    return bool(hparams.time_reversal and camera.time_symmetric)
