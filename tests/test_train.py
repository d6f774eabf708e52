"""The loop keeps its word: what is recorded, why it stops, what is saved, and that batches are many single runs."""

import json
import pickle
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensor_overparam.core.loop import Move, Run, State, Stop, as_numpy, iterate, join, run
from tensor_overparam.core.whole_file import whole_file

some = settings(deadline=None, max_examples=50, derandomize=True)


@dataclass(frozen=True)
class X:
    """A number, or one for each run."""
    x: Any


@dataclass(frozen=True)
class K:
    """A count."""
    k: int


def halve(p, rate=0.5):
    """Descend on x²/2; done when |x| < 1e-3. Elementwise, so that a batch does what each run does."""
    loss = 0.5 * p.x ** 2
    return Move(X(p.x - rate * p.x), rate, {"loss": loss}, loss < 0.5e-6)


def square(p):
    """Square x: overflows after a few steps from above 1, reaches zero from below."""
    return Move(X(p.x ** 2), 1.0, {"size": abs(p.x)}, abs(p.x) < 1e-3)


def counting(p):
    """Count steps, with an event at every fifth of them."""
    k = p.k
    return Move(K(k + 1), 0.1 * (1 + k), {"k": float(k)}, event=f"mark {k}" if k % 5 == 4 else "")


@some
@given(steps=st.integers(0, 40), every=st.one_of(st.none(), st.integers(1, 50)))
def test_records(steps, every):
    """Step 0, the last step, every `every`-th step and every event are recorded once, in order."""
    r = run(counting, K(0), steps=steps, every=every)
    marks = [k for k in range(steps + 1) if k % 5 == 4]
    expected = {0, steps, *range(0, steps + 1, every or 1), *marks}
    assert r.step.tolist() == sorted(expected)
    assert r.trace["k"].tolist() == sorted(expected)
    assert r.events == tuple((k, f"mark {k}") for k in marks)
    assert r.final.step == steps and r.final.params == K(steps) and r.stop is Stop.BUDGET


@some
@given(rates=st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_time_is_the_sum_of_the_learning_rates(rates):
    """Whatever the rates, time at a record is the sum of those used before it."""
    def step(p):
        return Move(K(p.k + 1), rates[p.k] if p.k < len(rates) else 0, {"k": float(p.k)})
    r = run(step, K(0), steps=len(rates), every=1)
    assert np.allclose(r.time, np.cumsum([0, *rates])) and r.final.time == r.time[-1]


def test_about_200_records():
    """Without `every` a long run keeps about 200 records."""
    assert 195 <= len(run(lambda p: counting(p)._replace(event=""), K(0), steps=9999).step) <= 210


def test_goal():
    """A run stops at the first point that has reached the goal, with that point."""
    r = run(halve, X(np.array(1.0)), steps=100, every=7)
    assert r.stop is Stop.GOAL and r.final.step == r.step[-1] == 10
    assert r.final.params.x == 0.5**10 and r.trace["loss"][-1] == 0.5 * 0.5**20


def test_goal_at_the_start_and_at_the_last_step():
    """A start that has reached the goal is not changed; a goal reached by the last step counts."""
    r = run(halve, X(np.array(1e-4)), steps=100)
    assert r.stop is Stop.GOAL and r.step.tolist() == [0] and r.final.params.x == 1e-4
    assert run(halve, X(np.array(1.0)), steps=10).stop is Stop.GOAL
    assert run(halve, X(np.array(1.0)), steps=9).stop is Stop.BUDGET


def test_divergence_keeps_the_last_finite_point():
    """Where numbers overflow, the point before is the final one, and no record is infinite."""
    r = run(square, X(np.array(1e10)), steps=100, every=2)
    assert r.stop is Stop.DIVERGED and r.final.step == 4 and np.isfinite(r.trace["size"]).all()
    assert np.isclose(r.final.params.x, 1e160) and r.final.time == 4 == r.time[-1] == r.step[-1]


def test_a_start_that_is_not_finite_is_refused():
    """Nothing can be kept of a run that begins with infinity."""
    for x in (np.nan, np.inf):
        with pytest.raises(ValueError, match="starting point"):
            run(square, X(np.array(x)), steps=3)
        with pytest.raises(ValueError, match="starting point"):
            run(square, X(np.array([1.0, x])), steps=3, batch=2)


def test_a_negative_number_of_steps_is_refused():
    """Fewer than no steps is a mistake, to be named as one."""
    with pytest.raises(ValueError, match="steps"):
        run(counting, K(0), steps=-1)


@pytest.mark.parametrize("batch", [None, 2])
@pytest.mark.parametrize("at", [1, 4, 6])
def test_ctrl_c_returns_what_there_is(at, batch):
    """An interrupted run ends where it stood, with a record of that point."""
    calls = []

    def step(p):
        if len(calls) == at:
            raise KeyboardInterrupt
        calls.append(1)
        return halve(p, 0.1)

    runs = run(step, X(np.ones(batch or ())), steps=100, every=3, batch=batch)
    for r in runs if batch else [runs]:
        assert r.stop is Stop.INTERRUPTED and r.final.step == r.step[-1] == at - 1
        assert np.isclose(r.final.params.x, 0.9 ** (at - 1))
        assert np.isclose(r.trace["loss"][-1], 0.5 * 0.81 ** (at - 1))
        assert r.step.tolist() == sorted({*range(0, at, 3), at - 1})


def test_ctrl_c_leaves_runs_that_have_ended_alone():
    """Only the runs of a batch that were still going are interrupted."""
    def step(p):
        if p.x[1] > 1e9:
            raise KeyboardInterrupt
        return square(p)

    good, cut = run(step, X(np.array([0.1, 2.0])), steps=100, every=1, batch=2)
    assert (good.stop, cut.stop) == (Stop.GOAL, Stop.INTERRUPTED)
    assert good.step.tolist() == [0, 1, 2] and cut.step.tolist() == [0, 1, 2, 3, 4]
    assert good.final.params.x == 0.1**2 * 0.1**2 and cut.final.params.x == 2.0**16


def test_ctrl_c_before_anything_happened_is_passed_on():
    """Where there is nothing to return, the interruption is raised."""
    def step(p):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(step, X(np.array(1.0)), steps=3)


def test_ctrl_c_during_the_first_record():
    """An interruption while the very first record is made is passed on too, not turned into another error."""
    def observer(state):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(halve, X(np.array(1.0)), steps=3, observe={"x": observer})


@pytest.mark.parametrize("library", ["numpy", "array_api_strict", "torch"])
def test_observers_cannot_change_a_run(library):
    """Observers get copies: what they do to them has no effect, and what they return is recorded."""
    xp = pytest.importorskip(library)
    start = X(xp.asarray([1.0, 2.0]))

    def step(p):
        return Move(X(p.x * 0.9), 0.1, {"loss": xp.sum(p.x ** 2)})

    def vandal(state):
        answer = xp.sum(state.params.x)
        state.params.x[0] = 1e9
        object.__setattr__(state.params, "x", None)
        return answer

    r = run(step, start, steps=5, every=1, observe={"sum": vandal})
    plain = run(step, start, steps=5, every=1)
    assert np.array_equal(as_numpy(r.final.params.x), as_numpy(plain.final.params.x))
    assert np.array_equal(r.trace["loss"], plain.trace["loss"])
    assert np.allclose(r.trace["sum"], 3 * 0.9 ** np.arange(6))
    assert np.array_equal(as_numpy(start.x), [1, 2])


def test_observers_cannot_change_what_was_measured():
    """The measurements that an observer sees are copies too."""
    def vandal(state):
        state.measured["loss"] = 7.0
        return 0.0

    r = run(halve, X(np.array(1.0)), steps=3, every=1, observe={"none": vandal})
    assert np.array_equal(r.trace["loss"], run(halve, X(np.array(1.0)), steps=3, every=1).trace["loss"])
    assert r.final.measured["loss"] != 7.0


def test_records_are_copies():
    """A step function that reuses its arrays does not rewrite the past."""
    x = np.ones(2)

    def step(p):
        x[:] = x * 0.5
        return Move(X(x), 1.0, {"x0": x[0], "all": x})

    r = run(step, X(x), steps=3, every=1)
    assert r.trace["x0"].tolist() == [0.5, 0.25, 0.125, 0.0625]
    assert r.trace["all"][:, 1].tolist() == [0.5, 0.25, 0.125, 0.0625]


def saved(tmp_path):
    """Return a run, the path where it was saved, and the run read back."""
    observe = {"pair": lambda state: np.stack([state.params.x] * 2)}
    config = {"seed": 3, "name": "halve", "list": [1, 2]}
    r = run(halve, X(np.array(1.0)), steps=8, observe=observe, config=config)
    path = tmp_path / "run.npz"
    r.save(path)
    return r, path, Run.load(path)


def test_a_saved_run_comes_back(tmp_path):
    """Everything but the functions survives the way to disk and back, bit by bit."""
    r, path, back = saved(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]
    assert np.array_equal(r.time, back.time) and np.array_equal(r.step, back.step)
    assert r.trace.keys() == back.trace.keys() and all(np.array_equal(r.trace[k], back.trace[k]) for k in r.trace)
    assert (r.events, r.stop, r.config) == (back.events, back.stop, back.config)
    assert (r.final.step, r.final.time, r.final.measured) == (back.final.step, back.final.time, back.final.measured)
    assert np.array_equal(r.final.params.x, back.final.params.x) and repr(r) == repr(back)
    assert run(halve, back.final.params, steps=2).final.params.x == 0.5**10


def test_events_and_other_libraries_are_saved(tmp_path):
    """Events come back as they were, PyTorch parameters as NumPy arrays."""
    r = run(counting, K(0), steps=12)
    r.save(tmp_path / "a.npz")
    assert Run.load(tmp_path / "a.npz").events == r.events != ()
    torch = pytest.importorskip("torch")
    run(lambda p: Move(p, 1.0, {"x": p.x[0]}), X(torch.ones(2)), steps=2).save(tmp_path / "b.npz")
    assert np.array_equal(Run.load(tmp_path / "b.npz").final.params.x, [1, 1])


def test_numpy_numbers_in_the_configuration_are_saved(tmp_path):
    """A configuration made of NumPy's integers and floats is as good as one of Python's."""
    config = {"steps": np.int64(2), "rate": np.float32(0.5), "sizes": np.arange(3)}
    run(halve, X(np.array(1.0)), steps=2, config=config).save(tmp_path / "run.npz")
    assert Run.load(tmp_path / "run.npz").config == {"steps": 2, "rate": 0.5, "sizes": [0, 1, 2]}


def test_load_refuses_other_files(tmp_path):
    """Pickles are not executed, and rubbish is refused in a sentence that names the file."""
    class Trap:
        def __reduce__(self):
            return (tmp_path.joinpath("executed").touch, ())

    files = {
        "pickle.npz": pickle.dumps(Trap()),
        "empty.npz": b"",
        "text.npz": b"hello",
        "cut.npz": saved(tmp_path)[1].read_bytes()[:-200],
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    np.savez(tmp_path / "other.npz", x=np.ones(2))
    np.savez(tmp_path / "objects.npz", about=np.array(Trap(), dtype=object))
    np.save(tmp_path / "array.npy", np.ones(2))
    np.savez(tmp_path / "json.npz", about=np.array(json.dumps({"step": 1})))
    for name in (*files, "other.npz", "objects.npz", "array.npy", "json.npz"):
        with pytest.raises(ValueError, match=f"{name}.*not a saved run"):
            Run.load(tmp_path / name)
    assert not (tmp_path / "executed").exists()
    with pytest.raises(FileNotFoundError):
        Run.load(tmp_path / "nowhere.npz")


@pytest.mark.parametrize("error", [OSError("no space left"), KeyboardInterrupt()])
def test_a_failing_save_leaves_the_old_file_whole(tmp_path, monkeypatch, error):
    """A save that breaks off in the middle, for whatever reason, leaves the old file and nothing else."""
    r, path, _ = saved(tmp_path)
    before = path.read_bytes()

    def half(file, **arrays):
        file.write(b"half of it")
        raise error

    monkeypatch.setattr(np, "savez", half)
    with pytest.raises(type(error)):
        r.save(path)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["run.npz"]


def test_a_file_appears_when_it_is_whole(tmp_path):
    """While a file is being written its name is free, and then it can be read by the same people as any other."""
    path = tmp_path / "file"
    with whole_file(path) as f:
        f.write(b"all")
        assert not path.exists()
    (tmp_path / "plain").write_bytes(b"all")
    assert path.read_bytes() == b"all" and path.stat().st_mode == (tmp_path / "plain").stat().st_mode


def same(a, b):
    """Assert that two runs are equal, bit by bit."""
    assert (a.stop, a.events, a.config) == (b.stop, b.events, b.config)
    assert (a.final.step, a.final.time) == (b.final.step, b.final.time)
    assert np.array_equal(a.step, b.step) and np.array_equal(a.time, b.time)
    for x, y in ((a.trace, b.trace), (a.final.measured, b.final.measured),
                 (vars(a.final.params), vars(b.final.params))):
        assert x.keys() == y.keys() and all(np.array_equal(x[k], y[k]) for k in x)


STARTS = st.lists(st.sampled_from([1e-4, 0.3, 0.9, 1.0, 1.1, 5.0, 1e10]), min_size=1, max_size=5)


@some
@given(starts=STARTS, every=st.integers(1, 7))
@pytest.mark.parametrize("library", ["numpy", "array_api_strict", "torch"])
def test_each_run_of_a_batch_equals_the_run_alone(library, starts, every):
    """Whether it reaches its goal, diverges or uses up its steps, a run does not notice its neighbours."""
    xp = pytest.importorskip(library)
    observe = {"twice": lambda s: 2 * s.params.x}
    def new(x):
        return X(xp.asarray(x, dtype=xp.float64))
    together = run(square, new(starts), steps=9, every=every, batch=len(starts), observe=observe)
    alone = [run(square, new(x), steps=9, every=every, observe=observe) for x in starts]
    assert [r.stop for r in together] == [r.stop for r in alone]
    for a, b in zip(together, alone, strict=True):
        same(a, b)


def test_a_batch_of_one_is_a_list_of_one():
    """A leading dimension of length one is still a batch."""
    (r,) = run(halve, X(np.array([1.0])), steps=20, batch=1)
    same(r, run(halve, X(np.array(1.0)), steps=20))


def test_iterate_streams_states_and_leaves_the_start_alone():
    """States come one by one, the last says why, and the parameters handed in are not changed."""
    start = X(np.array(1.0))
    states = list(iterate(halve, start, steps=3))
    assert [s.step for s in states] == [0, 1, 2, 3] and all(isinstance(s, State) for s in states)
    assert [s.stop for s in states] == [None, None, None, Stop.BUDGET]
    assert start.x == 1.0 and states[0].params.x == 1.0
    with pytest.raises(AttributeError):
        states[0].step = 7


@pytest.mark.parametrize(("params", "steps"), [(X(np.array(1.0)), -1), (X(np.array(1.0)), 2.5), ({"x": 1.0}, 3)])
def test_iterate_refuses_at_the_call(params, steps):
    """Not when somebody asks for the first state."""
    with pytest.raises(ValueError, match="expected"):
        iterate(halve, params, steps=steps)


@pytest.mark.parametrize("start", [{"x": 1.0}, 1.0, None, X])
def test_parameters_are_a_dataclass(start):
    """Anything else is refused in a sentence."""
    with pytest.raises(ValueError, match="expected a frozen dataclass of arrays"):
        run(halve, start, steps=3)


def test_going_on_from_a_state_is_the_same_run():
    """Two halves, joined, are the whole."""
    whole = run(counting, K(0), steps=20, every=3)
    first = run(counting, K(0), steps=12, every=3)
    second = run(counting, first.final.params, steps=8, every=3)
    both = join(first, second)
    assert np.array_equal(both.step, whole.step) and np.allclose(both.time, whole.time)
    assert all(np.array_equal(both.trace[k], whole.trace[k]) for k in whole.trace)
    assert both.final.step == 20 and both.final.params == whole.final.params and both.events == whole.events


def test_runs_show_themselves():
    """Text and HTML say how long the run was, what it measured and why it stopped."""
    r = run(halve, X(np.array(1.0)), steps=100)
    assert "10 steps" in repr(r) and "loss=4.768e-07" in repr(r) and Stop.GOAL.value in repr(r)
    assert "<b>10</b>" in r._repr_html_() and "loss" in r._repr_html_()


@pytest.mark.parametrize("batch", [None, 2])
def test_progress_bar(batch, capsys):
    """The bar draws itself and changes nothing."""
    pytest.importorskip("tqdm")
    plain = run(halve, X(np.ones(batch or ())), steps=9, batch=batch)
    shown = run(halve, X(np.ones(batch or ())), steps=9, batch=batch, progress=True)
    assert "9" in capsys.readouterr().err
    for a, b in zip(plain, shown, strict=True) if batch else [(plain, shown)]:
        same(a, b)
