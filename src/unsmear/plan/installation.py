"""Whether Snakemake can start the rules' jobs from where it is installed, and with which versions."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path

# Letters of any alphabet, digits and what no shell reads as more than itself.
UNSAFE = re.compile(r"[^\w@%+=:,./-]")


def check_deployment(
    methods: Collection[str], python: str, container: str | None = None, deployed: bool = False
) -> None:
    """Refuse ways to run jobs that would do something else than they say.

    Parameters
    ----------
    methods : of ``--software-deployment-method``, as Snakemake names them: ``CONDA``, ``APPTAINER``, ``ENV_MODULES``
    python : interpreter that jobs without conda are started with
    container : image of the configuration
    deployed : the rules are read from a repository, not from a checkout

    Raises
    ------
    ValueError
        If rules have nothing for a method, or the interpreter's path cannot stand in a command.
    """
    if "APPTAINER" in methods and not container:
        raise ValueError(
            "--software-deployment-method apptainer: the configuration names no container, and jobs would run outside "
            "of one; build an image with the Dockerfile (docs/sharing.md) and name it: --config container=unsmear.sif"
        )
    if "CONDA" in methods and deployed:
        raise ValueError(
            "--use-conda: the environments of the rules do not hold the package, which a deployed workflow takes "
            "from where Snakemake is installed; leave the option out, or run a checkout"
        )
    for method in sorted({*methods} - {"CONDA", "APPTAINER"}):
        name = method.lower().replace("_", "-")
        raise ValueError(
            f"--software-deployment-method {name}: the rules define no modules, and jobs would run "
            "outside of them; take conda (--use-conda), or start Snakemake itself where modules are loaded"
        )
    unsafe = sorted(set(UNSAFE.findall(python)))
    if unsafe and not {"CONDA", "APPTAINER"} & {*methods}:
        raise ValueError(
            f"Python is {python}, and Snakemake hands that path to the shell as it is, which {unsafe} breaks; make "
            "the virtual environment under a path of letters, digits, dots and dashes (the checkout may stay)"
        )


def check_storage(provider: str | None, prefix: str | None) -> None:
    """Refuse a default storage that is not known to hold results.

    Parameters
    ----------
    provider : of ``--default-storage-provider``
    prefix : of ``--default-storage-prefix``

    Raises
    ------
    ValueError
        If it is none of S3's buckets, or the bucket is not named.
    """
    if provider not in (None, "s3"):
        raise ValueError(
            f"--default-storage-provider {provider}: results are known to lie well in a bucket of S3 (profiles/s3) or "
            "in the working folder alone; leave the option out, and work on a file system that all nodes see"
        )
    if provider and not (prefix or "").startswith("s3://"):
        raise ValueError(
            f"--default-storage-prefix {prefix}: name the bucket, and a folder in it for this run: "
            "--default-storage-prefix s3://my-bucket/my-run"
        )


def constrain_pip(lock: Path) -> None:
    """Let pip take the versions of ``lock`` for what it installs into conda environments, indirect packages too."""
    # pip reads the variable as a list that spaces separate.
    ours, before = lock.resolve().as_uri(), os.environ.get("PIP_CONSTRAINT", "")
    if ours not in before.split():
        os.environ["PIP_CONSTRAINT"] = f"{before} {ours}".strip()
