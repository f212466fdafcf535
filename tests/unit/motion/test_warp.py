import pytest
import torch

from unsmear.motion.warp import resize_motion, warp_frames


def shifted(x: float, y: float, size: int = 9) -> torch.Tensor:
    return torch.tensor([x, y]).reshape(1, 2, 1, 1).expand(1, 2, size, size)


def test_no_motion_changes_nothing_and_whole_pixels_are_exact():
    frames = torch.rand(1, 3, 9, 9)
    torch.testing.assert_close(warp_frames(frames, shifted(0, 0)), frames)
    torch.testing.assert_close(warp_frames(frames, shifted(2, 0))[..., :-2], frames[..., 2:])
    torch.testing.assert_close(warp_frames(frames, shifted(0, -1))[..., 1:, :], frames[..., :-1, :])


def test_half_pixels_are_interpolated_and_the_border_goes_on():
    ramp = torch.arange(9.0).expand(1, 1, 9, 9)
    moved = warp_frames(ramp, shifted(0.5, 0))
    torch.testing.assert_close(moved[..., :-1], ramp[..., :-1] + 0.5)
    torch.testing.assert_close(moved[..., -1], ramp[..., -1])


@pytest.mark.parametrize("size", [(18, 18), (4, 6)])
def test_fields_keep_their_unit_on_another_grid(size):
    fields = shifted(3.0, -2.0).unsqueeze(1)
    torch.testing.assert_close(
        resize_motion(fields, *size), torch.tensor([3.0, -2]).reshape(1, 1, 2, 1, 1).expand(1, 1, 2, *size)
    )
