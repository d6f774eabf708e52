"""Compare the outputs that a notebook holds with those that its cells give now."""

import base64
import io
import re

import numpy as np
from PIL import Image

NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
RELATIVE, ABSOLUTE = 0.02, 1e-4  # numbers that differ by less differ by the machine, not by the code
THUMB, SIZES, COLOURS = 64, 0.05, 0.03  # side of a thumbnail; shares by which sides and mean colours may differ


def differences(stored, fresh, numbers=True):
    """Yield where two versions of a notebook, both cleaned, show something else; other `numbers` count or do not."""
    for number, (old, new) in enumerate(zip(stored.cells, fresh.cells, strict=True), 1):
        if len(old.get("outputs", ())) != len(new.get("outputs", ())):
            yield f"cell {number}: {len(old.outputs)} outputs are stored, it gives {len(new.outputs)}"
        else:
            pairs = zip(old.get("outputs", ()), new.get("outputs", ()), strict=True)
            yield from (f"cell {number}: {why}" for why in (difference(*pair, numbers) for pair in pairs) if why)


def difference(old, new, numbers=True):
    """Say in what two outputs differ, or return an empty string."""
    if old.output_type != new.output_type:
        return f"an output of type {old.output_type} is stored, it gives {new.output_type}"
    for kind in ("image/png", "image/gif"):
        pictures = [output.get("data", {}).get(kind) for output in (old, new)]
        if any(pictures):
            return "" if all(pictures) and same_picture(*pictures) else "the stored picture is another one"
    for before, after in zip(*map(lines, (old, new)), strict=False):
        if not same_text(before, after, numbers):
            return f"{before!r} is stored, it gives {after!r}"
    return "" if len(lines(old)) == len(lines(new)) else "the stored text has another number of lines"


def lines(output):
    """Return the lines of text that an output shows."""
    data = output.get("data", {})
    text = output.get("text") or data.get("text/markdown") or data.get("text/plain") or output.get("evalue") or ""
    return text.strip().splitlines()


def same_text(a, b, numbers=True):
    """Tell whether two lines agree, but for blanks and for the last digits of their numbers (or all of them)."""
    if "".join(NUMBER.sub("#", a).split()) != "".join(NUMBER.sub("#", b).split()):
        return False
    pair = [np.array(NUMBER.findall(text), dtype=float) for text in (a, b)]
    return not numbers or np.allclose(*pair, rtol=RELATIVE, atol=ABSOLUTE)


def same_picture(a, b):
    """Tell whether two encoded pictures have about the same size and look alike from afar."""
    a, b = (Image.open(io.BytesIO(base64.b64decode(text))).convert("RGBA") for text in (a, b))
    if not np.allclose(a.size, b.size, rtol=SIZES):
        return False
    thumbs = []
    for picture in (a, b):
        page = Image.new("RGBA", picture.size, "white")
        page.alpha_composite(picture)
        thumbs.append(np.asarray(page.convert("RGB").resize((THUMB, THUMB)), dtype=float) / 255)
    return np.abs(thumbs[0] - thumbs[1]).mean() <= COLOURS
