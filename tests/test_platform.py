"""A platform like that of a browser: integers of 32 bits, one thread, one process, no sqlite, no permissions."""

import subprocess
import sys

import numpy as np

from tensor_overparam.tensors import gaussian

POOR = """
import sys, threading
for name in ("_multiprocessing", "_posixshmem", "_sqlite3", "sqlite3", "resource", "fcntl", "grp", "pwd", "termios",
             "_curses", "readline", "anywidget", "ipywidgets", "IPython", "psutil", "pandas", "tqdm"):
    sys.modules[name] = None
def refuse(self): raise RuntimeError("can't start new thread")
threading.Thread.start = refuse
import importlib, os, pathlib
os.umask(0o777)
import tensor_overparam as t
root = pathlib.Path(t.__file__).parent
for path in sorted(root.rglob("*.py")):
    importlib.import_module(".".join(path.relative_to(root.parent).with_suffix("").parts).removesuffix(".__init__"))
os.environ["TENSOR_OVERPARAM_THREADS"] = "4"
from tensor_overparam.tensors.threads import play
done = []
play([(k,) for k in range(20)], lambda: done.append)
from tensor_overparam.tensors import gaussian
T, told = gaussian(5, 7, 3, rng=0), []
print(t.decompose(T, tell=told.append).rank, len(done), bool(told))
t.decompose(T).save("D.npz")
print(oct(os.stat("D.npz").st_mode & 0o777))
"""


def test_the_package_needs_no_processes_threads_and_sqlite(tmp_path):
    """All modules can be imported, and what is told, carried out and saved is, where a platform has one thread."""
    ran = subprocess.run([sys.executable, "-c", POOR], capture_output=True, text=True, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == ["7", "20", "True", "0o600"]


class Narrow:
    """NumPy on a platform whose integers have 32 bits where nobody says how many."""

    def __getattr__(self, name):
        return getattr(np, name)

    def arange(self, *args, dtype=np.int32):
        """Count in 32 bits, if not told otherwise."""
        return np.arange(*args, dtype=dtype)


def test_monomials_are_found_where_their_numbers_pass_32_bits(monkeypatch):
    from tensor_overparam.tensors import monomials

    d, order = 12, 9  # 12⁹ > 2³¹
    T = gaussian(d, 1, order, rng=0)
    flat = monomials.coordinates(np.asarray(T.vectors), order)[:, 0]
    expected = monomials.pack_coordinates(flat, d, order)
    monomials.monomial_index.cache_clear()
    monkeypatch.setattr(monomials, "np", Narrow())
    try:
        assert np.array_equal(monomials.pack_coordinates(flat, d, order), expected)
        assert monomials.row_numbers(3, 2).dtype == np.intp
    finally:
        monomials.monomial_index.cache_clear()
