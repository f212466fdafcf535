from pathlib import Path

import numpy as np
import pytest

from unsmear.optics.camera import Camera
from unsmear.optics.config import CameraConfig
from unsmear.optics.response import Response, load_calibrated, response_of

ALL_CODES = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)[None]


@pytest.fixture(params=["identity", "srgb", "gamma 2.2", "gamma 0.5", "calibrated"])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> object:
    """Response as a user writes it."""
    if request.param.startswith("gamma"):
        return {"gamma": float(request.param.split()[1])}
    if request.param == "calibrated":
        np.save(tmp_path / "crf.npy", rising_curve())
        return {"calibrated": str(tmp_path / "crf.npy")}
    return request.param


def rising_curve() -> np.ndarray:
    """A curve as REDS' one is: above zero at code 0, runs away at the end, a dent; blue first."""
    curve = (np.arange(256) / 128)[:, None, None] ** np.array([1.8, 2.0, 2.2]) + 0.004
    curve[252:] *= 3
    curve[236, 0, 1] = curve[235, 0, 1] - 0.01
    return curve.astype(np.float32)


@pytest.mark.parametrize("quantize", ["round", "truncate"])
def test_all_codes_make_the_round_trip(config: object, quantize: str) -> None:
    camera = Camera.from_config(CameraConfig(response=config, quantize=quantize), 7)
    still = np.repeat(ALL_CODES[None], 7, axis=0)
    np.testing.assert_array_equal(camera.render(still), ALL_CODES)
    blocked = Camera.from_config(
        CameraConfig(optics={"kind": "coded_exposure", "weights": [1, 0, 2, 0.3]}, response=config), 4
    )
    np.testing.assert_array_equal(blocked.render(still[:4]), ALL_CODES)


def test_rendering_averages_light_not_codes(config: object) -> None:
    camera = Camera.from_config(CameraConfig(response=config), 2)
    response = camera.response
    dark, bright = 40, 220
    frames = np.stack([np.full((4, 5, 3), dark, np.uint8), np.full((4, 5, 3), bright, np.uint8)])
    table = response.linear_of_codes()
    mean = (table[dark] + table[bright]) / 2
    # The code whose light is nearest from below, by search: an oracle without the encoder.
    for channel in range(3):
        below = np.searchsorted(table[:, channel], mean[channel]) - 1
        between = (mean[channel] - table[below, channel]) / (table[below + 1, channel] - table[below, channel])
        encoded = 255 * camera.render_float(frames)[0, 0, channel]
        assert encoded == pytest.approx(below + between, abs=0.02)


def test_srgb_has_its_standard_values() -> None:
    table = Response("srgb").linear_of_codes()[:, 0]
    # IEC 61966-2-1: the mid-grey code 188 is half the light, code 10 is on the straight part.
    assert table[188] == pytest.approx(0.5028865, abs=1e-6)
    assert table[10] == pytest.approx(10 / 255 / 12.92)
    assert (table[0], table[255]) == (0, 1)
    linear = np.linspace(0, 1, 1000)[:, None].repeat(3, axis=1)
    encoded = Response("srgb").encode(linear)
    expected = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    np.testing.assert_allclose(encoded, expected, atol=1e-7)


def test_gamma_is_a_power() -> None:
    table = Response("gamma", 2.2).linear_of_codes()
    assert table[128, 1] == pytest.approx((128 / 255) ** 2.2)


def test_light_outside_the_scale_is_clamped(config: object) -> None:
    response = response_of(CameraConfig(response=config))
    linear = np.array([[-0.5, -1e-9, -3], [1.5, 1 + 1e-9, 7]])
    np.testing.assert_allclose(response.encode(linear), [[0, 0, 0], [1, 1, 1]], atol=1e-9)


@pytest.mark.parametrize("shape", [(256, 3), (4, 5, 3), (2, 4, 5, 3)])
def test_any_array_of_codes_becomes_light(config: object, shape: tuple[int, ...]) -> None:
    response = response_of(CameraConfig(response=config))
    codes = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    light = response.linearize(codes)
    assert light.dtype == np.float32
    table = response.linear_of_codes()
    for channel in range(3):
        np.testing.assert_allclose(light[..., channel], table[codes[..., channel], channel], rtol=1e-6)


def test_it_travels_as_numbers(config: object) -> None:
    response = response_of(CameraConfig(response=config))
    back = Response.from_json(response.to_json())
    assert back.kind == response.kind
    np.testing.assert_array_equal(back.linear_of_codes(), response.linear_of_codes())


def test_the_published_curve_is_mended(shared: Path) -> None:
    raw = np.load(shared / "golden/reds_crf.npy")[:, 0, ::-1].astype(np.float64)
    table = load_calibrated(shared / "golden/reds_crf.npy").table
    assert table is not None
    # Value at code 255 after mending, blue, green, red, relative to 1 at code 128.
    np.testing.assert_allclose(1 / table[128], [11.7066, 12.0454, 10.0501], atol=1e-4)
    np.testing.assert_allclose(table[255], 1)
    assert (np.diff(table, axis=0) > 0).all()
    scale = 1 / table[128]
    assert table[236, 1] * scale[1] == pytest.approx((raw[235, 1] + raw[237, 1]) / 2)
    untouched = np.ones((251, 3), bool)
    untouched[236, 1] = False
    np.testing.assert_allclose((table * scale)[:251][untouched], raw[:251][untouched], rtol=1e-12)
    # Much darker in the middle than a gamma of 2.2.
    assert ((table[128] > 0.08) & (table[128] < 0.1)).all()


def test_the_published_curve_makes_the_round_trip(shared: Path) -> None:
    calibrated = {"calibrated": str(shared / "golden/reds_crf.npy")}
    for quantize in ("round", "truncate"):
        camera = Camera.from_config(CameraConfig(response=calibrated, quantize=quantize), 7)
        still = np.repeat(ALL_CODES[None], 7, axis=0)
        np.testing.assert_array_equal(camera.render(still), ALL_CODES)


@pytest.mark.parametrize(
    ("curve", "message"),
    [
        (np.zeros((255, 1, 3)), "expected"),
        (np.full((256, 1, 3), np.nan), "not finite"),
        (-rising_curve(), "negative"),
        (rising_curve()[::-1].copy(), "does not rise"),
        (np.ones((256, 1, 3)), "does not rise"),
    ],
)
def test_wrong_curves_are_refused(curve: np.ndarray, message: str, tmp_path: Path) -> None:
    np.save(tmp_path / "crf.npy", curve)
    with pytest.raises(ValueError, match=message):
        load_calibrated(tmp_path / "crf.npy")


def test_missing_and_damaged_curves(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not exist"):
        load_calibrated(tmp_path / "none.npy")
    (tmp_path / "bad.npy").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="cannot read"):
        load_calibrated(tmp_path / "bad.npy")
