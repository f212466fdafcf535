"""A Python that has exactly what installing snakemake brings: its distribution and those that it requires."""

from __future__ import annotations

import venv
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement


def required_distributions(name: str) -> dict[str, Distribution]:
    """The named distribution and all that it requires without extras, and so on, by their names."""
    found: dict[str, Distribution] = {}
    wanted = [name]
    while wanted:
        package = distribution(wanted.pop())
        if found.setdefault(package.name.lower().replace("_", "-"), package) is package:
            requirements = map(Requirement, package.requires or [])
            wanted += [r.name for r in requirements if r.marker is None or r.marker.evaluate({"extra": ""})]
    return found


def make_python(folder: Path) -> Path:
    """A virtual environment in ``folder`` of links to those distributions' files; returns its interpreter."""
    venv.create(folder, symlinks=True, with_pip=False)
    packages = next(folder.glob("lib/python*/site-packages"))
    for package in required_distributions("snakemake").values():
        for top in {file.parts[0] for file in package.files or []} - {"..", "__pycache__"}:
            if not (packages / top).exists():
                (packages / top).symlink_to(package.locate_file(top))
    return folder / "bin" / "python"
