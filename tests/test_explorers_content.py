"""What explorers show: the measured table of the first page, the pentagon, Wilson's data and spines, computed again."""

import importlib.util
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from tensor_overparam.descent.deflation import component_mass, deflation_flow
from tensor_overparam.descent.lazy import lazy_width
from tensor_overparam.explorers import nets as explorers_nets
from tensor_overparam.explorers import widths
from tensor_overparam.explorers.catalogue import EXPLORERS
from tensor_overparam.explorers.explorer import explore
from tensor_overparam.implicit_bias.counterexamples import accuracy, unseen_scores, wilson_data
from tensor_overparam.implicit_bias.interpolants import min_norm
from tensor_overparam.tensors.problems import orthogonal

ROOT = Path(__file__).parent.parent
A = 1.2 ** -np.arange(5)
T = orthogonal(10, 5, 4, A, rng=0)
KEYS = [(a, o, r, d) for a in ("modified", "vanilla") for o in widths.ORDERS for r in widths.RANKS for d in widths.DIMS]


def labelled(panel, label):
    return next(s for s in panel.series if s.label == label)


# --- how many components does it take? ------------------------------------------------------------


def test_the_table_is_whole():
    table = widths.measured()
    assert list(table) == KEYS
    for won in table.values():
        assert won.shape == (len(widths.WIDTHS),) and won.min() >= 0 and won.max() <= widths.RUNS


@pytest.mark.parametrize("cell", [
    ("modified", 3, 4, 160, 4), ("vanilla", 3, 4, 40, 6), ("modified", 4, 8, 4, 8), ("modified", 3, 2, 10, 1),
    *(pytest.param(("vanilla" if k % 2 else "modified", 3 + k % 2, *at), marks=pytest.mark.slow)
      for k, at in enumerate([(2, 25, 3), (4, 16, 5), (8, 6, 10), (8, 25, 10), (4, 100, 4), (2, 63, 6)]))])
def test_the_table_is_what_is_measured(cell):
    """A few cells of the table, measured again with the same seeds: the same counts."""
    *key, width = cell
    assert widths.successes(*cell) == widths.measured()[tuple(key)][widths.WIDTHS.index(width)]


def test_the_first_picture_of_the_site_shows_thousands_against_four():
    e = explore("widths")
    dims = e.controls[0].values
    assert e.start == dict(dim=160, rank=4, order=3) and dims[0] == 4 and dims[-1] > 160
    needed, fails = e.view().panels
    lazy, modified = labelled(needed, "hardly move: lazy width"), labelled(needed, "move: modified, measured")
    assert lazy.y[list(lazy.x).index(160)] == lazy_width(160, 3) == 4347
    assert modified.y[list(modified.x).index(160)] == 4
    plain = labelled(fails, "plain descent")
    assert plain.y[list(plain.x).index(4)] == .9 and plain.y[list(plain.x).index(16)] == 0 # as README says
    assert "4,347 are needed; if they move, 4 by modified descent" in e.view().text


@pytest.mark.parametrize("order", widths.ORDERS)
@pytest.mark.parametrize("rank", widths.RANKS)
def test_more_components_make_descent_work(order, rank):
    """In every dimension the widest students fail no more often than those of as many components as the tensor."""
    for dim in widths.DIMS:
        for name in ("modified", "vanilla"):
            won = widths.measured()[name, order, rank, dim]
            assert won[-1] >= won[widths.WIDTHS.index(rank)]


def test_the_picture_says_where_the_theorem_is_silent():
    """In four dimensions eight components are many: there moving needs more than not moving, and it is said."""
    text = widths.needed_widths(4, 8, 3).text
    assert widths.enough(widths.measured()["modified", 3, 8, 4]) > lazy_width(4, 3)
    assert "moving needs more than not moving" in text and "theorem" not in widths.needed_widths(160, 8, 3).text
    assert widths.enough(np.zeros(len(widths.WIDTHS))) is None
    for values in (dict(dim=7), dict(rank=3), dict(order=5)):
        with pytest.raises(ValueError, match=f"{next(iter(values))} is .; it was measured for"):
            widths.needed_widths(**values)


def test_the_script_writes_the_table(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("measured_widths", ROOT / "dev" / "measured_widths.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert (ROOT / "tensor_overparam" / "explorers" / widths.TABLE) == tool.FILE
    kept = {tuple(map(str, key)): [str(w) for w in won] for key, won in widths.measured().items()}
    assert tool.read() == kept
    monkeypatch.setattr(tool, "FILE", tmp_path / "widths.csv")
    (tmp_path / "widths.csv").write_text((ROOT / "tensor_overparam" / "explorers" / widths.TABLE).read_text())
    monkeypatch.setattr(tool, "successes", lambda *cell: 7)
    tool.main(["--dim", "63"])
    assert tool.read() == {key: ["7"] * len(won) if key[-1] == "63" else won for key, won in kept.items()}


# --- deflation, and its pentagon ------------------------------------------------------------------


@pytest.mark.parametrize("delta", EXPLORERS["deflation"].ranges["delta"])
def test_no_dot_of_the_deflation_is_cut_off(delta):
    e = explore("deflation")
    for time in (0., 4., 6., 12.):
        crowd = e.view(time=time, delta=delta).panels[1]
        x, y = (np.concatenate([getattr(s, axis) for s in crowd.series]) for axis in "xy")
        assert len(x) == 50
        assert np.all((crowd.x_range[0] < x) & (x < crowd.x_range[1]))
        assert np.all((crowd.y_range[0] < y) & (y < crowd.y_range[1]))
    if delta == e.start["delta"]:
        angles = np.concatenate([s.y for s in e.view().panels[1].series])
        low, high = np.quantile(angles, [.1, .9])
        assert high > 1000*low  # the start fills the picture


@pytest.mark.parametrize("seed", [0, 1])
def test_the_pentagon_is_the_flow(seed):
    view = explore("pentagon").view(time=6., seed=seed, delta=1e-4)
    run = deflation_flow(T, 24, time=6., init_scale=1e-4, penalty=.01, rng=seed, learning_rate=.01, every=600,
                         observe={"mass": lambda s: component_mass(s.params.C, T.vectors, 4)}).run
    C = run.final.params.C
    size = np.sum(C**2, axis=1)
    share = (C @ T.vectors.T)**2/size[:, None]
    turn = 2*np.pi*np.arange(5)/5
    corners = np.stack([np.sin(turn), np.cos(turn)], axis=1)
    plane, masses = view.panels
    for k in range(5):
        mine = share.argmax(axis=1) == k
        dots = labelled(plane, f"e{k + 1}")
        np.testing.assert_allclose(np.stack([dots.x, dots.y], 1), (share @ corners)[mine], atol=1/256)
        ring = plane.series[1 + k]
        radius = np.hypot(ring.x - corners[k, 0], ring.y - corners[k, 1])
        assert np.ptp(radius) < 1e-12
        assert radius[0] == pytest.approx(.3*np.sqrt(size[mine & (share.max(axis=1) > .5)].sum()), abs=.3/24)
        mass = labelled(masses, f"e{k + 1}")
        assert np.interp(6., mass.x, mass.y) == pytest.approx(run.trace["mass"][-1, k], rel=1e-6)
    full = int(np.sum(run.trace["mass"][-1] > A/2))
    assert f"{full} of 5 corners are filled" in view.text


def test_coarse_numbers_are_near():
    from tensor_overparam.explorers import tensors
    x = np.array([0., 1e-9, .123456, -7., 3e8])
    np.testing.assert_allclose(tensors._coarse(x), x, rtol=1/512)


# --- Wilson's data --------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize("n", [20, pytest.param(5, marks=pytest.mark.slow), pytest.param(10, marks=pytest.mark.slow)])
@pytest.mark.parametrize("ell", [1., 2.5, pytest.param(.25, marks=pytest.mark.slow)])
def test_wilson_is_what_theory_says(n, ell, seed):
    """SGD ends at the shortest solution, AdaGrad and Adam at a vote where one exists; all of them fit the examples."""
    view = explore("wilson").view(n=n, ell=ell, seed=seed)
    weights = view.panels[1]
    plus = int(view.text.split()[0])
    X, y = wilson_data(plus, n - plus, ell)
    ends = {name: labelled(weights, name).y for name in explorers_nets.PICKERS}
    for name, w in ends.items():
        assert np.linalg.norm(X @ w - y) <= .02*np.linalg.norm(y), name
        last = labelled(view.panels[0], name).y[-1]
        assert last == pytest.approx(unseen_scores(w, ell).negative, abs=.01)
        error = 1 - accuracy(unseen_scores(w, ell), explorers_nets.POSITIVE)
        assert f"{name} {error:.0%}" in view.text
    np.testing.assert_allclose(ends["SGD"], min_norm(X, y), atol=.002)
    if plus > n - plus:
        vote = np.sign(X.T @ y)/(3 + ell)
        np.testing.assert_allclose(ends["AdaGrad"], vote, atol=.002)
        np.testing.assert_allclose(ends["Adam"], vote, atol=.002)
    with pytest.raises(ValueError, match="2 to 200 examples"):
        explorers_nets.wilson(n=1)


# --- spines ---------------------------------------------------------------------------------------


def test_spines_have_the_energy_that_is_shown():
    e = explore("spines")
    for way in explorers_nets.WAYS:
        view = e.view(step=300, way=way)
        front, above, energies = view.panels
        U = {}
        for panel, axes in ((front, (0, 1)), (above, (0, 2))):
            tips = np.concatenate([np.stack([s.x, s.y], 1)[1::2] for s in panel.series if s.kind == "marked"])
            assert len(tips) == 12 and np.all(np.hypot(*tips.T) < 1.01)
            U[axes] = tips
        assert sorted(U[0, 1][:, 0]) == sorted(U[0, 2][:, 0])  # the same first coordinates
        curve = labelled(energies, way)
        assert f"energy {np.interp(300, curve.x, curve.y):.1f}" in view.text
    turned, spread = (labelled(energies, way).y for way in ("turned", "spread out"))
    assert np.ptp(turned) < 1e-9 and spread[-1] == pytest.approx(2*49.165253, rel=1e-4)  # icosahedron
    decay = labelled(energies, "free, weight decay").y
    assert decay[-1] > 3*decay[0]
    with pytest.raises(ValueError, match="expected one of turned"):
        explorers_nets.spines(0, "sideways")


def test_spines_by_hand():
    _, path, energy = explorers_nets._hedgehog("free, weight decay", 0)
    np.testing.assert_allclose(np.linalg.norm(path, axis=-1), 1)
    gap = np.linalg.norm(path[:, :, None] - path[:, None], axis=-1)
    gap[:, range(12), range(12)] = np.inf
    np.testing.assert_allclose(energy, (1/gap).sum((1, 2)))


# --- nothing is flat without a word ---------------------------------------------------------------


def flat(panel):
    """Labels of the curves that do not change by a hundredth of their panel."""
    for s in (s for s in panel.series if s.kind in ("line", "dashed", "marked") and s.label and len(s.y) > 4):
        y = s.y[np.isfinite(s.y)]
        low, high = panel.y_range or (y.min(), y.max())
        if panel.y_log:
            y, low, high = np.log(np.maximum(y, 1e-300)), np.log(low), np.log(high)
        if high > low and np.ptp(y) < .01*(high - low):
            yield s.label


@pytest.mark.parametrize("name", [name if name in ("widths", "growth", "nets", "spines") else
                                  pytest.param(name, marks=pytest.mark.slow) for name in EXPLORERS])
def test_a_flat_curve_is_explained(name):
    """In every state, or in a few thousand: where a curve is flat, its panel has a caption."""
    e = explore(name)
    values = [c.values[::max(1, len(c.values)//6)] if e.states > 400 else c.values for c in e.controls]
    for chosen in product(*values):
        view = e.view(**dict(zip(e.start, chosen, strict=True)))
        silent = [(panel.title, label) for panel in view.panels for label in flat(panel) if not panel.note]
        assert not silent, f"{chosen}: {silent}"


# --- a page has room for all of them --------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPLORERS)
def test_an_explorer_is_small(name):
    """At most sixty kilobytes as a page sends it."""
    import gzip
    assert len(gzip.compress(explore(name).to_html(script=False).encode())) < 60_000
