"""Evaluation in the workflow: LPIPS weights from files and URLs."""

from __future__ import annotations

import csv
import functools
import hashlib
import http.server
import shutil
import threading

import pytest

ALEX = {0: (3, 64, 11), 3: (64, 192, 5), 6: (192, 384, 3), 8: (384, 256, 3), 10: (256, 256, 3)}
TABLE = "results/report/table.csv"


def write_alex(folder):
    """Random weights like the published ones; the two files' SHA-256."""
    import torch

    torch.manual_seed(0)
    trunk, linear = {}, {}
    for place, (layer, (inputs, outputs, kernel)) in enumerate(ALEX.items()):
        trunk[f"features.{layer}.weight"] = torch.randn(outputs, inputs, kernel, kernel) * (2 / inputs) ** 0.5 / kernel
        trunk[f"features.{layer}.bias"] = torch.zeros(outputs)
        linear[f"lin{place}.model.1.weight"] = torch.rand(1, outputs, 1, 1)
    folder.mkdir()
    for name, state in (("trunk", trunk), ("linear", linear)):
        torch.save(state, folder / f"{name}.pth")
    return {f"{n}_sha256": hashlib.sha256((folder / f"{n}.pth").read_bytes()).hexdigest() for n in ("trunk", "linear")}


@pytest.fixture
def serve(tmp_path):
    """Function that serves a folder on the loopback device; gives its URL."""
    servers = []

    def start(folder):
        handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def rows_of(path):
    with path.open() as stream:
        return list(csv.DictReader(stream))


@pytest.mark.slow
def test_lpips_is_a_column_where_its_weights_are(finished, serve, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    digests = write_alex(tmp_path / "weights")
    url = serve(tmp_path / "weights")
    files = {"trunk": f"{url}/trunk.pth", "linear": f"{url}/linear.pth", **digests}
    absent = {"trunk": "vgg16.pth", "trunk_sha256": "0" * 64, "linear": "vgg.pth", "linear_sha256": "0" * 64}
    finished.configure(
        evaluation={"sequences_per_job": 6, "num_resamples": 200, "lpips": {"alex": files, "vgg": absent}}
    )
    jobs = finished.plan(TABLE)
    assert jobs["fetch_lpips"] == 2 and jobs["evaluate"] == jobs["evaluate_input"] == 2
    assert not {"train_stage", "measure_cost", "measure_robustness", "render_blur"} & set(jobs)
    finished.run(TABLE)
    rows = {row["row"]: row for row in rows_of(finished.folder / TABLE)}
    for name in ("input_standard", "input_masked", "standard", "masked"):
        assert float(rows[name]["lpips_alex_middle"]) > 0.01
        assert "lpips_vgg_middle" not in rows[name]
    difference = rows["masked - standard"]
    assert float(difference["lpips_alex_middle"]) == pytest.approx(
        float(rows["masked"]["lpips_alex_middle"]) - float(rows["standard"]["lpips_alex_middle"]), abs=2e-6
    )
    assert "LPIPS alex" in (finished.folder / "results/report/table.md").read_text()
    for log in ("fetch_lpips/vgg.log", "evaluate/masked/000.log", "evaluate_input/masked/000.log"):
        said = (finished.folder / "results/logs" / log).read_text()
        assert "no column lpips_vgg: vgg16.pth does not exist" in said
    # The same weights elsewhere change nothing; files that appear are taken.
    shutil.copytree(tmp_path / "weights", finished.folder / "weights")
    local = {"trunk": "weights/trunk.pth", "linear": "weights/linear.pth", **digests}
    finished.configure(
        evaluation={"sequences_per_job": 6, "num_resamples": 200, "lpips": {"alex": local, "vgg": absent}}
    )
    assert "fetch_lpips" not in finished.plan(TABLE)
    (finished.folder / "vgg16.pth").write_bytes(b"")
    assert finished.plan(TABLE)["fetch_lpips"] == 1
