"""From a network's configuration to the network."""

from __future__ import annotations

from torch import nn

from unsmear.networks.config import NetworkConfig
from unsmear.networks.joint import JointNetwork

NETWORKS: dict[str, type[nn.Module]] = {"joint": JointNetwork}


def build_network(
    config: NetworkConfig, predicts: tuple[int, ...], conditions_on: tuple[int, ...]
) -> nn.Module:
    """Build the network of one stage with fresh weights.

    The network maps (B, 1 + len(conditions_on), 3, H, W), the blurry image first, to
    (B, len(predicts), 3, H, W), and tells in ``stride`` what the sides must divide by.
    Each predicted frame is a correction to the nearest frame conditioned on, or to the
    blurry image where there is none.
    """
    references = tuple(
        1 + min(range(len(conditions_on)), key=lambda i: abs(conditions_on[i] - frame))
        if conditions_on
        else 0
        for frame in predicts
    )
    return NETWORKS[config.kind](1 + len(conditions_on), references, config)
