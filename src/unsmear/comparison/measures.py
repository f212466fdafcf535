"""From tables of single frames to estimates over the test split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from unsmear.evaluation.bootstrap import Estimate, estimate_mean
from unsmear.evaluation.config import EvaluationConfig

if TYPE_CHECKING:
    import pandas as pd

GROUP = ["sequence", "group"]


@dataclass(frozen=True)
class Measure:
    """One column of the table.

    ``column`` is the column of the per-frame tables that it averages; ``frames`` says over which
    frames: the middle one, all, or any one (measures of a whole group). ``better`` is 1 where more is better, -1 where
    less is, 0 where neither is.
    """

    key: str
    title: str
    column: str
    frames: str
    decimals: int
    better: int = 1


MEASURES = (
    Measure("psnr_middle", "PSNR middle, dB", "psnr", "middle", 2),
    Measure("ssim_middle", "SSIM middle", "ssim", "middle", 3),
    Measure("lpips_alex_middle", "LPIPS alex middle", "lpips_alex", "middle", 3, -1),
    Measure("lpips_vgg_middle", "LPIPS vgg middle", "lpips_vgg", "middle", 3, -1),
    Measure("psnr_frames", "PSNR frames (best), dB", "psnr_best", "all", 2),
    Measure("psnr_frames_plain", "PSNR frames, dB", "psnr", "all", 2),
    Measure("ssim_frames", "SSIM frames (best)", "ssim_best", "all", 3),
    Measure("direction", "Direction accuracy", "direction", "any", 2),
    Measure("motion_amplitude", "Amplitude of motion", "motion_amplitude", "any", 2, 0),
    Measure("motion_angle", "Angle of motion, degrees", "motion_angle", "any", 1, -1),
    Measure("motion_axis", "Axis of motion, degrees", "motion_axis", "any", 1, -1),
    Measure("motion_error", "End-point error of motion, px", "motion_error", "any", 2, -1),
    Measure("motion_amplitude_best", "Amplitude of motion (best)", "motion_amplitude_best", "any", 2, 0),
    Measure("motion_angle_best", "Angle of motion (best), degrees", "motion_angle_best", "any", 1, -1),
    Measure("motion_error_best", "End-point error of motion (best), px", "motion_error_best", "any", 2, -1),
    Measure(
        "motion_error_bidirectional", "Bidirectional end-point error, px", "motion_error_bidirectional", "any", 2, -1
    ),
    Measure("temporal_error", "Error of frame differences, codes", "temporal_error_best", "any", 2, -1),
    Measure("reblur_psnr", "Re-blur PSNR, dB", "reblur_psnr", "any", 2),
    Measure("psnr_bound", "PSNR of outer frames given the middle, dB", "psnr_bound", "all", 2),
)
BY_KEY = {measure.key: measure for measure in MEASURES}


def read_per_frame(path: str | Path) -> pd.DataFrame:
    """A per-frame table; sequences stay text ("004").

    Raises
    ------
    ValueError
        If it is none, columns or all rows are missing, or what should be numbers are not.
    """
    import pandas as pd

    try:
        table = pd.read_csv(path, dtype={"system": str, "split": str, "sequence": str})
    except ValueError as error:
        raise ValueError(f"{path} is no table ({error}); evaluate again") from error
    missing = {"sequence", "group", "frame", "psnr"} - set(table.columns)
    if missing:
        raise ValueError(f"{path} lacks the columns {', '.join(sorted(missing))}; evaluate again")
    if table.empty:
        raise ValueError(f"{path} holds no frame; evaluate again")
    numbers = [name for name in ("group", "frame", *dict.fromkeys(m.column for m in MEASURES)) if name in table]
    if wrong := [name for name in numbers if not pd.api.types.is_numeric_dtype(table[name])]:
        raise ValueError(f"{path} holds text among the numbers of the column {wrong[0]}; evaluate again")
    return table


def values_per_group(table: pd.DataFrame, measure: Measure) -> pd.Series:
    """One value a frame group, indexed by sequence and group; NaN where it is undefined.

    Infinite values (identical images) are left out of a group's mean; a group of which nothing is
    left is NaN.
    """
    if measure.frames == "middle":
        table = table[table["frame"] == middle_frame(table)]
    elif measure.frames == "any":
        table = table[table["frame"] == 1]
    values = table.set_index(GROUP)[measure.column].astype(float).replace([np.inf, -np.inf], np.nan)
    return values.groupby(level=GROUP, sort=True).mean()


def mean_over_seeds(tables: Sequence[pd.DataFrame], measure: Measure) -> pd.Series:
    """One value a frame group, as :func:`values_per_group`, averaged over the seeds where it is defined.

    Raises
    ------
    ValueError
        If the seeds were evaluated on different groups.
    """
    import pandas as pd

    series = [values_per_group(table, measure) for table in tables]
    for other in series[1:]:
        paired_difference(other, series[0])
    return series[0] if len(series) == 1 else pd.concat(series, axis=1).mean(axis=1)


def deviation_over_seeds(series: Sequence[pd.Series]) -> float | None:
    """Sample standard deviation (n - 1) of the seeds' means over groups; None for a single seed."""
    if len(series) < 2:
        return None
    # As in the row's mean, every frame group has the same weight.
    return float(np.std([values.mean() for values in series], ddof=1))


def middle_frame(table: pd.DataFrame) -> int:
    """Number of the middle frame of the groups in a table."""
    return (int(table["frame"].max()) + 1) // 2


def estimate(values: pd.Series, config: EvaluationConfig) -> Estimate:
    """Mean over groups with its interval over sequences; undefined groups do not count."""
    by_sequence = values.groupby(level="sequence", sort=True)
    return estimate_mean(
        by_sequence.sum().to_numpy(),
        by_sequence.count().to_numpy(),
        config.num_resamples,
        config.confidence,
        config.seed,
    )


def paired_difference(values: pd.Series, others: pd.Series) -> pd.Series:
    """Group by group, ``values`` minus ``others``.

    Raises
    ------
    ValueError
        If the two were not measured on the same groups.
    """
    if not values.index.equals(others.index):
        raise ValueError(
            f"two systems were evaluated on different groups ({len(values)} and {len(others)}); "
            "evaluate both on the same split"
        )
    return values - others


@dataclass(frozen=True)
class Counts:
    """How much a table's row rests on."""

    num_sequences: int
    num_groups: int
    num_static: int
    num_identical: int


def count(table: pd.DataFrame) -> Counts:
    """Sequences, groups, groups without a direction, and predicted frames equal to the truth."""
    groups = table[table["frame"] == 1]
    static = int((groups["moving"] == 0).sum()) if "moving" in groups else 0
    return Counts(table["sequence"].nunique(), len(groups), static, int(np.isinf(table["psnr"]).sum()))
