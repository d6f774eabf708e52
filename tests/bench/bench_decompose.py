"""How often does `decompose` find a tensor's components, how long does it take, and where is another way better?

    python tests/bench/bench_decompose.py [--quick] [--seeds 20] [--only success regimes noise ratios times memory]

success   random and orthogonal tensors: rank, every component, every weight
regimes   harder ones; reported, whatever they are
noise     components kept, and the error beside that of least squares started at the truth; nothing found in pure noise
ratios    time beside a textbook's linear algebra and beside alternating least squares; and within so many seconds
times     the race against all peers of `peers.py`, orders 3 to 6, d/4 to 6 d components, noise 0 to .1, arrays and
          components as input; then a list of where a peer wins
memory    what is needed beside the array; the lines that hold it, where that is too much

**Every peer is told the rank; `decompose` never is.** (The textbook's algebra of `ratios` reads it off the singular
values.) A peer is stopped, free of charge, as soon as its answer is good: a true relative error of 1e-10 with every
component there, or in noise an error ‖truth - answer‖ within 1.1 of the oracle's; nobody stops `decompose`. A time is
the processor time of one thread, a ratio that of medians over seeds, and a failure counts as infinitely long.
TensorLy's and pyttb's rows are skipped where they are not installed. `--quick` takes fewer seeds and sizes: under three
minutes. The exit status is 1 where a requirement is missed.
"""

import os

for name in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{name}_NUM_THREADS"] = "1"

import argparse  # noqa: E402
import json  # noqa: E402
import platform  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402
import tracemalloc  # noqa: E402
from functools import partial  # noqa: E402
from itertools import product  # noqa: E402
from math import inf, isnan  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import NamedTuple  # noqa: E402

import numpy as np  # noqa: E402
import scipy  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from peers import PEERS, TL, TLR, TOL, Case, oracle, pyttb, race, tensorly, textbook  # noqa: E402

from tensor_overparam.decomposition.answer import decompose  # noqa: E402
from tensor_overparam.descent.objective import norm, residual_norm  # noqa: E402
from tensor_overparam.tensors.kernels import weigh  # noqa: E402
from tensor_overparam.tensors.monomials import monomial_count, pack_coordinates  # noqa: E402
from tensor_overparam.tensors.problems import KINDS, correlated, gaussian, recovery, with_noise  # noqa: E402
from tensor_overparam.tensors.targets import Dense, Factored, to_dense  # noqa: E402

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
    big = np.ones(2**26)
    reading = min(clocked(np.sum, big)[1] for _ in range(3))
    print(f"{platform.system()} {platform.machine()}, {cpu}, one thread, which reads 512 MB in {reading:.2f} s")


def clocked(f, *args, **options):
    """Result and processor time."""
    start = time.process_time()
    return f(*args, **options), time.process_time() - start


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


def score(T, seed):
    """Decompose a planted tensor and look at everything that can be wrong."""
    D, seconds = clocked(decompose, T, rng=seed, seconds=60.0)
    found = D.rank == len(T.weights)
    if found:
        match = recovery(D.target, T, negligible=0)
        weights = np.allclose(D.weights[match.index], T.weights, rtol=1e-6, atol=1e-10)
        found = match.worst > 1 - 1e-8 and weights
    return Score(D.rank, len(T.weights), D.relative_error, found, seconds, D.verdict)


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
        D, seconds = clocked(decompose, N, rng=s, seconds=5.0)
        late += D.verdict == "unfinished"
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


# --- ratios -----------------------------------------------------------------------------------------

EXACT = [(3, 50, 25), (3, 50, 50), (3, 100, 50), (3, 200, 50), (4, 40, 40), (4, 50, 10)]
SECONDS = {(3, 200, 200): 2.0, (3, 400, 100): 5.0, (4, 20, 40): 0.3, (4, 20, 120): 0.3, (4, 40, 80): 0.3,
           (3, 20, 29): 1.0, (3, 20, 30): 1.0, (3, 12, 19): 1.0, (5, 12, 60): 1.0, (6, 10, 40): 1.0}


def seconds_for(A, T):
    """Processor time of `decompose`; infinite where the answer is not exact, with the right components."""
    D, t = clocked(decompose, A)
    right = D.rank == len(T.weights) and D.verdict == "exact" and recovery(D.target, T, negligible=0).worst > 1 - 1e-8
    return t if right else inf


def beside_textbook(l, d, r, seeds, verdicts):
    """Both on the same arrays, in turn; the textbook's need not be as accurate, nor certify anything."""
    ours, theirs, worst = [], [], 0.0
    for s in seeds:
        T = gaussian(d, r, l, rng=[1, s])
        A = to_dense(T)
        S, t = clocked(textbook, A, l)
        theirs.append(1e3 * t)
        worst = max(worst, 1 - recovery(S, T).worst)
        ours.append(1e3 * seconds_for(A, T))
    a, b = np.median(ours), np.median(theirs)
    verdicts.check(f"{f'l={l} d={d} r={r}':18}", a / b, f"{a:6.1f} / {b:6.1f} ms = {a / b:4.1f}, textbook's worst "
                   f"1 - cosine {worst:.0e}", most=4)


def large_array(T):
    """The array of large components of order 3, by one product."""
    pairs = np.einsum("ni,nj->nij", T.vectors, T.vectors).reshape(len(T.weights), -1)
    return ((T.vectors.T * T.weights) @ pairs).reshape((T.dim,) * 3)


def beside_als(l, d, r, seeds):
    """Median seconds of `decompose` on the array and on components, and of TensorLy's two svd starts."""
    times = {"array": [], "factored": [], TL: [], TLR: []}
    for s in seeds:
        case = Case(gaussian(d, r, l, rng=[10, l, d, s]), seed=s)
        times["array"].append(seconds_for(case.array, case.truth))
        times["factored"].append(seconds_for(case.truth, case.truth))
        for name in (TL, TLR):
            times[name].append(race(PEERS[name][1], case, 300 * times["array"][-1]))
    t = {name: float(np.median(x)) for name, x in times.items()}
    print(f"  l={l} d={d} r={r}: " + ", ".join(f"{name} {1e3 * x:.1f} ms" for name, x in t.items()), flush=True)
    return t["array"], t["factored"], min(t[TL], t[TLR])


def ratios(seeds, quick, verdicts):
    """Required ratios of medians, and required seconds. The svd-ALS is TensorLy's, with its better svd."""
    print("\nDecompose / textbook algebra, arrays, exact")
    for sizes in EXACT:
        beside_textbook(*sizes, seeds[:5], verdicts)
    print("\nSeconds, arrays, exact")
    for (l, d, r), limit in SECONDS.items():
        if quick and d == 400:
            continue
        t = []
        for s in seeds[: 1 if quick else 3]:
            T = gaussian(d, r, l, rng=[2, s])
            t.append(seconds_for(to_dense(T) if d**l < 3e7 else large_array(T), T))
        verdicts.check(f"{f'l={l} d={d} r={r}':18}", np.median(t), f"{np.median(t):.3f} s", most=limit)
    if not tensorly:
        return print("\nTensorLy is not installed: the ratios to alternating least squares are not measured")
    print("\nsvd-ALS (infinite from 300 × decompose on)")
    array, factored, als = beside_als(3, 20, 10, seeds[:10])
    for name, ours in (("dense", array), ("factored", factored)):
        verdicts.check(f"decompose, {name} input / svd-ALS", ours / als, f"{ours / als:.3f}", most=3)
    array, factored, als = beside_als(4, 30, 10, seeds[: 2 if quick else 10])
    verdicts.check("svd-ALS / decompose, dense input", als / array, f"{als / array:.0f}", least=10)
    array, factored, als = beside_als(4, 50, 10, seeds[: 1 if quick else 5])
    verdicts.check("svd-ALS / decompose, dense input (aim 50)", als / array, f"{als / array:.0f}", least=30)
    verdicts.check("svd-ALS / decompose, factored input", als / factored, f"{als / factored:.0f}", least=100)


# --- times ------------------------------------------------------------------------------------------

SIZES = ((3, 20), (3, 50), (4, 12), (4, 20), (5, 10), (6, 8))
SHARES, LEVELS = (0.25, 0.5, 1, 1.25, 2, 6), (0.0, 1e-3, 1e-2, 1e-1)
QUICK = ((3, 16), (4, 10), (5, 7), (6, 6)), (0.5, 1, 2), (0.0, 1e-2)
OURS = "decompose"


def contest(case, patience):
    """Seconds of everybody on one case. Peers get four times as long as `decompose` took, or all patience if it failed,
    and never less than half a second."""
    D, t = clocked(decompose, case.given, rng=case.seed, seconds=3 * patience)
    seconds = {OURS: t if D.rank == case.rank and case.good(D.target) else inf}
    limit = max(0.5, min(patience, 4 * seconds[OURS]))
    return seconds | {name: race(peer, case, limit) for name, (there, peer) in PEERS.items() if there}


def cells(quick):
    """Sizes, share and noise of every cell, kind of components, and form of input."""
    sizes, shares, levels = QUICK if quick else (SIZES, SHARES, LEVELS)
    for (l, d), share in product(sizes, shares):
        r = max(2, round(share * d))
        if r * d >= monomial_count(d, l):
            continue  # more parameters than numbers
        for level in levels:
            yield l, d, r, "random", level, False
        yield l, d, r, "random", 0.0, True
        if share == 1:
            yield l, d, r, "orthogonal", 0.0, False


def shown(t):
    """Milliseconds of the median and how many recovered, or a dash for a method that does not try."""
    if all(isnan(x) for x in t):
        return "–"
    return f"{1e3 * np.median(t):.{1 if np.median(t) < 1 else 0}f} ({np.sum(np.isfinite(t))})"


def times(seeds, quick):
    """The race, and where each wins."""
    names = [OURS] + [name for name, (there, _) in PEERS.items() if there]
    print(f"\nRace: median milliseconds, and in how many of {len(seeds)} tensors the components were recovered; – does "
          f"not apply\n{'':38}" + "".join(f"{name:>14}" for name in names))
    won, slower, missed = {name: [] for name in names}, [], []
    for l, d, r, kind, level, factored in cells(quick):
        what = f"l={l} d={d} r={r} {'factored' if factored else kind} {f'noise {level:g}' if level else 'exact'}"
        runs = []
        for s in seeds:
            T = KINDS[kind](d, r, l, rng=[11, l, d, r, s])
            noisy = with_noise(T, level, rng=[12, s]) if level else None
            runs.append(contest(Case(T, noisy, factored, s), 2.0 if quick else 10.0))
        t = {name: [run[name] for run in runs] for name in names}
        print(f"{what:38}" + "".join(f"{shown(t[name]):>14}" for name in names), flush=True)
        median = {name: np.median(x) for name, x in t.items() if np.isfinite(np.median(x))}
        if not median:
            continue
        best = min(median, key=median.get)
        won[best].append(what)
        if OURS in median and median[OURS] > 2 * median[best]:
            slower.append(f"{what}: {best}, {median[OURS] / median[best]:.1f} ×")
        count = {name: np.sum(np.isfinite(x)) for name, x in t.items()}
        more = [f"{name} {n}" for name, n in count.items() if n > count[OURS]]
        if more:
            missed.append(f"{what}: {count[OURS]} against {', '.join(more)}")
    print(f"\nFastest of those that recover most tensors, in {sum(map(len, won.values()))} cells where anybody does")
    for name, cells_won in won.items():
        print(f"  {name:14} {len(cells_won):4}")
    for title, lines in (("A peer is more than twice as fast (and is told the rank)", slower),
                         ("A peer recovers more often", missed)):
        print(f"\n{title}: {len(lines)} cells")
        for line in lines:
            print(f"  {line}")


# --- memory -----------------------------------------------------------------------------------------


def resident():
    """Most memory that this process has held so far, in bytes; None where the system does not say."""
    try:
        return 1024 * next(int(x.split()[1]) for x in open("/proc/self/status") if x.startswith("VmHWM"))
    except OSError:
        return None


def held_at_peak(A, peak):
    """Lines of the package that hold memory when nearly as much is held as at the peak: [(line, arrays), …]."""
    best, over = [0, None], threading.Event()

    def watch():
        while not over.wait(1e-3):
            now = tracemalloc.get_traced_memory()[0]
            if now > max(0.9 * peak, 1.02 * best[0]):
                best[:] = now, tracemalloc.take_snapshot()

    tracemalloc.start(20)
    thread = threading.Thread(target=watch)
    sys.setswitchinterval(1e-4)
    thread.start()
    decompose(A)
    over.set()
    thread.join()
    lines = {}
    for trace in best[1].traces if best[1] else ():
        inside = [f"{'/'.join(f.filename.split('/')[-2:])}:{f.lineno}" for f in trace.traceback
                  if "tensor_overparam" in f.filename and "tests" not in f.filename]
        if inside:
            lines[inside[-1]] = lines.get(inside[-1], 0) + trace.size / A.nbytes
    return sorted(((line, share) for line, share in lines.items() if share > 0.05), key=lambda x: -x[1])


def measure_memory(path):
    """In a process of its own: peak beyond the array, by Python's count and by the system's; and who holds it."""
    decompose(gaussian(8, 2, 4))
    decompose(to_dense(gaussian(8, 2, 3)))
    A = np.load(path)
    before = resident()
    decompose(A)
    system = resident() - before if before else np.nan
    tracemalloc.start()
    decompose(A)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    lines = held_at_peak(A, peak) if peak > MOST * A.nbytes else []
    print(json.dumps([peak / A.nbytes, system / A.nbytes, lines]))


MOST = 1.3  # arrays beside the array
ALGEBRAIC = ((3, 200, 50, 0), (4, 40, 40, 0), (3, 200, 200, 0), (4, 50, 10, 0), (4, 50, 10, 1), (3, 200, 10, 0),
             (4, 70, 10, 0))


def memory(quick, verdicts):
    """How much a dense input needs beside itself."""
    print("\nPeak memory with dense input, beside the array, in multiples of it: by Python's count (by the system's)")
    for l, d, r, fortran in ((3, 20, 10, 0), (4, 30, 10, 0)) + ALGEBRAIC[: 4 if quick else None]:
        with tempfile.TemporaryDirectory() as folder:
            path, A = f"{folder}/array.npy", to_dense(gaussian(d, r, l, rng=d))
            np.save(path, np.asfortranarray(A) if fortran else A)
            command = [sys.executable, __file__, "--memory-of", path]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
        python, system, lines = json.loads(done.stdout)
        what = f"l={l} d={d} r={r}{', columns first' if fortran else ''}, {8e-6 * d**l:.1f} MB"
        figures = f"{python:.2f} ({system:.2f})"
        if d**l > 10**6:
            verdicts.check(what, python, figures, most=MOST)
        else:
            print(f"  {what}: {figures}")
        for line, share in lines:
            print(f"    held near the peak: {line} {share:.2f}")


# ----------------------------------------------------------------------------------------------------

def main():
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer seeds and sizes: under three minutes")
    parser.add_argument("--seeds", type=int, default=20)
    all_of = ("success", "regimes", "noise", "ratios", "times", "memory")
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
    if "ratios" in options.only:
        ratios(seeds, options.quick, verdicts)
    if "times" in options.only:
        times(seeds[: 1 if options.quick else 3], options.quick)
    if "memory" in options.only:
        memory(options.quick, verdicts)
    return int(verdicts.missed > 0)


if __name__ == "__main__":
    sys.exit(main())
