"""C++ that is compiled at its first use, for the processor at hand, and kept."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import torch

from unsmear.cache import cache_folder
from unsmear.files import write_atomically

VECTORS = {
    "AVX512": ("-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mfma"),
    "AVX2": ("-mavx2", "-mfma"),
}


class NativeError(RuntimeError):
    """The sources cannot be compiled or loaded here."""


def find_compiler() -> str | None:
    """Path of the C++ compiler: ``$CXX``, or the one that is usual on the platform; None where there is none."""
    return shutil.which(os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "g++"))


@cache
def load_library(folder: Path) -> ctypes.CDLL:
    """Compile the sources in ``folder``, unless that was done before, and load the result.

    It is kept in the cache folder, under a name that depends on sources, compiler and the vectors of the
    processor (those that torch uses, ``ATEN_CPU_CAPABILITY`` included), so machines may share the folder.

    Raises
    ------
    NativeError
        If there is no compiler, or it or the loader fails; with what it said.
    """
    compiler = find_compiler()
    if compiler is None:
        raise NativeError("there is no C++ compiler; install g++, or name one in the environment variable CXX")
    vectors = VECTORS.get(torch.backends.cpu.get_cpu_capability(), ())
    command = [compiler, "-std=c++17", "-O3", "-shared", "-fPIC", "-fopenmp", *vectors]
    try:
        version = _run(compiler, "--version")
        key = hashlib.sha256(repr((command, version, platform.machine())).encode())
        for path in sorted(folder.iterdir()):
            key.update(path.read_bytes())
        library = cache_folder() / "kernels" / f"{folder.name}-{key.hexdigest()[:20]}.so"
        if not library.is_file():
            with write_atomically(library) as temporary:
                _run(*command, *(str(path) for path in sorted(folder.glob("*.cpp"))), "-o", str(temporary))
        return ctypes.CDLL(str(library))
    except subprocess.CalledProcessError as error:
        raise NativeError(f"{compiler} cannot compile {folder}: {error.stderr.strip()[:2000]}") from error
    except OSError as error:
        raise NativeError(f"{folder} cannot be compiled or loaded: {error}") from error


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout
