"""How the workflow grows with the number of sequences: planning, finding everything done, and starting jobs.

Run ``python benchmarks/scale.py``, with ``--sizes 30 270 2700`` for the table of docs/workflow.md. A project with so
many built-in sequences and two cameras is laid out in a temporary folder. Its plan is made (all jobs, nothing there),
three sequences are extracted and rendered one job at a time, then every file of a finished run is put there, empty but
with Snakemake's records, and planned again: nothing may be left to do, and another seed must still make everything
anew. At 270 sequences planning may take `DAG_LIMIT` seconds and finding everything done `NOOP_LIMIT`; above, the exit
status is 1. Seconds are those that passed or those of the processor, whichever are fewer: others may use the machine.

Names of sequences have three digits; above 999 the copy of the project that is measured allows four.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("Snakefile", "config.yaml", "workflow", "src", "profiles", "envs")
GATED = 270
DAG_LIMIT, NOOP_LIMIT = 20.0, 15.0
NUM_RENDERED = 3


class Row(NamedTuple):
    """What was found at one size; seconds."""

    sequences: int
    jobs: int
    submissions: int
    dag: float
    noop: float
    job: float


def processor_seconds() -> float:
    """Of all processes that were started here and have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def copy_sources(folder: Path) -> None:
    """Copy the project, and lift what holds sequences to three digits: nothing is extracted from such names here."""
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(source, folder)
    limits = folder / "src/unsmear/scenes/config.py"
    text, num_lifted = re.subn(r"le=9\d*, (description=\"number of)", r"le=9999, \1", limits.read_text())
    assert num_lifted == 3, "the three limits of the scenes section are not where they were"
    limits.write_text(text.replace("> 999:", "> 9999:"))
    # Scenes stand for sequences of any other source here, which are a job each.
    plan = folder / "src/unsmear/plan/jobs.py"
    alone = plan.read_text().replace('together=self.config.data.source == "scenes"', "together=False")
    assert alone != plan.read_text(), "scenes are no longer taken together where they were"
    plan.write_text(alone)


class Project:
    """One folder with results, planned by the copy of the sources."""

    def __init__(self, sources: Path, folder: Path, size: int) -> None:
        self.sources, self.folder = sources, folder
        folder.mkdir()
        # The shares of REDS: 216 train, 24 val, 30 test.
        test, val = round(size / 9), round(size * 24 / 270)
        scenes = {"train_sequences": size - val - test, "val_sequences": val, "test_sequences": test}
        frames = {f"{split}_frames": 7 for split in ("train", "val", "test")}
        values = {"scenes": scenes | frames, "sweep": [], "evaluation": {"sequences_per_job": 10}}
        (folder / "size.yaml").write_text(json.dumps(values))

    def run(self, *arguments: str) -> tuple[str, float]:
        """Output of Snakemake, and how long it took."""
        options = ["--snakefile", str(self.sources / "Snakefile"), "--configfile", str(self.folder / "size.yaml")]
        command = [sys.executable, "-m", "snakemake", *options, "--directory", str(self.folder)]
        environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        environment.pop("PYTHONPATH", None)
        start, used = time.perf_counter(), processor_seconds()
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False, env=environment)
        seconds = min(time.perf_counter() - start, processor_seconds() - used)
        if done.returncode:
            sys.exit(f"snakemake {' '.join(arguments)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout + done.stderr, seconds

    def plan(self, *arguments: str) -> tuple[dict[str, int], float]:
        """Jobs of each rule in a dry-run, and its seconds."""
        text, seconds = self.run(*arguments, "--dry-run", "--quiet", "rules")
        table = re.search(r"^job +count\n[- ]+\n(.*?)\n\n", text, re.MULTILINE | re.DOTALL)
        if table is None and "Nothing to be done" not in text:
            sys.exit(f"no plan in:\n{text[-2000:]}")
        rows = re.findall(r"^(\S+) +(\d+)$", table[1], re.MULTILINE) if table else []
        return {name: int(count) for name, count in rows if name not in ("all", "total")}, seconds

    def finish(self) -> None:
        """Put the files of a finished run there, empty, and have Snakemake record how they were made."""
        text, _ = self.run("--summary")
        for line in text.splitlines():
            if "\tupdate pending" in line:
                path = self.folder / line.split("\t")[0]
                path.parent.mkdir(parents=True, exist_ok=True)
                if path.suffix:
                    path.touch()
                else:
                    path.mkdir()
        self.run("--cores", "2", "--touch", "--forceall", "--quiet", "all")


def count_submissions(jobs: dict[str, int]) -> int:
    """Jobs that profiles/slurm submits: sequences are grouped by twenty, the report is one, choices stay local."""
    local = jobs.get("select_trial", 0) + jobs["group_frames"]
    grouped = jobs["extract_sequence"] + jobs["render_blur"]
    report = sum(jobs[rule] for rule in ("compare", "draw_figures", "draw_gallery", "write_report"))
    return sum(jobs.values()) - local - grouped - report + 1 + -(-jobs["extract_sequence"] // 20)


def measure(sources: Path, folder: Path, size: int, repeats: int) -> Row:
    """One row of the table."""
    project = Project(sources, folder / str(size), size)
    dag = []
    for _ in range(repeats):
        jobs, seconds = project.plan()
        dag.append(seconds)
    assert jobs["extract_sequence"] == size and jobs["render_blur"] == 2 * size

    project.run("--cores", "1", "results/archives/train_orig_part0.zip", "results/cameras/masked/psfs.npy")
    project.run("--cores", "1", "results/cameras/standard/psfs.npy")
    names = [
        f"results/blur/{camera}/train/{n:03d}.npy" for camera in ("standard", "masked") for n in range(NUM_RENDERED)
    ]
    few, seconds = project.plan(*names)
    start_jobs = project.run("--cores", "1", *names)[1] - seconds
    assert few == {"extract_sequence": NUM_RENDERED, "render_blur": 2 * NUM_RENDERED}, few

    project.finish()
    noop = []
    for _ in range(repeats):
        left, seconds = project.plan()
        assert left == {}, f"a finished project plans {left}"
        noop.append(seconds)
    anew, _ = project.plan("--config", "seed=1")
    assert anew["extract_sequence"] == size, "records of the finished project are missing"
    return Row(size, sum(jobs.values()), count_submissions(jobs), min(dag), min(noop), start_jobs / sum(few.values()))


def main() -> None:
    """Print the table; fail where a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[30, GATED], help="numbers of sequences")
    parser.add_argument("--repeats", type=int, default=2, help="the fastest of so many plans counts")
    options = parser.parse_args()
    missed = []
    print("| sequences | jobs | submissions | planning, s | all done, s | a job, s | a sequence's jobs, s |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as temporary:
        sources = Path(temporary) / "sources"
        sources.mkdir()
        copy_sources(sources)
        for size in options.sizes:
            row = measure(sources, Path(temporary), size, options.repeats)
            print(
                f"| {row.sequences:,} | {row.jobs:,} | {row.submissions:,} | {row.dag:.1f} | {row.noop:.1f} "
                f"| {row.job:.1f} | {3 * row.job:.1f} |",
                flush=True,
            )
            if size == GATED:
                limits = {"planning": (row.dag, DAG_LIMIT), "finding everything done": (row.noop, NOOP_LIMIT)}
                missed += [
                    f"{name} takes {s:.1f} s, limit {most:.0f} s" for name, (s, most) in limits.items() if s > most
                ]
    if missed:
        sys.exit(f"at {GATED} sequences: {'; '.join(missed)}")


if __name__ == "__main__":
    main()
