"""How often does `decompose` find a tensor's components, how long does it take, and who is faster?

    python tests/bench/bench_decompose.py [--quick] [--seeds 20] [--only success regimes noise times memory]

Only `decompose` is not told the rank; every peer is. Each peer runs at the best setting that was found for it: with as
many iterations as just reach a true relative error of 1e-10 (found beforehand, not timed), without computing errors on
the way. A time is the processor time of one thread; all methods run in turn, seed by seed, in one process, and a ratio
is that of the medians over the seeds, where a seed on which a method fails counts as infinitely long.
--quick takes fewer seeds and leaves out what takes minutes. The exit status is 1 where a requirement is missed.
"""

import os

for name in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{name}_NUM_THREADS"] = "1"

import argparse  # noqa: E402
import importlib  # noqa: E402
import json  # noqa: E402
import logging  # noqa: E402
import platform  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
import tracemalloc  # noqa: E402
import warnings  # noqa: E402
from functools import partial  # noqa: E402
from itertools import product  # noqa: E402
from math import inf  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any, NamedTuple  # noqa: E402

import numpy as np  # noqa: E402
import scipy  # noqa: E402
from scipy.optimize import minimize  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tensor_overparam.core.loop import Stop  # noqa: E402
from tensor_overparam.decomposition.answer import decompose  # noqa: E402
from tensor_overparam.decomposition.compress import compress, core  # noqa: E402
from tensor_overparam.decomposition.polish import join, levenberg_marquardt, split, squared_distance  # noqa: E402
from tensor_overparam.descent.objective import norm, residual, residual_norm  # noqa: E402
from tensor_overparam.tensors.kernels import weigh  # noqa: E402
from tensor_overparam.tensors.monomials import monomial_count, pack_coordinates  # noqa: E402
from tensor_overparam.tensors.problems import KINDS, correlated, gaussian, recovery, with_noise  # noqa: E402
from tensor_overparam.tensors.targets import Dense, Factored, packed, to_dense  # noqa: E402

TOL = 1e-10


def optional(name):
    """A peer's package, or None where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


tensorly, pyttb = optional("tensorly"), optional("pyttb")
warnings.simplefilter("ignore")  # an empty answer warns; here it is counted
logging.disable(logging.WARNING)  # pyttb's optimizer warns at every step

# --- requirements ---------------------------------------------------------------------------------


class Verdicts:
    """Requirements are printed as they are checked; those that are missed are counted."""

    def __init__(self): self.missed = 0

    def check(self, what, number, shown, least=-inf, most=inf):
        good = least <= number <= most
        self.missed += not good
        required = f"required ≥ {least:g}" if least > -inf else f"required ≤ {most:g}"
        print(f"  {what}: {shown} ({required}: {'met' if good else 'MISSED'})", flush=True)


def about():
    """Print versions and the machine."""
    try:
        cpu = next(x.split(":")[1].strip() for x in open("/proc/cpuinfo") if x.startswith("model name"))
    except (OSError, StopIteration):
        cpu = platform.processor()
    peers = ", ".join(f"{name} {peer.__version__ if peer else 'not installed: its rows are skipped'}"
                      for name, peer in (("TensorLy", tensorly), ("pyttb", pyttb)))
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, SciPy {scipy.__version__}, {peers}")
    print(f"{platform.system()} {platform.machine()}, {cpu}, one thread")


# --- success --------------------------------------------------------------------------------------


class Score(NamedTuple):
    """One tensor, decomposed."""
    rank: int        # found
    true_rank: int
    error: float     # relative
    recovered: bool  # all components and weights are those that were planted
    seconds: float
    verdict: str

    @property
    def good(self): return self.rank == self.true_rank and self.error <= TOL and self.recovered


def patient(T, seed, seconds=60.0):
    """Decompose, or take what there is when time is up; with the processor time that it took."""
    start = time.process_time()

    def tell(look):
        if time.process_time() - start > seconds:
            raise KeyboardInterrupt

    D = decompose(T, rng=seed, tell=tell)
    return D, time.process_time() - start


def score(T, seed):
    """Decompose a planted tensor and look at everything that can be wrong."""
    D, seconds = patient(T, seed)
    verdict = "gave up" if D.stop is Stop.INTERRUPTED else D.verdict
    if D.rank != len(T.weights):
        return Score(D.rank, len(T.weights), D.relative_error, False, seconds, verdict)
    match = recovery(D.target, T, negligible=0)
    weights = np.allclose(D.weights[match.index], T.weights, rtol=1e-6, atol=1e-10)
    return Score(D.rank, D.rank, D.relative_error, match.worst > 1 - 1e-8 and weights, seconds, verdict)


def head(text):
    """Print a title and the names of the columns of `row`."""
    print(f"\n{text}\n{'':34} {'success':>9} {'rank found':>11} {'median error':>13} {'median ms':>10} "
          f"{'slowest ms':>11}")


def row(what, make, seeds, tag):
    """Decompose a tensor for each seed, print a line about them, and return their scores."""
    scores = [score(make(rng=[tag, s]), s) for s in seeds]
    n, ranks, times = len(scores), sum(s.rank == s.true_rank for s in scores), [1e3 * s.seconds for s in scores]
    print(f"{what:34} {sum(s.good for s in scores):5}/{n:<3} {ranks:7}/{n:<3} "
          f"{np.median([s.error for s in scores]):13.1e} {np.median(times):10.1f} {max(times):11.1f}", end="")
    wrong = sorted({f"{s.rank} for {s.true_rank} ({s.verdict})" for s in scores if s.rank != s.true_rank})
    print(f"  found {', '.join(wrong[:4])}" if wrong else "", flush=True)
    return scores


def success(seeds, verdicts):
    """The 24 cells, rank not given."""
    head(f"Success: relative error ≤ {TOL:g}, the rank, and every component and weight, of {len(seeds)} fresh tensors")
    everything = []
    for tag, (l, d, r, kind) in enumerate(product((3, 4), (20, 50), (3, 5, 10), ("orthogonal", "random"))):
        everything += row(f"l={l} d={d} r={r} {kind}", partial(KINDS[kind], d, r, l), seeds, tag)
    rate = np.mean([s.good for s in everything])
    verdicts.check("all 24 cells", rate, f"{rate:.2%} of {len(everything)}", least=0.99)


def pair(dim, order, cosine, rng):
    """Five components: two of them at a given cosine, the others random."""
    U = gaussian(dim, 5, order, rng=rng).vectors.copy()
    side = U[1] - (U[1] @ U[0]) * U[0]
    U[1] = cosine * U[0] + (1 - cosine**2) ** 0.5 * side / np.linalg.norm(side)
    return Factored(np.ones(5), U, order)


def regimes(seeds, quick):
    """Harder tensors: the rate is reported, whatever it is."""
    head("Harder tensors, the same measure")
    few = seeds[: max(2, len(seeds) // 4)]
    for d, r in ((20, 5), (20, 10), (50, 10)):
        row(f"mixed signs, l=4 d={d} r={r}", partial(gaussian, d, r, 4, "mixed"), seeds, 1)
    for cosine, l, r in product((0.5, 0.8, 0.9, 0.95, 0.97), (3, 4), (5, 10)):
        make = partial(correlated, 20, r, l, coherence=cosine)
        row(f"all cosines {cosine}, l={l} d=20 r={r}", make, seeds, 2)
    for l in (3, 4):
        row(f"all cosines 0.99, l={l} d=20 r=5", partial(correlated, 20, 5, l, coherence=0.99), few, 2)
    for cosine, l in product((0.95, 0.97, 0.99, 0.999), (3, 4)):
        row(f"one cosine {cosine}, l={l} d=20 r=5", partial(pair, 20, l, cosine), seeds, 3)
    for l, (d, r) in product((5, 6), ((10, 3), (10, 5), (10, 10), (20, 5))):
        row(f"l={l} d={d} r={r}", partial(gaussian, d, r, l), seeds, 4)
        if l == 6:
            row(f"mixed signs, l={l} d={d} r={r}", partial(gaussian, d, r, l, "mixed"), seeds, 4)
    for r in (12, 15, 20, 30) if quick else (12, 15, 18, 20, 25, 30, 35, 40, 45, 50, 60):
        what = f"l=4 d=10 r={r}{' = 1.5 d' if r == 15 else ''}"
        row(what, partial(gaussian, 10, r, 4), seeds if r <= 15 else few, 5)
    for least, l in product((1e-2, 1e-4, 1e-6), (3, 4)):
        row(f"weights 1 … {least:g}, l={l} d=20 r=6", partial(gaussian, 20, 6, l, np.geomspace(1, least, 6)), seeds, 6)
    for l, d, r in ((3, 3, 3), (3, 4, 5), (3, 6, 8), (3, 10, 13), (4, 3, 4), (4, 4, 7), (5, 2, 3), (5, 3, 5)):
        free = monomial_count(d, l)
        row(f"{r * d} of {free} numbers, l={l} d={d} r={r}", partial(gaussian, d, r, l), seeds, 7)


# --- noise ----------------------------------------------------------------------------------------


def oracle(T, N):
    """Least squares on a noisy tensor, started at the truth."""
    x, s = join(T.weights, T.vectors, T.order)
    x, _ = levenberg_marquardt(core(packed(N)).distance, x, s, T.order, steps=300, least=1e-12)
    return Factored(*split(x, s, T.order), T.order)


def pure_noise(d, l, seed):
    """A symmetric Gaussian tensor, nothing else."""
    z = np.random.default_rng(seed).normal(size=monomial_count(d, l))
    return Dense.from_rows(weigh(pack_coordinates(z, d, l), l), l)


def noisy(l, d, r, kind, level, seeds):
    """Print a line about one level of noise; return for each seed whether the error is within 1.1 of the oracle's."""
    ranks, errors, ratios, times, late = [], [], [], [], 0
    for s in seeds:
        T = KINDS[kind](d, r, l, rng=[7, s])
        N, size = with_noise(T, level, rng=[8, s]), norm(T)[0]
        D, seconds = patient(N, s, 5.0)
        late += D.stop is Stop.INTERRUPTED
        times.append(1e3 * seconds)
        ranks.append(D.rank)
        errors.append(residual_norm(T, D.target)[0] / size if D.rank else 1.0)
        ratios.append(errors[-1] * size / residual_norm(T, oracle(T, N))[0])
    good = np.array(ratios) <= 1.1
    print(f"{f'l={l} d={d} r={r} {kind}':28} {level:7g} {ranks.count(r):6}/{len(seeds):<3} "
          f"{sum(n > r for n in ranks):12} {np.median(errors):13.1e} {np.median(ratios):13.3f} {np.mean(good):6.0%} "
          f"{np.median(times):10.1f} {f'{late} not finished in 5 s' if late else ''}", flush=True)
    return list(good)


def noise(seeds, verdicts):
    """Rank kept and error beside the oracle's, by level of the noise."""
    print(f"\nNoise: components kept, and the error ‖truth - answer‖ beside the oracle's (least squares started at the "
          f"truth), {len(seeds)} seeds\n{'':28} {'noise':>7} {'rank kept':>10} {'more than r':>12} "
          f"{'median error':>13} {'median ratio':>13} {'≤ 1.1':>6} {'median ms':>10}")
    close = {}
    for case in ((3, 20, 5, "orthogonal"), (3, 20, 10, "random"), (4, 20, 5, "random"), (4, 20, 10, "orthogonal"),
                 (4, 10, 15, "random")):
        for level in (1e-3, 1e-2, 1e-1, 0.3):
            close.setdefault(level, []).extend(noisy(*case, level, seeds))
    for level in (1.0, 3.0):
        for case in ((3, 20, 3, "random"), (3, 40, 3, "random"), (4, 10, 3, "random")):
            noisy(*case, level, seeds[:10])
    for level in (1e-3, 1e-2):
        rate = np.mean(close[level])
        verdicts.check(f"error within 1.1 of the oracle's at {level:g}", rate, f"{rate:.1%} of tensors", least=0.95)
    sizes, some = ((3, 10), (4, 8), (4, 15), (5, 6)), seeds[:10]
    found = [decompose(pure_noise(d, l, [9, s]), rng=s).rank for l, d in sizes for s in some]
    verdicts.check("components found in nothing but noise", sum(found), f"{sum(found)} in {len(found)} tensors", most=0)


# --- times ----------------------------------------------------------------------------------------


class Case(NamedTuple):
    """A tensor in both forms."""
    T: Any     # factored
    A: Any     # array
    seed: int

    @property
    def rank(self): return len(self.T.weights)

    def error(self, full):
        """True relative error of an array."""
        return float(np.linalg.norm(full - self.A) / np.linalg.norm(self.A))


class Enough(Exception):
    """The error aimed at is reached."""


def ours_dense(case):
    """The package on the array."""
    return lambda: decompose(case.A, rng=case.seed).relative_error


def ours_factored(case):
    """The package on the factored tensor."""
    return lambda: decompose(case.T, rng=case.seed).relative_error


def tensorly_als(svd, on_core=False, most=2000):
    """parafac(init="svd") with the shortest sufficient number of iterations."""

    def prepare(case):
        from tensorly.decomposition import parafac
        def shrink():
            return to_dense(compress(Dense(case.A)).target)
        A, count = shrink() if on_core else case.A, 0
        options, size = dict(init="svd", svd=svd, tol=None, random_state=0), np.linalg.norm(A)
        def gap(cp):
            return float(np.linalg.norm(tensorly.cp_to_tensor(cp) - A) / size)

        def watch(cp, error):
            nonlocal count
            count += 1
            return bool(error < 1e-6 and gap(cp) <= TOL)

        try:
            parafac(A, case.rank, n_iter_max=most, callback=watch, return_errors=True, **options)
        except np.linalg.LinAlgError:
            return None
        count -= 1  # the first call shows the start
        if count == most:
            return None

        def go():
            cp = parafac(shrink() if on_core else A, case.rank, n_iter_max=count, **options)
            return lambda: gap(cp)

        return go

    return prepare


def pyttb_als(case, most=2000):
    """cp_als(init="nvecs") with the shortest sufficient number of iterations, up to one part in sixteen."""
    X, M, count = pyttb.tensor(case.A), "nvecs", 0
    while count < most:
        chunk = max(1, count // 16)
        try:
            M, _, about = pyttb.cp_als(X, case.rank, init=M, stoptol=0, maxiters=chunk, printitn=0)
        except np.linalg.LinAlgError:
            return None
        count += chunk
        if about["fit"] > 1 - 1e-6 and case.error(M.full().data) <= TOL:
            break
    else:
        return None

    def go():
        found = pyttb.cp_als(X, case.rank, init="nvecs", stoptol=0, maxiters=count, printitn=0)[0]
        return lambda: case.error(found.full().data)

    return go


def pyttb_gcp(case, most=1000):
    """gcp_opt with its L-BFGS-B, from the leading eigenvectors, with the shortest sufficient number of iterations."""
    from pyttb.gcp.handles import Objectives
    from pyttb.gcp.optimizers import LBFGSB
    X, count = pyttb.tensor(case.A), 0

    def start():
        M = pyttb.ktensor([np.asfortranarray(X.nvecs(n, case.rank)) for n in range(X.ndims)])
        M.normalize("all")
        return M

    def run(**options):
        solver = LBFGSB(factr=0, pgtol=0.0, **options)
        return pyttb.gcp_opt(X, case.rank, Objectives.GAUSSIAN, solver, init=start(), printitn=0)[0]

    model = start()

    def watch(x):
        nonlocal count
        count += 1
        model.update(np.arange(X.ndims), x)
        if count % 4 == 0 and case.error(model.full().data) <= TOL:
            raise Enough

    try:
        run(maxiter=most, callback=watch)
    except Enough:
        pass
    else:
        if case.error(model.full().data) > TOL:
            return None

    def go():
        found = run(maxiter=count)
        return lambda: case.error(found.full().data)

    return go


def lbfgs(form, restarts=20):
    """SciPy's L-BFGS-B on r symmetric components (rank and signs given), from random starts until one gets there."""

    def prepare(case):
        def go():
            goal = TOL
            if form == "core":
                c = compress(Dense(case.A))
                distance, T = c.distance, c.target
            elif form == "entries":
                T = Dense(case.A)
                distance = squared_distance(T)[0]
            else:
                T, goal, square = case.T, 1e-7, norm(case.T)[0] ** 2
                def distance(x, s):
                    return residual(T, x, s, square)[:2]
            size = norm(T)[0]
            for k in range(restarts):
                x = descend(distance, T, case.rank, 0.5 * (goal * size) ** 2, [case.seed, k])
                if x is not None:
                    return lambda: residual_norm(T, Factored(np.ones(case.rank), x, T.order))[0] / size
            return lambda: inf

        return go

    return prepare


def descend(distance, T, r, goal, seed, steps=1000):
    """One descent to the goal, or None."""
    l, s, best = T.order, np.ones(r), None
    x = np.random.default_rng(seed).normal(size=(r, T.dim))
    x *= 0.5 * (norm(T)[0] / r**0.5) ** (1 / l) / np.linalg.norm(x, axis=1, keepdims=True)

    def f(z):
        nonlocal best
        x = z.reshape(r, T.dim)
        loss, R = distance(x, s)
        if loss <= goal:
            best = x.copy()
            raise Enough
        return loss, (-l * R).ravel()

    options = dict(maxiter=steps, maxfun=10 * steps, ftol=0, gtol=0)
    try:
        minimize(f, x.ravel(), jac=True, method="L-BFGS-B", options=options)
    except Enough:
        pass
    return best


DENSE, FACTORED = "decompose, dense input", "decompose, factored input"
TL, TLR = "TensorLy parafac svd", "TensorLy parafac svd=randomized"
WAYS = {  # name: (package that it needs, preparation, most seeds at d = 50, where a run takes seconds)
    DENSE: (True, ours_dense, inf),
    FACTORED: (True, ours_factored, inf),
    TL: (tensorly, tensorly_als("truncated_svd"), 5),
    TLR: (tensorly, tensorly_als("randomized_svd"), 5),
    "pyttb cp_als nvecs": (pyttb, pyttb_als, 5),
    "pyttb gcp_opt nvecs": (pyttb, pyttb_gcp, 2),
    "L-BFGS, entries": (True, lbfgs("entries"), 5),
    "L-BFGS, factored, to 1e-7 only": (True, lbfgs("products"), inf),
    "our compress, then L-BFGS": (True, lbfgs("core"), inf),
    "our compress, then TensorLy": (tensorly, tensorly_als("truncated_svd", on_core=True), inf),
}


def race(l, d, r, seeds, repeats, skip=()):
    """Median processor times of all methods in ms, in turn; infinite where a method failed on most seeds."""
    times = {name: [] for name, (there, *_) in WAYS.items() if there and name not in skip}
    won, n = dict.fromkeys(times, 0), dict.fromkeys(times, 0)
    for i, seed in enumerate(seeds):
        T = gaussian(d, r, l, rng=[10, l, d, seed])
        case = Case(T, to_dense(T), seed)
        ready = {name: WAYS[name][1](case) for name in times if d < 50 or i < WAYS[name][2]}
        for k in range(repeats):
            for name, go in ready.items():
                spent, error = inf, inf
                if go:
                    start = time.process_time()
                    result = go()
                    spent = time.process_time() - start
                    error = result() if callable(result) else result
                good = error <= (1e-7 if "1e-7" in name else 1.01 * TOL)
                times[name].append(1e3 * spent if good else inf)
                if k == 0:
                    won[name], n[name] = won[name] + good, n[name] + 1
    medians = {name: float(np.median(t)) for name, t in times.items()}
    print(f"\nTime to a relative error of {TOL:g}, l={l} d={d} r={r}, random components\n"
          f"{'':34} {'success':>9} {'median ms':>10} {'/ dense':>9} {'/ factored':>11}")
    for name, t in medians.items():
        shown = f"{t:10.1f} {t / medians[DENSE]:9.2f} {t / medians[FACTORED]:11.2f}"
        print(f"{name:34} {won[name]:5}/{n[name]:<3} {shown}", flush=True)
    for ours in (DENSE, FACTORED):
        faster = [name for name, t in medians.items() if t < medians[ours] and name not in (DENSE, FACTORED)]
        print(f"  Faster than {ours}: {', '.join(faster) or 'none'}")
    return medians


def times(seeds, quick, verdicts):
    """The races, and what they have to show. The svd-ALS of a requirement is TensorLy's, with its better svd."""
    small = race(3, 20, 10, seeds, 3)
    middle = race(4, 30, 10, seeds[: 5 if quick else 10], 1 if quick else 2)
    large = race(4, 50, 10, seeds[: 3 if quick else 7], 1, skip=["pyttb gcp_opt nvecs"] if quick else [])
    if not tensorly:
        return print("\nTensorLy is not installed: the required ratios are not measured")
    print("\nRequired ratios of the medians")
    def both(t, ours):
        return (min(t[TL], t[TLR]) / t[ours], f"{min(t[TL], t[TLR]) / t[ours]:.3g}× "
                f"(svd=truncated_svd, the default, {t[TL] / t[ours]:.3g}×; "
                f"svd=randomized_svd {t[TLR] / t[ours]:.3g}×)")
    for ours in (DENSE, FACTORED):
        ratio = small[ours] / min(small[TL], small[TLR])
        verdicts.check(f"{ours} / svd-ALS, l=3 d=20 r=10", ratio, f"{ratio:.2f}", most=3)
    verdicts.check(f"svd-ALS / {DENSE}, l=4 d=30", *both(middle, DENSE), least=10)
    verdicts.check(f"svd-ALS / {DENSE}, l=4 d=50 (aim 50)", *both(large, DENSE), least=30)
    verdicts.check(f"svd-ALS / {FACTORED}, l=4 d=50", *both(large, FACTORED), least=100)


# --- memory ---------------------------------------------------------------------------------------


def resident():
    """Most memory that this process has held so far, in bytes; None where the system does not say."""
    try:
        return 1024 * next(int(x.split()[1]) for x in open("/proc/self/status") if x.startswith("VmHWM"))
    except OSError:
        return None


def measure_memory(path):
    """Peak memory beyond the array, by Python's count and by the system's, in arrays; in a process of its own."""
    decompose(gaussian(8, 2, 4))
    decompose(to_dense(gaussian(8, 2, 3)))
    A = np.load(path)
    before = resident()
    decompose(A)
    system = resident() - before if before else np.nan
    tracemalloc.start()
    decompose(A)
    python = tracemalloc.get_traced_memory()[1]
    print(json.dumps([python / A.nbytes, system / A.nbytes]))


def memory(quick, verdicts):
    """How much a dense input needs beside itself."""
    print(f"\nPeak memory with dense input, in multiples of the array\n{'':34} {'array MB':>9} {'beyond it':>10} "
          f"{'with it':>8} {'by the system: beyond':>22} {'with it':>8}")
    worst = 0.0
    sizes = ((3, 20, 0), (4, 30, 0), (4, 50, 0), (4, 50, 1), (3, 200, 0), (4, 70, 0))
    for l, d, fortran in sizes[: 4 if quick else 6]:
        with tempfile.TemporaryDirectory() as folder:
            path, A = f"{folder}/array.npy", to_dense(gaussian(d, 10, l, rng=d))
            np.save(path, np.asfortranarray(A) if fortran else A)
            command = [sys.executable, __file__, "--memory-of", path]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
        python, system = json.loads(done.stdout)
        if d**l > 10**6:
            worst = max(worst, 1 + python)
        what = f"l={l} d={d} r=10{', columns first' if fortran else ''}"
        print(f"{what:34} {8e-6 * d**l:9.2f} {python:10.2f} {1 + python:8.2f} {system:22.2f} {1 + system:8.2f}",
              flush=True)
    verdicts.check("worst of the arrays above 8 MB, array included", worst, f"{worst:.2f}", most=2.5)


# --------------------------------------------------------------------------------------------------


def main():
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer seeds and sizes: about two minutes")
    parser.add_argument("--seeds", type=int, default=20)
    all_of = ("success", "regimes", "noise", "times", "memory")
    parser.add_argument("--only", nargs="+", choices=all_of, default=all_of, metavar="SECTION", help=", ".join(all_of))
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory_of:
        return measure_memory(options.memory_of)
    about()
    verdicts = Verdicts()
    seeds = list(range(1000, 1000 + (5 if options.quick else options.seeds)))
    if "success" in options.only:
        success(seeds, verdicts)
    if "regimes" in options.only:
        regimes(seeds, options.quick)
    if "noise" in options.only:
        noise(seeds, verdicts)
    if "times" in options.only:
        times(seeds, options.quick, verdicts)
    if "memory" in options.only:
        memory(options.quick, verdicts)
    return int(verdicts.missed > 0)


if __name__ == "__main__":
    sys.exit(main())
