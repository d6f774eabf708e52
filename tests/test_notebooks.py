"""Every notebook runs from top to bottom, but for cells marked `#| notest`, `#| slow` or `#| eval: false`.

What it then shows is what it holds. Numbers may differ, with a warning: another processor rounds in another order,
and a chaotic optimiser makes a count of it. `make fresh` compares them on the machine that made the notebooks.

A notebook that is on record as executed, with all that it imports as it is now, counts as slow: see dev/executed.py.
"""

import warnings

import pytest

tools = pytest.importorskip("notebooks", reason="the notebooks are run with the dev extra")

import executed  # noqa: E402

SKIPPED = set(tools.settings()["tst_flags"].split()) - {"raises"}


PAGES = [
    pytest.param(path, id=tools.name(path), marks=[pytest.mark.slow] * executed.is_unchanged(path))
    for path in tools.notebooks()
]


@pytest.mark.parametrize("path", PAGES)
def test_notebook_runs_and_shows_what_it_holds(path, shared):
    try:
        fresh = tools.run(path, skip=SKIPPED)
    except tools.NotebookError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    fresh = tools.cleaned(fresh)
    stale = tools.stale_outputs(path, fresh, numbers=False)
    assert not stale, f"{tools.name(path)} holds other outputs, execute it: {stale}"
    for difference in tools.stale_outputs(path, fresh):
        warnings.warn(f"{tools.name(path)}: {difference}", stacklevel=1)
