"""Over-parameterised decomposition of symmetric tensors: see it, check it, use it.

From a tensor to its components:

- `decompose` finds them, and their number, and returns a `Decomposition`;
- `Factored` is a tensor given by its components, `Dense` one given as an array, and `symmetrize` makes an array
  symmetric; any class with the three members of `Target` will do.

Three ways to train, all returning a `Fit`:

- `lazy_fit` lets components barely move, and `lazy_width` says how many that takes;
- `modified_gd` lets them move as they should;
- `gradient_descent` is what everybody would try first;
- `Diverged` is raised where the numbers overflow.

More than one run:

- `sweep` runs a function on a grid with many seeds, and loses nothing;
- `explore` puts sliders on an experiment.

The wings, each with a tour of its own in its docstring (`help(tensor_overparam.descent)`):

- `core`: the loop, and claims with their verdicts;
- `tensors`: what a symmetric tensor is, and problems to try;
- `descent`: all trainers, and the landscape they walk in;
- `implicit_bias`: which of the many solutions an optimiser chooses;
- `decomposition`: the stages of `decompose`, and certificates;
- `data`: samples in, independent sources or the means of a mixture out;
- `nets`: two-layer networks;
- `rotation`: training a rotation of fixed neurons;
- `sweeps`: thresholds and phase diagrams from thousands of runs;
- `plots`: pictures;
- `explorers`: sliders;
- `ledger`: every claim, held against a measurement;
- `cli`: the command line.
"""

from importlib import import_module

from tensor_overparam._version import __version__ as __version__

TYPE_CHECKING = False  # for a type checker it is true, and `typing` need not be loaded
if TYPE_CHECKING:  # loaded when somebody asks for it, so that a command can begin to listen to Ctrl-C at once
    from tensor_overparam import (
        cli,
        core,
        data,
        decomposition,
        descent,
        explorers,
        implicit_bias,
        ledger,
        nets,
        plots,
        rotation,
        sweeps,
        tensors,
    )
    from tensor_overparam.decomposition import Decomposition, decompose
    from tensor_overparam.descent import Fit, gradient_descent, lazy_fit, lazy_width, modified_gd
    from tensor_overparam.descent.objective import Diverged
    from tensor_overparam.explorers import explore
    from tensor_overparam.sweeps import sweep
    from tensor_overparam.tensors import Dense, Factored, Target, symmetrize

__all__ = [
    "decompose",
    "Decomposition",
    "Factored",
    "Dense",
    "Target",
    "symmetrize",
    "modified_gd",
    "gradient_descent",
    "lazy_fit",
    "lazy_width",
    "Fit",
    "Diverged",
    "sweep",
    "explore",
]
_WINGS = (
    "core",
    "tensors",
    "descent",
    "implicit_bias",
    "decomposition",
    "data",
    "nets",
    "rotation",
    "sweeps",
    "plots",
    "explorers",
    "ledger",
    "cli",
)
_FROM = {
    "decomposition": ("decompose", "Decomposition"),
    "tensors": ("Factored", "Dense", "Target", "symmetrize"),
    "descent": ("modified_gd", "gradient_descent", "lazy_fit", "lazy_width", "Fit"),
    "descent.objective": ("Diverged",),
    "sweeps": ("sweep",),
    "explorers": ("explore",),
}
_HOME = {name: module for module, names in _FROM.items() for name in names}


def __getattr__(name):
    """Load a wing, or a function of one, when somebody asks for it."""
    if name in _WINGS:
        return import_module(f"{__name__}.{name}")
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    """Return the names that people come for."""
    return sorted([*__all__, *_WINGS, "__version__"])
