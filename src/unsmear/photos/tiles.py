"""Any size of picture through a cascade: tiles whose margins make the seams vanish."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch

from unsmear.cascade.inference import CascadeInference
from unsmear.cascade.spec import find_predecessors
from unsmear.cascade.stage import Stage
from unsmear.heap import kept_by_process
from unsmear.networks.build import find_references
from unsmear.out_of_memory import is_out_of_memory
from unsmear.photos.bands import write_codes
from unsmear.photos.memory import bytes_per_pixel
from unsmear.photos.still import find_moved, keep_still
from unsmear.photos.tiling import Tile, plan_tiles

MARGIN = 176
# Side of a square of a tile's pixels; larger ones save margins, and little more.
PREFERRED = {"cpu": 2560, "cuda": 2048, "mps": 1024}
# Stages done, stages in all.
Progress = Callable[[int, int], None]


class TiledCascade:
    """A cascade that takes pictures of any size and gives the frames asked for.

    Parameters
    ----------
    inference : the cascade on its device
    frames : numbers of the frames, from 1; stages that none of them needs do not run
    is_mean : whether pictures are the mean of the frames, as a standard camera records them: then all frames agree
        where nothing moved
    """

    def __init__(self, inference: CascadeInference, frames: tuple[int, ...], is_mean: bool = False) -> None:
        self.inference = inference
        self.frames = frames
        self.keeps_still = is_mean and len(frames) == inference.num_frames
        stages: list[Stage] = list(inference.cascade.stages)  # type: ignore[arg-type]
        specs = tuple(stage.spec for stage in stages)
        asked = [spec.name for spec in specs if set(spec.predicts) & set(frames)]
        needed = {name for stage in asked for name in (stage, *find_predecessors(specs, stage))}
        self.stages = [stage for stage in stages if stage.spec.name in needed]
        self.unneeded = [f for spec in specs if spec.name not in needed for f in spec.predicts]
        self.step = math.lcm(*(int(stage.network.stride) for stage in self.stages))  # type: ignore[arg-type]
        self.seamless = all(stage.spec.network.kind in ("joint", "motion") for stage in self.stages)
        half = inference.dtype is not torch.float32
        self.bytes_per_pixel = bytes_per_pixel(self.stages, inference.kernels) * (0.75 if half else 1)

    @property
    def motion_patch(self) -> int | None:
        """Pixels a side of the picture to a displacement, where the networks move every other frame from the middle."""
        middle = (self.inference.num_frames + 1) // 2
        patches = []
        for stage in self.stages:
            spec = stage.spec
            if spec.predicts == (middle,):
                continue
            if not stage.predicts_motion or set(find_references(spec.predicts, spec.conditions_on)) != {middle}:
                return None
            patches.append(spec.network.patch)
        return patches[0] if len(set(patches)) == 1 else None

    @property
    def smallest(self) -> int:
        """Side of the smallest tile whose margin is whole."""
        return 2 * MARGIN + max(64, self.step)

    def choose_size(self, height: int, width: int, memory: float) -> int:
        """Side of a square of as many pixels as tiles have, for a bound on memory in bytes.

        Raises
        ------
        ValueError
            If not even the smallest tile fits.
        """
        fits = math.isqrt(int(max(0, memory) / self.bytes_per_pixel))
        whole = max(height, width)
        if not self.seamless and height * width <= fits**2:
            return whole
        size = min(fits, PREFERRED[self.inference.device.type], whole)
        if size < min(self.smallest, whole):
            raise ValueError(
                f"{height * width * self.bytes_per_pixel / 2**20:.0f} MiB are needed for the whole picture and "
                f"{self.smallest**2 * self.bytes_per_pixel / 2**20:.0f} MiB for its smallest tile, "
                f"but {max(0, memory) / 2**20:.0f} MiB are left; close other programs, raise --memory, or use --scale"
            )
        return size

    def __call__(
        self,
        pixels: np.ndarray,
        out: np.ndarray,
        size: int,
        progress: Progress | None = None,
        motion: np.ndarray | None = None,
    ) -> tuple[int, str | None]:
        """Predict frames of a picture.

        Parameters
        ----------
        pixels : (H, W, 3) uint8
        out : (N, H, W, 3) uint8, which takes the frames
        size : side of a square of as many pixels as tiles have; where memory runs out, it is halved
        progress : is told how many stages are done, and of how many
        motion : (N, 2, h, w) float16, a displacement for each :attr:`motion_patch`, which takes those of each frame's
            pixels to where they lie in the middle frame

        Returns
        -------
        the side in the end, and what to tell the person, if anything

        Raises
        ------
        ValueError
            If even the smallest tile does not fit into memory.
        """
        height, width = pixels.shape[:2]
        note = None
        while True:
            exhausted = False
            try:
                with kept_by_process():
                    self._run(pixels, out, plan_tiles(height, width, size, MARGIN, self.step), progress, motion)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                exhausted = True
            if not exhausted:
                return size, note
            # Here, as the error holds the tensors of the attempt.
            if self.inference.device.type == "cuda":
                torch.cuda.empty_cache()
            side = math.isqrt(min(size**2, height * width))
            if side <= self.smallest:
                raise ValueError(
                    f"not even tiles of {size} px fit into the memory of {self.inference.device.type}; "
                    "close other programs, or use --scale 0.5, --memory or --device cpu"
                )
            size = max(self.smallest, side // 2)
            note = f"memory ran out, so it was computed in tiles of {size} px"

    def _run(
        self,
        pixels: np.ndarray,
        out: np.ndarray,
        tiles: list[Tile],
        progress: Progress | None,
        motion: np.ndarray | None,
    ) -> None:
        done, total = 0, len(tiles) * len(self.stages)

        def count(*_: object) -> None:
            nonlocal done
            done += 1
            if progress:
                progress(done, total)

        hooks = [stage.register_forward_hook(count) for stage in self.stages]
        try:
            for tile in tiles:
                self._compute(tile, pixels, out, motion)
        finally:
            for hook in hooks:
                hook.remove()

    def _compute(self, tile: Tile, pixels: np.ndarray, out: np.ndarray, motion: np.ndarray | None) -> None:
        part = torch.from_numpy(np.array(pixels[tile.read]))
        blurry = part.to(self.inference.device).permute(2, 0, 1)[None].float() / 255
        frames, fields = self.inference.predict_frames(blurry, dict.fromkeys(self.unneeded, blurry))
        chosen, moved = [frames[frame] for frame in self.frames], None
        with torch.inference_mode():
            if self.keeps_still:
                moved = find_moved(blurry, chosen, len(chosen) // 2)
                keep_still(fields, moved)
                moved = moved[(0, ..., *tile.inside)]
            inside = [frame[(0, ..., *tile.inside)] for frame in chosen]
            write_codes(inside, moved, out[(slice(None), *tile.keep)])
        if motion is not None:
            self._keep_motion(fields, tile, motion)

    def _keep_motion(self, fields: dict[int, torch.Tensor], tile: Tile, motion: np.ndarray) -> None:
        patch = self.motion_patch
        assert patch is not None

        def coarse(sides: tuple[slice, slice]) -> tuple[slice, slice]:
            rows, columns = (slice(side.start // patch, -(-side.stop // patch)) for side in sides)
            return rows, columns

        inside, keep = coarse(tile.inside), coarse(tile.keep)
        for index, frame in enumerate(self.frames):
            if frame in fields:
                motion[(index, slice(None), *keep)] = fields[frame][(0, slice(None), *inside)].float().cpu().numpy()
