"""The page that a person opens first."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from unsmear.evaluation.rows import read_rows
from unsmear.files import write_atomically, write_text
from unsmear.report import page_gallery as pictures
from unsmear.report import page_parts as parts
from unsmear.report import page_sweeps
from unsmear.report import page_tables as tables
from unsmear.report.config import ReportConfig
from unsmear.report.page_script import SCRIPT
from unsmear.report.page_style import STYLE


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
    sweeps : searches for hyper-parameters, see :func:`unsmear.report.page_sweeps.sweeps`
    """
    config = config or ReportConfig()
    output = Path(output)
    rows = read_rows(table_csv)
    gallery = json.loads(Path(gallery_json).read_text(encoding="utf-8"))
    sections = [
        _look(gallery),
        Section("results", "Results", tables.results_table(rows) + tables.more_measures(rows)),
        _figures([Path(path) for path in figures], output),
        _groups(gallery, config),
        _cameras(cameras, output),
        Section("sweeps", "Hyper-parameters searched", page_sweeps.sweeps(sweeps, output, config.labels)),
        _made(provenance, _read(costs), _read(differences), versions, config_text),
    ]
    sections = [section for section in sections if section.body]
    write_text(output, _page(config.title, _lead(rows), parts.facts(rows), sections, pictures.gallery_data(gallery)))


def write_table_page(output: str | Path, table_csv: str | Path, config: ReportConfig | None = None) -> None:
    """Write the results table alone, as a page that is whole in one file."""
    rows = read_rows(table_csv)
    body = f"<main>{tables.results_table(rows)}{tables.more_measures(rows)}</main>"
    write_text(output, _document((config or ReportConfig()).title, body))


def _read(paths: Mapping[str, str | Path] | None) -> dict[str, Any]:
    return {name: json.loads(Path(path).read_text(encoding="utf-8")) for name, path in (paths or {}).items()}


@dataclass(frozen=True)
class Section:
    """A part of the page that its navigation leads to: ``name`` is its anchor, ``body`` its HTML."""

    name: str
    title: str
    body: str


def _look(gallery: Mapping[str, Any]) -> Section:
    count = len(gallery["groups"][0]["truth"]) if gallery["groups"] else 0
    text = f"One blurry picture went in, {count} frames came out. Drag the line, choose a frame, or play them."
    return Section("look", "Blurry and sharp", f"<p>{text}</p>{pictures.slider(gallery)}")


def _figures(paths: Sequence[Path], output: Path) -> Section:
    shown = []
    for path in paths:
        title = path.stem.replace("_", " ")
        caption, alt = parts.FIGURES.get(path.stem, (title, title))
        shown.append(parts.figure(_beside(path, output), caption, alt))
    return Section("figures", "Figures", f"<div class='pair'>{''.join(shown)}</div>")


def _groups(gallery: Mapping[str, Any], config: ReportConfig) -> Section:
    shown = [pictures.group_section(entry, config.gif) for entry in gallery["groups"]]
    return Section("gallery", "Pictures and videos", "\n".join(shown))


def _cameras(cameras: Mapping[str, Sequence[str | Path]], output: Path) -> Section:
    body = []
    for camera, paths in cameras.items():
        body.append(f"<h3>Camera {escape(camera)}</h3>")
        for path in map(Path, paths):
            caption = parts.CAMERA_PICTURES.get(path.stem, path.stem.replace("_", " ").capitalize()) + "."
            copied = _beside(path, output, prefix=f"{camera}_")
            body.append(parts.figure(copied, caption, f"{caption} Camera {camera}."))
    return Section("cameras", "Cameras", "\n".join(body))


def _made(
    provenance: Mapping[str, str],
    costs: Mapping[str, Any],
    differences: Mapping[str, Any],
    versions: Mapping[str, str],
    config_text: str,
) -> Section:
    body = [parts.definitions(provenance)]
    if costs:
        body += ["<h3>Cost</h3>", tables.costs_table(costs)]
    if differences:
        body += [
            f"<h3>Short numbers and tiles</h3><p>{tables.DIFFERENCES_NOTE}</p>",
            tables.differences_table(differences),
        ]
    body += [f"<details><summary>Versions</summary>{parts.definitions(versions)}</details>"]
    body += [f"<details><summary>Configuration</summary><pre tabindex='0'>{escape(config_text)}</pre></details>"]
    return Section("made", "How this was made", "\n".join(body))


def _lead(rows: Sequence[Mapping[str, str]]) -> str:
    first = rows[0]
    return (
        f"Measured on {first['num_sequences']} test sequences that no training has seen, "
        f"{first['num_groups']} blurry pictures in all."
    )


def _beside(path: Path, output: Path, prefix: str = "") -> str:
    """Path relative to the page; a picture from elsewhere is copied into the page's folder."""
    folder = output.parent.resolve()
    if path.resolve().is_relative_to(folder):
        return path.resolve().relative_to(folder).as_posix()
    copy = output.parent / "assets" / f"{prefix}{path.name}"
    with write_atomically(copy) as temporary:
        shutil.copyfile(path, temporary)
    return f"assets/{copy.name}"


def _page(title: str, lead: str, facts: str, sections: Sequence[Section], data: str) -> str:
    links = "".join(f'<li><a href="#{section.name}">{section.title}</a></li>' for section in sections)
    body = "\n".join(f"<h2 id='{section.name}'>{section.title}</h2>\n{section.body}" for section in sections)
    return _document(
        title,
        f"""<a class="skip" href="#look">Skip to the pictures</a>
<header><h1>{escape(title)}</h1><p class="lead">{escape(lead)}</p>{facts}
<nav aria-label="Sections"><ul>{links}</ul></nav></header>
<main>{body}</main>
<footer><p>Written by unsmear. Table, figures and videos lie beside this page.</p></footer>
{data}<script>{SCRIPT}</script>""",
    )


def _document(title: str, body: str) -> str:
    # An empty icon keeps browsers from asking a server for one.
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title><link rel="icon" href="data:,"><style>{STYLE}</style></head>
<body>{body}</body></html>
"""
