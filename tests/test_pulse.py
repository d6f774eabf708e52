"""Whoever has asked for progress hears again from work that has nothing new to say."""

import io
import time

import numpy as np
import pytest

from tensor_overparam import cli, decompose
from tensor_overparam.core import Move, pulse, run
from tensor_overparam.core.pulse import pulse as watched
from tensor_overparam.core.pulse import telling
from tensor_overparam.decomposition import answer
from tensor_overparam.sweeps import sweep
from tensor_overparam.tensors import gaussian

T = gaussian(8, 3, 3, rng=0)


def silence(times, start, end):
    """Return the longest time between two words."""
    return np.diff([start, *times, end]).max()


def test_words_come_while_nothing_is_heard():
    words = []
    with watched(words.append, every=0.1):
        time.sleep(0.55)
    assert 2 <= len(words) <= 5 and words == sorted(words) and words[0] >= 0.1
    with watched(words.append, every=30):
        time.sleep(0.05)
    assert len(words) <= 5
    with watched(None) as it:
        assert it is None


def test_news_and_words_are_never_told_at_once():
    inside, both = [], []

    def tell(thing):
        both.append(len(inside))
        inside.append(thing)
        time.sleep(0.03)
        inside.pop()

    with watched(tell, every=0.01) as it:
        new = telling(it, tell)
        for k in range(10):
            new(k)
            time.sleep(0.03)
    assert len(both) > 10 and not any(both)


def test_what_a_listener_raises_is_raised_where_the_work_is():
    class Enough(Exception):
        """Of the user's own."""

    def say(waited):
        raise Enough

    with pytest.raises(Enough), watched(say, every=0.01):
        time.sleep(0.2)


def test_decompose_tells_again_what_it_has(monkeypatch):
    """A stage that takes long, at the beginning, in the middle and at the end, is not silent."""
    monkeypatch.setattr(pulse, "EVERY", 0.05)

    def slow(function):
        def slowly(*args, **options):
            time.sleep(0.3)
            return function(*args, **options)
        return slowly

    for stage in ("compress", "certify"):
        monkeypatch.setattr(answer, stage, slow(getattr(answer, stage)))
    looks, quiet = [], []
    D = decompose(T, tell=lambda k: looks.append((time.monotonic(), k)))
    new = [k for _, k in looks if not k.waited]
    again = [k for _, k in looks if k.waited]
    assert D.rank == 3 and len(again) >= 4 and all(0.05 <= k.waited < 5 for k in again)
    assert len(looks[0][1].found.weights) == 0 and looks[0][1].waited  # before there is anything
    assert looks[-1][1].waited and len(looks[-1][1].found.weights) == 3 and new[-1].verdict == "exact"
    monkeypatch.setattr(pulse, "EVERY", 60)
    decompose(T, tell=quiet.append)
    assert [k.verdict for k in quiet] == [k.verdict for k in new] and not any(k.waited for k in quiet)


def test_an_answer_does_not_depend_on_who_listens(monkeypatch):
    monkeypatch.setattr(pulse, "EVERY", 0.001)
    X = gaussian(12, 14, 3, rng=1)
    told, alone = decompose(X, tell=lambda k: None), decompose(X)
    assert np.array_equal(told.vectors, alone.vectors) and np.array_equal(told.weights, alone.weights)


def test_bars_go_on_while_a_step_takes_long(monkeypatch, capsys):
    """The clock of a bar is drawn again: of a trainer, of a sweep in this process."""
    pytest.importorskip("tqdm")
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Point:
        x: float

    def step(p):
        time.sleep(0.3)
        return Move(Point(p.x / 2), 1.0, {"loss": p.x})

    def drawn(call):
        capsys.readouterr()
        call()
        return capsys.readouterr().err.count("\r")

    counts = []
    for every in (60, 0.05):
        monkeypatch.setattr(pulse, "EVERY", every)
        counts.append(
            (drawn(lambda: run(step, Point(1.0), steps=2, progress=True)),
             drawn(lambda: sweep(lasting, {"width": [1]}, [0, 1], ":memory:", progress=True)))
        )
    assert counts[1][0] > counts[0][0] and counts[1][1] > counts[0][1]


def lasting(width, seed):
    """Take a while."""
    time.sleep(0.4)
    return width + seed


class Terminal(io.StringIO):
    """Somebody reads it."""

    def isatty(self):
        """Say so."""
        return True


@pytest.mark.parametrize("asked", ["terminal", "-v", ""])
def test_the_command_line_says_that_it_is_at_work(asked, monkeypatch):
    """On standard error, where somebody is there to read it or has asked; nothing elsewhere."""
    commands = cli.main.__globals__
    monkeypatch.setitem(commands, "PATIENCE", 0.05)
    monkeypatch.setitem(commands["COMMANDS"], "check", lambda a, say: time.sleep(0.3))
    errors = Terminal() if asked == "terminal" else io.StringIO()
    monkeypatch.setattr("sys.stderr", errors)
    assert cli.main(["check", *["-v"] * (asked == "-v")]) == 0
    assert ("at work; nothing new for" in errors.getvalue()) == bool(asked)
