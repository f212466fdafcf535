"""The ``unsmear`` command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand; a user's mistake ends with one line and status 2."""
    parser = argparse.ArgumentParser(prog="unsmear", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    results = commands.add_parser("results", help="print the results table and the files to open")
    results.add_argument("folder", nargs="?", type=Path, default=Path("results"), help="default: results")
    interface = commands.add_parser("mlflow", help="compare recorded runs in the browser")
    interface.add_argument("folder", nargs="?", type=Path, default=Path("results"), help="default: results")
    interface.add_argument("--port", type=int, default=5000, help="of the page on this machine; default: 5000")
    picture = commands.add_parser("reconstruct", help="turn a blurry picture into the frames exposed in it")
    picture.add_argument("picture", type=Path, help="blurry picture (PNG, JPEG, ...)")
    picture.add_argument(
        "--weights",
        type=Path,
        nargs="+",
        required=True,
        help="weights.safetensors of each stage in order, or a system's folder such as results/models/masked",
    )
    picture.add_argument("--output", type=Path, default=Path("reconstruction"), help="folder to write")
    picture.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="default: a GPU if present")
    picture.add_argument("--precision", choices=("auto", "float32", "bfloat16"), default="float32")
    options = parser.parse_args(arguments)
    try:
        if options.command == "results":
            from unsmear.results import describe_results

            print(describe_results(options.folder))
        elif options.command == "mlflow":
            from unsmear.tracking.ui import open_ui

            open_ui(options.folder, options.port)
        else:
            from unsmear.evaluation.config import EvaluationConfig
            from unsmear.reconstruct import reconstruct

            inference = EvaluationConfig(device=options.device, precision=options.precision)
            for path in reconstruct(options.picture, options.weights, options.output, inference):
                print(path)
    except (ValueError, OSError) as error:
        print(f"unsmear: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
