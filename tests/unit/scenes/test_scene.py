from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from unsmear.optics.camera import Camera
from unsmear.optics.config import CameraConfig
from unsmear.scenes.config import ScenesConfig
from unsmear.scenes.layer import Layer
from unsmear.scenes.motion import Motion
from unsmear.scenes.photographs import PHOTOGRAPHS, list_photographs, load_photograph
from unsmear.scenes.scene import Scene, make_scene
from unsmear.scenes.texture import mix_colours, random_outline

CONFIG = ScenesConfig(train_sequences=3, val_sequences=2, test_sequences=3)


def moving_ramp(velocity: float) -> Scene:
    """A scene whose light rises linearly from left to right and moves at a constant speed."""
    height, width = 128, 128
    ramp = np.tile(np.linspace(0, 1, 3 * width, dtype=np.float32), (3 * height, 1))
    texture = np.dstack([ramp, ramp, ramp, np.ones_like(ramp)])
    still = np.zeros((1, 4))
    motion = Motion(np.array([velocity, 0, 0, 0]), still, still + 0.1, still)
    return Scene(height, width, 0.2, 5, (Layer(texture, (-width, -height), (motion,)),))


@pytest.mark.parametrize("time", [0.0, 0.013, 0.5, 1.7, 6.9])
def test_instants_are_exact_between_pixels_and_frames(time):
    scene, slope = moving_ramp(velocity=1.3), 1 / (3 * 128 - 1)
    shift = (scene.instant(time) - scene.instant(0.0))[40:90, 40:90]
    np.testing.assert_allclose(shift, -1.3 * time * slope, atol=2e-6)


def test_sharp_frame_integrates_its_shutter_alone():
    scene, slope = moving_ramp(velocity=2.0), 1 / (3 * 128 - 1)
    # Light at the middle of the open time of frame 3: 2 + 0.2 / 2 frames after the start.
    shift = (scene.sharp_frame(3) - scene.instant(0.0))[40:90, 40:90]
    np.testing.assert_allclose(shift, -2.0 * 2.1 * slope, atol=2e-6)


def test_integral_converges_and_splits():
    scene = make_scene(CONFIG, "test", 0, seed=4)
    whole = scene.integrate(0, 7, 448)
    parts = np.mean([scene.integrate(i, i + 1, 64) for i in range(7)], axis=0)
    np.testing.assert_allclose(whole, parts, atol=1e-6)
    assert np.abs(scene.integrate(0, 7, 224) - whole).mean() < np.abs(scene.integrate(0, 7, 28) - whole).mean()


def test_same_seed_same_scene_and_other_seeds_differ():
    first, again = (make_scene(CONFIG, "train", 1, seed=0).instant(2.5) for _ in range(2))
    assert np.array_equal(first, again)
    for other in (make_scene(CONFIG, "train", 1, seed=1), make_scene(CONFIG, "train", 2, seed=0)):
        assert np.abs(other.instant(2.5) - first).mean() > 0.02


def test_a_scene_does_not_depend_on_how_many_there_are():
    more = CONFIG.model_copy(update={"test_sequences": 50})
    assert np.array_equal(make_scene(CONFIG, "test", 2, 0).instant(1), make_scene(more, "test", 2, 0).instant(1))


def test_every_scene_has_a_background_and_something_in_front():
    for split in ("train", "val", "test"):
        for number in range(3):
            scene = make_scene(CONFIG, split, number, seed=0)
            assert len(scene.layers) >= 2
            background, *objects = scene.layers
            assert background.texture[..., 3].min() == 1
            assert all(layer.texture[0, 0, 3] == 0 and layer.texture[..., 3].max() == 1 for layer in objects)


def test_travel_of_a_known_motion():
    np.testing.assert_allclose(moving_ramp(1.5).travel(0, 6.2), 1.5 * 6.2, rtol=1e-6)


def test_values_stay_in_range():
    for number in range(3):
        picture = make_scene(CONFIG, "train", number, seed=7).sharp_frame(9)
        assert picture.min() >= 0 and picture.max() <= 1 + 1e-6


def test_photographs_serve_one_split_each():
    names = [name for split in PHOTOGRAPHS.values() for name in split]
    assert len(names) == len(set(names))
    # Both views of the motorcycle show one scene.
    assert sum("motorcycle_left.png" in split for split in PHOTOGRAPHS.values()) == 1
    assert any({"motorcycle_left.png", "motorcycle_right.png"} <= set(split) for split in PHOTOGRAPHS.values())


def test_scenes_of_a_split_use_its_photographs_alone(monkeypatch):
    used: set[str] = set()

    def record(path: Path) -> np.ndarray:
        used.add(path.name)
        return load_photograph(path)

    monkeypatch.setattr("unsmear.scenes.texture.load_photograph", record)
    for split, names in PHOTOGRAPHS.items():
        used.clear()
        for number in range(8):
            make_scene(CONFIG, split, number, seed=number)
        assert used and used <= set(names)


@pytest.mark.parametrize("name", [name for split in PHOTOGRAPHS.values() for name in split])
def test_photographs_are_in_the_wheel(name):
    path = next(path for paths in list_photographs("builtin").values() for path in paths if path.name == name)
    photograph = load_photograph(path)
    assert photograph.shape[2] == 3 and min(photograph.shape[:2]) >= 128
    assert photograph.max() > 128 and photograph.std() > 5


def test_colours_are_mixed_in_training_only_as_far_as_asked_for(tmp_path):
    rng = np.random.default_rng(0)
    grey = np.repeat(rng.random((16, 16, 1), dtype=np.float32), 3, axis=2)
    mixed = mix_colours(rng, grey)
    assert mixed.shape == grey.shape and np.ptp(mixed, axis=2).max() > 0.05
    for number in range(3):
        assert cv2.imwrite(str(tmp_path / f"{number}.png"), colours()[..., 0])
    own = CONFIG.model_copy(update={"photographs": str(tmp_path)})
    for split, recolour, coloured in (("train", 0.0, False), ("train", 1.0, True), ("test", 1.0, False)):
        scene = make_scene(own.model_copy(update={"recolour": recolour}), split, 0, seed=4)
        assert (np.ptp(scene.instant(0), axis=2).max() > 0.05) == coloured


def test_what_is_near_moves_further_and_hides_what_is_behind():
    for parallax in (0.0, 2.0):
        scene = make_scene(CONFIG.model_copy(update={"parallax": parallax}), "test", 0, seed=4)
        ground, *objects = (layer.motions[-1].state(7.0)[:2] for layer in scene.layers)
        shares = [float(np.hypot(*near) / np.hypot(*ground)) for near in objects]
        if parallax:
            assert 1 < min(shares) <= max(shares) <= 3 and len(set(shares)) == len(shares)
        else:
            assert shares == [1.0] * len(objects)
        # Each object has a speed of its own besides.
        assert all(np.hypot(*layer.motions[0].state(7.0)[:2]) > 0 for layer in scene.layers[1:])
        black = replace(scene.layers[0], texture=np.float32([0, 0, 0, 1]) * np.ones_like(scene.layers[0].texture))
        front = scene.layers[-1]
        opaque = replace(front, texture=np.repeat(front.texture[..., 3:], 4, axis=2))
        inside = replace(scene, layers=(black, opaque)).instant(0)[..., 0] == 1
        alone = replace(scene, layers=(black, front)).instant(0)
        assert inside.any() and np.array_equal(scene.instant(0)[inside], alone[inside])


def test_outline_is_closed_and_soft():
    outline = random_outline(np.random.default_rng(3), 60, 60)
    assert outline[30, 30] == 1 and outline[0].max() == 0 and outline[:, -1].max() == 0
    assert ((outline > 0) & (outline < 1)).any()


def test_exact_motion_leads_every_pixel_to_its_image_point():
    scene = make_scene(CONFIG.model_copy(update={"native": True, "focal_length": 300.0, "parallax": 0.5}), "test", 1, 3)
    first, middle = scene.instant(0.1), scene.instant(3.1)
    motion = scene.motion(1, 4)
    y, x = np.mgrid[:128, :128].astype(np.float32)
    moved = cv2.remap(middle, x + motion[..., 0], y + motion[..., 1], cv2.INTER_LINEAR)
    unmoved, error = np.abs(middle - first).mean(axis=2), np.abs(moved - first).mean(axis=2)
    # What an object hides in one of the frames is not found again.
    assert np.median(error) < 0.2 * np.median(unmoved)
    coarse = scene.motion(1, 4, stride=2)
    np.testing.assert_allclose(np.median(coarse - motion[::2, ::2]), 0, atol=0.1)


def test_motion_of_a_moving_ramp():
    np.testing.assert_allclose(moving_ramp(1.5).motion(2, 7)[..., 0], 7.5, atol=1e-5)
    np.testing.assert_allclose(moving_ramp(1.5).motion(2, 7)[..., 1], 0, atol=1e-5)


def test_a_turning_camera_moves_the_axis_as_far_and_the_corners_further():
    plain = Motion(np.array([40.0, 0, 0, 0]), *[np.zeros((1, 4))] * 3)
    turning = Motion(np.array([40.0, 0, 0, 0]), *[np.zeros((1, 4))] * 3, focal_length=200.0)
    centre, corner = np.array([64.0, 64, 1]), np.array([128.0, 128, 1])
    for point, same in ((centre, True), (corner, False)):
        a, b = (m.matrix(1.0, (64.0, 64.0)) @ point for m in (plain, turning))
        assert np.allclose(a[:2], b[:2] / b[2]) == same


def photographs(folder: Path, names: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        assert cv2.imwrite(str(folder / name), np.random.default_rng(number).integers(0, 256, (140, 180, 3), np.uint8))


def test_a_folder_without_subfolders_is_divided(tmp_path):
    photographs(tmp_path / "own", [f"{i:02d}.png" for i in range(12)])
    (tmp_path / "own" / "._00.png").write_bytes(b"not a picture")
    found = list_photographs(str(tmp_path / "own"))
    names = [path.name for paths in found.values() for path in paths]
    assert sorted(names) == [f"{i:02d}.png" for i in range(12)] and all(found.values())
    scene = make_scene(CONFIG.model_copy(update={"photographs": str(tmp_path / "own")}), "train", 0, 0)
    assert scene.sharp_frame(1).shape == (128, 128, 3)


def test_subfolders_are_the_splits_and_files_may_be_listed(tmp_path):
    for split in ("train", "val", "test"):
        photographs(tmp_path / "own" / split, [f"{split}.png"])
    found = list_photographs(str(tmp_path / "own"))
    assert {split: [path.name for path in paths] for split, paths in found.items()} == {
        split: [f"{split}.png"] for split in ("train", "val", "test")
    }
    files = [str(path) for paths in found.values() for path in paths]
    assert all(len(paths) == 1 for paths in list_photographs(files).values())


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ("missing", "missing is not there"),
        ("own/0.png", r"0\.png is a file; name a folder"),
        ("empty", "leaves no photograph for train, val, test"),
        ("own", "own leaves no photograph for train, test; give at least three"),
        (["missing.png", "own"], r"missing\.png, not there; .*own, a folder"),
        (["own/0.png"] * 3, "the list leaves no photograph for train, test"),
        ([], "the list leaves no photograph for train, val, test"),
    ],
)
def test_photographs_that_cannot_serve_are_named(tmp_path, monkeypatch, chosen, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    photographs(tmp_path / "own", ["0.png"])
    with pytest.raises(ValueError, match=message):
        list_photographs(chosen)


def test_a_photograph_that_is_listed_twice_serves_one_split(tmp_path):
    photographs(tmp_path, [f"{number}.png" for number in range(4)])
    names = [f"{number}.png" for number in (3, 0, 1, 0, 2)]
    found = list_photographs([str(tmp_path / name) for name in names])
    assert found == list_photographs(str(tmp_path))
    assert sum(map(len, found.values())) == 4


def encoded(suffix: str, picture: np.ndarray) -> bytes:
    return cv2.imencode(suffix, picture)[1].tobytes()


def colours(height: int = 200, width: int = 260) -> np.ndarray:
    return cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8), (0, 0), 2)


def huge() -> bytes:
    png = bytearray(encoded(".png", colours()))
    png[16:24] = struct.pack(">II", 60_000, 60_000)
    png[29:33] = struct.pack(">I", zlib.crc32(png[12:29]))
    return bytes(png)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html>", "cannot be read"),
        (b"", "cannot be read"),
        (None, "cannot be read"),
        (huge(), "cannot be read"),
        (encoded(".tif", np.ones((200, 200), np.float32)), "cannot be read"),
        *[(encoded(suffix, colours())[:-2000], "cannot be read") for suffix in (".png", ".tif", ".webp", ".bmp")],
        # Its last rows would be gray.
        (encoded(".jpg", colours())[:-200], "ends too early"),
        (encoded(".jpg", colours(127, 300)), "has 127 px on its shorter side; at least 128 are needed"),
    ],
)
def test_a_file_that_is_no_picture_of_some_size_is_named(tmp_path, content, message):
    path = tmp_path / "a.jpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"a\.jpg {message}"):
        load_photograph(path)


def test_gray_deep_small_and_long_photographs_become_scenes(tmp_path):
    gray = colours()[..., 0]
    pictures = {
        "gray.png": gray,
        "deep.tif": gray.astype(np.uint16) * 257,
        "small.bmp": colours(128, 128),
        "long.webp": colours(129, 3000),
    }
    for name, picture in pictures.items():
        assert cv2.imwrite(str(tmp_path / name), picture)
    for name in ("gray.png", "deep.tif"):
        assert np.array_equal(load_photograph(tmp_path / name), np.repeat(gray[..., None], 3, axis=2))
    for native in (False, True):
        config = CONFIG.model_copy(update={"photographs": str(tmp_path), "native": native, "height": 301, "width": 129})
        for number in range(4):
            picture = make_scene(config, "train", number, 0).sharp_frame(1)
            assert picture.shape == (301, 129, 3) and np.isfinite(picture).all() and picture.std() > 0.01


@pytest.mark.parametrize("response", ["identity", "calibrated"])
def test_lamps_leave_streaks_in_linear_light(response, tmp_path):
    # Of the light of code 255 that of 128 is a tenth, as in REDS' curve.
    curve = np.repeat((np.arange(256) / 255)[:, None] ** 3.34, 3, axis=1)
    np.save(tmp_path / "curve.npy", curve)
    chosen = {"calibrated": tmp_path / "curve.npy"} if response == "calibrated" else response
    camera = Camera.from_config(CameraConfig(response=chosen), 7)
    scene = make_scene(CONFIG.model_copy(update={"lights": 12.0, "native": True}), "test", 0, 2)
    frames = np.stack([np.rint(scene.sharp_frame(number) * 255).astype(np.uint8) for number in range(1, 8)])
    lit = (frames == 255).all(axis=-1)
    passed = lit.any(axis=0) & (lit.sum(axis=0) <= 3)
    streak, codes = camera.render(frames)[passed].mean(), frames.mean(axis=0)[passed].mean()
    assert passed.sum() > 50
    assert (streak > codes + 20) if response == "calibrated" else abs(streak - codes) < 1


def test_speeds_are_spread_and_pieces_stay_sharp():
    config = CONFIG.model_copy(update={"min_speed": 0.0, "native": True})
    travels = [np.median(make_scene(config, "test", number, 0).travel(0, 6.2)) for number in range(12)]
    assert min(travels) < 2 and max(travels) > 5
    sharp = make_scene(config, "test", 0, 0).instant(0)
    smooth = make_scene(CONFIG, "test", 0, 0).instant(0)
    assert np.abs(np.diff(sharp, axis=0)).mean() > np.abs(np.diff(smooth, axis=0)).mean()
    lit = make_scene(config.model_copy(update={"lights": 8.0}), "test", 0, 0)
    assert len(lit.layers) > len(make_scene(config, "test", 0, 0).layers)


def test_a_share_of_the_training_scenes_is_at_rest():
    config = CONFIG.model_copy(update={"at_rest": 0.5, "native": True})
    travels = [make_scene(config, "train", number, 0).travel(0, 6.2).max() for number in range(12)]
    still = sum(travel == 0 for travel in travels)
    assert 2 <= still <= 10 and min(travel for travel in travels if travel) > 0.5
    assert make_scene(config, "test", 0, 0).travel(0, 6.2).max() > 0.5
