"""Entries of the reference: from comments beside parameters, or from a docstring with sections, never from both."""

import apidoc
import docstrings
import pytest

SOURCE = '''
def scaled(x, /, *rest, factor=2.0, **options):
    """Multiply, with a *star*.

    Twice as much, if nothing else is said.

    Parameters
    ----------
    x : array, shape (m, d)
        What to multiply,
        with `scaled` or by hand.
    *rest, **options
        Ignored.
    factor : float, default 2
        By how much.

    Returns
    -------
    array, shape (m, d)
        The product.

    Raises
    ------
    ValueError
        Where `factor` is zero.

    References
    ----------
    .. [1] Somebody, arXiv:1234.56789,
       Theorem 1.
    .. [2] Somebody else.

    Examples
    --------
    >>> scaled(2.0)
    4.0

    And again:

    >>> scaled(2.0, factor=3)
    6.0
    """
'''


def entry(source, name):
    return apidoc.entries(source, "package.module", {name}, "https://example.org")[name]


def test_sections_are_read():
    text = SOURCE.partition('"""')[2].rpartition('"""')[0]
    found = docstrings.sections(text)
    assert found[""].splitlines()[0] == "Multiply, with a *star*."
    assert found["Parameters"][0] == ("x", "array, shape (m, d)", "What to multiply,\nwith `scaled` or by hand.")
    assert docstrings.names(found["Parameters"]) == ["x", "rest", "options", "factor"]
    assert found["Returns"] == [("array, shape (m, d)", "", "The product.")]
    assert found["Raises"] == [("ValueError", "", "Where `factor` is zero.")]
    assert not docstrings.is_numpydoc("Multiply.\n\nParameters are not asked for.") and not docstrings.is_numpydoc(None)


def test_a_docstring_with_sections_is_shown_once():
    text = entry(SOURCE, "scaled")
    assert "````{py:function} scaled(x, /, *rest, factor=2.0, **options)\n:module: package.module" in text
    assert "| **x** | array, shape (m, d) |  | What to multiply, with `scaled` or by hand. |" in text
    assert "| **factor** | float, default 2 | `2.0` | By how much. |" in text
    assert "| **returns** | array, shape (m, d) |  | The product. |" in text
    assert "**Raises**\n\n- `ValueError`: Where `factor` is zero." in text
    assert "- \\[1\\] Somebody, arXiv:1234.56789, Theorem 1." in text
    assert "```pycon\n>>> scaled(2.0)\n4.0\n```\n\nAnd again:\n\n```pycon\n" in text
    assert text.count("By how much") == text.count("Multiply, with a \\*star\\*.") == 1 and "----" not in text


def test_comments_beside_parameters_are_a_table():
    text = entry('def scaled(\n    x, # what\n    factor=2., # how much\n): # more\n    "Multiply."\n', "scaled")
    assert "| **factor** | `2.0` | how much |" in text and "| **returns** |  | more |" in text


def test_a_dataclass_has_attributes():
    text = entry(
        'class Pair:\n    """Two.\n\n    Attributes\n    ----------\n    a : int\n        The first.\n'
        '    b : int\n        The second.\n    """\n    a: int\n    b: int = 2\n', "Pair")
    assert "{py:class} Pair(a, b=2)" in text and "| **b** | int | `2` | The second. |" in text


def test_links_lead_to_what_is_staged():
    """Hand-written pages stand at the root of the site; one with code is a notebook there."""
    stage = pytest.importorskip("stage", reason="the site is built with the docs extra")
    text = "[own](../../dev/docs/pages/extend.md), [words](../../dev/docs/pages/glossary.md#rank), [else](../index.md)"
    assert stage.at_home(text, "descent/registry.ipynb") == (
        "[own](../extend.ipynb), [words](../glossary.md#rank), [else](../index.md)"
    )


def test_constants_are_shown_where_a_wing_has_them_on_its_face():
    """Limits and switches of one module are no reference for readers; functions and classes always are."""
    shown = apidoc.public("tensor_overparam.decomposition.report")
    assert {"VERDICTS", "Decomposition"} <= shown and not {"LARGEST_FILE", "TIED"} & shown
    assert "CHECKS" in apidoc.public("tensor_overparam.ledger")
    assert apidoc.public("tensor_overparam.tensors.memory") == {"most_bytes", "check_memory"}
