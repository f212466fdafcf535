"""Whether Snakemake can start the rules' jobs from where it is installed, and with which versions."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path

# Letters of any alphabet, digits and what no shell reads as more than itself.
UNSAFE = re.compile(r"[^\w@%+=:,./-]")


def check_deployment(methods: Collection[str], python: str) -> None:
    """Refuse ways to run jobs that would do something else than they say.

    Parameters
    ----------
    methods : of ``--software-deployment-method``, as Snakemake names them: ``CONDA``, ``APPTAINER``, ``ENV_MODULES``
    python : interpreter that jobs without conda are started with

    Raises
    ------
    ValueError
        If rules have nothing for a method, or the interpreter's path cannot stand in a command.
    """
    for method in sorted({*methods} - {"CONDA"}):
        name = method.lower().replace("_", "-")
        raise ValueError(
            f"--software-deployment-method {name}: the rules define no container and no modules, and jobs would run "
            "outside of them; take conda (--use-conda), or start Snakemake itself in a container, without the option"
        )
    unsafe = sorted(set(UNSAFE.findall(python)))
    if unsafe and "CONDA" not in methods:
        raise ValueError(
            f"Python is {python}, and Snakemake hands that path to the shell as it is, which {unsafe} breaks; make "
            "the virtual environment under a path of letters, digits, dots and dashes (the checkout may stay)"
        )


def constrain_pip(lock: Path) -> None:
    """Let pip take the versions of ``lock`` for what it installs into conda environments, indirect packages too."""
    # pip reads the variable as a list that spaces separate.
    ours, before = lock.resolve().as_uri(), os.environ.get("PIP_CONSTRAINT", "")
    if ours not in before.split():
        os.environ["PIP_CONSTRAINT"] = f"{before} {ours}".strip()
