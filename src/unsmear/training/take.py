"""Weights that exist, as those of a stage that is not trained."""

from __future__ import annotations

from pathlib import Path

from unsmear.cascade.spec import StageSpec


def take_weights(
    spec: StageSpec, init: str | Path, psfs: str | Path, camera_path: str | Path, camera_name: str, output: str | Path
) -> None:
    """Write the weights in ``init`` as those of ``spec`` for a camera; their history stays theirs.

    Parameters
    ----------
    init : weights file of the same network
    psfs, camera_path : ``psfs.npy`` and ``camera.json`` of the camera on whose pictures the stage is to run: its
        energy and response, by which the stage equalises pictures, take the place of those in ``init``

    Raises
    ------
    ValueError
        If ``init`` is no weights file, or holds another network or other frames.
    """
    from unsmear.cascade.checkpoint import Checkpoint, load_stage, save_stage
    from unsmear.cascade.initial import start_from
    from unsmear.cascade.stage import Stage
    from unsmear.optics.camera import Camera

    given, camera = load_stage(init), Camera.load(psfs, camera_path)
    stage = Stage(spec, tuple(camera.energy), camera.response)
    start_from(stage, init)
    described = {"name": camera_name, "energy": [float(e) for e in camera.energy]}
    save_stage(output, Checkpoint(stage, camera.num_frames, described, given.hparams, given.provenance))
