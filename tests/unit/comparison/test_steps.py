"""Costs of steps, from benchmarks as Snakemake writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from unsmear.comparison.steps import read_steps
from unsmear.files import write_json
from unsmear.plan.forecast import PlannedJob, forecast_time
from unsmear.report.page.steps import describe_steps

HEADER = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"


@pytest.fixture
def benchmarks(tmp_path: Path) -> Path:
    """Two trainings on a GPU, and an evaluation that was over before it could be measured."""
    for name, line in {
        "train_stage/masked/center/final": "1200.0\t0:20:00\t2000.5\t1\t1\t1\t0\t0\t95.0\t1800.0",
        "train_stage/masked/motion/final": "600.0\t0:10:00\t2500.0\t1\t1\t1\t0\t0\t95.0\t900.0",
        "evaluate/masked/000": "0.4\t0:00:00\tNA\tNA\tNA\tNA\tNA\tNA\tNA\tNA",
        "evaluate/masked/torn": "",
    }.items():
        path = tmp_path / f"{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(HEADER + line)
    machine = {"processor": "Model 7", "gpus": 1, "gpu": "Card 9", "gpu_peak_mb": 512}
    write_json(tmp_path / "train_stage/masked/center/final.json", machine)
    return tmp_path


def test_jobs_of_a_rule_are_added_up(benchmarks):
    training, evaluation = read_steps(benchmarks)
    assert (training.rule, training.seconds, training.longest, training.peak_mb) == ("train_stage", 1800, 1200, 2500)
    assert training.load == 1.5 and training.processors == "Model 7"
    assert (training.gpus, training.gpu_peak_mb) == ("1 x Card 9", 512)
    assert (evaluation.rule, len(evaluation.jobs), evaluation.peak_mb, evaluation.load) == ("evaluate", 1, None, None)


def test_the_page_shows_a_bar_for_each_rule(benchmarks):
    steps = describe_steps(read_steps(benchmarks))
    assert steps is not None
    first, second = steps.lines
    assert first.share == 1 and second.share == pytest.approx(0.4 / 1800)
    assert list(first.cells) == ["2", "30 min 00 s", "20 min 00 s", "2500 MB", "1.5", "1 x Card 9, 512 MB"]
    assert list(second.cells) == ["1", "0 s", "0 s", "-", "-", "-"]
    assert "Model 7; 1 x Card 9" in steps.note
    assert describe_steps([]) is None


def test_time_is_forecast_from_the_job_itself_or_from_its_rule(benchmarks):
    known = PlannedJob("train_stage", str(benchmarks / "train_stage/masked/center/final.tsv"))
    new = PlannedJob("train_stage", str(benchmarks / "train_stage/standard/center/final.tsv"), threads=2)
    text = forecast_time([known, new, PlannedJob("compare", None)], benchmarks, 2)
    # (1200 + 2 x 900) / 2 = 1500 s
    assert text == "about 25 min on 2 cores, by the last benchmarks of 2 train_stage; not counted: 1 compare"
    assert (
        forecast_time([known] * 10, benchmarks, 2) == "about 1.7 h on 2 cores, by the last benchmarks of 10 train_stage"
    )
    assert forecast_time([known], benchmarks, 64).startswith("about 20 min on 64 cores"), (
        "no job is shorter than itself"
    )
    assert forecast_time([known], benchmarks, None).startswith("about 20 min of jobs")


def test_memory_of_a_gpu_that_is_no_number_is_not_known(benchmarks):
    write_json(benchmarks / "train_stage/masked/center/final.json", {"gpus": 1, "gpu_peak_mb": "many"})
    assert read_steps(benchmarks)[0].gpu_peak_mb is None


def test_nothing_is_forecast_without_benchmarks(benchmarks, tmp_path):
    assert forecast_time([PlannedJob("render_blur", "a.tsv")], benchmarks, 2) is None
    assert forecast_time([PlannedJob("train_stage", "a.tsv")], tmp_path / "absent", 2) is None
