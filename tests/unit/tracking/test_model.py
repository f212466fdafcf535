"""The evaluated cascade as a registered model: blurry pictures in, frames out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from unsmear.evaluation.model_card import write_model_card
from unsmear.tracking.config import TrackingConfig
from unsmear.tracking.follow import sync
from unsmear.tracking.model import CascadeModel, log_cascade_model
from unsmear.tracking.run import open_run

CARD = write_model_card("masked", {"frames": "made"}, {"psnr": 25.123456})


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    import torch

    from unsmear.cascade.checkpoint import Checkpoint, save_stage
    from unsmear.cascade.spec import StageSpec
    from unsmear.cascade.stage import Stage

    torch.manual_seed(0)
    root, paths = tmp_path_factory.mktemp("weights"), []
    specs = [StageSpec(name="center", predicts=(2,)), StageSpec(name="outer", predicts=(1, 3), conditions_on=(2,))]
    for spec in specs:
        stage = Stage(spec)
        for parameter in stage.parameters():
            torch.nn.init.normal_(parameter, std=0.2)
        paths.append(root / spec.name / "final/weights.safetensors")
        paths[-1].parent.mkdir(parents=True)
        save_stage(paths[-1], Checkpoint(stage, 3))
    return paths


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (2, 37, 50, 3), np.uint8)


def by_stage(weights: list[Path]) -> dict[str, Path]:
    return {path.parent.parent.name: path for path in weights}


def expected_frames(weights: list[Path], picture: np.ndarray) -> np.ndarray:
    import torch

    from unsmear.cascade.cascade import Cascade

    with torch.no_grad():
        frames = Cascade.load(weights)(torch.from_numpy(picture.transpose(0, 3, 1, 2) / np.float32(255)))
    return np.rint(np.clip(frames.numpy(), 0, 1) * np.float32(255)).astype(np.uint8).transpose(0, 1, 3, 4, 2)


@pytest.mark.slow
def test_registered_model_works_without_this_package(tmp_path: Path, weights: list[Path], picture: np.ndarray) -> None:
    import mlflow

    config, directory = TrackingConfig(), tmp_path / "evaluation/masked"
    for number in (1, 2):
        with open_run(directory, "masked/evaluation", experiment="e") as run:
            run.log_metrics({"test.psnr": float("nan")}, 0)
            log_cascade_model(run, by_stage(weights), "masked", picture, CARD)
        # Twice: what is sent again is no new version.
        for _ in range(2):
            assert sync(config, tmp_path) == (number, [])
            (tmp_path / "mlflow/sent.json").unlink()

    uri = f"sqlite:///{tmp_path / 'mlflow/mlflow.db'}"
    client = mlflow.MlflowClient(uri, registry_uri=uri)
    versions = client.search_model_versions("name = 'unsmear-masked'")
    assert sorted(int(version.version) for version in versions) == [1, 2]
    assert {version.run_id for version in versions} == {
        run.info.run_id for run in client.search_runs([client.get_experiment_by_name("e").experiment_id])
    }
    assert "## Limits" in versions[0].description and "25.12" in versions[0].description

    np.save(tmp_path / "in.npy", picture)
    program = (
        "import sys, numpy as np\n"
        "class Hidden:\n"  # the installed package must not be what answers
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'unsmear' and not any('artifacts' in entry or 'code' in entry for entry in sys.path[:2]):\n"
        "            raise ImportError('hidden')\n"
        "sys.meta_path.insert(0, Hidden())\n"
        "import mlflow; mlflow.set_tracking_uri(sys.argv[1])\n"
        "model = mlflow.pyfunc.load_model('models:/unsmear-masked/2')\n"
        "import unsmear; assert 'artifacts' in unsmear.__file__, unsmear.__file__\n"
        "np.save(sys.argv[3], model.predict(np.load(sys.argv[2])))\n"
    )
    command = [sys.executable, "-c", program, uri, str(tmp_path / "in.npy"), str(tmp_path / "out.npy")]
    subprocess.run(command, check=True, cwd=tmp_path)
    found = np.load(tmp_path / "out.npy")
    assert found.shape == (2, 3, 37, 50, 3)
    np.testing.assert_array_equal(found, expected_frames(weights, picture))
    sent = client.get_logged_model(versions[0].source.removeprefix("models:/"))
    # MLflow's page of a run cannot be drawn where a model of its carries a NaN.
    assert not sent.metrics
    folder = sent.artifact_location.removeprefix("file://")
    description = mlflow.models.Model.load(folder)
    assert [spec.type for spec in description.signature.inputs] == [np.uint8]
    np.testing.assert_array_equal(description.load_input_example(folder), picture)


@pytest.mark.parametrize(
    "wrong", [np.zeros((4, 4, 3), np.uint8), np.zeros((1, 4, 4, 3), np.float32), np.zeros((1, 3, 4, 4), np.uint8)]
)
def test_wrong_input_is_named(weights: list[Path], wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="must be \\(B, H, W, 3\\) uint8"):
        CascadeModel(weights).predict(wrong)


def test_nothing_is_done_with_tracking_off(tmp_path: Path, weights: list[Path], picture: np.ndarray) -> None:
    log_cascade_model(open_run(tmp_path / "a", "n", enabled=False), by_stage(weights), "masked", picture, CARD)
    assert list(tmp_path.iterdir()) == []
