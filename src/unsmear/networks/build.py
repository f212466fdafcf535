"""From a network's configuration to the network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from torch import nn

from unsmear.networks.blocks import ResidualBlock, TwoPathBlock
from unsmear.networks.center import PublishedCenter
from unsmear.networks.config import NetworkConfig, check_network
from unsmear.networks.joint import GatedBlock, JointNetwork
from unsmear.networks.motion import MotionNetwork
from unsmear.networks.off_centre import PublishedPair

Frames = tuple[int, ...]
# Of one kind of block: widths and dilations of the published cascade make 16, for pictures of one size.
MAX_COMPILATIONS = 64


def find_references(predicts: Frames, conditions_on: Frames) -> Frames:
    """Number of the frame that each predicted frame corrects: the nearest one given, or 0, the blurry image."""
    return tuple(min(conditions_on, key=lambda given: abs(given - frame), default=0) for frame in predicts)


def _build_joint(config: Any, predicts: Frames, conditions_on: Frames) -> nn.Module:
    inputs = (0, *conditions_on)
    references = tuple(inputs.index(number) for number in find_references(predicts, conditions_on))
    network = MotionNetwork if config.kind == "motion" else JointNetwork
    return network(len(inputs), references, config)


NETWORKS: dict[str, Callable[[Any, Frames, Frames], nn.Module]] = {
    "joint": _build_joint,
    "motion": _build_joint,
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
    """Compile the blocks that a network repeats with torch.compile, at their first use.

    Blocks alike share one compilation, so this takes far less time than a whole network, and gives nearly
    all that can be gained: norms, activations and sums become one pass over memory.
    """
    for block in _repeated_blocks(network):
        block.compile(recompile_limit=MAX_COMPILATIONS)


def _repeated_blocks(network: nn.Module) -> Iterator[nn.Module]:
    return (module for module in network.modules() if isinstance(module, ResidualBlock | TwoPathBlock | GatedBlock))
