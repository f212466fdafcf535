"""Simulating a camera, and the two files that rendering, training and evaluation know it by."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from unsmear.files import write_atomically, write_json
from unsmear.optics.camera import FORMAT_VERSION, Camera
from unsmear.optics.config import CameraConfig


def simulate_camera(
    config: CameraConfig,
    num_frames: int,
    psfs_path: str | Path,
    camera_path: str | Path,
) -> None:
    """Simulate one camera and write all that rendering and evaluation need to know of it.

    Parameters
    ----------
    config : the camera
    num_frames : frames in a group
    psfs_path : ``.npy`` to write, (num_frames, K, K, 3) float64
    camera_path : ``.json`` to write: weights, response, noise, energy, symmetries, the whole config
    """
    camera = Camera.from_config(config, num_frames)
    with write_atomically(psfs_path) as temporary:
        np.save(temporary, camera.psfs)
    write_json(
        camera_path,
        {
            "format_version": FORMAT_VERSION,
            "name": camera.name,
            "num_frames": camera.num_frames,
            "psf_shape": list(camera.psfs.shape),
            "weights": camera.weights.tolist(),
            "energy": camera.energy.tolist(),
            "time_symmetric": camera.time_symmetric,
            "symmetries": sorted(camera.symmetries),
            "response": camera.response.to_json(),
            "config": config.model_dump(mode="json"),
        },
    )
