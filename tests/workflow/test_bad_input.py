"""What a user's mistake looks like."""

from __future__ import annotations

import shutil


def test_mistake_in_the_configuration_is_one_message(fresh):
    """Which there are, tests/unit/test_config.py tries."""
    fresh.configure(training={"defaults": {"lerning_rate": 1}})
    text = fresh.run("--dry-run", check=False)
    assert "training.defaults.lerning_rate" in text and "Traceback" not in text


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
