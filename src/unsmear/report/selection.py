"""Which frame groups, and which square of them, the report shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unsmear.comparison.measures import BY_KEY, paired_difference, read_per_frame, values_per_group
from unsmear.comparison.results import SystemResults
from unsmear.report.config import Region, ReportConfig

CAPTIONS = {"largest_gain": "Largest gain", "median": "Median gain", "most_motion": "Most motion"}


@dataclass(frozen=True)
class Shown:
    """A frame group to show: ``name`` is the stem of its files, ``caption`` says why it was chosen."""

    name: str
    caption: str
    region: Region


def select_groups(results: Sequence[SystemResults], config: ReportConfig) -> list[Shown]:
    """Choose frame groups by the configured rules, on the last system and its camera's input.

    The gain is that of the mean PSNR over frames in the best direction. A rule whose group is
    taken already gets the next one, while there are more. Motion is the RMS change from frame to
    frame of the truth.
    """
    last = [result for result in results if result.kind != "input"][-1]
    plain = next(r for r in results if r.kind == "input" and r.camera == last.camera)
    # Pictures come from the first seed's weights.
    table, input_table = read_per_frame(last.per_frame[0]), read_per_frame(plain.per_frame[0])
    key = BY_KEY["psnr_frames"]
    gain = paired_difference(values_per_group(table, key), values_per_group(input_table, key)).fillna(np.inf)
    # A still prediction's error of frame differences is the true differences' RMS.
    motion = values_per_group(input_table, BY_KEY["temporal_error"])
    distance_to_median = (gain.rank(method="first") - (len(gain) + 1) / 2).abs()
    order = {
        "largest_gain": gain.sort_values(ascending=False, kind="stable").index,
        "largest_loss": gain.sort_values(kind="stable").index,
        "most_motion": motion.sort_values(ascending=False, kind="stable").index,
        "median": distance_to_median.sort_values(kind="stable").index,
    }
    shown: list[Shown] = []
    taken: set[tuple[str, int]] = set()
    for rule in config.select:
        candidates = [(str(sequence), int(group)) for sequence, group in order[rule]]
        sequence, group = next((c for c in candidates if c not in taken), candidates[0])
        taken.add((sequence, group))
        worst = "Largest loss" if gain[sequence, group] < 0 else "Smallest gain"
        caption = f"{CAPTIONS.get(rule, worst)}: sequence {sequence}, group {group}"
        shown.append(Shown(rule, caption, Region(sequence=sequence, group=group)))
    for number, region in enumerate(config.regions, start=1):
        caption = f"Chosen by hand: sequence {region.sequence}, group {region.group}"
        shown.append(Shown(f"region_{number}", caption, region))
    return shown


def place_square(truth: np.ndarray, region: Region) -> tuple[int, int, int]:
    """Top, left and side of the square to look at closely, px, inside the picture.

    Parameters
    ----------
    truth : (N, H, W, 3) uint8; where the region names no place, the square covers the most motion
    """
    height, width = truth.shape[1:3]
    size = min(region.size or max(8, min(height, width) // 3), height, width)
    change = ((truth[-1].astype(float) - truth[0]) ** 2).sum(axis=-1)
    sums = np.pad(change, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    inside = sums[size:, size:] - sums[:-size, size:] - sums[size:, :-size] + sums[:-size, :-size]
    moving_top, moving_left = (int(place) for place in np.unravel_index(int(inside.argmax()), inside.shape))
    top = moving_top if region.top is None else min(region.top, height - size)
    left = moving_left if region.left is None else min(region.left, width - size)
    return top, left, size
