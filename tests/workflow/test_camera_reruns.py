"""Cameras that are described by files rerun when a file's content changes."""

from __future__ import annotations

import numpy as np


def test_changed_psf_file_simulates_and_renders_its_camera_again(fresh):
    psfs = np.zeros((7, 5, 5, 3))
    psfs[:, 2, 2] = 0.5
    np.save(fresh.folder / "lens.npy", psfs)
    optics = {"kind": "file", "path": "lens.npy"}
    fresh.configure(cameras=[{"name": "standard", "optics": "standard"}, {"name": "masked", "optics": optics}])
    target = "results/blur/masked/test/000.npy"
    (fresh.folder / "results/evaluation/masked/sequences").mkdir(parents=True)
    assert "results holds results of an earlier version" in fresh.run(target)
    before = np.load(fresh.folder / target)
    assert fresh.plan(target) == {}
    psfs[:, 2, 2] = 0.25
    np.save(fresh.folder / "lens.npy", psfs)
    assert fresh.plan(target) == {"simulate_camera": 1, "render_blur": 1}
    fresh.run(target)
    np.testing.assert_allclose(np.load(fresh.folder / target), before / 2, atol=1)


def test_missing_psf_file_is_named(fresh):
    optics = {"kind": "file", "path": "no_lens.npy"}
    fresh.configure(cameras=[{"name": "standard", "optics": "standard"}, {"name": "masked", "optics": optics}])
    assert "no_lens.npy" in fresh.run("--dry-run", check=False)
