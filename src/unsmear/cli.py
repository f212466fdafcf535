"""The ``unsmear`` command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from unsmear.export import command as export
from unsmear.photos import app, command
from unsmear.sharing import compare, evaluate


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand; a user's mistake ends with one line and status 2."""
    parser = argparse.ArgumentParser(prog="unsmear", description="Seven sharp frames from one motion-blurred picture.")
    commands = parser.add_subparsers(dest="command", required=True)
    results = commands.add_parser("results", help="print the results table and the files to open")
    results.add_argument("folder", nargs="?", type=Path, default=Path("results"), help="default: results")
    interface = commands.add_parser("mlflow", help="compare recorded runs in the browser")
    interface.add_argument("folder", nargs="?", type=Path, default=Path("results"), help="default: results")
    interface.add_argument("--port", type=int, default=5000, help="of the page on this machine; default: 5000")
    picture = commands.add_parser("reconstruct", help="turn a blurry picture into the frames exposed in it")
    command.add_arguments(picture)
    page = commands.add_parser("app", help="open a local page that does the same")
    app.add_arguments(page)
    form = commands.add_parser("export", help="write weights for other programs: ONNX, the Hugging Face hub")
    export.add_arguments(form)
    footage = commands.add_parser("evaluate", help="evaluate weights on footage of your own, without training")
    evaluate.add_arguments(footage)
    changes = commands.add_parser("compare", help="tell what differs between two runs")
    compare.add_arguments(changes)
    options = parser.parse_args(arguments)
    try:
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
    except (ValueError, OSError) as error:
        print(f"unsmear: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("unsmear: stopped", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
