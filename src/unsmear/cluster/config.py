"""The ``cluster`` section: where jobs go when the workflow is submitted to SLURM."""

from __future__ import annotations

from pydantic import Field

from unsmear.section import Section

NAME = r"^[\w.,+-]+$"


class ClusterConfig(Section):
    """Names that differ from cluster to cluster; none of them changes a result."""

    account: str | None = Field(None, pattern=NAME, description="SLURM account; null leaves it to the cluster")
    cpu_partition: str | None = Field(
        None, pattern=NAME, description="partition of jobs without a GPU; null takes the cluster's default"
    )
    gpu_partition: str | None = Field(
        None, pattern=NAME, description="partition of jobs with a GPU; null takes the cluster's default"
    )
    gpu_model: str | None = Field(
        None, pattern=r"^[\w.]+$", description="type of GPU as the cluster calls it, such as h200; null takes any"
    )

    def placement(self, gpus: int) -> dict[str, str]:
        """Resources of a job with so many GPUs, under the names that Snakemake's SLURM executor reads."""
        wanted = {
            "slurm_account": self.account,
            "slurm_partition": self.gpu_partition if gpus else self.cpu_partition,
            "gpu_model": self.gpu_model if gpus else None,
        }
        return {name: value for name, value in wanted.items() if value is not None}
