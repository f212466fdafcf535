"""Sharp frames from one motion-blurred picture.

The package knows nothing of the workflow: every function takes paths, arrays or
configuration objects and can be used from Python alone. ``unsmear.reconstruct`` turns
a photo into its frames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unsmear.photos.reconstruct import reconstruct as reconstruct
    from unsmear.photos.reconstruction import Reconstruction as Reconstruction
    from unsmear.photos.save import save_reconstruction as save_reconstruction

__version__ = "0.1.0"
__all__ = ["Reconstruction", "reconstruct", "save_reconstruction"]


def __getattr__(name: str) -> Any:
    """Imported at first use: commands of the workflow start without it."""
    from importlib import import_module

    if name in __all__:
        module = "save" if name == "save_reconstruction" else "reconstruct"
        return getattr(import_module(f"unsmear.photos.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
