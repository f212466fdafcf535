"""The weights that come with the package."""

from __future__ import annotations

from pathlib import Path

CAMERAS = ("standard", "masked")


def shipped_file(camera: str, stage: str) -> Path:
    """Place of the weights of one stage, whether or not they are there."""
    return Path(__file__).parent / camera / f"{stage}.safetensors"


def shipped_weights(camera: str) -> list[Path]:
    """Weights files of a camera's cascade, in the order in which its stages run.

    Raises
    ------
    ValueError
        If none come with this installation.
    """
    from unsmear.cascade.order import order_weights

    folder = Path(__file__).parent / camera
    found = sorted(folder.glob("*.safetensors"))
    if not found:
        raise ValueError(f"{folder} holds no weights; install unsmear with them, or name weights of your own")
    return order_weights(found)
