"""The local page, driven in a real browser."""

from __future__ import annotations

import argparse
import errno
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path

import pytest
import torch
from PIL import Image

from unsmear.cli import main
from unsmear.photos.app import PREFIX, add_arguments, delete_older, is_loopback, serve

pytest.importorskip("gradio")
playwright = pytest.importorskip("playwright.sync_api")

# After the import above: it needs gradio.
from unsmear.photos import page_work  # noqa: E402
from unsmear.photos.page_work import PhotoWork, StoppedError  # noqa: E402

# A busy machine takes its time, which is not what is tested here.
WAIT_MS = 300_000
COMPARED = "[...document.querySelectorAll('#compare img')].filter(i => i.naturalWidth && i.alt).length == 2"
# Texts that are seen and have less than the contrast that the Web Content Accessibility Guidelines ask for, 4.5.
FAINT = """() => {
  const parts = color => { const c = color.match(/[\\d.]+/g).map(Number); return [...c.slice(0, 3), c[3] ?? 1]; };
  const over = (a, b) => [0, 1, 2].map(i => a[i] * a[3] + b[i] * (1 - a[3]));
  const luminance = color => color.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const above = element => { const found = []; for (; element; element = element.parentElement) found.push(element);
    return found; };
  return [...document.querySelectorAll('body *')].filter(element => {
    const box = element.getBoundingClientRect(), all = above(element).map(each => getComputedStyle(each));
    if (![...element.childNodes].some(node => node.nodeType == 3 && node.textContent.trim())) return false;
    if (!element.checkVisibility({opacityProperty: true, visibilityProperty: true}) || box.width < 2) return false;
    const ground = all.map(style => parts(style.backgroundColor)).reduceRight((b, a) => over(a, b), [255, 255, 255]);
    const color = parts(all[0].color);
    color[3] *= all.reduce((product, style) => product * style.opacity, 1);
    const [low, high] = [luminance(ground), luminance(over(color, ground))].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05) < 4.5;
  }).map(element => element.outerHTML.slice(0, 120)); }"""


@pytest.fixture
def options(weights):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return parser.parse_args(["--port", str(port), "--weights", str(weights), "--device", "cpu"])


def test_a_photo_becomes_frames_in_a_browser(options, browser, photo, tmp_path, monkeypatch):
    # Gradio serves files below the present folder unasked; the samples lie elsewhere.
    monkeypatch.chdir(tmp_path)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(photo).save(tmp_path / "holiday.jpg", exif=exif, quality=95)
    (tmp_path / "broken.jpg").write_bytes((tmp_path / "holiday.jpg").read_bytes()[:600])
    with serve(options) as address:
        view = browser.new_page(viewport={"width": 390, "height": 900}, color_scheme="dark", reduced_motion="reduce")
        view.set_default_timeout(WAIT_MS)
        asked: list[str] = []
        view.on("request", lambda request: asked.append(request.url))
        view.goto(address)
        choose(view, tmp_path / "holiday.jpg")
        view.evaluate(
            "() => { window.said = ''; new MutationObserver(() => { const shown = document.querySelector('#running');"
            " window.said += shown.innerText; }).observe(document.body, {childList: true, subtree: true,"
            " characterData: true}); }"
        )
        view.locator("#start").focus()
        view.keyboard.press("Enter")
        view.wait_for_function(COMPARED)
        assert re.search(r"processing|queue|\d/\d|%", view.evaluate("window.said"))
        sizes = view.evaluate(
            "[...document.querySelectorAll('#compare img')].map(i => i.naturalHeight / i.naturalWidth)"
        )
        assert sizes == [120 / 90, 120 / 90]
        assert view.evaluate("[...document.images].every(i => i.alt)")
        sharp = view.locator("#compare img").nth(1)
        before = sharp.get_attribute("src")
        view.locator("#compare [role=slider]").focus()
        view.keyboard.press("ArrowRight")
        view.wait_for_function(
            "parseFloat(document.querySelectorAll('#compare img')[1].style.clipPath.split(' ')[3]) > 51"
        )
        assert int(view.locator("#compare [role=slider]").get_attribute("aria-valuenow")) > 51
        view.locator("#frame input[type=range]").focus()
        view.keyboard.press("ArrowRight")
        view.wait_for_function("before => document.querySelectorAll('#compare img')[1].src != before", arg=before)
        play = view.locator("#film [role=button][aria-label^=play]")
        play.focus()
        assert play.evaluate("button => button.checkVisibility({opacityProperty: true})")
        view.keyboard.press("Enter")
        view.wait_for_function("document.querySelector('#film video').currentTime > 0.1")
        names = view.evaluate("[...document.querySelectorAll('a[download]')].map(a => a.download)")
        assert {"frame_1.png", "frame_7.png", "film.mp4", "film.gif"} <= set(names)
        assert view.evaluate(
            "[...document.querySelectorAll('a[download]')].every(a => a.ariaLabel.includes(a.download))"
        )
        assert not view.get_by_role("button", name="Remove this file").count()
        assert view.evaluate("document.documentElement.scrollWidth") <= 390
        assert str(tmp_path) not in view.inner_text("body") and "/tmp" not in view.inner_text("body")
        assert str(Path(page_work.__file__).parent) not in view.content()
        # What is said of another photo takes the place of the frames.
        view.locator("#photo button[aria-label=Clear]").click()
        choose(view, tmp_path / "broken.jpg", reload=False)
        view.locator("#start").click()
        view.get_by_role("alert").get_by_text("broken.jpg ends too early: the file was cut off").wait_for()
        assert not view.locator("#compare").is_visible() and not view.get_by_text("Error", exact=True).is_visible()
        view.reload()
        view.get_by_role("button", name="Clock, a photograph").focus()
        view.keyboard.press("Enter")
        view.get_by_label("clock.jpg").first.wait_for()
        assert [url for url in asked if not url.startswith((address.rstrip("/"), "data:", "blob:"))] == []
        view.close()
        uploads = os.environ["GRADIO_TEMP_DIR"]
        assert os.path.isdir(uploads)  # noqa: PTH112
    assert not os.path.exists(uploads)  # noqa: PTH110


def open_view(browser, address: str, **options):
    """The page in a browser of its own."""
    view = browser.new_page(**options)
    view.set_default_timeout(WAIT_MS)
    view.goto(address)
    return view


def choose(view, path: Path, reload=True) -> None:
    """Choose a file, again until the page takes it: before its scripts listen it does not notice."""
    for _ in range(10):
        view.locator("input[type=file]").first.set_input_files(str(path))
        try:
            return view.locator(f"#photo a[download='{path.name}']").wait_for(timeout=WAIT_MS / 10)
        except playwright.TimeoutError:
            if reload:
                view.reload()
    raise AssertionError(f"the page does not take {path.name}")


def test_files_are_deleted_after_their_time(tmp_path):
    for name in ("a/old.jpg", "a/b/old.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    time.sleep(0.1)
    instant = time.time()
    time.sleep(0.1)
    for name, age in (("new.jpg", 0), ("copied.jpg", 7200)):
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (instant - age,) * 2)
    delete_older(tmp_path, instant)
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file()) == ["copied.jpg", "new.jpg"]


def test_what_a_killed_page_left_is_deleted_but_nothing_of_others(tmp_path, monkeypatch):
    left, kept = tmp_path / "left", tmp_path / "precious"
    (left / "page").mkdir(parents=True)
    (left / "page/upload.jpg").write_text("x")
    kept.write_text("x")
    (left / "page/link").symlink_to(kept)
    later = time.time() + 3600
    with monkeypatch.context() as patch:
        patch.setattr(os, "getuid", lambda: -1)
        delete_older(left, later)
        assert (left / "page/upload.jpg").exists()
    delete_older(left, later)
    assert not left.exists() and kept.exists()


def test_an_hour_later_a_sentence_says_what_is_gone(options, browser, photo, tmp_path):
    Image.fromarray(photo).save(tmp_path / "holiday.png")
    with serve(options) as address:
        view = open_view(browser, address)
        choose(view, tmp_path / "holiday.png")
        view.locator("#start").click()
        view.wait_for_function(COMPARED)
        for folder in Path(os.environ["GRADIO_TEMP_DIR"]).parent.glob("*/*"):
            delete_older(folder, time.time() + 3600)
        view.locator("#frame input[type=range]").focus()
        view.keyboard.press("ArrowRight")
        view.get_by_role("alert").get_by_text("the frames were deleted after an hour").wait_for()
        view.locator("#start").click()
        view.get_by_role("alert").get_by_text("holiday.png was deleted after an hour; drop it again").wait_for()
        # Samples stay.
        assert view.evaluate("[...document.images].filter(i => i.naturalWidth).length") == 3
        view.get_by_role("button", name="Clock, a photograph").click()
        view.get_by_label("clock.jpg").first.wait_for()
        view.locator("#start").click()
        view.wait_for_function(COMPARED)
        view.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_can_be_read_in_light_and_dark(options, browser, scheme):
    with serve(options) as address:
        view = open_view(browser, address, color_scheme=scheme)
        ground = view.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", ground)[:3])) > 3 * 128) == (scheme == "light")
        assert view.evaluate(FAINT) == []
        view.get_by_role("button", name="Clock, a photograph").click()
        view.get_by_label("clock.jpg").first.wait_for()
        view.locator("#start").click()
        view.wait_for_function(COMPARED)
        assert view.evaluate(FAINT) == []
        view.close()


@pytest.mark.parametrize("size", [(1, 1), (30, 1000), (1000, 30)])
def test_pictures_of_any_shape_fit_the_page(options, browser, tmp_path, size):
    Image.new("RGB", size, (200, 90, 40)).save(tmp_path / "no suffix <i>", format="PNG")
    with serve(options) as address:
        view = open_view(browser, address, viewport={"width": 390, "height": 900})
        choose(view, tmp_path / "no suffix <i>")
        view.locator("#start").click()
        view.wait_for_function(COMPARED)
        view.wait_for_function("document.querySelector('#film video').videoWidth")
        height = view.evaluate("document.querySelector('#film video').getBoundingClientRect().height")
        controls = view.evaluate("document.querySelector('#film .controls').getBoundingClientRect().height")
        film = view.evaluate("document.querySelector('#film').getBoundingClientRect().height")
        assert height <= 700 and controls < film < 800
        assert view.evaluate("document.documentElement.scrollWidth") <= 390
        view.close()


def test_two_people_queue_and_who_leaves_is_not_waited_for(options, browser, photo, tmp_path, monkeypatch):
    for name in ("first.png", "second.png"):
        Image.fromarray(photo).save(tmp_path / name)
    read, names = page_work.read_photo, []
    begun, go, left = threading.Event(), threading.Event(), threading.Event()

    def read_slowly(path, *arguments):
        names.append(path.name)
        begun.set()
        assert go.wait(WAIT_MS / 1000)
        return read(path, *arguments)

    leave = PhotoWork.leave
    monkeypatch.setattr(PhotoWork, "leave", lambda *arguments: (leave(*arguments), left.set()))
    monkeypatch.setattr(page_work, "read_photo", read_slowly)
    with serve(options) as address:
        first, second = open_view(browser, address), open_view(browser, address)
        choose(first, tmp_path / "first.png")
        choose(second, tmp_path / "second.png")
        # The second click of a double click is not another photo.
        first.locator("#start").dblclick()
        assert begun.wait(WAIT_MS / 1000)
        second.locator("#start").click()
        second.wait_for_function("document.querySelector('#running').innerText.includes('queue: 1/1')")
        first.close()
        assert left.wait(WAIT_MS / 1000)
        go.set()
        second.wait_for_function(COMPARED)
        results = Path(os.environ["GRADIO_TEMP_DIR"]).parent / "results"
        assert names == ["first.png", "second.png"] and len(list(results.iterdir())) == 1
        second.close()


@pytest.fixture
def work(options, tmp_path):
    return PhotoWork(options, tmp_path)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "a.jpg does not fit into memory; choose a smaller size"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "a.jpg does not fit into memory"),
        (torch.OutOfMemoryError("CUDA out of memory"), "a.jpg does not fit into memory"),
        (OSError(errno.EACCES, "Permission denied", "/home/me/a.jpg"), "a.jpg cannot be read (Permission denied)"),
        (ValueError("/home/me/uploads/a.jpg is empty"), "a.jpg is empty"),
        (
            ValueError("2 of /opt/w.safetensors and ./b, 1/2, http://a.b/c"),
            "2 of w.safetensors and ./b, 1/2, http://a.b/c",
        ),
        (ValueError(f"no room in {tempfile.gettempdir()} (full)"), "no room in the temporary folder (full)"),
    ],
)
def test_errors_show_no_path_of_the_machine(work, monkeypatch, error, said):
    def fail(*arguments):
        raise error

    monkeypatch.setattr(page_work, "read_photo", fail)
    with pytest.raises(ValueError) as found:
        work(Path("/home/me/uploads/a.jpg"), "standard", 1.0, lambda done, total: None)
    assert str(found.value).startswith(said) and "/home" not in str(found.value)


def test_a_full_disk_is_said_without_its_place(work, monkeypatch, photo, tmp_path):
    def fail(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path))

    Image.fromarray(photo).save(tmp_path / "a.png")
    for module in ("save", "page_work"):
        monkeypatch.setattr(f"unsmear.photos.{module}.write_picture", fail)
        with pytest.raises(ValueError) as found:
            work(tmp_path / "a.png", "standard", 1.0, lambda done, total: None)
        assert str(found.value) == "the frames of a.png cannot be written where the page runs (No space left on device)"


@pytest.mark.parametrize("end", ["leave", "stop"])
def test_work_that_nobody_waits_for_ends(work, photo, tmp_path, end):
    Image.fromarray(photo).save(tmp_path / "a.png")
    ended = []

    def progress(done, total):
        if end == "leave":
            work.leave("me")
        elif not ended:
            ended.append(threading.Thread(target=work.stop))
            ended[0].start()
            assert work._stopped.wait(60)

    with pytest.raises(StoppedError):
        work(tmp_path / "a.png", "standard", 1.0, progress, "me")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_uploads_are_deleted_whatever_ends_the_page(options, photo, tmp_path, number):
    import requests

    Image.fromarray(photo).save(tmp_path / "a.png")
    (tmp_path / "temporary").mkdir()
    command = [sys.executable, "-m", "unsmear.cli", "app", "--port", str(options.port), "--weights", *options.weights]
    environment = {**os.environ, "TMPDIR": str(tmp_path / "temporary")}
    # Under nohup a program is to ignore the end of its terminal.
    heard = partial(signal.signal, signal.SIGHUP, signal.SIG_DFL)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes, env=environment, preexec_fn=heard) as page:
        try:
            address = page.stdout.readline().split()[0]
            with (tmp_path / "a.png").open("rb") as stream:
                requests.post(f"{address}gradio_api/upload", files={"files": stream}, timeout=60).raise_for_status()
            assert list((tmp_path / "temporary").rglob("a.png"))
            page.send_signal(number)
            assert page.wait(60) == 130
        finally:
            page.kill()
    assert not list((tmp_path / "temporary").glob(f"{PREFIX}*"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--weights", "nope"], "nope cannot be read as weights"),
        (["--host", "host.invalid"], "--host: host.invalid is no address of this machine"),
        (["--host", "192.0.2.1"], "--host: 192.0.2.1 is no address of this machine"),
    ],
)
def test_what_cannot_be_used_is_refused_at_the_start(options, arguments, said, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert main(["app", "--port", str(options.port), *arguments]) == 2
    printed = capsys.readouterr().err
    assert said in printed and "--port" not in printed and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("host", "alone"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("photos.lan", False)],
)
def test_addresses_that_others_reach_are_known(host, alone):
    assert is_loopback(host) == alone


def test_a_password_is_asked_for_and_a_taken_port_said(options, capsys):
    import requests

    options.password = "open sesame"
    with serve(options) as address:

        def log_in(word):
            return requests.post(f"{address}login", data={"username": "me", "password": word}, timeout=10).status_code

        assert requests.get(f"{address}config", timeout=10).status_code == 401
        assert log_in("wrong") == 400 and log_in("open sesame") == 200
        arguments = ["app", "--port", str(options.port), "--weights", *map(str, options.weights)]
        assert main(arguments) == 2
        assert (
            "cannot be listened at on 127.0.0.1 (Address already in use); choose another --port"
            in capsys.readouterr().err
        )


def test_without_gradio_a_sentence_says_so(options, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "gradio", None)
    assert main(["app", "--host", "0.0.0.0", "--port", str(options.port)]) == 2
    printed = capsys.readouterr().err
    assert (
        "lets everybody who reaches this machine use the page" in printed
        and "pip install -e '.[app]' in unsmear's clone" in printed
    )
