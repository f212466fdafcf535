import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from unsmear.optics.camera import Camera
from unsmear.optics.config import CameraConfig
from unsmear.optics.figures import draw_camera
from unsmear.optics.phase_mask import simulate_psf
from unsmear.optics.psf import load_psfs
from unsmear.optics.simulate import simulate_camera


def simulate(folder: Path, num_frames: int = 7, **fields: object) -> tuple[Path, Path]:
    paths = folder / "psfs.npy", folder / "camera.json"
    simulate_camera(CameraConfig(**fields), num_frames, *paths)
    return paths


def some_frames(num_frames: int) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (num_frames, 30, 41, 3), dtype=np.uint8)


def asymmetric_psfs(num_frames: int) -> np.ndarray:
    psfs = np.random.default_rng(5).random((num_frames, 5, 5, 3)) ** 3
    return psfs / psfs.sum(axis=(1, 2), keepdims=True)


@pytest.mark.parametrize("num_frames", [5, 7, 9])
@pytest.mark.parametrize(
    "fields",
    [
        {"optics": "standard"},
        {"optics": "masked", "normalize": "unit_sum", "quantize": "truncate"},
        {"optics": {"kind": "focus_sweep", "psi_range": [-2, 3]}, "response": "srgb"},
        {"optics": "masked", "interpolation": {"factor": 2}, "response": {"gamma": 1.8}},
        {"noise": {"read_noise": 0.02, "full_well_electrons": 500}},
    ],
)
def test_what_is_written_renders_the_same(num_frames: int, fields: dict[str, object], tmp_path: Path) -> None:
    camera = Camera.from_config(CameraConfig(**fields), num_frames)
    loaded = Camera.load(*simulate(tmp_path, num_frames, **fields))
    assert loaded.num_frames == num_frames
    np.testing.assert_array_equal(loaded.psfs, camera.psfs)
    np.testing.assert_array_equal(loaded.weights, camera.weights)
    assert loaded.psfs.shape[0] == len(loaded.weights) == num_frames
    frames = some_frames(num_frames)
    np.testing.assert_array_equal(loaded.render(frames, 4), camera.render(frames, 4))
    np.testing.assert_array_equal(loaded.render_float(frames, 4), camera.render_float(frames, 4))


def test_files_of_the_config_are_not_needed_any_more(tmp_path: Path) -> None:
    np.save(tmp_path / "mine.npy", asymmetric_psfs(7))
    np.save(tmp_path / "crf.npy", (np.arange(256.0) ** 2)[:, None, None].repeat(3, axis=2))
    paths = simulate(
        tmp_path,
        optics={"kind": "file", "path": str(tmp_path / "mine.npy")},
        response={"calibrated": str(tmp_path / "crf.npy")},
        interpolation={"factor": 4},
    )
    (tmp_path / "mine.npy").unlink()
    (tmp_path / "crf.npy").unlink()
    camera = Camera.load(*paths)
    assert camera.render(some_frames(7)).shape == (30, 41, 3)
    np.testing.assert_array_equal(camera.psfs, asymmetric_psfs(7))
    # A quarter of the way from the middle of frame 2 to that of frame 3 lies a linear mixture.
    assert camera.subframe_psfs is not None and len(camera.subframe_psfs) == 29
    expected = 0.75 * camera.psfs[1] + 0.25 * camera.psfs[2]
    np.testing.assert_allclose(camera.subframe_psfs[7], expected)
    np.testing.assert_array_equal(camera.subframe_psfs[0], camera.psfs[0])


def test_the_written_numbers(tmp_path: Path) -> None:
    psfs_path, camera_path = simulate(tmp_path, name="lens", optics="masked")
    content = json.loads(camera_path.read_text())
    psfs = np.load(psfs_path)
    assert psfs.dtype == np.float64
    assert content["format_version"] == 1
    assert content["name"] == "lens"
    assert content["psf_shape"] == [7, 27, 27, 3]
    np.testing.assert_allclose(content["energy"], psfs.sum(axis=(1, 2)).mean(axis=0))
    assert content["time_symmetric"] is False
    assert content["symmetries"] == ["mirror_x", "mirror_y", "transpose"]


def test_energy_weighs_the_frames() -> None:
    psfs = asymmetric_psfs(2) * np.array([0.5, 0.9])[:, None, None, None]
    camera = Camera("x", psfs, np.array([0.25, 0.75]))
    np.testing.assert_allclose(camera.energy, 0.25 * 0.5 + 0.75 * 0.9)


def test_symmetries() -> None:
    palindrome = {"kind": "coded_exposure", "weights": [1, 0, 1]}
    for optics, num_frames, expected in (
        ("standard", 7, True),
        ("masked", 7, False),
        (palindrome, 3, True),
        ({"kind": "coded_exposure", "weights": [1, 1, 0]}, 3, False),
        ({"kind": "masked", "psi_range": [4, 4]}, 7, True),
        ({"kind": "focus_sweep", "psi_range": [-4, 4]}, 7, True),
    ):
        assert Camera.from_config(CameraConfig(optics=optics), num_frames).time_symmetric == expected
    weights = np.full(7, 1 / 7)
    assert Camera("x", asymmetric_psfs(7), weights).symmetries == frozenset()
    for shift in ((1, 0), (0, 1)):
        psfs = np.zeros((1, 5, 5, 3))
        psfs[0, 2 + shift[0], 2 + shift[1]] = psfs[0, 2 - shift[0], 2 - shift[1]] = 0.5
        assert Camera("x", psfs, np.ones(1)).symmetries == {"mirror_x", "mirror_y"}
    diagonal = np.zeros((1, 5, 5, 3))
    diagonal[0, 1, 1] = 1
    assert Camera("x", diagonal, np.ones(1)).symmetries == {"transpose"}
    assert Camera.from_config(CameraConfig(optics="masked"), 7).symmetries == {"mirror_x", "mirror_y", "transpose"}
    declared = CameraConfig(optics="masked", symmetries=["mirror_x"])
    assert Camera.from_config(declared, 7).symmetries == {"mirror_x"}


def test_a_file_camera_renders_its_psf_the_right_way_round(tmp_path: Path) -> None:
    psfs = np.zeros((1, 3, 3, 3))
    psfs[0, 0, 2] = 1  # up and to the right
    np.save(tmp_path / "mine.npy", psfs)
    camera = Camera.from_config(CameraConfig(optics={"kind": "file", "path": str(tmp_path / "mine.npy")}), 4)
    assert camera.num_frames == 4, "one PSF serves all frames"
    frames = np.zeros((4, 9, 9, 3), np.uint8)
    frames[:, 4, 4] = 255
    assert np.argwhere(camera.render(frames)[..., 0]).tolist() == [[3, 5]]


def test_coded_exposure_weighs_and_normalises() -> None:
    camera = Camera.from_config(CameraConfig(optics={"kind": "coded_exposure", "weights": [3, 0, 1]}), 3)
    np.testing.assert_allclose(camera.weights, [0.75, 0, 0.25])
    frames = some_frames(3)
    expected = (0.75 * frames[0] + 0.25 * frames[2].astype(float)) / 255
    np.testing.assert_allclose(camera.render_float(frames), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"optics": "coded_exposure"}, "7 exposure weights but a group has 5 frames"),
        ({"optics": {"kind": "file", "path": "{psfs}"}}, "holds 7 PSFs but a group has 5 frames"),
        ({"optics": {"kind": "file", "path": "missing.npy"}}, "does not exist"),
        ({"optics": {"kind": "file", "path": "{bright}"}}, "sums to 2.*unit_sum"),
    ],
)
def test_cameras_that_cannot_be(fields: dict[str, dict[str, str]], message: str, tmp_path: Path) -> None:
    np.save(tmp_path / "psfs.npy", asymmetric_psfs(7))
    np.save(tmp_path / "bright.npy", 2 * asymmetric_psfs(5))
    if isinstance(fields["optics"], dict):
        names = {"psfs": tmp_path / "psfs.npy", "bright": tmp_path / "bright.npy"}
        fields = {"optics": {**fields["optics"], "path": fields["optics"]["path"].format(**names)}}
    with pytest.raises(ValueError, match=message):
        Camera.from_config(CameraConfig(**fields), 5)


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    psfs_path, camera_path = simulate(tmp_path, optics="masked")
    content = json.loads(camera_path.read_text())
    for text, message in (
        ("{", "cannot read camera file"),
        ("[]", "cannot read camera file"),
        (json.dumps({**content, "format_version": 99}), "version 99"),
        (json.dumps({**content, "psf_shape": [5, 27, 27, 3]}), "speaks of"),
    ):
        camera_path.write_text(text)
        with pytest.raises(ValueError, match=message):
            Camera.load(psfs_path, camera_path)
    camera_path.unlink()
    with pytest.raises(ValueError, match="simulate the camera again"):
        Camera.load(psfs_path, camera_path)


def test_frames_that_do_not_fit() -> None:
    camera = Camera.from_config(CameraConfig(), 7)
    with pytest.raises(ValueError, match="simulated for 7 frames, the group has 5"):
        camera.render(some_frames(5))
    with pytest.raises(ValueError, match="float64"):
        camera.render(some_frames(7) / 255)
    with pytest.raises(ValueError, match="expected uint8"):
        camera.render(some_frames(7)[..., 0])


@pytest.mark.parametrize("optics", ["standard", "masked", "coded_exposure"])
def test_figures_are_drawn(optics: str, tmp_path: Path) -> None:
    draw_camera(Camera.from_config(CameraConfig(optics=optics), 7), tmp_path / "psfs.png")
    for name in ("psfs", "encircled_energy", "mtf", "streak"):
        picture = cv2.imread(str(tmp_path / f"{name}.png"))
        assert picture is not None and min(picture.shape[:2]) > 300 and picture.std() > 10
    assert len(list(tmp_path.iterdir())) == 4, "no temporary file is left"


def test_psfs_can_be_used_by_another_camera(tmp_path: Path) -> None:
    psfs_path, _ = simulate(tmp_path, optics="masked")
    again = Camera.from_config(CameraConfig(optics={"kind": "file", "path": str(psfs_path)}), 7)
    np.testing.assert_array_equal(again.psfs, load_psfs(psfs_path))
    assert again.psfs[0, 13, 13, 2] == pytest.approx(
        simulate_psf(CameraConfig(optics="masked").optics, 0.0, 455.0)[13, 13]  # type: ignore[arg-type]
    )
