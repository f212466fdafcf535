"""Video files as people have them: phones, cameras, editors. Every file is encoded here."""

from __future__ import annotations

import re
import struct
import sys
import warnings
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition
from films import scene, write_video

from unsmear.frames.clock import find_dropped
from unsmear.frames.config import DataConfig, VideosConfig
from unsmear.frames.extract_video import extract_video
from unsmear.frames.forecast import forecast_disk
from unsmear.frames.repeats import Repeats
from unsmear.frames.store import open_store
from unsmear.frames.video import probe_video
from unsmear.frames.videos import plan_videos

LOSSLESS = {"codec": "ffv1", "pixels": "bgr0"}


def noise(count: int, height: int = 48, width: int = 64) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, height, width, 3), np.uint8)


def extracted(video: Path, **options: object) -> np.ndarray:
    extract_video(video, video.with_suffix(".npy"), **options)  # type: ignore[arg-type]
    return np.array(open_store(video.with_suffix(".npy")))


EVEN = [8 * k for k in range(30)]


@pytest.mark.parametrize(
    ("times", "gaps"),
    [
        (EVEN, []),
        ([round(1000 * k / 120) for k in range(30)], []),  # rounded to milliseconds
        ([round(600 * k / 240) for k in range(30)], []),  # 2 and 3 ticks in turn
        ([*EVEN[:10], *EVEN[11:]], [10]),
        ([*EVEN[:1], *EVEN[2:]], [1]),  # the first interval is the gap
        ([*EVEN[:5], *EVEN[8:20], *EVEN[21:]], [5, 17]),
        ([*EVEN[:15], *(time + 100_003 for time in EVEN[15:])], [15]),  # a pause of any length
        ([*range(10), *range(11, 30)], [10]),  # one tick a frame
        ([None] * 30, []),  # raw streams have no times
        ([5], []),
    ],
)
def test_dropped_frames_are_found_by_their_times(times: list[int | None], gaps: list[int]) -> None:
    assert find_dropped(times, Fraction(1, 1000), "a.mp4") == gaps


@pytest.mark.parametrize(
    "times",
    [
        np.cumsum([8, 16] * 15).tolist(),
        np.cumsum([8, 8, 21] * 10).tolist(),
        np.cumsum([8] * 10 + [11] + [8] * 10).tolist(),
        [*EVEN[:10], EVEN[9], *EVEN[10:]],  # a time twice
        [*EVEN[:10], *EVEN[:10]],  # times that jump back
    ],
)
def test_a_rate_that_varies_is_refused(times: list[int]) -> None:
    with pytest.raises(ValueError, match=r"a\.mp4: variable frame rate: at \d.* taken evenly, .*setpts"):
        find_dropped(times, Fraction(1, 1000), "a.mp4")


def test_groups_are_cut_where_a_frame_was_dropped(tmp_path: Path) -> None:
    frames, there = noise(26), [*range(10), *range(11, 24), 25]
    video = write_video(tmp_path / "a.mkv", frames[there], pts=[8 * k for k in there], **LOSSLESS)
    with pytest.warns(
        UserWarning, match=r"a\.mkv: frames are missing at 2 places \(the first after frame 10\); .* 14 of 24"
    ):
        store = extracted(video)
    assert np.array_equal(store, frames[[*range(7), *range(11, 18)]])
    with pytest.raises(ValueError, match="nowhere between are there 15 in a row"):
        extracted(video, num_frames=15)


def moving(count: int, step: float) -> np.ndarray:
    """A smooth texture that moves by ``step`` pixels a frame, with the noise of a sensor."""
    rng = np.random.default_rng(0)
    x = np.arange(64) - step * np.arange(count)[:, None, None]
    texture = 128 + 60 * np.sin(x / 3 + np.arange(48)[:, None] / 5)[..., None] * np.ones(3)
    return np.clip(np.rint(texture + rng.normal(0, 0.5, texture.shape)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("codec", ["libx264", "mpeg4", "ffv1"])
def test_a_rate_raised_by_repeating_frames_is_refused(tmp_path: Path, codec: str) -> None:
    frames, pixels = moving(10, 3).repeat(4, axis=0), "bgr0" if codec == "ffv1" else "yuv420p"
    video = write_video(
        tmp_path / "a.mkv", frames, codec=codec, pixels=pixels, options={"crf": "23"}, bit_rate=2_000_000
    )
    with pytest.raises(ValueError, match=r"a\.mkv: 7\d% of the frames repeat .* raise the rate"):
        extracted(video)
    assert not (tmp_path / "a.npy").exists()


def share(frames: np.ndarray) -> float:
    repeats = Repeats("a")
    for frame in frames:
        repeats.add(frame)
    return repeats.share


def ball() -> np.ndarray:
    frames = moving(1, 0).repeat(20, axis=0)
    for k, frame in enumerate(frames):
        frame[10:16, 2 * k : 2 * k + 6] = 255
    return frames


@pytest.mark.parametrize(
    ("frames", "wanted"),
    [
        (moving(40, 3), 0),
        (moving(40, 0.1), 0),  # slow motion
        (moving(40, 0), 0),  # nothing moves, but the sensor's noise shows that frames were taken
        (ball(), 0),  # a small thing before a ground without noise
        (moving(10, 3).repeat(2, axis=0), 10 / 19),
        (moving(10, 3).repeat(8, axis=0), 70 / 79),
        (moving(40, 3)[[k - k // 5 for k in range(40)]], 7 / 39),  # 24 frames made 30
        (moving(1, 0).repeat(9, axis=0), 1),
        (moving(1, 0), 0),
    ],
)
def test_the_share_of_repeated_frames(frames: np.ndarray, wanted: float) -> None:
    assert share(frames) == pytest.approx(wanted, abs=1e-9)


def test_a_tenth_of_repeated_frames_is_warned_about() -> None:
    frames, repeats = moving(40, 3), Repeats("a.mp4")
    for index in [k - k // 5 for k in range(40)]:
        repeats.add(frames[index])
    with pytest.warns(UserWarning, match=r"a\.mp4: 18% of the frames repeat the one before"):
        repeats.check()


def with_cover(path: Path, film: np.ndarray, cover: np.ndarray) -> Path:
    """An .mp4 whose cover art is its first stream, as some editors leave it."""
    with av.open(str(path), "w") as container:
        streams = [container.add_stream(codec, rate=120) for codec in ("libx264", "mjpeg")]
        for stream, frames, pixels in zip(streams, (film, cover), ("yuv420p", "yuvj420p"), strict=True):
            stream.height, stream.width, stream.pix_fmt = *frames.shape[1:3], pixels
        streams[1].disposition = Disposition.attached_pic
        for stream, frames in zip(streams, (film, cover), strict=True):
            for number, data in enumerate(frames):
                frame = av.VideoFrame.from_ndarray(data, format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, 120)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
    data = path.read_bytes()
    start = data.index(b"moov") - 4
    (size,) = struct.unpack_from(">I", data, start)
    boxes, place = {}, start + 8
    while place < start + size:
        (length,) = struct.unpack_from(">I", data, place)
        boxes[data[place + 4 : place + 8]] = data[place : place + length]
        place += length
    # The covers' box goes before the tracks'.
    order = sorted(boxes, key=lambda kind: (kind == b"trak", kind != b"mvhd"))
    path.write_bytes(data[: start + 8] + b"".join(boxes[kind] for kind in order) + data[start + size :])
    return path


def test_cover_art_is_no_film(tmp_path: Path) -> None:
    film, cover = scene(9), noise(1, 200, 200)
    video = with_cover(tmp_path / "a.mp4", film, cover)
    with av.open(str(video)) as container:
        assert container.streams.video[0].disposition & Disposition.attached_pic
    assert probe_video(video).shape == (48, 64) and probe_video(video).num_frames == 9
    assert extracted(video).shape == film.shape


def test_of_two_films_the_larger_is_taken(tmp_path: Path) -> None:
    films = [noise(8, 16, 16), noise(8, 32, 32)]
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        streams = [container.add_stream("ffv1", rate=120) for _ in films]
        for stream, frames in zip(streams, films, strict=True):
            stream.height, stream.width, stream.pix_fmt = *frames.shape[1:3], "bgr0"
        for stream, frames in zip(streams, films, strict=True):
            for number, data in enumerate(frames):
                frame = av.VideoFrame.from_ndarray(data, format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, 120)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
    assert np.array_equal(extracted(tmp_path / "a.mkv"), films[1])


@pytest.mark.parametrize(
    ("context", "message"),
    [
        ({"color_trc": 16, "color_primaries": 9, "colorspace": 9}, r"is HDR \(PQ\), .* zscale"),
        ({"color_trc": 18, "color_primaries": 9, "colorspace": 9}, r"is HDR \(HLG\), .* record in SDR"),
        ({"color_trc": 8}, "is linear light"),
        ({"colorspace": 10}, "colours of matrix 10 of H.273 cannot be read"),
        ({"options": {"flags": "+ildct+ilme", "x264-params": "tff=1"}}, "is interlaced, .* bwdif"),
    ],
)
def test_what_is_no_picture_of_one_moment_in_sdr_is_refused(tmp_path: Path, context: dict, message: str) -> None:
    video = write_video(tmp_path / "a.mp4", noise(8), **context)
    for read in (probe_video, extracted):
        with pytest.raises(ValueError, match=rf"a\.mp4: .*{message}"):
            read(video)
    assert not (tmp_path / "a.npy").exists()


LEVELS = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 9: (0.2627, 0.0593)}


@pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", LEVELS, ids=["BT.709", "BT.601", "BT.2020"])
@pytest.mark.parametrize(
    ("pixels", "bits"), [("yuv420p", 8), ("yuv420p10le", 10), ("yuv422p10le", 10), ("yuv444p12le", 12)]
)
def test_colours_of_files_are_those_that_they_name(
    tmp_path: Path, pixels: str, bits: int, matrix: int, full: bool
) -> None:
    rng, unit = np.random.default_rng(2), 2 ** (bits - 8)
    luma = np.repeat(np.repeat(rng.integers(60 * unit, 180 * unit, (3, 4)), 16, 0), 16, 1)
    cb, cr = 139 * unit, 122 * unit
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=120)
        stream.height, stream.width, stream.pix_fmt = 48, 64, pixels
        stream.codec_context.colorspace, stream.codec_context.color_range = matrix, 2 if full else 1
        for number in range(2):
            frame = av.VideoFrame(64, 48, pixels)
            for plane, codes in zip(frame.planes, (luma + number * unit, cb, cr), strict=True):
                samples = np.zeros(
                    (plane.height, plane.line_size // (1 if bits == 8 else 2)), "u1" if bits == 8 else "<u2"
                )
                samples[:, : plane.width] = codes
                plane.update(samples)
            frame.pts, frame.time_base = number, Fraction(1, 120)
            frame.colorspace, frame.color_range = matrix, 2 if full else 1
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    offset, scale, chroma = (0, 2**bits - 1, 2**bits - 1) if full else (16 * unit, 219 * unit, 224 * unit)
    weight_red, weight_blue = LEVELS[matrix]
    y, b, r = (luma - offset) / scale, (cb - 128 * unit) / chroma, (cr - 128 * unit) / chroma
    red, blue = y + 2 * (1 - weight_red) * r, y + 2 * (1 - weight_blue) * b
    green = (y - weight_red * red - weight_blue * blue) / (1 - weight_red - weight_blue)
    wanted = 255 * np.stack([red, green, blue], axis=-1)
    assert np.abs(extracted(tmp_path / "a.mkv")[0] - wanted).max() < 1


def test_gray_films_keep_their_codes(tmp_path: Path) -> None:
    frames = noise(4)[..., :1].repeat(3, axis=3)
    store = extracted(write_video(tmp_path / "a.mkv", frames, codec="ffv1", pixels="gray"))
    assert np.abs(store.astype(int) - frames).max() <= 1


@pytest.mark.parametrize(
    ("aspect", "shape"), [(Fraction(4, 3), (36, 64)), (Fraction(1, 2), (48, 32)), (Fraction(400, 401), (48, 64))]
)
def test_pixels_become_square(tmp_path: Path, aspect: Fraction, shape: tuple[int, int]) -> None:
    video = write_video(tmp_path / "a.mp4", scene(8), sample_aspect_ratio=aspect)
    assert probe_video(video).shape == extracted(video).shape[1:3] == shape


def folder_of(tmp_path: Path, rate: int, **options: object) -> Path:
    for name in "abc":
        write_video(tmp_path / f"{name}.mp4", scene(9), rate=rate, **options)  # type: ignore[arg-type]
    return tmp_path


@pytest.mark.parametrize(
    ("rate", "told"),
    [
        (None, "3 videos"),
        (240, None),
        ({"a.mp4": 240}, "2 videos"),
        (60, "3 videos"),
        ({"a.mp4": 1, "b.mp4": 240}, "2 vid"),
    ],
)
def test_slow_motion_is_believed_where_its_rate_is_said(tmp_path: Path, rate: object, told: str | None) -> None:
    videos = VideosConfig(folder=str(folder_of(tmp_path, 30)), rate=rate)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert len(plan_videos(videos, 7)) == 3
    texts = [str(one.message) for one in caught]
    assert len(texts) == (told is not None)
    if told:
        assert texts[0].startswith(told) and "say how many in data.videos.rate" in texts[0]


def test_a_phone_says_the_rate_of_its_slow_motion(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, 30, metadata={"com.android.capture.fps": "240.0"})
    assert probe_video(folder / "a.mp4").rate == 240


@pytest.mark.parametrize(
    ("rate", "message"),
    [
        ({"d.mp4": 240}, r"data\.videos\.rate: there is no d\.mp4"),
        (0, "greater than 0"),
        ({"a.mp4": -1}, "greater than 0"),
    ],
)
def test_rates_that_cannot_be_are_refused(tmp_path: Path, rate: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plan_videos(VideosConfig(folder=str(folder_of(tmp_path, 120)), rate=rate), 7)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "but empty; fetch it again"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\n", "but a Git LFS pointer; run git lfs pull"),
        (b"<!DOCTYPE html>", "but a web page; the server answered with an error"),
        (b'{"error": "quota"}', "but a server's message"),
        (b"PK\3\4", "but a zip"),
        (bytes(range(1, 200)), r"\("),
    ],
)
def test_a_file_that_is_no_video_is_named_as_what_it_is(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.mp4").write_bytes(content)
    with pytest.raises(ValueError, match=rf"a\.mp4: not a readable video {message}"):
        probe_video(tmp_path / "a.mp4")


def test_a_plan_without_pyav_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "unsmear.frames.video", raising=False)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ValueError, match=r"av is missing where Snakemake runs.*pip install av` there"):
        plan_videos(VideosConfig(folder=str(tmp_path)), 7)


def test_litter_beside_videos_shifts_no_number(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, 120)
    for name in ("._a.mp4", ".hidden.mp4", ".DS_Store", "Thumbs.db"):
        (folder / name).write_bytes(b"\0\5\x16\7")
    records = plan_videos(VideosConfig(folder=str(folder)), 7)
    assert [(r.sequence, Path(r.archive).name) for r in sorted(records, key=lambda r: r.sequence)] == [
        ("000", "a.mp4"),
        ("001", "b.mp4"),
        ("002", "c.mp4"),
    ]


def test_disk_is_forecast_without_the_videos_that_cannot_be_read(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, 120)
    (folder / "aa.mp4").write_bytes(b"broken")
    data = DataConfig(source="videos", videos={"folder": str(folder)})
    records = plan_videos(data.videos, 7)
    assert len(records) == 4 and forecast_disk(records, data, tmp_path / "results").store_bytes == 3 * 9 * 48 * 64 * 3
    assert re.search("frames 0.00 GB", forecast_disk(records, data, tmp_path / "results").text())
