"""Sections of the report page, each a function from data to HTML."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from unsmear.evaluation.table_text import MORE_COLUMNS, MORE_NOTE, Row, system_rows, table_cells, table_notes

# Title, caption and text for those who cannot see it, of each figure that the report knows.
FIGURES = {
    "psnr_per_frame": (
        "PSNR of each frame number, averaged over all test groups. The direction of time is the better one, "
        "chosen once for each group. Dashed: the blurry picture itself. Right: what the system adds to it.",
        "Line charts of PSNR, and of its gain over the input, by frame number; one line for each system.",
    ),
    "direction": (
        "How often the predicted frames run forward. A camera that records no trace of time leaves one half.",
        "Bar chart of direction accuracy, one bar for each system, with intervals.",
    ),
    "scatter": (
        "Each point is a test sequence. Above the line the system on the vertical axis is better.",
        "Scatter plot of PSNR per sequence for two systems, with the best and the worst named.",
    ),
    "training_curves": (
        "Loss and PSNR while training; solid lines are the validation split.",
        "Line charts of loss and PSNR over training steps, one row for each stage.",
    ),
    "robustness": (
        "The same weights on pictures of cameras that differ from the one trained for.",
        "Line charts of PSNR and direction accuracy over changes of the camera.",
    ),
}


CAMERA_PICTURES = {
    "psfs": "Point spread functions: what becomes of a point in each frame, for each colour",
    "encircled_energy": "Share of a point's light within a radius",
    "streak": "The trace that a white point leaves when it moves during the exposure",
    "mtf": "Modulation transfer: how much contrast is left at each spatial frequency",
}


def _number(row: Row | None, key: str, decimals: int, sign: str = "") -> str:
    return f"{float(row[key]):{sign}.{decimals}f}" if row and row.get(key) else "-"


def facts(rows: Sequence[Row]) -> str:
    """Headline numbers of every trained system."""
    tiles = []
    for row in rows:
        if row["kind"] == "trained":
            label = escape(row["label"])
            if row.get("direction"):
                tiles.append((_number(row, "direction", 2), f"of moving groups in the true order: {label}"))
            tiles.append((_number(row, "gain_middle", 2, "+") + " dB", f"middle frame over the input: {label}"))
    inner = "".join(f'<div class="fact"><b>{value}</b><span>{text}</span></div>' for value, text in tiles)
    return f'<div class="facts">{inner}</div>'


def slider(gallery: Mapping[str, Any]) -> str:
    """The blurry picture over a predicted frame, parted by a line that moves."""
    groups = gallery["groups"]
    if not groups:
        return "<p>No frame group was chosen.</p>"
    first = groups[0]
    source = first["sources"][-1]
    middle = (len(first["truth"]) + 1) // 2
    options = "".join(f"<option>{escape(entry['caption'])}</option>" for entry in groups)
    last = len(first["sources"]) - 1
    systems = "".join(
        f"<option{' selected' if index == last else ''}>{escape(each['label'])}</option>"
        for index, each in enumerate(first["sources"])
    )
    size = f'width="{first["width"]}" height="{first["height"]}"'
    sharp = f"{escape(source['label'])}, frame {middle}"
    return f"""<div class="stage"><div class="compare" id="compare">
<img id="blurry" src="{escape(source["blurry"])}" alt="The blurry input" {size}>
<img id="sharp" class="over" src="{escape(source["frames"][middle - 1])}" alt="{sharp}" {size}>
<span class="bar"></span><span class="tag left">Blurry input</span>
<span class="tag right" id="sharp-tag">{sharp}</span>
<input id="split" type="range" min="0" max="100" value="50" aria-label="How much of the blurry input is seen">
</div><div class="controls">
<label>Picture<select id="group">{options}</select></label>
<label>Sharp side<select id="system">{systems}<option>Truth</option></select></label>
<label><span>Frame <span id="frame-value">{middle} of {len(first["truth"])}</span></span>
<input id="frame" type="range" min="1" max="{len(first["truth"])}" value="{middle}"></label>
<button id="play" type="button">Play the frames</button>
<p class="readout" id="readout" aria-live="polite"></p></div></div>"""


def gallery_data(gallery: Mapping[str, Any]) -> str:
    """The slider's files for the script."""
    # "</" would end the script element.
    text = json.dumps(gallery, ensure_ascii=True).replace("</", "<\\/")
    return f'<script type="application/json" id="gallery-data">{text}</script>'


def results_table(rows: Sequence[Row]) -> str:
    """The table; on a narrow screen each row becomes a list."""
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in table_notes(list(rows)))
    return _table(list(rows), *table_cells(list(rows))) + notes


def more_measures(rows: Sequence[Row]) -> str:
    """Measures that few ask for, folded away."""
    systems = system_rows(list(rows))
    headings, cells = table_cells(systems, MORE_COLUMNS)
    if len(headings) == 1:
        return ""
    note = f'<p class="note">{escape(MORE_NOTE)}</p>'
    return f"<details><summary>Further measures</summary>{_table(systems, headings, cells)}{note}</details>"


def _table(rows: list[Row], headings: list[str], cells: list[list[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in headings)
    body, seen_difference = [], False
    for row, (label, *values) in zip(rows, cells, strict=True):
        difference = row["kind"] == "difference"
        classes = "difference" if difference else ""
        if difference and not seen_difference:
            classes, seen_difference = "difference first-difference", True
        line = "".join(_cell(value, name) for value, name in zip(values, headings[1:], strict=True))
        body.append(f'<tr class="{classes}"><th scope="row">{escape(label)}</th>{line}</tr>')
    return (
        f'<div class="scroll"><table class="results"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _cell(text: str, name: str) -> str:
    """One cell; an interval goes below its value."""
    if text == "-":
        return f'<td class="empty" data-label="{escape(name)}">-</td>'
    match = re.fullmatch(r"(\S+) (\[.*\])(.?)", text)
    inner = f"<span>{escape(match[1] + match[3])}<small>{escape(match[2])}</small></span>" if match else escape(text)
    return f'<td data-label="{escape(name)}">{inner}</td>'


def figure(path: str, caption: str, alt: str) -> str:
    """A picture that opens in full size."""
    return (
        f'<figure><a href="{escape(path)}"><img src="{escape(path)}" alt="{escape(alt)}" loading="lazy"></a>'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def group_section(entry: Mapping[str, Any], has_gif: bool) -> str:
    """Video, panel and all frames of one shown frame group."""
    name, caption = entry["name"], entry["caption"]
    links = [(f"videos/{name}_{each['system']}.mp4", each["label"]) for each in entry["sources"]]
    links += [(f"videos/{name}.gif", "GIF of all systems")] if has_gif else []
    listed = "".join(f'<a href="{escape(path)}">{escape(text)}</a>' for path, text in links)
    middle = figure(
        f"figures/{name}_middle.png",
        "The middle frame, whole and magnified. Inputs are equalised: divided by their PSFs' energy.",
        f"Middle frame. {caption}",
    )
    frames = figure(
        f"figures/{name}_frames.png",
        "All frames, as predicted, with the PSNR of each; on the left what the system was given.",
        f"All frames in a row. {caption}",
    )
    return f"""<h3>{escape(caption)}</h3>
<video src="videos/{escape(name)}.mp4" poster="videos/{escape(name)}.png"
 loop muted playsinline controls preload="metadata"
 aria-label="{escape(caption)}: blurry inputs, systems and truth side by side"></video>
<p class="links"><span>Alone:</span>{listed}</p>
{middle}
{frames}"""


def costs_table(costs: Mapping[str, Mapping[str, Any]]) -> str:
    """Parameters, multiply-adds, time and memory of each system."""
    columns = ("parameters", "multiply-adds a frame", "seconds a frame", "peak memory", "picture")
    head = "".join(f'<th scope="col">{name}</th>' for name in ("", *columns))
    body = []
    for label, cost in costs.items():
        memory = cost["peak_memory_mib"]
        values = (
            f"{cost['parameters'] / 1e6:.3f} M",
            f"{cost['multiply_adds_per_frame'] / 1e9:.3f} G",
            f"{cost['seconds_per_frame']:.4f} ({cost['device']}, {cost['num_threads']} threads)",
            "-" if memory is None else f"{memory:.0f} MiB",
            f"{cost['width']} x {cost['height']} px",
        )
        cells = "".join(f'<td data-label="{c}">{escape(v)}</td>' for c, v in zip(columns, values, strict=True))
        body.append(f'<tr><th scope="row">{escape(label)}</th>{cells}</tr>')
    return (
        f'<div class="scroll"><table class="results"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def definitions(values: Mapping[str, str]) -> str:
    """A list of names and values."""
    return "<dl>" + "".join(f"<dt>{escape(k)}</dt><dd>{escape(str(v))}</dd>" for k, v in values.items()) + "</dl>"
