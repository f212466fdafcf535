"""The ``unsmear`` command."""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from unsmear import __version__
from unsmear.export import command as export
from unsmear.photos import app, command
from unsmear.photos import options as photo_options
from unsmear.photos.printer import discard_output
from unsmear.sharing import compare, evaluate

# Name -> a line for the list of all, what it does, and an example.
_COMMANDS = {
    "reconstruct": (
        "turn a blurry picture into the frames exposed in it",
        "Turn motion-blurred photos into seven sharp frames each, in the order of time, with a film and a comparison, "
        "in a folder beside the photo. The status is 0 when every photo came out, 1 when some did not, 2 when nothing "
        "was begun.",
        "unsmear reconstruct photo.jpg 'holiday/*.jpg' --output sharp",
    ),
    "app": (
        "open a local page that does the same",
        "Serve a page on which a photo is dropped and its frames are looked at and downloaded. Nothing leaves the "
        "machine; uploads are deleted after an hour and at the end. It needs the extra `app`.",
        "unsmear app --port 8000",
    ),
    "evaluate": (
        "evaluate weights on footage of your own, without training",
        "Blur sharp clips of 90 frames a second or more as the cameras do, reconstruct them, and print how near the "
        "frames come; films and a page lie in the folder of the results. Started again, it goes on where it stopped.",
        "unsmear evaluate --footage film.mp4 --weights results/models/masked",
    ),
    "compare": (
        "tell what differs between two runs",
        "Tell what differs between two results folders or recorded runs: configuration, code, data, measures with "
        "their paired differences, time and memory. The status is 1 where a measure of --fail-on is worse, 2 where "
        "something cannot be read or compared.",
        "unsmear compare results-main/results results --markdown",
    ),
    "export": (
        "write weights for other programs: ONNX, the Hugging Face hub",
        "Write a cascade's weights for programs without torch, or as a folder for the Hugging Face hub. `unsmear "
        "export onnx --help` and `unsmear export hub --help` have the options.",
        "unsmear export onnx --camera masked",
    ),
    "results": (
        "print the results table and the files to open",
        "Print the table of a finished run and which files to open.",
        "unsmear results clips-evaluation/results",
    ),
    "mlflow": (
        "compare recorded runs in the browser",
        "Serve MLflow's page of the runs that a results folder records, on this machine alone.",
        "unsmear mlflow results --port 5001",
    ),
}


def build_parser() -> argparse.ArgumentParser:
    """All subcommands and their options."""
    parser = argparse.ArgumentParser(
        prog="unsmear",
        description="Seven sharp frames from one motion-blurred picture.",
        epilog="unsmear COMMAND --help describes a command. Example: unsmear reconstruct photo.jpg",
    )
    parser.add_argument("--version", action="version", version=f"unsmear {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    of = {
        name: commands.add_parser(name, help=line, description=text, epilog=f"example: {example}")
        for name, (line, text, example) in _COMMANDS.items()
    }
    for name in ("results", "mlflow"):
        of[name].add_argument("folder", nargs="?", type=Path, default=Path("results"), help="default: results")
    of["mlflow"].add_argument("--port", type=int, default=5000, help="of the page on this machine; default: 5000")
    photo_options.add_arguments(of["reconstruct"])
    app.add_arguments(of["app"])
    export.add_arguments(of["export"])
    evaluate.add_arguments(of["evaluate"])
    compare.add_arguments(of["compare"])
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand; a user's mistake ends with one line and status 2."""
    parser = build_parser()
    options, others = parser.parse_known_args(arguments)
    if others and (options.command != "reconstruct" or any(other.startswith("-") for other in others)):
        parser.error(f"unrecognized arguments: {' '.join(others)}")
    if others:
        options.photos += others  # behind an option
    if sys.stderr is None:
        # Closed by whoever started it; print would take standard output instead.
        sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115 - for as long as the process lasts
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Names of files may hold what cannot be printed.
            stream.reconfigure(errors="backslashreplace")
    if options.command in ("app", "reconstruct") and threading.current_thread() is threading.main_thread():
        # As Ctrl-C, so that what is half-written is deleted; nohup has its way.
        for name in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(name) == signal.SIG_DFL:
                signal.signal(name, signal.default_int_handler)
    try:
        if not 0 < getattr(options, "port", 1) < 2**16:
            raise ValueError(f"--port: {options.port} is no port; choose one from 1 to 65535")
        if options.command == "results":
            from unsmear.results import describe_results

            print(describe_results(options.folder))
        elif options.command == "mlflow":
            from unsmear.tracking.ui import open_ui

            open_ui(options.folder, options.port)
        else:
            runs = {
                "app": app.run,
                "compare": compare.run,
                "evaluate": evaluate.run,
                "export": export.run,
                "reconstruct": command.run,
            }
            return runs[options.command](options)
    except BrokenPipeError:
        discard_output()
        return 1
    except (ValueError, OSError) as error:
        print(f"unsmear: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("unsmear: stopped", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
