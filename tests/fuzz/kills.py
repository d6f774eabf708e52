"""A sweep whose parent is killed again and again: no run is lost, none is there twice, no worker outlives it.

    python tests/fuzz/kills.py [kills] [seed]       100 over all executors if not given; exit code 1 on a fault
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[2])]
from sweeping import paths, same, sound  # noqa: E402

SHARES = {"here": 0.4, "fork": 0.2, "spawn": 0.2, "dask": 0.2}  # of the kills; a pool forks and spawns
LATEST = {"here": 0.7, "fork": 0.7, "spawn": 2.0, "dask": 1.5}  # seconds until a kill, from the first task on
PATIENCE = 60  # seconds until a worker that is still there counts as an orphan
STUDY = '''
import sys, time
from tensor_overparam.sweeps.sweeping import sweep

GRID, SEEDS = {"width": [2, 3, 5], "dim": [4, 6]}, range(20)

def slow(width, dim, seed):
    "Numbers that depend on everything, after a while."
    time.sleep(.01)
    return {"x": [width*seed + 0.5, dim + seed], "n": width*dim}

def go(executor=None):
    print("go", flush=True)
    return sweep(slow, GRID, SEEDS, sys.argv[2], executor, progress=False, batch=1)

def main(kind):
    if kind == "here":
        return go()
    if kind in ("fork", "spawn"):
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context
        from tensor_overparam.sweeps.workers import end_with_parent
        with ProcessPoolExecutor(2, mp_context=get_context(kind), initializer=end_with_parent) as pool:
            return go(pool)
    from distributed import Client, LocalCluster
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        return go(client.get_executor())
'''
CALL = "import sys, study\nif __name__ == '__main__': study.main(sys.argv[1])\n"


def started(folder, kind, store):
    """Start a sweep in a session of its own, and wait until it begins."""
    process = subprocess.Popen([sys.executable, "call.py", kind, store], cwd=folder, env=paths(), text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
    with process.stdout:
        assert process.stdout.readline() == "go\n"
    return process


def left(session):
    """Return the processes of a session that run."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] not in "ZX" and int(fields[3]) == session:
            found.append(int(entry.name))
    return found


def orphans(session):
    """Wait for all processes of a session to end; return how many did not, and end them."""
    deadline = time.monotonic() + PATIENCE
    while (pids := left(session)) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    return len(pids)


def rows_of(path):
    """Return the runs that a store holds, once each; the store is looked at for being sound."""
    table = sound(path)
    return set(table[["width", "dim", "seed"]].tolist()) if len(table) else set()


def killed(kind, kills, seed, folder):
    """Kill so many times; the counts of runs lost, of tables that are not as undisturbed ones, and of orphans."""
    (folder / "study.py").write_text(STUDY)
    (folder / "call.py").write_text(CALL)
    assert started(folder, "here", "undisturbed.db").wait(timeout=120) == 0
    whole, chance = sound(folder / "undisturbed.db"), random.Random(f"{kind} {seed}")
    lost, other, stayed, known, fresh = 0, 0, 0, set(), 0
    while kills:
        process = started(folder, kind, f"{fresh}.db")
        time.sleep(chance.choice((0.02, 0.2, 1)) * LATEST[kind] * chance.random())
        process.kill()  # the parent alone: what becomes of its workers is the question
        kills -= process.wait() == -signal.SIGKILL
        stayed += orphans(process.pid)
        rows = rows_of(folder / f"{fresh}.db")
        lost, known = lost + len(known - rows), rows
        if len(rows) == len(whole):
            other += not same(whole, sound(folder / f"{fresh}.db"))
            known, fresh = set(), fresh + 1
    assert started(folder, "here", f"{fresh}.db").wait(timeout=300) == 0
    return lost, other + (not same(whole, sound(folder / f"{fresh}.db"))), stayed


def main(kills=100, seed=0):
    """Print a table; return the exit code. A row that is there twice ends it with an error."""
    bad = 0
    print("executor  kills  runs lost  other tables  orphans")
    for kind, share in SHARES.items():
        if kind == "dask" and not find_spec("distributed"):
            print(f"{kind:8}  distributed is not installed")
            continue
        folder, count = Path(tempfile.mkdtemp()), max(1, round(int(kills) * share))
        counts = killed(kind, count, seed, folder)
        shutil.rmtree(folder)
        print(f"{kind:8} {count:6} {counts[0]:10} {counts[1]:13} {counts[2]:8}", flush=True)
        bad += sum(counts)
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
