"""How many components does each regime need, and how good do they get? The numbers of the papers' claims, as tables.

    python tests/bench/bench_regimes.py [--seeds 20]

Prints the lazy ceiling, the success of the modified descent at the same width for every dimension, and the road
from lazy to rich. `tests/test_theory.py` asserts what is printed here.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tensor_overparam.descent.lazy import lazy_fit, lazy_floor, lazy_width  # noqa: E402
from tensor_overparam.descent.linearised import scaled_gd  # noqa: E402
from tensor_overparam.descent.modified import modified_gd  # noqa: E402
from tensor_overparam.descent.objective import sphere  # noqa: E402
from tensor_overparam.descent.regimes import planted_batch  # noqa: E402
from tensor_overparam.tensors.targets import Factored  # noqa: E402


def lazy_ceiling(targets=40, draws=3):
    """Mean unexplained part of random rank-one targets just below the lazy width, and at it."""
    print(f"\n{'l':>2} {'d':>4} {'lazy width':>11} {'unexplained one below':>22} {'floor':>8} {'at it':>9}")
    for order, dims in ((3, (8, 12, 16, 20)), (4, (6, 8, 10))):
        for d in dims:
            m, u = lazy_width(d, order), sphere([1], 5, targets, d)[0]
            T = Factored(np.ones((targets, 1)), u[:, None], order)
            below, at = (np.mean([lazy_fit(T, k, rng=s).unexplained for s in range(draws)]) for k in (m - 1, m))
            print(f"{order:2} {d:4} {m:11} {below:22.4f} {lazy_floor(m - 1, d, order):8.4f} {at:9.1e}", flush=True)


def beyond_lazy(seeds):
    """Success of the modified descent within 57 epochs of search and 3 of finishing, and the median error then."""
    print(f"\n{'l':>2} {'kind':10} {'m':>3} {'d':>4} {'lazy width':>11} {'success':>8} {'median error':>13}")
    for order, m, most in ((3, 6, 160), (4, 8, 160), (5, 10, 80), (3, 4, 160), (4, 4, 160)):
        for kind in ("orthogonal", "random"):
            for d in (d for d in (10, 20, 40, 80, 160) if d <= most):
                fits = modified_gd(planted_batch(kind, d, 4, order, seeds), m, rng=seeds, epochs=57)
                errors = np.array([third(fit) for fit in fits])
                success, median = np.mean(errors <= 0.05), np.median(errors)
                row = f"{order:2} {kind:10} {m:3} {d:4} {lazy_width(d, order):11} {success:8.0%} {median:13.1e}"
                print(row, flush=True)


def third(fit):
    """The relative error at the end of the third finishing epoch."""
    (step,) = [step for step, text in fit.run.events if text == "end of finishing epoch 3"]
    return fit.run.trace["relative_error"][fit.run.step == step][0]


def road(instances=24, steps=60_000):
    """What is left after training the scaled model, beside the projection of the same instance."""
    seeds = list(range(instances))
    u = sphere(seeds, 99, 1, 8)
    T = Factored(np.ones((instances, 1)), u, 3)
    projection = np.array([lazy_fit(Factored([1.0], u[i], 3), 9, rng=s).unexplained for i, s in enumerate(seeds)])
    print(f"\n{'alpha':>7} {'mean unexplained':>17} {'largest gap to the projection':>30} {'instances above it':>19}")
    for alpha in (1.0, 10.0, 100.0, 1000.0):
        left = np.array([f.relative_error**2 for f in scaled_gd(T, 9, alpha=alpha, rng=seeds, steps=steps)])
        gap, above = np.abs(left / projection - 1).max(), np.sum(left > 1.005 * projection)
        print(f"{alpha:7g} {left.mean():17.4f} {gap:30.1%} {above:19}", flush=True)
    print(f"{'lazy':>7} {projection.mean():17.4f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    seeds = list(range(parser.parse_args().seeds))
    lazy_ceiling()
    beyond_lazy(seeds)
    road()
