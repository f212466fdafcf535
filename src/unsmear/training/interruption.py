"""SIGTERM (a cluster's preemption) and Ctrl-C, answered between two steps."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class InterruptedTrainingError(SystemExit):
    """The training was asked to stop and has saved its state; the process exits as the signal would have it."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(128 + signal_number)


class Interruption:
    """Notes a signal while its block runs, so that the training can save its state before it ends."""

    def __init__(self) -> None:
        self.signal_number = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interruption:
        # Python lets the main thread alone set handlers; a signal that is ignored stays so.
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.signal_number = number
