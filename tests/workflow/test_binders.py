"""Every script of a rule finds the project by its own place: not installed, PYTHONPATH unset, from any folder."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from conftest import bare_python, clean_environment

# What Snakemake puts before a script: the script's folder on the path, and an object; here one that ends the script
# where it first asks for what the job is about, after all its imports.
RUN = """
import runpy, sys
from pathlib import Path

class Reached(Exception):
    pass

class Job:
    log = []

    def __getattr__(self, name):
        raise Reached

script = Path(sys.argv[1])
try:
    import unsmear
except ModuleNotFoundError:
    pass
else:
    sys.exit(f"the project is installed: {unsmear.__file__}")
sys.path.insert(0, str(script.parent))
try:
    runpy.run_path(str(script), init_globals={"snakemake": Job()})
except Reached:
    pass
else:
    sys.exit("the script asks for nothing")
import unsmear
print(unsmear.__file__)
"""


@pytest.mark.slow
def test_every_binder_finds_the_project(repository, tmp_path):
    binders = [path for path in sorted((repository / "workflow/scripts").glob("*.py")) if path.name != "_src.py"]
    assert len(binders) >= 20
    environment = clean_environment()

    def run(binder: Path) -> subprocess.CompletedProcess[str]:
        command = [bare_python(), "-c", RUN, binder]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    bare_python()
    with ThreadPoolExecutor(2) as pool:
        done = dict(zip(binders, pool.map(run, binders), strict=True))
    failed = {binder.name: result.stderr[-500:] for binder, result in done.items() if result.returncode}
    assert failed == {}
    wanted = str(repository / "src/unsmear/__init__.py")
    assert {result.stdout.strip() for result in done.values()} == {wanted}
