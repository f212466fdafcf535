"""``unsmear export``: weights in forms that other programs take."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the forms and their options."""
    forms = parser.add_subparsers(dest="form", required=True)
    onnx = forms.add_parser(
        "onnx",
        help="one ONNX file, for programs without torch; needs the extra `onnx`",
        description="Write a whole cascade as one ONNX file, for programs without torch, for pictures of any size; "
        "a file that is there already is replaced.",
        epilog="example: unsmear export onnx --camera masked --output unsmear-masked.onnx",
    )
    hub = forms.add_parser(
        "hub",
        help="a folder for the Hugging Face hub: weights, config and model card",
        description="Make a folder of weights, their description and a model card, which `hf upload` takes as it is. "
        "unsmear itself sends nothing.",
        epilog="example: unsmear export hub my-weights --weights results/models/masked --name user/name "
        "--licence apache-2.0",
    )
    hub.add_argument("folder", type=Path, help="to make; it must be new or empty")
    for form in (onnx, hub):
        form.add_argument("--camera", choices=("standard", "masked"), default="standard", help="default: standard")
        form.add_argument(
            "--weights", nargs="+", help="weights files, a system's folder or hf://user/name; default: the shipped ones"
        )
    onnx.add_argument("--output", type=Path, help="file to write; default: unsmear-CAMERA.onnx, of the weights' camera")
    hub.add_argument("--name", help="repository, user/name; default: user and the folder's name")
    hub.add_argument("--licence", help="as the hub spells it; default: apache-2.0, and none for weights of your own")
    hub.add_argument(
        "--datasets", nargs="+", default=[], metavar="USER/NAME", help="of the hub, that they were trained on"
    )
    hub.add_argument(
        "--per-frame",
        type=Path,
        help="per_frame.csv of an evaluation, for the card's metrics; default: of the shipped weights, those of their "
        "own card",
    )


def run(options: argparse.Namespace) -> int:
    """Write one form.

    Raises
    ------
    ValueError
        If the weights or the options are wrong; nothing is written then.
    """
    from unsmear.cascade.header import read_header
    from unsmear.cascade.order import find_weights
    from unsmear.files import check_folder
    from unsmear.hub import fetch_addresses
    from unsmear.weights.load import shipped_weights

    weights = find_weights(fetch_addresses(options.weights)) if options.weights else shipped_weights(options.camera)
    if options.form == "onnx":
        from unsmear.export.onnx import export_onnx

        camera = read_header(weights[0])["camera"].get("name", "weights")
        path = options.output or Path(f"unsmear-{Path(camera).name}.onnx")
        # Before the half minute that writing takes.
        check_folder(path.parent, "--output")
        if path.is_dir():
            raise ValueError(f"--output: {path} is a folder; name a file, such as {path / 'unsmear.onnx'}")
        print(export_onnx(weights, path))
        return 0
    from unsmear.export.hub import export_hub, shipped_card

    check_folder(options.folder.parent, "FOLDER")
    if options.weights and not options.licence:
        raise ValueError("weights of your own need a licence; name it, such as --licence apache-2.0")
    name = options.name or f"user/{options.folder.resolve().name}"
    card = None if options.weights else shipped_card()
    licence = options.licence or "apache-2.0"
    for path in export_hub(weights, options.folder, name, licence, options.per_frame, card, options.datasets):
        print(path)
    return 0
