"""Measure `decompose`: successes over fresh seeds, time and memory against peers that are told the rank.

    python tests/bench/bench_decompose.py [--quick]

One thread, CPU time, all contestants interleaved on the same tensors in one run; a ratio is one of medians. Peers are
timed at their best: for methods that iterate until told to stop, only the shortest run of 1, 2, 4, 8, … iterations
that gets below the goal counts, and no time is spent on measuring errors on the way. A peer that is not installed is
left out. (gcp_opt stops at relative errors of some 1e-9, where its loss, a square, stops changing: it does not finish.)
"""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import argparse  # noqa: E402
import logging  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import warnings  # noqa: E402
from contextlib import suppress  # noqa: E402
from importlib.metadata import PackageNotFoundError, version  # noqa: E402
from time import process_time  # noqa: E402

import numpy as np  # noqa: E402
from scipy.optimize import minimize  # noqa: E402

from tensor_overparam import correlated, decompose, gaussian, orthogonal, recovery, with_noise  # noqa: E402
from tensor_overparam.compress import core  # noqa: E402
from tensor_overparam.polish import join, split, squared_distance  # noqa: E402
from tensor_overparam.prune import polish  # noqa: E402
from tensor_overparam.targets import packed, to_dense  # noqa: E402

GOAL = 1e-10


def timed(function):
    """Return the CPU time that a call takes, in milliseconds, and its answer."""
    start = process_time()
    answer = function()
    return 1e3 * (process_time() - start), answer


# --- successes ------------------------------------------------------------------------------------


def found(D, T):
    """Tell whether a decomposition is exact, with the right number of the right components."""
    right = D.rank == len(T.weights) and recovery(D.target, T, negligible=0).worst > 1 - 1e-7
    return right and D.relative_error <= GOAL


def count(label, make, seeds):
    """Print successes, ranks and times of one kind of tensor; return the successes."""
    times, good, ranks = [], 0, []
    for seed in seeds:
        T = make(seed)
        ms, D = timed(lambda T=T, seed=seed: decompose(T, rng=seed))
        times.append(ms)
        good += found(D, T)
        ranks.append(D.rank)
    wrong = sorted({r for r in ranks if r != len(T.weights)})
    remark = f"   wrong ranks {wrong}" if wrong else ""
    print(f"{label:44} {good:3}/{len(seeds)}  {np.median(times):8.1f} ms{remark}")
    return good


def successes(seeds):
    """Print the table of required cells, and that of harder ones."""
    print(f"\nFactored targets, rank not given: exact to {GOAL:g}, rank and components right; median CPU time")
    total = 0
    for order in (3, 4):
        for d in (20, 50):
            for r in (3, 5, 10):
                for make in (orthogonal, gaussian):
                    label = f"l={order} d={d} r={r} {'orthogonal' if make is orthogonal else 'random'}"
                    total += count(label, lambda s, f=make, d=d, r=r, order=order: f(d, r, order, rng=s), seeds)
    share = total / (24 * len(seeds))
    print(f"all 24 cells: {100 * share:.1f} % (required 99)\n\nHarder ones:")
    weights = 10.0 ** -np.arange(0, 7, 1.5)
    harder = {
        "l=4 d=20 r=5 mixed signs": lambda s: gaussian(20, 5, 4, "mixed", rng=s),
        "l=3 d=20 r=5 cosines .5": lambda s: correlated(20, 5, 3, rng=s, coherence=0.5),
        "l=3 d=20 r=5 cosines .8": lambda s: correlated(20, 5, 3, rng=s, coherence=0.8),
        "l=4 d=20 r=5 cosines .8": lambda s: correlated(20, 5, 4, rng=s, coherence=0.8),
        "l=3 d=20 r=5 cosines .95": lambda s: correlated(20, 5, 3, rng=s, coherence=0.95),
        "l=3 d=20 r=5 cosines .99": lambda s: correlated(20, 5, 3, rng=s, coherence=0.99),
        "l=5 d=20 r=5": lambda s: gaussian(20, 5, 5, rng=s),
        "l=6 d=20 r=5": lambda s: gaussian(20, 5, 6, rng=s),
        "l=3 d=20 r=5 weights 1 … 1e-6": lambda s: gaussian(20, 5, 3, weights, rng=s),
        "l=4 d=10 r=15 (r = 1.5 d)": lambda s: gaussian(10, 15, 4, rng=s),
        "l=4 d=10 r=25": lambda s: gaussian(10, 25, 4, rng=s),
        "l=3 d=10 r=13": lambda s: gaussian(10, 13, 3, rng=s),
        "l=3 d=10 r=16": lambda s: gaussian(10, 16, 3, rng=s),
        "l=3 d=2 r=2": lambda s: gaussian(2, 2, 3, rng=s),
    }
    for label, make in harder.items():
        count(label, make, seeds)
    return share


# --- peers ----------------------------------------------------------------------------------------


def shortest(run, good, most):
    """Return the time of the shortest run of 1, 2, 4, … iterations that is good enough, or infinity."""
    n = 1
    while n <= most:
        ms, answer = timed(lambda n=n: run(n))
        if answer is not None and good(answer):
            return ms
        n *= 2
    return np.inf


def peers(A, r, order, most):
    """Return {name: function to the time to the goal} of what is installed."""
    size, result = np.linalg.norm(A), {}
    with suppress(ImportError):
        import tensorly
        from tensorly.decomposition import parafac

        def svd_als(n):
            with suppress(np.linalg.LinAlgError):
                return parafac(A, r, init="svd", n_iter_max=n, tol=0)

        def good(cp):
            return np.linalg.norm(tensorly.cp_to_tensor(cp) - A) <= GOAL * size

        result["TensorLy parafac, svd"] = lambda: shortest(svd_als, good, most)
    with suppress(ImportError):
        import pyttb

        X = pyttb.tensor(A)

        def quiet(call):
            with open(os.devnull, "w") as sink, suppress(np.linalg.LinAlgError, ValueError):
                old, sys.stdout = sys.stdout, sink
                try:
                    return call()
                finally:
                    sys.stdout = old

        def near(K):
            return K is not None and np.linalg.norm(K.full().double() - A) <= GOAL * size

        def als(n):
            return quiet(lambda: pyttb.cp_als(X, r, init="nvecs", maxiters=n, stoptol=0, printitn=0)[0])

        def gcp(n):
            objective = pyttb.gcp.handles.Objectives.GAUSSIAN
            optimizer = pyttb.gcp.optimizers.LBFGSB(maxiter=n, factr=1, pgtol=1e-15)
            return quiet(lambda: pyttb.gcp_opt(X, r, objective, optimizer, printitn=0)[0])

        result["pyttb cp_als, nvecs"] = lambda: shortest(als, near, most)
        result["pyttb gcp_opt, L-BFGS-B"] = lambda: shortest(gcp, near, most)
    return result


def lbfgs(T, r, seed):
    """Return the time of L-BFGS on r components of the packed tensor, restarted until it gets below the goal."""
    distance, size, rng = squared_distance(packed(T))[0], np.linalg.norm(to_dense(T)), np.random.default_rng(seed)
    signs = np.ones(r)

    def loss(x):
        value, R = distance(x.reshape(r, -1), signs)
        return value / size**2, (-T.order * signs[:, None] * R).ravel() / size**2

    total = 0.0
    for _ in range(20):
        start = rng.normal(size=r * T.dim) / T.dim**0.5
        options = {"maxiter": 5000, "maxfun": 5000, "ftol": 1e-30, "gtol": 1e-15}
        ms, end = timed(lambda s=start, o=options: minimize(loss, s, jac=True, method="L-BFGS-B", options=o))
        total += ms
        if (2 * end.fun) ** 0.5 <= GOAL:
            return total
    return np.inf


def race(order, d, r, seeds, most, required):
    """Print times to the goal of all contestants on the same tensors; return dense and factored ratios to svd-ALS."""
    times = {}
    for seed in seeds:
        T = gaussian(d, r, order, rng=seed)
        A = to_dense(T)
        for label, form in (("decompose, array", A), ("decompose, factored", T)):
            ms, D = timed(lambda form=form, seed=seed: decompose(form, rng=seed))
            times.setdefault(label, []).append(ms if found(D, T) else np.inf)
        for label, run in peers(A, r, order, most).items():
            times.setdefault(label, []).append(run())
        if d <= 30:
            times.setdefault("L-BFGS, restarts", []).append(lbfgs(T, r, seed))
    ours = np.median(times["decompose, array"])
    print(f"\nl={order} d={d} r={r} random, {len(seeds)} tensors: median time to {GOAL:g}; the peers are given r")
    for label, ms in times.items():
        middle, good = np.median(ms), np.isfinite(ms).sum()
        print(f"  {label:28} {middle:10.1f} ms   {good:2}/{len(seeds)}   {middle / ours:8.2f} x decompose on the array")
    if "TensorLy parafac, svd" in times:
        als = np.median(np.array(times["TensorLy parafac, svd"]))
        print(f"  svd-ALS over ours: {als / ours:.1f} (array), {als / np.median(times['decompose, factored']):.1f} "
              f"(factored); required {required}")


# --- memory and noise -----------------------------------------------------------------------------

MEMORY = """
import tracemalloc
from tensor_overparam import decompose, gaussian
from tensor_overparam.targets import to_dense
A = to_dense(gaussian(50, 10, 4, rng=0))
decompose(to_dense(gaussian(6, 2, 3)))
tracemalloc.start()
decompose(A)
print(tracemalloc.get_traced_memory()[1] / A.nbytes)
"""


def memory():
    """Print the peak memory for an array of 50 MB, beside the array and with it."""
    extra = float(subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True).stdout)
    print(f"\nPeak memory for a dense input, l=4 d=50: {extra:.2f} x the array beside it, {1 + extra:.2f} x with it "
          "(required 2.5)")


def noise(seeds):
    """Print ranks and errors against the oracle's, the same polish started at the truth."""
    print("\nNoise: components kept, and how often the error is within 1.1 of the oracle's")
    for order, d, r in ((3, 20, 5), (4, 20, 5), (3, 20, 10), (4, 10, 10)):
        for level in (1e-3, 1e-2, 1e-1):
            near, ranks = 0, []
            for seed in seeds:
                T = gaussian(d, r, order, rng=seed)
                N = with_noise(T, level, rng=seed + 10_000)
                D, c = decompose(N, rng=seed), core(packed(N))
                best = polish(c, *split(*join(T.weights, T.vectors, order), order), 200, 1e-12).sq ** 0.5 / c.size
                near += D.relative_error <= 1.1 * best
                ranks.append(D.rank)
            print(f"l={order} d={d} r={r} noise {level:g}: kept {sorted(set(ranks))}, right {ranks.count(r)} and "
                  f"within 1.1 {near} of {len(seeds)}")


def main():
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer seeds, no tensor of 50 MB")
    quick = parser.parse_args().quick
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    for name in ("tensor_overparam", "numpy", "scipy", "tensorly", "pyttb"):
        with suppress(PackageNotFoundError):
            print(name, version(name), end="  ")
    print()
    n = 5 if quick else 20
    successes(range(1000, 1000 + n))
    race(3, 20, 10, range(2000, 2000 + n), 4096, "ours at most 3 times slower, so at least 0.33")
    race(4, 30, 10, range(2000, 2000 + max(3, n // 4)), 256, "10 (array)")
    if not quick:
        race(4, 50, 10, range(2000, 2003), 64, "30, aim 50 (array); 100 (factored)")
        memory()
    noise(range(3000, 3000 + n))


if __name__ == "__main__":
    main()
