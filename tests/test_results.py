"""One protocol: what any trainer of any wing returns has its record under the same names."""

import numpy as np
import pytest

from tensor_overparam.core import Result, Run, Stop
from tensor_overparam.descent import registry
from tensor_overparam.descent.linearised import lazy_gd, scaled_gd
from tensor_overparam.implicit_bias.optimisers import OPTIMISERS, descend, gaussian_regression
from tensor_overparam.nets.training import train_net
from tensor_overparam.rotation.training import METHODS, energy_curve
from tensor_overparam.tensors import gaussian

T, TASK = gaussian(5, 2, 3, rng=0), gaussian_regression(n=5, d=20)[:2]
TRAININGS = {
    **{name: lambda a=a: a.train(T, 3, **a.short) for name, a in registry.ALGORITHMS.items()},
    "lazy": lambda: lazy_gd(T, 3, steps=20), "scaled": lambda: scaled_gd(T, 3, steps=20),
    **{name: lambda name=name: train_net(np.diag([1.0, 0.5]), 4, name, steps=20) for name in ("nn", "nt", "rf")},
    **{name: lambda name=name: descend(*TASK, name, steps=20) for name in OPTIMISERS},
    **{name: lambda name=name: energy_curve(name, steps=20) for name in METHODS},
}


@pytest.mark.parametrize("name", TRAININGS)
def test_results_are_of_one_kind(name):
    """The record, its names and one error; and a list of the same for a batch is no other thing."""
    result = TRAININGS[name]()
    assert isinstance(result, Result) and isinstance(result.run, Run) and isinstance(result.stop, Stop)
    assert result.error >= 0 and np.isfinite(result.error)
    assert len(result.time) == len(result.trace["loss"]) == len(result.run.step) and result.config is result.run.config
    assert result.events == result.run.events and type(result).__name__ in repr(result)
