"""The local page, driven in a real browser."""

from __future__ import annotations

import argparse
import os
import re
import socket
import time
from pathlib import Path

import pytest
from PIL import Image

from unsmear.cli import main
from unsmear.photos.app import add_arguments, delete_older, is_loopback, serve

pytest.importorskip("gradio")
playwright = pytest.importorskip("playwright.sync_api")

# A busy machine takes its time, which is not what is tested here.
WAIT_MS = 300_000


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
            "() => { window.said = ''; new MutationObserver(() => { const shown = document.querySelector('#photo');"
            " window.said += shown.innerText; }).observe(document.body, {childList: true, subtree: true,"
            " characterData: true}); }"
        )
        view.locator("#start").focus()
        view.keyboard.press("Enter")
        view.wait_for_function(
            "[...document.querySelectorAll('#compare img')].filter(i => i.naturalWidth && i.alt).length == 2",
        )
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
        view.evaluate(
            "document.querySelector('#film video').muted = true; document.querySelector('#film video').play()"
        )
        view.wait_for_function("document.querySelector('#film video').currentTime > 0.1")
        names = view.evaluate("[...document.querySelectorAll('a[download]')].map(a => a.download)")
        assert {"frame_1.png", "frame_7.png", "film.mp4", "film.gif"} <= set(names)
        assert view.evaluate("document.documentElement.scrollWidth") <= 390
        assert str(tmp_path) not in view.inner_text("body") and "/tmp" not in view.inner_text("body")
        # What is said of another photo takes the place of the frames.
        view.locator("#photo button[aria-label=Clear]").click()
        view.locator("input[type=file]").first.set_input_files(str(tmp_path / "broken.jpg"))
        view.get_by_text("broken.jpg").first.wait_for()
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


def choose(view, path: Path) -> None:
    """Choose a file, again until the page takes it: before its scripts listen it does not notice."""
    for _ in range(10):
        view.locator("input[type=file]").first.set_input_files(str(path))
        try:
            return view.get_by_text(path.name).first.wait_for(timeout=WAIT_MS / 10)
        except playwright.TimeoutError:
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


def test_the_samples_outlive_what_is_deleted(options):
    import requests

    with serve(options) as address:
        delete_older(Path(os.environ["GRADIO_TEMP_DIR"]).parent, time.time() + 3600)
        shown = requests.get(f"{address}config", timeout=60).json()["components"]
        icons = [icon["url"] for each in shown if (icon := each["props"].get("icon"))]
        assert len(icons) == 3 and all(requests.get(icon, timeout=60).content[:2] == b"\xff\xd8" for icon in icons)


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
        assert "cannot be listened at on 127.0.0.1; choose another --port" in capsys.readouterr().err


def test_without_weights_or_gradio_a_sentence_says_so(monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "gradio", None)
    assert main(["app", "--host", "0.0.0.0"]) == 2
    printed = capsys.readouterr().err
    assert "lets everybody who reaches this machine use the page" in printed and "pip install 'gradio" in printed
