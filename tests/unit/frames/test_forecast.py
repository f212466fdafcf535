from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unsmear.frames import forecast as forecast_module
from unsmear.frames.config import DataConfig
from unsmear.frames.forecast import check_disk, forecast_disk
from unsmear.frames.layout import plan_sequences

FRAME = 720 * 1280 * 3


def test_the_full_set(tmp_path: Path) -> None:
    data = DataConfig(source="reds")
    records = plan_sequences(data)
    found = forecast_disk(records, data, tmp_path, num_cameras=2)
    assert (found.num_sequences, found.num_downloads) == (270, 18)
    assert found.download_bytes == 180_000_000_000
    assert found.store_bytes == 270 * 500 * FRAME
    assert found.blur_bytes == 2 * 270 * 71 * FRAME
    lean = forecast_disk(records, data.model_copy(update={"keep_archives": False}), tmp_path, 2)
    assert lean.peak_bytes < 1.1 * (found.store_bytes + found.blur_bytes)
    assert lean.peak_bytes < found.peak_bytes - 100_000_000_000
    assert "270 sequences, 18 archives to fetch (180.00 GB), frames 373.25 GB" in found.text()


def test_what_is_there_is_not_counted(tmp_path: Path) -> None:
    data = DataConfig(source="reds", reds={"sequences": 3})
    records = plan_sequences(data)
    before = forecast_disk(records, data, tmp_path, 1)
    store = tmp_path / "frames" / records[0].split / f"{records[0].sequence}.npy"
    store.parent.mkdir(parents=True)
    store.touch()
    after = forecast_disk(records, data, tmp_path, 1)
    assert (before.num_downloads, after.num_downloads) == (3, 2)
    assert before.store_bytes - after.store_bytes == 500 * FRAME
    assert before.blur_bytes == after.blur_bytes
    blur = tmp_path / "blur" / "standard" / records[0].split / f"{records[0].sequence}.npy"
    blur.parent.mkdir(parents=True)
    blur.touch()
    assert forecast_disk(records, data, tmp_path, 1).blur_bytes == 2 * 71 * FRAME


def test_the_users_own_frames(shared: Path, tmp_path: Path) -> None:
    data = DataConfig(source="archives", archives={"folder": str(shared / "data" / "half360")})
    found = forecast_disk(plan_sequences(data), data, tmp_path, 2)
    assert found.download_bytes == 0
    assert found.store_bytes == 9 * 9 * 360 * 640 * 3
    assert found.blur_bytes == 2 * 9 * 360 * 640 * 3


def test_a_small_disk_stops_the_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = DataConfig(source="reds", reds={"sequences": 3})
    found = forecast_disk(plan_sequences(data), data, tmp_path)
    asked = []

    def usage(path: Path) -> object:
        asked.append(path)
        return type("Usage", (), {"free": found.peak_bytes - 1})

    monkeypatch.setattr(forecast_module.shutil, "disk_usage", usage)
    with pytest.raises(ValueError, match=r"disk still needed: .* GB free\. Make room"):
        check_disk(found, tmp_path / "not" / "there" / "yet")
    assert asked == [tmp_path]
    monkeypatch.setattr(
        forecast_module.shutil, "disk_usage", lambda path: type("Usage", (), {"free": found.peak_bytes})
    )
    check_disk(found, tmp_path)
    assert np.isfinite(found.peak_bytes)
