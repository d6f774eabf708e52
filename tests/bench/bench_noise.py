"""How close does `decompose` come to the truth in noise, and does it leave pure noise alone?

    python tests/bench/bench_noise.py [--seeds 10] [--draws 50] [--only noise pure times] [--cells 3,20,20 …]

The oracle is least squares started from the truth, with the true rank: what a number of components that is known, and
the best of all starts, would give. `decompose` is given the noisy tensor only. Errors are of the components,
√Σ‖a_k u_k⊗…⊗u_k - b_k v_k⊗…⊗v_k‖²/‖T‖ after matching (one without a match counts whole), and of the tensor without
its noise. A run is good where both are within 1.1 times the oracle's. Information has ended in a run where pruning
takes a component away from the oracle too, or the answer is at least as good as the oracle by the one criterion that
there is (what is left, and for each component what noise would explain), so that the noisy tensor itself does not speak
for the truth; or where the error of the oracle's components is above one half. Processor time of one thread.
The exit status is 1 where a requirement is missed.
"""

import os

for name in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{name}_NUM_THREADS"] = "1"

import argparse  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
import warnings  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import NamedTuple  # noqa: E402

import numpy as np  # noqa: E402
from scipy.stats import beta  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tensor_overparam.decomposition.answer import decompose  # noqa: E402
from tensor_overparam.decomposition.compress import core  # noqa: E402
from tensor_overparam.decomposition.prune import noise_share, polish, prune  # noqa: E402
from tensor_overparam.tensors.kernels import gram_power, weigh  # noqa: E402
from tensor_overparam.tensors.monomials import monomial_count, pack_coordinates  # noqa: E402
from tensor_overparam.tensors.problems import correlated, gaussian, recovery, with_noise  # noqa: E402
from tensor_overparam.tensors.targets import Dense, Factored, packed, sqnorm  # noqa: E402

warnings.simplefilter("ignore")  # an empty answer warns; here it is counted

LEVELS = (1e-3, 1e-2, 1e-1)
FEW = [(3, 20, 5), (3, 20, 10), (3, 20, 18), (3, 20, 19), (3, 20, 20), (4, 12, 6), (4, 12, 11), (4, 12, 12), (5, 8, 4),
       (3, 50, 50)]
MANY = [(3, 10, 12), (3, 12, 16), (4, 12, 20), (4, 12, 40), (4, 20, 120), (3, 40, 50)]
CLOSE = (0.5, 0.8)
LARGE = {(3, 50, 50): 3, (4, 20, 120): 3, (3, 40, 50): 3}  # at most so many seeds
# seconds that the search by descent took before there was algebra, the rank not given: median over the first three
# seeds of this script, on the machine where the other times were taken
BEFORE = {(3, 20, 10, 1e-3): 0.07, (3, 20, 18, 1e-2): 0.49, (3, 20, 20, 1e-2): 1.85, (3, 20, 20, 1e-1): 2.33,
          (4, 12, 6, 1e-2): 0.08, (4, 12, 12, 1e-2): 0.50, (5, 8, 4, 1e-2): 0.26, (3, 10, 12, 1e-2): 0.88,
          (3, 12, 16, 1e-2): 0.76, (4, 12, 20, 1e-2): 1.26, (4, 12, 40, 1e-2): 4.3, (4, 12, 40, 1e-1): 4.2}
PURE = [(3, 6), (3, 12), (3, 20), (4, 6), (4, 10), (5, 5), (6, 4)]


class Run(NamedTuple):
    """What one tensor gave."""

    rank: int
    verdict: str
    error: float  # of the components
    oracle: float
    ended: bool  # has the tensor no information on its rank?
    seconds: float
    whole: float  # error of the tensor
    whole_oracle: float

    @property
    def good(self):
        return self.error <= 1.1 * self.oracle and self.whole <= 1.1 * self.whole_oracle


def distance(S, T):
    """‖S-T‖/‖T‖, by the entries of the tensors."""
    return float((max(sqnorm(packed(S) + packed(T) * -1.0), 0.0) / sqnorm(T)) ** 0.5)


def components_error(S, T):
    """Error of the components after matching; one without a match counts whole."""
    match = recovery(S, T)
    found = match.index >= 0
    used = match.index[found]
    w, V = S.weights[used], S.vectors[used]
    turn = np.where(np.vecdot(V, T.vectors[found]) < 0, -1.0, 1.0)
    w, V = w * turn**S.order, V * turn[:, None]
    a, U, l = T.weights, T.vectors, T.order
    size = np.linalg.norm(U, axis=1)
    a, U = a * size**l, U / size[:, None]
    each = a[found] ** 2 + w**2 - 2 * a[found] * w * np.vecdot(V, U[found]) ** l
    spare = np.delete(S.weights, used)
    square = np.maximum(each, 0).sum() + np.sum(a[~found] ** 2) + np.sum(spare**2)
    return float((square / (a @ gram_power(U, U, l) @ a)) ** 0.5)


def one(order, dim, rank, level, seed, coherence=0.0, limit=None):
    """One tensor, its noise, and what is found."""
    key = [order, dim, rank, seed]
    T = correlated(dim, rank, order, coherence=coherence, rng=key) if coherence else gaussian(dim, rank, order, rng=key)
    N = packed(with_noise(T, level, rng=[*key, 1]))
    c = core(N)
    w = T.weights * np.linalg.norm(T.vectors, axis=1) ** order
    best = polish(c, w, T.vectors / np.linalg.norm(T.vectors, axis=1, keepdims=True), 200, 1e-9)
    O = Factored(best.weights, best.vectors, order)
    oracle = components_error(O, T)
    start = time.process_time()
    D = decompose(N, seconds=limit)
    seconds = time.process_time() - start
    error, whole, whole_oracle = components_error(D.target, T), distance(D.target, T), distance(O, T)
    run = Run(D.rank, D.verdict, error, oracle, oracle > 0.5, seconds, whole, whole_oracle)
    if run.good or run.ended:
        return run
    unit = noise_share(c, best.sq, rank)
    left = polish(c, D.weights, D.vectors, 0).sq
    no_worse = left + D.rank * unit <= (1 + 1e-3) * (best.sq + rank * unit)
    return run._replace(ended=no_worse or len(prune(c, best).weights) < rank)


def interval(good, n):
    """The 95 % confidence interval of a share (Clopper and Pearson 1934)."""
    low = beta.ppf(0.025, good, n - good + 1) if good else 0.0
    high = beta.ppf(0.975, good + 1, n - good) if good < n else 1.0
    return low, high


def noisy(cells, seeds, limit):
    """The table of shares; the number of missed requirements, and the median times."""
    print("noise                 rank                  error of components   of T, both     information")
    print("(l, d, r), cosine    level   good   right    median   × oracle's     × oracle's      ended     s   verdicts")
    runs, times = [], {}
    for cell, coherence, level in [(c, g, x) for c in cells for g in (0.0, *(CLOSE if c[2] <= c[1] else ()))
                                   for x in LEVELS]:
        n = min(seeds, LARGE.get(cell, seeds))
        here = [one(*cell, level, seed, coherence, limit) for seed in range(n)]
        runs += here
        good, right = sum(r.good for r in here), sum(r.rank == cell[2] for r in here)
        seconds = np.median([r.seconds for r in here])
        times[*cell, level] = times.get((*cell, level), seconds)
        verdicts = sorted({f"{r.verdict} {r.rank}" for r in here if not r.good})
        print(f"({cell[0]}, {cell[1]:2}, {cell[2]:3}), {coherence:3g} {level:8g} {good:4}/{n:<3} {right:3}/{n:<3} "
              f"{np.median([r.error for r in here]):9.1e} {max(r.error / r.oracle for r in here):9.3g} "
              f"{max(r.whole / r.whole_oracle for r in here):12.3g} {sum(r.ended for r in here):10} {seconds:12.3f}"
              f"   {', '.join(verdicts)}", flush=True)
    good, n = sum(r.good for r in runs), len(runs)
    low, high = interval(good, n)
    met = good >= 0.95 * n
    print(f"in all {good} of {n}: {good / n:.1%}, between {low:.1%} and {high:.1%} (required ≥ 95 %: "
          f"{'met' if met else 'MISSED'}); where information has not ended "
          f"{sum(r.good for r in runs if not r.ended)} of {sum(not r.ended for r in runs)}\n", flush=True)
    return int(not met), times


def pure(draws):
    """How often nothing is found where nothing is."""
    print("pure noise            none    most components   s, median   s, most")
    none, n = 0, 0
    for order, dim in PURE:
        found, seconds = [], []
        for seed in range(draws):
            z = np.random.default_rng([order, dim, seed]).normal(size=monomial_count(dim, order))
            N = Dense.from_rows(weigh(pack_coordinates(z, dim, order), order), order)
            start = time.process_time()
            found.append(decompose(N).rank)
            seconds.append(time.process_time() - start)
        none, n = none + found.count(0), n + draws
        print(f"({order}, {dim:2}) {found.count(0):15}/{draws} {max(found):15} {np.median(seconds):13.3f} "
              f"{max(seconds):9.3f}", flush=True)
    low, high = interval(none, n)
    met = none >= 0.98 * n
    print(f"in all {none} of {n}: {none / n:.1%}, between {low:.1%} and {high:.1%} (required ≥ 98 %: "
          f"{'met' if met else 'MISSED'})\n", flush=True)
    return int(not met)


def faster(times, seeds):
    """Times beside those of before."""
    print("times                        before, s     now, s    ratio (required ≥ 10)")
    missed = 0
    for cell, before in BEFORE.items():
        now = times.get(cell) or np.median([one(*cell, seed).seconds for seed in range(seeds)])
        missed += before < 10 * now
        print(f"({cell[0]}, {cell[1]:2}, {cell[2]:3}), {cell[3]:g} {before:18g} {now:10.3f} {before / now:8.1f}"
              f"{'' if before >= 10 * now else '   MISSED'}", flush=True)
    return missed


def main():
    """Print the tables; return the exit status."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seeds", type=int, default=10)
    options.add_argument("--draws", type=int, default=50, help="of pure noise at each size")
    options.add_argument("--only", nargs="+", default=("noise", "pure", "times"), choices=("noise", "pure", "times"))
    options.add_argument("--cells", nargs="+", type=lambda s: tuple(map(int, s.split(","))), default=FEW + MANY)
    options.add_argument("--limit", type=float, help="seconds for one tensor; none otherwise")
    asked, missed, times = options.parse_args(), 0, {}
    if "noise" in asked.only:
        missed, times = noisy(asked.cells, asked.seeds, asked.limit)
    if "pure" in asked.only:
        missed += pure(asked.draws)
    if "times" in asked.only:
        missed += faster(times, asked.seeds)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
