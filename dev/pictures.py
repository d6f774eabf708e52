"""Pictures for light and for dark pages: a drawing on white loses its paper, where its inks can be read on both.

Each pixel of a drawing is an ink over white paper, thinned where lines are smoothed. Where the inks are few and none
is too dark for a dark page, the paper is taken away: an ink keeps its colour and gets a transparency, and black
becomes the grey that is read on both. Photographs, colour scales and navy lines stay as they are, on a light card.
"""

import io

import numpy as np
from PIL import Image

INK = 0x76 / 255  # tensor_overparam.plots.base.INK: frame and text, on white and on near-black
DARK = np.array([0x14, 0x18, 0x1E]) / 255  # the page in the dark
WEAKEST = 2.0  # contrast of an ink with the dark page
MOST_INKS = 40
NEAR = 0.12  # distance at which a pixel is still a thinned ink
NEUTRAL = 0.06  # between the channels of a grey
STRAY = 0.03  # share of pixels that may be something else: where two inks cross


def without_paper(png):
    """Return a PNG without its white paper, or None where it has to keep it."""
    if not png:
        return None
    picture = np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))
    rgb = picture[..., :3]
    drawn = (rgb < 250).any(-1)
    if (picture[..., 3] < 255).any() or drawn[[0, 0, -1, -1], [0, -1, 0, -1]].any() or drawn.mean() > 0.6:
        return None
    packed = rgb[drawn].astype(np.int64) @ [65536, 256, 1]
    values, where, count = np.unique(packed, return_inverse=True, return_counts=True)
    colours = np.stack([values >> 16, values >> 8 & 255, values & 255], -1) / 255
    inks = inks_of(colours, count)
    if not 0 < len(inks) <= MOST_INKS:
        return None
    nearest, strength, apart = thinned(colours, inks)
    share = count / count.sum()
    neutral = np.ptp(inks, axis=1) < NEUTRAL
    unreadable = ~neutral & (contrast(inks, DARK) < WEAKEST)
    if share[apart > NEAR].sum() > STRAY or share[unreadable[nearest]].sum() > 0.002:
        return None
    grey = 1 - strength * (1 - inks[nearest].mean(-1))
    is_grey = neutral[nearest]
    alpha = np.where(is_grey, np.clip((1 - grey) / (1 - INK), 0, 1), strength)
    ink = np.where(is_grey[:, None], INK, inks[nearest])
    clear = np.zeros(picture.shape, np.uint8)
    clear[drawn] = (np.column_stack([ink, alpha]) * 255 + 0.5).astype(np.uint8)[where]
    file = io.BytesIO()
    few = Image.fromarray(clear).quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    few.save(file, "PNG", optimize=True)
    return file.getvalue()


def inks_of(colours, count):
    """Return the colours that are there at full strength; what is another one, thinned, is none of its own."""
    is_common = count > max(12, 0.004 * count.sum())
    found = []
    for colour in sorted(colours[is_common].tolist(), key=sum):
        if not found or thinned(np.array([colour]), np.array(found))[2][0] > 0.05:
            found.append(colour)
    return np.array(found)


def thinned(colours, inks):
    """Return of which ink each colour is a thinner one, how strong it is, and how far from it."""
    away = 1 - inks
    strength = np.clip((1 - colours) @ away.T / (away**2).sum(1), 0, 1)
    apart = np.linalg.norm((1 - colours)[:, None] - strength[..., None] * away, axis=-1)
    nearest = np.argmin(apart + 0.02 * (1 - strength), axis=1)
    rows = np.arange(len(colours))
    return nearest, strength[rows, nearest], apart[rows, nearest]


def contrast(one, other):
    """Return the contrast of colours, as WCAG computes it."""
    light = [luminance(colour) + 0.05 for colour in (one, other)]
    return np.maximum(*light) / np.minimum(*light)


def luminance(colour):
    """Return the relative luminance of colours in sRGB."""
    linear = np.where(colour <= 0.03928, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]
