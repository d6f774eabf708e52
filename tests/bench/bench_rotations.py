"""What does a step of training a rotation cost, and how does it grow with the dimension?

    python tests/bench/bench_rotations.py [--quick] [--risks]

Prints tables. A step is a map and its pull-back; the functions of a comparison run in turn, many times, in one
process with one thread, and processor times are compared. The growth with d is the slope of log(best time) against
log d over the three largest sizes. Requirements: every map grows like d³ or slower (slope at most 3.3, since a
processor is less efficient where matrices leave its caches); a pull-back costs at most three maps; that of d
reflections at most half of the naive formula, whose exponent is 4; a step of S-OPT, which turns a quarter of the
coordinates, at most half of one that turns them all. --risks also prints the full table of the teacher–student
experiment (about two minutes). The exit status is 1 where a requirement is missed.
"""

import argparse
import os
import sys
import time
from pathlib import Path

for name in ("OPENBLAS", "OMP", "MKL"):
    os.environ[f"{name}_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402  after the number of threads is set

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, os.environ.get("TENSOR_OVERPARAM", str(ROOT)))  # the copy of the package to measure

sys.path.insert(0, str(Path(__file__).resolve().parent))
from bench_kernels import about, race  # noqa: E402

from tensor_overparam.rotation.maps import ROTATIONS, householder, riemannian_step  # noqa: E402
from tensor_overparam.rotation.training import METHODS, compare_training  # noqa: E402


def one_at_a_time(U, R_bar):
    """Return a product of reflections and its pull-back, O(d²) for each reflection."""
    R = np.eye(U.shape[1])
    for u in U[::-1]:
        R -= np.outer(u, 2 / (u @ u) * (u @ R))
    A, U_bar = R_bar @ R.T - R @ R_bar.T, np.empty_like(U)
    for i, u in enumerate(U):
        b = U_bar[i] = 2 / (u @ u) * (A @ u)
        A += np.outer(u, b) - np.outer(b, u)
    return R, U_bar


def naive(U, R_bar):
    """Return the same by the formula with the products left and right of each reflection, O(d³) for each."""
    R = one_at_a_time(U, R_bar)[0]
    left, U_bar = np.eye(U.shape[1]), []
    for u in U:
        n = u @ u
        after = left @ (np.eye(U.shape[1]) - 2 * np.outer(u, u) / n)
        right = after.T @ R
        S = left.T @ R_bar @ right.T
        S, left = S + S.T, after
        U_bar.append(-2 / n * (S @ u - (u @ S @ u) / n * u))
    return R, np.array(U_bar)


def ways(d):
    """Return the functions to compare in d dimensions: maps, maps with their pull-backs, and retractions."""
    g = np.random.default_rng(d)
    R_bar, found = g.normal(size=(d, d)), {}
    for name, way in ROTATIONS.items():
        start = way.start(d)
        x = g.normal(size=(d, d)) if name == "householder" else start + 0.3 * g.normal(size=start.shape) / d**0.5
        found[f"{name}, the map alone"] = lambda x=x, way=way: way.map(x)
        found[f"{name}, with pull-back"] = lambda x=x, way=way: way.map(x)[1](R_bar)
    R = ROTATIONS["lowdin"].map(g.normal(size=(d, d)))[0]
    found["retraction"] = lambda: riemannian_step(R, R_bar, 0.1)
    found["two iterations"] = lambda: riemannian_step(R, R_bar, 0.1, 2)
    return found


def slope(sizes, times):
    """Return the exponent over the three largest sizes."""
    return np.polyfit(np.log(sizes[-3:]), np.log(times[-3:]), 1)[0]


class Table:
    """Rows are printed as they come; those that miss their requirement are counted."""

    missed = 0

    def head(self, sizes):
        """Print the columns."""
        print(f"\n{'milliseconds a step':32}" + "".join(f"{f'd={d}':>9}" for d in sizes) + "   growth   required")

    def add(self, what, times, sizes, most=None):
        """Print a row of times with its exponent."""
        n = slope(sizes, times)
        good = most is None or n <= most
        self.missed += not good
        required = "" if most is None else f"≤ {most:g}  {'met' if good else 'MISSED'}"
        print(f"{what:32}" + "".join(f"{1e3 * t:9.3f}" for t in times) + f"   d^{n:.2f}   {required}", flush=True)

    def compare(self, what, value, most):
        """Print a ratio with its requirement."""
        self.missed += not value <= most
        print(f"{what:70} {value:8.3f}   ≤ {most:g}  {'met' if value <= most else 'MISSED'}", flush=True)


def measured(sizes, functions, seconds, least):
    """Return the best times, name -> one for each size, of the functions that `functions(d)` gives."""
    found = {}
    for d in sizes:
        for name, (best, _) in race(functions(d), seconds, least).items():
            found.setdefault(name, []).append(best)
    return found


def maps(table, sizes, seconds):
    """Time maps, alone and with their pull-backs, and retractions."""
    table.head(sizes)
    found = measured(sizes, ways, seconds, 5)
    for name, times in found.items():
        table.add(name, times, sizes, None if name.endswith("alone") else 3.3)
    for name in ROTATIONS:
        whole, alone = found[f"{name}, with pull-back"][-1], found[f"{name}, the map alone"][-1]
        table.compare(f"pull-back / map, {name}, d={sizes[-1]}", (whole - alone) / alone, 3)


def reflections(table, sizes, seconds):
    """Compare three ways to pull back a product of d reflections."""

    def three(d):
        g = np.random.default_rng(d)
        U, R_bar = g.normal(size=(d, d)), g.normal(size=(d, d))
        f = {"compact": lambda: householder(U)[1](R_bar), "one at a time": lambda: one_at_a_time(U, R_bar)[1],
             "naive": lambda: naive(U, R_bar)[1]}
        for way in f.values():
            np.testing.assert_allclose(way(), f["compact"](), atol=1e-9 * d)
        return f

    table.head(sizes)
    found = measured(sizes, three, seconds, 3)
    for name, times in found.items():
        table.add(f"d reflections, {name}", times, sizes, None if name == "naive" else 3.3)
    for name in ("one at a time", "compact"):
        table.compare(f"{name} / naive, d={sizes[-1]}", found[name][-1] / found["naive"][-1], 0.5)


def stochastic(table, sizes, seconds):
    """Compare a step of S-OPT with one of OPT, for m = d neurons, without the cost of the loss."""

    def two(d):
        g, p = np.random.default_rng(d), d // 4
        V, W_bar = g.normal(size=(d, d)), g.normal(size=(d, d))
        opt = {"V": V, "theta": 0.1 * g.normal(size=d * (d - 1) // 2)}
        s_opt = {"V": V, "theta": 0.1 * g.normal(size=p * (p - 1) // 2), "block": g.choice(d, p, replace=False)}
        return {"OPT, all coordinates": lambda: METHODS["cayley"].neurons(opt)[1](W_bar),
                "S-OPT, a quarter of them": lambda: METHODS["stochastic"].neurons(s_opt)[1](W_bar)}

    table.head(sizes)
    found = measured(sizes, two, seconds, 5)
    for name, times in found.items():
        table.add(name, times, sizes, 3.3)
    opt, s_opt = found.values()
    table.compare(f"S-OPT / OPT, d=m={sizes[-1]}", s_opt[-1] / opt[-1], 0.5)


def risks():
    """Print the full table of the teacher–student experiment."""
    sizes = (50, 100, 200, 400, 1600)
    students = {"RF (40)": dict(method="fixed"), "OPT (85)": dict(method="cayley"),
                "S-OPT (85)": dict(method="stochastic", block=5), "linear (140)": dict(method="linear"),
                "small (88)": dict(method="free", width=8), "free (440)": dict(method="free"),
                "free, decay (440)": dict(method="free", decay=1e-3)}
    for noise in (0.5, 0.1):
        print(f"\nrisk (standard error), noise {noise}, 2000 steps, five tasks: n =", *sizes, "and change of energy")
        for name, way in students.items():
            runs = [compare_training(n=n, rng=range(5), noise=noise, every=50, **way) for n in sizes]
            end = [[r.trace["risk"][-1] for r in rs] for rs in runs]
            change = [np.abs(r.trace["energy"] / r.trace["energy"][0] - 1).max() for rs in runs for r in rs]
            cells = (f"{np.mean(x):.3f} ({np.std(x, ddof=1) / 5**0.5:.3f})" for x in end)
            print(f"{name:18}", *cells, f"{min(change):.0e} … {max(change):.0e}", sep="  ", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="smaller sizes and fewer repeats")
    parser.add_argument("--risks", action="store_true", help="the teacher–student table as well")
    options = parser.parse_args()
    about()
    seconds = 1.0 if options.quick else 4.0
    sizes = (16, 32, 64, 128) if options.quick else (16, 32, 64, 128, 256, 512)
    start, table = time.perf_counter(), Table()
    maps(table, sizes, seconds)
    reflections(table, sizes[:4] if options.quick else sizes[:5], seconds)
    stochastic(table, sizes, seconds)
    if options.risks:
        risks()
    print(f"\n{time.perf_counter() - start:.0f} s; {table.missed} requirements missed")
    return int(table.missed > 0)


if __name__ == "__main__":
    sys.exit(main())
