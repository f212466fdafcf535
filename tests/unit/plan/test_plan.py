"""Files of jobs, asked without Snakemake."""

from __future__ import annotations

import logging
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from unsmear.config import load_config
from unsmear.plan import paths
from unsmear.plan.checks import check_names, find_former_files
from unsmear.plan.compared import ReportPlan
from unsmear.plan.demands import DemandPlan
from unsmear.plan.evaluation import EvaluationPlan
from unsmear.plan.jobs import Plan
from unsmear.plan.paths import fill
from unsmear.plan.run import begin_run
from unsmear.plan.sequences import SequencePlan, plan_records, split_into_parts
from unsmear.plan.terminal import ShortLists


@pytest.fixture(scope="module")
def values(repository: Path) -> dict:
    found = yaml.safe_load((repository / "config.yaml").read_text())
    found["scenes"] |= {"train_sequences": 3, "val_sequences": 1, "test_sequences": 5}
    found["evaluation"]["sequences_per_job"] = 2
    search = {
        "system": "standard",
        "stage": "center",
        "space": {"learning_rate": {"loguniform": [0.001, 0.01]}},
        "rounds": [{"trials": 2, "budget": 10, "promote": 1}, {"trials": 1, "budget": 20}],
    }
    given = {"center": [], "f35": [4], "f26": [3, 4, 5], "f17": [2, 3, 5, 6]}
    predicts = {"center": [4], "f35": [3, 5], "f26": [2, 6], "f17": [1, 7]}
    stages = [{"name": name, "predicts": predicts[name], "conditions_on": given[name]} for name in predicts]
    found["cascades"] = [{"name": "compact", "stages": stages}]
    found["sweep"] = [search, {"system": "masked", "stage": "center", "inherit": "standard"}]
    found["systems"] = [
        {"name": "standard", "camera": "standard", "cascade": "compact", "seeds": 2},
        {"name": "masked", "camera": "masked", "cascade": "compact"},
    ]
    return found


@pytest.fixture(scope="module")
def plan(values) -> Plan:
    config = load_config(values)
    return Plan(config, plan_records(config, warn=pytest.fail))


def test_baselines_are_fitted_on_val_and_scored_on_test(plan):
    evaluation = EvaluationPlan(plan)
    fitting, scored = evaluation.fitting_records("masked"), evaluation.records(next(iter(evaluation.parts)), "masked")
    assert {record["split"] for record in fitting} == {"val"} and {record["split"] for record in scored} == {"test"}
    assert all("/val/" in record[kind] for record in fitting for kind in ("frames", "blur"))


def test_names_that_snakemake_would_take_for_patterns_are_refused():
    check_names(["own/IMG 1 (2), a.png", "train_orig_part0.zip"])
    with pytest.raises(ValueError, match=r"clips/\{1\}\.mp4 holds a brace"):
        check_names(["clips/0.mp4", "clips/{1}.mp4"])


def test_fill_leaves_other_wildcards():
    assert fill(paths.BLUR, camera="masked") == "results/blur/masked/{split}/{sequence}.npy"
    assert fill(paths.HPARAMS, run="trials/r{round}-t{trial}").endswith(
        "/{stage}/trials/r{round}-t{trial}/hparams.yaml"
    )


def test_each_path_stands_once(repository):
    patterns = {value for name, value in vars(paths).items() if name.isupper()}
    assert len(patterns) == sum(name.isupper() for name in vars(paths))
    texts = {path: path.read_text() for path in (repository / "workflow").rglob("*.smk")}
    texts |= {path: path.read_text() for path in (repository / "workflow/scripts").glob("*.py")}
    lines = [line for text in texts.values() for line in text.splitlines() if "results/" in line]
    assert [line for line in lines if "results/logs/" not in line] == []


def test_scenes_are_one_job_and_other_sequences_one_each(plan):
    frames = plan.sequences.outputs(paths.FRAMES)
    assert len(frames) == len(set(frames)) == 9 and "results/frames/val/003.npy" in frames
    assert plan.sequences.files_of_job(paths.BLUR, camera="masked")[0] == "results/blur/masked/test/000.npy"
    alone = SequencePlan(plan.records)
    assert alone.outputs(paths.FRAMES) == [paths.FRAMES] and alone.job_name == "{split}/{sequence}"
    of_job = alone.values_of_job(split="val", sequence="003", camera="masked")
    assert [(entry["split"], entry["sequence"], entry["part"]) for entry in of_job] == [("val", "003", "train")]


def test_parts_are_named_after_their_first_sequence(plan):
    evaluation = EvaluationPlan(plan)
    assert evaluation.parts == {"000": ["000", "001"], "002": ["002", "003"], "004": ["004"]}
    assert split_into_parts([], 3) == {}
    of_system = evaluation.inputs("002", system="masked")
    assert of_system["blur"] == ["results/blur/masked/test/002.npy", "results/blur/masked/test/003.npy"]
    assert len(of_system["weights"]) == 4 and "weights" not in evaluation.inputs("002", camera="masked")
    assert evaluation.gathering_inputs("input_masked")["tables"][-1] == "results/evaluation/input_masked/parts/004.csv"


def test_a_training_is_told_which_store_is_of_which_sequence(plan):
    told = plan.training_sequences("masked", "center", "final")
    assert [(entry["split"], entry["sequence"]) for entry in told] == [
        *(("train", name) for name in plan.sequences.names("train")),
        ("val", "003"),
    ]
    stores = {"frames": "results/frames/val/003.npy", "blur": "results/blur/masked/val/003.npy"}
    assert told[-1] == {"split": "val", "sequence": "003", **stores}


def test_a_stage_waits_for_those_whose_frames_it_is_given(plan):
    inputs = plan.training_inputs("standard_seed2", "f26", "final")
    assert [path.split("/")[2:4] for path in inputs["predecessors"]] == [
        ["standard_seed2", s] for s in ("center", "f35")
    ]
    assert len(inputs["frames"]) == len(inputs["blur"]) == 4 and not any("test" in path for path in inputs["frames"])


def test_trials_of_a_round_know_those_before(plan):
    trials = plan.trials
    assert trials.runs("standard", "center") == ["trials/r1-t1", "trials/r1-t2", "trials/r2-t1"]
    assert trials.files("standard", "center", "1", "2") == []
    earlier = trials.folders("standard", "center", "2", "1")
    assert [path.rsplit("/", 1)[1] for path in earlier] == ["r1-t1", "r1-t2"]
    assert trials.starting_states("standard", "center", "trials/r2-t1")[0].endswith("r1-t1/state.pt")
    assert trials.starting_states("masked", "f35", "final") == [] == trials.folders("masked", "center")
    inherited = "results/models/standard/center/final/hparams.yaml"
    assert trials.selection_inputs("masked", "center") == {"inherited": inherited}
    assert trials.selection_inputs("standard_seed2", "center") == {"inherited": inherited}
    assert trials.selection_inputs("masked", "f35") == {}


def test_report_compares_inputs_and_systems_with_their_repeats(plan):
    report = ReportPlan(plan)
    rows = {entry["system"]: entry for entry in report.systems}
    assert list(rows) == ["input_standard", "input_masked", "standard", "masked"]
    assert [path.split("/")[2] for path in rows["standard"]["per_frame"]] == ["standard", "standard_seed2"]
    assert rows["standard"]["metrics"]["f17"] == "results/models/standard/f17/final/metrics.csv"
    assert set(report.of_networks(paths.COST)) == {"standard", "masked"} and set(report.robustness) == {"masked"}
    assert len(report.collect("per_frame")) == 5


def test_a_run_begins_with_what_it_will_write_and_stops_where_that_cannot_be(plan, tmp_path, caplog, monkeypatch):
    logger, results = logging.getLogger("begins"), str(tmp_path / "results")
    with caplog.at_level("INFO"):
        begin_run(plan, results, [], 2, logger)
    assert "Data: 9 sequences, 0 archives to fetch" in caplog.text and "Time:" not in caplog.text
    no_room = shutil.disk_usage(tmp_path)._replace(free=1000)
    with monkeypatch.context() as patch, pytest.raises(ValueError, match=r"has 0\.00 GB free"):
        patch.setattr("shutil.disk_usage", lambda folder: no_room)
        begin_run(plan, results, [], None, logger)
    lost = plan.config.tracking.model_copy(update={"uri": "http://${NOWHERE_SET}"})
    with pytest.raises(ValueError, match="NOWHERE_SET"):
        begin_run(replace(plan, config=plan.config.model_copy(update={"tracking": lost})), results, [], 2, logger)


def test_where_records_go_is_no_part_of_what_runs_share(plan):
    shared = plan.recording
    assert shared["enabled"] and shared["experiment"] == "demo" and shared["system_metrics_interval_s"] == 10
    stored = yaml.safe_load(shared["config_text"])
    assert "cluster" not in stored and not {"uri", "artifact_location"} & set(stored["tracking"])


def test_files_are_told_apart_and_changed_in_their_places():
    files = {"a": "results/x", "b": ["y", "results/z"]}
    assert paths.apply(lambda file: not paths.is_result(file), files) == {"a": False, "b": [True, False]}


@pytest.mark.parametrize(
    "former",
    [
        "evaluation/masked/sequences/000.csv",
        "evaluation/masked/tracking.json",
        "models/masked/center/final/tracking.json",
        "models/masked/center/trials/r1-t1/tracking.json",
    ],
)
def test_former_results_are_named_and_nothing_else(tmp_path, former):
    for present in ("evaluation/masked/parts/000.csv", "models/masked/center/final/outcome.json"):
        (tmp_path / present).parent.mkdir(parents=True)
        (tmp_path / present).touch()
    assert find_former_files(tmp_path) is None
    (tmp_path / former).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / former).touch()
    told = find_former_files(tmp_path)
    assert "made again" in told and former.removesuffix("/000.csv") in told


def test_lists_and_reasons_are_shortened():
    record = logging.makeLogRecord(
        {"input": [f"f{k}" for k in range(9)], "output": ["a", "b"], "reason": "x.npy, " * 99}
    )
    assert ShortLists().filter(record)
    assert record.input == ["f0", "f1", "... and 7 more"] and record.output == ["a", "b"]
    assert len(record.reason) < 310 and record.reason.endswith("x.npy, ...")


class Files:
    size_mb = 100.0


def test_demands_follow_the_size_of_a_jobs_work(plan):
    demands = DemandPlan(plan)
    mb_per_frame = 128 * 128 * 3 / 1e6
    num_frames = sum(record.num_frames for record in plan.records)
    assert demands.frames_mb() == pytest.approx(num_frames * mb_per_frame)
    assert demands.frames_mb(split="val", sequence="003", camera="masked") == pytest.approx(21 * mb_per_frame)
    first = demands.training(Files(), "standard", "center", "trials/r1-t1")
    assert first.mem_mb > demands.rendering(Files(), camera="masked").mem_mb
    assert demands.evaluation(Files(), system="masked", part="000").mem_mb > demands.drawing(Files()).mem_mb
