"""Sub-frames between the frames of a group, by optical flow."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from unsmear.optics.build import subframe_times
from unsmear.optics.response import Response


def interpolate_frames(frames: np.ndarray, factor: int, response: Response) -> Iterator[np.ndarray]:
    r"""Make the sub-frames of a group, one at a time, in linear light.

    Frame i (from 1) shows the scene at time i and stands for i - 1/2 to i + 1/2. Its sub-frames follow each
    other by 1 / ``factor`` and have the frame itself among them. Between two frames both are moved towards
    the moment asked for and mixed by nearness:

    .. math:: x_\tau(p) = (1 - \tau) \, x_0(p + f_{\tau 0}(p)) + \tau \, x_1(p + f_{\tau 1}(p))

    Before the middle of the first frame and after that of the last one the nearest frame alone is moved
    on, by the flow to its only neighbour: the motion is taken to go on.

    Parameters
    ----------
    frames : (N, H, W, 3) uint8, N of 2 or more
    factor : sub-frames in a frame time
    response : linearises the codes

    Yields
    ------
    (H, W, 3) float32 for each of :func:`unsmear.optics.build.subframe_times`

    Source: flow by Kroeger et al., ECCV 2016 (dense inverse search); its way to the moment in between by
    Jiang et al., CVPR 2018, eq. 4.
    """
    if len(frames) < 2:
        raise ValueError("interpolation needs 2 frames or more in a group; set interpolation factor: 1")
    pair = -1
    for time in subframe_times(len(frames), factor).tolist():
        if time == round(time) and 1 <= time <= len(frames):
            yield response.linearize(frames[round(time) - 1])
            continue
        # The pair of neighbours (from 0), and where between them; outside of 0 to 1 beyond the ends.
        wanted = min(max(int(np.floor(time - 1)), 0), len(frames) - 2)
        if wanted != pair:
            pair = wanted
            flows = _flows_between(frames[pair], frames[pair + 1])
            lights = response.linearize(frames[pair]), response.linearize(frames[pair + 1])
        yield _picture_at(time - 1 - pair, lights, flows)


def _flows_between(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Flow from the first frame to the second and back, each (H, W, 2) float32, x and y in pixels."""
    estimator = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    estimator.setFinestScale(0)  # to full resolution: slow motion is judged by small fractions of a pixel
    before, after = (cv2.cvtColor(np.ascontiguousarray(f), cv2.COLOR_RGB2GRAY) for f in (first, second))
    still = np.zeros((*first.shape[:2], 2), np.float32)
    forward = estimator.calc(before, after, still.copy())
    return np.asarray(forward), np.asarray(estimator.calc(after, before, still))


def _picture_at(tau: float, lights: tuple[np.ndarray, np.ndarray], flows: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    forward, backward = flows
    if tau < 0:
        return _move(lights[0], -tau * forward)
    if tau > 1:
        return _move(lights[1], (tau - 1) * backward)
    to_first = -(1 - tau) * tau * forward + tau**2 * backward
    to_second = (1 - tau) ** 2 * forward - tau * (1 - tau) * backward
    first, second = _move(lights[0], to_first), _move(lights[1], to_second)
    share = np.float32(tau)
    return first * (1 - share) + second * share


def _move(light: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """Picture whose point p shows what ``light`` has at p + flow(p)."""
    height, width = light.shape[:2]
    # Lanczos: a softer kernel would blur slow motion more than interpolation mends it.
    x = flow[..., 0] + np.arange(width, dtype=np.float32)
    y = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    moved = cv2.remap(light, x, y, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved)
