"""Training of one stage with its predecessors frozen."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader

from unsmear.cascade.stage import Stage
from unsmear.training.augment import add_noise, turn_pictures
from unsmear.training.config import Hparams, TrainingConfig
from unsmear.training.dataset import CropDataset, PictureDataset, SplitStores
from unsmear.training.metrics import MetricsTable
from unsmear.training.objective import Objective, to_light
from unsmear.training.optimizer import RunningMean, learning_rate, make_optimizer
from unsmear.training.progress import Progress
from unsmear.training.resume import StateFiles

logger = logging.getLogger(__name__)
OnMetrics = Callable[[dict[str, Any]], None]
# Step, then blurry (H, W, 3), predicted and true (K, H, W, 3) pictures, uint8 RGB.
OnSamples = Callable[[int, np.ndarray, np.ndarray, np.ndarray], None]


def fit(
    objective: Objective,
    hparams: Hparams,
    config: TrainingConfig,
    train: SplitStores,
    val: SplitStores,
    *,
    seed: int,
    device: torch.device,
    radially_symmetric: bool,
    states: StateFiles,
    on_metrics: OnMetrics,
    title: str,
    on_samples: OnSamples | None = None,
) -> tuple[Stage, MetricsTable]:
    """Train a stage; the samples, noise and result depend on seed and step alone.

    Parameters
    ----------
    objective : the stage, its frozen predecessors (in evaluation mode) and the loss
    train, val : where samples come from; the test split never comes here
    radially_symmetric : whether the camera allows mirrored and turned samples
    states : where the run is saved and goes on from
    on_metrics : called with each row of the table
    title : of the progress bar
    on_samples : called at each validation with the step and its first pictures

    Returns
    -------
    the stage with the running mean of its weights, and the table of metrics

    Raises
    ------
    ValueError
        If the loss is not finite for ``config.max_skipped_steps`` steps in a row.
    """
    stage = objective.stage.to(device).to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    optimizer = make_optimizer(stage, hparams)
    mean = RunningMean(stage, hparams.ema_decay)
    table, first = MetricsTable(), 0
    if state := states.load():
        stage.load_state_dict(state["stage"])
        mean.network.load_state_dict(state["mean"])
        optimizer.load_state_dict(state["optimizer"])
        table, first = MetricsTable(state["rows"]), int(state["step"])
        logger.info("%s goes on from step %d", title, first)
    samples = CropDataset(train, hparams.crop, seed, hparams.steps * hparams.batch_size)
    workers = config.num_workers
    loader = DataLoader(
        samples,
        batch_size=hparams.batch_size,
        sampler=range(first * hparams.batch_size, len(samples)),
        num_workers=workers,
        multiprocessing_context="spawn" if workers else None,
        pin_memory=device.type == "cuda",
    )
    pictures = DataLoader(PictureDataset(val), batch_size=1)
    flips, turns = hparams.flips and radially_symmetric, hparams.turns and radially_symmetric
    if (hparams.flips or hparams.turns) and not radially_symmetric:
        logger.warning("the camera's PSFs change when mirrored or turned: flips and turns are off")

    skipped, waited, count, total, saved = 0, 0.0, 0, 0.0, time.monotonic()
    began = asked = time.monotonic()
    with Progress(title, hparams.steps, first) as progress:
        for step, (blurry, sharp, turn) in enumerate(loader, first):
            waited += time.monotonic() - asked
            turn = turn.to(device)
            light = turn_pictures(to_light(blurry, device), turn, flips, turns)
            truth = turn_pictures(to_light(sharp, device), turn, flips, turns)
            predicted, wanted = objective.predict(add_noise(light, hparams.noise, seed, step), truth)
            loss = objective.losses(predicted, wanted).mean()
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(hparams, step)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            norm = torch.nn.utils.clip_grad_norm_(stage.parameters(), hparams.gradient_clip)
            value = loss.item()
            if math.isfinite(value) and bool(torch.isfinite(norm)):
                optimizer.step()
                mean.update(stage, step)
                skipped, total, count = 0, total + value, count + 1
            else:
                skipped += 1
                _complain(skipped, config.max_skipped_steps, step, hparams, samples, optimizer)
            progress.advance(value, hparams.batch_size)
            if (step + 1) % config.validate_every == 0 or step + 1 == hparams.steps:
                seconds = max(time.monotonic() - began, 1e-9)
                common = {
                    "step": step + 1,
                    "epoch": (step + 1) * hparams.batch_size / len(train.groups),
                    "lr": learning_rate(hparams, step),
                }
                row = {
                    **common,
                    "split": "train",
                    "loss": total / max(count, 1),
                    "images_per_second": (count + skipped) * hparams.batch_size / seconds,
                    "data_wait": waited / seconds,
                }
                show = partial(on_samples, step + 1) if on_samples is not None else None
                val_loss, val_psnr = _with_stage(objective, mean.network).validate(pictures, device, show)
                stage.train()
                for entry in (row, {**common, "split": "val", "loss": val_loss, "psnr": val_psnr}):
                    table.add(**entry)
                    on_metrics(entry)
                progress.report(step + 1, total / max(count, 1), val_psnr)
                total, count, waited, began = 0.0, 0, 0.0, time.monotonic()
            if time.monotonic() - saved > config.save_seconds and step + 1 < hparams.steps:
                states.save(
                    {
                        "stage": stage.state_dict(),
                        "mean": mean.network.state_dict(),
                        "optimizer": optimizer.state_dict(),
                        "rows": table.rows,
                        "step": step + 1,
                    }
                )
                saved = time.monotonic()
            asked = time.monotonic()
    assert isinstance(mean.network, Stage)
    return mean.network, table


def _with_stage(objective: Objective, stage: Any) -> Objective:
    return Objective(stage, objective.predecessors, objective.order, objective.loss)


def _complain(
    skipped: int,
    limit: int,
    step: int,
    hparams: Hparams,
    samples: CropDataset,
    optimizer: torch.optim.Optimizer,
) -> None:
    first = step * hparams.batch_size
    names = sorted({f"{g.sequence}:{g.group}" for g in map(samples.group_of, range(first, first + hparams.batch_size))})
    text = (
        f"the loss of step {step + 1} is not finite (samples {', '.join(names)}, "
        f"learning rate {optimizer.param_groups[0]['lr']:.3g})"
    )
    if skipped > limit:
        raise ValueError(f"{text}, {skipped} times in a row; lower learning_rate or gradient_clip")
    logger.warning("%s; the step is skipped", text)
