"""``unsmear app``: a local page on which a photo is dropped and its frames are looked at."""

from __future__ import annotations

import argparse
import hmac
import ipaddress
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from unsmear.photos.command import read_bound

KEEP_S = 3600.0
_CSS = """
.gradio-container { max-width: 60rem !important; margin: auto; }
input:is([type=radio], [type=range]):focus-visible { outline: 2px solid currentColor !important; outline-offset: 3px; }
#trouble p { border-left: .3rem solid #d22; padding-left: .6rem; }
@media (max-width: 30rem) { .gradio-container { padding: .5rem !important; } }
"""
# Gradio's slider of two pictures has no texts for those who do not see them, and knows the mouse alone.
_HEAD = """<script>
new MutationObserver(() => {
  document.querySelectorAll('#compare img').forEach((image, index) => {
    const text = index ? 'The sharp frame' : 'The blurry photo';
    if (image.alt !== text) image.alt = text;
  });
  document.querySelectorAll('#compare .outer:not([tabindex])').forEach(handle => {
    Object.assign(handle, {tabIndex: 0, role: 'slider', ariaLabel: 'Edge between blurry and sharp', ariaValueNow: 50});
    handle.addEventListener('keydown', event => {
      const step = {ArrowLeft: -20, ArrowRight: 20}[event.key];
      if (!step) return;
      event.preventDefault();
      const box = handle.getBoundingClientRect(), x = box.x + box.width / 2, y = box.y + box.height / 2;
      const picture = handle.parentElement.getBoundingClientRect();
      handle.ariaValueNow = Math.round(100 * Math.min(1, Math.max(0, (x + step - picture.x) / picture.width)));
      for (const [kind, target, shift] of [['down', handle, 0], ['move', window, step], ['up', window, step]])
        target.dispatchEvent(
          new MouseEvent('mouse' + kind, {bubbles: true, view: window, clientX: x + shift, clientY: y}));
    });
  });
  document.querySelectorAll('#film video:not([aria-label])').forEach(
    video => video.setAttribute('aria-label', 'The frames, back and forth'));
}).observe(document, {childList: true, subtree: true});
</script>"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``unsmear app``."""
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen at; default: 127.0.0.1, this machine alone")
    add("--port", type=int, default=7860, help="to listen at; default: 7860")
    add(
        "--password",
        default=os.environ.get("UNSMEAR_PASSWORD"),
        help="that visitors must give, with any name; default: UNSMEAR_PASSWORD of the environment, else none",
    )
    add("--weights", nargs="+", help="weights files, a system's folder or hf://user/name instead of the shipped ones")
    add("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto", help="default: a GPU if present")
    add("--max-megapixels", type=read_bound, default=24, metavar="N", help="refuse larger photos; default: 24")
    add("--max-megabytes", type=read_bound, default=50, metavar="N", help="refuse larger files; default: 50")


def run(options: argparse.Namespace) -> int:
    """Serve the page until it is stopped.

    Raises
    ------
    ValueError
        If gradio is not installed, there are no weights, or the port is taken.
    """
    if not is_loopback(options.host) and not options.password:
        print(
            f"unsmear: {options.host} lets everybody who reaches this machine use the page and its processor; "
            "--password asks for one, and leaving --host out serves this machine alone",
            file=sys.stderr,
        )
    with serve(options) as address:
        print(f"{address}  (Ctrl-C ends it)", flush=True)
        while True:
            time.sleep(3600)


@contextmanager
def serve(options: argparse.Namespace) -> Iterator[str]:
    """Serve the page for as long as the block lasts; its address. Everything uploaded is deleted at the end."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    folder = Path(tempfile.mkdtemp(prefix="unsmear-app-"))
    os.environ["GRADIO_TEMP_DIR"] = str(folder / "page")
    try:
        import gradio
    except ImportError:
        shutil.rmtree(folder, ignore_errors=True)
        raise ValueError("the page needs an optional package: pip install 'gradio>=6,<7'") from None
    from unsmear.photos.page import SAMPLES_FOLDER, build_page

    stopped = threading.Event()
    threading.Thread(target=_delete_old, args=(folder, stopped), daemon=True).start()
    page = build_page(options, folder / "results")
    try:
        _, address, _ = page.queue(default_concurrency_limit=1, max_size=20).launch(
            server_name=options.host,
            server_port=options.port,
            auth=_ask(options.password) if options.password else None,
            max_file_size=int(options.max_megabytes * 2**20),
            allowed_paths=[str(SAMPLES_FOLDER)],
            prevent_thread_lock=True,
            quiet=True,
            footer_links=[],
            ssr_mode=False,
            # Letters of this machine: nothing is asked of a network.
            theme=gradio.themes.Default(font=["system-ui", "sans-serif"], font_mono=["monospace"]).set(
                block_info_text_color="*neutral_500"
            ),
            css=_CSS,
            head=_HEAD,
        )
        yield address
    except OSError:
        raise ValueError(
            f"port {options.port} cannot be listened at on {options.host}; choose another --port"
        ) from None
    finally:
        stopped.set()
        page.close(verbose=False)
        shutil.rmtree(folder, ignore_errors=True)


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _ask(password: str) -> Any:
    def check(name: str, given: str) -> bool:
        return hmac.compare_digest(given.encode(), password.encode())

    return check


def _delete_old(folder: Path, stopped: threading.Event) -> None:
    while not stopped.wait(60):
        delete_older(folder, time.time() - KEEP_S)


def delete_older(folder: Path, before: float) -> None:
    """Delete files below a folder that were last written or put there before an instant, and folders then empty."""
    for path in sorted(folder.rglob("*"), reverse=True):
        try:
            found = path.stat()
            # A copy keeps the time at which its original was written.
            if max(found.st_mtime, found.st_ctime) >= before:
                continue
            if not path.is_dir():
                path.unlink()
            elif not any(path.iterdir()):
                path.rmdir()
        except OSError:
            continue
