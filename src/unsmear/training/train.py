"""One training run, from files to files."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from unsmear.cascade.spec import StageSpec, resolve_order
from unsmear.training.config import Hparams, TrainingConfig

logger = logging.getLogger(__name__)


def read_hparams(path: str | Path) -> Hparams:
    """Hyper-parameters of a run from its ``hparams.yaml``.

    Raises
    ------
    ValueError
        Naming the file and what is wrong in it.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        return Hparams.model_validate(content["hparams"])
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} does not hold hyper-parameters: {error}; delete it and run again") from error


def train_stage(
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
    threads: int = 1,
    code: str = "",
) -> None:
    """Train one stage of one system and write ``weights.safetensors``, ``metrics.csv`` and ``tracking.json``.

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
    outputs : ``weights``, ``metrics`` and ``tracking``: files to write, in one folder
    run : name of the run, ``{system}/{stage}/{run}``
    tracking : keyword arguments of :func:`unsmear.tracking.open_tracker` but the run's own
    threads : CPU threads to use
    code : digest of the code, part of what a saved state must match

    Raises
    ------
    ValueError
        If stores do not fit each other, the crop does not fit, or the loss diverges.
    """
    import torch

    from unsmear.cascade.checkpoint import Checkpoint, load_stage, save_stage
    from unsmear.cascade.stage import Stage
    from unsmear.frames.store import store_digest
    from unsmear.optics.camera import Camera
    from unsmear.tracking import NullTracker, open_tracker
    from unsmear.tracking.pictures import draw_curve, encode_samples
    from unsmear.training.dataset import SplitStores
    from unsmear.training.engine import fit
    from unsmear.training.objective import Objective
    from unsmear.training.resume import StateFiles

    torch.set_num_threads(max(1, threads))
    folder, chosen = Path(outputs["weights"]).parent, read_hparams(hparams)
    device = _choose_device(config)
    lens = Camera.load(psfs, camera_json)
    num_frames = len(lens.psfs)
    train, val = (
        SplitStores.open(split, num_frames, [Path(p) for p in frames], [Path(p) for p in blur])
        for split in ("train", "val")
    )
    earlier = [load_stage(path) for path in predecessors]
    torch.manual_seed(_seed_of(seed, system, spec.name))
    stage = Stage(spec, tuple(lens.energy))
    order = resolve_order(spec, num_frames, lens.time_symmetric)
    frozen = [checkpoint.stage.eval().requires_grad_(False).to(device) for checkpoint in earlier]

    data = hashlib.sha256("".join(store_digest(path) for path in [*frames, *blur]).encode()).hexdigest()[:32]
    provenance = {
        "system": system,
        "order": order,
        "seed": seed,
        "data": data,
        "code": code,
        "predecessors": [hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16] for path in predecessors],
    }
    settings = {"stage": spec.model_dump(mode="json"), "hparams": chosen.model_dump(mode="json"), **provenance}
    parent = folder.parent if folder.parent.name == "trials" else None
    key = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
    states = StateFiles(folder, key)
    with open_tracker(
        **tracking,
        directory=folder,
        run_name=run,
        params={**settings, "camera": camera, "optics": _optics_of(camera_json)},
        resume_key=key,
        parent=parent,
    ) as tracker:
        tracker.log_dataset(f"{camera} blur", data, str(Path(blur[0]).parents[1]), frames=len(frames))
        for path in (Path(psfs), Path(camera_json), Path(psfs).with_suffix(".png")):
            if path.is_file():
                tracker.log_artifact(path, "camera")

        def on_metrics(row: dict[str, Any]) -> None:
            split = row["split"]
            values = {f"{split}.{k}": v for k, v in row.items() if k not in ("step", "split", "lr", "epoch")}
            tracker.log_metrics({**values, "lr": row["lr"], "epoch": row["epoch"]}, step=row["step"])

        def on_samples(step: int, blurry: Any, predicted: Any, truth: Any) -> None:
            tracker.log_bytes(encode_samples(blurry, predicted, truth), f"samples/step_{step:06d}.png")

        trained, table = fit(
            Objective(stage, frozen, order, chosen.loss),
            chosen,
            config,
            train,
            val,
            seed=_seed_of(seed, spec.name, "samples"),
            device=device,
            radially_symmetric=lens.radially_symmetric,
            states=states,
            on_metrics=on_metrics,
            title=run,
            on_samples=None if isinstance(tracker, NullTracker) else on_samples,
        )
        record = {"name": camera, "energy": [float(e) for e in lens.energy]}
        checkpoint = Checkpoint(trained, num_frames, record, chosen.model_dump(mode="json"), provenance)
        save_stage(outputs["weights"], checkpoint)
        table.write(Path(outputs["metrics"]))
        tracker.log_artifact(outputs["weights"])
        tracker.log_artifact(outputs["metrics"])
        tracker.log_bytes(draw_curve(table.rows, run).encode(), "curves/loss.svg")
        tracker.log_bytes(draw_curve(table.rows, run, "psnr").encode(), "curves/psnr.svg")
    states.remove()


def _optics_of(camera_json: str | Path) -> dict[str, Any]:
    """What the camera's lens is, for comparing runs: its kind, psi range and mask."""
    optics: dict[str, Any] = json.loads(Path(camera_json).read_text(encoding="utf-8"))["config"]["optics"]
    return optics


def _choose_device(config: TrainingConfig) -> Any:
    import torch

    if config.device == "cuda" and not torch.cuda.is_available():
        raise ValueError("training.device is cuda, but torch sees no GPU; set it to auto or cpu")
    use_gpu = config.device == "cuda" or (config.device == "auto" and torch.cuda.is_available())
    return torch.device("cuda" if use_gpu else "cpu")


def _seed_of(seed: int, *names: str) -> int:
    """Seed for one purpose, so that stages do not share first weights or samples."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{'/'.join(names)}".encode()).digest()[:4])
