"""The page that a person opens first."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from unsmear.evaluation.config import ReportConfig
from unsmear.evaluation.rows import read_rows
from unsmear.files import write_atomically, write_text
from unsmear.report import page_parts as parts
from unsmear.report.page_script import SCRIPT
from unsmear.report.page_style import STYLE
from unsmear.report.sweep_parts import sweep_section


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
    costs : label -> ``cost.json``
    sweeps : searches for hyper-parameters, see :func:`unsmear.report.sweep_parts.sweep_section`
    """
    config = config or ReportConfig()
    output = Path(output)
    rows = read_rows(table_csv)
    gallery = json.loads(Path(gallery_json).read_text(encoding="utf-8"))
    cost_values = {label: json.loads(Path(path).read_text()) for label, path in (costs or {}).items()}

    body = [f"<h2 id='look'>Blurry and sharp</h2><p>One blurry picture went in, {_count(gallery)} frames came "
            "out. Drag the line, choose a frame, or play them.</p>", parts.slider(gallery)]  # fmt: skip
    body += ["<h2 id='results'>Results</h2>", parts.results_table(rows), parts.more_measures(rows)]
    body += ["<h2 id='figures'>Figures</h2><div class='pair'>"]
    for path in map(Path, figures):
        title = path.stem.replace("_", " ")
        caption, alt = parts.FIGURES.get(path.stem, (title, title))
        body.append(parts.figure(_beside(path, output), caption, alt))
    body += ["</div><h2 id='gallery'>Pictures and videos</h2>"]
    body += [parts.group_section(entry, config.gif) for entry in gallery["groups"]]
    body += ["<h2 id='cameras'>Cameras</h2>"]
    for camera, pictures in cameras.items():
        body.append(f"<h3>Camera {escape(camera)}</h3>")
        for path in map(Path, pictures):
            caption = parts.CAMERA_PICTURES.get(path.stem, path.stem.replace("_", " ").capitalize()) + "."
            copied = _beside(path, output, prefix=f"{camera}_")
            body.append(parts.figure(copied, caption, f"{caption} Camera {camera}."))
    body.append(sweep_section(sweeps, output, config.labels))
    body += ["<h2 id='made'>How this was made</h2>", parts.definitions(provenance)]
    if cost_values:
        body += ["<h3>Cost</h3>", parts.costs_table(cost_values)]
    body += [f"<details><summary>Versions</summary>{parts.definitions(versions)}</details>"]
    body += [f"<details><summary>Configuration</summary><pre tabindex='0'>{escape(config_text)}</pre></details>"]
    write_text(output, _page(config.title, _lead(rows), parts.facts(rows), "\n".join(body), gallery))


def _count(gallery: Mapping[str, list[Mapping[str, list[str]]]]) -> int:
    return len(gallery["groups"][0]["truth"]) if gallery["groups"] else 0


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


SECTIONS = {
    "look": "Blurry and sharp",
    "results": "Results",
    "figures": "Figures",
    "gallery": "Pictures and videos",
    "cameras": "Cameras",
    "sweeps": "Hyper-parameters searched",
    "made": "How this was made",
}


def _page(title: str, lead: str, facts: str, body: str, gallery: Mapping[str, object]) -> str:
    there = {name: text for name, text in SECTIONS.items() if f"<h2 id='{name}'>" in body}
    links = "".join(f'<li><a href="#{name}">{text}</a></li>' for name, text in there.items())
    # An empty icon keeps browsers from asking a server for one.
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title><link rel="icon" href="data:,"><style>{STYLE}</style></head>
<body><a class="skip" href="#look">Skip to the pictures</a>
<header><h1>{escape(title)}</h1><p class="lead">{escape(lead)}</p>{facts}
<nav aria-label="Sections"><ul>{links}</ul></nav></header>
<main>{body}</main>
<footer><p>Written by unsmear. Table, figures and videos lie beside this page.</p></footer>
{parts.gallery_data(gallery)}<script>{SCRIPT}</script></body></html>
"""
