"""``unsmear app``: a local page on which a photo is dropped and its frames are looked at."""

from __future__ import annotations

import argparse
import errno
import hmac
import ipaddress
import os
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from unsmear.photos.options import read_bound

KEEP_S = 3600.0
PREFIX = "unsmear-app-"


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
        If gradio is not installed, the weights or the device cannot be used, or the address cannot be listened at.
    """
    check_address(options.host, options.port)
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
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    stopped = threading.Event()
    try:
        kept = (folder, folder / "page", folder / "results")
        for each in kept[1:]:
            each.mkdir()
        # Before the import, which reads it.
        os.environ["GRADIO_TEMP_DIR"] = str(folder / "page")
        try:
            import gradio  # noqa: F401
        except ImportError:
            raise ValueError("packages for the page are missing; pip install -e '.[app]' in unsmear's clone") from None
        from unsmear.photos.page import SAMPLES_FOLDER, build_page
        from unsmear.photos.page_style import CSS, HEAD, make_theme
        from unsmear.photos.page_work import PhotoWork

        work = PhotoWork(options, folder / "results")
        threading.Thread(target=_delete_old, args=(kept, stopped), daemon=True).start()
        page = build_page(work)
        try:
            _, address, _ = page.queue(default_concurrency_limit=1, max_size=20).launch(
                server_name=f"[{options.host}]" if ":" in options.host else options.host,
                server_port=options.port,
                auth=_ask(options.password) if options.password else None,
                max_file_size=work.max_bytes,
                allowed_paths=[str(SAMPLES_FOLDER)],
                prevent_thread_lock=True,
                quiet=True,
                footer_links=[],
                ssr_mode=False,
                theme=make_theme(),
                css=CSS,
                head=HEAD,
            )
            yield address
        finally:
            work.stop()
            page.close(verbose=False)
    finally:
        stopped.set()
        shutil.rmtree(folder, ignore_errors=True)


def check_address(host: str, port: int) -> None:
    """Refuse an address at which nothing can be listened.

    Raises
    ------
    ValueError
        With whether another host or another port would help.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        socket.create_server(address[:2], family=family).close()
    except OSError as error:
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            raise ValueError(f"--host: {host} is no address of this machine; leave it out, or give one") from None
        reason = os.strerror(error.errno or 0)
        raise ValueError(f"port {port} cannot be listened at on {host} ({reason}); choose another --port") from None


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


def _delete_old(kept: Sequence[Path], stopped: threading.Event) -> None:
    while True:
        for folder in kept:
            with suppress(OSError):
                os.utime(folder)
        # Also what a page left that was killed.
        for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
            delete_older(folder, time.time() - KEEP_S)
        if stopped.wait(60):
            return


def delete_older(folder: Path, before: float) -> None:
    """Delete what was last written or put there before an instant: files, and folders then empty, this one as well.

    A folder of another user is left alone.
    """
    with suppress(OSError):
        if folder.lstat().st_uid != os.getuid():
            return
    for path in (*sorted(folder.rglob("*"), reverse=True), folder):
        with suppress(OSError):
            found = path.lstat()
            # A copy keeps the time at which its original was written.
            if max(found.st_mtime, found.st_ctime) >= before:
                continue
            if path.is_symlink() or not path.is_dir():
                path.unlink()
            elif not any(path.iterdir()):
                path.rmdir()
