import numpy as np
import pytest

from unsmear.motion.store import check_motion, open_motion, save_motion


def test_motion_comes_back(tmp_path):
    fields = np.random.default_rng(0).normal(size=(2, 7, 5, 6, 2)) * 10
    save_motion(tmp_path / "000.npy", fields)
    np.testing.assert_allclose(open_motion(tmp_path / "000.npy"), fields, rtol=1e-3)
    check_motion(tmp_path / "000.npy", 2, 7, (9, 12))


@pytest.mark.parametrize("content", [b"", b"no array", None])
def test_what_is_no_motion_is_named(tmp_path, content):
    path = tmp_path / "000.npy"
    if content is None:
        np.save(path, np.zeros((2, 7, 5, 6, 3), np.float16))
    else:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=r"000\.npy"):
        open_motion(path)


def test_a_store_of_other_frames_is_refused(tmp_path):
    save_motion(tmp_path / "000.npy", np.zeros((2, 7, 5, 6, 2)))
    with pytest.raises(ValueError, match="has shape"):
        check_motion(tmp_path / "000.npy", 3, 7, (9, 12))
