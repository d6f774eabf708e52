"""Explorers: their numbers, their static table, and the live conversation without a browser."""

import inspect
import json
import os
import re
import subprocess
import sys
import time
from html.parser import HTMLParser
from itertools import product
from threading import Event

import numpy as np
import pytest

from tensor_overparam import lazy_fit, lazy_width
from tensor_overparam.descent.deflation import component_mass, deflation_flow
from tensor_overparam.descent.modified import modified_gd
from tensor_overparam.descent.objective import relative_error
from tensor_overparam.descent.vanilla import gradient_descent
from tensor_overparam.explorers import catalogue, views
from tensor_overparam.explorers import nets as explorers_nets
from tensor_overparam.explorers import tensors as explorers_tensors
from tensor_overparam.explorers.catalogue import EXPLORERS, denoised, phase
from tensor_overparam.explorers.explorer import Desk, explore, labels, loader, page, script
from tensor_overparam.explorers.tensors import FAN, FRAME
from tensor_overparam.explorers.views import (
    COLORS,
    Field,
    Panel,
    Series,
    Table,
    View,
    as_message,
    as_plain,
    decoded,
    png,
)
from tensor_overparam.implicit_bias.optimisers import descend, gaussian_regression
from tensor_overparam.nets.limits import nt_limit, rf_limit, spectrum
from tensor_overparam.nets.quadratic import nn_risk
from tensor_overparam.rotation.training import energy_curve
from tensor_overparam.tensors import gaussian
from tensor_overparam.tensors.problems import orthogonal
from tensor_overparam.tensors.targets import Factored


def wave(
    a=1.,  # amplitude A
    n=2,   # number of waves
    kind="sine",
):
    "A wave, for tests."
    if n < 0:
        raise ValueError(f"n is {n}; expected a number of at least 0")
    t = np.linspace(0, 1, 11)
    y = a*{"sine": np.sin, "cosine": np.cos}[kind](2*np.pi*n*t)
    return View((Panel("wave", "t", "y", (Series(t, y, "wave"),)),), f"{kind} {a} {n}")


KNOBS = dict(a=(1., 2.), n=range(4), kind=("sine", "cosine"))


def arrays(view):
    found = []
    as_plain(view, lambda a: found.append(np.asarray(a)))
    return found


def series(view, label):
    return next(s for p in view.panels for s in p.series if s.label == label)


# --- views ----------------------------------------------------------------------------------------


def test_series_and_fields_say_what_is_wrong():
    with pytest.raises(ValueError, match="2 positions and 3 heights"):
        Series([1, 2], [1, 2, 3], "x")
    with pytest.raises(ValueError, match="expected kinds"):
        Series([1], [1], kind="curvy")
    with pytest.raises(ValueError, match="expected kinds"):
        Series([1], [1], color="mauve")
    with pytest.raises(ValueError, match="real numbers"):
        Series(["a"], [1])
    with pytest.raises(ValueError, match=r"expected \(2, 3\)"):
        Field([1, 2, 3], [1, 2], np.zeros((3, 2)))
    with pytest.raises(ValueError, match="expected a tuple"):
        View(("panel",))


@pytest.mark.parametrize("kind", views.MARKS)
def test_every_mark_is_drawn_and_known_to_the_script(kind):
    empty, guide = View((Panel("p", "x", "y"),)), kind in ("vertical", "horizontal")
    s = Series([.2, .4] if kind != "horizontal" else [], [.1, .5] if kind != "vertical" else [], "label", kind)
    assert png(View((Panel("p", "x", "y", (s,)),))) != png(empty)
    assert f'"{kind}"' in script() or kind == "points" and not guide


def test_colours_of_the_script_are_those_of_the_still_picture():
    for name, color in COLORS.items():
        assert re.search(rf'\b{name}: \["{color}"', script())


def test_message_has_no_infinity():
    view = View((Panel("p", "x", "y", (Series([1, 2, 3], [np.nan, np.inf, 1/3]),)),))
    message = as_message(view)
    json.dumps(message, allow_nan=False)
    assert message["panels"][0]["series"][0]["y"] == [None, None, .333333]


def test_table_shares_arrays():
    table, t = Table(), np.arange(5.)
    for k in range(3):
        table.add(View((Panel("p", "x", "y", (Series(t, k*t), Series(t, t**2))),), str(k)))
    content = table.content()
    assert len(content["lengths"]) == 4 and len(content["forms"]) == 1
    for k in range(3):
        for got, want in zip(decoded(content, k), (t, k*t, t, t**2), strict=True):
            assert np.array_equal(got, want)


# --- explore --------------------------------------------------------------------------------------


def test_explorer_of_a_function():
    e = explore(wave, **KNOBS)
    assert [c.label for c in e.controls] == ["amplitude A", "number of waves", "kind"]
    assert e.states == 16 and e.start == {"a": 1., "n": 2, "kind": "sine"} and e.about == "A wave, for tests."
    assert "16 states" in repr(e)
    assert e.view(n=3).text == "sine 1.0 3" and explore(wave, a=(1., 2.), kind="cosine").view().text == "cosine 1.0 2"


def test_labels_need_a_source():
    assert labels(eval("lambda a=1: a", {"__name__": "nowhere"})) == {}
    assert labels(wave) == {"a": "amplitude A", "n": "number of waves"}


@pytest.mark.parametrize("what, ranges, words", [
    ("lazy-modifed", {}, "did you mean lazy-modified"), ("xyz", {}, "lazy-modified, growth"), (3, {}, "type int"),
    (wave, dict(b=(1, 2)), "no parameter b"), (wave, dict(a=()), "no values"), (lambda q: q, {}, "q has no default")])
def test_explore_refuses(what, ranges, words):
    with pytest.raises(ValueError, match=words):
        explore(what, **ranges)


@pytest.mark.parametrize("values, words", [
    (dict(n="many"), "expected a number, such as 2"), (dict(n=1.5), "a whole number"),
    (dict(a="inf"), "a finite number"), (dict(kind="saw"), "one of sine, cosine"), (dict(m=1), "no knob m"),
    (dict(n=-1), "at least 0")])
def test_values_are_refused_in_a_sentence(values, words):
    with pytest.raises(ValueError, match=words):
        explore(wave, **KNOBS).view(**values)


def test_only_views():
    with pytest.raises(ValueError, match="made a int"):
        explore(lambda a=1: a, a=(1, 2)).view()


def test_too_many_states_and_too_many_numbers():
    with pytest.raises(ValueError, match="3000 states.*give a fewer"):
        explore(wave, a=np.arange(3000.)).to_html()

    def noise(seed=0):
        x = np.random.default_rng(seed).normal(size=5000)
        return View((Panel("p", "x", "y", (Series(x, x),)),))

    with pytest.raises(ValueError, match="larger than 2 MB after .*give seed fewer"):
        explore(noise, seed=range(200)).to_html()


# --- static ---------------------------------------------------------------------------------------


class Reader(HTMLParser):
    "Collects the explorers, the scripts and whatever asks for another address."

    def __init__(self, text):
        super().__init__()
        self.tables, self.scripts, self.links, self.open, self.kind = [], [], [], [], None
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag != "meta":
            self.open.append(tag)
        self.links += [v for k, v in attrs.items() if k in ("src", "href")]
        self.kind = attrs.get("type", "code") if tag == "script" else None

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        self.kind = None

    def handle_data(self, data):
        if self.kind == "application/json":
            self.tables.append(json.loads(data))
        elif self.kind:
            self.scripts.append(data)


@pytest.mark.parametrize("make", [lambda: explore(wave, **KNOBS), lambda: explore("nets", rho=(.2, .5, 1.)),
                                  lambda: explore("rotation", method=("cayley", "free"))])
def test_fragment_holds_every_state(make):
    e = make()
    read = Reader(e.to_html())
    (table,), (code,) = read.tables, read.scripts
    assert "tensorExplorer" in code and not read.links and "</script" not in code and "fetch(" not in code
    assert [c["name"] for c in table["controls"]] == list(e.start)
    for k, values in enumerate(product(*(c.values for c in e.controls))):
        view = e.view(**dict(zip(e.start, values, strict=True)))
        assert table["states"][k][1] == view.text
        for got, want in zip(decoded(table, k), arrays(view), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-30)


def test_one_script_for_a_page():
    e = explore(wave, **KNOBS)
    read = Reader(page(e, e, explore(wave, a=(1., 2.)), title="A & B"))
    assert len(read.tables) == 3 and sum("function tensorExplorer" in s for s in read.scripts) == 1
    assert e.to_html(script=False) + "" == e.to_html(script=False) and not read.links
    assert loader().startswith("if (!window.tensorExplorer)")


def test_text_cannot_end_the_script():
    def rude(a=1): return View((Panel("</script><b>", "<!--", "y", (Series([1], [1], "</script>"),)),), "</script>")
    e = explore(rude, a=(1, 2))
    (table,) = Reader(e.to_html()).tables
    assert table["states"][0][1] == "</script>" and table["forms"][0]["panels"][0]["x_label"] == "<!--"


def test_static_and_live_faces(monkeypatch):
    pytest.importorskip("anywidget")
    monkeypatch.setenv("TENSOR_OVERPARAM_STATIC", "1")
    data, about = explore(wave, **KNOBS)._repr_mimebundle_()
    assert {"text/html", "image/png", "text/plain"} == data.keys() and "sine 1.0 2" in about["image/png"]["alt"]
    monkeypatch.delenv("TENSOR_OVERPARAM_STATIC")
    data, about = explore(wave, **KNOBS)._repr_mimebundle_()
    assert {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"} == data.keys()


def test_without_anywidget_the_still_picture_is_shown(monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    data, about = explore(wave, **KNOBS)._repr_mimebundle_()
    assert data.keys() == {"text/plain", "image/png", "text/html"}
    assert "pip install 'tensor_overparam[tutorials]'" in data["text/html"] and data["image/png"] in data["text/html"]
    assert 'alt="' in data["text/html"] and about["image/png"]["alt"]
    with pytest.raises(ImportError, match="tutorials"):
        explore(wave, **KNOBS).widget()


# --- live -----------------------------------------------------------------------------------------


def finish(desk, seconds=20):
    "Wait until a desk has nothing to do."
    end = time.monotonic() + seconds
    while desk.thread is not None:
        assert time.monotonic() < end, "the desk is still at work"
        time.sleep(.005)


def conversation(explorer):
    heard = []
    return Desk(explorer, heard.append), heard


def test_request_is_answered():
    desk, heard = conversation(explore(wave, **KNOBS))
    desk.receive(dict(type="request", id="x.1", values=dict(a="1.5", n=3, kind="cosine")))
    finish(desk)
    assert [(m["type"], m["done"], m["id"]) for m in heard] == [("view", False, "x.1"), ("view", True, "x.1")]
    assert heard[-1]["view"] == as_message(wave(1.5, 3, "cosine"))


@pytest.mark.parametrize("values, words", [(dict(n="many"), "n is 'many'; expected a number"), (dict(n=-3), "n is -3"),
                                           (dict(q=1), "no knob q")])
def test_bad_value_is_answered_politely(values, words):
    desk, heard = conversation(explore(wave, **KNOBS))
    desk.receive(dict(type="request", id=1, values=values))
    finish(desk)
    (message,) = heard
    assert message["type"] == "error" and words in message["text"] and "Traceback" not in message["text"]
    desk.receive(dict(type="request", id=2, values={}))
    finish(desk)
    assert heard[-1]["done"]


def test_any_failure_is_a_sentence():
    def broken(a=1): raise ZeroDivisionError("a is too round")
    desk, heard = conversation(explore(broken, a=(1, 2)))
    desk.receive(dict(type="request", id=1))
    finish(desk)
    assert heard[0]["type"] == "error" and "a is too round" in heard[0]["text"]
    desk.receive("nonsense")
    desk.receive(dict(type="dance"))


def slow_explorer():
    "A run of 50 views, each of which waits for leave; and the list of those that were made."
    leave, made = Event(), []

    def slow(a=1):
        for k in range(50):
            made.append((a, k))
            yield View((), f"{a} {k}", (k + 1)/50)
            if a == 1:
                leave.wait(10)

    return explore(slow, a=(1, 2)), leave, made


def test_newer_request_supersedes():
    e, leave, made = slow_explorer()
    desk, heard = conversation(e)
    desk.receive(dict(type="request", id=1, values=dict(a=1)))
    while not heard:
        time.sleep(.001)
    desk.receive(dict(type="request", id=2, values=dict(a=2)))
    leave.set()
    finish(desk)
    first = [m for m in heard if m["id"] == 1]
    assert len(first) == 1 and not first[0]["done"] and first[0]["view"]["progress"] == .02
    assert len([k for a, k in made if a == 1]) <= 2
    assert heard[-1]["id"] == 2 and heard[-1]["done"] and heard[-1]["view"]["text"] == "2 49"


def test_cancel_stops_half_way():
    e, leave, made = slow_explorer()
    desk, heard = conversation(e)
    desk.receive(dict(type="request", id=1, values=dict(a=1)))
    while not heard:
        time.sleep(.001)
    desk.receive(dict(type="cancel", id=1))
    leave.set()
    finish(desk)
    assert [m["type"] for m in heard] == ["view", "cancelled"] and len(made) <= 2
    desk.receive(dict(type="request", id=2, values=dict(a=2)))
    finish(desk)
    assert heard[-1]["done"]


def test_widget_is_wired_to_a_desk():
    pytest.importorskip("anywidget")
    widget, sent = explore(wave, **KNOBS).widget(), []
    widget.send = sent.append
    assert "export default" in widget._esm and widget.spec["controls"][2]["values"] == ["sine", "cosine"]
    widget._handle_custom_msg(dict(type="request", id=1, values={}), [])
    assert isinstance(json.dumps(widget.spec), str)


def test_core_imports_no_widgets():
    code = "import sys, tensor_overparam, tensor_overparam.explorers.explorer; print(*sys.modules)"
    env = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env).stdout
    assert not {"ipywidgets", "anywidget", "IPython", "matplotlib"} & set(loaded.split())


# --- the catalogue: numbers computed again --------------------------------------------------------


@pytest.mark.parametrize("name", EXPLORERS)
def test_catalogue_is_complete(name):
    e = explore(name)
    assert e.states <= 300 and e.title and e.about.endswith(".")
    parameters = inspect.signature(e.function).parameters
    assert {c.name for c in e.controls} <= labels(e.function).keys() <= parameters.keys()
    for c in e.controls:
        assert parameters[c.name].default in c.values


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPLORERS)
def test_every_state_is_finite(name):
    e = explore(name)
    table = Reader(e.to_html(script=False)).tables[0]
    assert len(table["states"]) == e.states and len(set(map(str, table["states"]))) > .5*e.states
    lacks = sum(not np.isfinite(a).all() for k in range(e.states) for a in decoded(table, k))
    allowed = {"nets", "optimisers"}  # bars that belong to the other colour; runs that diverge
    assert lacks == 0 or name in allowed
    if name == "optimisers":
        assert lacks <= 12


def test_lazy_modified():
    view = explore("lazy-modified").view(dim=6, order=3, m=4)
    T = gaussian(6, 3, 3, rng=0)
    lazy, modified = series(view, "best lazy fit"), series(view, "modified descent")
    want = np.median([lazy_fit(T, 4, rng=s).unexplained**.5 for s in range(3)])
    assert lazy.y[list(lazy.x).index(4)] == pytest.approx(want)
    want = np.median([modified_gd(T, 4, rng=s, epochs=20, finish=1).relative_error for s in range(3)])
    assert modified.y[list(modified.x).index(4)] == pytest.approx(want, rel=1e-3, abs=1e-8)
    needed = lazy_width(6, 3)
    assert lazy.y[list(lazy.x).index(needed)] < 1e-4 < 1e-2 < lazy.y[list(lazy.x).index(needed - 1)]
    wide = explorers_tensors.error_left("lazy", 60, 3, 100)
    assert np.isnan(wide)


@pytest.mark.parametrize("values", [dict(dim=10**9), dict(m=10**6), dict(dim=-5), dict(order="1e300")])
def test_what_is_typed_by_mistake_is_refused_before_work(values, monkeypatch):
    """A dimension of a billion: a sentence at once, with what may be typed; a little beyond the slider is fine."""
    e = explore("lazy-modified")
    monkeypatch.setattr(explorers_tensors, "lazy_fit", lambda *a, **k: pytest.fail("it was begun"))
    with pytest.raises(ValueError, match="expected a number from"):
        e.view(**values)
    (dim, *_) = e.controls
    assert dim.read("9") == 9 and dim.reach == (-4, 16)


def test_a_new_wish_takes_the_old_message_away():
    assert 'number++; page.complain("");' in script()


def test_growth():
    view = explore("growth").view(delta=.05, cosine=.5, order=3)
    T, start = Factored(1., np.eye(1, 2), 3), np.array([[.5, .75**.5]])
    fit = gradient_descent(T, 1, init=Factored([.05], .05*start, 3), learning_rate=.02, steps=40_000, tol=.02, every=1,
                           observe={"size": lambda s: s.params.w[0]*np.linalg.norm(s.params.C)**3})
    half = fit.run.time[np.argmax(fit.run.trace["size"] > .5)]
    assert series(view, "here").y[1] == pytest.approx(half, rel=.01)
    t, size = series(view, "2-homogeneous: size").x, series(view, "2-homogeneous: size").y
    assert np.interp(.5, size, t) == pytest.approx(series(view, "here").y[0], rel=.03)
    assert explorers_tensors._growth("modified", .05, .5, 3)[-1] == pytest.approx(series(view, "here").y[0], rel=.03)
    with pytest.raises(ValueError, match="between 0 and 1"):
        explore("growth").view(delta=-.1)


def test_deflation():
    *on_the_way, view = explore("deflation").stream(time=6., delta=1e-3)
    a = 1.2**-np.arange(5)
    T = orthogonal(10, 5, 4, a, rng=0)
    run = deflation_flow(T, 50, time=6., init_scale=1e-3, penalty=.01, rng=0, learning_rate=.01, every=100, observe={
        "mass": lambda s: component_mass(s.params.C, T.vectors, 4)}).run
    for k in range(5):
        s = series(view, f"e{k + 1}")
        assert np.interp(6., s.x, s.y) == pytest.approx(run.trace["mass"][-1, k], rel=1e-6)
    assert sum("4 of 5" in v.text or "3 of 5" in v.text for v in [view]) == 1


def test_stuck():
    for spread, trapped in ((10, True), (60, False)):
        view = explore("stuck").view(angle=20, spread=spread)
        phi = np.radians([20 - spread, 20, 20 + spread])
        start = Factored(np.full(3, .5*.75), .8*np.stack([np.cos(phi), np.sin(phi)], 1), 3)
        fit = gradient_descent(FRAME, 3, init=start, learning_rate=FAN["rate"], steps=FAN["steps"], tol=FAN["tol"])
        end = view.panels[1].series[0].y[-1]
        assert end == pytest.approx(fit.relative_error, abs=2e-3) and (abs(end - .75**.5) < .01) == trapped
    field = view.panels[2].field
    assert field.z[list(field.y).index(60), list(field.x).index(20)] == end
    off_grid = explore("stuck").view(angle=21, spread=11)
    assert "in the trap" in off_grid.text
    assert set(map(explorers_tensors.ending, np.unique(field.z))) == {
        "finds the target", "is in the trap", "is in the swamp", "is elsewhere"}
    errors = [series(explore("stuck").view(angle=a, spread=s), "vanilla").y for a, s in ((20, 10), (30, 50), (0, 100))]
    assert all(np.all(np.diff(e) < 1e-12) for e in errors), "small steps: the error never rises, as for the flow"


@pytest.mark.parametrize("levels", [(.1,), pytest.param(catalogue.LEVELS, marks=pytest.mark.slow)], ids=["one", "all"])
def test_noise(levels, monkeypatch):
    monkeypatch.setattr(catalogue, "LEVELS", levels)
    view = explore("noise").view(level=.1, rank=3)
    truth, found, error, oracle = denoised(.1, 3, 3)
    assert found.rank == 3 and error == relative_error(truth, found.target) and error == pytest.approx(oracle, rel=.02)
    assert relative_error(truth, found.target) < .1
    s = series(view, "decompose, rank not told")
    assert tuple(s.x) == levels and s.y[list(s.x).index(.1)] == error
    assert "found: 3" in [x.label for x in view.panels[1].series]


def test_nets():
    B = np.diag(spectrum("exponential", 40))
    view = explore("nets").view(kind="exponential", rho=.5)
    rf, nt, nn = view.panels[0].series[3].y
    for got, risk in ((rf, rf_limit), (nt, nt_limit), (nn, nn_risk)):
        assert got == pytest.approx(risk(B, 20, normalised=True))
    assert np.sum(np.isfinite(series(view, "learned by NN").y)) == 20


def test_optimisers():
    view = explore("optimisers").view(methods="gd, adam", n=30, rate=1.)
    X, y, _ = gaussian_regression(30)
    for k, name in enumerate(("gd", "adam")):
        fit = descend(X, y, name, steps=600, every=600)
        inside, outside = (panel.series[k] for panel in view.panels)
        assert inside.label == outside.label == name
        assert outside.y[-1] == pytest.approx(fit.out_of_span, abs=1e-9)
        assert inside.y[-1] == pytest.approx(fit.in_span, rel=1e-3)
    assert view.panels[1].note.startswith("gd: zero")
    assert "gd diverges" in explorers_nets.optimiser_paths("gd", 30, 3.).text
    with pytest.raises(ValueError, match="expected one of gd"):
        explorers_nets.optimiser_paths("sgd")
    with pytest.raises(ValueError, match="at most 6"):
        explorers_nets.optimiser_paths("gd, gd, gd, gd, gd, gd, gd")


def test_rotation():
    view = explore("rotation").view(method="linear", s=2.)
    run = energy_curve("linear", 2., steps=300, every=300)
    assert series(view, "linear").y[-1] == pytest.approx(run.trace["energy"][-1]/run.trace["energy"][0])
    assert "constant to 1e-12" in explore("rotation").view(method="householder", s=1.).text


def test_phase_reads_a_table(tmp_path):
    file = tmp_path/"penalty.csv"
    lines = ["order,dim,penalty,width,successes,trials"]
    lines += [f"4,20,{x},{m},{min(10, m + k)},10" for m in (4, 8) for k, x in enumerate((0., .1, 1.))]
    file.write_text("\n".join(lines) + "\n")
    view = explore("phase", file=str(file), column=(1, 2, 3), algorithm="none").view(column=2)
    assert view.panels[0].field.z.tolist() == [[.4, .5, .6], [.8, .9, 1.]]
    assert view.panels[1].series[0].y.tolist() == [.5, .9] and "m = 8 is enough" in view.text
    assert view.panels[0].field.notes[0] == "4 of 10 runs"
    file.write_text("a,b\n1,2\n")
    from tensor_overparam.explorers.catalogue import read_diagram
    read_diagram.cache_clear()
    with pytest.raises(ValueError, match="not the table of a phase diagram"):
        phase(file=str(file))


@pytest.mark.slow
def test_phase_computes_what_success_does():
    from tensor_overparam.sweeps.diagrams import success
    field = phase("als", 3).panels[0].field
    rows = success("als", 3, 6, 3, 4, epochs=10, seeds=range(8))
    assert field.z[list(field.y).index(4), list(field.x).index(3)] == np.mean([row["success"] for row in rows])


# --- a real kernel --------------------------------------------------------------------------------

CELL = """
import time
from tensor_overparam.explorers.views import View
from tensor_overparam.explorers.explorer import explore
def slow(n=3, wait=0.):
    if n < 0: raise ValueError(f"n is {n}; expected at least 0")
    for k in range(n):
        time.sleep(wait)
        yield View((), f"{k + 1} of {n}", (k + 1)/n)
explore(slow, n=range(1, 101), wait=(0., .2))
"""


@pytest.mark.slow
def test_conversation_with_a_kernel():
    pytest.importorskip("anywidget")
    manager = pytest.importorskip("jupyter_client.manager")
    env = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    env.pop("TENSOR_OVERPARAM_STATIC", None)
    kernel, client = manager.start_new_kernel(kernel_name="python3", env=env)
    try:
        heard = []
        client.execute_interactive(CELL, output_hook=heard.append, timeout=60)
        (shown,) = [m["content"]["data"] for m in heard if m["msg_type"] in ("execute_result", "display_data")]
        assert {"application/vnd.jupyter.widget-view+json", "image/png"} <= shown.keys()
        comm = shown["application/vnd.jupyter.widget-view+json"]["model_id"]

        def ask(**message):
            data = {"method": "custom", "content": message}
            client.shell_channel.send(client.session.msg("comm_msg", {"comm_id": comm, "data": data}))

        def next_answer():
            while True:
                m = client.get_iopub_msg(timeout=30)
                assert m["msg_type"] not in ("stream", "error"), m["content"]
                if m["msg_type"] == "comm_msg" and m["content"]["data"]["method"] == "custom":
                    return m["content"]["data"]["content"]

        ask(type="request", id="a", values=dict(n=2, wait=0))
        answers = [next_answer() for _ in range(3)]
        assert [a["view"]["text"] for a in answers] == ["1 of 2", "2 of 2", "2 of 2"] and answers[-1]["done"]
        ask(type="request", id="b", values=dict(n="-1"))
        assert next_answer() == dict(type="error", id="b", text="n is -1; expected at least 0")
        ask(type="request", id="c", values=dict(n=100, wait=".1"))
        assert next_answer()["view"]["text"] == "1 of 100"
        ask(type="cancel", id="c")
        while (answer := next_answer())["type"] == "view":
            assert not answer["done"]
        assert answer == dict(type="cancelled", id="c")
    finally:
        client.stop_channels()
        kernel.shutdown_kernel(now=True)


# --- work that does not look up -------------------------------------------------------------------


def deaf_explorer():
    "Work in a loop that never yields, and takes what it can for an answer; and a quick one beside it."
    begun, ended = Event(), []

    def deaf(a=1):
        if a == 1:
            try:
                while True:
                    try:
                        begun.set()
                        np.linalg.norm(np.ones(100))
                    except Exception:  # noqa: S112  what is raised to end it is no Exception
                        continue
            finally:
                ended.append(a)
        yield View((), f"a is {a}")

    return explore(deaf, a=(1, 2)), begun, ended


@pytest.mark.parametrize("how", ["cancel", "request"])
def test_work_that_does_not_look_up_is_ended(how):
    """By Cancel and by a newer wish: in the middle of its loop, without a word, and the desk goes on."""
    e, begun, ended = deaf_explorer()
    desk, heard = conversation(e)
    desk.receive(dict(type="request", id=1, values=dict(a=1)))
    assert begun.wait(10)
    desk.receive(dict(type=how, id=2, values=dict(a=2)))
    finish(desk)
    assert ended == [1] and desk.working is None
    assert [m["type"] for m in heard] == (["cancelled"] if how == "cancel" else ["view", "view"])
    desk.receive(dict(type="request", id=3, values=dict(a=2)))
    finish(desk)
    assert heard[-1] == heard[-1] | dict(id=3, done=True) and heard[-1]["view"]["text"] == "a is 2"


def test_a_hundred_wishes_in_a_row_leave_nothing_behind():
    """However soon a wish is overtaken: the last one is answered, and the threads of the library are as before."""
    from tensor_overparam.tensors import threads
    before = threads._allowed
    e, _, ended = deaf_explorer()
    desk, heard = conversation(e)
    for k in range(100):
        desk.receive(dict(type="request", id=k, values=dict(a=1)))
        if k % 7 == 0:
            time.sleep(.002)
        if k % 5 == 0:
            desk.receive(dict(type="cancel", id=k))
    desk.receive(dict(type="request", id="last", values=dict(a=2)))
    finish(desk)
    assert heard[-1] == heard[-1] | dict(id="last", done=True) and not any(m["type"] == "error" for m in heard)
    assert threads._allowed == before and set(ended) <= {1}


def test_what_cannot_be_waited_for_is_refused_before_work():
    """A number typed by mistake, in any knob of any explorer: within a moment, and nothing is computed."""
    for name, entry in EXPLORERS.items():
        e = explore(name)
        desk, heard = conversation(e)
        for c in (c for c in e.controls if c.numeric):
            start = time.perf_counter()
            desk.receive(dict(type="request", id=c.name, values={c.name: 10**9}))
            finish(desk)
            assert heard[-1]["type"] == "error" and "expected a number from" in heard[-1]["text"], entry.title
            assert time.perf_counter() - start < 5
