"""A trained cascade as an MLflow model: blurry pictures in, the frames exposed in them out.

MLflow loads this module again from the copy of the package that it keeps with the weights (``loader_module``),
so nothing here imports mlflow on the way in.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unsmear.tracking.secrets import redact

if TYPE_CHECKING:
    from unsmear.tracking.run import Run

_REQUIREMENTS = ("mlflow", "numpy", "pydantic", "safetensors", "torch")


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


def log_cascade_model(run: Run, weights: Mapping[str, str | Path], system: str, example: np.ndarray, card: str) -> None:
    """Leave what a cascade's MLflow model is built of beside the journal, and record it.

    This is the job's part and takes no mlflow, whose import alone costs seconds.

    Parameters
    ----------
    run : the run that evaluated the cascade; nothing is done where none is recorded
    weights : stage -> its file, in the cascade's order
    system : name of the system; the model is ``unsmear-{system}``
    example : (B, H, W, 3) uint8 RGB, a blurry input kept with the model; keep it small
    card : the model card, Markdown
    """
    if not run.is_recorded:
        return
    folder = run.files / "model"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "weights").mkdir(parents=True)
    for place, (stage, path) in enumerate(weights.items(), start=1):
        shutil.copyfile(path, folder / "weights" / f"{place:02d}_{stage}.safetensors")
    package = Path(__file__).resolve().parents[1]
    left_out = shutil.ignore_patterns("__pycache__", "*.safetensors")  # the weights that the package comes with
    shutil.copytree(package, folder / "code" / package.name, ignore=left_out)
    np.save(folder / "example.npy", example)
    (folder / "README.md").write_text(redact(card), encoding="utf-8")
    requirements = "".join(f"{name}=={version(name)}\n" for name in _REQUIREMENTS)
    (folder / "requirements.txt").write_text(requirements, encoding="utf-8")
    run.log_model(folder, name=f"unsmear-{system}")
