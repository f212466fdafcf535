"""A copy of the project in a temporary folder, and one tiny run of the whole workflow in it."""

from __future__ import annotations

import atexit
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from filelock import FileLock

NETWORK = {"kind": "joint", "width": 8, "patch": 4, "encoder_blocks": [1], "decoder_blocks": [1], "middle_blocks": 1}
STAGES = [
    {"name": name, "predicts": predicts, "conditions_on": given, "network": NETWORK}
    for name, predicts, given in (
        ("center", [4], []),
        ("f35", [3, 5], [4]),
        ("f26", [2, 6], [3, 4, 5]),
        ("f17", [1, 7], [2, 3, 5, 6]),
    )
]
# Where a test is about what lies around the trainings, one stage makes all frames.
ONE_STAGE = [{"name": "compact", "stages": [{"name": "all", "predicts": [1, 2, 3, 4, 5, 6, 7], "network": NETWORK}]}]
TINY = {
    "name": "tiny",
    "scenes": {
        "train_sequences": 2,
        "val_sequences": 1,
        "test_sequences": 6,
        "train_frames": 14,
        "val_frames": 7,
        "test_frames": 7,
    },
    "cascades": [{"name": "compact", "stages": STAGES}],
    "training": {
        "defaults": {"steps": 4, "batch_size": 2, "crop": 64},
        "validate_every": 2,
    },
    "sweep": [
        {
            "system": "standard",
            "stage": "center",
            "sampler": "grid",
            "space": {"learning_rate": {"choice": [0.001, 0.002]}},
            "rounds": [{"trials": 2, "budget": 2}],
        },
        {"system": "masked", "stage": "center", "inherit": "standard"},
    ],
    "evaluation": {"sequences_per_job": 4, "num_resamples": 200},
    "report": {"select": ["largest_gain", "median"], "figure_dpi": 60, "video_loops": 1},
}


# Every Python of a job writes what it has imported of the project when it ends: imported/{script}.txt.
NOTE_IMPORTS = """
import atexit, sys
from pathlib import Path

def note():
    folder = Path.cwd() / "imported"
    name = Path(sys.argv[0]).name.partition(".")[2]
    found = sorted(name for name in sys.modules if name.split(".")[0] == "unsmear")
    if folder.is_dir() and found and ".snakemake" in sys.argv[0]:
        with (folder / f"{name.removesuffix('.py')}.txt").open("a") as stream:
            stream.write("\\n".join(found) + "\\n")

atexit.register(note)
"""


def clean_environment(**values: str) -> dict[str, str]:
    """Variables of a user's shell: Python looks nowhere else for modules, and keeps what it compiles."""
    unlike = {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE"}
    return {key: value for key, value in os.environ.items() if key not in unlike} | values


@functools.cache
def bare_python() -> Path:
    """A Python that has the packages but not the project, as the rules' conda environments."""
    folder = Path(tempfile.mkdtemp(prefix="unsmear-python-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    venv.create(folder, symlinks=True, with_pip=False)
    # Python does not look for further .pth files in a folder that one names: the editable install stays behind.
    packages = next(folder.glob("lib/python*/site-packages")) / "packages.pth"
    packages.write_text(sysconfig.get_path("purelib") + "\nimport note_imports\n")
    packages.with_name("note_imports.py").write_text(NOTE_IMPORTS)
    return folder / "bin" / "python"


@functools.cache
def starter() -> subprocess.Popen[str]:
    """A process that has imported Snakemake, which is half of the time that a dry-run takes."""
    command = [bare_python(), Path(__file__).with_name("starter.py")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(process.kill)
    return process


@functools.cache
def job_python() -> Path:
    """A Python whose scripts of jobs run in copies of a process that has imported torch, most of a tiny job's time."""
    executable = bare_python().with_name("job-python")
    command = [bare_python(), Path(__file__).with_name("jobs.py"), executable.with_suffix(".socket"), executable]
    environment = clean_environment(OMP_NUM_THREADS="1")
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    atexit.register(process.kill)
    assert process.stdout.readline() == "ready\n"
    return executable


def run_snakemake(
    folder: Path, environment: dict[str, str], arguments: Sequence[str]
) -> subprocess.CompletedProcess[str]:
    """Run snakemake in a copy of the starter's process."""
    process = starter()
    with tempfile.TemporaryDirectory() as place:
        output = [f"{place}/stdout", f"{place}/stderr"]
        # Elsewhere than on Linux a process that has imported so much is not copied safely.
        copies = sys.platform == "linux" and "--dry-run" not in arguments
        order = {
            "folder": str(folder),
            "environment": environment,
            "arguments": arguments,
            "output": output,
            "python": str(job_python() if copies else bare_python()),
        }
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        status = int(process.stdout.readline())
        return subprocess.CompletedProcess(arguments, status, *(Path(path).read_text() for path in output))


@dataclass(frozen=True)
class DryRun:
    """What Snakemake says that it would run."""

    text: str

    @property
    def jobs(self) -> dict[str, int]:
        """Rule to number of its jobs, without the target rule and the total."""
        table = re.search(r"^job +count\n[- ]+\n(.*?)\n\n", self.text, re.MULTILINE | re.DOTALL)
        if table is None:
            assert "Nothing to be done" in self.text, self.text[-3000:]
            return {}
        counts = {name: int(number) for name, number in re.findall(r"^(\S+) +(\d+)$", table[1], re.MULTILINE)}
        return {name: number for name, number in counts.items() if name not in ("all", "total")}

    def outputs(self, rule: str) -> list[str]:
        """First output of each job of a rule."""
        return re.findall(rf"^(?:local)?rule {rule}:\n(?:    .*\n)*?    output: ([^,\n]+)", self.text, re.MULTILINE)

    @property
    def trained(self) -> set[str]:
        """System/stage of the trainings."""
        return {"/".join(path.split("/")[2:4]) for path in self.outputs("train_stage")}


@dataclass(frozen=True)
class Project:
    """A checkout that a test may change, and the commands that a user runs in it."""

    folder: Path
    python: Path | None = None  # that Snakemake runs with; None has all packages

    def run(self, *arguments: str, check: bool = True) -> str:
        """Run snakemake; return all that it printed."""
        python = self.python or bare_python()
        path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
        environment = clean_environment(PATH=path, OMP_NUM_THREADS="1")
        options = ["--cores", "2", *arguments]
        if self.python is None:
            done = run_snakemake(self.folder, environment, options)
        else:
            command = [str(python), "-m", "snakemake", *options]
            done = subprocess.run(
                command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
            )
        text = done.stdout + done.stderr
        assert not check or done.returncode == 0, text[-4000:]
        assert check or done.returncode != 0, f"expected a failure:\n{text[-4000:]}"
        return text

    def dry_run(self, *arguments: str) -> DryRun:
        """What would run."""
        return DryRun(self.run("--dry-run", *arguments))

    def plan(self, *arguments: str) -> dict[str, int]:
        """Jobs of a dry-run: rule to number, without the target rule and the total."""
        return self.dry_run(*arguments).jobs

    def edit(self, path: str, change: Callable[[str], str]) -> None:
        """Change a text file; the change must be one."""
        file = self.folder / path
        before = file.read_text()
        after = change(before)
        assert after != before, f"the edit of {path} changes nothing"
        file.write_text(after)

    def configure(self, **sections: object) -> None:
        """Write the tiny configuration with some sections changed or merged."""
        config = yaml.safe_load((self.folder / "config.yaml").read_text())
        for key, value in sections.items():
            if isinstance(value, dict) and isinstance(config.get(key), dict):
                config[key] = {**config[key], **value}
            else:
                config[key] = value
        (self.folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))


def copy_project(repository: Path, folder: Path, config: dict[str, object]) -> Project:
    """Copy what a run needs and write a configuration."""
    ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in ("src", "workflow", "profiles", "envs", "config"):
        shutil.copytree(repository / name, folder / name, ignore=ignore)
    shutil.copy(repository / "Snakefile", folder)
    merged = yaml.safe_load((repository / "config.yaml").read_text())
    for key, value in config.items():
        merged[key] = (
            {**merged[key], **value} if isinstance(value, dict) and isinstance(merged.get(key), dict) else value
        )
    (folder / "config.yaml").write_text(yaml.safe_dump(merged, sort_keys=False))
    return Project(folder)


@pytest.fixture(scope="session")
def copy_tiny(repository: Path) -> Callable[..., Project]:
    """Function that copies the tiny project into a folder, with some sections of its configuration replaced."""
    return lambda folder, **sections: copy_project(repository, folder, {**TINY, **sections})


@pytest.fixture
def fresh(repository: Path, tmp_path: Path) -> Project:
    """A project in which nothing has run."""
    return copy_project(repository, tmp_path / "fresh", TINY)


@pytest.fixture(scope="session")
def finished_once(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project, committed with git, whose tiny workflow has run; not to be changed.

    Processes that share the tests share it.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "finished"
    # Made in its place: MLflow keeps absolute addresses.
    done = folder.with_name("finished.done")
    with FileLock(f"{folder}.lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            project = copy_project(repository, folder, TINY)
            (folder / "imported").mkdir()
            author = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
            for arguments in (["init"], ["add", "."], [*author, "commit", "-m", "start"]):
                subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)
            project.run()
            done.touch()
    return Project(folder)


@pytest.fixture
def finished(finished_once: Project, tmp_path: Path) -> Project:
    """A copy of the finished project that a test may change."""
    folder = tmp_path / "project"
    shutil.copytree(finished_once.folder, folder, symlinks=True)
    return Project(folder)
