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

from unsmear.heap import kept_by_process
from unsmear.training.batch_size import find_batch_size
from unsmear.training.config import Hparams, TrainingConfig
from unsmear.training.dataset import CropDataset, PictureDataset
from unsmear.training.failure import FailedTrainingError, explain_out_of_memory
from unsmear.training.gradient import Allowed, BatchGradient
from unsmear.training.interruption import InterruptedTrainingError, Interruption
from unsmear.training.loader import BatchLoader, tell_lost_workers
from unsmear.training.objective import Objective
from unsmear.training.optimizer import learning_rate
from unsmear.training.precision import should_compile, use_kernels
from unsmear.training.processes import Processes
from unsmear.training.progress import Progress
from unsmear.training.resume import StateFiles
from unsmear.training.state import TrainingState
from unsmear.training.stores import SplitStores
from unsmear.training.tally import Tally
from unsmear.training.validate import validate

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
    allowed: Allowed,
    states: StateFiles,
    on_metrics: OnMetrics,
    title: str,
    on_samples: OnSamples | None = None,
    processes: Processes | None = None,
    start: dict[str, Any] | None = None,
) -> TrainingState:
    """Train a stage; the samples, noise and result depend on seed and step alone.

    Parameters
    ----------
    objective : the stage, its frozen predecessors (in evaluation mode), the loss and the precision
    train, val : where samples come from; the test split never comes here
    allowed : by the camera
    states : where the run is saved and resumes from
    on_metrics : called with each row of the table, in the first process
    title : of the progress bar
    on_samples : called at each validation with the step and its first pictures
    processes : that train together, each on its share of every batch; None is this one alone
    start : state of a shorter training of the same run to resume from, if there is no saved state

    Returns
    -------
    what the training has come to; its ``mean`` is the stage to keep

    Raises
    ------
    FailedTrainingError
        If the loss is not finite for more than ``config.max_skipped_steps`` steps in a row, or for the last two
        steps, or memory runs out.
    InterruptedTrainingError
        After SIGTERM or Ctrl-C, when the state has been saved.
    """
    processes, device = processes or Processes(), objective.precision.device
    stage = objective.stage.to(device, objective.precision.dtype)
    stage = stage.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    state = TrainingState.begin(stage, hparams)
    if saved := states.load() or start:
        state.restore(saved)
        if saved is start:
            state.seconds_before = 0.0  # those of the shorter training
        logger.info("%s resumes from step %d", title, state.step)
    else:
        with explain_out_of_memory(hparams, state, device):
            state.batch_size = _settle_batch_size(objective, hparams, processes, len(train.groups))
    processes.wait()
    batch_size = state.batch_size
    samples = CropDataset(
        train, hparams.crop, seed, hparams.steps * batch_size, objective.frames, objective.needs_motion
    )
    loader = BatchLoader(
        samples,
        batch_size // processes.size,
        processes.share(state.step * batch_size, len(samples), batch_size),
        config.num_workers,
        pin=device.type == "cuda",
    )
    shared = range(processes.rank, len(val.groups), processes.size)
    pictures = DataLoader(PictureDataset(val, objective.frames, objective.needs_motion), batch_size=1, sampler=shared)
    if not hparams.steps:
        row = {"step": 0, "epoch": 0.0, "lr": 0.0, "split": "val"}
        row |= validate(objective.with_stage(state.mean), pictures, processes)
        state.table.add(**row)
        on_metrics(row)
        return state
    objective.run = torch.compile(stage, dynamic=False) if should_compile(config, device) else None
    for network in (*objective.predecessors, state.mean, *([stage] if objective.run is None else [])):
        network.to(memory_format=torch.channels_last)
        use_kernels(config, network, device)
    compute = BatchGradient(objective, hparams, allowed, seed, processes)

    tally, saved_at = Tally((saved or {}).get("tally")), time.monotonic()
    with (
        Progress(title, hparams.steps, state.step) as progress,
        Interruption() as interruption,
        explain_out_of_memory(hparams, state, device),
        tell_lost_workers(config.num_workers),
        kept_by_process(),
    ):
        for batch in tally.time_waits(loader):
            rate = learning_rate(hparams, state.step)
            means, norm, stop = compute(state.step, batch, interruption.signal_number)
            finite = math.isfinite(means["loss"]) and math.isfinite(norm)
            if finite:
                with objective.precision.autocast():
                    state.take_step(rate)
            else:
                state.skip_step()
                # At the end there are no further steps to wait for.
                limit = config.max_skipped_steps if state.step < hparams.steps else min(1, config.max_skipped_steps)
                _complain(state, limit, samples, rate, states if processes.is_first else None)
            tally.add(means if finite else {}, batch_size)
            progress.advance(means["loss"], batch_size)
            if state.step % config.validate_every == 0 or state.step == hparams.steps:
                common = {"step": state.step, "epoch": state.step * batch_size / len(train.groups), "lr": rate}
                trained: dict[str, Any] = {**common, "split": "train", **tally.read()}
                show = partial(on_samples, state.step) if on_samples is not None else None
                found = validate(objective.with_stage(state.mean), pictures, processes, show)
                stage.train()
                for row in (trained, {**common, "split": "val", **found}):
                    state.table.add(**row)
                    on_metrics(row)
                progress.report(trained["loss"], found["psnr"])
                tally.clear()
            if state.table.runs_out_of_patience(hparams.patience):
                logger.info(
                    "%s ends at step %d: no better PSNR for %d validations", title, state.step, hparams.patience
                )
                break
            due = time.monotonic() - saved_at > config.save_seconds or state.step % (config.save_steps or math.inf) == 0
            if processes.is_first and state.step < hparams.steps and (due or stop):
                states.save({**state.capture(), "tally": tally.capture()})
                saved_at = time.monotonic()
            if stop and state.step < hparams.steps:
                logger.warning(
                    "%s is told to stop: its state is saved, run it again to resume from step %d", title, state.step
                )
                raise InterruptedTrainingError(stop)
    return state


def _settle_batch_size(objective: Objective, hparams: Hparams, processes: Processes, num_groups: int) -> int:
    parts = processes.size * hparams.accumulate
    if hparams.batch_size == "auto":
        found = find_batch_size(objective, hparams.crop, processes.size, hparams.accumulate, num_groups)
        return min(processes.gather([found]))
    if hparams.batch_size % parts:
        raise ValueError(
            f"batch_size {hparams.batch_size} cannot be cut into {processes.size} processes x {hparams.accumulate} "
            f"parts (accumulate); make it a multiple of {parts}"
        )
    return hparams.batch_size


def _complain(state: TrainingState, limit: int, samples: CropDataset, rate: float, states: StateFiles | None) -> None:
    first = (state.step - 1) * state.batch_size
    names = sorted({f"{g.sequence}:{g.group}" for g in map(samples.group_of, range(first, first + state.batch_size))})
    text = f"the loss of step {state.step} is not finite (samples {', '.join(names)}, learning rate {rate:.3g})"
    if state.skipped > limit:
        if states is not None:
            # The weights are those before the first of the steps that were skipped.
            states.save({**state.capture(), "step": state.step - state.skipped, "skipped": 0})
        raise FailedTrainingError(
            f"{text}, {state.skipped} times in a row; lower learning_rate or gradient_clip", state
        )
    logger.warning("%s; the step is skipped", text)
