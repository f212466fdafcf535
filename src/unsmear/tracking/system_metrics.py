"""Use of CPU, memory and GPU, sampled while a job runs, under the names that MLflow's own page knows."""

from __future__ import annotations

import math
import subprocess
import threading
from collections.abc import Callable

_QUERY = "index,utilization.gpu,memory.used,memory.total,power.draw"


class SystemMetrics:
    """A thread that records ``system/...`` metrics at an interval and at the end, so that a short job has some.

    The step is the number of the sample, from ``first`` on.
    """

    def __init__(self, log: Callable[[dict[str, float], int], None], interval_s: float, first: int) -> None:
        self._log, self._interval_s, self._step = log, interval_s, first
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="system metrics", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the sampling; nothing is recorded after this returns."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        import psutil

        process = psutil.Process()
        psutil.cpu_percent()  # the first call only sets the starting points
        process.cpu_percent()
        ending = False
        while not ending:
            ending = self._stop.wait(self._interval_s)
            memory = psutil.virtual_memory()
            values = {
                "cpu_utilization_percentage": psutil.cpu_percent(),
                "process_cpu_utilization_percentage": process.cpu_percent(),
                "process_memory_usage_megabytes": process.memory_info().rss / 1e6,
                "system_memory_usage_megabytes": memory.used / 1e6,
                "system_memory_usage_percentage": memory.percent,
                **sample_gpus(),
            }
            self._log({f"system/{name}": value for name, value in values.items()}, self._step)
            self._step += 1


def sample_gpus() -> dict[str, float]:
    """Use of each NVIDIA GPU, asked of ``nvidia-smi``; empty without one."""
    command = ["nvidia-smi", f"--query-gpu={_QUERY}", "--format=csv,noheader,nounits"]
    try:
        return parse_gpus(subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout)
    except (OSError, subprocess.SubprocessError):
        return {}


def parse_gpus(table: str) -> dict[str, float]:
    """Metrics from ``nvidia-smi``'s table; what a GPU does not report ([N/A]) is left out."""
    values: dict[str, float] = {}
    for line in table.splitlines():
        index, *fields = (field.strip() for field in line.split(","))
        use, used_mib, total_mib, power = (
            float(text) if text.replace(".", "", 1).isdigit() else math.nan for text in fields
        )
        found = {
            "utilization_percentage": use,
            "memory_usage_megabytes": used_mib * 1.048576,
            "memory_usage_percentage": 100 * used_mib / (total_mib or math.nan),
            "power_usage_watts": power,
        }
        values |= {f"gpu_{index}_{name}": value for name, value in found.items() if not math.isnan(value)}
    return values
