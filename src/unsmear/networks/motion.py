"""A network that predicts how the picture moves, and moves the frames that it is given.

A sharp frame shortly before or after another one is, but for what was hidden, that frame moved.
The trunk is that of :class:`~unsmear.networks.joint.JointNetwork`; its last layer gives, for each
predicted frame, a displacement field and a correction of what moving cannot give.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from unsmear.motion.warp import resize_motion, warp_frames
from unsmear.networks.config import MotionConfig
from unsmear.networks.joint import JointNetwork

# Pixels that a unit of the last layer's output stands for: displacements then need no large weights.
PIXELS = 8.0


class MotionNetwork(JointNetwork):
    """Predict frames as moved and corrected reference pictures.

    Parameters
    ----------
    num_inputs : pictures that are stacked: the blurry image and the frames conditioned on
    references : for each predicted frame, the index of the input that is moved
    config : size
    """

    def __init__(self, num_inputs: int, references: tuple[int, ...], config: MotionConfig) -> None:
        super().__init__(num_inputs, references, config)
        self.head = nn.Conv2d(config.width, len(references) * (2 + 3 * config.patch**2), 3, padding=1)
        nn.init.normal_(self.head.weight, std=1e-3)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]

    def forward(self, pictures: Tensor) -> Tensor:
        """Predict frames, (B, num_inputs, 3, H, W) to (B, len(references), 3, H, W)."""
        return self.predict_motion(pictures)[0]

    def predict_motion(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Predict frames and motion.

        Parameters
        ----------
        pictures : (B, num_inputs, 3, H, W), full scale 1; H and W multiples of :attr:`stride`

        Returns
        -------
        frames : (B, K, 3, H, W), K = len(references)
        motion : (B, K, 2, H / patch, W / patch); for the pixels of each predicted frame, the displacement (x, y)
            to where they lie in its reference, pixels of the full picture
        """
        maps = self.head(self.features(pictures))
        count = len(self.references)
        return self.move(pictures, maps), PIXELS * maps[:, : 2 * count].unflatten(1, (count, 2))

    def move(self, pictures: Tensor, maps: Tensor) -> Tensor:
        """Move and correct the reference pictures.

        Parameters
        ----------
        pictures : (B, num_inputs, 3, H, W)
        maps : (B, K (2 + 3 patch^2), H / patch, W / patch), what the last layer gives

        Returns
        -------
        (B, K, 3, H, W)
        """
        count, (height, width) = len(self.references), pictures.shape[-2:]
        motion, correction = maps.split((2 * count, 3 * count * self.patch**2), dim=1)
        # Autocast's bfloat16 knows whole pixels alone from the 128th on.
        exact = torch.promote_types(motion.dtype, torch.float32)
        fine = resize_motion(PIXELS * motion.to(exact).unflatten(1, (count, 2)), height, width)
        given = self.given(pictures).to(exact)
        moved = warp_frames(given.flatten(0, 1), fine.flatten(0, 1)).unflatten(0, given.shape[:2])
        return moved + functional.pixel_shuffle(correction, self.patch).unflatten(1, (count, 3))
