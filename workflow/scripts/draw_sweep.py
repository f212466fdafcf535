import _src

_src.start(snakemake)

from unsmear.report.config import ReportConfig
from unsmear.report.sweeps import report_sweep
from unsmear.sweep.config import SweepConfig

report_sweep(
    sweep=SweepConfig.model_validate(snakemake.params.sweep),
    folders=snakemake.params.folders,
    hparams=snakemake.input.hparams,
    trials_csv=snakemake.output.trials,
    hparams_csv=snakemake.output.hparams,
    figure=snakemake.output.figure,
    config=ReportConfig.model_validate(snakemake.params.report),
)
