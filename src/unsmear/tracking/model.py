"""A trained cascade as an MLflow model: blurry pictures in, the frames exposed in them out.

MLflow loads this module again from the copy of the package that it keeps with the weights (``loader_module``),
so nothing here imports mlflow on the way in.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from unsmear.tracking.protocol import NullTracker, Tracker

REQUIREMENTS_FILE = "requirements.txt"
_REQUIREMENTS = ("numpy", "pydantic", "safetensors", "torch")


class CascadeModel:
    """What ``mlflow.pyfunc.load_model`` hands out for a cascade."""

    def __init__(self, weights: Sequence[Path]) -> None:
        from unsmear.cascade.cascade import Cascade

        self._cascade: Any = Cascade.load(list(weights))

    def predict(self, model_input: np.ndarray, params: Mapping[str, Any] | None = None) -> np.ndarray:
        """Frames that were exposed in blurry pictures.

        Parameters
        ----------
        model_input : (B, H, W, 3) uint8 RGB
        params : nothing is understood

        Returns
        -------
        (B, N, H, W, 3) uint8 RGB, in the order of time

        Raises
        ------
        ValueError
            If the input is not a batch of 8-bit colour pictures.
        """
        import torch

        pictures = np.ascontiguousarray(model_input)
        if pictures.ndim != 4 or pictures.shape[-1] != 3 or pictures.dtype != np.uint8:
            raise ValueError(
                f"pictures must be (B, H, W, 3) uint8 RGB, found {pictures.shape} {pictures.dtype}; "
                "give one picture as picture[None]"
            )
        blurry = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
        with torch.inference_mode():
            frames = self._cascade(blurry)
        codes = (frames.clamp(0, 1) * 255).round().to(torch.uint8)
        return np.ascontiguousarray(codes.permute(0, 1, 3, 4, 2).numpy())


def _load_pyfunc(data_path: str) -> CascadeModel:
    """Load from the folder of weights; MLflow calls this by name."""
    return CascadeModel(sorted(Path(data_path).glob("*.safetensors")))


def log_cascade_model(
    tracker: Tracker,
    weights: Sequence[str | Path],
    system: str,
    folder: str | Path,
    example: np.ndarray,
    card: str,
    register: bool = True,
) -> None:
    """Write a cascade as an MLflow model and record it; with tracking off nothing is done.

    Parameters
    ----------
    tracker : the run that evaluated the cascade
    weights : files of the stages, in the cascade's order
    system : name of the system; the registered model is ``unsmear-{system}``
    folder : where the model is written, inside the run's folder; replaced if it is there
    example : (B, H, W, 3) uint8 RGB, a blurry input kept with the model; keep it small
    card : the model card, Markdown; see :func:`write_model_card`
    register : make it a version of the registered model
    """
    if isinstance(tracker, NullTracker):
        return
    folder = Path(folder)
    prepare_cascade_model(weights, folder, example, card)
    tracker.log_model(folder, name=f"unsmear-{system}", registered_name=f"unsmear-{system}" if register else None)


def prepare_cascade_model(weights: Sequence[str | Path], folder: Path, example: np.ndarray, card: str) -> None:
    """Write what a model is built from: weights, a copy of this package, example, requirements, card.

    This is the job's part and takes no mlflow, whose import alone costs seconds.
    """
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "weights").mkdir(parents=True)
    for index, path in enumerate(map(Path, weights), start=1):
        shutil.copyfile(path, folder / "weights" / f"{index:02d}_{path.parent.parent.name or 'stage'}.safetensors")
    package = Path(__file__).resolve().parents[1]
    shutil.copytree(package, folder / "code" / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    np.save(folder / "example.npy", example)
    (folder / "README.md").write_text(card, encoding="utf-8")
    requirements = [f"{name}=={version(name)}" for name in ("mlflow", *_REQUIREMENTS)]
    # Last: its presence says that the folder is whole.
    (folder / REQUIREMENTS_FILE).write_text("\n".join(requirements) + "\n", encoding="utf-8")


def build_cascade_model(folder: Path, target: Path) -> None:
    """Write the MLflow model ``target`` from what :func:`prepare_cascade_model` left in ``folder``."""
    import mlflow.pyfunc
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    pictures = TensorSpec(np.dtype(np.uint8), (-1, -1, -1, 3))
    frames = TensorSpec(np.dtype(np.uint8), (-1, -1, -1, -1, 3))
    mlflow.pyfunc.save_model(
        str(target),
        loader_module="unsmear.tracking.model",
        data_path=str(folder / "weights"),
        code_paths=[str(folder / "code" / "unsmear")],
        signature=ModelSignature(Schema([pictures]), Schema([frames])),
        pip_requirements=(folder / REQUIREMENTS_FILE).read_text(encoding="utf-8").split(),
        input_example=np.load(folder / "example.npy"),
    )
    for cache in sorted(target.rglob("__pycache__")):
        shutil.rmtree(cache, ignore_errors=True)
    shutil.copyfile(folder / "README.md", target / "README.md")


def write_model_card(
    system: str, data: Mapping[str, Any], metrics: Mapping[str, Any], limits: Sequence[str], usage: str | None = None
) -> str:
    """Model card in Markdown: what it is, which data, how good, where it ends.

    Parameters
    ----------
    system : name of the system
    data, metrics : tables of name and value
    limits : sentences
    usage : code that shows a call; None writes the usual one
    """
    usage = usage or (
        f'model = mlflow.pyfunc.load_model("models:/unsmear-{system}/latest")\n'
        "frames = model.predict(picture[None])[0]  # (H, W, 3) uint8 RGB -> (N, H, W, 3)"
    )
    lines = [f"# unsmear-{system}", "", "Sharp frames, in the order of time, from one motion-blurred picture.", ""]
    lines += ["```python", usage, "```", ""]
    for title, table in (("Data", data), ("Metrics", metrics)):
        lines += [f"## {title}", "", "| | |", "|---|---|"]
        lines += [
            f"| {name} | {f'{value:.4g}' if isinstance(value, float) else value} |" for name, value in table.items()
        ]
        lines += [""]
    lines += ["## Limits", "", *(f"- {limit}" for limit in limits)]
    return "\n".join(lines) + "\n"
