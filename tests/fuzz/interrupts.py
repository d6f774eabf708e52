"""Ctrl-C at random moments of every command, imports included: exit code 130, no traceback, no half-written file.

    python tests/fuzz/interrupts.py [moments] [seed]       30 of each command if not given; exit code 1 on a fault
"""

import json
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tensor_overparam.tensors import gaussian, with_noise
from tensor_overparam.tensors.targets import to_dense

PATIENCE = 60  # seconds until it counts as a hang
LONGEST = {"decompose hard.npy": 6}  # processor time between Ctrl-C and the end, where what was found is certified and
USUAL = 2  # drawn; and elsewhere
# what the console script does; it says that Python itself is up, since an interruption before that is Python's own
PROGRAM = "import sys; print('up', flush=True); from tensor_overparam.__main__ import main; sys.exit(main())"
COMMANDS = {  # words: seconds from which moments are drawn
    "compare --dim 10 --rank 2 --dims 10,20 --seeds 3": 4.0, "check --quick": 5.0, "check --list": 0.3,
    "decompose T.npy": 1.5, "decompose hard.npy": 4.0, "decompose X.csv --cumulant 4": 1.0,
    "decompose X.csv --moment 3": 1.5, "phase --quick --only dimension": 5.0, "phase --quick --workers 2": 5.0,
    "phase --algorithm one --values 10,20 --rank 2": 4.0, "--help": 0.15,
}  # fmt: skip


def fill(folder):
    """Write what the commands read."""
    np.save(folder / "T.npy", to_dense(gaussian(12, 6, 3, rng=0)))
    np.save(folder / "hard.npy", to_dense(with_noise(gaussian(20, 34, 3, rng=0), 0.3, rng=1)))
    X = np.random.default_rng(0).laplace(size=(3000, 5))
    np.savetxt(folder / "X.csv", X, delimiter=",", header="a,b,c,d,e", comments="")


def whole(path):
    """Read a file to its end; an error where it is not whole."""
    if path.suffix == ".npz":
        with np.load(path) as z:
            return [z[name] for name in z.files]
    if path.suffix == ".json":
        return json.loads(path.read_text())
    if path.suffix == ".db":
        with sqlite3.connect(path) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    return path.suffix != ".png" or path.read_bytes().endswith(b"IEND\xaeB`\x82")


def files_at_fault(folder, before):
    """Name drafts that were left, and files that are not whole."""
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p not in before):
        if path.name.startswith(".draft-"):
            yield f"{path.name} was left"
        elif not path.name.endswith(("-wal", "-shm")):
            try:
                assert whole(path)
            except Exception as error:
                yield f"{path.name} is not whole: {error!r}"


def used(pid):
    """Processor time that a process and its children have used; 0 where that is not told."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return 0.0


def buried():
    """Processor time of all children that have ended."""
    total = resource.getrusage(resource.RUSAGE_CHILDREN)
    return total.ru_utime + total.ru_stime


def pressed(words, moment, folder):
    """Run a command and press Ctrl-C; (whether that ended it, faults, processor time from there to the end)."""
    fill(folder)
    before, start = set(folder.rglob("*")), buried()
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # in the background of a shell; inherited
        signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, *words.split()], cwd=folder, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
                               env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert process.stdout.readline() == "up\n"
    time.sleep(moment)
    ended, so_far = process.poll() is not None, used(process.pid)
    if not ended:
        os.killpg(process.pid, signal.SIGINT)  # as a keyboard does: to everybody in the group
    try:
        _, errors = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return True, [f"had not ended {PATIENCE} s later"], PATIENCE
    seconds = 0.0 if ended else buried() - start - so_far
    faults = list(files_at_fault(folder, before))
    if any(word in errors for word in ("Traceback", "Exception ignored")):
        faults.append("traceback: " + errors.strip().splitlines()[-1] + " | " + errors.strip()[:400])
    if not ended and process.returncode not in (130, 0) or process.returncode == 0 and "interrupted" in errors:
        faults.append(f"exit code {process.returncode}: {errors.strip()[-200:]}")
    if seconds > LONGEST.get(words, USUAL) and process.returncode == 130:
        faults.append(f"took {seconds:.1f} s")
    return process.returncode == 130, faults, seconds


def interrupted(words, count, seed):
    """Press at so many moments, half of them while modules are loaded; (faults, longest time until the end)."""
    chance, span, done, found, longest = random.Random(f"{words} {seed}"), COMMANDS[words], 0, [], 0.0
    while done < count:
        moment = chance.random() * (span if done % 2 else min(span, 0.6))
        with tempfile.TemporaryDirectory() as folder:
            hit, faults, seconds = pressed(words, moment, Path(folder))
        found += [f"at {moment:.3f} s: {fault}" for fault in faults]
        if not hit and not faults:  # it was through
            span = max(0.05, span * 0.9)
            continue
        done, longest = done + 1, max(longest, seconds)
    return found, longest


def main(count=30, seed=0):
    """Print a table, and what was found; return the exit code."""
    bad = 0
    print(f"{'command':50} pressed  faults  longest end")
    for words in COMMANDS:
        found, longest = interrupted(words, int(count), seed)
        print(f"{words:50} {count:>7} {len(found):7}  {longest:9.2f} s", flush=True)
        for fault in found:
            print("   ", fault)
        bad += len(found)
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
