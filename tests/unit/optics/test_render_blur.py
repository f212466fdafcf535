import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from unsmear.optics.camera import Camera
from unsmear.optics.config import CameraConfig
from unsmear.optics.render import render_blur
from unsmear.optics.simulate import simulate_camera

GROUPS = [(1, 7), (8, 7), (15, 7)]


@pytest.fixture
def frames(tmp_path: Path) -> np.ndarray:
    frames = np.random.default_rng(2).integers(0, 256, (23, 26, 33, 3), dtype=np.uint8)
    np.save(tmp_path / "frames.npy", frames)
    return frames


def render(folder: Path, frames: str = "frames.npy", **options: object) -> np.ndarray:
    names = (frames, "psfs.npy", "camera.json", "blur.npy")
    render_blur(*(folder / name for name in names), **options)  # type: ignore[arg-type]
    return np.load(folder / "blur.npy")


def simulate(folder: Path, **fields: object) -> Camera:
    simulate_camera(CameraConfig(**fields), 7, folder / "psfs.npy", folder / "camera.json")
    return Camera.load(folder / "psfs.npy", folder / "camera.json")


@pytest.mark.parametrize("optics", ["standard", "masked"])
def test_one_picture_a_group_in_order(optics: str, tmp_path: Path, frames: np.ndarray) -> None:
    camera = simulate(tmp_path, optics=optics)
    blur = render(tmp_path)
    assert blur.shape == (3, 26, 33, 3) and blur.dtype == np.uint8
    for picture, (first, count) in zip(blur, GROUPS, strict=True):
        np.testing.assert_array_equal(picture, camera.render(frames[first - 1 : first - 1 + count]))
    if optics == "standard":
        expected = np.rint(frames[7:14].astype(np.float64).mean(axis=0))
        np.testing.assert_array_equal(blur[1], expected)


def test_a_sequence_shorter_than_a_group(tmp_path: Path, frames: np.ndarray) -> None:
    simulate(tmp_path)
    np.save(tmp_path / "frames.npy", frames[:6])
    with pytest.raises(ValueError, match=r"frames\.npy holds 6 frames, but camera standard .* groups of 7"):
        render(tmp_path)
    assert not (tmp_path / "blur.npy").exists()


def test_a_store_that_is_cut_off(tmp_path: Path, frames: np.ndarray) -> None:
    simulate(tmp_path)
    whole = (tmp_path / "frames.npy").read_bytes()
    (tmp_path / "frames.npy").write_bytes(whole[:-1])
    with pytest.raises(ValueError, match=r"frames\.npy"):
        render(tmp_path)


def test_a_failed_job_leaves_the_older_file(
    tmp_path: Path, frames: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulate(tmp_path)
    older = render(tmp_path)
    rendered = Camera.render
    calls = []

    def fail_at_the_second(self: Camera, *arguments: object, **options: object) -> np.ndarray:
        calls.append(1)
        if len(calls) == 2:
            raise OSError("disk full")
        return rendered(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Camera, "render", fail_at_the_second)
    with pytest.raises(OSError, match="disk full"):
        render(tmp_path)
    np.testing.assert_array_equal(np.load(tmp_path / "blur.npy"), older)
    assert not list(tmp_path.glob(".*")), "no temporary file is left"


def test_noise_is_the_groups_own_and_repeats(tmp_path: Path, frames: np.ndarray) -> None:
    still = np.full((14, 64, 64, 3), 100, np.uint8)
    np.save(tmp_path / "frames.npy", still)
    simulate(tmp_path, noise={"full_well_electrons": 1000, "read_noise": 0.01})
    np.save(tmp_path / "short.npy", still[:7])
    first = render(tmp_path, split="test", sequence="000", seed=1)
    np.testing.assert_array_equal(first, render(tmp_path, split="test", sequence="000", seed=1))
    others = [
        first[::-1],
        render(tmp_path, split="test", sequence="001", seed=1),
        render(tmp_path, split="val", sequence="000", seed=1),
        render(tmp_path, split="test", sequence="000", seed=2),
    ]
    for other in others:
        correlation = np.corrcoef(first[0].ravel(), other[0].ravel())[0, 1]
        assert abs(correlation) < 0.05
    # A group's noise does not depend on how many groups there are.
    alone = render(tmp_path, "short.npy", split="test", sequence="000", seed=1)
    np.testing.assert_array_equal(alone[0], first[0])


def test_picture_is_stored_as_jpeg(tmp_path: Path, frames: np.ndarray) -> None:
    simulate(tmp_path)
    exact = render(tmp_path).astype(float)
    errors = []
    for quality in (100, 80, 10):
        simulate(tmp_path, jpeg_quality=quality)
        stored = render(tmp_path)
        np.testing.assert_array_equal(stored, render(tmp_path))
        # Colours stay in their places, and each keeps its mean.
        np.testing.assert_allclose(stored.mean(axis=(0, 1, 2)), exact.mean(axis=(0, 1, 2)), atol=2)
        errors.append(np.abs(stored - exact).mean())
    assert 0 < errors[0] < errors[1] < errors[2]


def test_threads_are_put_back(tmp_path: Path, frames: np.ndarray) -> None:
    simulate(tmp_path)
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    try:
        render(tmp_path, num_threads=1)
        assert cv2.getNumThreads() == 2
    finally:
        cv2.setNumThreads(before)


CHILD = """
import re, sys
from unsmear.optics.render import render_blur
render_blur(*sys.argv[1:])
needless = {"torch", "pandas", "scipy", "matplotlib", "mlflow", "snakemake"} & set(sys.modules)
assert not needless, needless
# Not getrusage: its peak is inherited from the process that started this one.
print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
@pytest.mark.parametrize("optics", ["standard", "masked"])
def test_memory_does_not_grow_with_the_sequence_and_imports_are_few(optics: str, tmp_path: Path) -> None:
    simulate(tmp_path, optics=optics)
    group = np.random.default_rng(0).integers(0, 256, (7, 180, 320, 3), dtype=np.uint8)
    peaks = []
    for count in (2, 60):
        np.save(tmp_path / "frames.npy", np.tile(group, (count, 1, 1, 1)))
        paths = [tmp_path / name for name in ("frames.npy", "psfs.npy", "camera.json", "blur.npy")]
        command = [sys.executable, "-c", CHILD, *map(str, paths)]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        peaks.append(int(output) / 1024)
    store_mib = (tmp_path / "frames.npy").stat().st_size / 2**20
    assert store_mib > 60
    assert peaks[1] - peaks[0] < 12, f"peaks {peaks} MiB, store {store_mib} MiB"
