from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from films import scene, turn, write_video

from unsmear.frames.config import DataConfig, VideosConfig
from unsmear.frames.extract import extract_sequence
from unsmear.frames.extract_video import extract_video, upright_rgb
from unsmear.frames.layout import plan_sequences
from unsmear.frames.store import open_store
from unsmear.frames.video import probe_video
from unsmear.frames.videos import plan_videos


def close(found: np.ndarray, wanted: np.ndarray) -> bool:
    return found.shape == wanted.shape and np.abs(found.astype(int) - wanted)[:, 2:-2, 2:-2].mean() < 4


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp4", "libx264"), ("a.mkv", "libx264"), ("a.mov", "mpeg4"), ("a.avi", "mpeg4"), ("a.webm", "libvpx-vp9")],
)
def test_frames_come_out_in_order_and_rgb(tmp_path: Path, name: str, codec: str) -> None:
    frames = scene(20)
    video = write_video(tmp_path / name, frames, codec=codec)
    extract_video(video, tmp_path / "000.npy")
    store = open_store(tmp_path / "000.npy")
    assert close(store, frames)
    patch = store[:, 4:12, 4:12].mean(axis=(1, 2, 3))
    assert np.all(np.diff(patch) > 4)
    facts = probe_video(video)
    assert facts.shape == (48, 64)
    assert abs(facts.num_frames - 20) <= 1
    assert abs(facts.rate - 120) < 1.5


def test_a_lossless_video_is_exact(tmp_path: Path) -> None:
    frames = scene(9)
    extract_video(write_video(tmp_path / "a.mkv", frames, codec="ffv1", pixels="bgr0"), tmp_path / "000.npy")
    assert np.array_equal(open_store(tmp_path / "000.npy"), frames)


@pytest.mark.parametrize("colour_range", [1, 2], ids=["limited", "full"])
@pytest.mark.parametrize("height", [48, 720])
def test_colours_are_those_of_the_standard_rounded(tmp_path: Path, height: int, colour_range: int) -> None:
    rng = np.random.default_rng(1)
    width, levels = 64, np.array([0.2126, 0.7152, 0.0722]) if height == 720 else np.array([0.299, 0.587, 0.114])
    # Planes by hand: luma in flat blocks, one chroma for the whole picture.
    luma = np.repeat(np.repeat(rng.integers(60, 180, (height // 8, width // 8)), 8, 0), 8, 1).astype(np.uint8)
    cb, cr = 140, 120
    planes = [luma.ravel(), np.full(height * width // 4, cb, np.uint8), np.full(height * width // 4, cr, np.uint8)]
    frame = av.VideoFrame.from_ndarray(np.concatenate(planes).reshape(-1, width), format="yuv420p")
    frame.color_range = colour_range
    offset, scale, chroma = (16, 219, 224) if colour_range == 1 else (0, 255, 255)
    y, b, r = (luma - float(offset)) / scale, (cb - 128) / chroma, (cr - 128) / chroma
    red, blue = y + 2 * (1 - levels[0]) * r, y + 2 * (1 - levels[2]) * b
    green = (y - levels[0] * red - levels[2] * blue) / levels[1]
    wanted = 255 * np.stack([red, green, blue], axis=-1)
    # Rounded: truncation would be off by up to 1, and by 0.5 in the mean.
    assert np.abs(upright_rgb(frame, (height, width)) - wanted).max() < 0.6


@pytest.mark.parametrize(("degrees", "turns"), [(90, -1), (180, 2), (270, 1)])
def test_rotation_flags_are_honoured(tmp_path: Path, degrees: int, turns: int) -> None:
    frames = scene(8)
    video = write_video(tmp_path / "a.mp4", frames)
    turn(video, degrees)
    extract_video(video, tmp_path / "000.npy")
    # numpy turns counter-clockwise
    assert close(open_store(tmp_path / "000.npy"), np.rot90(frames, turns, axes=(1, 2)))
    assert probe_video(video).shape == (np.rot90(frames[0], turns).shape[:2])


def test_the_first_frames_and_a_smaller_size(tmp_path: Path) -> None:
    frames = scene(20)
    video = write_video(tmp_path / "a.mp4", frames)
    extract_sequence(video, "video", "000", tmp_path / "000.npy", max_frames=7, max_height=24)
    small = frames[:7].reshape(7, 24, 2, 32, 2, 3).mean(axis=(2, 4))
    assert close(open_store(tmp_path / "000.npy"), small)
    assert probe_video(video, 24).shape == (24, 32)


def test_a_variable_rate_is_refused_and_rounded_times_are_not(tmp_path: Path) -> None:
    even = [round(k * 1000 / 120) for k in range(20)]  # 8 and 9 ms in turn
    extract_video(write_video(tmp_path / "even.mkv", scene(20), pts=even), tmp_path / "000.npy")
    assert len(open_store(tmp_path / "000.npy")) == 20
    uneven = [round(1.02**k * 1000) for k in range(40)]
    with pytest.raises(ValueError, match=r"uneven\.mkv: variable frame rate: at \d.* constant rate"):
        extract_video(write_video(tmp_path / "uneven.mkv", scene(40), pts=uneven), tmp_path / "out" / "000.npy")
    assert list((tmp_path / "out").iterdir()) == []


def test_what_is_no_video_is_named(tmp_path: Path) -> None:
    for name, content in (("empty.mp4", b""), ("text.mp4", b"hello" * 100)):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=rf"{name}: not a readable video"):
            extract_video(tmp_path / name, tmp_path / "000.npy")
    with pytest.raises(ValueError, match=r"none\.mp4: not a readable video"):
        extract_video(tmp_path / "none.mp4", tmp_path / "000.npy")
    with av.open(str(tmp_path / "sound.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.rate = 48000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(ValueError, match="there is no video in this file"):
        extract_video(tmp_path / "sound.mp4", tmp_path / "000.npy")


def test_a_video_cut_in_the_middle_is_an_error_or_its_whole_frames(tmp_path: Path) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (30, 48, 64, 3), np.uint8)
    video = write_video(tmp_path / "a.mkv", frames, codec="ffv1", pixels="bgr0")
    video.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    try:
        extract_video(video, tmp_path / "000.npy")
    except ValueError as error:
        assert "a.mkv" in str(error)
        assert not (tmp_path / "000.npy").exists()
    else:
        store = open_store(tmp_path / "000.npy")
        assert 10 < len(store) < 30
        assert np.array_equal(store, frames[: len(store)])


def test_files_are_split_by_name_or_count(tmp_path: Path) -> None:
    for name in "abcd":
        write_video(tmp_path / f"{name}.mp4", scene(9))
    (tmp_path / "notes.txt").write_text("not a video")
    data = DataConfig(source="videos", videos={"folder": str(tmp_path)})
    assert [(r.split, r.sequence, Path(r.archive).name, r.part, r.num_frames) for r in plan_sequences(data)] == [
        ("test", "003", "d.mp4", "video", 9),
        ("train", "000", "a.mp4", "video", 9),
        ("train", "001", "b.mp4", "video", 9),
        ("val", "002", "c.mp4", "video", 9),
    ]
    named = plan_videos(VideosConfig(folder=str(tmp_path), val=["d.mp4"], test=1), 7, max_frames=7)
    assert {r.split: Path(r.archive).name for r in named if r.split != "train"} == {"val": "d.mp4", "test": "c.mp4"}
    assert {r.num_frames for r in named} == {7}
    for changes, message in (
        ({"val": ["e.mp4"]}, "there is no e.mp4"),
        ({"val": ["a.mp4"], "test": ["a.mp4"]}, "both in val and in test"),
        ({"val": 3, "test": 1}, "the train split is empty"),
        ({"folder": str(tmp_path / "x")}, "is no folder"),
    ):
        with pytest.raises(ValueError, match=message):
            plan_videos(VideosConfig(**({"folder": str(tmp_path)} | changes)), 7)


def test_short_and_slow_videos_are_warned_about(tmp_path: Path) -> None:
    for name, count, rate in (("a", 9, 120), ("b", 9, 30), ("c", 9, 120), ("d", 4, 120), ("e", 9, 240)):
        write_video(tmp_path / f"{name}.mp4", scene(count), rate=rate)
    with pytest.warns(UserWarning) as warned:
        records = plan_videos(VideosConfig(folder=str(tmp_path)), 7)
    texts = [str(one.message) for one in warned]
    assert any("1 videos have fewer than 7 frames and are skipped: d.mp4" in text for text in texts)
    assert any("fewer than 90 frames a second" in text and "b.mp4 (30)" in text for text in texts)
    assert [r.sequence for r in records if r.split == "test"] == ["004"]


def test_an_unreadable_video_fails_alone(tmp_path: Path) -> None:
    for name in "abc":
        write_video(tmp_path / f"{name}.mp4", scene(9))
    (tmp_path / "aa.mp4").write_bytes(b"broken")
    records = plan_videos(VideosConfig(folder=str(tmp_path)), 7)
    assert [r.num_frames for r in records if Path(r.archive).name == "aa.mp4"] == [0]
