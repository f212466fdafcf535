"""How far a training is: a bar on a terminal, plain lines in a log."""

from __future__ import annotations

import logging
import sys
import time
from types import TracebackType

from tqdm import tqdm

logger = logging.getLogger(__name__)


class Progress:
    """Bar with loss, images a second and time left; validations go to the log as well."""

    def __init__(self, title: str, steps: int, first: int) -> None:
        self.title, self.steps, self.step, self.began, self.images = title, steps, first, time.monotonic(), 0
        self.bar = tqdm(
            total=steps,
            initial=first,
            desc=title,
            unit="step",
            disable=not sys.stderr.isatty(),
            mininterval=0.5,
        )

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.close()

    def advance(self, loss: float, images: int) -> None:
        """One step is done."""
        self.step += 1
        self.images += images
        self.bar.set_postfix_str(f"loss {loss:.4g}, {self.rate():.0f} images/s", refresh=False)
        self.bar.update()

    def rate(self) -> float:
        """Images a second since the start."""
        return self.images / max(time.monotonic() - self.began, 1e-9)

    def report(self, step: int, loss: float, psnr: float) -> None:
        """Write a validation to the log."""
        left = (time.monotonic() - self.began) / max(self.images, 1) * (self.steps - step)
        left *= self.images / max(self.step, 1)
        logger.info(
            "%s: step %d of %d, loss %.4g, validation PSNR %.2f dB, %.0f images/s, %.0f s left",
            self.title, step, self.steps, loss, psnr, self.rate(), left,
        )  # fmt: skip
