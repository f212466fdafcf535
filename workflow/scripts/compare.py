import _src

_src.start(snakemake)

from unsmear.comparison.compare import compare_systems
from unsmear.evaluation.config import EvaluationConfig

compare_systems(
    systems=snakemake.params.systems,
    config_text=snakemake.params.config_text,
    groups=snakemake.input.groups,
    frames=snakemake.input.frames,
    outputs=dict(snakemake.output.items()),
    baselines_split=snakemake.params.baselines_split,
    config=EvaluationConfig.model_validate(snakemake.params.evaluation),
)
