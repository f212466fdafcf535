"""One blurry picture in, the frames that were exposed in it out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from unsmear.files import write_atomically

if TYPE_CHECKING:
    from unsmear.evaluation.config import EvaluationConfig

MAX_BYTES = 512 * 2**20


def reconstruct(
    picture: str | Path,
    weights: Sequence[str | Path],
    output: str | Path,
    inference: EvaluationConfig | None = None,
) -> list[Path]:
    """Write the frames of a blurry picture as PNGs and as a video.

    Parameters
    ----------
    picture : 8-bit picture in a format that OpenCV reads
    weights : ``weights.safetensors`` of each stage, or the folder of a system
    output : folder for ``frame_1.png`` ... and ``frames.mp4``
    inference : device, precision, memory order, compilation and tiles

    Returns
    -------
    the files written

    Raises
    ------
    ValueError
        If the picture or the weights cannot be read, or the weights do not make up a cascade.
    """
    import cv2

    from unsmear.evaluation.predict import Predictor
    from unsmear.report.config import ReportConfig
    from unsmear.report.videos import enlarge, write_mp4

    blurry = read_picture(picture)
    predictor = Predictor(find_weights(weights), inference)
    frames = predictor(blurry[None])[0].permute(0, 2, 3, 1).cpu().numpy()
    output, written = Path(output), []
    for number, frame in enumerate(frames, start=1):
        path = output / f"frame_{number}.png"
        with write_atomically(path) as temporary:
            if not cv2.imwrite(str(temporary), frame[..., ::-1]):
                raise ValueError(f"{path} cannot be written")
        written.append(path)
    config = ReportConfig()
    video = enlarge(frames, config.video_height) if frames.shape[1] < config.video_height else frames
    even = video[:, : video.shape[1] // 2 * 2, : video.shape[2] // 2 * 2]
    write_mp4(even, output / "frames.mp4", config)
    return [*written, output / "frames.mp4"]


def read_picture(path: str | Path) -> np.ndarray:
    """Read a picture as (H, W, 3) uint8 RGB, turned as its camera noted.

    Raises
    ------
    ValueError
        If it is missing, too large or no picture.
    """
    import cv2

    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path} does not exist; name a picture file")
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"{path} has {path.stat().st_size} bytes; at most {MAX_BYTES} are read")
    image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR_RGB) if path.stat().st_size else None
    if image is None:
        raise ValueError(f"{path} is not a picture that OpenCV can read; convert it to PNG")
    return np.asarray(image)


def find_weights(paths: Sequence[str | Path]) -> list[Path]:
    """Weights of the stages in the order in which they run.

    A folder stands for the ``{stage}/final/weights.safetensors`` below it.

    Raises
    ------
    ValueError
        If a folder holds no weights, or no order of the stages works.
    """
    from unsmear.cascade.checkpoint import read_header

    found: list[Path] = []
    for path in map(Path, paths):
        inside = sorted(path.glob("*/final/weights.safetensors")) if path.is_dir() else [path]
        if not inside:
            raise ValueError(f"{path} holds no */final/weights.safetensors; name a system's folder or weights files")
        found += [path for path in inside if path not in found]
    specs = {path: read_header(path)["spec"] for path in found}
    ordered: list[Path] = []
    known: set[int] = set()
    while len(ordered) < len(found):
        ready = [p for p in found if p not in ordered and set(specs[p]["conditions_on"]) <= known]
        if not ready:
            missing = sorted({f for p in found if p not in ordered for f in specs[p]["conditions_on"]} - known)
            raise ValueError(f"no stage among {[str(p) for p in found]} predicts frame {missing[0]}")
        ordered.append(ready[0])
        known |= set(specs[ready[0]]["predicts"])
    return ordered
