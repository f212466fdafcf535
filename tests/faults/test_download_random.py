"""Random schedules of faults: the right bytes or a clear error, and a rerun without faults completes."""

from __future__ import annotations

import hashlib
import io
import random
import zipfile
from pathlib import Path

import pytest
from fault_server import HUB, Fault, FaultServer

from unsmear.frames import reds
from unsmear.frames.archives_config import Checksum, RedsConfig

pytestmark = pytest.mark.usefixtures("quick")
WHOLE, SINGLE = "train_orig_part0.zip", "train_002.zip"


def schedule(seed: int, with_corruption: bool) -> list[Fault | None]:
    """Faults of the first 400 requests; harsh seeds hit most of them."""
    rng = random.Random(seed)
    harshness = rng.choice([0.3, 0.6, 0.9])
    kinds = {
        "cut": lambda: Fault("cut", rng.choice([0, 1, rng.randrange(400_000), rng.randrange(400_000)])),
        "500": lambda: Fault("status", rng.choice([500, 502, 503, 504])),
        "429": lambda: Fault("status", 429, rng.choice(["0", None, "Wed, 01 Jan 2020 00:00:00 GMT", "nonsense"])),
        "no range": lambda: Fault("no_range"),
        "length": lambda: Fault("wrong_length", rng.choice([-1, 1]) * rng.randrange(1, 5000)),
        "total": lambda: Fault("wrong_total", rng.randrange(1, 5000)),
        "trickle": lambda: Fault("trickle", 0.005),
        "redirect": lambda: Fault("redirect"),
        "html": lambda: Fault("html"),
        "stall": lambda: Fault("stall", 0.6) if rng.random() < 0.2 else None,
        "gone": lambda: Fault("status", rng.choice([403, 404])) if rng.random() < 0.1 else None,
    }
    if with_corruption:
        kinds["corrupt"] = lambda: Fault("corrupt", rng.randrange(400_000))
    chosen = rng.sample(sorted(kinds), 5) + (["corrupt"] if with_corruption else [])
    faults: list[Fault | None] = []
    while len(faults) < 400:
        fault = kinds[rng.choice(chosen)]() if rng.random() < harshness else None
        faults += [fault] * rng.choice([1, 1, 1, 4])  # bursts
    return faults


def content_is_right(name: str, output: Path, official: dict[str, bytes]) -> bool:
    truth = official[f"/{WHOLE}"]
    if name == WHOLE:
        return output.read_bytes() == truth
    one, other = zipfile.ZipFile(output), zipfile.ZipFile(io.BytesIO(truth))
    wanted = [member for member in other.namelist() if "/002/0" in member]
    return one.namelist() == wanted and all(one.read(member) == other.read(member) for member in wanted)


@pytest.mark.parametrize("name", [WHOLE, SINGLE])
@pytest.mark.parametrize("seed", [*range(20), *(pytest.param(k, marks=pytest.mark.slow) for k in range(20, 80))])
def test_a_random_schedule_ends_well_or_clearly(
    name: str, seed: int, server: FaultServer, official: dict[str, bytes], tmp_path: Path
) -> None:
    known, hub = seed % 2 == 0, seed < 20
    # The hub tells the SHA-256 of whole files.
    faults = schedule(seed, with_corruption=known or hub or name == SINGLE)
    server.validator = ["etag", "date", "weak", "none"][seed % 4]
    server.choose = lambda number, path: faults[number] if number < len(faults) else None
    sha256 = hashlib.sha256(official[f"/{WHOLE}"]).hexdigest()
    settings = RedsConfig(
        mirrors=(server.url + HUB if hub else server.url,),
        lock=str(tmp_path / "lock.json"),
        checksums={WHOLE: Checksum(sha256=sha256)} if known else {},
        connections=1 + seed % 3,
        retries=3,
        timeout_s=0.5,
        max_wait_s=0.1,
    )
    output = tmp_path / "archives" / name
    for _ in range(3):
        try:
            reds.fetch_archive(name, output, settings)
        except ValueError as error:
            assert str(error).startswith(f"{name} could not be fetched")
            assert "127.0.0.1" in str(error)
            assert len(str(error).splitlines()) == 3
            assert not output.exists()
        else:
            assert content_is_right(name, output, official)
            break

    server.choose = lambda number, path: None
    if not output.exists():
        reds.fetch_archive(name, output, settings)
    assert content_is_right(name, output, official)
    assert [path.name for path in output.parent.iterdir()] == [name]
