"""Camera response: from encoded values to linear light and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from unsmear.optics.config import CalibratedResponse, CameraConfig, GammaResponse


@dataclass(frozen=True)
class Response:
    """How a camera encodes linear light; full scale is 1 on both sides.

    Parameters
    ----------
    kind : identity, gamma, srgb or calibrated
    gamma : exponent from encoded to linear, for ``gamma``
    table : (256, 3) linear value of each code, rising, 1 at code 255; for ``calibrated``
    """

    kind: str = "identity"
    gamma: float = 2.2
    table: np.ndarray | None = None

    def linear_of_codes(self) -> np.ndarray:
        """(256, 3) float64 linear value of each of the 256 codes, columns red, green, blue."""
        if self.table is not None:
            return self.table
        encoded = np.arange(256) / 255
        if self.kind == "identity":
            linear = encoded
        elif self.kind == "gamma":
            linear = encoded**self.gamma
        else:
            linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
        return np.repeat(linear[:, None], 3, axis=1)

    def linearize(self, codes: np.ndarray) -> np.ndarray:
        """Linear light of 8-bit codes, (..., 3) uint8 to float32."""
        table = None if self.kind == "identity" else self.linear_of_codes().astype(np.float32)
        return light_of_codes(codes.reshape(1, -1, 3), table).reshape(codes.shape)

    def encode(self, linear: np.ndarray) -> np.ndarray:
        """Encoded values of linear light.

        Parameters
        ----------
        linear : (..., 3) real; values outside the range of the response are clamped to it

        Returns
        -------
        (..., 3) of the same type, in [0, 1]
        """
        if self.kind == "identity":
            return np.clip(linear, 0, 1)
        if self.kind == "gamma":
            return np.clip(linear, 0, 1) ** np.asarray(1 / self.gamma, linear.dtype)
        if self.kind == "srgb":
            linear = np.clip(linear, 0, 1)
            bent = 1.055 * linear ** np.asarray(1 / 2.4, linear.dtype) - 0.055
            return np.where(linear <= 0.04045 / 12.92, linear * 12.92, bent).astype(linear.dtype)
        table, encoded = self.linear_of_codes(), np.arange(256) / 255
        result = np.empty_like(linear)
        for channel in range(3):
            result[..., channel] = np.interp(linear[..., channel], table[:, channel], encoded)
        return result

    def to_json(self) -> dict[str, Any]:
        """Everything that rebuilds the response, files included as numbers."""
        if self.table is not None:
            return {"kind": self.kind, "table": self.table.tolist()}
        return {"kind": self.kind, "gamma": self.gamma} if self.kind == "gamma" else {"kind": self.kind}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Response:
        """Rebuild what :meth:`to_json` gave."""
        table = np.array(value["table"]) if "table" in value else None
        return cls(value["kind"], value.get("gamma", 2.2), table)


def response_of(config: CameraConfig) -> Response:
    """Response that a camera's configuration names; reads the file of a calibrated one."""
    if isinstance(config.response, CalibratedResponse):
        return load_calibrated(config.response.calibrated)
    if isinstance(config.response, GammaResponse):
        return Response("gamma", config.response.gamma)
    return Response(config.response)


def equalised_codes(energy: Sequence[float] | np.ndarray, response: Response | None = None) -> np.ndarray:
    r"""Each of the 256 codes with the light restored that the camera's PSFs lose.

    .. math:: k'_c = 255 \, g\left(g^{-1}(k / 255) / e_c\right)

    Light is lost before it is encoded, so it is divided in linear light.

    Parameters
    ----------
    energy : (3,), sum of the PSF of each colour, averaged over frames, above 0; ones change nothing
    response : g, the camera's; None is the identity

    Returns
    -------
    (256, 3) float64, in codes, not rounded. Those of a response end at full scale; those of the identity,
    k / e, go on beyond it.

    Raises
    ------
    ValueError
        If the energies are not three numbers above 0.
    """
    energy = np.asarray(energy, dtype=np.float64)
    if energy.shape != (3,) or not (energy > 0).all():
        raise ValueError(f"the PSFs' energies must be three numbers above 0, found {energy.tolist()}")
    codes = np.arange(256, dtype=np.uint8)[:, None].repeat(3, axis=1)
    if response is None or response.kind == "identity":
        return codes / energy
    return 255 * response.encode(response.linearize(codes).astype(np.float64) / energy)


def light_of_codes(codes: np.ndarray, table: np.ndarray | None, out: np.ndarray | None = None) -> np.ndarray:
    """Linear light of 8-bit codes by table; light itself (real numbers) passes unchanged.

    Parameters
    ----------
    codes : (H, W, 3) or one plane (H, W), uint8
    table : (256, 3) or for a plane (256,), float32 or float64; None for code / 255
    out : of the shape of ``codes`` and the type of ``table``, to write into instead of fresh memory

    Returns
    -------
    of the same shape, of the type of ``out`` or ``table`` (float32 without them)
    """
    if codes.dtype != np.uint8:
        if out is None:
            return codes
        np.copyto(out, codes)
        return out
    if table is None:
        return np.multiply(codes, np.float32(1 / 255), out=out)
    curve = np.ascontiguousarray(table if codes.ndim == 2 else table[None])
    return np.asarray(cv2.LUT(codes, curve, dst=out))


def load_calibrated(path: str | Path) -> Response:
    """Read a measured inverse response and mend its known faults.

    Above code 250 the measured curve runs away and is continued as a straight line; where one code is
    no brighter than the one before it, it is put half-way between its neighbours. Each colour is then
    divided by its value at code 255.

    Parameters
    ----------
    path : ``.npy`` (256, 1, 3) or (256, 3), linear value of each code, colours in the order blue, green, red

    Raises
    ------
    ValueError
        If the file is missing or unreadable, its shape differs, or the mended curve does not rise.

    Source: the response that the REDS data set was rendered with (Nah et al., NTIRE 2019).
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"response file {path} does not exist; give the path of a .npy file")
    try:
        curve = np.load(path, allow_pickle=False)
    except Exception as error:
        raise ValueError(f"cannot read response file {path}: {error}; write the file again") from error
    if curve.shape not in ((256, 1, 3), (256, 3)) or not np.issubdtype(curve.dtype, np.number):
        raise ValueError(f"response file {path} holds {curve.dtype} {curve.shape}; expected (256, 1, 3) numbers")
    table = curve.reshape(256, 3)[:, ::-1].astype(np.float64)
    if not np.isfinite(table).all() or table.min() < 0:
        raise ValueError(f"response file {path} has values that are negative or not finite; measure it again")
    slope = (table[251] - table[249]) / 2
    for code in range(251, 256):
        table[code] = table[code - 1] + slope
    for channel in range(3):
        for code in (np.flatnonzero(np.diff(table[:, channel]) <= 0) + 1).tolist():
            if code < 255:
                table[code, channel] = (table[code - 1, channel] + table[code + 1, channel]) / 2
    if (np.diff(table, axis=0) <= 0).any():
        code, channel = np.argwhere(np.diff(table, axis=0) <= 0)[0]
        raise ValueError(
            f"response file {path} does not rise from code {code} to {code + 1} in channel {channel} of RGB; "
            "smooth the curve"
        )
    return Response("calibrated", table=table / table[255])
