"""Writing and reading back: nothing is replaced that is no plain file, nothing is believed that does not fit."""

import html
import io
import json
import os
import socket
import stat
from dataclasses import replace

import numpy as np
import pytest

from tensor_overparam import Decomposition, decompose, modified_gd
from tensor_overparam.cli.commands import main
from tensor_overparam.core import Run
from tensor_overparam.core.whole_file import whole_file
from tensor_overparam.ledger import report
from tensor_overparam.tensors import gaussian
from tensor_overparam.tensors.targets import to_dense

T = gaussian(5, 2, 3, rng=0)


def write(path, content=b"new"):
    """Write a whole file."""
    with whole_file(path) as f:
        f.write(content)


def test_links_are_followed(tmp_path):
    """Also through a link to a link, into another folder, and where there is nothing yet."""
    (tmp_path / "there").mkdir()
    real, link, second = tmp_path / "there" / "real", tmp_path / "link", tmp_path / "second"
    link.symlink_to(real)
    second.symlink_to("link")
    for path in (second, link):
        write(path, path.name.encode())
        assert path.is_symlink() and real.read_bytes() == path.name.encode() and not real.is_symlink()
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["link", "real", "second", "there"]
    link.unlink()
    link.symlink_to(tmp_path / "nowhere" / "real")
    with pytest.raises(FileNotFoundError):
        write(link)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_permissions_are_kept(tmp_path, mode):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(mode)
    write(path)
    assert stat.S_IMODE(path.stat().st_mode) == mode and path.read_bytes() == b"new"


def test_what_is_no_plain_file_is_refused_and_stays(tmp_path):
    """A device, a pipe, a socket, a folder; as root as well."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "null").symlink_to("/dev/null")
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(tmp_path / "socket"))
    before = {p.name: p.lstat().st_mode for p in tmp_path.iterdir()}
    for name in before:
        with pytest.raises(OSError, match="expected the name of a"):
            write(tmp_path / name)
    with pytest.raises(OSError, match="device"):
        decompose(T).save("/dev/null")
    assert {p.name: p.lstat().st_mode for p in tmp_path.iterdir()} == before
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@pytest.mark.parametrize("words", ["decompose T.npy --json -", "check lazy-rank --quick --json -"])
def test_a_dash_is_standard_output(words, tmp_path, monkeypatch, capsys):
    """One JSON text alone on standard output; what is told goes to standard error, and no file is named so."""
    monkeypatch.chdir(tmp_path)
    np.save("T.npy", to_dense(T))
    assert main(words.split()) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) and said.err and not os.path.exists("-")


@pytest.mark.parametrize("words", ["decompose T.npy --out -", "compare --out -", "phase --out -",
                                   "decompose T.npy --json /dev/null", "decompose T.npy --json ."])
def test_where_nothing_can_be_written_nothing_is_begun(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    np.save("T.npy", to_dense(T))
    assert main(words.split()) == 2
    assert "expected" in capsys.readouterr().err and os.listdir() == ["T.npy"]


# --- what is read back ----------------------------------------------------------------------------------------------

D = decompose(T)


def saved(changes, about):
    """Return the file of `D` with other arrays, or another account."""
    first = io.BytesIO()
    account = {**D.account(), **about}
    arrays = dict(weights=D.weights, vectors=D.vectors, order=3, about=json.dumps(account)) | changes
    np.savez(first, **arrays)
    return first.getvalue()


def test_what_was_saved_is_loaded(tmp_path):
    (tmp_path / "D.npz").write_bytes(saved({}, {}))
    back = Decomposition.load(tmp_path / "D.npz")
    assert np.array_equal(back.vectors, D.vectors) and back.certificate == D.certificate
    with pytest.warns(RuntimeWarning, match="empty"):
        empty = decompose(np.pad(np.ones((1, 1)), (0, 3)) * -1, nonnegative=True)
    empty.save(tmp_path / "E.npz")
    assert Decomposition.load(tmp_path / "E.npz").rank == 0


CHANGED = {
    "a weight more": dict(weights=np.ones(3)), "NaN": dict(weights=[np.nan, 1.0]),
    "infinity": dict(vectors=D.vectors * np.inf),
    "not unit": dict(vectors=2 * D.vectors), "a batch": dict(weights=D.weights[None], vectors=D.vectors[None]),
    "no order": dict(order=1), "order of a billion": dict(order=10**9), "text": dict(weights=["a", "b"]),
    "complex": dict(weights=D.weights * 1j), "single": dict(weights=D.weights.astype("f4")),
    "flat": dict(vectors=D.weights),
}  # fmt: skip
ACCOUNTS = dict(
    relative_error=[np.nan, -1, "0", None, np.inf], verdict=["perfect", None, ["exact"]], stop=["now", 3],
    measured_by=["eye"], minimal=["yes"], condition=["<b>", None, -1], reason=[None, 3],
    stages=[[["a", 1]], [[1, 2, 3]], [["a", -1, 0.1]], [["a", 1, "x"]], "abc"],
)  # fmt: skip
FORGED = {**{k: (v, {}) for k, v in CHANGED.items()},
          **{f"{k} {n}": ({}, {k: v}) for k, values in ACCOUNTS.items() for n, v in enumerate(values)}}


@pytest.mark.parametrize("name", FORGED)
def test_a_file_that_does_not_fit_is_refused(name, tmp_path):
    (tmp_path / "D.npz").write_bytes(saved(*FORGED[name]))
    with pytest.raises(ValueError, match="D.npz.* is not a saved decomposition; expected"):
        Decomposition.load(tmp_path / "D.npz")


RUN = modified_gd(T, 3, epochs=2, rng=0).run
RECORDS = {
    "a time less": dict(time=RUN.time[:-1]), "NaN": dict(time=RUN.time * np.nan),
    "backwards": dict(time=-RUN.time - RUN.step),
    "a value less": dict(trace={k: v[1:] for k, v in RUN.trace.items()}),
    "no records": dict(time=RUN.time[:0], step=RUN.step[:0], trace={}),
    "half steps": dict(step=RUN.step + 0.5), "a table of times": dict(time=RUN.time[:, None]),
    "no step": dict(final=replace(RUN.final, step=None)), "no time": dict(final=replace(RUN.final, time=np.nan)),
    "no configuration": dict(config=[]),
}  # fmt: skip


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_that_no_loop_wrote_is_refused(name, tmp_path):
    RUN.save(tmp_path / "run.npz")
    assert Run.load(tmp_path / "run.npz").final.step == RUN.final.step
    replace(RUN, **RECORDS[name]).save(tmp_path / "run.npz")
    with pytest.raises(ValueError, match="is not a saved run; expected"):
        Run.load(tmp_path / "run.npz")


# --- what is shown --------------------------------------------------------------------------------------------------

HOSTILE = "<img src=x onerror=alert(1)>\"'&"


def test_whatever_has_a_name_is_escaped():
    """From a file, a name or an option: text is text."""
    stages = tuple(replace(s, name=HOSTILE) for s in D.stages)
    certificate = replace(D.certificate, reason=HOSTILE)
    pages = [replace(D, stages=stages, certificate=certificate)._repr_html_(),
             replace(RUN, trace={HOSTILE: RUN.time})._repr_html_()]  # fmt: skip
    ledger = report(["lazy-rank"])
    (entry,) = ledger.entries
    comparison = replace(entry.comparison, prediction=replace(entry.comparison.prediction, cite=HOSTILE))
    claim = replace(entry.claim, statement=HOSTILE, reason=HOSTILE)
    entry = replace(entry, name=HOSTILE, comparison=comparison, claim=claim)
    pages.append(replace(ledger, entries=(entry,))._repr_html_())

    class Named(type(T)):
        def __repr__(self):
            return HOSTILE

    fit = modified_gd(T, 3, epochs=2, rng=0)
    pages.append(replace(fit, student=Named(T.weights, T.vectors, 3))._repr_html_())
    for page in pages:
        assert "<img" not in page and html.escape(HOSTILE) in page
