"""A job that SLURM starts again: preempted it goes on, failed it is handed back to Snakemake."""

from __future__ import annotations

import pytest

from unsmear.cluster.requeue import refuse_repeated_failure


@pytest.fixture
def restart(tmp_path, monkeypatch):
    """Function that plays a restarted job whose accounting says this."""

    def play(accounting: str | None, count: str = "1") -> None:
        if accounting is not None:
            answer, note = f"cat <<'ROWS'\n{accounting}\nROWS", f"echo $1 > {tmp_path}/cancelled"
            for name, text in (("sacct", answer), ("scancel", note)):
                tool = tmp_path / name
                tool.write_text(f"#!/bin/sh\n{text}\n")
                tool.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin" if accounting is not None else str(tmp_path))
        monkeypatch.setenv("SLURM_JOB_ID", "17")
        monkeypatch.setenv("SLURM_RESTART_COUNT", count)
        refuse_repeated_failure()
        assert not (tmp_path / "cancelled").exists()

    return play


@pytest.mark.parametrize("rows", ["REQUEUED|1:0\nRUNNING|0:0", "REQUEUED|0:0\nREQUEUED|0:125\nRUNNING|0:0"])
def test_failed_job_is_cancelled(restart, tmp_path, rows, caplog):
    with pytest.raises(SystemExit):
        restart(rows)
    assert (tmp_path / "cancelled").read_text() == "17\n"
    assert "with more" in caplog.text


@pytest.mark.parametrize(
    "rows",
    [
        "PREEMPTED|0:15\nRUNNING|0:0",
        "REQUEUED|0:0\nRUNNING|0:0",
        "REQUEUED|1:0\nREQUEUED|0:0\nRUNNING|0:0",
        "RUNNING|0:0",
        "",
        None,
    ],
)
def test_preempted_job_goes_on(restart, rows):
    restart(rows)


def test_first_start_asks_nobody(restart):
    restart("REQUEUED|1:0\nRUNNING|0:0", count="0")
