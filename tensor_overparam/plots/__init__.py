"""Pictures: results and an `ax` in, the `ax` out; readable on light and on dark paper. Needs matplotlib.

- `canvas` is an empty figure in the style of the others;
- `loss_curve` draws a recorded quantity against time;
- `errors_by_width` and `widths_by_dim` compare regimes, and `headline` puts the two side by side;
- `decomposition` shows an answer of `decompose`: weights, vectors, stages;
- `component_cosines` and `component_masses` follow the components of a run;
- `directions` shows where components point;
- `phase_diagram` and `thresholds` draw what sweeps found;
- `film` is a run as a moving picture.
"""

from tensor_overparam.plots.base import canvas, decomposition, errors_by_width, headline, loss_curve, widths_by_dim
from tensor_overparam.plots.films import film
from tensor_overparam.plots.geometry import directions
from tensor_overparam.plots.phase import phase_diagram, thresholds
from tensor_overparam.plots.runs import component_cosines, component_masses

__all__ = [
    "canvas",
    "loss_curve",
    "errors_by_width",
    "widths_by_dim",
    "headline",
    "decomposition",
    "component_cosines",
    "component_masses",
    "directions",
    "phase_diagram",
    "thresholds",
    "film",
]


def __dir__():
    """Return the names that people come for."""
    return sorted(__all__)
