"""LPIPS with random weights against its definition, written out with plain functions."""

from __future__ import annotations

import hashlib
import logging
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from unsmear.evaluation.config import LpipsWeights
from unsmear.evaluation.lpips import Lpips
from unsmear.evaluation.lpips_weights import fetch_lpips, load_lpips
from unsmear.fetch import MissingFileError, obtain_file

# (convolution, stride, padding, whether its output is looked at), "M" a pooling; keys as torchvision names them.
ALEX = [("0", 3, 64, 11, 4, 2, 1), "M", ("3", 64, 192, 5, 1, 2, 1), "M", ("6", 192, 384, 3, 1, 1, 1),
        ("8", 384, 256, 3, 1, 1, 1), ("10", 256, 256, 3, 1, 1, 1)]  # fmt: skip
VGG = [("0", 3, 64, 3, 1, 1, 0), ("2", 64, 64, 3, 1, 1, 1), "M", ("5", 64, 128, 3, 1, 1, 0),
       ("7", 128, 128, 3, 1, 1, 1), "M", ("10", 128, 256, 3, 1, 1, 0), ("12", 256, 256, 3, 1, 1, 0),
       ("14", 256, 256, 3, 1, 1, 1), "M", ("17", 256, 512, 3, 1, 1, 0), ("19", 512, 512, 3, 1, 1, 0),
       ("21", 512, 512, 3, 1, 1, 1), "M", ("24", 512, 512, 3, 1, 1, 0), ("26", 512, 512, 3, 1, 1, 0),
       ("28", 512, 512, 3, 1, 1, 1)]  # fmt: skip
POOL = {"alex": (3, 2), "vgg": (2, 2)}
LAYERS = {"alex": ALEX, "vgg": VGG}


@pytest.fixture(params=["alex", "vgg"])
def files(request, tmp_path):
    generator = torch.Generator().manual_seed(3)
    trunk, linear = {"classifier.1.weight": torch.zeros(2, 2)}, {}
    for layer in LAYERS[request.param]:
        if layer != "M":
            key, inputs, outputs, kernel, *_, looked = layer
            scale = (2 / (inputs * kernel**2)) ** 0.5
            trunk[f"features.{key}.weight"] = torch.randn(outputs, inputs, kernel, kernel, generator=generator) * scale
            trunk[f"features.{key}.bias"] = torch.randn(outputs, generator=generator) * 0.05
            if looked:
                linear[f"lin{len(linear)}.model.1.weight"] = torch.rand(1, outputs, 1, 1, generator=generator)
    paths = {}
    for name, state in (("trunk", trunk), ("linear", linear)):
        torch.save(state, tmp_path / f"{name}.pth")
        paths[name] = str(tmp_path / f"{name}.pth")
        paths[f"{name}_sha256"] = hashlib.sha256((tmp_path / f"{name}.pth").read_bytes()).hexdigest()
    return request.param, trunk, linear, LpipsWeights(**paths)


def by_definition(variant, trunk, linear, x, y):
    def features(image):
        values = image * 2 - 1
        values = (values - torch.tensor([-0.030, -0.088, -0.188])[:, None, None]) / torch.tensor([0.458, 0.448, 0.450])[
            :, None, None
        ]
        found = []
        for layer in LAYERS[variant]:
            if layer == "M":
                values = F.max_pool2d(values, *POOL[variant])
                continue
            key, _, _, _, stride, padding, looked = layer
            values = F.relu(
                F.conv2d(values, trunk[f"features.{key}.weight"], trunk[f"features.{key}.bias"], stride, padding)
            )
            if looked:
                found.append(values / (values.square().sum(1, keepdim=True).sqrt() + 1e-10))
        return found

    total = 0
    for index, (a, b) in enumerate(zip(features(x), features(y), strict=True)):
        total = total + F.conv2d((a - b) ** 2, linear[f"lin{index}.model.1.weight"]).mean(dim=(1, 2, 3))
    return total


def test_equals_its_definition(files, tmp_path):
    variant, trunk, linear, weights = files
    fetch_lpips(variant, weights, tmp_path / "lpips.safetensors")
    network = load_lpips(variant, tmp_path / "lpips.safetensors", "cpu")
    codes = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, 2, 3, 67, 80), dtype=np.uint8))
    x, y = codes
    expected = by_definition(variant, trunk, linear, x / 255, y / 255)
    torch.testing.assert_close(network(x, y), expected, rtol=1e-4, atol=1e-6)
    assert expected.min() > 0.01
    torch.testing.assert_close(network(x / 255, y / 255), expected, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(network(x, x), torch.zeros(2))


@pytest.mark.parametrize(("variant", "smallest"), [("alex", 31), ("vgg", 16)])
def test_pictures_too_small_are_refused(variant, smallest):
    network = Lpips(variant)
    assert network(torch.zeros(1, 3, smallest, 40), torch.zeros(1, 3, smallest, 40)) == 0
    with pytest.raises(ValueError, match=f"pictures of 40 x {smallest - 1} px are too small.*lpips.{variant}"):
        network(torch.zeros(1, 3, smallest - 1, 40), torch.zeros(1, 3, smallest - 1, 40))


def test_changed_file_is_refused(files, tmp_path):
    variant, _, _, weights = files
    with Path(weights.linear).open("ab") as stream:
        stream.write(b"more")
    with pytest.raises(ValueError, match="sha256"):
        fetch_lpips(variant, weights, tmp_path / "lpips.safetensors")
    assert not (tmp_path / "lpips.safetensors").exists()


def test_other_networks_weights_are_refused(files, tmp_path):
    variant, _, _, weights = files
    other = "vgg" if variant == "alex" else "alex"
    with pytest.raises(ValueError, match=f"no weights of LPIPS {other}"):
        fetch_lpips(other, weights, tmp_path / "lpips.safetensors")


def test_torn_file_is_named(tmp_path):
    (tmp_path / "lpips.safetensors").write_bytes(b"torn")
    with pytest.raises(ValueError, match="delete it and run again"):
        load_lpips("alex", tmp_path / "lpips.safetensors", "cpu")


def test_absent_weights_say_why(files, caplog, tmp_path):
    variant, _, _, weights = files
    absent = weights.model_copy(update={"trunk": str(tmp_path / "absent.pth")})
    prepared = tmp_path / "lpips.safetensors"
    for action in (lambda: fetch_lpips(variant, absent, prepared), lambda: load_lpips(variant, prepared, "cpu")):
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            assert action() is None
        assert f"no column lpips_{variant}: {absent.trunk} does not exist" in caplog.text
        assert f"delete {prepared}" in caplog.text


def test_url_is_fetched_once_and_checked(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    content = b"weights"
    requests = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            requests.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments):
            pass

    digest = hashlib.sha256(content).hexdigest()
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        url = f"http://me:secret@127.0.0.1:{server.server_address[1]}/alex.pth"
        plain = url.replace("me:secret@", "")
        for _ in range(2):
            assert obtain_file(plain, digest).read_bytes() == content
        assert requests == ["/alex.pth"]
        with pytest.raises(ValueError, match="sha256"):
            obtain_file(plain, "0" * 64)
        assert not (tmp_path / "cache/unsmear" / ("0" * 64)).exists()
        server.shutdown()
        thread.join()
    with pytest.raises(MissingFileError, match="cannot be fetched") as refused:
        obtain_file(url, "1" * 64)
    assert "secret" not in str(refused.value)
