"""How well the motion of a predicted sequence meets the true one."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

# Pixels count from the working size, so that numbers of large and small footage can be compared: GoPro at half size.
WORKING_SIDE = 640
# Below, an estimate says little about the direction of motion. Pixels of the working size.
MOVING_PX = 1.0
# A prediction that moves by less points nowhere.
STILL_PX = 0.05
# Motion of fewer pixels than this share of a picture is noise of the estimate.
LEAST_MOVING_SHARE = 0.01


@dataclass(frozen=True)
class MotionScores:
    """Agreement of two motions over the moving pixels of one frame group.

    Parameters
    ----------
    error : end-point error, the mean distance of predicted and true displacement, px
    amplitude : median over pixels of the predicted displacement along the true one, as a share of it; 1 is right,
        0 no motion, below 0 runs backward
    angle : median over pixels of the angle between the two, degrees; a pixel predicted at rest counts as 90
    axis : the same of the lines along which they point, 0 to 90: either sign is right at each pixel
    """

    error: float
    amplitude: float
    angle: float
    axis: float


def to_working_size(frames: np.ndarray) -> np.ndarray:
    """Frames (N, H, W, 3) uint8, made smaller where their longer side is above ``WORKING_SIDE``."""
    height, width = frames.shape[1:3]
    scale = WORKING_SIDE / max(height, width)
    if scale >= 1:
        return frames
    size = (round(width * scale), round(height * scale))
    return np.stack([cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in frames])


def moving_pixels(true: np.ndarray) -> np.ndarray:
    """Where the true motion is ``MOVING_PX`` or more and ends inside the picture.

    Parameters
    ----------
    true : (..., H, W, 2), px

    Returns
    -------
    (..., H, W) bool
    """
    height, width = true.shape[-3:-1]
    rows, columns = np.mgrid[:height, :width]
    x, y = columns + true[..., 0], rows + true[..., 1]
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    return inside & (np.hypot(true[..., 0], true[..., 1]) >= MOVING_PX)


def compare_motion(predicted: np.ndarray, true: np.ndarray) -> MotionScores | None:
    r"""Score the motion from the middle frame to the first and the last one.

    .. math:: |p - t|, \quad \frac{p \cdot t}{|t|^2}, \quad \arccos \frac{p \cdot t}{|p| |t|}

    for predicted p and true t at each moving pixel of either end.

    Parameters
    ----------
    predicted, true : (2, H, W, 2) to the first and to the last frame, px; turn the prediction with
        :func:`in_reverse` to score it in the other direction of time

    Returns
    -------
    None where hardly anything moves.
    """
    if predicted.shape != true.shape:
        raise ValueError(f"predicted motion {predicted.shape} and true motion {true.shape} differ in shape")
    moving = moving_pixels(true)
    if moving.mean() < LEAST_MOVING_SHARE:
        return None
    p, t = predicted[moving].astype(np.float64), true[moving].astype(np.float64)
    along = (p * t).sum(axis=1)
    length, true_length = np.hypot(*p.T), np.hypot(*t.T)
    cosine = np.clip(along / np.maximum(length * true_length, 1e-12), -1, 1)
    angle = np.where(length < STILL_PX, 90.0, np.degrees(np.arccos(cosine)))
    return MotionScores(
        error=float(np.hypot(*(p - t).T).mean()),
        amplitude=float(np.median(along / true_length**2)),
        angle=float(np.median(angle)),
        axis=float(np.median(np.minimum(angle, 180 - angle))),
    )


def in_reverse(motion: np.ndarray) -> np.ndarray:
    """The motion (2, H, W, 2) of the same sequence played backward: what led to the first frame leads to the last."""
    return motion[::-1]


def bidirectional_error(forward: np.ndarray, backward: np.ndarray, true: np.ndarray) -> float:
    r"""End-point error between first and last frame, of the better direction at each pixel.

    .. math:: \operatorname{mean} \min(|p_{1 \to N} - t_{1 \to N}|, |p_{N \to 1} - t_{1 \to N}|)

    Parameters
    ----------
    forward, backward : (H, W, 2) motion from the first predicted frame to the last one, and back, px
    true : (H, W, 2) motion from the first true frame to the last one, px; all pixels count

    Returns
    -------
    px. A prediction may mix directions within a picture and is not punished for it: a lower bound.

    Source: the per-pixel measure of Tedla et al., Generating the past, present and future from a motion-blurred
    image, 2025, which takes RAFT's motion.
    """
    errors = [np.linalg.norm(flow - true, axis=-1) for flow in (forward, backward)]
    return float(np.minimum(*errors).mean())
