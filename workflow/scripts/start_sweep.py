import _src

_src.start(snakemake)

from pathlib import Path

from unsmear.sweep.config import SweepConfig
from unsmear.sweep.record import start_sweep

start_sweep(
    sweep=SweepConfig.model_validate(snakemake.params.sweep),
    folder=Path(snakemake.output[0]).parent,
    output=snakemake.output[0],
    tracking=_src.describe_tracking(snakemake),
)
