from collections.abc import Callable

import pytest
import torch

from unsmear.cascade.cascade import Cascade
from unsmear.cascade.spec import StageSpec
from unsmear.cascade.stage import Stage
from unsmear.kernels.build import find_compiler
from unsmear.networks.config import JointConfig, PublishedCenterConfig, PublishedPairConfig


@pytest.fixture(autouse=True)
def compiler() -> str:
    """Path of the C++ compiler; tests skip where there is none."""
    found = find_compiler()
    if found is None:
        pytest.skip("no C++ compiler; install g++ or set CXX")
    return found


SMALL_JOINT = JointConfig(width=16, patch=2, encoder_blocks=(1,), middle_blocks=0, decoder_blocks=(1,))


@pytest.fixture
def make_cascade() -> Callable[..., Cascade]:
    """Function from widths and family to a cascade of three frames."""
    return build_cascade


def build_cascade(width: int, colour_width: int, family: str = "published") -> Cascade:
    torch.manual_seed(0)
    center = PublishedCenterConfig(width=width, blocks=1, colour_width=colour_width)
    pair = PublishedPairConfig(width=width, blocks=1, colour_width=colour_width, sharing=False)
    joint = family == "joint"
    specs = (
        StageSpec(name="center", predicts=(2,), network=SMALL_JOINT if joint else center),
        StageSpec(name="pair", predicts=(1, 3), conditions_on=(2,), network=SMALL_JOINT if joint else pair),
    )
    return Cascade([Stage(spec) for spec in specs], 3).eval()
