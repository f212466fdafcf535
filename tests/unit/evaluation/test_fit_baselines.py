"""What the rules that fit baselines write, from stores whose motion is known."""

from __future__ import annotations

import numpy as np
import pytest
from known_predictions import SEQUENCES, KnownPredictor, records

from unsmear.evaluation.baselines import FittedBaselines
from unsmear.evaluation.fit_camera import fit_camera_baselines
from unsmear.evaluation.fit_system import fit_system_baselines


@pytest.mark.parametrize("of_system", [False, True])
def test_the_motion_of_all_sequences_is_found(chain, of_system):
    root = chain["root"]
    output = root / "baselines.json"
    # They move by 2 px a frame to the left.
    moving = records(chain, SEQUENCES[:2])
    if of_system:
        KnownPredictor.spoil = staticmethod(lambda frames: frames)
        fit_system_baselines([root / "weights"], moving, output)
    else:
        fit_camera_baselines(moving, root / "psfs.npy", root / "camera.json", output)
    fitted = FittedBaselines.load(output)
    assert fitted.num_groups == 4
    assert (fitted.wiener_k is None) == of_system
    if of_system:  # from a sharp picture of noise only the exact place fits
        np.testing.assert_allclose(np.abs(fitted.shift_px), (6, 0), atol=0.2)
