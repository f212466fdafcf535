"""Every file under ``results/``, as a pattern with wildcards in braces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

RESULTS = "results"

ARCHIVES = f"{RESULTS}/archives"
ARCHIVE = ARCHIVES + "/{archive}.zip"
SCENE_MOTION = RESULTS + "/scenes/{split}.json"
FRAMES_FOLDER = RESULTS + "/frames/{split}"
FRAMES = FRAMES_FOLDER + "/{sequence}.npy"
GROUPS = f"{RESULTS}/groups.csv"
BENCHMARKS = f"{RESULTS}/benchmarks"
MOTION = RESULTS + "/motion/{split}/{sequence}.npy"

CAMERA_FOLDER = RESULTS + "/cameras/{camera}"
PSFS = CAMERA_FOLDER + "/psfs.npy"
CAMERA = CAMERA_FOLDER + "/camera.json"
CAMERA_FIGURE = CAMERA_FOLDER + "/{figure}.png"
BLUR_FOLDER = RESULTS + "/blur/{camera}/{split}"
BLUR = BLUR_FOLDER + "/{sequence}.npy"
BLUR_NOTE = BLUR_FOLDER + "/{sequence}.json"

LPIPS = RESULTS + "/lpips/{variant}.safetensors"
PERCEPTUAL = f"{RESULTS}/losses/vgg16.safetensors"

STAGE_FOLDER = RESULTS + "/models/{system}/{stage}"
RUN_FOLDER = STAGE_FOLDER + "/{run}"
HPARAMS = RUN_FOLDER + "/hparams.yaml"
WEIGHTS = RUN_FOLDER + "/weights.safetensors"
METRICS = RUN_FOLDER + "/metrics.csv"
OUTCOME = RUN_FOLDER + "/outcome.json"
STATE = RUN_FOLDER + "/state.pt"
TRIALS_FOLDER = STAGE_FOLDER + "/trials"
SWEEP = TRIALS_FOLDER + "/sweep.yaml"
FINAL = "final"

EVALUATION_FOLDER = RESULTS + "/evaluation/{evaluated}"
PART = EVALUATION_FOLDER + "/parts/{part}.csv"
PER_FRAME = EVALUATION_FOLDER + "/per_frame.csv"
FITTED_BASELINES = EVALUATION_FOLDER + "/baselines.json"
BASELINES = EVALUATION_FOLDER + "/baselines.csv"
ROBUSTNESS = EVALUATION_FOLDER + "/robustness.csv"
COST = EVALUATION_FOLDER + "/cost.json"
DIFFERENCES = EVALUATION_FOLDER + "/differences.json"

REPORT_FOLDER = f"{RESULTS}/report"
TABLE = REPORT_FOLDER + "/table.{suffix}"
FIGURE = REPORT_FOLDER + "/figures/{figure}.png"
GALLERY = f"{REPORT_FOLDER}/gallery.json"
POSTER = REPORT_FOLDER + "/videos/{name}.png"
VIDEO = REPORT_FOLDER + "/videos/{name}{ending}.{suffix}"
SLIDER = f"{REPORT_FOLDER}/slider"
SWEEP_REPORT = REPORT_FOLDER + "/sweeps/{system}/{stage}"
PAGE = f"{REPORT_FOLDER}/index.html"
ASSETS = f"{REPORT_FOLDER}/assets"
REPORT_CONFIG = f"{REPORT_FOLDER}/config.yaml"
PROVENANCE = f"{REPORT_FOLDER}/provenance.json"


def is_result(path: str) -> bool:
    """Whether a file is one that the workflow makes."""
    return path.startswith(f"{RESULTS}/")


def apply(function: Callable[[str], Any], files: Any) -> Any:
    """What ``function`` makes of each file of a list or mapping, which may hold others."""
    if isinstance(files, dict):
        return {name: apply(function, value) for name, value in files.items()}
    return function(files) if isinstance(files, str) else [apply(function, file) for file in files]


def fill(pattern: str, **wildcards: object) -> str:
    """The pattern with some of its wildcards replaced; others stay."""
    for name, value in wildcards.items():
        pattern = pattern.replace(f"{{{name}}}", str(value))
    return pattern
