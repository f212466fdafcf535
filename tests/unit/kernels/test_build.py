"""Compiling at first use: once, whole, and with a clear word where it fails."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from unsmear.cascade.config import InferenceConfig
from unsmear.cascade.inference import CascadeInference
from unsmear.kernels.build import VECTORS, NativeError, load_library
from unsmear.kernels.convolution import load_kernels
from unsmear.networks.joint import GatedBlock
from unsmear.training.config import TrainingConfig
from unsmear.training.precision import use_kernels

SOURCE = 'extern "C" int answer() { return VALUE; }\n'


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A folder with a source, a cache of its own, and a compiler that counts its runs."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "cpp"
    folder.mkdir()
    (folder / "answer.cpp").write_text('#include "value.h"\n' + SOURCE)
    (folder / "value.h").write_text("#define VALUE 42\n")
    load_library.cache_clear()
    yield folder
    load_library.cache_clear()


@pytest.fixture
def compilations(tmp_path, monkeypatch, compiler):
    log = tmp_path / "compilations"
    log.touch()
    wrapper = tmp_path / "c++"
    wrapper.write_text(f'#!/bin/sh\n[ "$1" = --version ] || echo run >> {log}\nexec {compiler} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("CXX", str(wrapper))
    return lambda: len(log.read_text().splitlines())


def kept(tmp_path):
    return sorted(path.name for path in (tmp_path / "cache").rglob("*") if path.is_file())


def test_compiled_once_and_anew_when_a_header_changes(library, compilations, tmp_path):
    assert load_library(library).answer() == 42
    load_library.cache_clear()
    assert load_library(library).answer() == 42
    assert compilations() == 1
    (library / "value.h").write_text("#define VALUE 43\n")
    load_library.cache_clear()
    assert load_library(library).answer() == 43
    assert compilations() == 2 and len(kept(tmp_path)) == 2


def test_failed_compilation_tells_why_and_leaves_nothing(library, tmp_path):
    (library / "answer.cpp").write_text("no c++ at all\n")
    with pytest.raises(NativeError, match=r"cannot compile .*cpp: .*answer.cpp"):
        load_library(library)
    assert kept(tmp_path) == []


def test_absent_compiler_is_named(library, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(NativeError, match="there is no C\\+\\+ compiler; install g\\+\\+"):
        load_library(library)


def test_cache_that_cannot_be_written_is_named(library, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(NativeError, match="file"):
        load_library(library)


def test_processes_that_start_together_all_get_it(library, compilations, tmp_path):
    script = (
        "import pathlib, sys, unsmear.kernels.build as b; print(b.load_library(pathlib.Path(sys.argv[1])).answer())"
    )
    command = [sys.executable, "-c", script, str(library)]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert [run.communicate()[0].strip() for run in runs] == ["42"] * 4
    assert len(kept(tmp_path)) == 1 and compilations() >= 1


@pytest.fixture
def broken_compiler(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    wrapper = tmp_path / "broken"
    wrapper.write_text('#!/bin/sh\n[ "$1" = --version ] && exit 0\necho internal compiler error >&2\nexit 1\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("CXX", str(wrapper))
    load_library.cache_clear()
    load_kernels.cache_clear()
    yield
    load_library.cache_clear()
    load_kernels.cache_clear()


def test_inference_goes_on_without_kernels_and_says_so(broken_compiler, make_cascade, caplog):
    if torch.backends.cpu.get_cpu_capability() not in VECTORS:
        pytest.skip("kernels are not chosen for this processor")
    cascade, blurry = make_cascade(16, 16), torch.rand(1, 3, 20, 20)
    with torch.inference_mode():
        expected = cascade(blurry)
    with caplog.at_level(logging.WARNING):
        run = CascadeInference(cascade, InferenceConfig(device="cpu"))
    assert not run.kernels and "internal compiler error" in caplog.text
    assert torch.equal(run(blurry), expected)
    with pytest.raises(NativeError, match="internal compiler error"):
        CascadeInference(make_cascade(16, 16), InferenceConfig(device="cpu", kernels=True))


def test_training_goes_on_without_kernels_and_says_so(broken_compiler, caplog):
    block, maps = GatedBlock(8, attention=False), torch.rand(1, 8, 4, 4)
    expected = block(maps)
    with caplog.at_level(logging.WARNING):
        assert use_kernels(TrainingConfig(), block, torch.device("cpu")) == 0
    assert "internal compiler error" in caplog.text
    assert torch.equal(block(maps), expected)


def test_kernels_are_part_of_the_package():
    folder = Path(sys.modules[load_library.__module__].__file__).parent / "cpp"
    names = {path.stem for path in folder.glob("*.cpp")}
    assert names == {"direct", "gated_block", "gradients", "instance_norm", "move", "winograd"}
    assert os.access(folder / "convolution.h", os.R_OK)
