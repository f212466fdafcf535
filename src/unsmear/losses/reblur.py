"""Whether predicted frames, exposed again by their camera, give the blurry image."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn


class ReblurLoss(nn.Module):
    r"""Mean absolute difference between the exposure of the frames and the blurry image.

    .. math:: \mathrm{mean} \left| \sum_i w_i \, x_i * m_i - y \right|

    It needs no truth. Only pixels that no PSF reaches from beyond the border count.

    Parameters
    ----------
    psfs : (N, K, K, 3) of the frames, K odd
    weights : (N,) of the frames, sum 1
    """

    kernels: Tensor

    def __init__(self, psfs: np.ndarray, weights: np.ndarray) -> None:
        super().__init__()
        margin = psfs.shape[1] // 2
        while margin and not _reaches(psfs, margin):
            margin -= 1
        centre = psfs.shape[1] // 2
        inner = psfs[:, centre - margin : centre + margin + 1, centre - margin : centre + margin + 1]
        kernels = np.moveaxis(inner * weights[:, None, None, None], -1, 1)
        self.register_buffer("kernels", torch.from_numpy(kernels.astype(np.float32)), persistent=False)
        self.margin = margin

    def forward(self, frames: Tensor, blurry: Tensor) -> Tensor:
        """Distance of each sample.

        Parameters
        ----------
        frames : (B, N, 3, H, W), full scale 1
        blurry : (B, 3, H, W), as the camera recorded it

        Returns
        -------
        (B,)

        Raises
        ------
        ValueError
            If the PSFs reach over the whole picture.
        """
        height, width = frames.shape[-2:]
        margin = self.margin
        if min(height, width) <= 2 * margin:
            raise ValueError(
                f"pictures of {width} x {height} are too small for PSFs of {2 * margin + 1} pixels; raise crop, "
                "or set reblur_weight to 0"
            )
        if margin == 0:
            exposed = (frames * self.kernels).sum(dim=1)
        else:
            kernels = torch.zeros(*self.kernels.shape[:2], height, width, device=frames.device)
            kernels[..., : 2 * margin + 1, : 2 * margin + 1] = self.kernels
            transfer = torch.fft.rfft2(kernels.roll((-margin, -margin), dims=(-2, -1)))
            exposed = torch.fft.irfft2((torch.fft.rfft2(frames.float()) * transfer).sum(dim=1), s=(height, width))
        error = (exposed - blurry).abs()[..., margin : height - margin, margin : width - margin]
        return error.flatten(1).mean(dim=1)


def _reaches(psfs: np.ndarray, margin: int) -> bool:
    """Whether any light lies on the square ring ``margin`` pixels from the centre."""
    centre = psfs.shape[1] // 2
    size = 2 * margin + 1
    square = psfs[:, centre - margin : centre + margin + 1, centre - margin : centre + margin + 1]
    ring = np.ones((size, size), bool)
    ring[1:-1, 1:-1] = False
    return bool(np.abs(square[:, ring]).max() > 0)
