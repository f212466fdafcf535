"""Videos that browsers play: labelled pictures side by side, forward in time, over and over."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import numpy as np

from unsmear.files import write_atomically
from unsmear.photos.video import share_palette, write_h264
from unsmear.report.config import ReportConfig

GAP = 8
BACKGROUND = 24
# Frames for which a loop rests on its last picture, so that the jump back is seen as one.
REST = 3


def enlarge(frames: np.ndarray, height: int) -> np.ndarray:
    """Repeat pixels of (N, H, W, 3) so that pictures come near ``height`` px; large ones stay."""
    factor = max(1, round(height / frames.shape[1]))
    return frames.repeat(factor, axis=1).repeat(factor, axis=2)


def side_by_side(columns: Mapping[str, np.ndarray], height: int) -> np.ndarray:
    """Join sequences into one, each under its label, with even sides.

    Parameters
    ----------
    columns : label -> (N, H, W, 3) uint8, all of one shape
    height : small pictures are enlarged to about this height, px

    Returns
    -------
    (N, H', W', 3) uint8, H' and W' even
    """
    enlarged = {label: enlarge(frames, height) for label, frames in columns.items()}
    num_frames, rows, width, _ = next(iter(enlarged.values())).shape
    bar = label_height(rows)
    total = len(enlarged) * width + (len(enlarged) - 1) * GAP
    canvas = np.full((num_frames, rows + bar + rows % 2, total + total % 2, 3), BACKGROUND, np.uint8)
    for index, (label, frames) in enumerate(enlarged.items()):
        left = index * (width + GAP)
        canvas[:, bar : bar + rows, left : left + width] = frames
        canvas[:, :bar, left : left + width] = _draw_label(label, bar, width)
    return canvas


def label_height(rows: int) -> int:
    """Height of the bar above pictures of ``rows`` px, even."""
    return 2 * max(12, rows // 20)


def _draw_label(text: str, height: int, width: int) -> np.ndarray:
    from matplotlib import get_data_path
    from PIL import Image, ImageDraw, ImageFont

    path = Path(get_data_path()) / "fonts/ttf/DejaVuSans.ttf"
    size = int(height * 0.58)
    image = Image.new("RGB", (width, height), (BACKGROUND,) * 3)
    draw = ImageDraw.Draw(image)
    while (font := ImageFont.truetype(str(path), size)).getlength(text) > width - 8 and size > 7:
        size -= 1
    draw.text((4, height // 2), text, fill=(236, 239, 243), font=font, anchor="lm")
    return np.asarray(image)


def write_mp4(frames: np.ndarray, output: str | Path, config: ReportConfig) -> None:
    """Write (N, H, W, 3) uint8 with even sides as H.264, repeated, with its index in front.

    What browsers play: see :func:`unsmear.photos.video.write_h264`.
    """
    order = [*range(len(frames)), *([len(frames) - 1] * REST)] * config.video_loops
    write_h264((frames[index] for index in order), output, Fraction(config.video_rate).limit_denominator(1000))


def write_gif(frames: np.ndarray, output: str | Path, config: ReportConfig, max_width: int = 960) -> None:
    """Write (N, H, W, 3) uint8 as a GIF that plays for ever, at most ``max_width`` px wide."""
    from PIL import Image

    images = [Image.fromarray(frame) for frame in frames]
    if images[0].width > max_width:
        height = round(images[0].height * max_width / images[0].width)
        images = [image.resize((max_width, height), Image.Resampling.LANCZOS) for image in images]
    images = share_palette(images)
    tick = round(1000 / config.video_rate)
    durations = [tick] * (len(images) - 1) + [tick * (1 + REST)]
    with write_atomically(output) as temporary:
        images[0].save(temporary, save_all=True, append_images=images[1:], duration=durations, loop=0, disposal=1)
