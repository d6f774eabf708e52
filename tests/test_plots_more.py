"""Figures say what they show, leave global state alone, and can be read on light and on dark."""

import io
from types import SimpleNamespace

import numpy as np
import pytest

plt = pytest.importorskip("matplotlib.pyplot", reason="plots are drawn with the plots extra")

from matplotlib.colors import to_hex, to_rgb  # noqa: E402

from tensor_overparam import lazy_fit, modified_gd  # noqa: E402
from tensor_overparam.core.claim import Prediction, compare  # noqa: E402
from tensor_overparam.descent.deflation import component_mass, deflation_flow  # noqa: E402
from tensor_overparam.descent.registry import names, style_of  # noqa: E402
from tensor_overparam.plots.base import (  # noqa: E402
    CYCLE,
    INK,
    PALETTE,
    decomposition,
    errors_by_width,
    headline,
    loss_curve,
    widths_by_dim,
)
from tensor_overparam.plots.claims import lazy_residual, ledger_tiles, margins  # noqa: E402
from tensor_overparam.plots.films import crowd, film  # noqa: E402
from tensor_overparam.plots.geometry import directions, gram, on_disc  # noqa: E402
from tensor_overparam.plots.phase import phase_diagram, thresholds  # noqa: E402
from tensor_overparam.plots.runs import (  # noqa: E402
    Plateau,
    component_cosines,
    component_masses,
    component_sizes,
    loss_plateaus,
    plateaus,
)
from tensor_overparam.tensors import gaussian, orthogonal  # noqa: E402
from tensor_overparam.tensors.targets import Factored  # noqa: E402

GROUNDS = ("#FFFFFF", "#121212")
T = orthogonal(6, 3, 4, [1.0, 0.6, 0.3], rng=0)


@pytest.fixture(autouse=True)
def headless():
    before = plt.get_backend()
    plt.switch_backend("Agg")
    yield
    plt.close("all")
    plt.switch_backend(before)


@pytest.fixture(scope="module")
def run():
    observe = {
        "C": lambda state: state.params.C,
        "mass": lambda state: component_mass(state.params.C, T.vectors, 4),
    }
    return deflation_flow(T, 12, time=20.0, init_scale=1e-4, rng=0, every=10, observe=observe)


def claim(kind, value, measured, margin=0.1, **assumes):
    return compare(Prediction("", "x", kind, value, assumes), measured, margin)


CLAIMS = {
    "kept": claim("upper", 1.0, 0.5),
    "missed": claim("upper", 1.0, 1.2),
    "outside": claim("equal", 1.0, 1.2, large=False),
}
FITS = [lazy_fit(gaussian(5, 1, 3, rng=1), m, rng=0) for m in (1, 3, 5, 9)]

PHASE = SimpleNamespace(
    share=np.array([[0.0, 0.5], [0.5, 1.0]]),
    successes=np.array([[0, 5], [5, 10]]),
    trials=np.full((2, 2), 10),
    x=(0.1, 1.0),
    widths=(2, 4),
    over="alpha",
)

PLOTS = {
    "phase_diagram": lambda run, ax: phase_diagram(PHASE, ax),
    "loss_curve": lambda run, ax: loss_curve(run, ax),
    "loss_plateaus": lambda run, ax: loss_plateaus(run, ax),
    "loss_plateaus, log": lambda run, ax: loss_plateaus(run, ax, log_time=True),
    "component_sizes": lambda run, ax: component_sizes(run, ax, T),
    "component_sizes, no truth": lambda run, ax: component_sizes(run, ax),
    "component_cosines": lambda run, ax: component_cosines(run, T, ax),
    "component_masses": lambda run, ax: component_masses(run, ax, T.weights, [4.0, 8.0, 16.0]),
    "directions": lambda run, ax: directions(run, ax, T),
    "directions, d = 2": lambda run, ax: directions(Factored([1.0, -2.0], np.eye(2), 3), ax),
    "directions, d = 3": lambda run, ax: directions(Factored([1.0, -2.0], np.eye(2, 3), 3), ax),
    "gram": lambda run, ax: gram(run, ax),
    "gram with truth": lambda run, ax: gram(run, ax, T),
    "crowd": lambda run, ax: crowd(run.run.trace["C"][-1], T, ax),
    "lazy_residual": lambda run, ax: lazy_residual(FITS, ax, 9, lambda m: max(0, 1 - m / 9)),
    "margins": lambda run, ax: margins(CLAIMS, ax),
    "ledger_tiles": lambda run, ax: ledger_tiles(CLAIMS, ax, {"a": ["kept"], "b": ["missed", "outside"]}),
}


@pytest.mark.parametrize("name", PLOTS)
def test_draws_on_the_given_axis_with_labels_and_leaves_the_rest(run, name):
    _, (ax, mine) = plt.subplots(1, 2)
    other = plt.figure()
    parameters, numbers = dict(plt.rcParams), plt.get_fignums()
    assert PLOTS[name](run, ax) is ax
    assert len(ax.get_xlabel()) > 3 and len(ax.get_ylabel()) > 3
    assert ax.has_data() and not mine.has_data() and not other.axes
    assert plt.gcf() is other and plt.get_fignums() == numbers
    assert dict(plt.rcParams) == parameters


@pytest.mark.parametrize("name", PLOTS)
def test_makes_a_figure_without_background_that_can_be_read_on_both_grounds(run, name):
    ax = PLOTS[name](run, None)
    ax.figure.canvas.draw()
    assert ax.figure.patch.get_alpha() == 0 and ax.get_facecolor()[3] == 0
    beside = [bar for bar in ax.figure.axes if bar is not ax]
    on_map = name in ("phase_diagram", "ledger_tiles")  # letters on tiles, whose colours are chosen for the tiles
    for color in set().union(colors_of(ax, not on_map), *(text_colors(bar, True) for bar in beside)):
        assert min(contrast(color, ground) for ground in GROUNDS) >= 3, color


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("name", ["loss_plateaus", "directions", "margins"])
def test_rendered_on_a_ground_something_stands_off(run, name, ground):
    ax = PLOTS[name](run, None)
    file = io.BytesIO()
    ax.figure.savefig(file, dpi=60)
    file.seek(0)
    rgba = plt.imread(file)
    picture = rgba[..., :3] * rgba[..., 3:] + np.array(to_rgb(ground)) * (1 - rgba[..., 3:])
    assert np.allclose(picture[0, 0], to_rgb(ground), atol=0.01)
    strong = [contrast(to_hex(color), ground) > 3 for color in np.unique(picture.reshape(-1, 3).round(2), axis=0)]
    assert sum(strong) >= 3


def luminance(color):
    c = np.array(to_rgb(color))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ (0.2126, 0.7152, 0.0722)


def contrast(a, b):
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def text_colors(ax, inside):
    legend = ax.get_legend()
    texts = [ax.xaxis.label, ax.yaxis.label, ax.title, *ax.get_xticklabels(), *ax.get_yticklabels()]
    texts += (ax.texts if inside else []) + (legend.get_texts() if legend else [])
    return {to_hex(text.get_color()) for text in texts if text.get_text()}


def colors_of(ax, inside):
    """Return the colours of lines, marks, frame and text; not of faint areas and maps."""
    found = [line.get_color() for line in ax.lines] + [spine.get_edgecolor() for spine in ax.spines.values()]
    marks = [c for c in ax.collections if len(c.get_offsets()) and c.get_alpha() in (None, 1)]
    for mark in marks:
        found += list(mark.get_facecolors() if len(mark.get_facecolors()) else mark.get_edgecolors())
    return text_colors(ax, inside) | {to_hex(color) for color in found}


def test_palettes_stand_off_from_both_grounds():
    for color in {*PALETTE.values(), *CYCLE, INK, *(style_of(name)[1] for name in names())}:
        assert min(contrast(color, ground) for ground in GROUNDS) >= 3, color
    assert min(contrast(INK, ground) for ground in GROUNDS) >= 4
    markers = [style_of(name)[2] for name in names() if name != "modified"]  # its default rule has the same
    assert len(set(markers)) == len(markers)


# --- plateaus ---------------------------------------------------------------------------------------

TIME = np.linspace(0, 10, 401)


def staircase(treads, tilt=0.0):
    """Return e to a polygon that rests on [start, end] at a logarithm, and falls steeply in between."""
    corners = [(x, level - tilt * i) for *ends, level in treads for i, x in enumerate(ends)]
    return np.exp(np.interp(TIME, *np.transpose(corners)))


@pytest.mark.parametrize("noise", [0.0, 0.01])
@pytest.mark.parametrize("tilt", [0.0, 0.05])
def test_plateaus_are_where_they_were_put(noise, tilt):
    treads = [(0, 2, 0.0), (2.5, 5, -2.0), (5.4, 7, -4.0), (7.4, 10, -8.0)]
    y = staircase(treads, tilt=tilt) * np.exp(noise * np.random.default_rng(0).normal(size=len(TIME)))
    found = plateaus(TIME, y)
    assert len(found) == len(treads)
    for p, (start, end, level) in zip(found, treads, strict=True):
        assert abs(p.start - start) < 0.15 and abs(p.end - end) < 0.15
        assert abs(np.log(p.level) - level) < 0.1


def test_short_rests_and_even_falls_are_no_plateaus():
    assert plateaus(TIME, staircase([(0, 0.5, 0.0), (5, 5.5, -3.0), (10, 10, -6.0)])) == []
    for rate in (1e-3, 1.0, 3.0):
        assert plateaus(TIME, np.exp(-rate * TIME)) == []


def test_plateaus_do_not_depend_on_units():
    y = staircase([(0, 4, 0.0), (5, 10, -3.0)])
    a, b = plateaus(TIME, y), plateaus(3600 * TIME, 1e-6 * y)
    assert len(a) == len(b) == 2
    for p, q in zip(a, b, strict=True):
        assert np.allclose([3600 * p.start, 3600 * p.end, 1e-6 * p.level], [q.start, q.end, q.level])


def test_what_never_moves_rests_throughout_and_zero_is_allowed():
    assert plateaus(TIME, np.ones(401)) == [Plateau(0.0, 10.0, 1.0)]
    assert plateaus(TIME, np.zeros(401)) == [Plateau(0.0, 10.0, 0.0)]


def test_a_real_run_rests_where_a_component_is_missing(run):
    rests = plateaus(run.run.time, run.run.trace["relative_error"])
    assert rests[0].start == 0 and np.allclose(rests[0].level, 1, rtol=0.01)
    assert np.allclose(rests[-1].level, 0.3 / np.linalg.norm(T.weights), rtol=0.01)


def test_equal_area():
    V = np.random.default_rng(0).normal(size=(40_000, 3))
    radius2 = np.sum(on_disc(V / np.linalg.norm(V, axis=1, keepdims=True)) ** 2, axis=1)
    assert radius2.max() <= 1 and np.allclose(np.quantile(radius2, [0.1, 0.5, 0.9]), [0.1, 0.5, 0.9], atol=0.02)


# --- the film ---------------------------------------------------------------------------------------


def test_film_is_readable_small_and_moves(run):
    image = pytest.importorskip("PIL.Image", reason="comes with matplotlib")
    numbers, parameters = plt.get_fignums(), dict(plt.rcParams)
    moving = film(run, T, np.linspace(0, 20, 12))
    assert len(moving) < 1_000_000
    gif = image.open(io.BytesIO(moving))
    assert gif.format == "GIF" and gif.n_frames == 12 and min(gif.size) > 150
    frames = []
    for k in (0, 11):
        gif.seek(k)
        frames.append(np.asarray(gif.convert("RGB"), dtype=int))
    assert frames[0][0, 0].tolist() == [255, 255, 255]
    assert np.mean(np.abs(frames[0] - frames[1]).max(-1) > 30) > 0.01
    assert plt.get_fignums() == numbers and dict(plt.rcParams) == parameters


# --- bad input --------------------------------------------------------------------------------------

LONELY = modified_gd(gaussian(5, 2, 3, rng=0), 2, epochs=1, finish=1)
WRONG = {
    "values negative": lambda run: plateaus(TIME, -np.ones(401)),
    "values NaN": lambda run: plateaus(TIME, np.full(401, np.nan)),
    "times backwards": lambda run: plateaus(TIME[::-1], np.ones(401)),
    "lengths differ": lambda run: plateaus(TIME, np.ones(7)),
    "band above share": lambda run: plateaus(TIME, np.ones(401), band=0.5, share=0.1),
    "not on record": lambda run: loss_curve(run, name="loss2"),
    "no components": lambda run: component_sizes(LONELY),
    "no components, cosines": lambda run: component_cosines(LONELY, T),
    "another dimension": lambda run: component_cosines(run, orthogonal(7, 2, 4, rng=0)),
    "sizes of a number": lambda run: component_sizes(run, name="loss"),
    "masses of a number": lambda run: component_masses(run, name="loss"),
    "weights too few": lambda run: component_masses(run, weights=[1.0]),
    "predictions too few": lambda run: component_masses(run, predicted=[1.0]),
    "no factors": lambda run: directions(np.ones((3, 3))),
    "a batch": lambda run: gram(Factored(np.ones((2, 3)), np.ones((2, 3, 4)), 3)),
    "truth elsewhere": lambda run: directions(run, truth=orthogonal(7, 2, 4, rng=0)),
    "gram elsewhere": lambda run: gram(run, truth=orthogonal(7, 2, 4, rng=0)),
    "one dimension": lambda run: directions(Factored([1.0], [[1.0]], 3)),
    "not orthonormal": lambda run: crowd(np.ones((2, 6)), np.ones((2, 6))),
    "crowd elsewhere": lambda run: crowd(np.ones((2, 5)), T),
    "film of nothing": lambda run: film(run, T, []),
    "film after the end": lambda run: film(run, T, [0, 1e9]),
    "film without speed": lambda run: film(run, T, [0, 1], fps=0),
    "film without record": lambda run: film(LONELY, T),
    "no fits": lambda run: lazy_residual([]),
    "fits of two kinds": lambda run: lazy_residual([*FITS, lazy_fit(gaussian(6, 1, 3, rng=1), 2)]),
    "no claims": lambda run: margins({}),
    "a sentence": lambda run: margins({"a": "holds"}),
    "no section": lambda run: ledger_tiles(CLAIMS, sections={"a": ["kept"]}),
    "no room": lambda run: ledger_tiles(CLAIMS, per_line=0),
    "a number for a run": lambda run: loss_curve(3),
    "a number for a run's components": lambda run: component_cosines(3, T),
    "texts for results": lambda run: headline("a", "b"),
    "text for a result": lambda run: errors_by_width("a"),
    "text for widths": lambda run: widths_by_dim("a"),
    "a number for a diagram": lambda run: phase_diagram(3),
    "a number for curves": lambda run: thresholds(3),
    "no curves": lambda run: thresholds([]),
    "a number for a curve": lambda run: thresholds([3]),
    "a number for a decomposition": lambda run: decomposition(3),
}


@pytest.mark.parametrize("name", WRONG)
def test_bad_input_is_refused_in_a_sentence_before_anything_is_drawn(run, name):
    with pytest.raises(ValueError) as caught:
        WRONG[name](run)
    message = str(caught.value)
    assert len(message.split()) >= 8 and ("expected" in message or "run it again" in message)
    assert not plt.get_fignums()
