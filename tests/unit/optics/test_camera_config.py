import re

import pytest
from pydantic import TypeAdapter, ValidationError

from unsmear.optics.config import CameraConfig
from unsmear.optics.optics_config import CodedExposureOptics, FocusSweepOptics, MaskedOptics


@pytest.mark.parametrize("kind", ["standard", "masked", "focus_sweep", "coded_exposure", "file"])
def test_a_plain_string_names_the_optics(kind: str) -> None:
    assert CameraConfig(optics=kind) == CameraConfig(optics={"kind": kind})
    assert CameraConfig(optics=kind).optics.kind == kind


def test_the_written_form_reads_back() -> None:
    config = CameraConfig(
        name="mine",
        optics={"kind": "masked", "psi_range": [0, 8], "integrate_pixel": True},
        response={"gamma": 2.2},
        interpolation={"factor": 8},
        noise={"read_noise": 0.01},
        normalize="unit_sum",
    )
    assert CameraConfig(**config.model_dump(mode="json")) == config


def test_a_list_as_a_user_writes_it() -> None:
    cameras = TypeAdapter(list[CameraConfig]).validate_python(
        [
            {"name": "standard", "optics": "standard"},
            {"name": "masked", "optics": {"kind": "masked", "psi_range": [0, 8]}},
        ]
    )
    assert isinstance(cameras[1].optics, MaskedOptics)
    assert cameras[1].optics == MaskedOptics()


def test_the_schema_shows_the_plain_string() -> None:
    optics = CameraConfig.model_json_schema()["properties"]["optics"]
    assert {"masked", "standard"} <= set(optics["anyOf"][0]["enum"])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "Masked"}, "pattern"),
        ({"name": "a-b"}, "pattern"),
        ({"optics": "lens"}, "'standard', 'masked'"),
        ({"optics": {"kind": "masked", "psf_size": 26}}, "must be odd.*found 26"),
        ({"optics": {"kind": "masked", "psf_size": 245}}, "larger than pupil_grid 243"),
        ({"optics": {"kind": "masked", "wavelengths_nm": [600, 535, 200]}}, "does not fit a grid"),
        ({"optics": {"kind": "focus_sweep", "spectral_bandwidth_nm": [1300, 0, 0]}}, "does not fit a grid"),
        ({"optics": {"kind": "masked", "ring_radii": [0.5]}}, "1 ring_radii but 2 ring_phases_rad"),
        ({"optics": {"kind": "masked", "ring_radii": [0.9, 0.5]}}, "must rise"),
        ({"optics": {"kind": "masked", "psi_range": [0, float("nan")]}}, "finite"),
        ({"optics": {"kind": "standard", "psi_range": [0, 8]}}, "not permitted"),
        ({"optics": {"kind": "coded_exposure", "weights": [0, 0]}}, "no light passes"),
        ({"optics": {"kind": "coded_exposure", "weights": [1, -1]}}, "greater than or equal to 0"),
        ({"interpolation": {"factor": 3}}, "1, 2, 4, 8 or 16"),
        ({"quantize": "floor"}, "'round' or 'truncate'"),
        ({"normalize": True}, "'none' or 'unit_sum'"),
        ({"response": {"gamma": 0}}, "greater than 0"),
        ({"noise": {"read_noise": -1}}, "greater than or equal to 0"),
    ],
)
def test_mistakes_are_named(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        CameraConfig(**fields)
    assert re.search(message, str(caught.value))


def test_defaults_are_off() -> None:
    config = CameraConfig()
    assert config.interpolation.factor == 1
    assert config.noise.full_well_electrons == config.noise.read_noise == 0
    assert config.response == "identity"
    assert config.quantize == "round"
    assert config.normalize == "none"
    sweep = FocusSweepOptics()
    assert not sweep.integrate_pixel and not sweep.integrate_sweep and not any(sweep.spectral_bandwidth_nm)
    assert len(CodedExposureOptics().weights) == 7
