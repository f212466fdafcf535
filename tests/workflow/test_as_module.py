"""The workflow as a module of another one."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from test_submissions import count_submissions

from unsmear.tracking.run import open_run

OUTER = """
configfile: "{inner}/config.yaml"


module unsmear:
    snakefile:
        "{inner}/Snakefile"
    config:
        config


use rule * from unsmear as unsmear_*


rule mine:
    input:
        "results/cameras/masked/camera.json",
    output:
        "mine.json",
    shell:
        "cp {{input}} {{output}}"
"""
HANDLERS = """

onstart:
    unsmear.onstart()


onsuccess:
    unsmear.onsuccess()


onerror:
    unsmear.onerror()
"""


def test_rules_serve_another_workflow(fresh, tmp_path):
    outer = replace(fresh, folder=tmp_path / "outer")
    outer.folder.mkdir()
    (outer.folder / "Snakefile").write_text(OUTER.format(inner=fresh.folder))
    outer.run("mine.json")
    assert '"masked"' in (outer.folder / "mine.json").read_text()
    # Without the module's handlers nobody sends records: this rule does.
    assert outer.plan("unsmear_sync_tracking") == {"unsmear_sync_tracking": 1}


@pytest.mark.parametrize("ending", ["a success", "a failure"])
def test_its_handlers_send_what_jobs_record(fresh, tmp_path, ending):
    outer = replace(fresh, folder=tmp_path / "outer")
    text = OUTER.format(inner=fresh.folder).replace("cp ", "cp " if ending == "a success" else "false ")
    with open_run(outer.folder / "results/mine", "mine/alone/final"):
        pass
    (outer.folder / "Snakefile").write_text(text + HANDLERS)
    outer.run("mine.json", check=ending == "a success")
    (sent,) = json.loads((outer.folder / "results/mlflow/sent.json").read_text())["runs"].values()
    assert sent["status"] == "FINISHED"


def test_short_rules_stay_off_the_cluster_under_other_names(fresh, repository, tmp_path):
    outer = tmp_path / "outer"
    outer.mkdir()
    (outer / "Snakefile").write_text(OUTER.format(inner=fresh.folder))
    submitted = count_submissions(outer, outer, repository / "profiles/slurm", "results/groups.csv")
    rules = {rule for entry in submitted for rule in entry["rules"]}
    assert rules == {"unsmear_make_scenes", "unsmear_extract_sequence"}


def test_without_a_configuration_the_workflows_own_is_taken(fresh, tmp_path):
    outer = replace(fresh, folder=tmp_path / "outer")
    outer.folder.mkdir()
    text = f'module unsmear:\n    snakefile:\n        "{fresh.folder}/Snakefile"\n\n\nuse rule * from unsmear\n'
    (outer.folder / "Snakefile").write_text(text)
    assert outer.plan("results/report/index.html")["train_stage"] == 10
