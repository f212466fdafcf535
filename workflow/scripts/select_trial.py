import _src

_src.start(snakemake)

from unsmear.sweep.select import choose_hparams
from unsmear.training.config import Hparams

choose_hparams(
    sweep=snakemake.params.sweep,
    defaults=Hparams.model_validate(snakemake.params.hparams),
    folders=snakemake.params.folders,
    inherited=snakemake.input.get("inherited"),
    output=snakemake.output[0],
    folder=snakemake.params.folder,
    dependents=snakemake.params.dependents,
    tracking=_src.describe_tracking(snakemake),
)
