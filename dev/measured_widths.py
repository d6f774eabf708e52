"""Measure which numbers of components are enough: the table that the explorer on the first page of the site reads.

    python dev/measured_widths.py            every cell: about an hour on one core
    python dev/measured_widths.py --dim 160  the lines of one dimension; the others stay as they are

What a cell is stands in tensor_overparam/explorers/widths.py; the table lies beside it.
"""

import argparse
import csv
from itertools import product
from pathlib import Path

from tensor_overparam.explorers.widths import DIMS, ORDERS, RANKS, TABLE, WIDTHS, successes

FILE = Path(__file__).parent.parent / "tensor_overparam" / "explorers" / TABLE
HEAD = ["algorithm", "order", "rank", "dim", *map(str, WIDTHS)]


def read():
    """Return the lines that are there, by their first four entries."""
    if not FILE.exists():
        return {}
    head, *rows = csv.reader(FILE.read_text(encoding="utf-8").splitlines())
    return {tuple(row[:4]): row[4:] for row in rows} if head == HEAD else {}


def main(words=None):
    """Measure, line by line, and write the table after each of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dim", type=int, choices=DIMS, help="measure this dimension only")
    options = parser.parse_args(words)
    lines = read() if options.dim else {}
    everything = product(("modified", "vanilla"), ORDERS, RANKS, DIMS)
    order = {tuple(map(str, key)): key for key in everything}
    for name, key in order.items():
        if options.dim in (None, key[-1]):
            lines[name] = [successes(*key, width) for width in WIDTHS]
            print(*name, *lines[name], flush=True)
        rows = [HEAD, *([*known, *lines[known]] for known in order if known in lines)]
        FILE.write_text("".join(",".join(map(str, row)) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main()
