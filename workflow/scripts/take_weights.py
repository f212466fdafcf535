import _src

_src.start(snakemake)

from unsmear.cascade.spec import StageSpec
from unsmear.training.take import take_weights

take_weights(
    spec=StageSpec.model_validate(snakemake.params.spec),
    init=snakemake.input.init,
    psfs=snakemake.input.psfs,
    camera_path=snakemake.input.camera,
    camera_name=snakemake.params.camera_name,
    output=snakemake.output[0],
)
