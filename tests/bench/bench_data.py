"""How long does `ica` take beside FastICA, at the same accuracy?

    python tests/bench/bench_data.py [--seeds 3] [--dims 10 20 50 100] [--samples 10000 100000]

Laplace sources, mixed at random. FastICA is scikit-learn's, symmetric, with the cube and with logcosh; it is told the
number of sources, `ica` is not, and tests what it finds. The time of FastICA is that of the faster of its two solvers
for whitening. Accuracy is the mean of 1 - |cos| of each source with what was found for it, over all sources. Processor
time of one thread, medians, in turn, in one process. Required: `ica` at most half of the time of the cube, and with
tanh at most that of logcosh, both with an accuracy within 1.1 times. The exit status is 1 where that is missed.

The second table streams 10⁶ samples in 50 columns from disk, and prints time and the growth of the peak memory
(required: below 1 GB); the third counts clouds and means of mixtures within three standard errors.
"""

import os

for name in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{name}_NUM_THREADS"] = "1"

import argparse  # noqa: E402
import resource  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
import warnings  # noqa: E402
from pathlib import Path  # noqa: E402
from tempfile import TemporaryDirectory  # noqa: E402

import numpy as np  # noqa: E402
from scipy.optimize import linear_sum_assignment  # noqa: E402
from sklearn.decomposition import FastICA  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tensor_overparam.data import ica, mixture  # noqa: E402

REQUIRED, EQUAL, GIGABYTE = {"cube": 0.5, "logcosh": 1.0}, 1.1, 2**30


def clocked(f):
    """Result and processor time."""
    start = time.process_time()
    return f(), time.process_time() - start


def miss(unmixing, A):
    """Return the mean 1 - |cos| of the columns of A with the rows found; 1 for a source without one."""
    G = np.abs(unmixing @ A)
    G /= np.linalg.norm(G, axis=1, keepdims=True)
    row, column = linear_sum_assignment(-G)
    return 1 - np.sum(G[row, column]) / A.shape[1]


def theirs(X, fun):
    """Return (miss as a function of A, seconds) of FastICA with the faster solver."""
    runs = []
    for solver in ("eigh", "svd"):
        model = FastICA(X.shape[1], fun=fun, whiten="unit-variance", whiten_solver=solver, random_state=0)
        runs.append(clocked(lambda model=model: model.fit(X).components_))
    return min(runs, key=lambda run: run[1])


def separation(dims, samples, seeds):
    """Print the table of separations; return how many requirements are missed."""
    missed = 0
    print("  d       n   fun        ours s    FastICA s   ratio   required   ours 1-|cos|   FastICA   sources")
    for n in samples:
        for d in dims:
            for fun in ("cube", "logcosh"):
                rows = []
                for seed in range(seeds):
                    rng = np.random.default_rng([d, n, seed])
                    A = rng.normal(size=(d, d))
                    X = rng.laplace(size=(n, d)) @ A.T
                    found, ours = clocked(lambda X=X, fun=fun: ica(X, tanh=fun == "logcosh"))
                    other, seconds = theirs(X, fun)
                    rows.append((ours, seconds, miss(found.unmixing, A), miss(other, A), found.count))
                ours, seconds, error, other, count = np.median(rows, axis=0)
                bad = ours > REQUIRED[fun] * seconds or error > EQUAL * other
                missed += bad
                print(f"{d:3} {n:7}   {fun:8} {ours:8.3f} {seconds:12.3f} {ours / seconds:7.2f} {REQUIRED[fun]:10.1f} "
                      f"{error:14.5f} {other:9.5f} {count:9.0f} {'MISSED' if bad else ''}", flush=True)
    return missed


def streamed(n=10**6, d=50):
    """Print time and memory of a file that is read in pieces; return how many requirements are missed."""
    rng = np.random.default_rng(0)
    A = rng.normal(size=(d, d))
    with TemporaryDirectory() as folder:
        with open(Path(folder) / "X", "wb") as file:
            for _ in range(0, n, 10_000):
                (rng.laplace(size=(10_000, d)) @ A.T).tofile(file)

        def pieces():
            with open(Path(folder) / "X", "rb") as file:
                while len(block := np.fromfile(file, count=10_000 * d)):
                    yield block.reshape(-1, d)

        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        found, seconds = clocked(lambda: ica(pieces))
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
    print(f"\n{n} × {d} from disk: {seconds:.1f} s, {found.passes} passes, {found.count} sources, 1-|cos| "
          f"{miss(found.unmixing, A):.5f}, memory grew by {grown / 2**20:.0f} MB, to {(before + grown) / 2**20:.0f} MB")
    return int(before + grown > GIGABYTE or found.count != d)


def mixtures(seeds=50):
    """Print how often three clouds are found with their means; return how many requirements are missed."""
    right, seconds = 0, []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        means, weights = rng.normal(size=(3, 6)) * 4 / 12**0.5, rng.dirichlet(np.full(3, 5))
        X = means[rng.choice(3, 20_000, p=weights)] + rng.normal(size=(20_000, 6))
        found, t = clocked(lambda X=X: mixture(X))
        seconds.append(t)
        if len(found.weights) == 3:
            D = np.linalg.norm(means[:, None] - found.means, axis=2)
            row, column = linear_sum_assignment(D)
            right += (D[row, column] < 3 * np.linalg.norm(found.mean_errors[column], axis=1)).all()
    print(f"\n3 clouds, d = 6, n = 20 000: means within 3 standard errors in {right} of {seeds}, "
          f"{np.median(seconds):.3f} s")
    return int(right < 0.95 * seeds)


def main():
    """Print the tables; return the exit status."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument("--dims", type=int, nargs="+", default=[10, 20, 50, 100])
    options.add_argument("--samples", type=int, nargs="+", default=[10_000, 100_000])
    given = options.parse_args()
    warnings.simplefilter("ignore")
    missed = streamed()  # first: the peak of memory is that of the process
    missed += mixtures()
    print()
    return int(missed + separation(given.dims, given.samples, given.seeds) > 0)


if __name__ == "__main__":
    sys.exit(main())
