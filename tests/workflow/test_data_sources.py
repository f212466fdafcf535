"""REDS, archives and videos through the real workflow: fetching, faults, interruptions, disk space."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[1] / "faults"))
from fault_server import Fault, FaultServer, serve

from conftest import ONE_STAGE, clean_environment

GROUPS = "results/groups.csv"
WHOLE = ("train_orig_part0.zip", "train_orig_part1.zip", "val_orig_part0.zip")


@pytest.fixture(autouse=True)
def plain_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy or token of this machine."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HF_TOKEN", "UNSMEAR_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def zips(shared: Path) -> Path:
    """Folder with small zips in REDS' layout: nine frames a sequence."""
    return shared / "data" / "crop256"


@pytest.fixture
def server(zips: Path) -> Iterator[FaultServer]:
    with serve({f"/{name}": (zips / name).read_bytes() for name in WHOLE}) as running:
        yield running


def use_reds(fresh, mirror: str | Path, *sequences: str, **data: object) -> None:
    reds = {"sequences": list(sequences), "val_sequences": ["001"], "mirrors": [str(mirror)]}
    for key in ("checksums", "retries"):
        if key in data:
            reds[key] = data.pop(key)
    fresh.configure(data={"source": "reds", "max_frames": 7, "reds": reds, **data}, sweep=[])


def frames_of(zips: Path, part: str, sequence: str) -> np.ndarray:
    """Frames of a sequence by other code than the workflow's, RGB."""
    archive = zips / f"{part}_orig_part{int(sequence) // 15}.zip"
    with zipfile.ZipFile(archive) as opened:
        members = sorted(name for name in opened.namelist() if f"/{sequence}/0" in name)
        pngs = [np.frombuffer(opened.read(member), np.uint8) for member in members]
    return np.stack([cv2.imdecode(png, cv2.IMREAD_COLOR)[..., ::-1] for png in pngs])


def stores(fresh) -> dict[str, Path]:
    folder = fresh.folder / "results" / "frames"
    return {path.relative_to(folder).with_suffix("").as_posix(): path for path in sorted(folder.glob("*/*.npy"))}


def hidden(folder: Path) -> list[str]:
    """Names of half-written files below a folder."""
    return [path.name for path in folder.rglob(".*") if path.is_file() and path.name != ".snakemake_timestamp"]


def written(fresh) -> str:
    """All text that a run has left: logs, records, metadata."""
    paths = [*(fresh.folder / "results").rglob("*"), *(fresh.folder / ".snakemake").rglob("*")]
    return "".join(path.read_text(errors="replace") for path in paths if path.is_file() and path.suffix != ".npy")


@pytest.mark.slow
def test_chosen_sequences_come_by_ranges_and_one_more_fetches_one_more(fresh, server, zips, monkeypatch):
    monkeypatch.setenv("UNSMEAR_TOKEN", "hf_very-secret")
    server.required_token = "hf_very-secret"
    wanted = ("train/000-001", "val/000")
    use_reds(fresh, server.url, *wanted)
    text = fresh.run(GROUPS)
    assert "3 sequences, 3 archives to fetch" in text and "disk still needed" in text
    assert "hf_very-secret" not in text + written(fresh)
    sources = {"train/000": ("train", "000"), "val/001": ("train", "001"), "test/000": ("val", "000")}
    assert set(stores(fresh)) == set(sources)
    for name, path in stores(fresh).items():
        assert np.array_equal(np.load(path), frames_of(zips, *sources[name])[:7])
    archives = fresh.folder / "results" / "archives"
    names = {f"{name}_first7.zip" for name in ("train_000", "train_001", "val_000")}
    assert {path.name for path in archives.iterdir()} == names
    assert max(path.stat().st_size for path in archives.iterdir()) < (zips / WHOLE[0]).stat().st_size / 3
    lock = json.loads((fresh.folder / "config" / "reds.lock.json").read_text())
    assert set(lock["files"]) == names

    before = len(server.requests)
    use_reds(fresh, server.url, *wanted, "train/015")
    assert fresh.dry_run(GROUPS).outputs("download_reds") == ["results/archives/train_015_first7.zip"]
    assert fresh.plan(GROUPS)["extract_sequence"] == 1
    fresh.run(GROUPS)
    assert {request.path for request in server.requests[before:]} == {"/train_orig_part1.zip"}
    assert np.array_equal(np.load(stores(fresh)["train/015"]), frames_of(zips, "train", "015")[:7])


@pytest.mark.parametrize("form", ["folder", pytest.param("file", marks=pytest.mark.slow)])
def test_local_mirrors_leave_no_archives_where_none_are_kept(fresh, zips, form):
    mirror = zips if form == "folder" else zips.as_uri()
    use_reds(fresh, mirror, "train/000-001", "val/001", keep_archives=False)
    fresh.run(GROUPS)
    assert np.array_equal(np.load(stores(fresh)["test/001"]), frames_of(zips, "val", "001")[:7])
    assert not list((fresh.folder / "results" / "archives").glob("*"))
    assert fresh.plan(GROUPS) == {}


def test_mismatch_names_the_file_and_stops_what_follows(fresh, server):
    use_reds(fresh, server.url, "train/000-001", "val/000", checksums={"train_001_first7.zip": {"sha256": "0" * 64}})
    text = fresh.run(GROUPS, check=False)
    assert "train_001_first7.zip: sha256 " in text and f"found, {'0' * 64} expected" in text
    assert "Traceback" not in text
    # The profile keeps going: the others are finished, nothing was made of the wrong one.
    assert set(stores(fresh)) == {"train/000", "test/000"}
    assert not (fresh.folder / GROUPS).exists()
    assert {path.name for path in (fresh.folder / "results" / "archives").iterdir()} == {
        "train_000_first7.zip",
        "val_000_first7.zip",
    }


@pytest.mark.slow
def test_file_that_changes_after_it_was_recorded_is_refused(fresh, server, zips, tmp_path):
    use_reds(fresh, server.url, "train/000-001", "val/000")
    fresh.run("results/archives/val_000_first7.zip")
    shutil.rmtree(fresh.folder / "results")
    other = tmp_path / "val_orig_part0.zip"
    with zipfile.ZipFile(zips / other.name) as source, zipfile.ZipFile(other, "w") as target:
        for member in source.namelist():
            target.writestr(member, source.read(member.replace("00000003", "00000004")))
    server.files[f"/{other.name}"] = other.read_bytes()
    text = fresh.run("results/frames/test/000.npy", check=False)
    assert "val_000_first7.zip: s" in text and "found" in text and "expected" in text and "reds.lock.json" in text
    assert stores(fresh) == {}


def start(fresh, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
    return subprocess.Popen(
        command,
        cwd=fresh.folder,
        env=clean_environment(PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def wait_for(ready: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 300
    while not ready():
        assert process.poll() is None, "ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("whom", ["all", "workflow"])
def test_killed_download_goes_on_with_the_next_run(fresh, server, zips, whom):
    use_reds(fresh, server.url, "train/000-001", "val/000")
    target = "results/frames/train/000.npy"
    server.choose = lambda number, path: Fault("trickle", 0.3)
    process = start(fresh, target)
    wait_for(lambda: server.sent > 300_000, process)
    if whom == "all":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()  # its job lives on
    process.wait()
    assert not (fresh.folder / target).exists()
    server.choose = lambda number, path: None
    fresh.run("--unlock")
    fresh.run(target)
    assert np.array_equal(np.load(fresh.folder / target), frames_of(zips, "train", "000")[:7])
    archives = fresh.folder / "results" / "archives"
    assert [path.name for path in archives.iterdir()] == ["train_000_first7.zip"]
    # What stands there is what is locked.
    assert fresh.plan(target) == {}


@pytest.fixture
def small_disk(fresh) -> Iterator[Path]:
    """results/ on a file system of one megabyte."""
    folder = fresh.folder / "results"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("a small file system can be mounted by root alone")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_disk_that_is_too_small_stops_the_run_before_it_starts(fresh, small_disk, server):
    use_reds(fresh, server.url, "train/000-001", "val/000")
    text = fresh.run(GROUPS, check=False)
    assert "disk still needed: 0.1" in text and "has 0.00 GB free" in text and "data.keep_archives: false" in text
    assert "Traceback" not in text
    assert server.requests == [] and not list(small_disk.glob("frames/*/*"))


def break_png(archive: Path, sequence: str) -> None:
    """Spoil the compressed pixels of a sequence's first frame."""
    data = bytearray(archive.read_bytes())
    place = data.index(b"IDAT", data.index(f"/{sequence}/00000000.png".encode())) + 400
    data[place : place + 50] = bytes(50)
    archive.write_bytes(bytes(data))


def pack(path: Path, part: str, frames: dict[str, np.ndarray]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for sequence, pictures in frames.items():
            for number, picture in enumerate(pictures):
                png = cv2.imencode(".png", picture[..., ::-1])[1].tobytes()
                archive.writestr(f"{part}/{part}_orig/{sequence}/{number:08d}.png", png)


def noise(count: int, height: int = 96, width: int = 128) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, height, width, 3), np.uint8)


def test_broken_sequences_are_named_and_the_others_go_on(fresh, tmp_path):
    folder = tmp_path / "mine"
    lengths = {"000": 9, "001": 8, "002": 7, "003": 6, "004": 1}
    pack(folder / "train_orig_part0.zip", "train", {name: noise(count) for name, count in lengths.items()})
    pack(folder / "val_orig_part0.zip", "val", {"000": noise(7), "001": noise(3)})
    break_png(folder / "train_orig_part0.zip", "001")
    archives = {"folder": str(folder), "val_sequences": ["002"]}
    fresh.configure(data={"source": "archives", "archives": archives}, sweep=[])
    blur = [f"results/blur/masked/{name}.npy" for name in ("train/000", "test/000")]
    text = fresh.run("--keep-going", "results/groups.csv", *blur, check=False)
    assert text.count("3 sequences have fewer than 7 frames and are skipped: train/003, train/004, val/001") == 1
    assert "train/train_orig/001/00000000.png" in text and "train_orig_part0.zip" in text
    assert "Traceback" not in text
    assert set(stores(fresh)) == {"train/000", "val/002", "test/000"}
    assert hidden(fresh.folder / "results") == []


def write_video(path: Path, frames: np.ndarray, rate: int = 120, pts: list[int] | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264" if path.suffix == ".mp4" else "mpeg4", rate=rate)
        stream.options = {"crf": "4"} if path.suffix == ".mp4" else {}
        stream.height, stream.width, stream.pix_fmt = frames.shape[1], frames.shape[2], "yuv420p"
        tick = Fraction(1, rate) if pts is None else Fraction(1, 1000)
        stream.codec_context.time_base = tick
        for number, data in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(data, format="rgb24")
            frame.pts, frame.time_base = (number if pts is None else pts[number]), tick
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def turn_quarter(path: Path) -> None:
    """Ask in the track header of an .mp4 for a turn by 90 degrees clockwise, as phones do."""
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 4 + 40
    one = 1 << 16
    matrix = [0, one, 0, -one, 0, 0, 0, 0, 1 << 30]
    data[place : place + 36] = b"".join(number.to_bytes(4, "big", signed=True) for number in matrix)
    path.write_bytes(data)


def claim_frames(path: Path, count: int) -> None:
    """Write another number of frames into the header of an .avi."""
    data = bytearray(path.read_bytes())
    place = data.index(b"strh") + 8 + 32
    data[place : place + 4] = count.to_bytes(4, "little")
    path.write_bytes(data)


def moving_scene(number: int, count: int) -> np.ndarray:
    """Frames of a built-in scene, (count, 128, 160, 3)."""
    from unsmear.scenes.config import ScenesConfig
    from unsmear.scenes.scene import make_scene

    config = ScenesConfig(width=160, height=128, train_sequences=9, train_frames=count)
    scene = make_scene(config, "train", number, 0)
    return np.stack([np.rint(scene.sharp_frame(k + 1) * 255).astype(np.uint8) for k in range(count)])


@pytest.mark.slow
def test_folder_of_videos_goes_through_the_whole_chain(fresh, tmp_path):
    folder = tmp_path / "films"
    for number, (name, rate) in enumerate({"a": 120, "b": 120, "c": 60, "d": 120}.items()):
        write_video(folder / f"{name}.mp4", moving_scene(number, 14), rate)
    turn_quarter(folder / "a.mp4")
    fresh.configure(
        data={"source": "videos", "videos": {"folder": str(folder)}},
        cascades=ONE_STAGE,
        sweep=[],
        training={"defaults": {"steps": 2, "batch_size": 2, "crop": 64}},
        tracking={"enabled": False},
    )
    text = fresh.run("results/report/table.md")
    assert "1 videos have fewer than 90 frames a second" in text and "c.mp4 (60)" in text
    shapes = {name: np.load(path, mmap_mode="r").shape for name, path in stores(fresh).items()}
    assert shapes == {
        "train/000": (14, 160, 128, 3),
        "train/001": (14, 128, 160, 3),
        "val/002": (14, 128, 160, 3),
        "test/003": (14, 128, 160, 3),
    }
    truth = np.rot90(moving_scene(0, 14), -1, axes=(1, 2)).astype(float)
    assert np.abs(np.load(stores(fresh)["train/000"]) - truth).mean() < 8
    with (fresh.folder / "results/report/table.csv").open() as stream:
        rows = {row["row"]: row for row in csv.DictReader(stream)}
    assert {"input_standard", "input_masked", "standard", "masked"} <= set(rows)
    assert "Re-trained (Masked)" in (fresh.folder / "results/report/table.md").read_text()


def test_variable_rate_is_refused_and_a_wrong_frame_count_breaks_nothing(fresh, tmp_path):
    folder = tmp_path / "films"
    write_video(folder / "a.mp4", noise(14))
    write_video(folder / "b.mp4", noise(14), pts=[8 * k + 3 * (k % 3) for k in range(14)])
    claim_frames(write_video(folder / "c.avi", noise(6)), 7)
    claim_frames(write_video(folder / "d.avi", noise(7)), 6)
    claim_frames(write_video(folder / "e.avi", noise(7)), 8)
    claim_frames(write_video(folder / "f.avi", noise(21)), 22)
    fresh.configure(data={"source": "videos", "videos": {"folder": str(folder), "val": 1, "test": 2}}, sweep=[])
    names = [f"results/frames/{name}.npy" for name in ("train/000", "train/001", "val/003", "test/004", "test/005")]
    text = fresh.run(*names, check=False)
    assert "1 videos have fewer than 7 frames and are skipped: c.avi" in text
    assert "b.mp4: variable frame rate" in text and "setpts=N" in text and "Traceback" not in text
    lengths = {name: len(np.load(path, mmap_mode="r")) for name, path in stores(fresh).items()}
    assert lengths == {"train/000": 14, "val/003": 7, "test/004": 7, "test/005": 21}
    (folder / "b.mp4").unlink()
    # The files behind the one that went change their numbers, and so their stores.
    blur = [f"results/blur/standard/{name}.npy" for name in ("train/000", "val/002", "test/003", "test/004")]
    fresh.run(*blur)
    counts = [np.load(fresh.folder / path, mmap_mode="r").shape[0] for path in blur]
    assert counts == [2, 1, 1, 3]


def test_small_real_experiment_can_be_planned_anywhere(fresh, repository):
    shutil.copy(repository / "config.yaml", fresh.folder)
    jobs = fresh.plan("--configfile", "config/reds_small.yaml")
    assert jobs["download_reds"] == 6 and jobs["extract_sequence"] == 6 and jobs["render_blur"] == 12


@pytest.mark.slow
def test_folders_of_pictures_go_through_the_rules_by_their_names(fresh, tmp_path):
    folder = tmp_path / "GOPRO_Large_all"
    for number, name in enumerate(("train/GOPR0372_07_00", "train/GOPR0372_07_01", "test/GOPR0384_11_00")):
        (folder / name).mkdir(parents=True)
        for k, frame in enumerate(noise(9 + number), start=47):
            cv2.imwrite(str(folder / name / f"{k:06d}.png"), frame[..., ::-1])
    (folder / "test/GOPR0384_11_00/._000047.png").write_bytes(b"\0\5\x16\7")
    (folder / "test/GOPR0384_11_00/000056.png").unlink()
    fresh.configure(data={"source": "folders", "folders": {"folder": str(folder)}}, sweep=[])
    text = fresh.run(GROUPS, "results/blur/masked/test/GOPR0384_11_00.npy")
    assert "GOPR0384_11_00: frames are missing at 1 places (56); groups are cut there, and 7 of 10 frames" in text
    assert set(stores(fresh)) == {"train/GOPR0372_07_00", "val/GOPR0372_07_01", "test/GOPR0384_11_00"}
    assert np.array_equal(np.load(stores(fresh)["test/GOPR0384_11_00"]), noise(11)[:7])
    cv2.imwrite(str(folder / "test/GOPR0384_11_00/000056.png"), noise(11)[9][..., ::-1])
    assert fresh.plan(GROUPS)["extract_sequence"] == 1


def test_own_photographs_are_named_and_their_scenes_may_rest(fresh, tmp_path):
    (tmp_path / "own").mkdir()
    for number, name in enumerate(("IMG {1}.png", "b.png", "c.jpg")):
        assert cv2.imwrite(str(tmp_path / "own" / name), noise(number + 1, 140, 150)[0])
    fresh.configure(scenes={"photographs": str(tmp_path / "own"), "at_rest": 1.0, "test_sequences": 1}, sweep=[])
    wanted = ["results/frames/train/000.npy", "results/scenes/test.json"]
    assert "IMG {1}.png holds a brace, by which Snakemake knows its patterns; rename" in fresh.run(*wanted, check=False)
    (tmp_path / "own" / "IMG {1}.png").rename(tmp_path / "own" / "IMG 1 (2), é.png")
    fresh.run(*wanted)
    frames = np.load(fresh.folder / wanted[0])
    assert (frames == frames[0]).all() and frames[0].std() > 5
    cv2.imwrite(str(tmp_path / "own" / "c.jpg"), noise(9, 140, 150)[0])
    jobs = fresh.plan(*wanted)
    assert jobs["make_scenes"] == 2 and jobs["measure_motion"] == 1
