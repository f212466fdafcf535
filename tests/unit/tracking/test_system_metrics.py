"""Samples of CPU, memory and GPU."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from unsmear.tracking.run import open_run
from unsmear.tracking.system_metrics import parse_gpus


def samples(directory: Path) -> list[dict]:
    lines = map(json.loads, (directory / "run.jsonl").read_text().splitlines())
    return [record for record in lines if record["kind"] == "metrics"]


def test_samples_continue_in_a_restarted_job(tmp_path: Path) -> None:
    for status in ("FAILED", "FINISHED"):
        run = open_run(tmp_path / "a", "n", key="k", system_metrics_interval_s=0.1)
        before = len(samples(tmp_path / "a"))
        for _ in range(300):
            if len(samples(tmp_path / "a")) >= before + 2:
                break
            time.sleep(0.1)
        run.finish(status)
    found = samples(tmp_path / "a")
    assert [record["step"] for record in found] == list(range(len(found))) and len(found) >= 4
    for record in found:
        assert 0 <= record["values"]["system/cpu_utilization_percentage"] <= 100
        assert record["values"]["system/process_memory_usage_megabytes"] > 1


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("", {}),
        (
            "0, 35, 1024, 4096, 71.5\n1, [N/A], 10, 100, [N/A]\n",
            {
                "gpu_0_utilization_percentage": 35.0,
                "gpu_0_memory_usage_megabytes": 1073.741824,
                "gpu_0_memory_usage_percentage": 25.0,
                "gpu_0_power_usage_watts": 71.5,
                "gpu_1_memory_usage_megabytes": 10.48576,
                "gpu_1_memory_usage_percentage": 10.0,
            },
        ),
    ],
)
def test_gpus(table: str, expected: dict[str, float]) -> None:
    assert parse_gpus(table) == pytest.approx(expected)
