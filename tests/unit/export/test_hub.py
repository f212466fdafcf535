"""Weights to the hub and back, through a server that speaks its API."""

from __future__ import annotations

import json

import numpy as np
import pytest
import yaml
from loopback_hub import serve_hub

import unsmear
from unsmear import hub as hub_module
from unsmear.cascade.header import read_header
from unsmear.cli import main
from unsmear.export.hub import export_hub, shipped_card
from unsmear.hub import fetch_hub_weights
from unsmear.weights.load import CAMERAS, shipped_weights


@pytest.fixture
def hub(small_weights, monkeypatch, tmp_path):
    """A hub whose repository holds a small cascade, and files that are none of it."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    files = {path.name: path.read_bytes() for path in small_weights}
    with serve_hub(files | {"README.md": b"card", "old/center.safetensors": b"x", "train.pt": b"pickle"}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        monkeypatch.setattr(hub_module, "NUM_RETRIES", 0)
        yield hub


def test_weights_come_from_a_hub_once(hub, small_weights, monkeypatch):
    monkeypatch.setenv("UNSMEAR_TOKEN", "mine")
    folder = fetch_hub_weights("hf://user/name")
    assert {path.name for path in folder.iterdir()} == {path.name for path in small_weights}
    assert all((folder / path.name).read_bytes() == path.read_bytes() for path in small_weights)
    # The token goes to the hub, and not to where it sends on.
    assert all((token == "Bearer mine") == ("/storage/" not in path) for path, token in hub.asked)
    hub.asked.clear()
    assert fetch_hub_weights(f"hf://user/name@{hub.commit}") == folder
    assert [path for path, _ in hub.asked] == [f"/api/models/user/name/revision/{hub.commit}"]


def test_a_picture_is_reconstructed_with_them(hub, small_weights):
    picture = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    theirs = unsmear.reconstruct(picture, weights="hf://user/name", device="cpu")
    ours = unsmear.reconstruct(picture, weights=small_weights, device="cpu")
    assert theirs.frames.shape == (3, 40, 50, 3) and np.array_equal(theirs.frames, ours.frames)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"lfs": {"sha256": "0" * 64}}, "another file"),
        ({"size": 10, "lfs": None}, "has more than 10 bytes"),
        ({"size": 2**40}, "more than"),
        ({"lfs": {"sha256": "../../etc"}}, "does not answer as the hub does"),
    ],
)
def test_files_that_are_not_what_the_hub_tells_are_refused(hub, told, message, tmp_path):
    hub.told["center.safetensors"] = told
    with pytest.raises(ValueError, match=message):
        fetch_hub_weights("hf://user/name")
    assert not list(tmp_path.rglob("center.safetensors"))


def test_names_that_lead_out_of_their_folder_are_never_written(hub, tmp_path):
    for name in list(hub.files):
        hub.told[name] = {"rfilename": f"../{name}"}
    with pytest.raises(ValueError, match="holds 0 files such as"):
        fetch_hub_weights("hf://user/name")
    assert not list(tmp_path.rglob("*.safetensors"))


@pytest.mark.parametrize(
    "address", ["hf://user", "hf://../name", "hf://user/..", "hf://a/b/c", "hf://a/b@../x", "hf://"]
)
def test_addresses_that_name_no_repository_are_refused(address, photo, capsys):
    assert main(["reconstruct", str(photo), "--weights", address]) == 2
    assert "write hf://user/name" in capsys.readouterr().err


@pytest.fixture
def photo(tmp_path):
    return tmp_path / "photo.jpg"


def test_a_repository_that_is_not_there(hub, photo, capsys):
    assert main(["reconstruct", str(photo), "--weights", "hf://user/other"]) == 2
    error = capsys.readouterr().err
    assert "hf://user/other cannot be fetched" in error and "404" in error


def test_an_exported_folder_is_uploaded_as_it_is_and_read_back(hub, tmp_path, monkeypatch):
    client = pytest.importorskip("huggingface_hub")
    folder = tmp_path / "masked"
    assert main(["export", "hub", str(folder), "--camera", "masked", "--name", "user/name"]) == 0
    card = client.ModelCard.load(folder / "README.md")
    assert (card.data.license, card.data.library_name, card.data.pipeline_tag) == (
        "apache-2.0",
        "unsmear",
        "image-to-video",
    )
    # No dataset of the hub is claimed: the photographs are none.
    assert card.data.datasets is None and card.data.metrics == ["psnr"]
    assert {result.metric_type for result in card.data.eval_results} == {"psnr", "direction", "motion_amplitude"}
    for part in ("## How to use", "hf://user/name", "## Data", "## Metrics", "## Limits", "photographs.csv"):
        assert part in card.text
    config = json.loads((folder / "config.json").read_text())
    assert [stage["name"] for stage in config["stages"]] == ["center", "motion"] and config["num_frames"] == 7
    hub.files.clear()
    api = client.HfApi(endpoint=hub.url, token="hf_loopback")
    api.upload_folder(repo_id="user/name", folder_path=folder)
    assert set(hub.files) == {path.name for path in folder.iterdir()}
    read_back = fetch_hub_weights("hf://user/name")
    for path in shipped_weights("masked"):
        assert (read_back / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("camera", CAMERAS)
def test_the_shipped_weights_metrics_are_those_of_their_own_card(camera, tmp_path):
    assert main(["export", "hub", str(tmp_path / "out"), "--camera", camera]) == 0
    _, front, text = (tmp_path / "out/README.md").read_text().split("---\n", 2)
    found = {
        entry["name"]: entry["value"] for entry in yaml.safe_load(front)["model-index"][0]["results"][0]["metrics"]
    }
    tested = shipped_card().read_text().partition("\nTest (")[2]
    cells = next(line for line in tested.splitlines() if line.startswith(f"| {camera} |")).split("|")
    middle, frames, amplitude, direction = (float(cells[number]) for number in (2, 4, 6, 8))
    assert found == {
        "PSNR, dB, middle": middle,
        "PSNR, dB, all, in the better order": frames,
        "direction accuracy, all": direction,
        "motion amplitude, all": amplitude,
    }
    assert f"| PSNR, dB, middle | {middle:.4g} |" in text


def test_datasets_of_the_hub_that_are_named_stand_in_the_card(small_weights, tmp_path):
    arguments = ["--weights", *map(str, small_weights), "--licence", "mit", "--datasets", "me/streets", "old"]
    assert main(["export", "hub", str(tmp_path / "out"), *arguments]) == 0
    _, front, text = (tmp_path / "out/README.md").read_text().split("---\n", 2)
    about = yaml.safe_load(front)
    assert about["datasets"] == ["me/streets", "old"] and "Datasets of the hub: me/streets, old." in text
    assert "metrics" not in about and "model-index" not in about and "## Metrics" not in text


def test_a_folder_behind_a_link_is_filled(small_weights, tmp_path):
    (tmp_path / "real").mkdir()
    for name, target in (("empty", "real"), ("new", "absent")):
        (tmp_path / name).symlink_to(target)
        export_hub(small_weights, tmp_path / name, "me/blur", "mit")
        assert (tmp_path / target / "README.md").is_file() and (tmp_path / name).is_symlink()


def test_metrics_of_an_evaluation_stand_in_the_card(small_weights, tmp_path):
    table = tmp_path / "per_frame.csv"
    rows = ["system,split,sequence,group,frame,psnr,ssim"]
    rows += [f"masked,test,000,0,{frame},{20 + frame},0.{frame}" for frame in (1, 2, 3)]
    table.write_text("\n".join(rows) + "\n")
    export_hub(small_weights, tmp_path / "out", "me/blur", "cc-by-4.0", table)
    _, front, text = (tmp_path / "out/README.md").read_text().split("---\n", 2)
    about = yaml.safe_load(front)
    found = {entry["name"]: entry["value"] for entry in about["model-index"][0]["results"][0]["metrics"]}
    assert found == {"PSNR, dB, middle": 22, "SSIM, middle": 0.2, "PSNR, dB, all": 22, "SSIM, all": 0.2}
    assert about["license"] == "cc-by-4.0" and about["metrics"] == ["psnr", "ssim"] and "`d1`" in text
    assert read_header(tmp_path / "out/motion.safetensors") == read_header(small_weights[1])


def test_wrong_uses_are_told_and_write_nothing(small_weights, tmp_path, monkeypatch, capsys):
    out, folder = tmp_path / "out", str(small_weights[0].parent)
    assert main(["export", "hub", str(out), "--weights", folder]) == 2
    assert "--licence apache-2.0" in capsys.readouterr().err
    assert main(["export", "hub", str(out), "--name", "no name"]) == 2
    assert "give user/name" in capsys.readouterr().err
    assert not out.exists()
    (out / "mine").mkdir(parents=True)
    assert main(["export", "hub", str(out), "--name", "user/name"]) == 2
    assert "not empty" in capsys.readouterr().err and [path.name for path in out.iterdir()] == ["mine"]
    table = tmp_path / "notes.txt"
    table.write_text("hello\n")
    undefined, empty = tmp_path / "undefined.csv", tmp_path / "empty.csv"
    undefined.write_text("system,frame,psnr\nmasked,1,nan\n")
    empty.write_text("system,frame,psnr\n")
    for wrong in (table, tmp_path, tmp_path / "nothing.csv", undefined, empty):
        assert main(["export", "hub", str(tmp_path / "new"), "--per-frame", str(wrong)]) == 2
        shown = capsys.readouterr().err
        assert f"--per-frame: {wrong} cannot be read as a table of frames" in shown and len(shown.splitlines()) == 1
    assert main(["export", "hub", str(table / "new")]) == 2
    assert "notes.txt is a file, not a folder" in capsys.readouterr().err
    for options, message in (
        (["--licence", "Apache 2"], "--licence: Apache 2 is none as the hub spells them"),
        (["--name", "user/a..b"], "user/a..b is no repository's name"),
        (["--datasets", "a b"], "--datasets: a b is none of the hub"),
        (["--weights", str(small_weights[0]), "--licence", "mit"], "no stage predicts frame 1"),
    ):
        assert main(["export", "hub", str(tmp_path / "new"), *options]) == 2
        assert message in capsys.readouterr().err
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert main(["export", "hub", ".", "--name", "user/name"]) == 2
    assert "the folder that you are in" in capsys.readouterr().err and not any((tmp_path / "here").iterdir())
    assert not (tmp_path / "new").exists()
