"""Columns of the results table as people read it, and the notes below it."""

from __future__ import annotations

# Measures that every table shows, if it has them: key, heading, decimals, whether with an interval.
COLUMNS = (
    ("psnr_middle", "PSNR middle", 2, False),
    ("gain_middle", "over input", 2, True),
    ("gain_middle_baseline", "over best baseline", 2, True),
    ("ssim_middle", "SSIM middle", 3, False),
    ("lpips_alex_middle", "LPIPS alex", 3, False),
    ("lpips_vgg_middle", "LPIPS vgg", 3, False),
    ("psnr_frames", "PSNR frames", 2, False),
    ("gain_frames", "over input", 2, True),
    ("gain_frames_baseline", "over best baseline", 2, True),
    ("direction", "direction", 2, True),
    ("motion_amplitude", "amplitude", 2, True),
    ("motion_angle", "angle", 0, False),
)
# Measures of interest to few; in a table of their own.
MORE_COLUMNS = (
    ("motion_axis", "axis", 1, True),
    ("ssim_frames", "SSIM frames", 3, False),
    ("psnr_frames_plain", "PSNR frames, as predicted", 2, True),
    ("motion_error", "end-point error", 2, True),
    ("motion_error_bidirectional", "bidirectional end-point error", 2, True),
    ("motion_amplitude_best", "amplitude, best", 2, False),
    ("motion_angle_best", "angle, best", 0, False),
    ("temporal_error", "error of frame differences", 2, False),
    ("reblur_psnr", "re-blur PSNR", 2, False),
    ("psnr_bound", "PSNR outer frames, true middle given", 2, False),
)
MORE_NOTE = (
    "Axis: angle between the lines along which predicted and true motion point, degrees: either sign is right at each "
    "pixel. Best: in the best direction. PSNR of frames as predicted, not turned to it. End-point error: distance of "
    "predicted and true displacement from the middle to the first and last frame, px, over moving pixels; "
    "bidirectional, as others report it: from first to last frame, in the better direction of each pixel, over "
    "all pixels. RMS error of differences between neighbouring frames, 8-bit codes. Re-blur: PSNR of the "
    "prediction put through its camera against the blurry picture. Outer frames: PSNR where the stages are given "
    "the true middle frame."
)
ZERO_MARK = "°"
NOTES = (
    "PSNR in dB, per image, RGB, 8 bit. The middle frame stands for itself; all frames are scored in the "
    "best direction of time, chosen once for each frame group. Gains are paired, over the same camera's "
    "blurry picture, which is first divided by its PSFs' energy, colour by colour. Direction: share of "
    "moving groups whose predicted sequence is nearer to the truth than to its reverse. Amplitude and angle: motion "
    "of the predicted frames along the true motion, 1 is right and 0 stands still, and the angle between the two, "
    "degrees, median over moving pixels; in the best direction where the camera does not record the order of time. "
    "Brackets: {confidence:.4g}% "
    "interval from resampling whole sequences; none below six sequences.",
    f"{ZERO_MARK} the interval of this difference spans zero.",
)
FITTED_ON_TEST = (
    "There is no val split: the constants of the Wiener filters and of the constant shifts were chosen on test groups "
    "themselves, which favours these baselines: gains over the best baseline are rather too small than too large."
)
Columns = tuple[tuple[str, str, int, bool], ...]
