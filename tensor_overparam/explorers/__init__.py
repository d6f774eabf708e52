"""Sliders on experiments: live in a notebook with a kernel, self-contained in a static page.

- `explore` puts sliders on a function, or opens a ready explorer by its name;
- `EXPLORERS` are the ready ones;
- `Explorer` is a function with its knobs, `Control` is one knob, and `Play` makes one of time.

What such a function returns:

- `View` is what is to be seen at one setting;
- `Panel` is one pair of axes in it;
- `Series` is a curve, points or bars on a panel, and `Field` numbers on a grid, shown by colour;
- `Handle` is a point on a panel that can be dragged.
"""

from tensor_overparam.explorers.catalogue import EXPLORERS
from tensor_overparam.explorers.controls import Control, Play
from tensor_overparam.explorers.explorer import Explorer, explore
from tensor_overparam.explorers.views import Field, Handle, Panel, Series, View

__all__ = [
    "explore",
    "EXPLORERS",
    "Explorer",
    "Control",
    "Play",
    "View",
    "Panel",
    "Series",
    "Field",
    "Handle",
]


def __dir__():
    """Return the names that people come for."""
    return sorted(__all__)
