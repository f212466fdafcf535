"""What else the same cost buys: the center stage trained from nothing by one change of the recipe at a time.

Run: python benchmarks/recipes.py RESULTS --seconds 150
after ``snakemake --cores all --until render_blur --configfile config/general.yaml``, which leaves there what is
trained on.
Each recipe takes the same seconds of processor time (in bfloat16 where the processor gains from it): a step is timed
first, and as many are trained as fit in them.
PSNR is of the middle frame on val, above the blurry pictures'. Without RESULTS only the costs of a step are told.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from unsmear.cascade.spec import StageSpec
from unsmear.cascade.stage import Stage
from unsmear.evaluation.psnr import psnr
from unsmear.training.config import Hparams, TrainingConfig
from unsmear.training.engine import fit
from unsmear.training.gradient import Allowed
from unsmear.training.objective import Objective
from unsmear.training.precision import Precision
from unsmear.training.resume import StateFiles
from unsmear.training.sequences import SequenceStores
from unsmear.training.stores import SplitStores

GENERAL = yaml.safe_load((Path(__file__).parents[1] / "config/general.yaml").read_text(encoding="utf-8"))
NUM_FRAMES, MIDDLE = 7, 3
# Changes of the network, and of the hyper-parameters. A short training takes a shorter average.
SHORT = {"warmup_steps": 20, "ema_decay": 0.98}
RECIPES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "config/general.yaml": ({}, {}),
    "AdamW, learning rate 0.002": ({}, {"optimizer": "adamw", "learning_rate": 0.002}),
    "learning rate 0.001": ({}, {"learning_rate": 0.001}),
    "learning rate 0.01": ({}, {"learning_rate": 0.01}),
    "patch 4, width 48": ({"patch": 4, "width": 48}, {}),
    "blocks 1 1 2, 2, 1 1 1": ({"encoder_blocks": (1, 1, 2), "middle_blocks": 2, "decoder_blocks": (1, 1, 1)}, {}),
    "width 16": ({"width": 16}, {}),
    "width 32": ({"width": 32}, {}),
    "crops of 96": ({}, {"crop": 96}),
    "batches of 4": ({}, {"batch_size": 4}),
    "no spectrum in the loss": ({}, {"fourier_weight": 0.0}),
    "logarithm of the MSE alone": ({}, {"loss": "log_mse", "fourier_weight": 0.0}),
    "no moving average": ({}, {"ema_decay": 0.0}),
}


def find_stores(results: Path) -> dict[str, SplitStores]:
    """The train and val splits of some results, pictures of the standard camera."""
    stores = {}
    for split in ("train", "val"):
        frames, blur = results / "frames" / split, results / "blur/standard" / split
        sequences = [
            SequenceStores(split=split, sequence=path.stem, frames=str(path), blur=str(blur / path.name))
            for path in sorted(frames.glob("*.npy"))
        ]
        stores[split] = SplitStores.open(split, NUM_FRAMES, sequences)
    return stores


def make_stores(root: Path) -> dict[str, SplitStores]:
    """Random pictures, to time a step."""
    rng = np.random.default_rng(0)
    for split in ("train", "val"):
        for kind, length in ((f"frames/{split}", NUM_FRAMES), (f"blur/standard/{split}", 1)):
            (root / kind).mkdir(parents=True)
            np.save(root / kind / "000.npy", rng.integers(0, 256, (length, 128, 128, 3), dtype=np.uint8))
    return find_stores(root)


def train(network: dict[str, Any], changes: dict[str, Any], stores: dict[str, SplitStores], steps: int) -> list[dict]:
    """Rows of the training's table: of train and val."""
    center = GENERAL["cascades"][0]["stages"][0]
    spec = StageSpec(name="center", predicts=(4,), network={**center["network"], **network})
    hparams = Hparams(**{**GENERAL["training"]["defaults"], **SHORT, **changes, "steps": steps})
    config = TrainingConfig(device="cpu", validate_every=steps)
    precision = Precision.choose(config)
    torch.manual_seed(0)
    rows: list[dict] = []
    with tempfile.TemporaryDirectory() as folder:
        fit(
            Objective(
                Stage(spec), [], "true", hparams.loss, precision=precision, fourier_weight=hparams.fourier_weight
            ),
            hparams,
            config,
            stores["train"],
            stores["val"],
            seed=0,
            allowed=Allowed.by({"mirror_x", "mirror_y", "transpose"}, hparams),
            states=StateFiles(Path(folder), "recipe"),
            on_metrics=rows.append,
            title="",
        )
    return rows


def seconds_a_step(network: dict[str, Any], changes: dict[str, Any]) -> float:
    """Processor time of one step, the start and the validation taken off."""
    taken = []
    with tempfile.TemporaryDirectory() as folder:
        stores = make_stores(Path(folder))
        for steps in (2, 2, 8):
            began = time.process_time()
            train(network, changes, stores, steps)
            taken.append(time.process_time() - began)
    return (taken[2] - taken[1]) / 6


def score_input(val: SplitStores) -> float:
    """Mean PSNR of the blurry pictures of val against their middle frames."""
    scores = []
    for name in val.frames:
        blurry, frames = np.load(val.blur[name]), np.load(val.frames[name], mmap_mode="r")
        truth = frames[MIDDLE::NUM_FRAMES][: len(blurry)]
        scores += [float(psnr(picture, sharp)) for picture, sharp in zip(blurry, truth, strict=True)]
    return float(np.mean(scores))


def main() -> None:
    """Print the table, a line as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, nargs="?", help="results with frames and blur of train and val")
    parser.add_argument("--seconds", type=float, default=150, help="processor time of each training")
    parser.add_argument("--only", nargs="+", choices=RECIPES, default=list(RECIPES), help="recipes to try")
    options = parser.parse_args()
    torch.set_num_threads(1)
    stores = find_stores(options.results) if options.results else None
    base = score_input(stores["val"]) if stores else 0.0
    print("| recipe | seconds a step | steps | gain on val, dB |\n|---|---:|---:|---:|", flush=True)
    for name in options.only:
        network, changes = RECIPES[name]
        cost = seconds_a_step(network, changes)
        steps = max(1, round(options.seconds / cost))
        gain = f"{train(network, changes, stores, steps)[-1]['psnr'] - base:+.2f}" if stores else ""
        print(f"| {name} | {cost:.3f} | {steps} | {gain} |", flush=True)


if __name__ == "__main__":
    main()
