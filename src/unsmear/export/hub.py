"""A cascade as a folder for the Hugging Face hub: weights, what they are, and a model card."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from unsmear.cascade.header import FORMAT_VERSION, read_header
from unsmear.cascade.spec import StageSpec, check_stages
from unsmear.evaluation.model_card import LIMITS
from unsmear.export.card_metrics import CardMetrics, read_card, read_frames
from unsmear.files import write_json, write_text
from unsmear.weights import load as shipped

# As the hub lets repositories be called, and spells licences.
_NAME = re.compile(r"(?!.*(--|\.\.))\w[\w.-]{0,95}/\w[\w.-]{0,95}(?<![.-])(?<!\.git)", re.ASCII)
_LICENCE = re.compile(r"[a-z0-9][a-z0-9.+-]*")


def export_hub(
    weights: Sequence[str | Path],
    folder: str | Path,
    name: str,
    licence: str,
    per_frame: str | Path | None = None,
    card: str | Path | None = None,
    datasets: Sequence[str] = (),
) -> list[Path]:
    """Write a folder that ``hf upload user/name FOLDER`` takes as it is.

    Parameters
    ----------
    weights : files in the order in which their stages run
    folder : to make; it must not exist, or be empty
    name : ``user/name`` of the repository
    licence : identifier as the hub spells it, such as ``apache-2.0``
    per_frame : ``per_frame.csv`` of an evaluation of these weights, for the card's metrics; without it, those of
        ``card`` are taken
    card : Markdown about these weights, put into the card; files beside it that its text names go along
    datasets : those of the hub on which the weights were trained, ``user/name``

    Returns
    -------
    the files written

    Raises
    ------
    ValueError
        If a name or the licence is none of the hub's, the folder holds something or is the current one, the weights
        are no whole cascade, or the table is none of an evaluation.
    """
    folder = Path(folder)
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name} is no repository's name; give user/name (--name)")
    if not _LICENCE.fullmatch(licence):
        raise ValueError(f"--licence: {licence} is none as the hub spells them; name one, such as apache-2.0")
    # Old datasets have no user.
    if wrong := [each for each in datasets if not _NAME.fullmatch(each if "/" in each else f"user/{each}")]:
        raise ValueError(f"--datasets: {wrong[0]} is none of the hub; name user/name, or leave it out")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{folder} is there already and not empty; name a new folder")
    # Through links, to the folder that takes the name.
    place = folder.resolve()
    if place == Path.cwd():
        raise ValueError(f"{folder} is the folder that you are in, which cannot be made anew; name a new folder")
    headers = [read_header(path) for path in weights]
    check_stages(tuple(StageSpec.model_validate(header["spec"]) for header in headers), headers[0]["num_frames"])
    text = Path(card).read_text(encoding="utf-8") if card is not None else ""
    camera = headers[0]["camera"].get("name", "standard")
    metrics = read_frames(per_frame) if per_frame is not None else read_card(text, camera)
    place.parent.mkdir(parents=True, exist_ok=True)
    # All files or none: they take the folder's name together.
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".export-") as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        for path, header in zip(weights, headers, strict=True):
            shutil.copyfile(path, made / f"{header['spec']['name']}.safetensors")
        write_json(made / "config.json", _describe(headers))
        if card is not None:
            for beside in sorted(Path(card).parent.glob("*.csv")):
                if beside.name in text:
                    shutil.copyfile(beside, made / beside.name)
        write_text(made / "README.md", _write_card(headers, name, licence, metrics, text, datasets))
        if place.exists():
            place.rmdir()
        made.rename(place)
    return sorted(folder.iterdir())


def shipped_card() -> Path:
    """What the package says of its own weights."""
    return Path(shipped.__file__).parent / "MODEL_CARD.md"


def _describe(headers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the weights files say of themselves, for readers of JSON."""
    first = headers[0]
    return {
        "library_name": "unsmear",
        "library_version": version("unsmear"),
        "format_version": FORMAT_VERSION,
        "num_frames": first["num_frames"],
        "camera": first["camera"],
        "response": first.get("response"),
        "stages": [header["spec"] for header in headers],
        "training": {header["spec"]["name"]: header["hparams"] for header in headers},
    }


def _write_card(
    headers: Sequence[dict[str, Any]],
    name: str,
    licence: str,
    metrics: CardMetrics,
    text: str,
    datasets: Sequence[str],
) -> str:
    camera = headers[0]["camera"].get("name", "standard")
    count = headers[0]["num_frames"]
    digests = sorted({str(header["provenance"].get("data", "")) for header in headers} - {""})
    about: dict[str, Any] = {
        "license": licence,
        "library_name": "unsmear",
        "pipeline_tag": "image-to-video",
        "tags": ["deblurring", "motion-blur", "video-reconstruction", "computational-imaging"],
        # What is no dataset of the hub has no name there: the text tells of it.
        **({"datasets": [*datasets]} if datasets else {}),
        **metrics.describe(name.partition("/")[2]),
    }
    lines = ["---", yaml.safe_dump(about, sort_keys=False, allow_unicode=True).rstrip(), "---", "", f"# {name}", ""]
    lines += [f"{count} sharp frames, in the order of time, from one motion-blurred picture of a {camera} camera.", ""]
    lines += ["## How to use", "", "With unsmear installed (`pip install -e .` in its clone):", ""]
    lines += ["```python", "import unsmear", ""]
    lines += [f'result = unsmear.reconstruct("photo.jpg", weights="hf://{name}")']
    lines += ['unsmear.save_reconstruction(result, "photo-frames")', "```", ""]
    lines += [f"The same on a command line: `unsmear reconstruct photo.jpg --weights hf://{name}`.", ""]
    lines += ["## Data", "", f"Datasets of the hub: {', '.join(datasets) or 'none named'}."]
    lines += ["What they were trained on is described below."] if text else []
    lines += [f"Digest of the training data: {', '.join(f'`{digest}`' for digest in digests) or 'not recorded'}.", ""]
    if metrics.values or metrics.means:
        shown = metrics.means or {value["name"]: value["value"] for value in metrics.values}
        lines += ["## Metrics", "", f"Means over: {metrics.data}.", "", "| | |", "|---|---:|"]
        lines += [f"| {key} | {value:.4g} |" for key, value in shown.items()] + [""]
    lines += ["## Limits", "", *(f"- {limit}" for limit in LIMITS)]
    # The text's own title gives way to the card's, and its sections go below it.
    lines += ["", re.sub(r"^#", "##", text.strip(), flags=re.MULTILINE)] if text else []
    return "\n".join(lines) + "\n"
