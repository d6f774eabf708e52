"""A drawing loses its paper where it can be read without, looks the same on white, and a photograph stays as it is."""

import io

import numpy as np
import pytest
from PIL import Image

pictures = pytest.importorskip("pictures", reason="pictures are looked at in a checkout")
plt = pytest.importorskip("matplotlib.pyplot", reason="drawings are made with the plots extra")

INK = "#767676"


def drawing(color, ink=INK):
    """Return the PNG of a curve in a frame."""
    fig, ax = plt.subplots(figsize=(4, 3))
    ax.plot([0, 1, 2], [0, 2, 1], color=color, lw=2)
    ax.tick_params(colors=ink, which="both")
    for spine in ax.spines.values():
        spine.set_color(ink)
    file = io.BytesIO()
    fig.savefig(file, format="png", dpi=80)
    plt.close(fig)
    return file.getvalue()


def on(png, paper):
    """Return the pixels of a PNG on a paper of one grey."""
    picture = Image.open(io.BytesIO(png)).convert("RGBA")
    page = Image.new("RGBA", picture.size, (paper, paper, paper, 255))
    return np.asarray(Image.alpha_composite(page, picture).convert("RGB")).astype(int)


@pytest.mark.parametrize("color", ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#A67C00"])
def test_on_white_a_drawing_is_as_it_was(color):
    png = drawing(color)
    clear = pictures.without_paper(png)
    apart = abs(on(clear, 255) - on(png, 255))
    assert np.mean(apart) < 1 and np.quantile(apart, .999) <= 24
    dark = on(clear, 20)
    assert (dark[0, 0] == 20).all() and dark.max() < 250
    wanted = np.array([int(color[i:i + 2], 16) for i in (1, 3, 5)])
    assert (abs(dark - wanted).max(-1) <= 8).sum() > 200, "the curve keeps its colour"


def test_black_ink_becomes_one_that_is_read_on_both():
    clear = pictures.without_paper(drawing("#D55E00", ink="black"))
    frame = on(clear, 20)
    assert ((abs(frame - 0x76).max(-1)) <= 8).sum() > 200 and not (on(clear, 255).max(-1) < 60).any()


def test_what_would_not_be_read_keeps_its_paper():
    assert pictures.without_paper(drawing("#08306B")) is None  # navy, the end of a scale of blues
    ramp = np.linspace(0, 255, 200).astype(np.uint8)
    smooth = np.broadcast_to(ramp[:, None, None], (200, 300, 3)).copy()
    for photo in (smooth, np.full((20, 30, 3), 200, np.uint8)):
        file = io.BytesIO()
        Image.fromarray(photo).save(file, "PNG")
        assert pictures.without_paper(file.getvalue()) is None
    assert pictures.without_paper(pictures.without_paper(drawing("#0072B2"))) is None, "it has no paper any more"
