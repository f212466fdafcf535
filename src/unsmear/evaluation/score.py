"""Measures of one predicted frame group against its truth alone."""

from __future__ import annotations

from typing import Any

from unsmear.evaluation.arrays import Images
from unsmear.evaluation.psnr import psnr
from unsmear.evaluation.ssim import ssim
from unsmear.evaluation.temporal_consistency import temporal_error
from unsmear.evaluation.temporal_order import direction_correct, in_best_direction, is_static, runs_backward

Row = dict[str, Any]


def score_group(prediction: Images, truth: Images, static_threshold: float = 2.0) -> list[Row]:
    """One row per frame with the measures of a predicted frame group.

    Parameters
    ----------
    prediction, truth : (N, 3, H, W) 8-bit codes, arrays or tensors
    static_threshold : groups whose first and last true frame differ by less (RMS, codes) have no
        direction: their ``direction`` is None

    Returns
    -------
    N rows with ``frame`` (from 1), ``psnr``, ``ssim``, ``psnr_best``, ``ssim_best`` of that frame,
    and, the same in each row of the group, ``moving``, ``direction``, ``backward``,
    ``temporal_error``, ``temporal_error_best``. The best direction is chosen once for the group,
    by mean PSNR; ``backward`` says that it was the reversed one.
    """
    backward = runs_backward(prediction, truth)
    best = in_best_direction(prediction, truth) if backward else prediction
    plain_psnr, plain_ssim = psnr(prediction, truth), ssim(prediction, truth)
    best_psnr, best_ssim = (psnr(best, truth), ssim(best, truth)) if backward else (plain_psnr, plain_ssim)
    moving = not is_static(truth, static_threshold)
    of_group: Row = {
        "moving": int(moving),
        "direction": direction_correct(prediction, truth) if moving else None,
        "backward": int(backward),
        "temporal_error": temporal_error(prediction, truth),
        "temporal_error_best": temporal_error(best, truth),
    }
    return [
        {
            "frame": index + 1,
            "psnr": float(plain_psnr[index]),
            "ssim": float(plain_ssim[index]),
            "psnr_best": float(best_psnr[index]),
            "ssim_best": float(best_ssim[index]),
            **of_group,
        }
        for index in range(len(truth))
    ]
