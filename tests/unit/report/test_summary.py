"""What the page says first."""

from __future__ import annotations

from unsmear.report.page.summary import facts

ROWS = [
    {"row": "input_masked", "label": "Input (Masked)", "kind": "input", "camera": "masked"},
    {"row": "input_masked/wiener", "label": "Wiener (Masked)", "kind": "baseline", "camera": "masked"},
    {
        "row": "masked",
        "label": "Re-trained (Masked)",
        "kind": "trained",
        "camera": "masked",
        "gain_middle": "7.5",
        "gain_middle_baseline": "5.123",
        "gain_middle_baseline_low": "4.9",
        "gain_middle_baseline_high": "5.3",
        "gain_middle_baseline_row": "input_masked/wiener",
        "gain_frames": "2.0",
        "motion_amplitude": "0.968",
        "motion_angle": "5.6",
        "direction": "0.995",
    },
]


def test_gains_are_over_the_best_baseline_and_motion_is_told():
    [system] = facts(ROWS)
    assert (system.label, system.camera) == ("Re-trained (Masked)", "masked")
    middle, frames, amplitude, angle, direction = system.facts
    assert (middle.value, middle.interval) == ("+5.12 dB", "[+4.90, +5.30]")
    assert middle.text == "middle frame over the best baseline, Wiener (Masked)"
    # Where no baseline was evaluated, the input stands in and is named.
    assert (frames.value, frames.text, frames.interval) == ("+2.00 dB", "all frames over the input", "")
    assert (amplitude.value, angle.value, direction.value) == ("0.97", "6", "0.99")
