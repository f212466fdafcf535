"""The defaults reproduce the arrays of the original work."""

from pathlib import Path

import numpy as np
import pytest

from unsmear.optics.camera import Camera
from unsmear.optics.config import CameraConfig
from unsmear.optics.exposure import expose
from unsmear.optics.psf import load_psfs


@pytest.fixture(scope="module")
def reference(shared: Path) -> dict[str, np.ndarray]:
    with np.load(shared / "golden/blur_reference.npz") as arrays:
        return dict(arrays)


def test_phase_mask_equals_the_published_psfs(shared: Path) -> None:
    published = load_psfs(shared / "golden/psfs.mat")
    ours = Camera.from_config(CameraConfig(optics="masked"), 7).psfs
    assert ours.shape == published.shape == (7, 27, 27, 3)
    for frame in range(7):
        for channel in range(3):
            error = np.abs(ours[frame, ..., channel] - published[frame, ..., channel]).max()
            assert error <= 1e-9 * published[frame, ..., channel].max()
    np.testing.assert_allclose(ours, published, rtol=1e-9)


def test_psf_files_of_all_kinds_hold_the_same(shared: Path, tmp_path: Path) -> None:
    published = load_psfs(shared / "golden/psfs.mat")
    np.testing.assert_array_equal(load_psfs(shared / "golden/phase_mask_psfs.npz"), published)
    np.save(tmp_path / "psfs.npy", published)
    np.testing.assert_array_equal(load_psfs(tmp_path / "psfs.npy"), published)


@pytest.mark.parametrize("name", ["standard", "masked"])
@pytest.mark.parametrize("source", ["simulated", "file"])
def test_rendering_equals_the_original(name: str, source: str, shared: Path, reference: dict[str, np.ndarray]) -> None:
    optics: object = name
    if name == "masked" and source == "file":
        optics = {"kind": "file", "path": str(shared / "golden/psfs.mat")}
    camera = Camera.from_config(CameraConfig(name=name, optics=optics, quantize="truncate"), 7)
    picture = camera.render_float(reference["sharp"])
    np.testing.assert_allclose(picture, reference[f"{name}_float"], rtol=0, atol=1e-6)
    codes = camera.render(reference["sharp"])
    difference = codes.astype(int) - reference[f"{name}_uint8_truncated"]
    assert np.abs(difference).max() <= 1
    assert (difference == 0).mean() >= (0.998 if name == "masked" else 0.95)


@pytest.mark.parametrize("name", ["standard", "masked"])
def test_rounding_is_to_the_nearest_code(name: str, reference: dict[str, np.ndarray]) -> None:
    camera = Camera.from_config(CameraConfig(name=name, optics=name), 7)
    exact = 255 * reference[f"{name}_float"]
    assert np.abs(camera.render(reference["sharp"]) - exact).max() <= 0.5 + 1e-4


def test_double_precision_equals_the_original(shared: Path, reference: dict[str, np.ndarray]) -> None:
    psfs = load_psfs(shared / "golden/psfs.mat")
    picture = expose(reference["sharp"] / 255.0, psfs)
    np.testing.assert_allclose(picture, reference["masked_float"], rtol=0, atol=1e-13)
