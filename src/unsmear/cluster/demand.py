"""Memory and time that jobs ask a cluster for, from the size of their work.

Estimates with a margin: a job that is killed for one of them comes back with a multiple of it. Memory is
that of all processes, among them Snakemake's own, and of the stores that are mapped into it.
"""

from __future__ import annotations

from typing import NamedTuple

from unsmear.training.config import Hparams

SMALL_MB = 1500  # Snakemake's processes beside the job, numpy, OpenCV
TORCH_MB = 4000  # the same with torch, and with the driver of a GPU
WORKER_MB = 1500  # one process that loads samples
LARGEST_BATCH = 64  # that batch_size: auto becomes
MAPPED_MB = 16_000  # of larger stores, what the system may drop again

# Pixels of crops that a training takes in a minute: 84,000 steps of 8 crops of 320 x 320 in three days, as the
# original work reports for its network and its GPU (Berman 2021). Newer GPUs need less.
TRAINED_PIXELS_A_MINUTE = 1.6e7


class Demand(NamedTuple):
    """What the first attempt asks for."""

    mem_mb: int
    minutes: int


def store_mb(num_frames: int, height: int, width: int) -> float:
    """Size of a store of RGB frames, megabytes."""
    return num_frames * height * width * 3 / 1e6


def demand_of_extraction(frames_mb: float) -> Demand:
    """Decode one sequence into a store of ``frames_mb``: 10 MB a second where the file system is slow."""
    return Demand(SMALL_MB + round(1.2 * frames_mb), 5 + round(frames_mb / 600))


def demand_of_rendering(frames_mb: float) -> Demand:
    """Render one sequence's blurry pictures: its store is read, a seventh of it or so is written."""
    return Demand(SMALL_MB + round(1.5 * frames_mb), 5 + round(frames_mb / 300))


def demand_of_training(input_mb: float, num_workers: int, hparams: Hparams) -> Demand:
    """Train one stage.

    Parameters
    ----------
    input_mb : of all stores that it reads, megabytes
    num_workers : processes that load samples
    hparams : of the stage; the batch size ``auto`` counts as the largest that it can become
    """
    batch_size = LARGEST_BATCH if hparams.batch_size == "auto" else hparams.batch_size
    pixels = float(hparams.steps) * batch_size * hparams.crop**2
    return Demand(
        TORCH_MB + WORKER_MB * num_workers + round(min(input_mb, MAPPED_MB)),
        30 + round(pixels / TRAINED_PIXELS_A_MINUTE),
    )


def demand_of_evaluation(input_mb: float, batch_size: int, height: int, width: int) -> Demand:
    """Run networks over whole pictures and score them.

    Parameters
    ----------
    input_mb : of the stores that are evaluated, megabytes
    batch_size : pictures a forward pass
    height, width : of a picture, pixels
    """
    activations_mb = 3000 * batch_size * height * width / 1e6
    return Demand(TORCH_MB + round(activations_mb + min(input_mb, MAPPED_MB)), 15 + round(input_mb / 60))
