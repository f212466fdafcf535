"""Speed and cost of inference: the published cascade against one colour at a time, and its options.

Run as ``python benchmarks/inference.py``; ``--cost`` prints parameters and multiply-adds alone. Ends
with 1 where a limit is missed; that of speed holds at every size.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from unsmear.cascade.cascade import Cascade
from unsmear.cascade.config import InferenceConfig
from unsmear.cascade.inference import CascadeInference
from unsmear.cascade.jin2018 import published_stages
from unsmear.cascade.spec import StageSpec
from unsmear.cascade.stage import Stage
from unsmear.networks.config import JointConfig
from unsmear.networks.padding import pad_to_multiple

JOINT = JointConfig(width=64, patch=2, encoder_blocks=(4, 6, 8), middle_blocks=8, decoder_blocks=(4, 4, 4))
LEAST_SPEEDUP = 2.5
LARGEST_DIFFERENCE = 1e-4
LARGEST_SHARE = 0.5
HEIGHT, WIDTH = 720, 1280


def walk_trunk(plane: Tensor, trunk: nn.Module, entered: Tensor, skip: Tensor, patch: int) -> Tensor:
    """One colour through a trunk, written down as the paper draws it."""
    total = skip
    x = entered
    for group, fuse in zip(trunk.groups, trunk.fuses, strict=True):  # type: ignore[arg-type]
        for block in group:
            near = block.point(functional.relu(norm(x, block.norm_point)))
            wide = block.first(functional.relu(norm(x, block.norm_first)))
            x = x + near + block.second(functional.relu(norm(wide, block.norm_second)))
        near = fuse.point(functional.relu(norm(x, fuse.norm_point)))
        total = total + near + fuse.first(functional.relu(norm(x, fuse.norm_first)))
    return functional.pixel_shuffle(total, patch)[..., : plane.shape[-2], : plane.shape[-1]]


def norm(x: Tensor, layer: nn.Module) -> Tensor:
    """Instance norm by torch's own function."""
    return functional.instance_norm(x, weight=layer.weight, bias=layer.bias)  # type: ignore[arg-type]


def naive_center(network: nn.Module, blurry: Tensor) -> Tensor:
    """The middle frame, colour after colour."""
    padded = pad_to_multiple(blurry[:, None], 4)[:, 0]
    planes = []
    for colour in range(3):
        plane = padded[:, colour : colour + 1]
        folded = functional.pixel_unshuffle(plane, 4)
        planes.append(walk_trunk(plane, network.trunk, network.enter(folded), folded, 4))
    return (network.head(torch.cat(planes, dim=1)) + padded)[..., : blurry.shape[-2], : blurry.shape[-1]]


def naive_beside(network: nn.Module, *pictures: Tensor) -> Tensor:
    """A frame beside the middle from the blurry image and two references, colour after colour."""
    height, width = pictures[0].shape[-2:]
    padded = [pad_to_multiple(picture[:, None], 5)[:, 0] for picture in pictures]
    planes = []
    for colour in range(3):
        folded = [functional.pixel_unshuffle(picture[:, colour : colour + 1], 5) for picture in padded]
        entries = (network.enter_blurry, network.enter_first, network.enter_second)
        entered = torch.cat([enter(x) for enter, x in zip(entries, folded, strict=True)], dim=1)
        planes.append(walk_trunk(padded[0], network.trunk, entered, folded[2], 5))
    return (network.head(torch.cat(planes, dim=1)) + padded[2])[..., :height, :width]


def naive_cascade(cascade: Cascade, blurry: Tensor) -> Tensor:
    """Seven frames of the published cascade, one colour and one frame after the other."""
    center, f35, f26, f17 = (stage.network for stage in cascade.stages)
    frames = {4: naive_center(center, blurry)}  # type: ignore[arg-type]
    uses = [
        (f35, 0, 3, 4, 4),
        (f35, 1, 5, 3, 4),
        (f26, 0, 2, 4, 3),
        (f26, 0, 6, 4, 5),
        (f17, 0, 1, 3, 2),
        (f17, 0, 7, 5, 6),
    ]
    for stage, index, frame, first, second in uses:
        frames[frame] = naive_beside(stage.networks[index], blurry, frames[first], frames[second])  # type: ignore[index, union-attr]
    return torch.stack([frames[number] for number in range(1, 8)], dim=1)


def time_in_turn(calls: Sequence[Callable[[], object]], repeats: int) -> list[float]:
    """Least seconds of each call; they take turns, so that a busy machine hurts all alike.

    On one thread they are processor seconds, which other work on the machine disturbs least.
    """
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    seconds: list[list[float]] = [[] for _ in calls]
    for call in calls:
        call()
    for _ in range(repeats):
        for call, kept in zip(calls, seconds, strict=True):
            began = clock()
            call()
            kept.append(clock() - began)
    return [min(kept) for kept in seconds]


FAMILIES = {
    "published": published_stages(),
    "joint": tuple(spec.model_copy(update={"network": JOINT}) for spec in published_stages()),
}


def make_cascade(family: str = "published") -> Cascade:
    """The published cascade or the large joint one, with seeded random weights."""
    torch.manual_seed(0)
    return Cascade([Stage(spec) for spec in FAMILIES[family]], 7).eval()


def count_cost(specs: Sequence[StageSpec]) -> list[tuple[str, int, int]]:
    """Name, parameters and multiply-adds at 720p of each stage; nothing is computed."""
    rows = []
    for spec in specs:
        with torch.device("meta"), torch.no_grad(), FlopCounterMode(display=False) as counter:
            stage, picture = Stage(spec), torch.empty(1, 3, HEIGHT, WIDTH)
            stage(picture, dict.fromkeys(spec.conditions_on, picture))
        rows.append((spec.name, sum(p.numel() for p in stage.parameters()), counter.get_total_flops() // 2))
    return rows


def report_cost() -> bool:
    """Print the cost table; whether the joint cascade keeps its limit."""
    totals = []
    print(f"| cascade at {WIDTH} x {HEIGHT} | stage | parameters (M) | multiply-adds (G) |\n|---|---|---|---|")
    for family, specs in FAMILIES.items():
        rows = count_cost(specs)
        totals.append(sum(row[2] for row in rows))
        for name, parameters, operations in [*rows, ("all", sum(row[1] for row in rows), totals[-1])]:
            print(f"| {family} | {name} | {parameters / 1e6:.3f} | {operations / 1e9:.1f} |")
    share = totals[1] / totals[0]
    print(f"joint / published: {share:.2f}, limit {LARGEST_SHARE}")
    return share <= LARGEST_SHARE


DEFAULT = "float32, as chosen by default"
OPTIONS: dict[str, dict[str, object]] = {
    DEFAULT: {"kernels": "auto"},
    "float32": {"channels_last": False},
    "float32, channels-last": {"channels_last": True},
    "float32, channels-last, compiled": {"channels_last": True, "compile": True},
    "bfloat16": {"channels_last": False, "precision": "bfloat16"},
    "bfloat16, channels-last, compiled": {"channels_last": True, "precision": "bfloat16", "compile": True},
}


def report_speed(size: int, runs: dict[str, CascadeInference], cascade: Cascade, repeats: int) -> bool:
    """Print the speed of every option at one size; whether the default in float32 keeps the limits."""
    blurry = torch.rand(1, 3, size, size)
    expected = naive_in_inference(cascade, blurry)
    differences = {}
    for name, run in runs.items():
        began = time.perf_counter()
        differences[name] = float((run(blurry) - expected).abs().max())
        if run.compile:
            print(f"{name}, {size} x {size}: first picture after {time.perf_counter() - began:.0f} s of compilation")
    calls = [lambda: naive_in_inference(cascade, blurry), *(lambda run=run: run(blurry) for run in runs.values())]
    naive, *seconds = time_in_turn(calls, repeats)
    print(
        f"\n| whole cascade, {size} x {size}, {torch.get_num_threads()} threads | seconds | times naive | difference |"
    )
    print(f"|---|---|---|---|\n| naive, one colour at a time | {naive:.3f} | 1.00 | 0 |")
    for name, value in zip(runs, seconds, strict=True):
        print(f"| {name} | {value:.3f} | {naive / value:.2f} | {differences[name]:.1e} |")
    rate, total = convolution_rate(size, repeats), count_multiply_adds(cascade, blurry)
    print(
        f"\nthe cascade's {total / 1e9:.1f} G multiply-adds alone, at the {rate / 1e9:.0f} G a second of one direct "
        f"convolution, take {total / rate:.3f} s: {naive * rate / total:.2f} times naive\n"
    )
    return naive / seconds[list(runs).index(DEFAULT)] >= LEAST_SPEEDUP and differences[DEFAULT] <= LARGEST_DIFFERENCE


@torch.inference_mode()
def convolution_rate(size: int, repeats: int) -> float:
    """Multiply-adds a second of the trunk's commonest convolution, three colours at once, in the better order."""
    maps, weight = torch.rand(3, 128, size // 5, size // 5), torch.rand(128, 128, 3, 3)
    calls = [
        lambda order=order: functional.conv2d(  # type: ignore[misc]
            maps.contiguous(memory_format=order), weight.contiguous(memory_format=order), padding=1
        )
        for order in (torch.contiguous_format, torch.channels_last)
    ]
    return maps.numel() * 9 * 128 / min(time_in_turn(calls, 10 * repeats))


@torch.inference_mode()
def count_multiply_adds(cascade: Cascade, blurry: Tensor) -> int:
    """Of one picture's convolutions."""
    with FlopCounterMode(display=False) as counter:
        cascade(blurry)
    return counter.get_total_flops() // 2


@torch.inference_mode()
def naive_in_inference(cascade: Cascade, blurry: Tensor) -> Tensor:
    """The baseline without gradients, like the rest."""
    return naive_cascade(cascade, blurry)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cost", action="store_true", help="parameters and multiply-adds alone")
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=[40, 96, 256], help="sides of pictures, px (default: 40 96 256)"
    )
    parser.add_argument("--repeats", type=int, default=5, help="rounds, of which the fastest counts (default: 5)")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads (default: all cores)")
    arguments = parser.parse_args()
    kept = report_cost()
    if not arguments.cost:
        torch.set_num_threads(arguments.threads)
        cascade = make_cascade()
        runs = {
            name: CascadeInference(
                make_cascade(),
                InferenceConfig.model_validate({"device": "cpu", "compile": False, "kernels": False, **chosen}),
            )
            for name, chosen in OPTIONS.items()
        }
        fast = [report_speed(size, runs, cascade, arguments.repeats) for size in arguments.sizes]
        print(
            f"float32, {LEAST_SPEEDUP} times naive, equal to {LARGEST_DIFFERENCE}: "
            + ", ".join(f"{'yes' if yes else 'no'} at {size}" for size, yes in zip(arguments.sizes, fast, strict=True))
        )
        kept = kept and all(fast)
    print("all limits kept" if kept else "A LIMIT IS MISSED")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
