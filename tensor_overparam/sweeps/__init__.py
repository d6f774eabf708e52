"""A thousand small experiments, none of them lost, and what they say together.

Running them:

- `sweep` runs a function on all cells of a grid with all seeds, and stores each run as it ends;
- `SweepStore` is the file they are in, whole at every moment;
- `batched` marks a function that runs many seeds at once.

How many components are enough?

- `threshold` finds the smallest width that works, by a sequential test, and returns a `Threshold`;
- `scaling` fits the exponent with which thresholds grow;
- `curve` sweeps thresholds over a parameter and returns a `Curve`;
- `phase` sweeps success over a parameter and the width, and returns a `PhaseDiagram`;
- `plan` are the experiments of the tutorial, and `run_all` runs them.
"""

from tensor_overparam.sweeps.diagrams import Curve, PhaseDiagram, curve, phase, plan, run_all
from tensor_overparam.sweeps.store import SweepStore
from tensor_overparam.sweeps.sweeping import sweep
from tensor_overparam.sweeps.thresholds import Threshold, scaling, threshold
from tensor_overparam.sweeps.workers import batched

__all__ = [
    "sweep",
    "SweepStore",
    "batched",
    "threshold",
    "Threshold",
    "scaling",
    "curve",
    "Curve",
    "phase",
    "PhaseDiagram",
    "plan",
    "run_all",
]


def __dir__():
    """Return the names that people come for."""
    return sorted(__all__)
