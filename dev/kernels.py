"""Kernels that start at once: one process imports what notebooks import, and each kernel is a copy of it.

A notebook still has a process of its own, which nothing that another one does can reach; what it does not pay for any
more is starting Python and importing NumPy, SciPy, Matplotlib, the widgets and the package. `python dev/kernels.py
serve SOCKET` is the process that is copied; `python dev/kernels.py start SOCKET ARGUMENT...` is what a kernel manager
starts: it asks for a copy, and lives and dies with it.
"""

import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

IMPORTS = """ipykernel.kernelapp ipykernel.debugger ipykernel.zmqshell IPython.extensions.storemagic
    matplotlib.pyplot matplotlib.backends.backend_agg ipywidgets anywidget
    numpy scipy.linalg scipy.optimize scipy.sparse.linalg scipy.stats
    tensor_overparam.decomposition tensor_overparam.explorers.catalogue tensor_overparam.ledger tensor_overparam.plots
    tensor_overparam.sweeps"""

ROOT = Path(__file__).resolve().parent.parent
IS_POSSIBLE = sys.platform == "linux"


# --- in the process that runs notebooks -----------------------------------------------------------


@cache
def server(search_path, backend):
    """Start the process that is copied, once, and return the command that starts a kernel."""
    folder = TemporaryDirectory()
    path = str(Path(folder.name) / "kernels")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    environment = {**os.environ, "PYTHONPATH": search_path, "MPLBACKEND": backend}
    process = subprocess.Popen(
        [sys.executable, __file__, "serve", str(listener.fileno())],
        stdin=subprocess.PIPE,  # it ends when this process does
        stdout=subprocess.DEVNULL,
        env=environment,
        pass_fds=[listener.fileno()],
        start_new_session=True,  # Ctrl-C is not meant for it
    )
    _kept.extend([folder, listener, process])
    return [sys.executable, "-I", "-S", __file__, "start", path, "-f", "{connection_file}"]


_kept = []  # as long as this process lives


# --- the process that is copied -------------------------------------------------------------------


def serve(number):
    """Import, then make a copy of this process for each one that asks; end with the process that started this one."""
    for name in IMPORTS.split():
        with suppress(ImportError):  # the notebook that needs it will say so
            importlib.import_module(name)
    with suppress(ImportError):
        importlib.import_module("shared").start()  # what claims show, where the caller's environment names a folder
    gc.collect()
    gc.freeze()
    listener = socket.socket(fileno=int(number))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the copies
    while sys.stdin not in (ready := select.select([listener, sys.stdin], [], [])[0]):
        if listener in ready:
            caller, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                return become_kernel(caller)
            caller.close()


def become_kernel(caller):
    """Be a kernel in the folder and with the environment of the caller, as long as that one lives."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    asked = json.loads(caller.makefile().readline())
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = ["ipykernel_launcher", *asked["arguments"]]
    sys.path[0] = ""
    importlib.import_module("numpy").random.seed()
    threading.Thread(target=end_with, args=(caller,), daemon=True).start()
    importlib.import_module("ipykernel.kernelapp").launch_new_instance(argv=asked["arguments"])


def end_with(caller):
    """End this process when the caller is gone."""
    caller.recv(1)
    os._exit(1)


# --- what a kernel manager starts -----------------------------------------------------------------


def start(path, *arguments):
    """Ask for a kernel and wait for its end, or for that of the process that wanted it."""
    caller = os.getppid()
    link = socket.socket(socket.AF_UNIX)
    link.connect(path)  # waits for nothing: the socket listens before the server has imported
    asked = {"folder": os.getcwd(), "environment": dict(os.environ), "arguments": arguments}
    link.sendall(json.dumps(asked).encode() + b"\n")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while os.getppid() == caller and not select.select([link], [], [], 2)[0]:
        pass


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    {"serve": serve, "start": start}[command](*rest)
