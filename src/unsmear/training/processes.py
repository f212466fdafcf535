"""Several processes that train one network, each on its share of every batch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor, distributed, nn


@dataclass(frozen=True)
class Processes:
    """This process among those that train together; alone by default.

    Parameters
    ----------
    rank : number of this process, from 0
    size : how many there are
    """

    rank: int = 0
    size: int = 1

    @classmethod
    def join(cls, device: torch.device) -> Processes:
        """Meet the processes that ``torchrun`` has started, over NCCL on GPUs and gloo on CPUs."""
        rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
        if device.type == "cuda":
            torch.cuda.set_device(device)
        # Time enough for what one does alone, such as writing a state; then a lost one is given up.
        distributed.init_process_group(
            "nccl" if device.type == "cuda" else "gloo", rank=rank, world_size=size, timeout=timedelta(minutes=30)
        )
        return cls(rank, size)

    @property
    def is_first(self) -> bool:
        """Whether this one writes files and records the run."""
        return self.rank == 0

    def share(self, first: int, length: int, batch_size: int) -> list[int]:
        """Samples of this process: of every batch from ``first`` on, its part.

        Parameters
        ----------
        first, length : samples first..length - 1 are wanted, whole batches
        batch_size : of all processes together
        """
        each = batch_size // self.size
        begin = self.rank * each
        return [start + begin + k for start in range(first, length, batch_size) for k in range(each)]

    @torch.no_grad()
    def average_gradients(self, parameters: Sequence[nn.Parameter]) -> None:
        """Give every process the mean of the gradients."""
        if self.size == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        parts = self.mean(flat).split([gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))

    def any(self, flag: bool, device: torch.device) -> bool:
        """Whether the flag is set in any process."""
        return bool(self.mean(torch.tensor(float(flag), device=device)) > 0) if self.size > 1 else flag

    def mean(self, values: Tensor) -> Tensor:
        """Mean of a tensor over all processes."""
        if self.size > 1:
            distributed.all_reduce(values)
            values /= self.size
        return values

    def gather(self, entries: list[Any]) -> list[Any]:
        """Entries of all processes in one list."""
        if self.size == 1:
            return entries
        lists: list[Any] = [None] * self.size
        distributed.all_gather_object(lists, entries)
        return [entry for part in lists for entry in part]

    def wait(self) -> None:
        """Go on when all processes are here."""
        if self.size > 1:
            distributed.barrier()

    def leave(self) -> None:
        """End the meeting."""
        if self.size > 1:
            distributed.destroy_process_group()
