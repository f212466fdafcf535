"""Training of one stage with its predecessors frozen."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from unsmear.training.augment import add_noise, reverse_frames, turn_pictures
from unsmear.training.batch_size import find_batch_size
from unsmear.training.config import Hparams, TrainingConfig
from unsmear.training.dataset import CropDataset, PictureDataset, SplitStores, load_batches
from unsmear.training.failure import FailedTrainingError, tell_exhaustion
from unsmear.training.interruption import InterruptedTrainingError, Interruption
from unsmear.training.objective import Objective
from unsmear.training.optimizer import learning_rate
from unsmear.training.precision import should_compile
from unsmear.training.processes import Processes
from unsmear.training.progress import Progress
from unsmear.training.resume import StateFiles
from unsmear.training.state import TrainingState
from unsmear.training.tally import Tally
from unsmear.training.validate import to_light, validate

logger = logging.getLogger(__name__)
OnMetrics = Callable[[dict[str, Any]], None]
# Step, then blurry (H, W, 3), predicted and true (K, H, W, 3) pictures, uint8 RGB.
OnSamples = Callable[[int, np.ndarray, np.ndarray, np.ndarray], None]


@dataclass(frozen=True)
class Allowed:
    """Which changes of a sample the camera allows, so that it could have recorded the result."""

    mirror_x: bool = True
    mirror_y: bool = True
    transpose: bool = True


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
    states : where the run is saved and goes on from
    on_metrics : called with each row of the table, in the first process
    title : of the progress bar
    on_samples : called at each validation with the step and its first pictures
    processes : that train together, each on its share of every batch; None is this one alone
    start : state of a shorter training of the same run to go on from, if there is no saved state

    Returns
    -------
    what the training has come to; its ``mean`` is the stage to keep

    Raises
    ------
    FailedTrainingError
        If the loss is not finite for ``config.max_skipped_steps`` steps in a row, or memory does not last.
    InterruptedTrainingError
        After SIGTERM or Ctrl-C, when the state has been saved.
    """
    processes, device = processes or Processes(), objective.precision.device
    stage = objective.stage.to(device, objective.precision.dtype)
    stage = stage.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    state = TrainingState.begin(stage, hparams)
    if saved := states.load() or start:
        state.restore(saved)
        logger.info("%s goes on from step %d", title, state.step)
    else:
        with tell_exhaustion(hparams, state, device):
            state.batch_size = _settle_batch_size(objective, hparams, processes, len(train.groups))
    processes.wait()
    batch_size = state.batch_size
    samples = CropDataset(train, hparams.crop, seed, hparams.steps * batch_size, objective.frames)
    loader = load_batches(
        samples,
        batch_size // processes.size,
        processes.share(state.step * batch_size, len(samples), batch_size),
        config.num_workers,
        pin=device.type == "cuda",
    )
    shared = range(processes.rank, len(val.groups), processes.size)
    pictures = DataLoader(PictureDataset(val, objective.frames), batch_size=1, sampler=shared)
    module: nn.Module = processes.wrap(stage)
    objective.run = torch.compile(module, dynamic=False) if should_compile(config, device) else module
    share = slice(processes.rank * batch_size // processes.size, (processes.rank + 1) * batch_size // processes.size)

    tally, saved_at = Tally(), time.monotonic()
    with (
        Progress(title, hparams.steps, state.step) as progress,
        Interruption() as interruption,
        tell_exhaustion(hparams, state, device),
    ):
        for blurry, sharp, turn in tally.time_waits(loader):
            step, turn = state.step, turn.to(device)
            light, truth = (
                _turn(to_light(codes, objective.precision), turn, hparams, allowed) for codes in (blurry, sharp)
            )
            light = add_noise(light, hparams.noise, seed, step, share, batch_size)
            truth = reverse_frames(truth, turn) if objective.time_reversal else truth
            rate = learning_rate(hparams, step)
            terms = _accumulate_gradients(objective, module, light, truth, hparams.accumulate, state.optimizer)
            norm = nn.utils.clip_grad_norm_(stage.parameters(), hparams.gradient_clip)
            # One exchange for all that the processes must agree on: the loss, and whether one was told to stop.
            stop = float(interruption.signal_number)
            *values, norm_value, stop = processes.mean(
                torch.stack([*terms.values(), norm, norm.new_tensor(stop)])
            ).tolist()
            means = dict(zip(terms, values, strict=True))
            finite = math.isfinite(means["loss"]) and math.isfinite(norm_value)
            if finite:
                state.take_step(rate)
            else:
                state.skip_step()
                _complain(state, config.max_skipped_steps, samples, rate)
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
                progress.report(state.step, trained["loss"], found["psnr"])
                tally.clear()
            if state.table.runs_out_of_patience(hparams.patience):
                logger.info(
                    "%s ends at step %d: no better PSNR for %d validations", title, state.step, hparams.patience
                )
                break
            due = time.monotonic() - saved_at > config.save_seconds or state.step % (config.save_steps or math.inf) == 0
            if processes.is_first and state.step < hparams.steps and (due or stop):
                states.save(state.capture())
                saved_at = time.monotonic()
            if stop and state.step < hparams.steps:
                logger.warning(
                    "%s is told to stop: its state is saved, run it again to go on from step %d", title, state.step
                )
                raise InterruptedTrainingError(interruption.signal_number or round(stop * processes.size))
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


def _turn(light: Tensor, turn: Tensor, hparams: Hparams, allowed: Allowed) -> Tensor:
    return turn_pictures(
        light,
        turn,
        mirror_x=hparams.flips and allowed.mirror_x,
        mirror_y=hparams.flips and allowed.mirror_y,
        transpose=hparams.turns and allowed.transpose,
    )


def _accumulate_gradients(
    objective: Objective, module: nn.Module, light: Tensor, truth: Tensor, parts: int, optimizer: torch.optim.Optimizer
) -> dict[str, Tensor]:
    """Gradients of the mean loss of a batch, part by part, and the mean of each term."""
    optimizer.zero_grad(set_to_none=True)
    sums: dict[str, Tensor] = {}
    for number, (some_light, some_truth) in enumerate(zip(light.chunk(parts), truth.chunk(parts), strict=True), 1):
        # Processes exchange gradients once, with the last part.
        quiet = module.no_sync() if number < parts and hasattr(module, "no_sync") else nullcontext()  # type: ignore[operator]
        with quiet:
            terms = objective.terms(*objective.predict(some_light, some_truth))
            (terms["loss"].mean() / parts).backward()
        for name, value in terms.items():
            sums[name] = sums.get(name, 0) + value.detach().mean() / parts
    return sums


def _complain(state: TrainingState, limit: int, samples: CropDataset, rate: float) -> None:
    first = (state.step - 1) * state.batch_size
    names = sorted({f"{g.sequence}:{g.group}" for g in map(samples.group_of, range(first, first + state.batch_size))})
    text = f"the loss of step {state.step} is not finite (samples {', '.join(names)}, learning rate {rate:.3g})"
    if state.skipped > limit:
        raise FailedTrainingError(
            f"{text}, {state.skipped} times in a row; lower learning_rate or gradient_clip", state
        )
    logger.warning("%s; the step is skipped", text)
