"""Do verdicts depend on luck? Claims of the ledger, judged again with other random numbers.

    python dev/other_seeds.py [claims] [sets] [first]      30 claims, 3 sets beginning with set 1, if not given

Every random number of the package comes from `numpy.random.default_rng` or a `SeedSequence`. Here both take one more
number, that of the set, so that all targets, starts and draws are others, and nothing else is. A verdict may become
*undecided*; the exit code is 1 where one becomes another.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np


def reseed(number):
    """Let every seed from here on stand for other random numbers."""
    rng, sequence = np.random.default_rng, np.random.SeedSequence

    def other_rng(seed=None):
        plain = isinstance(seed, int | np.integer | list | tuple)
        return rng([*np.ravel(seed).tolist(), 10**6 + number] if plain else seed)

    def other_sequence(entropy=None, *, spawn_key=(), **more):
        return sequence(entropy, spawn_key=(*spawn_key, 10**6 + number), **more)

    np.random.default_rng, np.random.SeedSequence = other_rng, other_sequence


def verdict(name, number):
    """Judge a claim with the random numbers of this set; 0 is the usual one."""
    if number:
        reseed(number)
    from tensor_overparam.ledger import report

    (entry,) = report(name).entries
    return entry.comparison.verdict


def main(claims=30, sets=3, first=1):
    """Print the verdicts, claim by claim."""
    from tensor_overparam.ledger import CHECKS

    names = list(np.random.default_rng(first).choice(list(CHECKS), min(claims, len(CHECKS)), replace=False))
    numbers, changed = range(first, first + sets), 0
    print(f"{'claim':26} {'on record':16}", *(f"{f'set {number}':16}" for number in numbers))
    # a process for each verdict: experiments keep what they have done
    with ProcessPoolExecutor(mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        tasks = {name: [pool.submit(verdict, str(name), number) for number in numbers] for name in names}
        for name, told in tasks.items():
            found, recorded = [task.result() for task in told], CHECKS[name].expected
            other = [v for v in found if v not in (recorded, "undecided")]
            changed += len(other)
            print(f"{name:26} {recorded:16}", *(f"{v:16}" for v in found), "<- changed" if other else "", flush=True)
    print(f"{changed} of {len(names) * sets} verdicts are others")
    return int(changed > 0)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
