"""The tool that changes one line at a time: what it notices, what it refuses, and when it is content."""

from collections import Counter
from dataclasses import replace

import pytest
from mutants import NOTHING, PACKAGE, ROOT, TABLE, Area, Mutant, noticed, read, run, summary

WRONG = Mutant("energy", "rotation/energy.py", "the mean is twice what it is",
               old="float(m*(m - 1)*one*", new="float(2*m*(m - 1)*one*")


def test_every_line_of_the_table_can_be_changed():
    """Each is in its module once; no two are the same, and every area has some."""
    areas, mutants = read(TABLE)
    assert len(mutants) >= 40 and set(areas) == {m.area for m in mutants}
    assert max(Counter((m.file, m.old, m.new) for m in mutants).values()) == 1
    assert max(Counter((m.area, m.what) for m in mutants).values()) == 1
    assert all((ROOT / "tests" / name).exists() for area in areas.values() for name in area.tests)


@pytest.mark.parametrize(("changed", "words"), [
    ({"old": "no such line"}, "has 'no such line' 0 times"), ({"old": "np."}, "has 'np.' .* times"),
    ({"new": WRONG.old}, "another in its place"), ({"new": "float(\n"}, "one line"),
])
def test_a_stale_mutant_is_an_error(changed, words):
    """Before anything runs, with the words by which it is found in the table."""
    with pytest.raises(ValueError, match=words) as error:
        replace(WRONG, **changed).changed(ROOT / PACKAGE)
    assert WRONG.what in str(error.value)


def test_a_mistake_is_noticed_and_nothing_is_not(tmp_path):
    """A claim sees the mistake in its formula; in the copy without it nobody sees anything, and no file is touched."""
    before = (ROOT / PACKAGE / WRONG.file).read_bytes()
    area, who = Area(["rotation/energy"], ["test_results.py"]), "claim energy-mean: violated"
    found = {m.what: who for m, who in run({"energy": area}, [WRONG], 1, tmp_path, lambda *told: None).items()}
    assert found == {WRONG.what: who, NOTHING: ""}
    nowhere = Area(["no/page"], ["test_results.py"])
    assert noticed(WRONG, nowhere, tmp_path / "0", who) == who, "who noticed it last time was not asked first"
    assert (ROOT / PACKAGE / WRONG.file).read_bytes() == before


def test_the_exit_code_says_whether_all_is_watched():
    """Survivors need an argument, arguments no witness, and where nothing is changed nobody may notice anything."""
    nothing, argued = replace(WRONG, what=NOTHING), replace(WRONG, argued="it is all the same")
    for found, code, words in (
        ({WRONG: "claim x", nothing: ""}, 0, "1 noticed by a claim, 0 by a test, 0 by nobody"),
        ({WRONG: "", nothing: ""}, 1, "wants a test"), ({argued: "", nothing: ""}, 0, "it is all the same"),
        ({argued: "test y"}, 1, "argued away, and yet"),
        ({WRONG: "test y", nothing: "claim x"}, 1, "nothing is changed"),
    ):
        text, result = summary(found)
        assert result == code and words in text
