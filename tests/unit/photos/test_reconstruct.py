"""The library's function and the command: from a photo to files."""

from __future__ import annotations

import errno
import http.server
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import ExifTags, Image

import unsmear
from unsmear.cli import main
from unsmear.photos import interpolation, save
from unsmear.photos.interpolation import fill_between
from unsmear.photos.save import choose_folder
from unsmear.photos.sources import name_of
from unsmear.photos.video import back_and_forth, fit
from unsmear.weights.load import CAMERAS, shipped_weights


@pytest.fixture
def command(weights, tmp_path, monkeypatch):
    """Run the command in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: main(["reconstruct", *map(str, arguments), "--weights", str(weights), "--device", "cpu"])


def test_an_array_a_file_and_an_image_give_the_same_frames(weights, photo, tmp_path):
    Image.fromarray(photo).save(tmp_path / "photo.png")
    result = unsmear.reconstruct(photo, weights=weights, device="cpu")
    assert result.frames.shape == (7, *photo.shape) and result.frames.dtype == np.uint8
    assert result.numbers == (1, 2, 3, 4, 5, 6, 7) and result.middle == 3
    for given in (tmp_path / "photo.png", str(tmp_path / "photo.png"), Image.fromarray(photo), photo / 255):
        same = unsmear.reconstruct(given, weights=weights, device="cpu")
        np.testing.assert_array_equal(same.frames, result.frames)
    middle = unsmear.reconstruct(photo, weights=weights, device="cpu", frames=4)
    assert middle.numbers == (4,)
    np.testing.assert_array_equal(middle.frames[0], result.frames[3])


def test_the_middle_frame_may_be_the_mean_over_views(command, weights, photo, tmp_path):
    photo = photo[:80, :112]  # without padding, which would turn with it
    plain, mean = (
        unsmear.reconstruct(photo, weights=weights, device="cpu", frames=4, self_ensemble=number) for number in (1, 8)
    )
    turned = unsmear.reconstruct(np.rot90(photo), weights=weights, device="cpu", frames=4, self_ensemble=8)
    assert np.abs(plain.frames[0].astype(int) - mean.frames[0]).max() > 1
    assert np.abs(np.rot90(turned.frames[0], -1).astype(int) - mean.frames[0]).max() <= 1
    Image.fromarray(photo).save(tmp_path / "photo.png")
    assert command(tmp_path / "photo.png", "--frames", 4, "--self-ensemble", 8) == 0
    written = np.asarray(Image.open(tmp_path / "photo" / "frame_4.png"))
    np.testing.assert_array_equal(written, mean.frames[0])


def test_frames_in_between_lie_between(weights, photo):
    few = unsmear.reconstruct(photo, weights=weights, device="cpu")
    many = unsmear.reconstruct(photo, weights=weights, device="cpu", frames=13)
    assert many.numbers == tuple(range(1, 14)) and many.middle == 6
    np.testing.assert_array_equal(many.frames[::2], few.frames)


def test_what_moves_is_half_way_in_the_frame_between():
    rows, columns = np.mgrid[:96, :128]

    def disc(x):
        inside = (rows - 48) ** 2 + (columns - x) ** 2 < 15**2
        return np.where(inside, 230, 40 + 20 * np.sin(rows / 7) + columns / 8)[..., None].repeat(3, 2).astype(np.uint8)

    out = np.empty((3, 96, 128, 3), np.uint8)
    fill_between(np.stack([disc(50), disc(58)]), 3, out)
    error = {x: np.abs(out[1].astype(int) - disc(x)).mean() for x in (50, 54, 58)}
    blend = np.abs((disc(50).astype(int) + disc(58)) / 2 - disc(54)).mean()
    assert error[54] < 0.5 * min(error[50], error[58]) and error[54] < 0.6 * blend


def test_frames_between_follow_the_motion_that_is_given():
    frames = np.random.default_rng(0).integers(0, 256, (3, 40, 51, 3), dtype=np.uint8)
    frames[0], frames[2] = np.roll(frames[1], -4, axis=1), np.roll(frames[1], 4, axis=1)
    motion = np.zeros((3, 2, 20, 26), np.float16)
    motion[0, 0], motion[2, 0] = 4, -4
    out = np.empty((5, 40, 51, 3), np.uint8)
    fill_between(frames, 5, out, motion)
    np.testing.assert_array_equal(out[::2], frames)
    for index, shift in ((1, -2), (3, 2)):
        np.testing.assert_array_equal(out[index][:, 8:-8], np.roll(frames[1], shift, axis=1)[:, 8:-8])


def test_frames_between_follow_the_networks_and_estimates_only_without_them(
    motion_weights, weights, photo, monkeypatch
):
    asked: list[int] = []
    monkeypatch.setattr(
        interpolation, "find_flow", lambda first, second: asked.append(1) or np.zeros((90, 120, 2), np.float32)
    )
    many = unsmear.reconstruct(photo, weights=motion_weights, device="cpu", frames=13)
    assert not asked and np.abs(many.frames[1].astype(int) - many.frames[0]).max() > 0
    unsmear.reconstruct(photo, weights=weights, device="cpu", frames=13)
    assert len(asked) == 6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"frames": 5}, "4 gives the sharp middle picture alone, 7 all frames, and 8 to 240"),
        ({"scale": 0}, "scale is 0; give a factor"),
        ({"memory": 2**20}, "MiB are left; close other programs"),
    ],
)
def test_impossible_wishes_are_refused(weights, photo, options, message):
    with pytest.raises(ValueError, match=message):
        unsmear.reconstruct(photo, weights=weights, device="cpu", **options)


@pytest.mark.parametrize("values", [np.zeros((2, 3, 5)), np.zeros(4), np.zeros((0, 4, 3)), np.array([["a"]])])
def test_what_is_no_picture_is_refused(weights, values):
    with pytest.raises(ValueError, match="is no picture; give"):
        unsmear.reconstruct(values, weights=weights)


@pytest.mark.parametrize("camera", CAMERAS)
def test_shipped_weights_are_a_cascade_or_missing_in_a_sentence(camera):
    from unsmear.cascade.cascade import Cascade

    try:
        found = shipped_weights(camera)
    except ValueError as error:
        assert camera in str(error) and "holds no weights" in str(error)
    else:
        assert Cascade.load(found).num_frames == 7


def test_frames_too_many_for_memory_lie_in_a_file(weights, photo):
    whole = unsmear.reconstruct(photo, weights=weights, device="cpu")
    bound = int(14 * photo[..., 0].size + 1.9 * whole.frames.nbytes)
    from unsmear.photos.tiles import TiledCascade

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TiledCascade, "choose_size", lambda self, height, width, memory: 640)
        on_disk = unsmear.reconstruct(photo, weights=weights, device="cpu", memory=bound)
    assert isinstance(on_disk.frames, np.memmap)
    np.testing.assert_array_equal(on_disk.frames, whole.frames)


def test_the_command_writes_frames_film_and_still(command, photo, tmp_path, capsys):
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Maker", 6
    Image.fromarray(photo).save("holiday.jpg", exif=exif)
    assert command("holiday.jpg", "--format", "mp4", "gif", "webp", "--own-kind", "--json") == 0
    record = json.loads(capsys.readouterr().out)["photos"][0]
    assert [name.removeprefix("holiday/") for name in record["files"]] == [
        *[f"frame_{number}.jpg" for number in range(1, 8)],
        *["comparison.jpg", "film.mp4", "film.gif", "film.webp"],
    ]
    assert record["seconds"] > 0 and sorted(record["files"]) == sorted(map(str, tmp_path_files(tmp_path / "holiday")))
    with Image.open("holiday/frame_4.jpg") as frame:
        assert frame.size == (90, 120) and frame.getexif()[0x010F] == "Maker" and 0x0112 not in frame.getexif()
    with av.open("holiday/film.mp4") as film:
        stream = film.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert sum(1 for _ in film.decode(stream)) % 12 == 0
    content = (tmp_path / "holiday/film.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    for name in ("film.gif", "film.webp"):
        with Image.open(f"holiday/{name}") as film:
            assert film.n_frames == 12 and film.info["loop"] == 0


def tmp_path_files(folder):
    return [path.relative_to(folder.parent) for path in folder.iterdir()]


def test_results_are_never_overwritten_unless_asked(command, photo, tmp_path):
    Image.fromarray(photo).save("a.png")
    Image.fromarray(255 - photo).save("a.jpg")
    assert command("a.png", "a.jpg", "--frames", 4) == 0
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {"a", "a_2"}
    first = (tmp_path / "a/frame_4.png").read_bytes()
    (tmp_path / "a/mine.txt").write_text("kept")
    (tmp_path / "a/frame_15.png").write_text("of an earlier run")
    assert command("a.png", "--frames", 4, "--overwrite") == 0
    assert {path.name for path in (tmp_path / "a").iterdir()} == {"frame_4.png", "comparison.jpg", "mine.txt"}
    assert (tmp_path / "a/frame_4.png").read_bytes() == first
    assert command("a.jpg", "--frames", 4) == 0
    assert (tmp_path / "a_3").is_dir()


def test_folders_and_patterns_and_the_others_go_on_where_one_fails(command, photo, tmp_path, capsys):
    (tmp_path / "album").mkdir()
    for name in ("album/x.png", "album/y.webp", "z1.png", "z2.png"):
        Image.fromarray(photo[:20, :20]).save(name)
    (tmp_path / "album/cut.png").write_bytes((tmp_path / "z1.png").read_bytes()[:80])
    (tmp_path / "album/list.txt").write_text("no picture")
    assert command("album", "z*.png", "--output", "out", "--frames", 4) == 1
    printed = capsys.readouterr()
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"x", "y", "z1", "z2"}
    assert "cut.png ends too early" in printed.err and "1 of 5 photos failed" in printed.err
    assert "Traceback" not in printed.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing*.jpg"], "nothing matches"),
        (["none.jpg"], "none.jpg does not exist"),
        ([""], "the name of a photo is empty"),
        (["HTTP://127.0.0.1:99999/a.jpg"], "cannot be fetched"),
        (["ftp://example.org/a.jpg"], "an address of the kind ftp:"),
        (["data:image/png;base64,AAAA"], "an address of the kind data:"),
        (["file:///etc/passwd"], "an address of the kind file:"),
        (["a.png", "--max-megapixels", "0.001"], "more than the 0.001 megapixels that are read"),
        (["a.png", "--memory", "1k"], "megapixels that fit into memory; close other programs, or raise --memory"),
        (["a.png", "--frames", "2"], "frames is 2; 4 gives"),
        (["l" * 300], "cannot be looked for (File name too long); name a picture file"),
        (["a.png", "--scale", "2"], "scale is 2.0; give a factor"),
        (["a.png", "--output", "a.png"], "--output: a.png is a file, not a folder; name another one"),
    ],
)
def test_mistakes_end_in_one_sentence(command, photo, tmp_path, capsys, arguments, message):
    Image.fromarray(photo).save("a.png")
    assert command(*arguments) in (1, 2)
    printed = capsys.readouterr().err
    assert message in printed and len(printed.strip().splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_what_names_no_photo_does_not_stop_the_others(command, photo, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    Image.fromarray(photo[:20, :20]).save("a.png")
    wrong = ["empty", "none*.jpg", "n" * 300]
    assert command(*wrong, "a.png", "./a.png", "--frames", 4, "--json") == 1
    shown = capsys.readouterr()
    records = json.loads(shown.out)["photos"]
    assert [record["photo"] for record in records if "error" in record] == wrong
    assert [record["photo"] for record in records if "files" in record] == ["a.png"]
    assert "3 of 4 photos failed" in shown.err and command(*wrong) == 2


@pytest.mark.parametrize("name", ["1", "two words", "100%d", "x" * 245, "-dash", "new\nline", "b\udcffd", "照片"])
def test_odd_names(command, photo, tmp_path, name, capsys):
    path = tmp_path / name / f"{name}.png"
    path.parent.mkdir()
    path.write_bytes(b"no picture")
    assert command(f"./{name}/{name}.png") == 1
    assert "is a text; name a photo" in capsys.readouterr().err
    Image.fromarray(photo[:20, :20]).save(path)
    assert command(f"./{name}/{name}.png") == 0
    assert {each.name for each in path.with_suffix("").iterdir()} >= {"frame_4.png", "film.mp4", "comparison.jpg"}


def test_a_failure_names_its_photo_though_the_sentence_has_its_letters(command, photo, capsys):
    Image.fromarray(photo[:20, :20]).save("a", "PNG")
    assert command("a", "--memory", "50k") == 1
    assert re.match("unsmear: a: .* MiB are needed", capsys.readouterr().err)


def test_where_nothing_can_be_written_nothing_is_computed(command, photo, monkeypatch, capsys):
    Image.fromarray(photo).save("a.png")
    monkeypatch.setattr("unsmear.photos.sources.read_photo", lambda *_: pytest.fail("the photo was read"))
    monkeypatch.setattr("os.access", lambda *_: False)
    assert command("a.png") == 1 and command("a.png", "--output", "new/folder") == 2
    assert capsys.readouterr().err.count(". is a folder that cannot be written; name another one") == 2


def test_an_interruption_leaves_nothing(command, photo, tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    Image.fromarray(photo[:20, :20]).save("a.png")
    monkeypatch.setattr("unsmear.photos.save.write_film", stop)
    assert command("a.png") == 130 and [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_an_interruption_as_the_hidden_folder_is_made_leaves_nothing(command, photo, tmp_path, monkeypatch):
    Image.fromarray(photo).save(tmp_path / "a.png")
    make, made = Path.mkdir, []

    def interrupt(folder, *args, **kwargs):
        make(folder, *args, **kwargs)
        if folder.name.startswith(".unsmear-"):
            made.append(folder)
            raise KeyboardInterrupt

    monkeypatch.setattr(Path, "mkdir", interrupt)
    assert command("a.png") == 130
    assert len(made) == 1 and [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_full_disk_is_said_before_it_is_written(weights, photo, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full, raising=False)
    bound = int(14 * photo[..., 0].size + 1.9 * 7 * photo.nbytes)
    monkeypatch.setattr("unsmear.photos.tiles.TiledCascade.choose_size", lambda *_: 640)
    with pytest.raises(ValueError, match=r"neither into memory nor into .* \(No space left on device\); set TMPDIR"):
        unsmear.reconstruct(photo, weights=weights, device="cpu", memory=bound)


def test_notes_of_a_camera_that_no_jpeg_holds_are_left_out_there(command, photo, tmp_path):
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    exif.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0" + b"x" * 80_000
    Image.fromarray(photo[:20, :20]).save("a.png", exif=exif)
    assert command("a.png", "--frames", 4) == 0
    with Image.open("a/frame_4.png") as frame, Image.open("a/comparison.jpg") as still:
        assert len(frame.getexif().get_ifd(0x8769)[0x9286]) > 80_000 and not still.getexif().get_ifd(0x8769)


def test_an_image_that_pillow_opened_is_read_as_its_file(weights, photo, tmp_path):
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Maker", 6
    Image.fromarray(photo).save(tmp_path / "a.png", exif=exif)
    Image.fromarray(photo[..., 0].astype(np.uint16) * 257).save(tmp_path / "deep.png")
    for name in ("a.png", "deep.png"):
        with Image.open(tmp_path / name) as image:
            given = unsmear.reconstruct(image, weights=weights, device="cpu", frames=4)
        of_file = unsmear.reconstruct(tmp_path / name, weights=weights, device="cpu", frames=4)
        np.testing.assert_array_equal(given.blurry, of_file.blurry)
        assert given.picture.exif == of_file.picture.exif and bool(given.picture.exif) == (name == "a.png")


BAD_BOUNDS = [
    (f"--max-mega{kind}", value) for kind in ("pixels", "bytes") for value in ("inf", "nan", "0", "x", "1e308")
]


def test_size_options_are_read(command, capsys):
    for option, value in (
        ("--memory", "lots"),
        ("--memory", "9" * 400),
        ("--tile", "-3"),
        ("--tile", "²"),
        *BAD_BOUNDS,
    ):
        with pytest.raises(SystemExit) as stopped:
            command("a.png", option, value)
        assert stopped.value.code == 2 and "is no" in capsys.readouterr().err


def test_a_photo_behind_an_address_is_fetched_within_its_bound(command, photo, tmp_path, capsys):
    served = tmp_path / "served"
    served.mkdir()
    Image.fromarray(photo[:30, :30]).save(served / "far away.png")

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(served))

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/far%20away.png?size=1"
    assert command(address, "--frames", 4) == 0
    assert (tmp_path / "far away/frame_4.png").is_file()
    assert command(address, "--max-megabytes", 0.0001) == 1
    assert "has more than the 104 bytes that are read; --max-megabytes changes that" in capsys.readouterr().err
    server.shutdown()


def test_frames_between_are_bounded_by_side(weights):
    with pytest.raises(ValueError, match="40000 x 1 px; frames in between are made up to 32000 px a side"):
        unsmear.reconstruct(np.zeros((1, 40_000, 3), np.uint8), weights=weights, device="cpu", frames=15)


def test_names_of_folders(tmp_path):
    assert choose_folder("photos/a.b.jpg", None, (), False).as_posix() == "photos/a.b"
    (tmp_path / "plain").write_text("")
    assert choose_folder(str(tmp_path / "plain"), None, (), True) == tmp_path / "plain_frames"
    assert len(name_of(f"http://host/{'é' * 200}.jpg")) < 100 and name_of("http://host/a%00b.jpg") == "ab.jpg"
    for above in ("http://host/..", "http://host/...png", str(tmp_path / "...png")):
        assert choose_folder(above, tmp_path, (), True) == tmp_path / "photo"


def test_films_are_of_a_size_that_one_sees():
    assert fit(np.zeros((1, 1, 3), np.uint8)).shape == (320, 320, 3)
    assert fit(np.zeros((4000, 6000, 3), np.uint8)).shape == (1280, 1920, 3)
    assert fit(np.zeros((1, 30_000, 3), np.uint8)).shape == (1, 1920, 3)
    assert back_and_forth(4) == [0, 1, 2, 3, 2, 1] and back_and_forth(1) == [0]


@pytest.mark.parametrize("kind", ["TIFF", "JPEG", "WEBP", "AVIF", "PNG"])
def test_frames_of_the_own_kind_keep_the_cameras_notes(command, photo, tmp_path, kind):
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    exif[ExifTags.IFD.Exif] = {ExifTags.Base.ISOSpeedRatings: 400}
    Image.fromarray(photo).save("holiday", kind, exif=exif.tobytes())
    assert command("holiday", "--own-kind", "--frames", 4) == 0
    (path,) = (tmp_path / "holiday_frames").glob("frame_4.*")
    with Image.open(path) as frame:
        assert frame.format == kind and frame.getexif()[0x010F] == "Maker"
        assert frame.getexif().get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ISOSpeedRatings] == 400


def test_an_unforeseen_failure_does_not_stop_the_others(command, photo, tmp_path, monkeypatch, capsys):
    for name in ("a.png", "b.png"):
        Image.fromarray(photo[:20, :20]).save(name)
    write, failures = save._write, [RuntimeError("encoder error -2")]

    def fail(*arguments):
        if failures:
            raise failures.pop()
        return write(*arguments)

    monkeypatch.setattr("unsmear.photos.save._write", fail)
    assert command("a.png", "b.png", "--frames", 4) == 1
    assert "a.png: encoder error -2" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"a.png", "b.png", "b"}


def test_two_commands_at_once_lose_nothing(command, photo, tmp_path, monkeypatch):
    Image.fromarray(photo).save("a.png")
    write = save._write

    def write_late(result, folder, output):
        (tmp_path / "a").mkdir(exist_ok=True)
        (tmp_path / "a/frame_4.png").write_text("of another command")
        return write(result, folder, output)

    monkeypatch.setattr("unsmear.photos.save._write", write_late)
    assert command("a.png", "--frames", 4) == 0
    assert (tmp_path / "a/frame_4.png").read_text() == "of another command"
    assert {path.name for path in (tmp_path / "a_2").iterdir()} == {"frame_4.png", "comparison.jpg"}


def test_what_is_overwritten_is_what_was_written_and_all_of_it(command, photo, tmp_path, monkeypatch):
    Image.fromarray(photo).save("a.png")
    assert command("a.png") == 0
    for name in ("frame_notes.txt", "film.negative.jpg", "frame_1.xcf"):
        (tmp_path / "a" / name).write_text("mine")
    before = {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()}
    Image.fromarray(255 - photo).save("a.png")
    rename = Path.rename

    def fail(path, target):
        if "made" in path.parts and (tmp_path / "a/film.gif").exists():
            raise OSError(28, "No space left on device")
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", fail)
        assert command("a.png", "--overwrite", "--format", "mp4", "gif") == 1
    assert {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()} == before
    assert command("a.png", "--overwrite", "--frames", 4) == 0
    mine = {"frame_notes.txt", "film.negative.jpg", "frame_1.xcf"}
    assert {path.name for path in (tmp_path / "a").iterdir()} == {"frame_4.png", "comparison.jpg", *mine}
    assert (tmp_path / "a/frame_4.png").read_bytes() != before["frame_4.png"]


def test_odd_addresses_fail_alone_and_passwords_stay_unsaid(command, photo, capsys):
    Image.fromarray(photo[:20, :20]).save("a.png")
    address = "http://user:secret@127.0.0.1:9/b.png?token=hidden"
    assert command("http://[::1/a.png", address, "a.png", "--frames", 4, "--json") == 1
    shown = capsys.readouterr()
    records = json.loads(shown.out)["photos"]
    assert [record["photo"] for record in records] == ["http://[::1/a.png", "http://127.0.0.1:9/b.png", "a.png"]
    assert "http://[::1/a.png cannot be used (Invalid IPv6 URL); correct the address" in shown.err
    assert "secret" not in shown.out + shown.err and "hidden" not in shown.out + shown.err


def test_photos_may_stand_anywhere(command, weights, photo, tmp_path, capsys):
    for name in ("a.png", "b.png", "c.png"):
        Image.fromarray(photo[:20, :20]).save(name)
    assert command("a.png", "--frames", 4, "b.png") == 0 and (tmp_path / "b").is_dir()
    assert main(["reconstruct", "--weights", str(weights), "--format", "gif", "--", "c.png"]) == 0
    assert (tmp_path / "c/film.gif").exists()
    with pytest.raises(SystemExit):
        command("a.png", "--none", "b.png")
    assert "unrecognized arguments: --none" in capsys.readouterr().err


def test_a_film_of_one_frame_is_refused_where_it_is_asked_for(command, photo, capsys):
    Image.fromarray(photo).save("a.png")
    assert command("a.png", "--frames", 4, "--format", "gif") == 2
    assert "--format: a single frame makes no film" in capsys.readouterr().err


@pytest.mark.parametrize("choice", ["camera", "device", "precision"])
def test_choices_are_named(weights, photo, choice):
    with pytest.raises(ValueError, match=f"{choice} is 'foo'; choose one of "):
        unsmear.reconstruct(photo, weights=weights, **{choice: "foo"})


def test_a_file_that_may_not_be_read_is_named(command, photo, monkeypatch, capsys):
    Image.fromarray(photo).save("a.png")

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied", "a.png")

    monkeypatch.setattr("PIL.Image.open", refuse)
    assert command("a.png") == 1
    assert (
        capsys.readouterr().err
        == "unsmear: a.png cannot be read (Permission denied); let yourself read it, or copy it\n"
    )


@pytest.mark.parametrize(("target", "status"), [("closed", 1), ("/dev/full", 2)])
def test_photos_go_on_where_nobody_reads_their_names(weights, photo, tmp_path, target, status):
    for name in ("a.png", "b.png"):
        Image.fromarray(photo[:20, :20]).save(tmp_path / name)
    program = [sys.executable, "-m", "unsmear.cli", "reconstruct", "a.png", "b.png", "--frames", "4"]
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed, Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [*program, "--weights", str(weights)],
            cwd=tmp_path,
            stdout=closed if target == "closed" else full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ended.returncode == status and (tmp_path / "a").is_dir() and (tmp_path / "b").is_dir()
    assert "Errno" not in ended.stderr and "Traceback" not in ended.stderr
    assert ("cannot be printed (No space left on device)" in ended.stderr) == (target == "/dev/full")


@pytest.mark.parametrize("name", ["SIGHUP", "SIGTERM"])
def test_a_signal_leaves_nothing(weights, photo, tmp_path, name):
    Image.fromarray(np.tile(photo, (12, 12, 1))).save(tmp_path / "a.png")
    program = [sys.executable, "-m", "unsmear.cli", "reconstruct", "a.png", "--weights", str(weights)]
    # Under nohup a program is to ignore the end of its terminal.
    heard = partial(signal.signal, signal.SIGHUP, signal.SIG_DFL)
    with subprocess.Popen(program, cwd=tmp_path, stderr=subprocess.PIPE, text=True, preexec_fn=heard) as process:
        while not list(tmp_path.glob(".unsmear-*")):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(getattr(signal, name))
        _, error = process.communicate()
    assert process.returncode == 130 and error.splitlines()[-1] == "unsmear: stopped"
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_folder_by_another_path_is_the_same_folder(command, photo, tmp_path):
    other = tmp_path / "other"
    (tmp_path / "photos").mkdir()
    other.symlink_to(tmp_path / "photos")
    Image.fromarray(photo).save(tmp_path / "photos" / "a.png")
    Image.fromarray(255 - photo).save(tmp_path / "photos" / "a.bmp")
    assert command(tmp_path / "photos" / "a.png", other / "a.bmp", "--overwrite", "--frames", "4") == 0
    assert {path.name for path in (tmp_path / "photos").iterdir() if path.is_dir()} == {"a", "a_2"}


def test_a_closed_error_output_stops_nothing(command, photo, tmp_path, monkeypatch, capsys):
    path = tmp_path / "photo.png"
    Image.fromarray(photo).save(path)
    monkeypatch.setattr(sys, "stderr", None)
    assert command(path, tmp_path / "missing.png", "--frames", "4", "--json") == 1
    assert len(json.loads(capsys.readouterr().out)["photos"]) == 2
