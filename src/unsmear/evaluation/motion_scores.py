"""Motion of a predicted frame group against the true one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from unsmear.motion.estimate import estimate_flow, flow_from_middle
from unsmear.motion.measures import bidirectional_error, compare_motion, in_reverse, to_working_size

MEASURES = ("motion_error", "motion_amplitude", "motion_angle", "motion_axis")


@dataclass(frozen=True)
class TrueMotion:
    """What the true frames of one group show: motion from the middle (2, H, W, 2) and from first to last (H, W, 2)."""

    from_middle: np.ndarray
    whole: np.ndarray

    @classmethod
    def of(cls, frames: np.ndarray) -> TrueMotion:
        """Estimate it from frames (N, H, W, 3) uint8."""
        frames = to_working_size(frames)
        return cls(flow_from_middle(frames), estimate_flow(frames[0], frames[-1]))


def score_motion(prediction: np.ndarray, true: TrueMotion, backward: bool, order_unknown: bool) -> dict[str, Any]:
    """Columns of one frame group; a group without motion has None.

    Parameters
    ----------
    prediction : (N, H, W, 3) uint8 RGB
    backward : whether the better direction of the group is the reversed one
    order_unknown : whether the camera does not record the order of time; then ``motion_error``,
        ``motion_amplitude``, ``motion_angle`` and ``motion_axis`` are those of the better direction, else of the
        predicted one

    Returns
    -------
    These four, the four of the better direction with ``_best``, and ``motion_error_bidirectional``.
    """
    frames = to_working_size(prediction)
    found = flow_from_middle(frames)
    scores = [compare_motion(motion, true.from_middle) for motion in (found, in_reverse(found))]
    both = [dict.fromkeys(MEASURES) if each is None else _columns(asdict(each)) for each in scores]
    best = both[int(backward)]
    ends = frames[0], frames[-1]
    return {
        **(best if order_unknown else both[0]),
        **{f"{name}_best": value for name, value in best.items()},
        "motion_error_bidirectional": bidirectional_error(estimate_flow(*ends), estimate_flow(*ends[::-1]), true.whole),
    }


def _columns(scores: dict[str, float]) -> dict[str, Any]:
    return {f"motion_{name}": value for name, value in scores.items()}
