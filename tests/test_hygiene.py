"""Each rule for notebooks can fail: a project with one good notebook, spoilt in one way at a time."""

import base64
import io
import shutil

import pytest

tools = pytest.importorskip("notebooks", reason="the notebooks are looked after with the dev extra")

import executed  # noqa: E402
import nbformat  # noqa: E402
import numpy as np  # noqa: E402
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output  # noqa: E402
from outputs import differences, same_picture, same_text  # noqa: E402
from PIL import Image  # noqa: E402

KERNEL = {"kernelspec": {"display_name": "python3", "language": "python", "name": "python3"}}


def picture(color, size=(200, 100)):
    """Return a page with a coloured square, encoded as in a notebook."""
    page = np.full((size[1], size[0], 4), 0, np.uint8)
    page[20:80, 20:80] = (*color, 255)
    file = io.BytesIO()
    Image.fromarray(page).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def shown(data):
    return new_output("display_data", data)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return the path of a good notebook in a project of its own, which the tools look after."""
    tools.settings()
    shutil.copy(tools.ROOT / "settings.ini", tmp_path)
    for module in (tools, executed):
        monkeypatch.setattr(module, "ROOT", tmp_path.resolve())
    monkeypatch.setattr(executed, "RECORD", tmp_path / "executed.txt")
    path = tmp_path.resolve() / "nbs" / "small.ipynb"
    path.parent.mkdir()
    (path.parent / "sidebar.yml").write_text("website: {sidebar: {contents: [small.ipynb]}}")
    cells = [
        new_markdown_cell("# How small can it be?\n\n> A notebook with one function"),
        new_code_cell("#| default_exp small"),
        new_code_cell("#| export\nimport math"),
        new_code_cell("#| export\ndef root(x): return math.sqrt(x)"),
        new_code_cell("print(round(root(2.), 2))", outputs=[new_output("stream", name="stdout", text="1.41\n")]),
    ]
    notebook = new_notebook(cells=cells, metadata=KERNEL)
    package = tmp_path / tools.settings()["lib_path"]
    package.mkdir()
    (package / "__init__.py").write_text("")
    path.write_bytes(tools.cleaned(notebook))
    return path


def spoil(path, change):
    notebook = nbformat.read(path, as_version=4)
    change(notebook)
    nbformat.write(notebook, path)


def test_the_good_one_is_in_order(project, capsys):
    tools.export(check=False)
    assert tools.lint() == tools.clean(check=True) == tools.export(check=True) == 0
    assert tools.execute([project], check=True) == 0, capsys.readouterr().out


def test_an_edited_module_or_notebook_is_seen(project):
    tools.export(check=False)
    module = project.parent.parent / tools.settings()["lib_path"] / "small.py"
    good = module.read_text()
    module.write_text(good.replace("sqrt", "cbrt"))
    assert tools.export(check=True) == 1
    module.write_text(good)
    assert tools.export(check=True) == 0
    spoil(project, lambda nb: nb.cells[3].update(source="#| export\ndef root(x): return x**.5"))
    assert tools.export(check=True) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda nb: nb.cells[4].update(execution_count=7),
        lambda nb: nb.cells[4].metadata.update(scrolled=True),
        lambda nb: nb.metadata.update(widgets={"state": {}}),
        lambda nb: nb.cells[4].outputs.append(shown({tools.WIDGET: {"model_id": "1"}, "text/plain": "W()"})),
    ],
    ids=["counts", "metadata of a cell", "state of widgets", "live widget"],
)
def test_what_changes_from_run_to_run_is_seen(project, change):
    spoil(project, change)
    assert tools.clean(check=True) == 1
    assert tools.clean(check=False) == 0 and tools.clean(check=True) == 0


def explorer(nb, *outputs):
    nb.cells[4].update(source="#| fig-cap: a\n#| fig-alt: b\nexplore('small')", outputs=list(outputs))


RULES = {
    "cells, at most": lambda nb: nb.cells.extend(new_markdown_cell("more") for _ in range(tools.MAX_CELLS)),
    "bytes, at most": lambda nb: nb.cells.append(new_markdown_cell("x" * tools.MAX_BYTES)),
    "no stored output": lambda nb: nb.cells[4].update(outputs=[]),
    "state of widgets": lambda nb: nb.metadata.update(widgets={"state": {}}),
    "title and a subtitle": lambda nb: nb.cells[0].update(source="How small?"),
    "lines, at most": lambda nb: nb.cells[3].update(source="#| export\n" + "x = 1\n" * (tools.MAX_EXPORT_LINES + 1)),
    "mixes imports": lambda nb: nb.cells[2].update(source="#| export\nimport math\nx = math.pi"),
    "not marked `#| raises`": lambda nb: nb.cells[4].outputs.append(
        new_output("error", ename="ValueError", evalue="no", traceback=[])
    ),
    "path of the machine": lambda nb: nb.cells[4].outputs[0].update(text="/home/me/x\n"),
    "longer than 120": lambda nb: nb.cells[4].update(source="x = " + "1 + " * 40 + "1"),
    "without `#| fig-cap`": lambda nb: nb.cells[4].outputs.append(shown({"image/png": picture((0, 0, 255))})),
    "a widget, and needs a still": lambda nb: explorer(nb, shown({"text/plain": "Explorer()"})),
    "shows a widget": lambda nb: nb.cells[4].outputs.append(shown({tools.WIDGET: {"model_id": "1"}})),
}


@pytest.mark.parametrize("problem", RULES)
def test_each_limit_can_be_broken(project, capsys, problem):
    spoil(project, RULES[problem])
    assert tools.lint() == 1
    assert problem in capsys.readouterr().out


@pytest.mark.parametrize(
    ("contents", "problem"),
    [
        ("", "small.ipynb: does not stand in sidebar.yml"),
        ("small.ipynb, small.ipynb", "small.ipynb: stands in sidebar.yml twice"),
        ("small.ipynb, {section: More, contents: [large.ipynb]}", "large.ipynb: stands in sidebar.yml, and is not"),
    ],
)
def test_the_order_of_reading_knows_every_notebook_once(project, capsys, contents, problem):
    (project.parent / "sidebar.yml").write_text(f"website: {{sidebar: {{contents: [{contents}]}}}}")
    assert tools.lint() == 1
    assert problem in capsys.readouterr().out
    assert tools.notebooks()[0] == project


def test_an_explorer_with_a_still_is_fine(project):
    spoil(project, lambda nb: explorer(nb, shown({"image/png": picture((0, 0, 255)), "text/plain": "<widget>"})))
    assert tools.lint() == 0


def test_stale_outputs_and_failures_are_seen(project, capsys):
    spoil(project, lambda nb: nb.cells[4].outputs[0].update(text="1.51\n"))
    before = project.read_bytes()
    assert tools.execute([project], check=True) == 1
    assert "'1.51' is stored, it gives '1.41'" in capsys.readouterr().out
    assert project.read_bytes() == before
    assert tools.execute([project]) == 0 and tools.execute([project], check=True) == 0
    spoil(project, lambda nb: nb.cells[4].update(source="1/0"))
    assert tools.execute([project], check=True) == 1


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("error 1.234e-09 after 20 steps", "error 7.9e-09  after 20 steps", True),
        ("risk 0.5012", "risk 0.5013", True),
        ("risk 0.50", "risk 0.55", False),
        ("8 of 10 solved", "9 of 10 solved", False),
        ("8 of 10 solved", "8 of 10 failed", False),
        ("rate -1.0", "rate 1.0", False),
    ],
)
def test_numbers_may_differ_in_their_last_digits(a, b, same):
    assert same_text(a, b) == same


def test_numbers_can_be_left_out_but_not_words():
    assert same_text("8 of 10 solved", "9 of 10 solved", numbers=False)
    assert not same_text("8 of 10 solved", "8 of 10 failed", numbers=False)


def test_pictures_are_compared_from_afar():
    blue = picture((0, 0, 255))
    assert same_picture(blue, picture((2, 0, 250))) and same_picture(blue, picture((0, 0, 255), (203, 101)))
    assert not same_picture(blue, picture((255, 0, 0)))
    assert not same_picture(blue, picture((0, 0, 255), (300, 100)))


def test_other_kinds_of_output_are_told_apart():
    def changed(*outputs):
        pair = [new_notebook(cells=[new_code_cell("x", outputs=list(o))]) for o in outputs]
        return list(differences(*pair))

    def said(text):
        return new_output("stream", name="stdout", text=text)

    def failed(text):
        return new_output("error", ename="ValueError", evalue=text, traceback=[])

    text, error = said("a\nb\n"), failed("no")
    assert not changed([text], [text])
    assert changed([text], []) and changed([text], [error]) and changed([text], [said("a\n")])
    assert changed([error], [failed("yes")])
    assert changed([shown({"image/png": picture((0, 0, 255))})], [shown({"text/plain": "a"})])


def test_kernels_are_apart():
    """A kernel may be a copy of a process that has imported everything; what it does itself, no other one sees."""
    cell = "import os, sys, numpy\nprint('mark' in sys.modules, hasattr(numpy, 'mark'), os.environ.get('MARK'))\n"
    cell += "sys.modules['mark'] = numpy.mark = numpy\nos.environ['MARK'] = '1'"
    start, drawn = tools.manager(str(tools.ROOT), "agg"), set()
    for _ in range(3):
        nb = new_notebook(cells=[new_code_cell(cell), new_code_cell("print(numpy.random.rand())")], metadata=KERNEL)
        tools.NotebookClient(nb, kernel_manager_class=start).execute()
        first, second = (cell.outputs[0].text for cell in nb.cells)
        assert first == "False False None\n"
        drawn.add(second)
    assert len(drawn) == 3, "kernels draw the same random numbers"
