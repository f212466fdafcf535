"""Write the page, and the table alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unsmear.comparison.steps import StepCost
from unsmear.files import read_rows, write_atomically, write_text
from unsmear.report.config import ReportConfig
from unsmear.report.page import summary, tables
from unsmear.report.page.render import render
from unsmear.report.page.steps import describe_steps
from unsmear.report.page.sweeps import describe_sweeps


def write_report(
    output: str | Path,
    table_csv: str | Path,
    gallery_json: str | Path,
    figures: Sequence[str | Path],
    cameras: Mapping[str, Sequence[str | Path]],
    config_text: str,
    versions: Mapping[str, str],
    provenance: Mapping[str, str],
    costs: Mapping[str, str | Path] | None = None,
    differences: Mapping[str, str | Path] | None = None,
    config: ReportConfig | None = None,
    sweeps: Sequence[Mapping[str, Any]] = (),
    steps: Sequence[StepCost] = (),
) -> None:
    """Write ``index.html``, which needs no network and can be moved with its folder.

    Parameters
    ----------
    output : the page; pictures that do not lie in its folder are copied to ``assets/`` beside it
    table_csv : what ``write_table`` wrote
    gallery_json : what ``draw_gallery`` wrote, in the page's folder
    figures : pictures to show, in order; known ones have captions of their own
    cameras : camera -> pictures of its PSFs
    config_text : the whole configuration, as text
    versions : name and version of what computed
    provenance : commit, digests and the like
    costs, differences : system -> ``cost.json``, ``differences.json``
    sweeps : searches for hyper-parameters, see :func:`unsmear.report.page.sweeps.describe_sweeps`
    steps : what the jobs of each rule cost
    """
    config, output = config or ReportConfig(), Path(output)
    rows = read_rows(table_csv)
    gallery = json.loads(Path(gallery_json).read_text(encoding="utf-8"))
    suffixes = ["mp4", "gif"] if config.gif else ["mp4"]
    # A section of the page: the name is that of its template, of its value, and of the anchor.
    sections: dict[str, tuple[str, Any]] = {
        "look": ("Blurry and sharp", gallery),
        "results": ("Results", [tables.results_table(rows), tables.more_measures(rows)]),
        "figures": ("Figures", [(Path(path).stem, _beside(path, output)) for path in figures]),
        "gallery": ("Pictures and videos", suffixes if gallery["groups"] else []),
        "cameras": ("Cameras", _copy_cameras(cameras, output)),
        "sweeps": ("Hyper-parameters searched", describe_sweeps(sweeps, output, config.labels)),
        "made": ("How this was made", {
            "provenance": provenance,
            "costs": tables.costs_table(_read(costs)) if costs else None,
            "differences": tables.differences_table(_read(differences)) if differences else None,
            "steps": describe_steps(steps),
            "versions": versions,
            "config_text": config_text,
        }),
    }  # fmt: skip
    shown = {name: title for name, (title, value) in sections.items() if value}
    values = {name: value for name, (_, value) in sections.items()}
    page = render(
        "index.html", title=config.title, lead=summary.lead(rows), facts=summary.facts(rows), sections=shown, **values
    )
    write_text(output, page)


def write_table_page(output: str | Path, table_csv: str | Path, config: ReportConfig | None = None) -> None:
    """Write the results table alone, as a page that is whole in one file."""
    rows = read_rows(table_csv)
    results = [tables.results_table(rows), tables.more_measures(rows)]
    write_text(output, render("table.html", title=(config or ReportConfig()).title, results=results))


def _read(paths: Mapping[str, str | Path]) -> dict[str, Any]:
    return {name: json.loads(Path(path).read_text(encoding="utf-8")) for name, path in paths.items()}


def _copy_cameras(cameras: Mapping[str, Sequence[str | Path]], output: Path) -> dict[str, list[tuple[str, str]]]:
    """Camera -> stem and place of each picture."""
    return {
        camera: [(Path(path).stem, _beside(path, output, prefix=f"{camera}_")) for path in paths]
        for camera, paths in cameras.items()
    }


def _beside(path: str | Path, output: Path, prefix: str = "") -> str:
    """Path relative to the page; a picture from elsewhere is copied into the page's folder."""
    path, folder = Path(path), output.parent.resolve()
    if path.resolve().is_relative_to(folder):
        return path.resolve().relative_to(folder).as_posix()
    copy = output.parent / "assets" / f"{prefix}{path.name}"
    with write_atomically(copy) as temporary:
        shutil.copyfile(path, temporary)
    return f"assets/{copy.name}"
