"""Fit a camera's baselines on the validation split."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unsmear.evaluation.baselines import FittedBaselines, deblur
from unsmear.evaluation.equalise import equalise
from unsmear.evaluation.fit_shift import Records, fit_shift, read_some_groups
from unsmear.evaluation.psnr import psnr
from unsmear.evaluation.temporal_order import HIGHEST_PSNR_DB

LOG10_K_RANGE = (-5.0, 0.0)


def fit_camera_baselines(sequences: Records, psfs: str | Path, camera_path: str | Path, output: str | Path) -> None:
    """Fit the Wiener filter and the constant shift of a camera's blurry picture; write them as JSON.

    Parameters
    ----------
    sequences : records of the validation split, with ``split``, ``sequence``, ``frames``, ``blur``
    psfs, camera_path : ``psfs.npy`` and ``camera.json``
    output : JSON that :meth:`FittedBaselines.load` reads
    """
    from unsmear.optics.camera import Camera

    camera = Camera.load(psfs, camera_path)
    groups = read_some_groups(sequences, camera.num_frames)
    truths = [group.truth for group in groups]
    stills = [equalise(group.blurry, camera.energy, camera.response) for group in groups]
    k = fit_wiener_k([group.blurry for group in groups], truths, camera)
    FittedBaselines(fit_shift(stills, truths), k, len(groups)).save(output)


def fit_wiener_k(blurry: Sequence[np.ndarray], truths: Sequence[np.ndarray], camera: Any) -> float:
    """The Wiener filter's constant of the highest mean PSNR of the middle frame.

    Parameters
    ----------
    blurry : pictures (H, W, 3) uint8 as the camera recorded them
    truths : their frames, (N, H, W, 3) uint8
    """
    from scipy.optimize import minimize_scalar

    def loss(log10_k: float) -> float:
        pairs = zip(blurry, truths, strict=True)
        values = [psnr(deblur(picture, camera, 10**log10_k), truth[len(truth) // 2]) for picture, truth in pairs]
        return -float(np.minimum(values, HIGHEST_PSNR_DB).mean())

    found = minimize_scalar(loss, bounds=LOG10_K_RANGE, method="bounded", options={"xatol": 0.02})
    return float(10**found.x)
