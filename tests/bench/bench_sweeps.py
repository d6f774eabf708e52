"""What does a sweep cost, and what does it save?

    python tests/bench/bench_sweeps.py [--repeats 5] [--steps 400]

256 short descents of 20 components in 20 dimensions: as a plain Python loop of single runs, as a sweep in this process
(in batches of 64), and as a sweep with two worker processes. Ratios are those of the medians of interleaved repeats in
one run. Beside the wall time stands the CPU time, which does not mind company on the machine; the wall times mean
something on an idle one. Then the time that the store takes for a row, and the time of a run by the size of its batch.
"""

import argparse
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np  # noqa: E402

from tensor_overparam import gradient_descent  # noqa: E402
from tensor_overparam.descent.regimes import planted_batch  # noqa: E402
from tensor_overparam.sweeps.sweeping import batch_size, batched, sweep  # noqa: E402
from tensor_overparam.sweeps.workers import one_thread  # noqa: E402
from tensor_overparam.tensors import orthogonal  # noqa: E402

SEEDS = range(256)


@batched
def descents(width, dim, steps, seeds):
    """Relative errors of descents on one orthogonal tensor, all seeds in step; the goal is out of reach."""
    start = time.process_time()
    fits = gradient_descent(orthogonal(dim, 4, 3, rng=0), width, rng=seeds, steps=steps, tol=1e-300)
    cpu = (time.process_time() - start) / len(seeds)
    return [{"error": fit.relative_error, "cpu": cpu} for fit in fits]


def tiny(width, seed):
    """A run that costs nothing, so that what is left is the price of the store."""
    return {"error": width / (1 + seed), "solved": True, "trace": np.arange(8.0)}


def loop(steps):
    """What one would write without any of this."""
    T = orthogonal(20, 4, 3, rng=0)
    return [gradient_descent(T, 20, rng=seed, steps=steps, tol=1e-300).relative_error for seed in SEEDS]


def timed(function):
    """Wall time and CPU time of a call, in seconds, and what it returned."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = function()
    return time.perf_counter() - wall, time.process_time() - cpu, result


def rounds(repeats, steps):
    """Loop, sweep in one process, sweep with two workers: wall and CPU seconds, one row a repeat, interleaved."""
    grid = {"width": [20], "dim": [20], "steps": [steps]}
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        fresh = (f"{folder}/{n}.db" for n in range(10**6))
        def swept(executor):
            return sweep(descents, grid, SEEDS, next(fresh), executor, progress=False)
        swept(pool)  # the workers import what they need
        rows = []
        for _ in range(repeats):
            with one_thread():
                plain = timed(lambda: loop(steps))
            single, double = timed(lambda: swept(None)), timed(lambda: swept(pool))
            assert np.array_equal(single[2]["error"], double[2]["error"])
            assert np.allclose(single[2]["error"], plain[2], atol=1e-6)
            rows.append([*plain[:2], *single[:2], double[0], double[1] + double[2]["cpu"].sum()])
    return np.array(rows)


def compared(repeats, steps):
    """How many times faster than the loop: the ratio of medians and the quartiles of single repeats, by either clock.
    The CPU time of two workers is that of all processes, split in two."""
    plain, plain_cpu, single, single_cpu, double, double_cpu = rounds(repeats, steps).T
    def ratio(slow, fast):
        return [float(np.median(slow) / np.median(fast)), *np.quantile(slow / fast, (0.25, 0.75)).tolist()]
    return {"single": dict(wall=ratio(plain, single), cpu=ratio(plain_cpu, single_cpu)),
            "double": dict(wall=ratio(plain, double), cpu=ratio(plain_cpu, double_cpu / 2))}


def throughput(repeats, steps):
    """Print them, in seconds."""
    plain, plain_cpu, single, single_cpu, double, double_cpu = np.median(rounds(repeats, steps), axis=0)
    print(f"256 descents, m = d = 20, l = 3, {steps} steps; batches of {batch_size(20, 20)}; {repeats} repeats")
    print(f"  plain loop               {plain:7.2f} s")
    print(f"  sweep, one process       {single:7.2f} s {plain/single:6.1f} x faster; "
          f"CPU time {plain_cpu/single_cpu:.1f} x")
    print(f"  sweep, two workers       {double:7.2f} s {plain/double:6.1f} x faster; "
          f"CPU time of all processes, split in two: {2*plain_cpu/double_cpu:.1f} x")
    return plain / single, plain / double


def overhead(rows=2000):
    """Milliseconds a row that a sweep adds to the calls, each row committed by itself."""
    with tempfile.TemporaryDirectory() as folder:
        wall, cpu, _ = timed(lambda: sweep(tiny, {"width": [1]}, range(rows), f"{folder}/a.db", progress=False))
        bare = timed(lambda: [tiny(1, seed) for seed in range(rows)])[0]
    each = 1e3 * (wall - bare) / rows
    print(f"store: {each:.2f} ms a row (CPU time {1e3*cpu/rows:.2f} ms), one commit a row, {rows} rows")
    return each


def batches():
    """CPU time of a run in batches of S, over that of a lone run; the chosen size is marked."""
    sizes = (1, 2, 4, 8, 16, 32, 64, 128)
    print("\nCPU time of a run in a batch of S, over that of a single run; * where a sweep takes S or a few more")
    print(f"{'m':>5} {'d':>5}" + "".join(f"{S:>8}" for S in sizes))
    for m, d in ((8, 12), (20, 20), (50, 50), (200, 20), (100, 100), (200, 200)):
        targets = planted_batch("random", d, 4, 3, range(max(sizes)))
        steps = max(10, min(100, 2_000_000 // (m * m * d)))
        alone = shortest(targets[0], m, steps, 0)
        shares = [shortest(targets[:S], m, steps, range(S)) / S / alone for S in sizes]
        marks = ["*" if S <= batch_size(m, d) < 2 * S else " " for S in sizes]
        print(f"{m:5} {d:5}" + "".join(f"{x:7.2f}{mark}" for x, mark in zip(shares, marks)), flush=True)


def shortest(target, width, steps, rng):
    """Shortest of several CPU times of a descent, single or a batch."""
    def run():
        return gradient_descent(target, width, rng=rng, steps=steps, tol=1e-300, keep_diverged=True)
    return min(timed(run)[1] for _ in range(4))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--steps", type=int, default=400)
    options = parser.parse_args()
    one, two = throughput(options.repeats, options.steps)
    row = overhead()
    batches()
    wanted = {"one process 4 x": one >= 4, "two workers 7 x": two >= 7, "store 2 ms a row": row < 2}
    print("\n" + "\n".join(f"{name}: {'reached' if good else 'NOT reached'}" for name, good in wanted.items()))
    sys.exit(not all(wanted.values()))
