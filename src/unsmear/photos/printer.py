"""Lines on standard output that may end before the photos do."""

from __future__ import annotations

import os
import sys


class Printer:
    """Prints lines; where nobody takes them any more, the photos go on and the error comes at the end."""

    def __init__(self) -> None:
        self._error: OSError | None = None

    def __call__(self, line: str) -> None:
        """Print a line, unless an earlier one could not be."""
        if self._error is None:
            try:
                print(line, flush=True)
            except OSError as error:
                self._error = error

    def close(self) -> None:
        """Raise what hindered a line.

        Raises
        ------
        BrokenPipeError
            If whoever read the lines had enough of them.
        ValueError
            If they could not be written for another reason.
        """
        if self._error is not None:
            discard_output()
        if isinstance(self._error, BrokenPipeError):
            raise self._error
        if self._error is not None:
            raise ValueError(f"the names of the files cannot be printed ({self._error.strerror}); the files are there")


def discard_output() -> None:
    """Let Python's end not fail on lines that nobody takes."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
