"""What jobs import that is not the project's, imported once: each script of a job runs in a copy of this process.

``python jobs.py ADDRESS EXECUTABLE`` listens at ADDRESS and writes EXECUTABLE, which a Snakemake takes for its Python.
Where jobs are killed, on SLURM and in a bucket each has a Python of its own, as a user's.
"""

import atexit
import gc
import json
import os
import runpy
import select
import signal
import socket
import sys
from pathlib import Path

# It starts in 20 ms, hands over what it was started with, and ends as the job does.
CLIENT = """#!{python} -SI
import json, os, socket, sys
if len(sys.argv) != 2 or "/.snakemake/scripts/" not in os.path.abspath(sys.argv[1]):
    os.execv("{python}", ["{python}", *sys.argv[1:]])
server = socket.socket(socket.AF_UNIX)
server.connect("{address}")
order = {{"script": sys.argv[1], "folder": os.getcwd(), "environment": dict(os.environ)}}
socket.send_fds(server, [json.dumps(order).encode() + b"\\n"], [0, 1, 2])
sys.exit(int(server.recv(16) or 1))
"""


def receive(connection: socket.socket) -> tuple[dict, list[int]]:
    text, streams, *_ = socket.recv_fds(connection, 1 << 16, 3)
    while not text.endswith(b"\n"):
        text += connection.recv(1 << 16)
    return json.loads(text), streams


def run(script: str, folder: str, environment: dict[str, str], streams: list[int]) -> int:
    """Run a script as if Python had been started with it."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [script]
    sys.path.insert(0, str(Path(script).parent))
    status = 0
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return status


def attend(connection: socket.socket) -> None:
    """Run one job, and kill it if the process that stands for it is killed."""
    order, streams = receive(connection)
    job = os.fork()
    if job == 0:
        connection.close()
        os._exit(run(**order, streams=streams))
    ended = os.pidfd_open(job)
    if ended not in select.select([connection, ended], [], [])[0]:
        os.kill(job, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(job, 0)[1])
    connection.send(str(status if status >= 0 else 128 - status).encode())


if __name__ == "__main__":
    import cv2  # noqa: F401
    import jinja2  # noqa: F401
    import matplotlib.backends.backend_agg  # noqa: F401
    import pandas  # noqa: F401
    import PIL.Image  # noqa: F401
    import pydantic  # noqa: F401
    import torch

    # The first optimizer of a process imports the rest of torch.
    torch.optim.SGD([torch.zeros(1)])
    address, executable = sys.argv[1:]
    del sys.path[0]  # the folder of this file
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(64)
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    Path(executable).write_text(CLIENT.format(python=sys.executable, address=address))
    Path(executable).chmod(0o755)
    print("ready", flush=True)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            attend(connection)
            os._exit(0)
        connection.close()
