"""The map from papers to functions has every claim once, under its paper, and leads to what is there."""

import re
from pathlib import Path

import pytest

claims_map = pytest.importorskip("claims_map", reason="the map is made with the dev extra")
references = pytest.importorskip("references", reason="the map is made with the dev extra")


@pytest.fixture(scope="module")
def text():
    return claims_map.table(lambda path: f"tutorials/{path.name}")


def test_every_claim_is_there_once(text):
    from tensor_overparam.ledger import CHECKS

    found = re.findall(r"^\|[^|]*\|[^|]*\| \[([\w-]+)\]", text, re.MULTILINE)
    assert sorted(found) == sorted(CHECKS)


def test_the_six_papers_come_first(text):
    heads = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert [head.partition(":")[0] for head in heads[:6]] == [
        references.short(key).partition(":")[0] for key in references.PAPERS
    ]
    assert heads[-1] == claims_map.PAPERLESS


def test_functions_and_pages_are_there(text):
    root = Path(claims_map.__file__).resolve().parent.parent
    for name in set(re.findall(r"\{py:obj\}`~([\w.]+)`", text)):
        module, _, function = name.rpartition(".")
        source = root.joinpath(*module.split(".")).with_suffix(".py").read_text(encoding="utf-8")
        assert re.search(rf"^__all__ = .*?'{function}'", source, re.MULTILINE | re.DOTALL), name
    pages = set(re.findall(r"\]\(([\w/]+\.ipynb)\)", text))
    assert pages and not [page for page in pages if not (root / "nbs" / page).exists()]


@pytest.mark.parametrize(
    "cite, key",
    [
        ("2010.11356, within an epoch", "wang2020beyond"),
        ("arXiv 2106.06573, deflation", "ge2021understanding"),
        ("Wilson et al. 2017; closed form derived here", "wilson2017marginal"),
        ("derived here", ""),
    ],
)
def test_a_claim_belongs_to_the_paper_that_it_cites(cite, key):
    assert claims_map.paper(cite) == key


def test_a_tutorial_that_lists_a_claim_is_named(text):
    line = next(line for line in text.splitlines() if "[modified-direction-law]" in line)
    assert "03_beyond_lazy" in line
