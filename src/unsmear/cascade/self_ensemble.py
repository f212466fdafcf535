"""Geometric self-ensemble: the mean of what a network makes of a picture and of its mirrored and turned views."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from torch import Tensor

View = frozenset[str]
MIRRORS = {"mirror_x": -1, "mirror_y": -2}
SYMMETRIES = frozenset({*MIRRORS, "transpose"})
# Views that differ most come first: the half turn, then both mirrors, then the same four of the transposed picture.
VIEWS = tuple(
    View(mirrors) | transposed
    for transposed in (View(), View({"transpose"}))
    for mirrors in ((), ("mirror_x", "mirror_y"), ("mirror_x",), ("mirror_y",))
)


def choose_views(number: int, symmetries: Collection[str] = SYMMETRIES) -> tuple[View, ...]:
    """The first ``number`` views, the picture itself first, under which the camera's PSFs look the same.

    Parameters
    ----------
    number : 1 to 8; fewer come out where the camera has fewer
    symmetries : of the camera, among mirror_x, mirror_y and transpose
    """
    return tuple(view for view in VIEWS if view <= frozenset(symmetries))[:number]


def mean_over_views(network: Callable[[Tensor], Tensor], pictures: Tensor, views: Sequence[View]) -> Tensor:
    """Mean of a network's predictions, each turned back; one view after another, so memory hardly grows.

    It holds for frames that have no direction of time, as the middle one: views of the others might be told in
    either order.

    Parameters
    ----------
    network : maps (B, T, 3, H, W) to (B, K, 3, H, W)
    pictures : (B, T, 3, H, W)
    views : at least one

    Returns
    -------
    (B, K, 3, H, W)

    References
    ----------
    Timofte et al. 2016, "Seven ways to improve example-based single image super resolution"
    """
    total = _turn_back(network(_turn(pictures, views[0])), views[0])
    for view in views[1:]:
        total = total + _turn_back(network(_turn(pictures, view)), view)
    return total / len(views)


def _turn(pictures: Tensor, view: View) -> Tensor:
    mirrored = pictures.flip([axis for name, axis in MIRRORS.items() if name in view])
    return mirrored.transpose(-1, -2) if "transpose" in view else mirrored


def _turn_back(pictures: Tensor, view: View) -> Tensor:
    upright = pictures.transpose(-1, -2) if "transpose" in view else pictures
    return upright.flip([axis for name, axis in MIRRORS.items() if name in view])
