"""A training from files to files, as the workflow starts it, in its own process where a test needs that."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from unsmear.cascade.spec import StageSpec
from unsmear.optics.config import CameraConfig
from unsmear.optics.render import render_blur
from unsmear.optics.simulate import simulate_camera
from unsmear.training.config import Hparams, TrainingConfig
from unsmear.training.job import TrainingJob
from unsmear.training.train import train_stage

NETWORK = {"kind": "joint", "width": 8, "patch": 2, "encoder_blocks": [1], "decoder_blocks": [1], "middle_blocks": 1}
CENTER = StageSpec(name="center", predicts=(4,), network=NETWORK)
HPARAMS = {"steps": 12, "batch_size": 4, "crop": 16, "learning_rate": 2e-3, "warmup_steps": 2, "noise": 0.01}
CONFIG = {"validate_every": 4, "save_seconds": 1e9}
SCRIPT = """
import logging, sys
logging.basicConfig(level=logging.INFO, format="%(message)s")
sys.path.insert(0, sys.argv[1])
import training_job
training_job.Job.read(sys.argv[2]).train()
"""


@dataclass(frozen=True)
class Job:
    """What tests vary of a training."""

    root: Path
    run: str = "standard/center/final"
    is_trial: bool = False
    hparams: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    start: str | None = None
    with_state: bool = False

    @property
    def folder(self) -> Path:
        return self.root / "models" / self.run

    @property
    def weights(self) -> Path:
        return self.folder / "weights.safetensors"

    def described(self) -> TrainingJob:
        self.folder.mkdir(parents=True, exist_ok=True)
        values = Hparams.model_validate({**HPARAMS, **self.hparams}).model_dump(mode="json")
        (self.folder / "hparams.yaml").write_text(yaml.safe_dump({"hparams": values}))
        names = {"weights": "weights.safetensors", "metrics": "metrics.csv", "outcome": "outcome.json"}
        names |= {"state": "state.pt"} if self.with_state else {}
        return TrainingJob(
            spec=CENTER,
            config=TrainingConfig.model_validate({**CONFIG, **self.config}),
            seed=0,
            system="standard",
            camera_name="standard",
            psfs=str(self.root / "psfs.npy"),
            camera_path=str(self.root / "camera.json"),
            hparams=str(self.folder / "hparams.yaml"),
            sequences=[
                {
                    "split": path.parent.name,
                    "sequence": path.stem,
                    "frames": str(path),
                    "blur": str(self.root / "blur" / path.parent.name / path.name),
                }
                for path in sorted(self.root.glob("frames/*/*.npy"))
            ],
            outputs={name: str(self.folder / file) for name, file in names.items()},
            run=self.run,
            sweep=str(self.folder.parent) if self.is_trial else None,
            tracking={"enabled": False},
            start=self.start,
        )

    def train(self) -> None:
        train_stage(self.described())

    @property
    def record(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / "outcome.json").read_text()))

    @classmethod
    def read(cls, text: str) -> Job:
        values = json.loads(text)
        return cls(**{**values, "root": Path(values["root"])})

    def begin(self) -> subprocess.Popen[str]:
        """The same training in a process of its own; what it says is on its stderr."""
        import unsmear

        source = str(Path(unsmear.__file__).parents[1])
        text = json.dumps({**self.__dict__, "root": str(self.root)})
        return subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(Path(__file__).parent), text],
            env={**os.environ, "PYTHONPATH": source, "OMP_NUM_THREADS": "1"},
            stderr=subprocess.PIPE,
            text=True,
            # A job in the background of a shell is deaf to Ctrl-C, and so would this one be.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )


def make_data(root: Path) -> None:
    """Frames that move, the standard camera, and its blurry pictures."""
    simulate_camera(CameraConfig(), 7, root / "psfs.npy", root / "camera.json")
    rng = np.random.default_rng(0)
    for split, names in (("train", ("000", "001")), ("val", ("002",))):
        for name in names:
            texture = rng.random((48, 100, 3))
            for axis in (0, 1):
                texture = (texture + np.roll(texture, 1, axis) + np.roll(texture, 2, axis)) / 3
            frames = np.stack([texture[:, 2 * i : 2 * i + 48] for i in range(14)])
            for kind in ("frames", "blur"):
                (root / kind / split).mkdir(parents=True, exist_ok=True)
            store = root / "frames" / split / f"{name}.npy"
            np.save(store, np.rint(frames * 255).astype(np.uint8))
            blur = root / "blur" / split / f"{name}.npy"
            files = root / "psfs.npy", root / "camera.json"
            render_blur(store, *files, blur, note_path=blur.with_suffix(".json"), split=split, sequence=name)
