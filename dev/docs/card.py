"""Draw the picture that goes along when somebody shares a link: python dev/docs/card.py writes static/card.png.

The curves are the lazy width, which is a formula, and the rank, which is what the
headline notebook measures for modified descent.
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from tensor_overparam import lazy_width
from tensor_overparam.plots.base import PALETTE

INK = "#1a2433"


def card():
    """Return the figure, 1200 by 630 pixels."""
    fig = plt.figure(figsize=(12, 6.3), dpi=100, facecolor="white")
    fig.text(0.06, 0.80, "tensor_overparam", size=46, weight="bold", color=INK)
    fig.text(0.06, 0.69, "Why over-parameterised gradient descent works:", size=23, color=INK)
    fig.text(0.06, 0.61, "see it, check it, use it.", size=23, color=INK)
    ax = fig.add_axes((0.1, 0.14, 0.84, 0.38))
    dims = range(5, 161)
    ax.semilogy(dims, [lazy_width(dim, 3) for dim in dims], lw=4, color=PALETTE["lazy"])
    ax.semilogy(dims, [4 for _ in dims], lw=4, color=PALETTE["modified"])
    ax.text(100, 350, "components that hardly move", size=19, color=PALETTE["lazy"], ha="center")
    ax.text(100, 6, "components that move: the rank, here 4", size=19, color=PALETTE["modified"], ha="center")
    ax.set_xlabel("dimension $d$", size=18)
    ax.set_ylabel("needed $m$", size=18)
    ax.set(xlim=(5, 160), ylim=(2, 8000))
    ax.tick_params(labelsize=14)
    ax.spines[["top", "right"]].set_visible(False)
    return fig


if __name__ == "__main__":
    target = Path(__file__).parent / "static" / "card.png"
    card().savefig(target, metadata={"Software": None})
    print(target.stat().st_size, "bytes")
