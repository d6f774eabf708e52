"""One reader of tables: each dialect is read as what it is, or asked about with the option that settles it."""

import importlib.util
import json
import os
import zipfile

import numpy as np
import pytest

from tensor_overparam.cli.commands import main
from tensor_overparam.data import moments
from tensor_overparam.tensors import Factored, gaussian, tables
from tensor_overparam.tensors.dialects import cells_of, decimal_mark, decoded, number
from tensor_overparam.tensors.files import read_array, read_samples, read_tensor
from tensor_overparam.tensors.tables import read_table
from tensor_overparam.tensors.targets import as_target, sqnorm, to_dense

V = np.array([[1.5, -2.25, 3.0], [1234.5, 0.125, -7.0], [0.25, 10.0, 1e-3], [2.0, 3.5, -1.0]])


def text(values, sep=",", head="", decimal=".", end="\n"):
    """Return rows as text."""
    lines = [sep.join(repr(float(x)).replace(".", decimal) for x in row) for row in values]
    return end.join([head] * bool(head) + lines) + end


INDEXED = ",a,b,c\n" + "".join(f"{k}," + text([row]) for k, row in enumerate(V))
YEARS = text(V, head="2019,2020,2021")
GERMAN = "a;b;c\n1,5;-2,25;3\n1.234,5;0,125;-7\n,25;10;1e-3\n2;3,5;-1\n"
QUOTED = '"a","b, in mm","c ""x"""\n"1.5","-2.25","3"\n"1,234.5","0.125","-7"\n"0.25","10","1e-3"\n"2","3.5","-1"\n'
DIALECTS = {  # name: (bytes, what is asked about, options that settle it)
    "plain": (text(V).encode(), "", {}),
    "names": (text(V, head="a,b,c").encode(), "", {}),
    "pandas with index": (INDEXED.encode(), "--index", dict(index=1)),
    "pandas without header": (text(V, head="0,1,2").encode(), "--header", dict(header=True)),
    "pandas with both": (INDEXED.replace("a,b,c", "0,1,2").encode(), "--header", dict(header=True, index=1)),
    "years": (YEARS.encode(), "--header", dict(header=True)),
    "semicolon and decimal comma": (GERMAN.encode(), "", {}),
    "excel": (b"\xef\xbb\xbfsep=;\r\n" + GERMAN.replace("\n", "\r\n").encode(), "", {}),
    "tabs": (text(V, "\t", "a\tb\tc").encode(), "", {}),
    "spaces": (text(V, "   ").encode(), "", {}),
    "bars": (text(V, "|", "a|b|c").encode(), "", {}),
    "BOM": (b"\xef\xbb\xbf" + text(V, head="a,b,c").encode(), "", {}),
    "UTF-16": (text(V, head="größe,b,c").encode("utf-16"), "", {}),
    "UTF-16 without a mark": (text(V, head="a,b,c").encode("utf-16-le"), "", {}),
    "Latin-1": (text(V, head="größe,b,c").encode("latin-1"), "", {}),
    "old Mac": (text(V, head="a,b,c", end="\r").encode(), "", {}),
    "quoted": (QUOTED.encode(), "", {}),
    "comments": (b"# made by hand\n" + text(V, head="a,b,c").encode() + b"# the end\n", "", {}),
    "thousands": (GERMAN.encode(), "", dict(decimal=",")),
    "a delimiter at the end": (text(V, head="a,b,c").replace("\n", ",\n").encode(), "", {}),
    "words first": (b"s1,".join([b"", *(text([row]).encode() for row in V)]), "--index", dict(index=1)),
    "R": (b"a b c\n" + b"".join(f'"s{k}" '.encode() + text([row], " ").encode() for k, row in enumerate(V)), "--index",
          dict(index=1)),
    "an index with a name": (INDEXED.replace(",a,b", "time,a,b").encode(), "--index", dict(columns="a,b,c")),
    "an index with no name at all": (INDEXED.split("\n", 1)[1].encode(), "--index", dict(columns="2-4")),
}


def write(folder, content, name="X.csv"):
    """Write a file and return its path."""
    (folder / name).write_bytes(content)
    return folder / name


@pytest.mark.parametrize("fast", [False, True], ids=["plain", "pandas"])
@pytest.mark.parametrize("name", DIALECTS)
def test_dialects(name, fast, tmp_path, monkeypatch):
    """Each is read right, to the last bit, or asked about; with and without pandas."""
    if fast:
        pytest.importorskip("pandas")
    monkeypatch.setattr(tables, "BY_PANDAS", 0 if fast else 2**60)
    content, asked, how = DIALECTS[name]
    path = write(tmp_path, content)
    if asked:
        with pytest.raises(ValueError, match=rf"expected .*{asked}"):
            read_table(path)
    table = read_table(path, **how)
    assert np.array_equal(table.values, V) and "\n" not in table.says
    assert f"{len(V)} samples of 3 columns" in table.says and "header: " in table.says and "index: " in table.says


WRONG = {  # text: what the message says
    "": "no samples", "\n\n": "no samples", "a,b\n": "only names", "# only\n": "no samples",
    "a,b\n1,2\n3,\n": "line 3, column 2 .* missing value", "a,b\n1,2\nNA,4\n": "line 3, column 1 .* missing value",
    "a,b\n1.5,2\nnan,4\n": "missing", "a,b\n1.5,2\n3,inf\n": "'inf'", "a,b\n1.5,2\n3,1e400\n": "at most 1.8e308",
    "a,b\n1.5,2\n3,1_000\n": "'1_000'", "a,b\n1.5,2\n3\n": "line 3 .* 1 columns and line 2 has 2",
    "a,b,c,d\n1.5,2\n3,4\n": "names 4 columns", "a;b\n1.5;2\n2,5;1\n": "decimal comma; expected one",
    "a;b\n1,234;2\n5,678;1\n": "--decimal", "a,b\n1.5,x\n2,y\n": "line 2, column 2 of .*'x'",
    "1,2,x\n3.5,4,5\n": "--header", "0,1\n0.5,2.5\n": "--header", "0\n1.5\n2.5\n": "--header",
    "t,x\n" + "".join(f"{k / 10},{k * k}\n" for k in range(12)): "equal steps",
    "Unnamed: 0,a\n3,1.5\n9,2.5\n": "--index", "3,2\n4,9\n5,4.5\n": "counts up",
    "a,a\n1.5,2\n": "", "1;2\n5;6\n9;1\n": "",
}  # fmt: skip


@pytest.mark.parametrize("content", WRONG, ids=[f"{k:02}" for k in range(len(WRONG))])
def test_what_is_wrong_is_said_with_its_place(content, tmp_path):
    path = write(tmp_path, content.encode())
    if not WRONG[content]:
        assert read_table(path).values.shape[1] == 2
        return
    with pytest.raises(ValueError, match=WRONG[content]) as caught:
        read_table(path)
    assert "expected" in str(caught.value)


def test_options_are_held_against_the_file(tmp_path):
    path = write(tmp_path, b"a,b,a\n1.5,2,3\n2.5,5,1\n")
    assert read_table(path, columns=["b", 3]).values.tolist() == [[2, 3], [5, 1]]
    assert read_table(path, columns="3,b").names == ("a", "b") and read_table(path, index="b").values.shape == (2, 2)
    for how, said in (
        (dict(columns="c"), "'a', 'b', 'a'"), (dict(columns="a"), "twice"), (dict(columns="4"), "1 to 3"),
        (dict(columns=""), "expected"), (dict(columns="b,2"), "none twice"), (dict(index="z"), "'z' is not in"),
        (dict(header="maybe"), "True, False"), (dict(decimal=";"), "'.', ','"), (dict(delimiter="ab"), "one character"),
        (dict(delimiter=";"), "'1.5,2,3'"), (dict(header=False), "expected a number"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=said):
            read_table(path, **how)
    numerals = write(tmp_path, b"5,1,2\n1.5,2,3\n2.5,5,1\n", "Y.csv")
    assert read_table(numerals, header=True, index=1).names == ("1", "2")
    assert read_table(numerals, header=True, index="first", columns="2-2").names == ("1",)
    assert read_table(numerals, header=True, columns=["5"]).names == ("5",)
    with pytest.raises(ValueError, match="name of column 2 and the place of another"):
        read_table(numerals, header=True, columns="1")
    with pytest.raises(ValueError, match="folder"):
        read_table(tmp_path)
    with pytest.raises(ValueError, match="no file"):
        read_table(tmp_path / "none.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(ValueError, match="a device or a pipe"):
        read_table(tmp_path / "pipe.csv")


def test_numbers_are_strict():
    assert [number(c, ",") for c in ("1,5", "1.234,5", "1.5", "1.2345", ",5", "5,", "-1e3", ",")] == [
        1.5, 1234.5, None, None, 0.5, 5, -1000, None]  # fmt: skip
    assert [number(c) for c in ("1d3", "1'000", "1 000.5", "12 34", "1_0", "٣", "", "+", "1e", ".")] == [
        1000, 1000, 1000.5, None, None, None, None, None, None, None]  # fmt: skip
    assert decimal_mark(["1.234.567"], "x") == "," and decimal_mark(["1.234"], "x") == "."
    assert cells_of("1;2\n", "x").delimiter == ";" and cells_of("5\n6\n", "x").delimiter == ""
    with pytest.raises(ValueError, match="not text"):
        decoded(b"\0\1\2\3" * 50, "x")
    with pytest.raises(ValueError, match="save it again as UTF-8"):
        decoded(b"\xff\xfea", "x")


@pytest.mark.parametrize("seed", range(3))
def test_pandas_writes_and_both_roads_read_the_same(seed, tmp_path, monkeypatch):
    """Whatever pandas saves is read to the last bit, by pandas and without."""
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(300, 4)) * 10.0 ** rng.integers(-12, 12, size=(300, 4))
    for how in (dict(index=False), dict(index=False, sep=";", decimal=","), dict(index=False, sep="\t")):
        pandas.DataFrame(X, columns=list("abcd")).to_csv(tmp_path / "X.csv", **how)
        for letters in (0, 2**60):
            monkeypatch.setattr(tables, "BY_PANDAS", letters)
            assert np.array_equal(read_samples(tmp_path / "X.csv"), X)
    pandas.DataFrame(X, columns=list("abcd")).to_csv(tmp_path / "X.csv")
    with pytest.raises(ValueError, match="--index"):
        read_samples(tmp_path / "X.csv")


def test_parquet(tmp_path):
    path = write(tmp_path, b"PAR1 and nothing else", "X.parquet")
    with pytest.raises(ValueError, match=r"cannot be read as Parquet|pip install pandas pyarrow"):
        read_samples(path)
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    pandas.DataFrame(V, columns=list("abc")).to_parquet(path)
    assert np.array_equal(read_samples(path), V) and read_table(path).names == ("a", "b", "c")
    pandas.DataFrame(V, columns=list("abc")).reset_index().to_parquet(path)
    with pytest.raises(ValueError, match="'index'.*--index"):
        read_samples(path)
    assert np.array_equal(read_samples(path, index="index"), V)
    pandas.DataFrame({"a": [1.5, None], "b": ["x", "y"]}).to_parquet(path)
    for columns, said in (("a", "row 2, column 'a'.*missing"), ("b", "no numbers")):
        with pytest.raises(ValueError, match=said):
            read_samples(path, columns=columns)


# --- arrays ---------------------------------------------------------------------------------------------------------

T = gaussian(4, 2, 3, rng=0)
A = to_dense(T)


def test_arrays_from_every_file(tmp_path):
    """`.npy`, `.npz` by any key, `.mat`: the same array."""
    scipy_io = pytest.importorskip("scipy.io")
    np.save(tmp_path / "T.npy", A)
    np.savez_compressed(tmp_path / "T.npz", other=A, more=V)
    scipy_io.savemat(tmp_path / "T.mat", dict(other=A, more=V))
    assert np.array_equal(read_array(tmp_path / "T.npy"), A)
    for name in ("T.npz", "T.mat"):
        assert np.array_equal(read_array(tmp_path / name, "other"), A)
        assert np.isclose(sqnorm(read_tensor(tmp_path / name, "other") - T), 0)
        assert np.array_equal(read_samples(tmp_path / name, key="more"), V)
        for key in (None, "another"):
            with pytest.raises(ValueError, match=r"'more', 'other'; expected key= \(--key\)"):
                read_array(tmp_path / name, key)
    np.savez(tmp_path / "one.npz", A)
    assert np.isclose(sqnorm(read_tensor(tmp_path / "one.npz") - T), 0)
    with pytest.raises(ValueError, match="single array"):
        read_array(tmp_path / "T.npy", "other")
    sparse = pytest.importorskip("scipy.sparse")
    scipy_io.savemat(tmp_path / "S.mat", dict(S=sparse.eye(3).tocsc()))
    assert np.array_equal(read_array(tmp_path / "S.mat"), np.eye(3))


@pytest.mark.parametrize("kind", ["int64", "uint8", "bool", "float16", "longdouble", ">f8", "float32"])
def test_numbers_of_any_width_are_numbers(kind, tmp_path):
    whole = np.ones((3, 3, 3), dtype=kind)
    np.save(tmp_path / "T.npy", whole)
    wanted = np.float32 if kind == "float32" else np.float64
    assert read_array(tmp_path / "T.npy").dtype.newbyteorder("=") == wanted
    for made in (read_tensor(tmp_path / "T.npy"), as_target(whole)):
        assert made.rows.dtype == wanted and np.array_equal(to_dense(made), np.ones((3, 3, 3)))
    assert Factored(np.ones(2, dtype=kind), np.ones((2, 3), dtype=kind), 3).vectors.dtype == wanted


def test_masked_entries_are_refused_with_the_remedy():
    masked = np.ma.masked_array(A, mask=False)
    assert np.array_equal(to_dense(as_target(masked)), to_dense(as_target(A)))
    masked[0, 1, 2] = np.ma.masked
    with pytest.raises(ValueError, match=r"masked entries, the first at \(0, 1, 2\).*fill"):
        as_target(masked)
    with pytest.raises(ValueError, match="masked entries"):
        Factored(1.0, np.ma.masked_array(np.eye(3), mask=np.eye(3)), 3)


def test_labelled_arrays():
    """A matrix with names is its numbers: DataFrame and DataArray."""
    M = np.cov(V.T)
    pandas, xarray = (importlib.util.find_spec(name) for name in ("pandas", "xarray"))
    if pandas:
        import pandas
        frame = pandas.DataFrame(M, columns=list("abc"), index=list("abc"))
        assert np.allclose(to_dense(as_target(frame)), M)
        assert np.allclose(moments(pandas.DataFrame(V)).mean, V.mean(0))
    if xarray:
        import xarray
        assert np.allclose(to_dense(as_target(xarray.DataArray(A, dims=list("abc")))), A)
        assert np.allclose(moments(xarray.DataArray(V)).mean, V.mean(0))
        labelled = xarray.DataArray(M, dims=("row", "column"), coords={"row": list("abc"), "column": list("abc")})
        assert np.allclose(to_dense(as_target(labelled)), M)
    if not (pandas or xarray):
        pytest.skip("neither pandas nor xarray")


class Labelled:
    """As much of an xarray as is asked for: its coordinates are labels, not places of entries."""

    def __init__(self, values):
        self.data, self.shape, self.dims = values, values.shape, ("x",) * values.ndim
        self.coords = {"x": np.arange(3)}

    def __array__(self, dtype=None, copy=None):
        return np.array(self.data, dtype=dtype)


def test_coordinates_that_are_labels():
    assert np.allclose(to_dense(as_target(Labelled(A))), A)


def header(shape, kind="<f8"):
    """Return the beginning of a .npy file."""
    about = repr({"descr": kind, "fortran_order": False, "shape": shape}).encode()
    about += b" " * (-(10 + len(about) + 1) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(about).to_bytes(2, "little") + about


def test_size_is_looked_at_before_memory_is_taken(tmp_path, monkeypatch):
    """A header that promises terabytes, an archive that unpacks to gigabytes, an order of a billion."""
    monkeypatch.setattr(np, "empty", lambda *a, **k: pytest.fail("memory was taken"))
    monkeypatch.setattr(np, "ndarray", np.ndarray)
    promise = header((10_000,) * 3) + b"\0" * 800
    with pytest.raises(ValueError, match="cut off"):
        read_tensor(write(tmp_path, promise, "T.npy"))
    with zipfile.ZipFile(tmp_path / "promise.npz", "w") as z:
        z.writestr("arr_0.npy", promise)
    with pytest.raises(ValueError, match="cut off"):
        read_tensor(tmp_path / "promise.npz")
    with pytest.raises(ValueError, match="cut off"):
        read_array(write(tmp_path, header((-1, -2)), "T.npy"))
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as z, z.open("arr_0.npy", "w") as f:
        f.write(header((12_000, 12_000)))
        for _ in range(1_100):
            f.write(bytes(2**20))
    assert (tmp_path / "bomb.npz").stat().st_size < 2**21
    with pytest.raises(ValueError, match="unpacks to 1.1 GiB"):
        read_tensor(tmp_path / "bomb.npz")
    for order, said in ((10**9, "at most 64"), (1e300, "at most 64"), (2.5, "integer"), ([3], "does not hold"),
                        (True, "at least 2"), (-3, "at least 2")):  # fmt: skip
        content = json.dumps(dict(weights=[1.0], vectors=[[1.0, 2.0]], order=order))
        with pytest.raises(ValueError, match=said):
            read_tensor(write(tmp_path, content.encode(), "T.json"))


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".mat", ".json", ".parquet", ".csv", ".txt"])
def test_junk_is_refused_by_every_door(suffix, tmp_path):
    """Files that are cut off or made of anything: a sentence, and nothing raw."""
    np.savez(tmp_path / "whole.npz", A)
    pieces = [b"", b"\0", b"junk", b"PK\x03\x04", b"PAR1", b"\x93NUMPY\x01\x00v\x00", b"\xff\xfe\x00", b"[" * 5000]
    pieces += [header("x"), header((2, 2), "|O") + b"." * 64, header((2,), "<U4") + b"\0" * 64]
    pieces += [(tmp_path / "whole.npz").read_bytes()[:k] for k in (50, 200, -30)]
    for content in pieces:
        path = write(tmp_path, content, "file" + suffix)
        for read in (read_array, read_tensor, read_samples):
            with pytest.raises(ValueError, match=r"file"):
                read(path)


def test_parts_of_components(tmp_path):
    np.savez(tmp_path / "T.npz", weights=np.ones(2), vectors=np.eye(2))
    with pytest.raises(ValueError, match="'order'"):
        read_tensor(tmp_path / "T.npz")
    for parts in (dict(weights=[1, 2], vectors=[[1, 2], [3]]), dict(weights=["a"], vectors=[[1]]),
                  dict(weights=3, vectors=[]),
                  dict(weights=[1], vectors=[[1, "x"]]), dict(weights=[[1]], vectors=[[1, 2]])):  # fmt: skip
        with pytest.raises(ValueError, match="expected"):
            read_tensor(write(tmp_path, json.dumps(parts | {"order": 3}).encode(), "T.json"))


# --- the command line -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how, code", [("", 2), ("--index first", 0), ("--columns a,b,c", 0), ("--index no", 0)])
def test_the_command_line_asks_and_is_answered(how, code, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    X = rng.laplace(size=(2000, 3)) @ rng.normal(size=(3, 3))
    lines = [f"{k}," + ",".join(map(repr, row)) for k, row in enumerate(X.tolist())]
    write(tmp_path, "\n".join([",a,b,c", *lines]).encode())
    assert main(["decompose", "X.csv", "--cumulant", "4", *how.split()]) == code
    said = capsys.readouterr()
    if code:
        assert "--index first or --index no" in said.err and said.err.count("\n") == 1
        return
    assert said.out.startswith("X.csv: 2000 samples of ") and ("of 4 columns" in said.out) == (how == "--index no")
    mixing = np.load("decomposition.npz")["mixing"]
    assert len(mixing) == (4 if how == "--index no" else 3)


@pytest.mark.parametrize("words, said", {
    "decompose T.npy --header yes": "--header say how to read a table",
    "compare --columns a": "--columns say how to read a table",
    "compare --key x": "expected --target or --data",
    "decompose X.npy --cumulant 4 --decimal ,": "is an array; expected none",
    "decompose T.npz": "expected key= (--key)",
    "decompose X.tsv": "--cumulant 4",
}.items())  # fmt: skip
def test_options_that_would_be_ignored(words, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    np.save("T.npy", A)
    np.save("X.npy", V)
    np.savez("T.npz", one=A, two=A)
    write(tmp_path, text(V, "\t").encode(), "X.tsv")
    assert main(words.split()) == 2
    assert said in capsys.readouterr().err


def test_a_key_on_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("T.npz", one=A, two=V)
    assert main(["decompose", "T.npz", "--key", "one"]) == 0
