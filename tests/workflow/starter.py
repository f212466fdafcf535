"""Snakemake imported once: each line of standard input is a command, which runs in a copy of this process."""

import json
import os
import sys

from snakemake.cli import main

del sys.path[0]  # the folder of this file


def run(folder: str, environment: dict[str, str], arguments: list[str], output: list[str], python: str) -> int:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, path in enumerate([os.devnull, *output]):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT), number)
    sys.path.insert(0, folder)
    sys.argv = ["snakemake", *arguments]
    sys.executable = python
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


for line in sys.stdin:
    child = os.fork()
    if child == 0:
        os._exit(run(**json.loads(line)))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
