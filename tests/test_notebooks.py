"""Every notebook runs from top to bottom, but for cells marked `#| notest`, `#| slow` or `#| eval: false`."""

import pytest

tools = pytest.importorskip("notebooks", reason="the notebooks are run with the dev extra")

SKIPPED = set(tools.settings()["tst_flags"].split()) - {"raises"}


@pytest.mark.parametrize("path", tools.notebooks(), ids=tools.name)
def test_notebook_runs(path):
    try:
        tools.run(path, skip=SKIPPED)
    except tools.NotebookError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
