"""Runs have names, results read back to the last bit, and the file is whole: shared, full, read-only, or another's."""

import csv
import os
import pickle
import shutil
import sqlite3
import sys
import tempfile
import threading
import warnings
from contextlib import contextmanager, nullcontext
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sweeping import GRID, draw, large, quiet, same, script, sound

from tensor_overparam.sweeps.runs import Function, cell_key, decode, encode, identify, plain
from tensor_overparam.sweeps.store import Row, SweepStore, tabulate

some = settings(deadline=None, max_examples=60, derandomize=True)


# --- the name of a run, and its results ---------------------------------------------------------------


def test_the_key_knows_all_that_matters():
    """Function, source, parameters and seed, each of them; not the order of the names, not NumPy's types."""
    f = identify(draw)
    cell = {"width": 2, "dim": 4}
    key = cell_key(f, cell, 0)
    assert key == cell_key(f, {"dim": plain(np.int64(4)), "width": plain(np.uint8(2))}, 0)
    others = [(Function("other", f.source), cell, 0), (Function(f.name, f.source + "\n"), cell, 0),
              (f, cell | {"dim": 4.0}, 0), (f, cell | {"dim": True}, 0), (f, cell | {"dim": "4"}, 0),
              (f, cell | {"dim": None}, 0), (f, cell | {"more": 1}, 0), (f, {"width": 4, "dim": 2}, 0), (f, cell, 1)]
    assert len({key, *(cell_key(*other) for other in others)}) == 1 + len(others)


def test_the_key_is_the_same_in_another_process(tmp_path):
    """No hash that Python salts, no address: another interpreter gives the same name."""
    code = ("import sweeping, tensor_overparam.sweeps.runs as r; "
            "print(r.cell_key(r.identify(sweeping.draw), {'width': 2, 'x': (1.5, None)}, 7))")
    assert script(tmp_path, "-c", code).stdout.strip() == cell_key(identify(draw), {"width": 2, "x": (1.5, None)}, 7)


def test_functions_that_hide_something_are_refused():
    """Closures, lambdas, partials, methods, builtins, and what has no source."""
    width = 3

    def closure(seed): return width + seed

    namespace = {}
    exec("def typed(seed): return 1", namespace)
    for fn in (closure, lambda seed: 1, partial(draw, 2), "".join, print, namespace["typed"], 3, None):
        with pytest.raises(ValueError, match="def|grid|source"):
            identify(fn)


def test_the_source_does_not_depend_on_indentation():
    """A function inside a block or a class is the function that it is."""
    if True:
        def draw(width, dim, seed):
            """A number and an array that depend on everything."""
            x = np.random.default_rng([width, dim, seed]).normal(size=3)
            return {"mean": x.mean(), "x": x, "positive": x[0] > 0}
    assert identify(draw) == identify(globals()["draw"])


EDITED = """
import sys
from pathlib import Path
from importlib import import_module, reload
sys.path.insert(0, ".")
from tensor_overparam.sweeps.runs import identify
text = '''NAMES = {"a"}
def f(seed, x=frozenset("ab")):
    "Says."
    return [seed*y in {"c", "d", 1.5} for y in (1, 2)]
'''
file = Path("edited.py"); file.write_text(text)
edited = import_module("edited")
first = identify(edited.f)
for change in (text + "g = 3", "# one\\n# two\\n" + text, "def g(): pass\\n" + text):
    file.write_text(change)
    assert identify(edited.f) == first, change
file.write_text(text.replace("1.5}", "1.5} "))
assert identify(edited.f).source == first.source.replace("1.5}", "1.5} ")
other = text.replace("1.5", "2.5"), text.replace("seed*y", "seed+y"), text.replace("f(", "h("), "def f("
for change in other:
    file.write_text(change)
    try: identify(edited.f)
    except ValueError as error: assert "changed since it was imported" in str(error) or "cannot be read" in str(error)
    else: raise AssertionError(change)
file.write_text(text.replace("1.5", "2.55")); reload(edited)
assert identify(edited.f).source == first.source.replace("1.5", "2.55")
print("fine")
"""


def test_a_file_that_was_edited_after_its_import(tmp_path):
    """Python would show the new text and run the old code. What does not change the code is no trouble."""
    back = script(tmp_path, "-c", EDITED)
    assert back.stdout == "fine\n", back.stderr


numbers = st.one_of(st.booleans(), st.integers(-2**63, 2**63 - 1), st.floats(), st.complex_numbers(),
                    st.floats(width=32).map(np.float32))
kinds = st.sampled_from(["?", "i1", "u2", "i8", "u8", "f2", "f4", "f8", "c8", "c16", ">f8", ">i4"])


@some
@given(value=numbers)
def test_numbers_come_back_to_the_last_bit(value):
    """Whatever the number: infinite, NaN, subnormal, complex."""
    back = decode(*encode({"x": value}))["x"]
    assert np.array_equal(back, np.asarray(value).item(), equal_nan=True)
    assert type(back) is type(np.asarray(value).item())
    assert np.array_equal(np.signbit(np.real(back)), np.signbit(np.real(value))) or isinstance(value, int)


@some
@given(kind=kinds, shape=st.lists(st.integers(0, 3), min_size=1, max_size=3), seed=st.integers(0, 99),
       flip=st.booleans())
def test_arrays_come_back_to_the_last_bit(kind, shape, seed, flip):
    """Whatever the type, the shape, the byte order and the order in memory; several in a row, too."""
    bits = np.random.default_rng(seed).integers(0, 256, size=(*shape, np.dtype(kind).itemsize), dtype=np.uint8)
    a = (bits % 2).astype(kind)[..., 0] if kind == "?" else bits.view(kind)[..., 0]
    a = a.T if flip else a
    text, data = encode({"n": 1, "a": a, "m": 2.5, "b": a})
    back = decode(text, data)
    assert '">' not in text and data == 2 * a.astype(a.dtype.newbyteorder("<")).tobytes()
    for name in "ab":
        assert back[name].shape == a.shape and back[name].dtype == a.dtype.newbyteorder("=")
        assert back[name].astype(a.dtype).tobytes() == a.tobytes()
        assert back[name].flags.writeable
    assert back["n"] == 1 and back["m"] == 2.5


@pytest.mark.parametrize("value", [None, "text", b"x", object(), {"a": 1}, [[1], [1, 2]], np.array(["a"]), 2**70,
                                   np.array([object()]), np.datetime64("2020")])
def test_what_is_no_number_is_named(value):
    """The message says which result it is."""
    with pytest.raises(ValueError, match="'odd'"):
        encode({"fine": 1, "odd": value})


def test_nothing_is_ever_unpickled(tmp_path):
    """What is in the file is text and bytes; a pickle in it is not opened."""
    class Bomb:
        def __reduce__(self): return os._exit, (1,)

    quiet(draw, GRID, [0], tmp_path / "a.db")
    with sqlite3.connect(tmp_path / "a.db") as db:
        db.execute("UPDATE cells SET arrays = ?", [pickle.dumps(Bomb())])
    db.close()
    with SweepStore(tmp_path / "a.db") as s:
        with pytest.warns(RuntimeWarning, match="rows .* are in its table `aside` now"):
            assert len(s.table()) == 0


@pytest.mark.parametrize("column", ["key", "parameters", "seed", "status", "results", "arrays", "seconds", "host",
                                    "finished", "error", "version", "source", "checksum"])
def test_a_row_that_was_changed_is_set_aside_and_run_again(tmp_path, column):
    """Told once, kept in the table `aside`, and run again by the same line; then nobody is told anything."""
    path = tmp_path / "a.db"
    whole = quiet(draw, GRID, range(3), path)
    with sqlite3.connect(path) as db:
        (first, value), *_ = db.execute(f"SELECT rowid, {column} FROM cells ORDER BY rowid")
        new = value + b"\0" if isinstance(value, bytes) else value + 1 if not isinstance(value, str) else value + "x"
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute(f"UPDATE cells SET {column} = ? WHERE rowid = ?", [new, first])
    db.close()
    told = column not in ("key", "version") # a row under another name is one that nobody asks for
    with pytest.warns(RuntimeWarning, match="run again by the same line") if told else nullcontext():
        again = quiet(draw, GRID, range(3), path)
    names = [n for n in whole.dtype.names if n != "seconds"]
    assert all(np.array_equal(again[n], whole[n]) for n in names)
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(*) FROM aside").fetchone() == (int(told),)
    db.close()
    assert np.array_equal(quiet(draw, GRID, range(3), path), again)


def test_flipped_bits_are_noticed_or_harmless(tmp_path):
    """Sixty times one bit of the file: refused, told and run again, or no number is another one."""
    path = tmp_path / "a.db"
    whole = quiet(draw, GRID, range(20), path)
    content, rng = path.read_bytes(), np.random.default_rng(0)
    names, noticed = [n for n in whole.dtype.names if n != "seconds"], 0
    for at in rng.integers(8*len(content), size=60):
        raw = bytearray(content)
        raw[at//8] ^= 1 << at % 8
        path.write_bytes(raw)
        for rest in ("-wal", "-shm"):
            path.with_name("a.db" + rest).unlink(missing_ok=True)
        with warnings.catch_warnings(record=True, action="always") as caught:
            try:
                with SweepStore(path, function=draw) as s:
                    read = s.rows()
                again = quiet(draw, GRID, range(20), path)
            except (ValueError, OSError):
                noticed += 1
                continue
        noticed += bool(caught)
        assert all(np.array_equal(again[n], whole[n]) for n in names), at
        known = {(r["seed"], *(r[n] for n in GRID)): r for r in whole}
        for row in read:
            wanted = known[row.seed, *(row.parameters[n] for n in GRID)]
            assert all(np.array_equal(wanted[n], v) for n, v in row.results.items()), at
    assert noticed > 5


def test_a_store_that_cannot_be_written_tells_and_counts_as_not_done(tmp_path):
    path = tmp_path / "a.db"
    quiet(draw, GRID, [0], path)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE cells SET host = 'elsewhere' WHERE rowid = 1")
    db.close()
    with SweepStore(path) as s:
        s._db.execute("PRAGMA query_only = ON")
        with pytest.warns(RuntimeWarning, match="they stay there"):
            rows = s.rows()
        assert len(rows) == len(s._ask("SELECT * FROM cells")) - 1


def test_a_done_row_is_never_replaced(tmp_path):
    """Not by another result, not by a failure; a failed one is."""
    f = identify(draw)
    def row(status, x):
        return Row("k", {"width": 1}, 0, status, {"x": x} if status == "done" else {}, 0.0, "1", "h", "")
    with SweepStore(tmp_path / "a.db", version="1") as s:
        s.use(f)
        for status, x, expected in (("failed", 0, []), ("failed", 0, []), ("done", 1, [1]), ("done", 2, [1]),
                                    ("failed", 0, [1])):
            s.add([row(status, x)])
            (only,) = s.rows(["k"])
            assert list(only.results.values()) == expected


@pytest.mark.parametrize("kind", ["other program", "future schema", "text", "truncated"])
def test_files_that_are_no_store_are_left_alone(tmp_path, kind):
    """One sentence, not a byte changed, nothing left beside it."""
    path = tmp_path / "a.db"
    if kind == "text":
        path.write_text("not a database " * 1000)
    else:
        if kind != "other program":
            quiet(draw, GRID, range(20), path)
        db = sqlite3.connect(path)
        db.execute({"other program": "CREATE TABLE birds (name)", "future schema": "PRAGMA user_version = 99",
                    "truncated": "SELECT 1"}[kind])
        db.close()
        if kind == "truncated":
            path.write_bytes(path.read_bytes()[:9000])
    content = path.read_bytes()
    with pytest.raises(ValueError, match="another program|schema 99|not a sound store"):
        quiet(draw, GRID, [0], path)
    assert path.read_bytes() == content and os.listdir(tmp_path) == ["a.db"]


def test_an_empty_file_becomes_a_store_and_a_missing_folder_does_not(tmp_path):
    """mkstemp leaves empty files; nobody wants folders made in silence."""
    (tmp_path / "a.db").touch()
    assert len(quiet(draw, GRID, [0], str(tmp_path / "a.db"))) == 6
    with pytest.raises(FileNotFoundError, match="no folder"):
        quiet(draw, GRID, [0], tmp_path / "nowhere" / "a.db")


def test_a_closed_store_says_so(tmp_path):
    """A sentence instead of a failure in the depths."""
    with SweepStore(tmp_path / "a.db") as s:
        assert repr(s).endswith("empty)") and len(s.table()) == 0 and s.failures() == []
    with pytest.raises(ValueError, match="closed"):
        s.table()
    assert os.listdir(tmp_path) == ["a.db"]


# --- tables and files ---------------------------------------------------------------------------------


def test_columns_are_what_they_can_be():
    """Numbers where all are numbers; NaN or None where something is missing; objects where shapes differ."""
    def row(i, p, r):
        return Row(str(i), p, i, "done", r, 0.0, "1", "h", "")
    t = tabulate([
        row(0, {"m": 1, "rule": "none", "lr": None, "both": 1},
            {"n": 1, "b": True, "v": np.zeros(2), "w": np.zeros(1), "c": 1j}),
        row(1, {"m": 2, "rule": "one", "lr": 0.1, "dims": (2, 3)},
            {"n": 2, "b": False, "v": np.ones(2), "w": np.zeros(2)}),
    ])
    assert [t[n].dtype.kind for n in ("m", "rule", "lr", "both", "dims", "n", "b", "v", "w", "c")] == list("iUOfOibfOc")
    assert t["dims"].tolist() == [None, (2, 3)] and t["lr"].tolist() == [None, 0.1] and np.isnan(t["both"][1])
    assert t["v"].shape == (2, 2) and np.isnan(t["c"][1]) and t["w"][1].shape == (2,)
    assert tabulate([]).dtype.names == ("seed", "seconds", "version", "host", "status")


def test_export(tmp_path):
    """CSV that reads back exactly; other endings and missing folders refused; whole files only."""
    with SweepStore(tmp_path / "a.db") as s:
        table = quiet(draw, GRID, range(3), s)
        table = np.sort(table, order=["width", "dim", "seed"])
        s.export(tmp_path / "a.csv")
        with open(tmp_path / "a.csv", newline="") as f:
            head, *lines = csv.reader(f)
        assert tuple(head) == table.dtype.names and len(lines) == len(table)
        column = dict(zip(head, zip(*lines, strict=True), strict=True))
        assert np.array_equal([float(x) for x in column["mean"]], table["mean"])
        assert np.array_equal([eval(x) for x in column["x"]], table["x"])
        for name in ("a.xlsx", "a"):
            with pytest.raises(ValueError, match="expected .csv or .parquet"):
                s.export(tmp_path / name)
        with pytest.raises(FileNotFoundError, match="no folder"):
            s.export(tmp_path / "nowhere" / "a.csv")
    assert sorted(os.listdir(tmp_path)) == ["a.csv", "a.db"]


def test_pandas(tmp_path, monkeypatch):
    """A frame where pandas is there, a sentence where it is not; the same for Parquet."""
    with SweepStore(tmp_path / "a.db") as s:
        table = quiet(draw, GRID, range(2), s)
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, "pandas", None)
            with pytest.raises(ImportError, match="pip install pandas"):
                s.frame()
            with pytest.raises(ImportError, match="pip install pandas pyarrow"):
                s.export(tmp_path / "a.parquet")
        pandas = pytest.importorskip("pandas")
        frame = s.frame()
        assert isinstance(frame, pandas.DataFrame) and len(frame) == len(table) and frame["x"][0].shape == (3,)
        assert frame.groupby("width")["mean"].mean().shape == (3,)
        if find_spec("pyarrow") is None:
            with pytest.raises(ImportError, match="pyarrow"):
                s.export(tmp_path / "a.parquet")
            assert not (tmp_path / "a.parquet").exists()
        else:
            s.export(tmp_path / "a.parquet")
            assert len(pandas.read_parquet(tmp_path / "a.parquet")) == len(table)


def test_a_new_store_can_be_made_by_many_at_once(tmp_path):
    """Nobody finds half a schema."""
    gate, tables = threading.Barrier(8), []

    def make(i):
        gate.wait()
        with SweepStore(tmp_path / "a.db") as s:
            s.use(identify(draw))
            s.add([Row(str(i), {"width": i}, 0, "done", {"x": i}, 0.0, s.version, "h", ""),
                   Row("all", {"width": -1}, 0, "done", {"x": i}, 0.0, s.version, "h", "")])
            tables.append(len(s.table()))

    crowd = [threading.Thread(target=make, args=[i]) for i in range(8)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert len(tables) == 8 and sorted(sound(tmp_path / "a.db")["width"].tolist()) == [-1, *range(8)]


# --- disks --------------------------------------------------------------------------------------------


def test_a_full_database(tmp_path):
    """SQLite's own limit on pages: the error of a full disk, once; what is there is kept, and the same line goes on."""
    with SweepStore(tmp_path / "a.db") as s:
        s._db.execute("PRAGMA max_page_count = 40")
        with pytest.raises(OSError, match="disk is full.*kept; make room and run the same line again"):
            quiet(large, {"width": [1]}, range(40), s)
    kept = sound(tmp_path / "a.db")
    assert 0 < len(kept) < 40 and np.array_equal(kept["x"][0], large(1, kept["seed"][0])["x"])
    assert len(quiet(large, {"width": [1]}, range(40), tmp_path / "a.db")) == 40


FULL = """
import resource, sys
from concurrent.futures import ThreadPoolExecutor
from sweeping import large, quiet
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try: quiet(large, {"width": [1]}, range(40), sys.argv[1], ThreadPoolExecutor(2) if sys.argv[2:] else None)
except OSError as error: print("OSError:", error)
"""


@pytest.mark.slow
@pytest.mark.parametrize("words", [[], ["threads"]])
def test_a_file_that_cannot_grow(tmp_path, words):
    """The system's limit on the size of files, which fails in the middle of a write as a full disk does."""
    back = script(tmp_path, "-c", FULL, "a.db", *words)
    assert back.returncode == 0 and "OSError: the store 'a.db' cannot grow" in back.stdout, back
    kept = sound(tmp_path / "a.db")
    assert 0 < len(kept) < 40
    assert len(quiet(large, {"width": [1]}, range(40), tmp_path / "a.db")) == 40


@contextmanager
def without_rights(folder):
    """A folder that cannot be written, for this process. Root, who may always write, becomes nobody for a while."""
    root = os.geteuid() == 0
    for path in folder.iterdir():
        path.chmod(0o444)
    folder.chmod(0o555)
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o755)
        for path in folder.iterdir():
            path.chmod(0o644)


def test_a_store_that_cannot_be_written():
    """It can be read, and a sweep that has nothing left to do is done; one that has says so and changes nothing."""
    folder = Path(tempfile.mkdtemp())
    try:
        table = quiet(draw, GRID, range(2), folder / "a.db")
        content = (folder / "a.db").read_bytes()
        with without_rights(folder):
            assert same(table, quiet(draw, GRID, range(2), folder / "a.db"))
            with SweepStore(folder / "a.db") as s:
                assert len(s.table()) == 12
            for grid, path in ((GRID | {"width": [9]}, "a.db"), (GRID, "b.db")):
                with pytest.raises(PermissionError, match="cannot be written.*what is in it is kept"):
                    quiet(draw, grid, [0], folder / path)
        assert (folder / "a.db").read_bytes() == content and os.listdir(folder) == ["a.db"]
    finally:
        shutil.rmtree(folder)
