"""Videos: what a browser needs of them, and that they show what they were given."""

from __future__ import annotations

import av
import numpy as np
import pytest
from PIL import Image

from unsmear.report.config import ReportConfig
from unsmear.report.videos import GAP, REST, enlarge, label_height, side_by_side, write_gif, write_mp4


@pytest.fixture
def frames() -> np.ndarray:
    """Seven frames that grow brighter."""
    return np.stack([np.full((47, 51, 3), 20 + 30 * k, np.uint8) for k in range(7)])


def test_columns_lie_side_by_side_with_even_sides(frames):
    joined = side_by_side({"a": frames, "b": 255 - frames, "c": frames}, height=47)
    assert joined.shape[1] % 2 == 0 and joined.shape[2] % 2 == 0
    bar = label_height(47)
    np.testing.assert_array_equal(joined[:, bar : bar + 47, :51], frames)
    np.testing.assert_array_equal(joined[:, bar : bar + 47, 51 + GAP : 102 + GAP], 255 - frames)
    assert joined[0, :bar].max() > 200


def test_small_pictures_are_enlarged_by_whole_pixels(frames):
    assert enlarge(frames, 360).shape == (7, 8 * 47, 8 * 51, 3)
    assert enlarge(frames, 20) is not None and enlarge(frames, 20).shape == frames.shape


def test_mp4_plays_in_browsers_and_in_the_right_order(frames, tmp_path):
    config = ReportConfig(video_rate=5, video_loops=2)
    write_mp4(side_by_side({"a": frames}, 47), tmp_path / "v.mp4", config)
    with av.open(str(tmp_path / "v.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert stream.average_rate == 5
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    levels = [float(picture[label_height(47) + 5 : -5, 5:40].mean()) for picture in pictures]
    expected = [*(20 + 30 * k for k in range(7)), *([200] * REST)] * 2
    np.testing.assert_allclose(levels, expected, atol=4)
    content = (tmp_path / "v.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_mp4_has_equal_bytes_on_a_second_writing(frames, tmp_path):
    joined = side_by_side({"a": frames}, 47)
    for name in ("a.mp4", "b.mp4"):
        write_mp4(joined, tmp_path / name, ReportConfig())
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_gif_plays_for_ever_and_rests_at_its_end(frames, tmp_path):
    write_gif(side_by_side({"a": frames}, 47), tmp_path / "v.gif", ReportConfig(video_rate=10))
    with Image.open(tmp_path / "v.gif") as image:
        assert image.n_frames == 7
        assert image.info["loop"] == 0
        durations, levels = [], []
        for index in range(7):
            image.seek(index)
            durations.append(image.info["duration"])
            levels.append(float(np.asarray(image.convert("RGB"))[label_height(47) + 5 : -5, 5:40].mean()))
    assert durations == [100] * 6 + [100 * (1 + REST)]
    np.testing.assert_allclose(levels, [20 + 30 * k for k in range(7)], atol=4)
