"""What a user's mistake looks like."""

from __future__ import annotations

import shutil


def test_unknown_key_is_refused_with_its_path(fresh):
    fresh.configure(training={"defaults": {"lerning_rate": 1}})
    text = fresh.run("--dry-run", check=False)
    assert "training.defaults.lerning_rate" in text and "Traceback" not in text


def test_impossible_value_is_refused_with_its_path_and_value(fresh):
    text = fresh.run("--dry-run", "--config", "scenes={height: 64}", check=False)
    assert "scenes.height" in text and "64" in text


def test_stage_without_its_condition_names_the_frame(fresh):
    stages = [{"name": "center", "predicts": [4]}, {"name": "f35", "predicts": [3, 5], "conditions_on": [2]}]
    fresh.configure(cascades=[{"name": "compact", "stages": stages}])
    assert "frame 2" in fresh.run("--dry-run", check=False)


def test_missing_archives_are_named(fresh):
    text = fresh.run(
        "--dry-run", "--config", "data={source: archives, archives: {folder: /no/such/folder}}", check=False
    )
    assert "/no/such/folder does not exist" in text


def test_torn_archive_is_named_and_leaves_nothing(fresh, shared, tmp_path):
    zips = tmp_path / "zips"
    shutil.copytree(shared / "data" / "crop256", zips)
    archive = zips / "val_orig_part0.zip"
    content = bytearray(archive.read_bytes())
    place = content.index(b"IDAT") + 400
    content[place : place + 50] = bytes(50)
    archive.write_bytes(bytes(content))
    target = "results/frames/test/000.npy"
    text = fresh.run("--config", f"data={{source: archives, archives: {{folder: {zips}}}}}", "--", target, check=False)
    assert "val_orig_part0.zip" in text and "00000000.png" in text
    assert not (fresh.folder / target).exists()
