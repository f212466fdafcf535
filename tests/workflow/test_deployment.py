"""The workflow as `snakedeploy deploy-workflow` puts it into a folder of somebody's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

pytest.importorskip("snakedeploy")
AUTHOR = ("-c", "user.name=test", "-c", "user.email=test@localhost")


@pytest.mark.slow
def test_a_deployed_folder_plans_and_runs(fresh, repository, tmp_path):
    """The clone is local; git is told to look there for what has the address of a host."""
    (fresh.folder / "requirements.lock").write_bytes((repository / "requirements.lock").read_bytes())
    (fresh.folder / "config/config.yaml").write_bytes((fresh.folder / "config.yaml").read_bytes())
    (fresh.folder / "LICENSE").write_bytes((repository / "LICENSE").read_bytes())
    for arguments in (["init"], ["add", "."], [*AUTHOR, "commit", "-m", "start"], [*AUTHOR, "tag", "v1"]):
        subprocess.run(["git", *arguments], cwd=fresh.folder, check=True, capture_output=True)
    environment = os.environ | {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{fresh.folder.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/someone/unsmear",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "OMP_NUM_THREADS": "1",
    }

    def run(folder: Path, *command: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        return done.stdout + done.stderr

    deployed = tmp_path / "deployed"
    code = "from snakedeploy.client import main; main()"
    command = ["deploy-workflow", "https://github.com/someone/unsmear", str(deployed), "--tag", "v1"]
    subprocess.run([sys.executable, "-c", code, *command], env=environment, check=True, capture_output=True)
    assert yaml.safe_load((deployed / "config/config.yaml").read_text())["name"] == "tiny"
    assert (deployed / "profiles/slurm/config.yaml").is_file() and (deployed / "LICENSE").is_file()
    assert "train_stage" in run(deployed, "snakemake", "--dry-run", "--cores", "1")
    run(deployed, "snakemake", "--cores", "1", "results/cameras/masked/camera.json")
    assert '"masked"' in (deployed / "results/cameras/masked/camera.json").read_text()


def test_the_catalogue_finds_what_it_shows(repository):
    entry = yaml.safe_load((repository / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert entry["software-stack-deployment"] == {"conda": True}
    assert (repository / "Snakefile").is_file() and (repository / "config/README.md").is_file()
    # The file that a deployment copies is the configuration itself.
    assert (repository / "config/config.yaml").resolve() == (repository / "config.yaml").resolve()
