"""The ``losses`` section: what losses need beside their weights, which are hyper-parameters. Read without torch."""

from __future__ import annotations

from pydantic import Field

from unsmear.section import Section


class PerceptualConfig(Section):
    """The VGG16 whose features the perceptual loss compares; used where a ``perceptual_weight`` is above 0."""

    weights: str = Field(
        "https://download.pytorch.org/models/vgg16-397923af.pth",
        min_length=1,
        description="path or URL of torchvision's vgg16 weights (528 MiB), fetched once",
    )
    sha256: str = Field(
        "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
        pattern=r"^[0-9a-f]{64}$",
        description="SHA-256 of that file, 64 lower-case hexadecimal digits",
    )
    imagenet_norm: bool = Field(
        True,
        description="normalise colours as VGG16 was trained; false feeds full scale 1 as it is, as the original work",
    )


class LossesConfig(Section):
    """Losses that need files."""

    perceptual: PerceptualConfig = Field(default_factory=PerceptualConfig, description="the perceptual loss")
