"""How much longer does `decompose` take than the algebra that it is made of?

    python tests/bench/bench_algebra.py [--seeds 5]

The peer is the textbook's: the unfolding's singular values give the rank, two random contractions in that subspace give
a pencil (Harshman 1970 after Jennrich; Leurgans, Ross, Abel 1993), its eigenvectors the components, one dual fixed
point refines them and gives the weights. It certifies nothing, knows no noise, and no rank above the dimension.
`decompose` is given the same array and no rank. Processor time of one thread, in turn, seed by seed, in one process;
the time that it takes to read 512 MB is printed beside. The exit status is 1 where a requirement is missed.
"""

import os

for name in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{name}_NUM_THREADS"] = "1"

import argparse  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tensor_overparam.decomposition.answer import decompose  # noqa: E402
from tensor_overparam.tensors.problems import gaussian, recovery, with_noise  # noqa: E402
from tensor_overparam.tensors.targets import Factored, packed, to_dense  # noqa: E402


def textbook(A):
    """Components of an array of rank at most its dimension; the rank from its singular values."""
    d, order, rng = len(A), A.ndim, np.random.default_rng(0)
    M = []
    for _ in range(2):
        B = A
        for _ in range(order - 2):
            B = B @ rng.normal(size=d)
        M.append(B)
    U, s, _ = np.linalg.svd(np.concatenate(M, axis=1), full_matrices=False)
    Q = U[:, s > 1e-12 * s[0]]
    W = np.linalg.eig(np.linalg.solve(Q.T @ M[0] @ Q, Q.T @ M[1] @ Q))[1].real
    V = Q @ np.linalg.inv(W).T
    for _ in range(2):
        dual = np.linalg.pinv(V).T
        B = np.tensordot(A, dual, axes=(order - 1, 0))
        while B.ndim > 2:
            B = np.einsum("...ik,ik->...k", B, dual)
        V, w = B / np.linalg.norm(B, axis=0), np.linalg.norm(B, axis=0)
    return Factored(w, V.T, order)


EXACT = [(3, 50, 25), (3, 50, 50), (3, 100, 50), (3, 200, 50), (4, 40, 40), (4, 50, 10)]
SECONDS = {(3, 200, 200): 2.0, (3, 400, 100): 5.0, (4, 20, 40): 0.3, (4, 20, 120): 0.3, (4, 40, 80): 0.3,
           (3, 20, 29): 1.0, (3, 20, 30): 1.0, (3, 12, 19): 1.0, (5, 12, 60): 1.0, (6, 10, 40): 1.0}
NOISY = [(3, 20, 10), (3, 20, 20), (4, 12, 12), (3, 12, 16), (3, 50, 50), (4, 20, 120)]


def clocked(f, *args):
    """Result and processor time."""
    start = time.process_time()
    return f(*args), time.process_time() - start


def main():
    """Print the tables; return the exit status."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seeds", type=int, default=5)
    seeds, missed = options.parse_args().seeds, 0
    big = np.ones(2**26)
    print(f"reading 512 MB: {min(clocked(np.sum, big)[1] for _ in range(3)):.2f} s\n")
    print("exact, no rank given        textbook    decompose   ratio (required ≤ 4)   errors")
    for order, dim, rank in EXACT:
        ours, theirs, errors = [], [], []
        for seed in range(seeds):
            T = gaussian(dim, rank, order, rng=[1, seed])
            A = to_dense(T)
            U, t = clocked(textbook, A)
            theirs.append(t)
            D, t = clocked(decompose, A)
            ours.append(t)
            assert D.rank == rank and D.verdict == "exact"
            errors.append((1 - recovery(U, T).worst, 1 - recovery(D.target, T).worst))
        ratio = np.median(ours) / np.median(theirs)
        missed += ratio > 4
        print(f"({order}, {dim:3}, {rank:3})  {np.median(theirs):20.4f} {np.median(ours):12.4f} {ratio:7.1f} "
              f"{'' if ratio <= 4 else 'MISSED':14} {np.max(errors, axis=0)}", flush=True)
    print("\nexact, within a time            seconds   required")
    for (order, dim, rank), limit in SECONDS.items():
        times = []
        for seed in range(min(seeds, 3)):
            T = gaussian(dim, rank, order, rng=[2, seed])
            A = to_dense(T) if dim**order < 3e7 else ((T.vectors.T * T.weights) @ np.einsum(
                "ni,nj->nij", T.vectors, T.vectors).reshape(rank, -1)).reshape((dim,) * 3)
            D, t = clocked(decompose, A)
            times.append(t if D.rank == rank and D.verdict == "exact" else np.inf)
        missed += np.median(times) > limit
        print(f"({order}, {dim:3}, {rank:3}) {np.median(times):22.3f} {limit:10.1f} "
              f"{'' if np.median(times) <= limit else 'MISSED'}", flush=True)
    print("\nnoise                  right rank   seconds (median)")
    for order, dim, rank in NOISY:
        for level in (1e-3, 1e-2, 1e-1):
            found = []
            for seed in range(seeds):
                N = packed(with_noise(gaussian(dim, rank, order, rng=[3, seed]), level, rng=[4, seed]))
                D, t = clocked(decompose, N)
                found.append((D.rank == rank, t))
            right, times = zip(*found)
            row = f"({order}, {dim:3}, {rank:3}) {level:6g} {sum(right):6}/{seeds} {np.median(times):14.3f}"
            print(row, flush=True)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
