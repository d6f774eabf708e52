"""Every notebook runs from top to bottom, but for cells marked `#| notest`, `#| slow` or `#| eval: false`.

What it then shows is what it holds, up to the last digits of its numbers.
"""

import pytest

tools = pytest.importorskip("notebooks", reason="the notebooks are run with the dev extra")

SKIPPED = set(tools.settings()["tst_flags"].split()) - {"raises"}


@pytest.mark.parametrize("path", tools.notebooks(), ids=tools.name)
def test_notebook_runs_and_shows_what_it_holds(path):
    try:
        fresh = tools.run(path, skip=SKIPPED)
    except tools.NotebookError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    stale = tools.stale_outputs(path, tools.cleaned(fresh))
    assert not stale, f"{tools.name(path)} holds other outputs, execute it: {stale}"
