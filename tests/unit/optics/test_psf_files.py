from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from unsmear.optics.psf import check_psfs, delta_psfs, is_delta, load_psfs, normalize_psfs

GOOD = np.random.default_rng(0).random((5, 9, 9, 3))


def as_cell(psfs: np.ndarray) -> np.ndarray:
    """MATLAB's 1 x N cell."""
    cell = np.empty((1, len(psfs)), dtype=object)
    for index, psf in enumerate(psfs):
        cell[0, index] = psf
    return cell


def test_every_layout_gives_the_same_array(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", GOOD)
    np.savez(tmp_path / "b.npz", psfs=GOOD)
    np.savez(tmp_path / "c.npz", psfs=GOOD, other=np.zeros(3))
    savemat(tmp_path / "d.mat", {"psfAr": as_cell(GOOD)})
    savemat(tmp_path / "e.mat", {"x": GOOD, "unrelated": 3.0})
    for name, variable in (
        ("a.npy", None),
        ("b.npz", None),
        ("c.npz", "psfs"),
        ("d.mat", None),
        ("e.mat", "x"),
    ):
        loaded = load_psfs(tmp_path / name, variable)
        assert loaded.dtype == np.float64
        np.testing.assert_array_equal(loaded, GOOD)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p[..., 0], "shape"),
        (lambda p: p[:, :, :-2], "shape"),
        (lambda p: p[..., :2], "shape"),
        (lambda p: p[:0], "shape"),
        (lambda p: p[:, :-1, :-1], "even size 8"),
        (lambda p: np.where(p == p[2, 3, 4, 1], np.nan, p), "1 values that are not finite"),
        (lambda p: np.where(p == p[2, 3, 4, 1], np.inf, p), "not finite"),
        (lambda p: p - 0.5, "negative energy"),
        (lambda p: p + 0j, "type complex"),
        (lambda p: p > 0.5, "type bool"),
    ],
)
@pytest.mark.parametrize("suffix", ["npy", "npz", "mat"])
def test_wrong_arrays_are_refused(change, message: str, suffix: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / f"psfs.{suffix}"
    wrong = change(GOOD)
    if suffix == "npy":
        np.save(path, wrong)
    elif suffix == "npz":
        np.savez(path, psfs=wrong)
    else:
        savemat(path, {"psfs": wrong})
    if suffix == "mat" and wrong.dtype == bool:
        return  # MATLAB keeps logical values as numbers
    with pytest.raises(ValueError, match=message) as caught:
        load_psfs(path)
    assert "psfs." in str(caught.value)


def test_a_psf_without_light_is_refused(tmp_path: Path) -> None:
    dark = GOOD.copy()
    dark[3, ..., 1] = 0
    np.save(tmp_path / "dark.npy", dark)
    with pytest.raises(ValueError, match="frame 4, green"):
        load_psfs(tmp_path / "dark.npy")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not exist"):
        load_psfs(tmp_path / "none.npy")
    (tmp_path / "psfs.csv").write_text("1")
    with pytest.raises(ValueError, match=r"\.npy, \.npz or \.mat"):
        load_psfs(tmp_path / "psfs.csv")
    for suffix in ("npy", "npz", "mat"):
        path = tmp_path / f"bad.{suffix}"
        path.write_bytes(b"no array at all")
        with pytest.raises(ValueError, match="cannot read PSF file"):
            load_psfs(path)
    np.save(tmp_path / "cut.npy", GOOD)
    whole = (tmp_path / "cut.npy").read_bytes()
    (tmp_path / "cut.npy").write_bytes(whole[:-9])
    with pytest.raises(ValueError, match="cannot read PSF file"):
        load_psfs(tmp_path / "cut.npy")


def test_objects_in_a_file_are_not_run(tmp_path: Path) -> None:
    np.save(tmp_path / "object.npy", as_cell(GOOD), allow_pickle=True)
    with pytest.raises(ValueError, match="cannot read"):
        load_psfs(tmp_path / "object.npy")


def test_the_variable_must_be_clear(tmp_path: Path) -> None:
    np.savez(tmp_path / "two.npz", a=GOOD, b=GOOD)
    with pytest.raises(ValueError, match=r"\['a', 'b'\]; say which"):
        load_psfs(tmp_path / "two.npz")
    with pytest.raises(ValueError, match="has no 'c'"):
        load_psfs(tmp_path / "two.npz", "c")


def test_a_cell_of_different_sizes_is_refused(tmp_path: Path) -> None:
    cell = as_cell(GOOD)
    cell[0, 1] = GOOD[1, 1:-1, 1:-1]
    savemat(tmp_path / "mixed.mat", {"psfAr": cell})
    with pytest.raises(ValueError, match="different shapes"):
        load_psfs(tmp_path / "mixed.mat")


def test_deltas_are_known() -> None:
    assert is_delta(delta_psfs(4)) and is_delta(delta_psfs(4, 9))
    for place, value in (((0, 4, 4, 0), 0.9), ((0, 4, 5, 0), 0.1), ((2, 0, 0, 2), 1e-12)):
        other = delta_psfs(4, 9)
        other[place] = value
        assert not is_delta(other)


def test_normalisation_is_per_frame_and_colour() -> None:
    unit = normalize_psfs(GOOD)
    np.testing.assert_allclose(unit.sum(axis=(1, 2)), 1)
    np.testing.assert_allclose(unit[2, ..., 1], GOOD[2, ..., 1] / GOOD[2, ..., 1].sum())


def test_whole_numbers_become_real_ones() -> None:
    assert check_psfs(np.ones((1, 3, 3, 3), np.uint8), "x").dtype == np.float64
