"""What is chosen on machines that are not at hand: processors play their part."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from unsmear.networks.compilation import find_obstacle
from unsmear.training import precision
from unsmear.training.config import TrainingConfig
from unsmear.training.precision import Precision, should_compile


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """What was measured before is not known."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "unsmear/bfloat16"


@pytest.fixture
def gpu(monkeypatch):
    """Function that lets torch see one GPU of a compute capability."""

    def install(major: int) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
        monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: SimpleNamespace(major=major))
        # What torch asks before it says that numbers can be imitated.
        monkeypatch.setattr(torch.cuda, "_check_bf16_tensor_supported", lambda device: True)

    return install


@pytest.mark.parametrize(
    ("major", "name"), [(7, "float32"), (8, "bfloat16"), (9, "bfloat16")], ids=["V100 T4 RTX20", "A100", "H100"]
)
def test_bfloat16_is_for_gpus_that_have_it(gpu, major, name):
    gpu(major)
    assert Precision.choose(TrainingConfig()).name == name
    assert Precision.choose(TrainingConfig(precision="bfloat16")).name == "bfloat16"


@pytest.mark.parametrize(
    ("has", "name"),
    [
        ({"avx2": True}, "float32"),
        ({"avx512_f": True, "avx512_bf16": False}, "float32"),
        ({"avx512_bf16": True}, "bfloat16"),
        ({"amx_bf16": True}, "bfloat16"),
        ({"architecture": "aarch64"}, "float32"),
    ],
)
def test_bfloat16_is_for_cpus_that_have_it(monkeypatch, has, name):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: has)
    monkeypatch.setattr(precision, "_seconds_of_convolution", lambda mixed: 0.5 if mixed else 1)
    assert Precision.choose(TrainingConfig(device="cpu")).name == name
    assert Precision.choose(TrainingConfig(device="cpu", precision="float32")).name == "float32"


@pytest.mark.parametrize(("seconds", "name"), [(0.5, "bfloat16"), (0.95, "float32"), (3, "float32")])
def test_bfloat16_is_for_cpus_that_measure_faster_in_it(monkeypatch, caplog, seconds, name):
    caplog.set_level("INFO")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    monkeypatch.setattr(precision, "_seconds_of_convolution", lambda mixed: seconds if mixed else 1)
    assert Precision.choose(TrainingConfig(device="cpu")).name == name
    assert ("not faster in bfloat16" in caplog.text) is (name == "float32")


def test_a_processor_is_measured_once_so_that_trainings_resume_as_they_began(monkeypatch, cache):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    monkeypatch.setattr(precision, "_seconds_of_convolution", lambda mixed: 0.5 if mixed else 1)
    config = TrainingConfig(device="cpu")
    assert Precision.choose(config).name == "bfloat16"
    monkeypatch.setattr(precision, "_seconds_of_convolution", lambda mixed: 1)
    assert Precision.choose(config).name == "bfloat16"
    [kept] = cache.iterdir()
    kept.write_text('{"gains": ')
    assert Precision.choose(config).name == "float32"


@pytest.mark.parametrize("obstacle", ["RuntimeError: Failed to find C compiler", None])
def test_compilation_is_left_out_where_it_fails(monkeypatch, caplog, obstacle):
    monkeypatch.setattr(precision, "find_obstacle", lambda device: obstacle)
    cuda, cpu = torch.device("cuda"), torch.device("cpu")
    assert should_compile(TrainingConfig(), cuda) is (obstacle is None)
    assert ("Failed to find C compiler" in caplog.text) is (obstacle is not None)
    assert not should_compile(TrainingConfig(), cpu)
    assert should_compile(TrainingConfig(compile=True), cuda) and not should_compile(
        TrainingConfig(compile=False), cuda
    )


def test_missing_compiler_is_an_obstacle(tmp_path):
    code = f"from {find_obstacle.__module__} import find_obstacle; print(find_obstacle('cpu'))"
    environment = {"CXX": "no-such-compiler", "PATH": str(tmp_path), "TORCHINDUCTOR_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert "compiler" in done.stdout
