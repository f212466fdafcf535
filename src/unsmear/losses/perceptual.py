"""Distance of pictures in the features of VGG16."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from unsmear.fetch import obtain_file
from unsmear.files import write_atomically
from unsmear.losses.config import PerceptualConfig
from unsmear.networks.weights_file import read_legacy

# Place in torchvision's `features`, and channels, of each convolution up to relu3_3.
_CONVOLUTIONS = {0: (3, 64), 2: (64, 64), 5: (64, 128), 7: (128, 128), 10: (128, 256), 12: (256, 256), 14: (256, 256)}
_POOLS = (4, 9)
_RELU2_2, _RELU3_3 = 8, 15
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_SMALLEST_SIDE = 4


class PerceptualLoss(nn.Module):
    r"""Mean squared difference at relu2_2 plus that at relu3_3 of VGG16.

    .. math:: \sum_{l \in \{2\_2, 3\_3\}} \mathrm{mean}\,(f_l(\hat x) - f_l(x))^2

    Parameters
    ----------
    imagenet_norm : subtract the mean and divide by the deviation of VGG16's training pictures

    Source: Johnson et al. 2016; the layers as in Jin, Meishvili, Favaro, CVPR 2018.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, imagenet_norm: bool = True) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for place in range(_RELU3_3 + 1):
            if place in _CONVOLUTIONS:
                layers.append(nn.Conv2d(*_CONVOLUTIONS[place], 3, padding=1))
            else:
                layers.append(nn.MaxPool2d(2) if place in _POOLS else nn.ReLU())
        self.features = nn.Sequential(*layers)
        self.requires_grad_(False)
        mean, deviation = (_MEAN, _DEVIATION) if imagenet_norm else ((0.0,) * 3, (1.0,) * 3)
        self.register_buffer("mean", torch.tensor(mean).reshape(3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(deviation).reshape(3, 1, 1), persistent=False)

    def look(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Features at relu2_2 (B, 128, H/2, W/2) and relu3_3 (B, 256, H/4, W/4) of (B, 3, H, W), full scale 1."""
        x = (pictures - self.mean) / self.deviation
        middle = self.features[: _RELU2_2 + 1](x)
        return middle, self.features[_RELU2_2 + 1 :](middle)

    def forward(self, predicted: Tensor, truth: Tensor) -> Tensor:
        """Distance of each sample.

        Parameters
        ----------
        predicted, truth : (B, K, 3, H, W), full scale 1, sides of 4 pixels and more

        Returns
        -------
        (B,), mean over the frames

        Raises
        ------
        ValueError
            If a picture is smaller than the features allow.
        """
        if min(predicted.shape[-2:]) < _SMALLEST_SIDE:
            raise ValueError(
                f"pictures of {predicted.shape[-1]} x {predicted.shape[-2]} pixels are too small for the perceptual "
                f"loss; take sides of {_SMALLEST_SIDE} and more"
            )
        samples = len(predicted)
        with torch.no_grad():
            wanted = self.look(truth.flatten(0, 1))
        found = self.look(predicted.flatten(0, 1))
        distances = [(a - b).square().reshape(samples, -1).mean(dim=1) for a, b in zip(found, wanted, strict=True)]
        return distances[0] + distances[1]


def pick_features(state: Any, name: str) -> Mapping[str, Tensor]:
    """The entries of torchvision's ``vgg16`` weights that the loss uses.

    Raises
    ------
    ValueError
        If an entry is missing; ``name`` names the file.
    """
    wanted = {f"features.{place}.{kind}" for place in _CONVOLUTIONS for kind in ("weight", "bias")}
    missing = sorted(wanted - set(state)) if isinstance(state, dict) else sorted(wanted)
    if missing:
        raise ValueError(f"{name} has no {', '.join(missing)}; configure torchvision's vgg16 weights")
    return {key: state[key] for key in wanted}


def fetch_features(config: PerceptualConfig, output: str | Path) -> None:
    """Write the layers of VGG16 that the loss uses (6.6 MiB), from the configured file.

    Raises
    ------
    ValueError
        If the file is not there, has another SHA-256, or holds other weights.
    """
    loss = PerceptualLoss()
    try:
        loss.load_state_dict(pick_features(read_legacy(obtain_file(config.weights, config.sha256)), config.weights))
    except RuntimeError as error:
        raise ValueError(f"{config.weights} does not hold VGG16's weights: {error}") from None
    with write_atomically(output) as temporary:
        save_file(loss.state_dict(), temporary)


def load_perceptual(path: str | Path, imagenet_norm: bool = True) -> PerceptualLoss:
    """Build the loss with the layers that :func:`fetch_features` wrote.

    Raises
    ------
    ValueError
        If the file is torn.
    """
    loss = PerceptualLoss(imagenet_norm)
    try:
        loss.load_state_dict(load_file(path))
    except (OSError, RuntimeError, SafetensorError) as error:
        raise ValueError(f"{path} cannot be read as VGG16's layers ({error}); delete it and run again") from None
    return loss.eval()
