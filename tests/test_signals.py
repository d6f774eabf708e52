"""Pressed and killed: a few moments each of what `tests/fuzz/interrupts.py` and `tests/fuzz/kills.py` do at length."""

import importlib.util
import os
import signal
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="looks at processes in /proc")


def program(name):
    """Load one of the programs in tests/fuzz."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / "fuzz" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


interrupts, kills = program("interrupts"), program("kills")


@pytest.mark.parametrize("words, moment", [
    ("check --quick", 0.02), ("check --quick", 1.0), ("phase --quick --workers 2", 1.2)])  # fmt: skip
def test_ctrl_c_ends_a_command_cleanly(words, moment, tmp_path):
    """While modules are loaded, at work, with workers: exit code 130 or through, no traceback, no half file."""
    _, faults, _ = interrupts.pressed(words, moment, tmp_path)
    assert not faults


@pytest.mark.parametrize("text, said", [
    ("print('up', flush=True); import time; time.sleep(30)", "Traceback"),
    ("print('up', flush=True); import signal, time, sys; signal.signal(2, lambda *_: sys.exit(3)); time.sleep(30)",
     "exit code 3")])  # fmt: skip
def test_the_presses_see_what_they_are_for(text, said, tmp_path, monkeypatch):
    """A traceback and another exit code are faults, and so is a file that breaks off."""
    monkeypatch.setattr(interrupts, "PROGRAM", text)
    (tmp_path / "old").write_text("")
    _, (fault, *_), _ = interrupts.pressed("check --list", 0.5, tmp_path)
    assert said in fault
    (tmp_path / "half.json").write_text('{"a": 1')
    (tmp_path / ".draft-x").write_text("")
    assert len(list(interrupts.files_at_fault(tmp_path, {tmp_path / n for n in ("T.npy", "hard.npy", "X.csv")}))) == 2


@pytest.mark.parametrize("kind", ["here", "spawn"])
def test_a_killed_sweep_loses_nothing(kind, tmp_path):
    """Two kills of the parent: what was stored stays, once, and no worker is left."""
    assert kills.killed(kind, 2, 0, tmp_path) == (0, 0, 0)


def test_orphans_are_seen(tmp_path, monkeypatch):
    """A process that stays in the session is counted, and ended."""
    monkeypatch.setattr(kills, "PATIENCE", 0.2)
    stays = kills.subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    assert kills.orphans(stays.pid) == 1 and stays.wait() == -signal.SIGKILL
