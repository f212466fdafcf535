"""Networks that train by kernels come to what they came to before."""

import copy

import pytest
import torch

from unsmear.cascade.spec import StageSpec
from unsmear.cascade.stage import Stage
from unsmear.kernels.training import accelerate_training
from unsmear.networks.config import JointConfig, MotionConfig
from unsmear.networks.joint import GatedBlock
from unsmear.networks.motion import MotionNetwork
from unsmear.training.config import TrainingConfig
from unsmear.training.precision import use_kernels

SIZE = {
    "width": 8,
    "patch": 2,
    "encoder_blocks": (1, 2),
    "middle_blocks": 1,
    "decoder_blocks": (1, 1),
    "attention": False,
}
CENTER = StageSpec(name="center", predicts=(2,), network=JointConfig(**SIZE))
MOTION = StageSpec(name="motion", predicts=(1, 3), conditions_on=(2,), network=MotionConfig(**SIZE))


def make_stage(spec: StageSpec) -> Stage:
    torch.manual_seed(0)
    stage = Stage(spec)
    with torch.no_grad():
        for parameter in stage.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return stage


def gradients(stage: Stage, mixed: bool = False) -> tuple[torch.Tensor, list[torch.Tensor]]:
    generator = torch.Generator().manual_seed(1)
    blurry, middle = torch.rand(2, 3, 3, 24, 20, generator=generator)
    stage.zero_grad()
    with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
        frames = stage(blurry, {2: middle}).frames
    weights = torch.randn(frames.shape, generator=generator)
    (frames.float() * weights).mean().backward()
    return frames, [parameter.grad for parameter in stage.parameters()]


@pytest.mark.parametrize("spec", [CENTER, MOTION], ids=lambda spec: spec.name)
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("order", [torch.contiguous_format, torch.channels_last])
def test_frames_and_gradients_are_as_before(spec, threads, order):
    stage = make_stage(spec).to(memory_format=order)
    fast = copy.deepcopy(stage)
    assert accelerate_training(fast) == 6 + (spec is MOTION)
    before, torch_threads = gradients(stage), torch.get_num_threads()
    try:
        torch.set_num_threads(threads)
        found = gradients(fast)
    finally:
        torch.set_num_threads(torch_threads)
    torch.testing.assert_close(found[0], before[0], rtol=0, atol=1e-5)
    for (name, _), a, b in zip(stage.named_parameters(), found[1], before[1], strict=True):
        assert (a - b).norm() <= 1e-4 * b.norm() + 1e-7, name


@pytest.mark.parametrize("spec", [CENTER, MOTION], ids=lambda spec: spec.name)
def test_mixed_gradients_are_as_near_to_exact_ones_as_torchs(spec):
    stage = make_stage(spec)
    fast = copy.deepcopy(stage)
    accelerate_training(fast)
    exact = torch.cat([g.flatten() for g in gradients(stage)[1]])
    off = [torch.cat([g.flatten() for g in gradients(each, mixed=True)[1]]) - exact for each in (stage, fast)]
    assert 0 < off[1].norm() < 1.2 * off[0].norm() < exact.norm()


def test_copies_train_by_their_own_weights():
    stage = make_stage(CENTER)
    accelerate_training(stage)
    other = copy.deepcopy(stage)
    with torch.no_grad():
        for parameter in stage.parameters():
            parameter.zero_()
    blurry = torch.rand(1, 3, 16, 16)
    assert torch.equal(stage(blurry, {}).frames[:, 0], blurry)
    assert not torch.equal(other(blurry, {}).frames[:, 0], blurry)


def test_displacements_beyond_the_border_have_no_gradient():
    network = MotionNetwork(2, (1,), MotionConfig(**SIZE))
    pictures, maps = torch.rand(1, 2, 3, 8, 8), torch.zeros(1, 14, 4, 4)
    maps[:, 0] = 4.0  # 32 px to the right
    maps.requires_grad_()
    accelerate_training(network)
    network.move(pictures, maps).sum().backward()
    assert not maps.grad[:, 0].any() and maps.grad[:, 1].any()
    assert torch.equal(maps.grad[:, 2:], torch.ones(1, 12, 4, 4))


def test_what_is_not_a_number_stays_so():
    block = GatedBlock(8, attention=False)
    accelerate_training(block)
    maps = torch.randn(1, 8, 4, 4)
    maps[0, 3, 2, 1] = torch.nan
    maps.requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        result = block(maps)
    result.float().sum().backward()
    assert result[0, :, 2, 1].isnan().all() and not result[0, :, 0, 3].isnan().any()
    assert block.expand1.weight.grad.isnan().all()


def test_other_networks_stay_as_they_are():
    assert accelerate_training(GatedBlock(12, attention=False)) == 0
    assert accelerate_training(GatedBlock(16, attention=True)) == 0
    block = GatedBlock(16, attention=False).double()
    maps = torch.randn(1, 16, 5, 5).double()
    expected = block(maps)
    assert accelerate_training(block) == 1
    assert torch.equal(block(maps), expected)


def test_trainings_take_kernels_where_they_serve():
    assert use_kernels(TrainingConfig(), make_stage(MOTION), torch.device("cpu")) == 7
    assert use_kernels(TrainingConfig(kernels=False), make_stage(MOTION), torch.device("cpu")) == 0
    assert use_kernels(TrainingConfig(), make_stage(MOTION), torch.device("cuda")) == 0
