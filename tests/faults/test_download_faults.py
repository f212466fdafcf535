"""Downloads under every single fault: right bytes, or an error that says what is wrong."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from fault_server import HUB, Fault, FaultServer, serve

from unsmear.files import sha256_of
from unsmear.frames import partial, reds
from unsmear.frames.archives_config import Checksum, RedsConfig
from unsmear.frames.extract import extract_sequence
from unsmear.scenes.archives import make_archive
from unsmear.scenes.config import ScenesConfig

WHOLE = "train_orig_part0.zip"
SINGLE = "train_002.zip"


pytestmark = pytest.mark.usefixtures("quick")


def settings(server: FaultServer, tmp_path: Path, **changes: object) -> RedsConfig:
    values: dict[str, object] = {
        "mirrors": (server.url,),
        "lock": str(tmp_path / "lock.json"),
        "retries": 4,
        "timeout_s": 1.0,
        "max_wait_s": 2.0,
    }
    return RedsConfig(**(values | changes))


def frames_of(content: bytes | Path, sequence: str) -> dict[str, bytes]:
    """PNGs of a sequence by frame file name: the oracle is zipfile itself."""
    opened = zipfile.ZipFile(content if isinstance(content, Path) else io.BytesIO(content))
    return {
        name.rpartition("/")[2]: opened.read(name)
        for name in opened.namelist()
        if f"/{sequence}/" in name and name.endswith(".png")
    }


def check(name: str, output: Path, official: dict[str, bytes]) -> None:
    """The output is right, and nothing of the download is left."""
    if name == SINGLE:
        assert frames_of(output, "002") == frames_of(official[f"/{WHOLE}"], "002")
        assert len(zipfile.ZipFile(output).namelist()) == 9
    else:
        assert output.read_bytes() == official[f"/{name}"]
    assert sorted(path.name for path in output.parent.iterdir()) == [name]


def once(fault: Fault, at: int = 1, times: int = 1):
    """The fault at requests ``at`` to ``at + times - 1``."""
    return lambda number, path: fault if at <= number < at + times else None


FAULTS = {
    "cut": once(Fault("cut", 1234), 1, 6),
    "cut at the first byte": once(Fault("cut", 0), 1, 3),
    "500 burst": once(Fault("status", 500), 0, 3),
    "429 burst": once(Fault("status", 429, "0"), 1, 3),
    "429 with a date": once(Fault("status", 429, "Wed, 01 Jan 2020 00:00:00 GMT"), 1, 1),
    "503 without a time": once(Fault("status", 503), 2, 2),
    "says too much": once(Fault("wrong_length", 500), 1, 2),
    "says too little": once(Fault("wrong_length", -500), 1, 2),
    "stall": once(Fault("stall", 1.5), 1, 1),
    "trickle": once(Fault("trickle", 0.03), 1, 2),
    "redirect": lambda number, path: Fault("redirect"),
    "one web page": once(Fault("html"), 2, 1),
    "one answer without range": once(Fault("no_range"), 2, 1),
    "one wrong total": once(Fault("wrong_total", 100), 2, 1),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", [WHOLE, SINGLE])
def test_one_call_gets_the_right_bytes_in_spite_of(
    name: str, fault: str, server: FaultServer, official: dict[str, bytes], tmp_path: Path
) -> None:
    server.choose = FAULTS[fault]
    output = tmp_path / "archives" / name
    if name == SINGLE and fault == "one wrong total":
        # A sequence is not begun anew within a call: the total says that the zip has changed.
        with pytest.raises(ValueError, match=r"the file changed while it was read"):
            reds.fetch_archive(name, output, settings(server, tmp_path))
    reds.fetch_archive(name, output, settings(server, tmp_path))
    check(name, output, official)


@pytest.mark.parametrize("validator", ["etag", "weak", "date", "none"])
@pytest.mark.parametrize("name", [WHOLE, SINGLE])
def test_any_kind_of_validator_will_do(
    name: str, validator: str, server: FaultServer, official: dict[str, bytes], tmp_path: Path
) -> None:
    server.validator = validator
    server.choose = once(Fault("cut", 10_000), 1, 3)
    output = tmp_path / "archives" / name
    reds.fetch_archive(name, output, settings(server, tmp_path))
    check(name, output, official)


def test_a_server_that_tells_no_length_gives_whole_zips(
    server: FaultServer, official: dict[str, bytes], tmp_path: Path
) -> None:
    server.has_ranges, server.chunked = False, True
    server.choose = once(Fault("cut", 70_000), 1, 2)
    output = tmp_path / "archives" / WHOLE
    reds.fetch_archive(WHOLE, output, settings(server, tmp_path))
    check(WHOLE, output, official)


def test_a_server_without_ranges_gives_whole_zips_but_no_sequences(
    server: FaultServer, official: dict[str, bytes], tmp_path: Path
) -> None:
    server.has_ranges = False
    server.choose = once(Fault("cut", 70_000), 1, 2)
    output = tmp_path / "archives" / WHOLE
    reds.fetch_archive(WHOLE, output, settings(server, tmp_path))
    check(WHOLE, output, official)
    with pytest.raises(ValueError, match=r"does not answer byte ranges.*another mirror"):
        reds.fetch_archive(SINGLE, tmp_path / SINGLE, settings(server, tmp_path))


ERRORS = {
    "web page": (Fault("html"), "web page came instead"),
    "500": (Fault("status", 500), "gave up after 3 failed attempts.*answered 500"),
    "403": (Fault("status", 403), "answered 403.*UNSMEAR_TOKEN"),
    "404": (Fault("status", 404), "answered 404.*no such file"),
    "long wait": (Fault("status", 429, "3600"), "asks to wait 3600 s.*run again later"),
    "cut": (Fault("cut", 0), "gave up after 3 failed attempts"),
    "wrong total": (Fault("wrong_total", 5000), "truncated or damaged"),
}


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("name", [WHOLE, SINGLE])
def test_a_lasting_fault_is_told_and_a_rerun_completes(
    name: str, error: str, server: FaultServer, official: dict[str, bytes], tmp_path: Path
) -> None:
    fault, message = ERRORS[error]
    server.choose = lambda number, path: fault
    output = tmp_path / "archives" / name
    with pytest.raises(ValueError, match=f"(?s){name} could not be fetched.*{message}"):
        reds.fetch_archive(name, output, settings(server, tmp_path, retries=2))
    assert not output.exists()
    assert not (tmp_path / "lock.json").exists()
    server.choose = lambda number, path: None
    reds.fetch_archive(name, output, settings(server, tmp_path))
    check(name, output, official)


def test_a_corrupt_byte_is_found_by_sha256(
    server: FaultServer, official: dict[str, bytes], tmp_path: Path, shared: Path
) -> None:
    sha256 = sha256_of(shared / "data" / "crop256" / WHOLE)
    server.choose = once(Fault("corrupt", 100_000), 2, 1)
    output = tmp_path / "archives" / WHOLE
    given = settings(server, tmp_path, checksums={WHOLE: Checksum(sha256=sha256)})
    with pytest.raises(ValueError, match=f"{WHOLE}: sha256 [0-9a-f]{{64}} found, {sha256} expected"):
        reds.fetch_archive(WHOLE, output, given)
    assert list(output.parent.iterdir()) == []
    reds.fetch_archive(WHOLE, output, given)
    check(WHOLE, output, official)


def test_a_corrupt_byte_is_found_by_crc_where_no_sha256_is_known(server: FaultServer, tmp_path: Path) -> None:
    server.choose = once(Fault("corrupt", 100_000), 2, 1)
    with pytest.raises(ValueError, match=r"member train/train_orig/\d{3}/\d{8}\.png is damaged"):
        reds.fetch_archive(WHOLE, tmp_path / WHOLE, settings(server, tmp_path))
    assert not (tmp_path / WHOLE).exists()
    assert not (tmp_path / "lock.json").exists()


def test_a_corrupt_byte_in_a_sequence_is_fetched_again(
    server: FaultServer, official: dict[str, bytes], tmp_path: Path
) -> None:
    server.choose = once(Fault("corrupt", 100_000), 2, 1)
    output = tmp_path / "archives" / SINGLE
    reds.fetch_archive(SINGLE, output, settings(server, tmp_path))
    check(SINGLE, output, official)


@pytest.mark.parametrize("name", [WHOLE, SINGLE])
def test_an_address_that_ran_out_is_asked_for_again(
    name: str, server: FaultServer, official: dict[str, bytes], tmp_path: Path
) -> None:
    stored: list[str] = []

    def run_out(number: int, path: str) -> Fault | None:
        stored.extend([path] if path.startswith("/cdn/") else [])
        return Fault("status", 403) if path.startswith("/cdn/") and len(stored) in (2, 3) else None

    server.choose = run_out
    output = tmp_path / "archives" / name
    reds.fetch_archive(name, output, settings(server, tmp_path, mirrors=(server.url + HUB,)))
    check(name, output, official)
    # Behind every address that ran out the hub gave a new one.
    assert len(server.requests) - len(stored) == len(stored)
    server.choose = lambda number, path: Fault("status", 403) if path.startswith("/cdn/") else None
    with pytest.raises(ValueError, match=r"gave up.*403 behind a redirect") as failed:
        reds.fetch_archive(name, tmp_path / name, settings(server, tmp_path, mirrors=(server.url + HUB,), retries=1))
    assert "SECRET" not in str(failed.value)


def test_the_hubs_own_sha256_is_held_to(server: FaultServer, official: dict[str, bytes], tmp_path: Path) -> None:
    given = settings(server, tmp_path, mirrors=(server.url + HUB,))
    output = tmp_path / "archives" / WHOLE
    sha256 = hashlib.sha256(official[f"/{WHOLE}"]).hexdigest()
    server.choose = lambda number, path: Fault("corrupt", 100_000) if path.startswith("/cdn/") and number > 3 else None
    with pytest.raises(ValueError, match=f"sha256 [0-9a-f]{{64}} found, {sha256} expected"):
        reds.fetch_archive(WHOLE, output, given)
    server.choose = lambda number, path: None
    reds.fetch_archive(WHOLE, output, given)
    check(WHOLE, output, official)

    server.files[f"/{WHOLE}"] = sibling(official[f"/{WHOLE}"])
    before = server.sent
    with pytest.raises(ValueError, match=f"the file has sha256 [0-9a-f]{{64}} there, expected {sha256}"):
        reds.fetch_archive(WHOLE, tmp_path / WHOLE, given)
    assert server.sent - before <= 2  # the first bytes alone


def sibling(content: bytes) -> bytes:
    """A sound zip of the same length with the same members; a date differs."""
    other = bytearray(content)
    other[10:14] = b"ABCD"
    return bytes(other)


@pytest.mark.parametrize("validator", ["etag", "date"])
@pytest.mark.parametrize("same_length", [True, False])
def test_a_file_that_changes_meanwhile_is_begun_anew(
    server: FaultServer, tmp_path: Path, shared: Path, same_length: bool, validator: str
) -> None:
    server.validator = validator
    other = (shared / "data" / "crop256" / "train_orig_part1.zip").read_bytes()
    if same_length:
        other = sibling(server.files[f"/{WHOLE}"])

    def change(number: int, path: str) -> Fault | None:
        if number == 4:
            server.files[f"/{WHOLE}"] = other
        return None

    server.choose = change
    output = tmp_path / "archives" / WHOLE
    reds.fetch_archive(WHOLE, output, settings(server, tmp_path, connections=1))
    assert output.read_bytes() == other


def test_a_file_that_changes_between_two_calls_is_not_mixed(server: FaultServer, tmp_path: Path) -> None:
    server.choose = lambda number, path: Fault("status", 404) if number >= 4 else None
    output = tmp_path / "archives" / WHOLE
    with pytest.raises(ValueError, match="404"):
        reds.fetch_archive(WHOLE, output, settings(server, tmp_path, connections=1))
    # The same length and a sound zip (a date differs), so that the validator alone can tell.
    other = server.files[f"/{WHOLE}"] = sibling(server.files[f"/{WHOLE}"])
    server.choose = lambda number, path: None
    reds.fetch_archive(WHOLE, output, settings(server, tmp_path))
    assert output.read_bytes() == other


def test_the_lock_file_is_written_once_and_held_to(
    server: FaultServer, official: dict[str, bytes], tmp_path: Path, shared: Path
) -> None:
    given = settings(server, tmp_path)
    for name in (WHOLE, SINGLE):
        reds.fetch_archive(name, tmp_path / "one" / name, given)
    entries = json.loads((tmp_path / "lock.json").read_text())["files"]
    assert list(entries) == [SINGLE, WHOLE]
    truth = shared / "data" / "crop256" / WHOLE
    assert entries[WHOLE] == {"size": truth.stat().st_size, "sha256": sha256_of(truth)}

    for name in (WHOLE, SINGLE):  # the same bytes a second time, from a server that stutters
        server.choose = once(Fault("cut", 50_000), len(server.requests) + 1, 4)
        reds.fetch_archive(name, tmp_path / "two" / name, given)
        assert (tmp_path / "two" / name).read_bytes() == (tmp_path / "one" / name).read_bytes()

    server.files[f"/{WHOLE}"] = (shared / "data" / "crop256" / "train_orig_part1.zip").read_bytes()
    with pytest.raises(ValueError, match=f"(?s){WHOLE}.*bytes there, expected {truth.stat().st_size}"):
        reds.fetch_archive(WHOLE, tmp_path / "three" / WHOLE, given)
    with pytest.raises(ValueError, match="sequence train/002 is not there"):
        reds.fetch_archive(SINGLE, tmp_path / "three" / SINGLE, given)
    assert not (tmp_path / "three" / WHOLE).exists()


def test_a_lock_file_that_cannot_be_written_is_told_before_the_first_byte(server: FaultServer, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=r"data\.reds\.lock: .*lock\.json cannot be written"):
        given = settings(server, tmp_path, lock=str(tmp_path / "file" / "lock.json"))
        reds.fetch_archive(WHOLE, tmp_path / WHOLE, given)
    assert server.requests == []


def test_mirrors_are_tried_in_order(
    server: FaultServer, official: dict[str, bytes], tmp_path: Path, shared: Path
) -> None:
    folder = shared / "data" / "crop256"
    empty = tmp_path / "empty"
    empty.mkdir()
    for last in (server.url, folder.as_uri(), str(folder)):
        for name in (WHOLE, SINGLE):
            given = settings(server, tmp_path, mirrors=(server.url + "nowhere/", str(empty), last))
            output = tmp_path / "archives" / name
            reds.fetch_archive(name, output, given)
            check(name, output, official)
            output.unlink()
    with pytest.raises(ValueError, match=r"(?s)nowhere/: .*404.*empty: there is no train_orig_part0\.zip"):
        given = settings(server, tmp_path, mirrors=(server.url + "nowhere/", str(empty)))
        reds.fetch_archive(WHOLE, tmp_path / WHOLE, given)


def test_a_full_disk_is_told_before_the_first_byte(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(partial.shutil, "disk_usage", lambda path: usage)
    size = len(server.files[f"/{WHOLE}"])
    with pytest.raises(ValueError, match=rf"needs 0\.00 GB \({size} bytes\)"):
        reds.fetch_archive(WHOLE, tmp_path / WHOLE, settings(server, tmp_path))
    assert server.sent <= 2  # the probe alone
    with pytest.raises(ValueError, match=r"needs .* are free"):
        reds.fetch_archive(SINGLE, tmp_path / SINGLE, settings(server, tmp_path))


def test_a_sequence_takes_its_own_bytes_alone(server: FaultServer, tmp_path: Path) -> None:
    size = sum(map(len, frames_of(server.files[f"/{WHOLE}"], "002").values()))
    reds.fetch_archive(SINGLE, tmp_path / SINGLE, settings(server, tmp_path))
    directory = 2 * 65536  # the end of the zip, and a little more
    assert size <= server.sent <= size + directory

    first = server.sent
    reds.fetch_archive("train_002_first3.zip", tmp_path / "train_002_first3.zip", settings(server, tmp_path))
    assert server.sent - first <= size // 2 + directory
    assert list(frames_of(tmp_path / "train_002_first3.zip", "002")) == [f"{k:08d}.png" for k in range(3)]


def test_frames_that_wait_are_kept_just_where_they_are_right(
    server: FaultServer, official: dict[str, bytes], tmp_path: Path
) -> None:
    output = tmp_path / "archives" / SINGLE
    output.parent.mkdir()
    frames = list(frames_of(official[f"/{WHOLE}"], "002").values())
    foreign = bytes(len(frames[2]))  # right in its length alone
    partial.bytes_path(partial.unchecked_path(output)).write_bytes(b"".join([*frames[:2], foreign, *frames[3:6]]))
    reds.fetch_archive(SINGLE, output, settings(server, tmp_path))
    check(SINGLE, output, official)
    assert server.sent <= 2 * 65536 + sum(map(len, frames[2:]))


def test_a_token_goes_to_its_mirror_and_nowhere_else(
    server: FaultServer,
    official: dict[str, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    server.required_token = "TOKEN-SECRET"
    server.choose = lambda number, path: Fault("redirect")
    output = tmp_path / "archives" / WHOLE
    with pytest.raises(ValueError, match=r"401.*a token is needed") as without:
        given = settings(server, tmp_path, mirrors=(server.url + "?key=QUERY-SECRET",))
        reds.fetch_archive(WHOLE, output, given)
    monkeypatch.setenv("UNSMEAR_TOKEN", "TOKEN-SECRET")
    reds.fetch_archive(WHOLE, output, settings(server, tmp_path))
    check(WHOLE, output, official)
    for request in server.requests:
        assert not (request.path.startswith("/cdn/") and "Authorization" in request.headers)

    assert any(request.path.startswith("/cdn/") for request in server.requests)

    server.choose = lambda number, path: Fault("status", 500)
    mirror = server.url.replace("http://", "http://someone:PASSWORD-SECRET@")
    with pytest.raises(ValueError) as failed:
        reds.fetch_archive(SINGLE, tmp_path / SINGLE, settings(server, tmp_path, mirrors=(mirror,), retries=0))
    seen = str(without.value) + str(failed.value) + "".join(capfd.readouterr()) + caplog.text
    seen += (tmp_path / "lock.json").read_text()
    assert "SECRET" not in seen


def test_a_proxy_from_the_environment_is_used_and_not_told(
    server: FaultServer, official: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The server plays the proxy: it gets the whole URL, and answers by its path.
    monkeypatch.setenv("HTTP_PROXY", server.url.replace("http://", "http://someone:PASSWORD-SECRET@"))
    monkeypatch.setenv("http_proxy", server.url.replace("http://", "http://someone:PASSWORD-SECRET@"))
    given = settings(server, tmp_path, mirrors=("http://reds.invalid/",), retries=0)
    output = tmp_path / "archives" / WHOLE
    reds.fetch_archive(WHOLE, output, given)
    check(WHOLE, output, official)
    assert all(request.path.startswith("http://reds.invalid/") for request in server.requests)
    assert all("Proxy-Authorization" in request.headers for request in server.requests)
    server.choose = lambda number, path: Fault("cut", 0)
    with pytest.raises(ValueError) as failed:
        reds.fetch_archive(SINGLE, tmp_path / SINGLE, given)
    assert "SECRET" not in str(failed.value)


def test_built_in_scenes_come_through_the_network_as_they_are(tmp_path: Path) -> None:
    scenes = ScenesConfig(
        train_sequences=2, val_sequences=1, test_sequences=1, train_frames=8, val_frames=8, sequences_per_archive=15
    )
    made = tmp_path / WHOLE
    make_archive(scenes, "train_orig_part0", 3, made)
    extract_sequence(made, "train", "002", tmp_path / "made.npy")
    with serve({f"/{WHOLE}": made.read_bytes()}) as server:
        server.choose = once(Fault("cut", 20_000), 1, 5)
        for name in (WHOLE, SINGLE):
            reds.fetch_archive(name, tmp_path / "archives" / name, settings(server, tmp_path))
            extract_sequence(tmp_path / "archives" / name, "train", "002", tmp_path / "fetched.npy")
            assert (tmp_path / "fetched.npy").read_bytes() == (tmp_path / "made.npy").read_bytes()
    assert np.load(tmp_path / "made.npy").shape == (8, 128, 128, 3)
