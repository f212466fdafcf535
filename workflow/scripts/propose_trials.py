import _src

_src.start(snakemake)

from unsmear.sweep.config import SweepConfig
from unsmear.sweep.propose import propose_trial
from unsmear.training.config import Hparams

propose_trial(
    sweep=SweepConfig.model_validate(snakemake.params.sweep),
    defaults=Hparams.model_validate(snakemake.params.hparams),
    round_number=int(snakemake.wildcards.round),
    trial=int(snakemake.wildcards.trial),
    earlier=snakemake.params.folders,
    output=snakemake.output[0],
)
