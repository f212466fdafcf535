"""The inference object chooses options, and they do not change the frames."""

import pytest
import torch
from pydantic import ValidationError

from unsmear.cascade.cascade import Cascade
from unsmear.cascade.config import InferenceConfig
from unsmear.cascade.inference import CascadeInference
from unsmear.cascade.spec import StageSpec
from unsmear.cascade.stage import Stage
from unsmear.kernels.build import VECTORS, find_compiler
from unsmear.networks.config import JointConfig, PublishedCenterConfig, PublishedPairConfig

JOINT = JointConfig(width=4, patch=2, encoder_blocks=(1,), middle_blocks=0, decoder_blocks=(1,))


def small_cascade(joint=False, width=4):
    torch.manual_seed(0)
    center = JOINT if joint else PublishedCenterConfig(width=width, blocks=1, colour_width=width)
    pair = JOINT if joint else PublishedPairConfig(width=width, blocks=1, colour_width=width)
    specs = (
        StageSpec(name="center", predicts=(2,), network=center),
        StageSpec(name="pair", predicts=(1, 3), conditions_on=(2,), network=pair),
    )
    return Cascade([Stage(spec) for spec in specs], 3).eval()


@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.parametrize(
    ("options", "tolerance"),
    [({}, 1e-5), ({"channels_last": True}, 1e-5), ({"channels_last": False}, 1e-5), ({"precision": "bfloat16"}, 0.1)],
)
def test_options_do_not_change_the_frames(joint, options, tolerance):
    cascade, blurry = small_cascade(joint), torch.rand(2, 3, 13, 14)
    with torch.no_grad():
        expected = cascade(blurry)
    run = CascadeInference(cascade, InferenceConfig(device="cpu", **options))
    frames = run(blurry)
    assert frames.dtype == torch.float32
    assert run.num_frames == 3
    torch.testing.assert_close(frames, expected, rtol=0, atol=tolerance)


def test_known_frames_are_taken_as_they_are():
    run, blurry, middle = CascadeInference(small_cascade()), torch.rand(1, 3, 8, 8), torch.rand(1, 3, 8, 8)
    assert torch.equal(run(blurry, {2: middle})[:, 1], middle.to(run.device))


def test_compilation_is_chosen_where_it_helps(monkeypatch):
    # The real one: torch keeps the first compiler that it is told of.
    monkeypatch.delenv("CXX", raising=False)
    if find_compiler() is None:
        pytest.skip("no C++ compiler")
    on_cpu = InferenceConfig(device="cpu")
    assert not CascadeInference(small_cascade()).compile
    assert not CascadeInference(small_cascade(), num_pictures=10).compile
    assert CascadeInference(small_cascade(), on_cpu, num_pictures=1000).compile
    assert not CascadeInference(small_cascade(joint=True), on_cpu, num_pictures=1000).compile
    assert not CascadeInference(small_cascade(), InferenceConfig(compile=False), num_pictures=1000).compile
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert not CascadeInference(small_cascade(), on_cpu, num_pictures=1000).compile


def test_kernels_are_chosen_on_a_cpu_in_float32_and_refused_where_they_cannot_serve():
    def choose(width=16, joint=False, **options):
        return CascadeInference(small_cascade(joint, width), InferenceConfig(device="cpu", **options))

    served = torch.backends.cpu.get_cpu_capability() in VECTORS and find_compiler() is not None
    assert choose().kernels is served and choose().channels_last is served
    assert not choose(kernels=False).kernels
    assert not choose(precision="bfloat16").kernels
    assert not choose(width=4).kernels and choose(joint=True).kernels is served
    compiled = choose(compile=True)
    assert compiled.compile and not compiled.kernels
    many = CascadeInference(small_cascade(width=16), InferenceConfig(device="cpu"), num_pictures=1000)
    assert many.kernels is served and many.compile is not served
    with pytest.raises(ValueError, match="kernels is true, but"):
        choose(kernels=True, precision="bfloat16")
    with pytest.raises(ValidationError, match="compile and kernels are both true"):
        InferenceConfig(compile=True, kernels=True)


def test_cpu_keeps_float32_and_an_absent_gpu_is_named():
    assert CascadeInference(small_cascade(), InferenceConfig(device="cpu")).dtype is torch.float32
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="torch sees no GPU"):
            CascadeInference(small_cascade(), InferenceConfig(device="cuda"))


@pytest.mark.slow
def test_compiled_cascade_gives_the_same_frames():
    cascade, blurry = small_cascade(), torch.rand(1, 3, 16, 20)
    with torch.no_grad():
        expected = cascade(blurry)
    run = CascadeInference(cascade, InferenceConfig(device="cpu", compile=True))
    torch.testing.assert_close(run(blurry), expected, rtol=0, atol=1e-5)
