"""A worker gives the same numbers as any other: in batches or not, with one thread, and of the right function."""

import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sweeping import Counting, descent, draw, fragile, paths, quiet, script

from tensor_overparam.sweeps.runs import Function
from tensor_overparam.sweeps.store import SweepStore
from tensor_overparam.sweeps.workers import attempt, batch_for, batch_size, batched, pack, unpack
from tensor_overparam.tensors.threads import pools

some = settings(deadline=None, max_examples=60, derandomize=True)


# --- batches ------------------------------------------------------------------------------------------


@some
@given(m=st.integers(1, 3000), d=st.integers(1, 3000))
def test_batches_fit_the_cache(m, d):
    """At least one, at most 64, and as many as fit."""
    S = batch_size(m, d)
    assert 1 <= S <= 64 and (S == 1 or S * m * d <= 2**15) and (S == 64 or (S + 1) * m * d > 2**15)


def test_the_size_of_a_batch_is_found_by_name():
    """Width and dim, m and d, given or default; without them a quarter of the most; one without the mark."""
    @batched
    def short(m, seeds, d=100): return []
    @batched
    def loose(seeds, **options): return []

    assert batch_for(descent, {"width": 50, "dim": 50}) == batch_size(50, 50) == 13
    assert batch_for(short, {"m": 50}) == batch_size(50, 100) and batch_for(short, {"m": 50, "d": 50}) == 13
    assert batch_for(loose, {"width": 50, "d": 50}) == 13 and batch_for(loose, {"rank": 3}) == 16
    assert batch_for(draw, {"width": 2, "dim": 2}) == 1


@pytest.mark.parametrize("batch", [None, 1, 2, 5, 100])
def test_numbers_do_not_depend_on_the_batch(batch):
    """Nine digits are the same however the seeds are cut; the last may not be, where BLAS adds in another order."""
    alone = [descent(3, 6, [seed])[0] for seed in range(7)]
    table = quiet(descent, {"width": [3], "dim": [6]}, range(7), ":memory:", batch=batch)
    assert np.allclose(table["error"], [one["error"] for one in alone], rtol=1e-9, atol=0)
    assert np.allclose(table["trace"], [one["trace"] for one in alone], rtol=1e-9, atol=0)


def test_tasks_are_cut_as_asked(tmp_path):
    """By `batch`, within a cell, and in the same way when some are done."""
    sizes = []

    class Watching(Counting):
        def submit(self, fn, *arguments):
            sizes.append(len(arguments[2]))
            return super().submit(fn, *arguments)

    quiet(descent, {"width": [2], "dim": [4]}, [2, 3], tmp_path / "a.db", Watching())
    quiet(descent, {"width": [2, 3], "dim": [4]}, range(10), tmp_path / "a.db", Watching(), batch=4, shuffle=False)
    assert sizes == [2, 2, 4, 2, 4, 4, 2]
    quiet(draw, {"width": [2], "dim": [4]}, range(10), ":memory:", Watching(), batch=8)
    assert sorted(sizes[7:]) == [2, 8]


def test_a_batch_that_raises_is_split(tmp_path):
    """Only the seed at fault has failed."""
    @batched
    def touchy(width, seeds):
        if 3 in seeds:
            raise ValueError("three")
        return np.array([1.0 / (width + seed) for seed in seeds])

    with pytest.warns(UserWarning, match="1 of 6 runs failed.*seed 3: ValueError: three"):
        table = quiet(touchy, {"width": [1]}, range(6), tmp_path / "a.db", batch=4)
    assert table["status"].tolist() == ["done"] * 3 + ["failed"] + ["done"] * 2
    assert np.array_equal(table["value"], [1, 1 / 2, 1 / 3, np.nan, 1 / 5, 1 / 6], equal_nan=True)


def results(kind):
    """Functions with results that cannot be stored."""
    def text(width, seed): return {"fine": 1.0, "verdict": "good"}
    def nothing(width, seed): return None
    def echo(width, seed): return {"width": width}
    def column(width, seed): return {"status": 1}
    def shadow(seed, width, rank=3): return {"rank": 1}
    @batched
    def few(width, seeds): return [1.0]
    @batched
    def table(width, seeds): return {"x": seeds}

    return {fn.__name__: fn for fn in (text, nothing, echo, column, shadow, few, table)}[kind]


UNFIT = {
    "text": "result 'verdict' is 'good'",
    "nothing": "result 'value' is None",
    "echo": "the result 'width' has the name",
    "column": "the result 'status' has the name",
    "shadow": "the result 'rank' has the name",
    "few": "given 2 seeds and returned",
    "table": "given 2 seeds and returned",
}


@pytest.mark.parametrize("kind", UNFIT)
@pytest.mark.parametrize("executor", [None, ThreadPoolExecutor(1)])
def test_results_that_cannot_be_stored(tmp_path, kind, executor):
    """A sentence that names the function, the cell and the result; what was stored before is kept."""
    with pytest.raises(ValueError, match=UNFIT[kind]) as error:
        quiet(results(kind), {"width": [2]}, [0, 1], tmp_path / "a.db", executor)
    assert "0 of 2 runs are stored" in str(error.value) and kind in str(error.value)


# --- runs that fail -----------------------------------------------------------------------------------


@pytest.mark.parametrize("executor", [None, ThreadPoolExecutor(2)])
def test_failures_are_stored_and_tried_again(tmp_path, executor):
    """With their tracebacks, once each; the others are done; the next sweep tries only them."""
    grid, path = {"width": [1, 2, 3]}, tmp_path / "a.db"
    with pytest.warns(UserWarning, match="4 of 12 runs failed, the first of them fragile with {'width': 1} and seed 2"):
        table = quiet(fragile, grid, range(4), path, executor)
    failed = (table["width"] + table["seed"]) % 3 == 0
    assert np.array_equal(table["status"] == "failed", failed)
    assert np.array_equal(np.isnan(table["value"]), failed)
    with SweepStore(path) as s:
        found = [(f.parameters["width"], f.seed) for f in s.failures()]
        assert found == [(1, 2), (2, 1), (3, 0), (3, 3)]
        assert all("ZeroDivisionError" in f.traceback and "fragile" in f.traceback for f in s.failures())
        assert "8 done, 4 failed" in repr(s)
    count = Counting()
    with pytest.warns(UserWarning, match="4 of 12"):
        quiet(fragile, grid, range(4), path, count)
    assert sorted(count.runs) == [(1, 2), (2, 1), (3, 0), (3, 3)]


def leave(width, seed):
    """Tries to end the program."""
    sys.exit("goodbye")


def test_a_run_that_exits_has_failed(tmp_path):
    """It does not take the sweep along."""
    with pytest.warns(UserWarning, match="1 of 1 runs failed.*SystemExit: goodbye"):
        assert quiet(leave, {"width": [1]}, [0], tmp_path / "a.db")["status"].tolist() == ["failed"]


def moody(width, seed):
    """Fails as long as there is a file."""
    if os.path.exists(os.environ["MOODY"]):
        raise OSError("not today")
    return width


def test_a_failure_is_replaced_when_the_run_succeeds(tmp_path, monkeypatch):
    """One row before, one row after."""
    monkeypatch.setenv("MOODY", str(tmp_path / "moody"))
    (tmp_path / "moody").touch()
    with pytest.warns(UserWarning):
        quiet(moody, {"width": [1]}, [0], tmp_path / "a.db")
    (tmp_path / "moody").unlink()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = quiet(moody, {"width": [1]}, [0], tmp_path / "a.db")
    assert table["status"].tolist() == ["done"] and table["value"].tolist() == [1]
    with SweepStore(tmp_path / "a.db") as s:
        assert len(s.table()) == 1 and s._ask("SELECT count(*) FROM cells") == [(1,)]


def test_half_a_run_is_not_a_run():
    """A function that catches Ctrl-C and returns, or raises something else, has still been interrupted."""
    def catches(width, seed):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            return 0.5

    def turns(width, seed):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise ValueError from None

    before = signal.getsignal(signal.SIGINT)
    for fn in (catches, turns):
        with pytest.raises(KeyboardInterrupt):
            attempt(fn, {"width": 1}, [0])
        assert signal.getsignal(signal.SIGINT) is before


def test_blas_has_one_thread(tmp_path):
    """In this process during the sweep, in others for good; and as before afterwards."""
    control = pytest.importorskip("threadpoolctl")
    def blas():
        return {pool["num_threads"] for pool in control.threadpool_info() if pool["user_api"] == "blas"}
    with control.threadpool_limits(2):
        before = blas()
        table = quiet(threads, {"width": [1]}, [0], tmp_path / "a.db")
        with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
            other = quiet(threads, {"width": [1]}, [0], tmp_path / "b.db", pool)
        assert table["value"].tolist() == other["value"].tolist() == [1] and blas() == before == {2}


def threads(width, seed):
    """The largest number of threads that a BLAS here has."""
    from threadpoolctl import threadpool_info
    return max(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")


def test_without_threadpoolctl_there_is_no_limit(monkeypatch):
    """It is no dependency."""
    pools.cache_clear()
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    assert quiet(draw, {"width": [2], "dim": [3]}, [0], ":memory:")["status"][0] == "done"
    pools.cache_clear()


def test_unpicklable_functions():
    """Refused before anything runs: here where it uses what cannot travel, there where it cannot be found."""
    lock = threading.Lock()
    strange = type(draw)(draw.__code__, {"np": lock, "__name__": "__main__"}, "draw")
    pytest.importorskip("cloudpickle")
    strange.__module__ = "__main__"
    with pytest.raises(ValueError, match="draw is an unpicklable function"):
        pack(strange)
    with pytest.raises(ValueError, match="unpicklable function.*worker cannot load it"):
        unpack(pack(draw)._replace(pickled=b"cnowhere\nnothing\n."))


def test_workers_must_have_the_same_source_and_version():
    """Rows must not carry a name that is not theirs."""
    parcel = pack(descent)
    assert unpack(parcel) is descent
    with pytest.raises(ValueError, match="the source of descent on a worker"):
        unpack(parcel._replace(function=Function("descent", "def descent(): pass")))
    with pytest.raises(ValueError, match="a worker has tensor_overparam"):
        unpack(parcel._replace(version="0.0.0"))


def test_a_worker_does_not_need_the_source(monkeypatch):
    """A function that travels by value brings its name and text along: nobody asks the worker for a file.
    One that is found there by name must be the same one."""
    pytest.importorskip("cloudpickle")

    def local(width, seed):
        return width + seed

    parcel = pack(local)
    monkeypatch.setattr("inspect.getsource", lambda _: pytest.fail("the source was read on a worker"))
    monkeypatch.setattr("inspect.getsourcelines", lambda _: pytest.fail("the source was read on a worker"))
    fn = unpack(parcel._replace(pickled=parcel.pickled + b" "))  # not the one that was unpacked before
    assert fn is not local and fn(2, 3) == 5 and parcel.function.name == "local"
    assert "return width + seed" in parcel.function.source


MAIN = """
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from tensor_overparam.sweeps.sweeping import sweep
if sys.argv[1] == "bare": sys.modules["cloudpickle"] = None

def local(width, seed):
    print("it runs", flush=True)
    return width + seed

if __name__ == "__main__":
    if sys.argv[1] == "bare": del sys.modules["__main__"].__file__
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        try: print(sweep(local, {"width": [1, 2]}, range(3), "a.db", pool, progress=False)["value"].tolist())
        except ValueError as error: print("ValueError:", error)
"""


@pytest.mark.slow
def test_blas_has_one_thread_in_a_process_that_was_not_told(tmp_path, monkeypatch):
    """A worker that is started afresh, and would take two."""
    pytest.importorskip("threadpoolctl")
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(name, "2")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert pool.submit(threads, 1, 0).result() == 2
        assert quiet(threads, {"width": [1]}, [0], tmp_path / "a.db", pool)["value"].tolist() == [1]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["bare", "cloudpickle"])
def test_functions_of_the_main_program_under_spawn(tmp_path, kind):
    """As from a notebook, whose cells other processes cannot import: with cloudpickle they travel; without it there is
    one clear sentence, before anything has run and without a broken pool."""
    if kind == "cloudpickle":
        pytest.importorskip("cloudpickle")
    (tmp_path / "main.py").write_text(MAIN)
    back = script(tmp_path, "main.py", kind)
    if kind == "bare":
        assert "ValueError: local is an unpicklable function" in back.stdout and "it runs" not in back.stdout, back
    else:
        assert "[1, 2, 3, 2, 3, 4]" in back.stdout, back


ORPHANS = """
import os, sys, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from tensor_overparam.sweeps.sweeping import sweep

def slow(width, seed):
    open(f"pid-{os.getpid()}", "w").close()
    time.sleep(600)

if __name__ == "__main__":
    with ProcessPoolExecutor(2, mp_context=get_context(sys.argv[1])) as pool:
        sweep(slow, {"width": [1]}, range(8), "a.db", pool, progress=False)
"""


@pytest.mark.skipif(not hasattr(os, "kill") or sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_workers_do_not_outlive_a_parent_that_is_killed(tmp_path, method):
    """Killed, not interrupted: the workers end by themselves, in the middle of what they are doing."""
    (tmp_path / "orphans.py").write_text(ORPHANS)
    parent = subprocess.Popen([sys.executable, "orphans.py", method], cwd=tmp_path, env=paths())
    try:
        while len(pids := [int(p.name[4:]) for p in tmp_path.glob("pid-*")]) < 2 and parent.poll() is None:
            time.sleep(0.1)
    finally:
        parent.kill()
        parent.wait()
    assert len(pids) == 2
    for _ in range(300):
        left = [pid for pid in pids if running(pid)]
        if not left:
            break
        time.sleep(0.1)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left


def running(pid):
    """Tell whether a process runs; one that nobody has buried does not."""
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return False
