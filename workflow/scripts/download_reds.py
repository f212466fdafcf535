import _src

_src.start(snakemake)

from pathlib import Path

from unsmear.frames.archives_config import RedsConfig
from unsmear.frames.reds import fetch_archive

fetch_archive(
    name=Path(snakemake.output[0]).name,
    output=snakemake.output[0],
    reds=RedsConfig.model_validate(snakemake.params.reds),
)
