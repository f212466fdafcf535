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

from unsmear.cascade.checkpoint import FORMAT_VERSION, read_header
from unsmear.evaluation.gather import summarise_frames
from unsmear.evaluation.model_card import LIMITS
from unsmear.files import read_rows, write_json, write_text
from unsmear.weights import load as shipped

_TERMS = {"psnr": "PSNR, dB", "ssim": "SSIM", "direction": "direction accuracy", "motion_amplitude": "motion amplitude"}


def export_hub(
    weights: Sequence[str | Path],
    folder: str | Path,
    name: str,
    licence: str,
    per_frame: str | Path | None = None,
    card: str | Path | None = None,
) -> list[Path]:
    """Write a folder that ``hf upload user/name FOLDER`` takes as it is.

    Parameters
    ----------
    weights : files in the order in which their stages run
    folder : to make; it must not exist, or be empty
    name : ``user/name`` of the repository
    licence : identifier as the hub spells it, such as ``apache-2.0``
    per_frame : ``per_frame.csv`` of an evaluation of these weights, for the card's metrics
    card : Markdown about these weights, put into the card; files beside it that its text names go along

    Returns
    -------
    the files written

    Raises
    ------
    ValueError
        If the name is none of the hub's, the folder holds something, or the table is none of an evaluation.
    """
    folder = Path(folder)
    if not re.fullmatch(r"\w[\w.-]*/\w[\w.-]*", name, re.ASCII):
        raise ValueError(f"{name} is no repository's name; give user/name (--name)")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{folder} is there already and not empty; name a new folder")
    headers = [read_header(path) for path in weights]
    metrics = _summarise(per_frame) if per_frame is not None else {}
    folder.parent.mkdir(parents=True, exist_ok=True)
    # All files or none: they take the folder's name together.
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".export-") as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        for path, header in zip(weights, headers, strict=True):
            shutil.copyfile(path, made / f"{header['spec']['name']}.safetensors")
        write_json(made / "config.json", _describe(headers))
        text = ""
        if card is not None:
            text = Path(card).read_text(encoding="utf-8")
            for beside in sorted(Path(card).parent.glob("*.csv")):
                if beside.name in text:
                    shutil.copyfile(beside, made / beside.name)
        write_text(made / "README.md", _write_card(headers, name, licence, metrics, text))
        if folder.exists():
            folder.rmdir()
        made.rename(folder)
    return sorted(folder.iterdir())


def _summarise(per_frame: str | Path) -> dict[str, float]:
    try:
        return summarise_frames(read_rows(per_frame))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"--per-frame: {per_frame} cannot be read as a table of frames ({error}); name per_frame.csv of an "
            "evaluation, such as results/evaluation/masked/per_frame.csv"
        ) from None


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
    headers: Sequence[dict[str, Any]], name: str, licence: str, metrics: dict[str, float], text: str
) -> str:
    camera = headers[0]["camera"].get("name", "standard")
    count = headers[0]["num_frames"]
    digests = sorted({str(header["provenance"].get("data", "")) for header in headers} - {""})
    about: dict[str, Any] = {
        "license": licence,
        "library_name": "unsmear",
        "pipeline_tag": "image-to-video",
        "tags": ["deblurring", "motion-blur", "video-reconstruction", "computational-imaging"],
    }
    if metrics:
        about["metrics"] = [each for each in ("psnr", "ssim") if f"middle.{each}" in metrics]
        about["model-index"] = [_index(name, metrics)]
    lines = ["---", yaml.safe_dump(about, sort_keys=False, allow_unicode=True).rstrip(), "---", "", f"# {name}", ""]
    lines += [f"{count} sharp frames, in the order of time, from one motion-blurred picture of a {camera} camera.", ""]
    lines += ["## How to use", "", "```python", "import unsmear", ""]
    lines += [f'result = unsmear.reconstruct("photo.jpg", weights="hf://{name}")']
    lines += ['unsmear.save_reconstruction(result, "photo-frames")', "```", ""]
    lines += [f"The same on a command line: `unsmear reconstruct photo.jpg --weights hf://{name}`.", ""]
    lines += ["## Data", ""]
    lines += [f"Digest of the training data: {', '.join(f'`{digest}`' for digest in digests) or 'not recorded'}.", ""]
    if metrics:
        lines += ["## Metrics", "", "Means over the test split.", "", "| | |", "|---|---:|"]
        lines += [f"| {key} | {value:.4g} |" for key, value in metrics.items()] + [""]
    lines += ["## Limits", "", *(f"- {limit}" for limit in LIMITS)]
    # The text's own title gives way to the card's, and its sections go below it.
    lines += ["", re.sub(r"^#", "##", text.strip(), flags=re.MULTILINE)] if text else []
    return "\n".join(lines) + "\n"


def _index(name: str, metrics: dict[str, float]) -> dict[str, Any]:
    """The entry of the hub's table of results."""
    values = [
        {"type": measure, "name": f"{title}, {part}", "value": round(metrics[key], 4)}
        for part in ("middle", "all")
        for measure, title in _TERMS.items()
        if (key := f"{part}.{measure}") in metrics
    ]
    task = {"type": "image-to-video", "name": "Frames from motion blur"}
    return {
        "name": name.partition("/")[2],
        "results": [{"task": task, "dataset": {"type": "unsmear", "name": "test split"}, "metrics": values}],
    }
