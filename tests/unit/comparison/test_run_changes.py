"""What differs between two results folders."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from unsmear.cli import main
from unsmear.comparison.changes import find_changes
from unsmear.comparison.run_results import flatten, read_folder

CONFIG = {"seed": 0, "cameras": [{"name": "masked", "psi": [0, 8]}], "sweep": []}
FACTS = {"commit": "aaa", "data_digest": "d1", "config_digest": "c1", "code": {"train_stage": "t1"}}


def write_table(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def per_frame(sequences: int, psnr: Callable[[int, int], float], direction: float = 1.0) -> list[dict[str, Any]]:
    return [
        {
            "system": "masked",
            "split": "test",
            "sequence": f"{s:03d}",
            "group": g,
            "frame": f,
            "moving": 1,
            "psnr": psnr(s, g),
            "psnr_best": psnr(s, g),
            "direction": direction,
            "motion_error": 1.0,
        }
        for s in range(sequences)
        for g in (1, 2)
        for f in range(1, 8)
    ]


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """A results folder of eight sequences, as far as a comparison reads it."""
    folder = tmp_path / "A"
    write_table(folder / "evaluation/masked/per_frame.csv", per_frame(8, lambda s, g: 30 + s + 0.1 * g))
    row = {"row": "masked", "label": "Re-trained (Masked)", "kind": "trained", "num_seeds": 1}
    write_table(folder / "report/table.csv", [row, {**row, "row": "input_masked", "kind": "input"}])
    (folder / "report/config.yaml").write_text(yaml.safe_dump(CONFIG))
    (folder / "report/provenance.json").write_text(json.dumps(FACTS))
    bench = folder / "benchmarks/train_stage/masked/center/final.tsv"
    bench.parent.mkdir(parents=True)
    bench.write_text("s\tmax_rss\tcpu_time\n100\t900\t150\n")
    (folder / "report/figures").mkdir()
    Image.new("RGB", (60, 20)).save(folder / "report/figures/median_middle.png")
    return folder


@pytest.fixture
def second(first: Path) -> Path:
    """An equal one."""
    return Path(shutil.copytree(first, first.with_name("B")))


def rewrite(folder: Path, sequences: int, psnr: Callable[[int, int], float], direction: float = 1.0) -> None:
    write_table(folder / "evaluation/masked/per_frame.csv", per_frame(sequences, psnr, direction))


def test_equal_runs_differ_in_nothing(first, second):
    changes = find_changes(read_folder(first), read_folder(second))
    assert changes.settings == {} and changes.facts == {} and changes.notes == []
    assert {change.measure.key for change in changes.measures} >= {"psnr_middle", "psnr_frames", "direction"}
    assert all(change.difference.value == 0 and not change.is_worse for change in changes.measures)
    assert main(["compare", str(first), str(second)]) == 0


def test_keys_digests_and_costs_that_differ_are_told(first, second):
    changed = {**CONFIG, "seed": 1, "cameras": [{"name": "masked", "psi": [0, 6]}, {"name": "ideal", "psi": []}]}
    (second / "report/config.yaml").write_text(yaml.safe_dump(changed))
    (second / "report/provenance.json").write_text(json.dumps({**FACTS, "code": {"train_stage": "t2"}}))
    (second / "benchmarks/train_stage/masked/center/final.tsv").write_text("s\tmax_rss\tcpu_time\n50\tNA\tNA\n")
    changes = find_changes(read_folder(first), read_folder(second))
    assert changes.settings == {
        "seed": ("0", "1"),
        "cameras.masked.psi": ("[0, 8]", "[0, 6]"),
        "cameras.ideal.name": ("-", "ideal"),
        "cameras.ideal.psi": ("-", "[]"),
    }
    assert changes.facts == {"code.train_stage": ("t1", "t2")}
    before, after = changes.steps["train_stage"]
    assert (before.seconds, before.peak_mb, after.seconds, after.peak_mb) == (100, 900, 50, None)


@pytest.mark.parametrize(
    ("change", "direction", "fail_on", "status"),
    [
        (lambda s: -0.2, 1.0, "psnr,direction", 1),
        (lambda s: -0.2, 1.0, "direction", 0),
        (lambda s: -0.2, 1.0, "", 0),
        (lambda s: 0.2, 1.0, "psnr", 0),
        (lambda s: 0.5 * (-1) ** s, 1.0, "psnr", 0),  # within the interval
        (lambda s: 0.2, 0.5, "direction", 1),
    ],
)
def test_worse_beyond_the_interval_is_a_failure(first, second, capsys, change, direction, fail_on, status):
    rewrite(second, 8, lambda s, g: 30 + s + 0.1 * g + change(s), direction)
    assert main(["compare", str(first), str(second), "--fail-on", fail_on]) == status
    assert ("worse beyond its interval" in capsys.readouterr().err) == bool(status)


def test_only_groups_of_both_are_paired(first, second, capsys):
    # The third sequence has other frames under the same name; two more are new.
    rewrite(second, 10, lambda s, g: 30 + s + 0.1 * g + (9 if s == 2 else 0.25))
    (second / "report/provenance.json").write_text(json.dumps({**FACTS, "data_digest": "d2"}))
    for folder, number in ((first, 8), (second, 10)):
        (folder / "frames/test").mkdir(parents=True)
        for s in range(number):
            level = 9 if s == 2 and folder == second else 0
            np.save(folder / f"frames/test/{s:03d}.npy", np.full((7, 2, 2, 3), level, np.uint8))
    changes = find_changes(read_folder(first), read_folder(second))
    assert changes.notes == ["The test data differ: 7 sequences have the same frames in both, and are paired."]
    middle = next(change for change in changes.measures if change.measure.key == "psnr_middle")
    assert middle.num_groups == 14 and middle.difference.value == pytest.approx(0.25)
    assert middle.before.value == pytest.approx(np.mean([30 + s + 0.15 for s in range(8) if s != 2]))


def test_runs_on_other_test_data_are_shown_each_on_its_own(first, second, tmp_path, capsys):
    rewrite(second, 10, lambda s, g: 20)
    (second / "report/provenance.json").write_text(json.dumps({**FACTS, "data_digest": "d2"}))
    for folder, level in ((first, 0), (second, 9)):
        (folder / "frames/test").mkdir(parents=True)
        for s in range(8):
            np.save(folder / f"frames/test/{s:03d}.npy", np.full((7, 2, 2, 3), level, np.uint8))
    output = tmp_path / "out"
    # Nothing is paired: nothing can be judged, so that it must not pass.
    assert main(["compare", str(first), str(second), "--markdown", "--output", str(output)]) == 2
    shown, error = capsys.readouterr()
    assert "--fail-on: no frame group has psnr, direction in both runs" in error
    assert main(["compare", str(first), str(second), "--fail-on", ""]) == 0
    assert "each run's measures are of its own groups" in shown
    line = next(line for line in shown.splitlines() if "PSNR middle" in line)
    assert "| 33.65 [" in line and "| 20.00 [" in line and line.endswith("| - | 0 |")
    assert Image.open(output / "differences.png").width > 400


def test_what_cannot_be_judged_is_said(first, second):
    rewrite(first, 3, lambda s, g: 30)
    rewrite(second, 3, lambda s, g: 29)
    notes = find_changes(read_folder(first), read_folder(second)).notes
    assert notes == ["Both share 3 sequences, too few for intervals: nothing can be called worse."]
    (second / "report/config.yaml").unlink()
    notes = find_changes(read_folder(first), read_folder(second)).notes
    assert any("B does not say with which configuration it was made" in note for note in notes)


def test_markdown_and_pictures_are_written(first, second, tmp_path, capsys):
    rewrite(second, 8, lambda s, g: 29 + s + 0.1 * g)
    output = tmp_path / "out"
    assert main(["compare", str(first), str(second), "--markdown", "--output", str(output)]) == 1
    shown = capsys.readouterr().out
    assert shown == (output / "comparison.md").read_text()
    line = next(line for line in shown.splitlines() if "PSNR middle" in line)
    assert line.startswith("| Re-trained (Masked) | PSNR middle, dB | 33.65 [") and line.endswith("] worse | 16 |")
    assert "| train_stage | 100 s | 100 s | 900 MB | 900 MB |" in shown
    for name in ("differences.png", "pictures.png"):
        assert f"]({name})" in shown and Image.open(output / name).width > 400


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["A", "absent"], "absent does not exist; name a results folder"),
        (["A", "A/report"], "A/report holds no report/table.csv"),
        (["A", "B", "--fail-on", "beauty"], "--fail-on: nothing can be worse in beauty"),
        (["A", "B", "--fail-on", "motion_amplitude"], "nothing can be worse in motion_amplitude"),
        (["A", "B", "--fail-on", "psnr,lpips_alex_middle"], "--fail-on: A has no measure lpips_alex_middle"),
        (["0" * 32, "B"], "--store: .*mlflow.db does not exist"),
    ],
)
def test_mistakes_end_with_one_line(first, second, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(first.parent)
    assert main(["compare", *arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err.count("\n") == 1
    assert re.search(message, shown.err)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("report/table.csv", b"\xff\xfe\x00"),
        ("report/table.csv", b"a,b\n1,2\n"),
        ("report/table.csv", b""),
        ("report/table.csv", b"row,label,kind,num_seeds\n"),
        ("report/table.csv", b"row,label,kind,num_seeds\ninput_masked,I,input,1\n"),
        ("report/table.csv", b"row,label,kind,num_seeds\nmasked,M,trained,1\nstandard,Re"),
        ("report/table.csv", b"row,label,kind,num_seeds\nmasked,M,trained,two\n"),
        ("report/table.csv", b"row,label,kind,num_seeds\nmasked,M,trained,2\n"),
        ("report/config.yaml", b"just words"),
        ("report/config.yaml", b"- ab"),
        ("report/config.yaml", b"a: [1"),
        ("report/provenance.json", b"{"),
        ("report/provenance.json", b"[1]"),
        ("evaluation/masked/per_frame.csv", b""),
        ("evaluation/masked/per_frame.csv", b"sequence,group,frame,psnr\n"),
        ("evaluation/masked/per_frame.csv", b"system,psnr\nmasked,1\n"),
        ("evaluation/masked/per_frame.csv", b"sequence,group,frame,psnr\n000,1,1,good\n"),
        ("evaluation/masked/per_frame.csv", b"sequence,group,frame,psnr\n000,1,middle,3\n"),
    ],
)
def test_damaged_results_are_named_in_one_line(first, second, capsys, name, content):
    (second / name).write_bytes(content)
    assert main(["compare", str(first), str(second)]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err.count("\n") == 1 and str(second) in shown.err
    assert re.search("make the report again|evaluate again", shown.err)


def test_a_table_that_is_missing_is_named(first, second, capsys):
    (second / "evaluation/masked/per_frame.csv").unlink()
    assert main(["compare", str(first), str(second)]) == 2
    assert "B/evaluation/masked/per_frame.csv" in capsys.readouterr().err


@pytest.mark.parametrize("options", [[], ["--fail-on", "psnr"], ["--fail-on", ""]])
def test_runs_without_a_system_in_common_do_not_pass(first, second, capsys, options):
    (second / "evaluation/masked").rename(second / "evaluation/other")
    write_table(second / "report/table.csv", [{"row": "other", "label": "", "kind": "trained", "num_seeds": 1}])
    (second / "report/config.yaml").write_text(yaml.safe_dump({**CONFIG, "seed": 1}))
    assert main(["compare", str(first), str(second), *options]) == 2
    shown = capsys.readouterr()
    # What differs otherwise is told all the same.
    assert "No system is in both." in shown.out and ["seed", "0", "1"] in [
        line.split() for line in shown.out.splitlines()
    ]
    assert re.fullmatch("unsmear: .*A has masked and .*B has other: no measure could be compared; .*\n", shown.err)


@pytest.mark.parametrize(
    ("undefined", "options", "status"),
    [
        (["direction"], [], 0),  # of what stands still
        (["direction"], ["--fail-on", "psnr,direction"], 2),
        (["direction", "psnr", "psnr_best"], [], 2),
        (["direction", "psnr", "psnr_best"], ["--fail-on", "motion_error"], 0),
    ],
)
def test_a_measure_that_no_frame_group_has_does_not_pass(first, second, capsys, undefined, options, status):
    rows = per_frame(8, lambda s, g: 40)
    write_table(second / "evaluation/masked/per_frame.csv", [row | dict.fromkeys(undefined, "") for row in rows])
    assert main(["compare", str(first), str(second), *options]) == status
    assert ("--fail-on: no frame group has" in capsys.readouterr().err) == (status == 2)


def test_benchmarks_that_are_none_are_left_out(first, second, capsys):
    (first / "benchmarks/train_stage/masked/center/final.json").write_text("[1]")
    for number, content in enumerate((b"\xff\xfe\x00s\tmax_rss\n1\t2\n", b"", b"s\n", b"\x00" * 200_000)):
        (second / f"benchmarks/train_stage/{number}.tsv").write_bytes(content)
    (second / "benchmarks/train_stage/folder.tsv").mkdir()
    assert main(["compare", str(first), str(second)]) == 0
    assert ["train_stage", "100", "s", "100", "s"] in [
        line.split()[:5] for line in capsys.readouterr().out.splitlines()
    ]


def test_a_picture_that_is_none_is_named(first, second, tmp_path, capsys):
    (second / "report/figures/median_middle.png").write_bytes(b"none")
    assert main(["compare", str(first), str(second), "--output", str(tmp_path / "out")]) == 2
    assert "B/report/figures/median_middle.png cannot be read as a picture" in capsys.readouterr().err


def test_results_of_an_earlier_version_are_compared(first, second, capsys):
    for name in ("report/config.yaml", "report/provenance.json"):
        (second / name).unlink()
    shutil.rmtree(second / "benchmarks")
    write_table(second / "report/table.csv", [{"row": "masked", "kind": "trained"}])
    assert main(["compare", str(first), str(second)]) == 0
    shown = capsys.readouterr().out
    assert "does not say with which configuration it was made" in shown and "+0.00 [+0.00, +0.00]" in shown


def test_names_of_nested_settings():
    values = {"a": {"b": 1}, "list": [1, 2], "named": [{"name": "x", "v": 0}, {"v": 1}], "none": {}}
    assert flatten(values) == {
        "a.b": 1,
        "list": [1, 2],
        "named.x.name": "x",
        "named.x.v": 0,
        "named.2.v": 1,
        "none": {},
    }
