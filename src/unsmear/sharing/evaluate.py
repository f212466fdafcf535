"""``unsmear evaluate``: weights on somebody's own footage, through the workflow's rules, without any training."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from unsmear.files import check_folder, write_text

ROOT = Path(__file__).resolve().parents[3]
# What an experiment was made of, by the keys that its faults are told with.
_OPTIONS = {
    r"data\.\w+\.max_height": "--max-height",
    r"data\.videos\.rate[^:]*": "--rate",
    r"data\.max_frames": "--max-frames",
    r"data(\.\w+)*": "--footage",
    r"cascades": "--weights",
}
# By this line a configuration is known as one that may be written anew.
HEADER = "# Written by unsmear evaluate, each time anew.\n"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``unsmear evaluate``."""
    add = parser.add_argument
    add("--footage", required=True, help="video, zip in REDS' layout, or a folder of either or of folders of frames")
    add(
        "--weights",
        nargs="+",
        default=[],
        metavar="FOLDER",
        help="systems' folders, such as results/models/masked, or hf://user/name; default: the package's weights for "
        "both cameras",
    )
    add(
        "--camera",
        nargs="+",
        default=[],
        help="standard, masked or a camera.json of some results; default: the one that the weights were trained for",
    )
    add("--output", type=Path, help="folder for results and report; default: NAME-evaluation, after the footage")
    add("--cores", default="all", help="processor cores to use; default: all")
    add("--max-frames", type=int, metavar="N", help="first frames of each sequence; default: all")
    add("--max-height", type=int, metavar="PX", help="scale higher videos and pictures down; default: as they are")
    add(
        "--rate",
        type=float,
        help="frames a second at which videos were taken, where their containers say less; default: theirs",
    )
    add("options", nargs="*", metavar="-- OPTION", help="further options of snakemake, such as -- --dry-run")


def run(options: argparse.Namespace) -> int:
    """Write the experiment's configuration, run the workflow, print the table; the status is Snakemake's.

    Raises
    ------
    ValueError
        If weights, camera, footage or the folder of the results cannot be used: then nothing is written.
    """
    from unsmear.results import describe_results
    from unsmear.sharing.footage import describe_footage
    from unsmear.sharing.given import describe_experiment, find_systems

    if not (ROOT / "Snakefile").is_file():
        raise ValueError(
            f"there is no Snakefile in {ROOT}: evaluating on footage runs the workflow; pip install -e . in "
            "unsmear's clone"
        )
    if options.options and not options.options[0].startswith("-"):
        raise ValueError(
            f"--footage: {options.options[0]} is one too many; name one video or zip, or the folder that holds all"
        )
    if options.cores != "all" and not (options.cores.isdecimal() and int(options.cores)):
        raise ValueError(f"--cores: {options.cores} is neither all nor a number from 1 up; name one")
    name = Path(options.footage).absolute().stem
    data = describe_footage(options.footage, options.max_frames, options.max_height, options.rate)
    experiment = describe_experiment(find_systems(options.weights, options.camera), data, name)
    check_experiment(experiment)
    folder = (options.output or Path(f"{name}-evaluation")).absolute()
    check_output(folder, data)
    write_text(folder / "config.yaml", HEADER + yaml.safe_dump(experiment, sort_keys=False))
    command = workflow_command(folder, options.cores, options.options)
    # What Snakemake would print last stands below, with paths that are right from here.
    status = _run_to_the_end(command, {**os.environ, "UNSMEAR_SHOW_RESULTS": "0"})
    if status == 0 and (folder / "results/report/table.csv").is_file():
        print(describe_results(folder / "results"))
    return status


def _run_to_the_end(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command; Ctrl-C, which it gets as well, waits until it has cleared up: killed, it leaves its lock."""
    process = subprocess.Popen(command, env=environment)
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.wait()
        raise


def check_experiment(experiment: Mapping[str, Any]) -> None:
    """Read the experiment and list its sequences as the workflow will, which warns of what is left out.

    Raises
    ------
    ValueError
        If the workflow would refuse it, naming the option at fault, or no video can be read.
    """
    from unsmear.config import load_config
    from unsmear.plan.sequences import plan_records

    try:
        records = plan_records(load_config(experiment), warn=lambda text: None)
        # The workflow would begin, and fail where it extracts them.
        if all(record.part == "video" and not record.num_frames for record in records):
            from unsmear.frames.video import count_frames

            count_frames(records[0].archive, 1)
    except ValueError as error:
        raise ValueError(_name_option(str(error))) from None


def _name_option(fault: str) -> str:
    """The first fault of an experiment, with the option in place of the key that nobody set."""
    line = fault.removeprefix("the configuration cannot be used:").strip().splitlines()[0]
    for key, option in _OPTIONS.items():
        if found := re.match(f"{key}: ", line):
            return f"{option}: {line[found.end() :]}"
    return fault


def check_output(folder: Path, data: Mapping[str, Any]) -> None:
    """Refuse a folder with a configuration of somebody's own, which would be lost, or one among the footage.

    Parameters
    ----------
    data : the experiment's section

    Raises
    ------
    ValueError
        If it is one of these, or ``folder`` is a file.
    """
    check_folder(folder, "--output")
    if data["source"] == "folders" and folder.resolve().is_relative_to(Path(data["folders"]["folder"]).resolve()):
        raise ValueError(
            f"--output: {folder} lies in the footage, for which its pictures would be taken; name a folder elsewhere"
        )
    config = folder / "config.yaml"
    if config.exists() and not config.read_text(encoding="utf-8", errors="replace").startswith(HEADER):
        raise ValueError(f"--output: {config} was not written by unsmear evaluate and would be lost; name a new folder")


def workflow_command(folder: Path, cores: str, options: Sequence[str]) -> list[str]:
    """The command that runs the workflow in ``folder`` with the ``config.yaml`` that lies there."""
    files = ["--snakefile", str(ROOT / "Snakefile"), "--configfile", str(folder / "config.yaml")]
    # What takes several values comes first: further options follow it.
    return [sys.executable, "-m", "snakemake", *files, "--directory", str(folder), "--cores", cores, *options]
