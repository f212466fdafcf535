"""From a network's configuration to the network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from torch import nn

from unsmear.networks.blocks import ResidualBlock, TwoPathBlock
from unsmear.networks.center import PublishedCenter
from unsmear.networks.config import NetworkConfig, check_network
from unsmear.networks.joint import GatedBlock, JointNetwork
from unsmear.networks.off_centre import PublishedPair

Frames = tuple[int, ...]
# Of one kind of block: widths and dilations of the published cascade make 16, for pictures of one size.
MOST_TRANSLATIONS = 64


def _build_joint(config: Any, predicts: Frames, conditions_on: Frames) -> nn.Module:
    """Each predicted frame corrects the nearest frame given, or the blurry image where there is none."""
    references = tuple(
        1 + min(range(len(conditions_on)), key=lambda i: abs(conditions_on[i] - frame)) if conditions_on else 0
        for frame in predicts
    )
    return JointNetwork(1 + len(conditions_on), references, config)


NETWORKS: dict[str, Callable[[Any, Frames, Frames], nn.Module]] = {
    "joint": _build_joint,
    "published_center": lambda config, predicts, conditions_on: PublishedCenter(config),
    "published_pair": lambda config, predicts, conditions_on: PublishedPair(predicts, conditions_on, config),
}


def build_network(config: NetworkConfig, predicts: Frames, conditions_on: Frames) -> nn.Module:
    """Build the network of one stage with fresh weights.

    The network maps (B, 1 + len(conditions_on), 3, H, W), the blurry image first, to
    (B, len(predicts), 3, H, W), and tells in ``stride`` what the sides must divide by.

    Raises
    ------
    ValueError
        If a network of this family cannot predict these frames from those.
    """
    check_network(config, predicts, conditions_on)
    return NETWORKS[config.kind](config, predicts, conditions_on)


def compile_blocks(network: nn.Module) -> None:
    """Translate the blocks that a network repeats with torch.compile, at their first use.

    Blocks alike share one translation, so this takes far less time than a whole network, and gives nearly
    all that can be gained: norms, activations and sums become one pass over memory.
    """
    for block in _repeated_blocks(network):
        block.compile(recompile_limit=MOST_TRANSLATIONS)


def _repeated_blocks(network: nn.Module) -> Iterator[nn.Module]:
    return (module for module in network.modules() if isinstance(module, ResidualBlock | TwoPathBlock | GatedBlock))
