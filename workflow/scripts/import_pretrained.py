import _src

_src.start(snakemake)

from unsmear.cascade.config import PretrainedConfig
from unsmear.cascade.jin2018 import import_pretrained

import_pretrained(
    outputs=dict(snakemake.output.items()),
    config=PretrainedConfig.model_validate(snakemake.params.pretrained),
)
