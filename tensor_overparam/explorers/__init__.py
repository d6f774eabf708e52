"""Sliders on experiments: live in a notebook with a kernel, self-contained in a static page.

- `explore` puts sliders on a function, or opens a ready explorer by its name;
- `EXPLORERS` are the ready ones;
- `Explorer` is a function with its knobs, and `Control` is one knob.

What such a function returns:

- `View` is what is to be seen at one setting;
- `Panel` is one pair of axes in it;
- `Series` is a curve, points or bars on a panel, and `Field` numbers on a grid, shown by colour.
"""

from tensor_overparam.explorers.catalogue import EXPLORERS
from tensor_overparam.explorers.explorer import Control, Explorer, explore
from tensor_overparam.explorers.views import Field, Panel, Series, View

__all__ = [
    "explore",
    "EXPLORERS",
    "Explorer",
    "Control",
    "View",
    "Panel",
    "Series",
    "Field",
]


def __dir__():
    """Return the names that people come for."""
    return sorted(__all__)
