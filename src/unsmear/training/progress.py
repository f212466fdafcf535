"""How far a training is: a bar on a terminal, plain lines in a log."""

from __future__ import annotations

import logging
import sys
import time
from types import TracebackType

from tqdm import tqdm

logger = logging.getLogger(__name__)
LINE_SECONDS = 60.0


class Progress:
    """Bar with loss, images a second and time left; a line in the log each minute and at validations.

    Parameters
    ----------
    title : of the run
    steps : of the whole run
    first : steps that earlier sessions have done
    """

    def __init__(self, title: str, steps: int, first: int) -> None:
        self.title, self.steps, self.first, self.step = title, steps, first, first
        self.images, self.began = 0, time.monotonic()
        self.written = self.began
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
        if time.monotonic() - self.written > LINE_SECONDS:
            self._write(loss, "")

    def rate(self) -> float:
        """Images a second since the start."""
        return self.images / max(time.monotonic() - self.began, 1e-9)

    def seconds_left(self) -> float:
        """Time to the last step at the speed so far."""
        return (time.monotonic() - self.began) / max(self.step - self.first, 1) * (self.steps - self.step)

    def report(self, loss: float, psnr: float) -> None:
        """Write a validation to the log."""
        self._write(loss, f" validation PSNR {psnr:.2f} dB,")

    def _write(self, loss: float, more: str) -> None:
        self.written = time.monotonic()
        logger.info(
            "%s: step %d of %d, loss %.4g,%s %.1f images/s, %.0f s left",
            self.title, self.step, self.steps, loss, more, self.rate(), self.seconds_left(),
        )  # fmt: skip
