"""The parts of the report page that show frame groups: slider, videos, panels."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from unsmear.report.page_parts import figure


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


def _links(stem: str, suffixes: Sequence[str], text: str) -> str:
    return ", ".join(
        f'<a href="{escape(stem)}.{suffix}" aria-label="{escape(text)}, {suffix}">{suffix}</a>' for suffix in suffixes
    )


def group_section(entry: Mapping[str, Any], has_gif: bool) -> str:
    """Video, panel and all frames of one shown frame group."""
    name, caption = entry["name"], entry["caption"]
    files = [("All systems", f"videos/{name}")]
    files += [(each["label"], f"videos/{name}_{each['system']}") for each in entry["sources"]]
    alone = "".join(
        f'<video src="{escape(stem)}.mp4" loop muted playsinline controls preload="metadata"'
        f' aria-label="{escape(caption)}: blurry input, {escape(text)}, truth"></video>'
        for text, stem in files[1:]
    )
    suffixes = ("mp4", "gif") if has_gif else ("mp4",)
    listed = "".join(f"<span>{escape(text)}: {_links(stem, suffixes, text)}</span>" for text, stem in files)
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
<div class="alone">{alone}</div>
<p class="links">{listed}</p>
{middle}
{frames}"""
