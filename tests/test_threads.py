"""Several threads give the answer of one, to the last bit, and nobody starts threads inside threads."""

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

from tensor_overparam.descent.objective import residual
from tensor_overparam.sweeps.workers import one_thread
from tensor_overparam.tensors import kernels, threads
from tensor_overparam.tensors.kernels import add_product, contract_factored
from tensor_overparam.tensors.targets import Factored
from tensor_overparam.tensors.threads import limit_threads, play, rounds


@pytest.fixture
def three(monkeypatch):
    """Ask for three threads."""
    pytest.importorskip("threadpoolctl")
    monkeypatch.setenv(threads.SWITCH, "3")


@pytest.mark.parametrize("n", range(12))
def test_everybody_meets_everybody_once(n):
    games = rounds(n)
    assert sorted(sum(games, [])) == [(i, j) for i in range(n) for j in range(i)]
    assert all(len(set(sum(each, ()))) == 2 * len(each) for each in games)
    assert n < 2 or len(games) == n - 1 + n % 2


def students(m, d, dtype):
    """Return vectors and weights, and a target of four terms."""
    rng = np.random.default_rng(m)
    C, w, U, a = (rng.normal(size=s).astype(dtype) / 2 for s in ((m, d), m, (4, d), 4))
    return C / np.linalg.norm(C, axis=1)[:, None].astype(dtype), w, Factored(a, U, 3)


@pytest.mark.parametrize("m, d, order, dtype", [(1025, 30, 4, "float64"), (1500, 40, 5, "float32"),
                                                (2100, 25, 4, "float64"), (1030, 20, 4, "longdouble")])
def test_the_same_bits_for_any_number_of_threads(monkeypatch, m, d, order, dtype):
    """Own vectors and other ones, and the whole residual; and all of it is right."""
    pytest.importorskip("threadpoolctl")
    C, w, T = students(m, d, dtype)
    answers = []
    for n in "1234":
        monkeypatch.setenv(threads.SWITCH, n)
        before = threading.active_count()
        other = contract_factored(C, w, C.copy(), order)
        answers.append([contract_factored(C, w, C, order), other, *residual(T, C, w, 1.0)])
        assert threading.active_count() == before
    for answer in answers[1:]:
        assert all(np.array_equal(x, y) for x, y in zip(answers[0], answer, strict=True))
    own, other = answers[0][:2]
    plain = ((C @ C.T) ** (order - 1) * w) @ C
    allowed = 1e3 * float(np.finfo(dtype).eps if dtype != "longdouble" else np.finfo(float).eps) * np.abs(w).sum()
    assert own.dtype == other.dtype == np.dtype(dtype)
    assert np.abs(own - plain).max() <= allowed and np.abs(other - plain).max() <= allowed


def test_threads_are_used_above_a_size_and_not_below(three, monkeypatch):
    """One block is never worth a second thread, several are; so are several panels of many numbers."""
    used = []
    monkeypatch.setattr(kernels, "play", lambda tasks, worker: used.append(len(tasks)) or play(tasks, worker))
    C, w, T = students(1025, 100, "float64")
    small = C[:1024]
    contract_factored(small, w[:1024], small, 4)
    T.contract(C)
    assert not used
    contract_factored(C, w, C, 4)
    contract_factored(C, w, C.copy(), 4)
    assert used == [4 + 6, 9]


@pytest.mark.parametrize("shape", [(5, 4, 3), (1, 1, 1), (3, 1, 2), (1, 4, 1), (2, 3, 0), (0, 3, 2), (3, 0, 2)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "longdouble", ">f8", "float16"])
def test_products_are_added(shape, dtype):
    """Of matrices and transposed ones, of rows of larger arrays, and of what BLAS does not know; in a larger room."""
    m, k, n = shape
    rng = np.random.default_rng(0)
    A, B, out = (rng.normal(size=s).astype(dtype) for s in ((m, k), (k, n), (m, n)))
    wide = np.zeros((m, n + 3), dtype=dtype)
    gaps = np.zeros((2 * m, 3 * n), dtype=dtype)
    expected = (out.astype(float) + A.astype(float) @ B.astype(float)).astype(float)
    allowed = 160 * float(max(np.finfo(dtype).eps, np.finfo(float).eps))
    for left in (A, A.T.copy().T, np.repeat(A, 2, axis=1)[:, ::2], np.asfortranarray(np.vstack([A, A]))[:m]):
        for right in (B, B.T.copy().T, np.hstack([B, B])[:, :n], B[::-1][::-1]):
            for result in (out.copy(), wide[:, 2 : 2 + n], gaps[::2, ::3], out.copy(order="F")):
                result[...] = out
                add_product(left, right, result, np.empty(m * n + 1, dtype))
                assert np.abs(result.astype(float) - expected).max(initial=0) <= allowed
    assert not wide[:, :2].any() and not wide[:, 2 + n :].any() and not gaps[1::2].any()


def test_games_of_a_player_are_in_order_and_never_at_once(three):
    """Whatever time they take; and other games run at the same time."""
    rng, playing, played, together = np.random.default_rng(0), set(), [], []

    def worker():
        def game(i, j):
            assert not {i, j} & playing
            playing.update((i, j))
            together.append(len(playing))
            time.sleep(2e-3 * rng.random())
            played.append((i, j))
            playing.difference_update((i, j))
        return game

    games = sum(rounds(12), [])
    play(games, worker)
    assert sorted(played) == sorted(games) and max(together) > 2
    for player in range(12):
        assert [g for g in played if player in g] == [g for g in games if player in g]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_ends_all_threads(three, error):
    """It is passed on, no thread is left, BLAS has its threads again, and the next computation works."""
    before = threads.threads(), threading.active_count()

    def worker():
        def game(i):
            time.sleep(1e-3)
            if i == 5:
                raise error("stop")
        return game

    with pytest.raises(error, match="stop"):
        play([(i,) for i in range(1000)], worker)
    assert (threads.threads(), threading.active_count()) == before
    done = []
    play([(i,) for i in range(9)], lambda: done.append)
    assert sorted(done) == list(range(9))


def test_what_numpy_was_told_to_ignore_is_ignored_in_threads(three):
    """The context of the caller goes along: numbers that overflow are his affair."""
    C, w, _ = students(1100, 20, "float64")
    with np.errstate(all="ignore"):
        assert not np.isfinite(contract_factored(1e200 * C, w, 1e200 * C, 6)).all()
        X = 1e200 * C
        assert not np.isfinite(contract_factored(X, w, X, 6)).all()


def blas():
    """Numbers of threads of each BLAS here."""
    from threadpoolctl import threadpool_info
    return {x["num_threads"] for x in threadpool_info() if x["user_api"] == "blas"}


def test_blas_has_one_thread_while_others_work_and_its_own_afterwards(three):
    """Also where two threads of the program come in at once: one after the other."""
    control = pytest.importorskip("threadpoolctl")
    seen, inside, barrier = [], [], threading.Barrier(2)

    def worker():
        inside.append(threading.get_ident())
        def game(i):
            seen.append(blas())
            time.sleep(1e-3)
        return game

    def come(_):
        barrier.wait()
        play([(i,) for i in range(40)], worker)

    before = control.threadpool_limits(2, user_api="blas")
    getattr(control.OpenBLASController, "clear_controlling_thread", lambda: None)()  # let others set it, too
    try:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(come, range(2)))
        assert set(map(frozenset, seen)) == {frozenset({1})} and len(inside) == 3 + 3
        assert blas() == {2}
    finally:
        before.restore_original_limits()


def test_where_blas_does_not_obey_nobody_helps(three):
    """As when another thread of the program holds it to a number of its own."""
    control, held, done = pytest.importorskip("threadpoolctl"), threading.Event(), threading.Event()

    def holder():
        with control.threadpool_limits(2, user_api="blas"):
            held.set()
            done.wait()

    other = threading.Thread(target=holder)
    other.start()
    held.wait()
    try:
        with threads.alone() as n:
            assert (n, blas()) in ((1, {2}), (3, {1}))  # older versions let everybody set it
    finally:
        done.set()
        other.join()


def test_the_switch(monkeypatch):
    """Off, a number, nonsense; and `limit_threads`, with a block and nested."""
    control = pytest.importorskip("threadpoolctl")
    with control.threadpool_limits(2, user_api="blas"):
        monkeypatch.delenv(threads.SWITCH, raising=False)
        assert threads.threads() == 2
        for text, n in (("1", 1), ("5", 5), ("", 2)):
            monkeypatch.setenv(threads.SWITCH, text)
            assert threads.threads() == n
        for text in ("0", "-1", "two", "1.5"):
            monkeypatch.setenv(threads.SWITCH, text)
            with pytest.raises(ValueError, match=f"{threads.SWITCH} is {text!r}; expected"):
                threads.threads()
        monkeypatch.setenv(threads.SWITCH, "5")
        with limit_threads(3):
            assert threads.threads() == 3
            with one_thread():
                assert threads.threads() == 1 and blas() == {1}
            assert threads.threads() == 3
        assert threads.threads() == 5
    with pytest.raises(ValueError, match="most is 0; expected"):
        limit_threads(0)


@pytest.mark.parametrize("limit, asked, n", [({}, "4", 1), ({"OMP_NUM_THREADS": "1"}, "4", 4), ({}, "", 1)],
                         ids=["unlimited", "limited", "nothing"])
def test_without_threadpoolctl_blas_must_be_limited_from_outside(monkeypatch, limit, asked, n):
    """Two levels of threads at once are never made."""
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    for name in threads.ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    for name, value in (limit | {threads.SWITCH: asked}).items():
        monkeypatch.setenv(name, value)
    threads.pools.cache_clear()
    try:
        assert threads.threads() == n
        with limit_threads(2):
            assert threads.threads() == min(n, 2)
    finally:
        threads.pools.cache_clear()


def width_of_threads(width, seed):
    """How many threads a contraction may use in a run of a sweep."""
    return threads.threads()


def test_a_worker_of_a_sweep_has_one_thread(three, tmp_path):
    """In this process and in another one, whatever the switch says."""
    from tensor_overparam.sweeps.sweeping import sweep
    here = sweep(width_of_threads, {"width": [1]}, [0], tmp_path / "a.db", progress=False)
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
        there = sweep(width_of_threads, {"width": [1]}, [0], tmp_path / "b.db", pool, progress=False)
    assert here["value"].tolist() == there["value"].tolist() == [1]
    assert threads.threads() == 3


FORK = """
import os, numpy as np
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from tensor_overparam.tensors.kernels import contract_factored
def contract(seed):
    C = np.random.default_rng(seed).normal(size=(1100, 20)) / 5
    return contract_factored(C, C[:, 0].copy(), C, 4)
if __name__ == "__main__":
    before = contract(0)
    with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:
        print(all(np.array_equal(before, after) for after in pool.map(contract, [0, 0])))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_a_forked_process_inherits_nothing(three):
    """Threads do not outlive a call, so there is nothing that a fork could break."""
    said = subprocess.run([sys.executable, "-W", "ignore", "-c", FORK], capture_output=True, text=True,
                          env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}, timeout=120)
    assert said.stdout.strip() == "True", said.stderr
