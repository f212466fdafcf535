"""Frames between the predicted ones, moved along the motion from one to the next."""

from __future__ import annotations

import math

import numpy as np

# Motion is smooth: it is found on a smaller picture, which takes seconds instead of minutes.
FLOW_SIDE = 1024
# Rows that are moved at once.
BAND = 256
# cv2.remap's limit.
MAX_SIDE = 32_000


def find_flow(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Motion from ``first`` to ``second``, (H, W, 2) float32, px right and down, by dense inverse search.

    Source: Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016.
    """
    import cv2

    height, width = first.shape[:2]
    scale = min(1.0, FLOW_SIDE / max(height, width))
    size = (max(16, round(width * scale)), max(16, round(height * scale)))
    small = [
        cv2.resize(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA) for p in (first, second)
    ]
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(small[0], small[1], None)  # type: ignore[call-overload]
    flow = np.asarray(cv2.resize(flow, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    return flow * np.array([width / size[0], height / size[1]], np.float32)


def frame_between(first: np.ndarray, second: np.ndarray, flow: np.ndarray, share: float) -> np.ndarray:
    """The picture at ``share`` (0 to 1) of the way from ``first`` to ``second``, both (H, W, 3) uint8.

    Each is moved along ``flow`` to the instant, and the nearer one counts for more.
    """
    import cv2

    result = np.empty_like(first)
    columns = np.arange(first.shape[1], dtype=np.float32)[None]
    for top in range(0, len(first), BAND):
        part = flow[top : top + BAND]
        rows = np.arange(top, top + len(part), dtype=np.float32)[:, None]
        moved = []
        for picture, travel in ((first, -share), (second, 1 - share)):
            across, down = columns + travel * part[..., 0], rows + travel * part[..., 1]
            moved.append(cv2.remap(picture, across, down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE))
        result[top : top + BAND] = cv2.addWeighted(moved[0], 1 - share, moved[1], share, 0)
    return result


def predicted_flow(motion: np.ndarray, first: int, height: int, width: int) -> np.ndarray:
    r"""Motion from a predicted frame to the next one, (H, W, 2) float32, from that of both to the middle frame.

    .. math:: f(p) = u_k(p) - u_{k+1}(p)

    Parameters
    ----------
    motion : (N, 2, h, w), displacements u of each frame's pixels to where they lie in the middle frame, px; a field
        has a vector for each square of so many pixels as cover the picture
    first : index of the frame
    """
    import cv2

    field = (motion[first].astype(np.float32) - motion[first + 1]).transpose(1, 2, 0)
    patch = math.ceil(max(height / field.shape[0], width / field.shape[1]))
    size = (patch * field.shape[1], patch * field.shape[0])
    return np.asarray(cv2.resize(field, size, interpolation=cv2.INTER_LINEAR))[:height, :width]


def fill_between(frames: np.ndarray, number: int, out: np.ndarray, motion: np.ndarray | None = None) -> None:
    """Spread N predicted frames evenly over ``number`` frames.

    Parameters
    ----------
    frames : (N, H, W, 3) uint8
    out : (number, H, W, 3) uint8, which takes the frames
    motion : as in :func:`predicted_flow`; without it, it is estimated from the frames
    """
    flow, pair = None, -1
    for index in range(number):
        place = index * (len(frames) - 1) / (number - 1)
        before = min(int(place), len(frames) - 1)
        share = place - before
        if share < 1e-6:
            out[index] = frames[before]
            continue
        if flow is None or pair != before:
            flow = (
                predicted_flow(motion, before, *frames.shape[1:3])
                if motion is not None
                else find_flow(frames[before], frames[before + 1])
            )
            pair = before
        out[index] = frame_between(frames[before], frames[before + 1], flow, share)
