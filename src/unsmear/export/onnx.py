"""A cascade as one ONNX file, for programs without torch."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from unsmear.cascade.cascade import Cascade
from unsmear.cascade.header import read_header
from unsmear.cascade.stage import Stage
from unsmear.files import write_atomically

# The first operator set with the sampling by which frames are moved (GridSample), and with layer norm, is 17.
OPSET = 20
INPUT, OUTPUT = "blurry", "frames"


class OnnxCascade(nn.Module):
    """A cascade whose padding is computed from the size of the picture, where torch's asks which way to pad.

    Raises
    ------
    ValueError
        If a network is one of the published ones, which pad by themselves.
    """

    def __init__(self, cascade: Cascade) -> None:
        super().__init__()
        self.stages, self.num_frames = cascade.stages, cascade.num_frames
        kinds = {stage.spec.network.kind for stage in self.stages}  # type: ignore[union-attr]
        if not kinds <= {"joint", "motion"}:
            raise ValueError(
                f"networks of the kinds {sorted(map(str, kinds))} are in these weights; ONNX files are made of joint "
                "and motion networks alone"
            )
        self.stride = max(int(stage.network.stride) for stage in self.stages)  # type: ignore[arg-type]

    def forward(self, blurry: Tensor) -> Tensor:
        """(B, 3, H, W) to (B, N, 3, H, W), as :meth:`Cascade.forward`."""
        frames: dict[int, Tensor] = {}
        for stage in self.stages:
            assert isinstance(stage, Stage)
            predicted = _predict(stage, blurry, frames)
            frames |= {frame: predicted[:, index] for index, frame in enumerate(stage.spec.predicts)}
        return torch.stack([frames[number] for number in range(1, self.num_frames + 1)], dim=1)


def _predict(stage: Stage, blurry: Tensor, frames: dict[int, Tensor]) -> Tensor:
    given = [stage.equalise(blurry), *(frames[frame] for frame in stage.spec.conditions_on)]
    height, width = blurry.shape[-2:]
    stride = int(stage.network.stride)  # type: ignore[arg-type]
    padded = torch.stack(given, dim=1)
    padded = padded.index_select(-2, _reflect(height, stride, blurry.device))
    padded = padded.index_select(-1, _reflect(width, stride, blurry.device))
    predicted: Tensor = stage.network(padded)[..., :height, :width]
    return predicted


def _reflect(size: int, stride: int, device: torch.device) -> Tensor:
    """Places along a side extended, by reflection, to a multiple of ``stride``."""
    places = torch.arange((size + stride - 1) // stride * stride, device=device)
    return size - 1 - (size - 1 - places).abs()


def export_onnx(weights: Sequence[str | Path], path: str | Path) -> Path:
    """Write the cascade of some weights files, whole pictures of any size at once, in float32.

    Parameters
    ----------
    weights : files in the order in which their stages run
    path : of the file; its input `blurry` (B, 3, H, W) and its output `frames` (B, N, 3, H, W) are RGB, encoded,
        full scale 1, not clipped; H and W at least the networks' stride, which the file's metadata tells

    Raises
    ------
    ValueError
        If the weights are no cascade, or of networks that are not served, or the packages are missing.
    """
    try:
        import onnx
        import onnxscript  # noqa: F401 - what torch exports with
    except ImportError:
        raise ValueError("packages for ONNX are missing; pip install -e '.[onnx]' in unsmear's clone") from None

    cascade = OnnxCascade(Cascade.load(weights))
    side = 3 * cascade.stride + 1
    sides = {2: torch.export.Dim("height", min=cascade.stride), 3: torch.export.Dim("width", min=cascade.stride)}
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            cascade,
            (torch.rand(2, 3, side, side + cascade.stride),),
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_shapes=({0: torch.export.Dim("batch"), **sides},),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    headers = [read_header(file) for file in weights]
    about = {"stride": cascade.stride, "num_frames": cascade.num_frames, "camera": headers[0]["camera"]}
    onnx.helper.set_model_props(model, {"unsmear": json.dumps(about, sort_keys=True)})
    onnx.checker.check_model(model)
    with write_atomically(path) as temporary:
        onnx.save(model, str(temporary))
    return Path(path)
