"""Measure the needed widths of the open problem: the table that the tutorial "how many components" reads.

    python dev/open_problem.py --workers 2
    python dev/open_problem.py --scheduler tcp://10.0.0.1:8786

Every search is kept in a store as it ends: the same line again goes on from there.
"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from shutil import copyfile

from tensor_overparam.sweeps.open_problem import LAWS, growth, measure
from tensor_overparam.sweeps.workers import end_with_parent

ROOT = Path(__file__).parent.parent
TABLE = ROOT / "nbs" / "tutorials" / "data" / "open_problem" / "needed.csv"


@contextmanager
def executor_of(options):
    """Yield the executor that was asked for: of a dask cluster, of some processes, or None for this one."""
    if options.scheduler:
        from distributed import Client

        with Client(options.scheduler) as client:
            yield client.get_executor()
    elif options.workers > 1:
        context = get_context("spawn")
        with ProcessPoolExecutor(options.workers, mp_context=context, initializer=end_with_parent) as pool:
            yield pool
    else:
        yield None


def main(words=None):
    """Run what is missing, write the table, and print it with the fitted laws."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "open_problem", help="folder of the store")
    parser.add_argument("--workers", type=int, default=1, help="processes on this machine")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="of a dask cluster, instead")
    parser.add_argument("--quick", action="store_true", help="the smallest ranks only; the tutorial's table stays")
    options = parser.parse_args(words)
    with executor_of(options) as executor:
        found = measure(options.out, executor, quick=options.quick, progress=sys.stderr.isatty())
    if not options.quick:
        TABLE.parent.mkdir(exist_ok=True)
        copyfile(options.out / "needed.csv", TABLE)
    for c in found:
        print(f"\n{c.algorithm}, {c.fixed['space']}, {'' if c.fixed['symmetric'] else 'a'}symmetric\n{c.table()}")
        if sum(len(t.tried) for t in c.thresholds) > 4 and len(c.x) > 2 and c.algorithm != "simultaneous":
            print(*(growth(c.x, c.thresholds, law) for law in LAWS), sep="\n")


if __name__ == "__main__":
    main()
