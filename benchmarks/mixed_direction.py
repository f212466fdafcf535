"""Does time run the same way everywhere in a predicted picture?"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def mixed_direction(prediction: Tensor, truth: Tensor, window: int = 9) -> float:
    r"""Share of the evidence for a direction that speaks against the picture's own.

    At each place, :math:`e = \sum_{i, c} (p_i - x_{N+1-i})^2 - (p_i - x_i)^2`, averaged over a window, is above
    0 where the prediction is nearer to the truth and below where it is nearer to the reverse.

    .. math:: \sum_{e s < 0} |e| \, / \sum |e|, \quad s = \mathrm{sign} \sum e

    Parameters
    ----------
    prediction, truth : (N, 3, H, W), frames that mirror each other about the middle, in any one unit
    window : side of the square window, px, odd

    Returns
    -------
    0 where one direction holds everywhere, up to 0.5 where both hold equally often; 0 without any evidence.
    """
    predicted, wanted = prediction.double(), truth.double()
    difference = (predicted - wanted.flip(0)).square() - (predicted - wanted).square()
    evidence = functional.avg_pool2d(difference.sum(dim=(0, 1))[None, None], window, 1, window // 2)
    total = float(evidence.abs().sum())
    against = evidence * torch.sign(evidence.sum()) < 0
    return float(evidence[against].abs().sum()) / total if total else 0.0
