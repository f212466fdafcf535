"""Fixtures of the fault tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_server import FaultServer, serve

from unsmear import retry
from unsmear.frames import partial


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small pieces and short waits; no proxy or token of this machine."""
    monkeypatch.setattr(retry, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(partial, "PIECE_BYTES", 300_000)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("UNSMEAR_TOKEN", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def official(shared: Path) -> dict[str, bytes]:
    """The zips that the server holds, by path."""
    folder = shared / "data" / "crop256"
    return {f"/{name}": (folder / name).read_bytes() for name in ("train_orig_part0.zip", "val_orig_part0.zip")}


@pytest.fixture
def server(official: dict[str, bytes]) -> Iterator[FaultServer]:
    """A server for the official zips, without faults at first."""
    with serve(official) as running:
        yield running
