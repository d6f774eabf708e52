"""Is the code watched? One line of it is changed, and a claim of the ledger or a test has to notice.

`dev/mutants.toml` holds the changes. Each is made in a copy of the package; then the quick claims of its area are
judged, up to the first that changes its verdict or fails, and if none does, the tests of its area run. Whoever noticed
it last time (`dev/mutants_seen.txt`, which a run brings up to date) is asked before all others. What nobody notices
survives. The exit code is 1 if a survivor is not argued away in the table, if one that is argued away is
noticed after all, or if something is noticed where nothing was changed; a line of the table that is not in its module
exactly once is an error before anything runs.
"""

import argparse
import os
import queue
import re
import shutil
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "dev" / "mutants.toml"
SEEN = ROOT / "dev" / "mutants_seen.txt"
PACKAGE = "tensor_overparam"
COPIED = (PACKAGE, "tests", "dev", "pyproject.toml", "settings.ini")
PATIENCE = 300  # seconds after which a change counts as noticed: its claims or tests do not come to an end


@dataclass(frozen=True)
class Area:
    """Where to look: the pages whose claims are judged, and the files of tests that run after them."""

    pages: list
    tests: list


@dataclass(frozen=True)
class Mutant:
    """A change of one line, and in words what is wrong then; `argued` says why nobody can notice."""

    area: str
    file: str
    what: str
    old: str
    new: str
    argued: str = ""

    def changed(self, package):
        """Return the text of the module with the change. Raises ValueError for a change that cannot be made."""
        text = (package / self.file).read_text(encoding="utf-8")
        if text.count(self.old) != 1 or "\n" in self.old + self.new or self.old == self.new:
            raise ValueError(f"{self.file} has {self.old!r} {text.count(self.old)} times; expected one line, once, and "
                             f"another in its place: bring the mutant '{self.what}' in {TABLE.name} up to date")
        text = text.replace(self.old, self.new)
        compile(text, self.file, "exec")
        return text


NOTHING = "nothing is changed"


def read(table):
    """Return the areas and the mutants of a table, all of which can be made. Raises ValueError otherwise."""
    told = tomllib.loads(table.read_text(encoding="utf-8"))
    areas = {name: Area(**area) for name, area in told["areas"].items()}
    mutants = [Mutant(**mutant) for mutant in told["mutants"]]
    for mutant in mutants:
        mutant.changed(ROOT / PACKAGE)
        if mutant.area not in areas:
            raise ValueError(f"the mutant '{mutant.what}' is in {mutant.area}; expected one of {', '.join(areas)}")
    return areas, mutants


def noticed(mutant, area, folder, last=""):
    """Make the change in a copy and return who notices it: a claim, a test, or '' for nobody; `last` is asked first."""
    path = folder / PACKAGE / mutant.file
    before = path.read_text(encoding="utf-8")
    if mutant.what != NOTHING:
        path.write_text(mutant.changed(folder / PACKAGE), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    environment.pop("TENSOR_OVERPARAM_SHARED", None)
    tests = [str(Path("tests") / name) for name in area.tests]
    judged = [sys.executable, "dev/mutants.py", "--judge"]
    tested = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=no", "-p", "no:cacheprovider"]
    kind, _, name = last.partition(":")[0].partition(" ") if last.startswith("claim ") else last.partition(" ")
    first = {"claim": [[*judged, f"claim:{name}"]], "test": [[*tested, f"tests/{name}"]]}.get(kind, [])
    try:
        for command in (*first, [*judged, *area.pages], [*tested, *tests]):
            done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True,
                                  timeout=PATIENCE, check=False)
            if done.returncode:
                return witness(done.stdout + done.stderr)
    except subprocess.TimeoutExpired:
        return f"patience: no end within {PATIENCE} seconds"
    finally:
        path.write_text(before, encoding="utf-8")
    return ""


def witness(text):
    """Return what a run says of the first claim or test that failed."""
    found = re.search(r"^(claim \S+.*|(?:FAILED|ERROR) \S+)", text, re.MULTILINE)
    line = found[0] if found else text.strip().rpartition("\n")[2]
    return re.sub(r"^(?:FAILED|ERROR) tests/", "test ", line)


def judge(pages):
    """Judge the quick claims of some pages, or `claim:NAME`; return 1 at the first whose verdict is not as recorded."""
    import tensor_overparam
    from tensor_overparam.ledger import CHECKS

    if Path(tensor_overparam.__file__).parent != ROOT / PACKAGE:
        raise SystemExit(f"{tensor_overparam.__file__} is not the copy; expected {ROOT / PACKAGE}")
    for name, claim in CHECKS.items():
        if not claim.page.startswith(tuple(pages)) and f"claim:{name}" not in pages:
            continue
        try:
            verdict = claim.check().verdict
        except Exception as error:  # whatever a broken line raises, the claim has noticed it
            verdict = type(error).__name__
        if verdict != claim.expected:
            print(f"claim {name}: {verdict}")
            return 1
    return 0


def run(areas, mutants, jobs, folder, tell, seen=None):
    """Return {mutant: who notices it} for all mutants, and for every area with nothing changed; `seen` is of before."""
    mutants = [*mutants, *(Mutant(name, "__init__.py", NOTHING, "", "") for name in {m.area: 0 for m in mutants})]
    copies = queue.SimpleQueue()
    for k in range(jobs):
        copy = folder / str(k)
        copy.mkdir()
        for name in COPIED:
            leave = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, copy / name, ignore=leave) if (ROOT / name).is_dir() else shutil.copy(
                ROOT / name, copy)
        copies.put(copy)

    def one(mutant):
        copy = copies.get()
        who = noticed(mutant, areas[mutant.area], copy, (seen or {}).get((mutant.area, mutant.what), ""))
        copies.put(copy)
        tell(mutant, who)
        return who

    with ThreadPoolExecutor(jobs) as pool:
        return dict(zip(mutants, pool.map(one, mutants), strict=True))


def summary(found):
    """Return in words what is left, and the exit code."""
    real = {m: who for m, who in found.items() if m.what != NOTHING}
    lines, code = [], 0
    by_claims = sum(who.startswith("claim") for who in real.values())
    lines.append(f"{len(real)} mutants: {by_claims} noticed by a claim, "
                 f"{sum(bool(who) for who in real.values()) - by_claims} by a test, "
                 f"{sum(not who for who in real.values())} by nobody.")
    for mutant, who in found.items():
        if mutant.what == NOTHING and who:
            lines.append(f"{mutant.area}: {NOTHING}, and yet there is a witness: {who}")
        elif mutant.what != NOTHING and bool(who) == bool(mutant.argued):
            lines.append(f"{mutant.area}: {mutant.what}: " + (
                f"argued away, and yet there is a witness: {who}" if who else "nobody notices; it wants a test"))
        else:
            if mutant.argued:
                lines.append(f"{mutant.area}: {mutant.what}: nobody can notice, {mutant.argued}")
            continue
        code = 1
    return "\n".join(lines), code


def remembered():
    """Return {(area, what): who noticed it last time}."""
    lines = SEEN.read_text(encoding="utf-8").splitlines() if SEEN.exists() else []
    return {(area, what): who for area, what, who in (line.split(" | ", 2) for line in lines)}


def remember(mutants, seen):
    """Write who noticed what, in the order of the table."""
    rows = [(m.area, m.what, seen[m.area, m.what]) for m in mutants if seen.get((m.area, m.what))]
    SEEN.write_text("".join(" | ".join(row) + "\n" for row in rows), encoding="utf-8")


def main(argv=None):
    """Run the mutants of the named areas, or all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("areas", nargs="*", help="all areas of the table if none is named")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time")
    parser.add_argument("--only", default="", help="only mutants with these words in what they do")
    parser.add_argument("--judge", nargs="+", metavar="PAGE", help=argparse.SUPPRESS)
    asked = parser.parse_args(argv)
    if asked.judge:
        return judge(asked.judge)
    areas, mutants = read(TABLE)
    if unknown := set(asked.areas) - set(areas):
        parser.error(f"there is no area {', '.join(sorted(unknown))}; expected some of {', '.join(areas)}")
    seen = remembered()
    chosen = [m for m in mutants if m.area in (asked.areas or areas) and asked.only in m.what]
    with TemporaryDirectory(prefix="mutants-") as folder:
        before, writing = dict(seen), Lock()

        def tell(mutant, who):
            print(f"{mutant.area:10} {mutant.what:72} {who or 'NOBODY'}", flush=True)
            with writing:
                seen[mutant.area, mutant.what] = who
                remember(mutants, seen)  # at once: a run that is interrupted has not been for nothing

        found = run(areas, chosen, asked.jobs, Path(folder), tell, before)
    text, code = summary(found)
    print(text)
    return code


if __name__ == "__main__":
    sys.exit(main())
