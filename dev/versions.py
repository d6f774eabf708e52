"""Which versions are known to be green, and which have moved since.

    python dev/versions.py freeze    write constraints.txt from the packages of this environment
    python dev/versions.py moved     name the packages of this environment that have other versions than there
"""

import re
import sys
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "constraints.txt"
HEAD = """\
# Versions of everything with which all tests pass, from `make constraints`. Development only: who installs the package
# is not bound by them. CI takes these in one environment, and in another whatever is newest.
"""
LEFT_OUT = {"tensor-overparam", "pip", "setuptools", "wheel", "torch"}  # not ours to choose, or chosen elsewhere


def normal(name):
    """Return a package's name as indices compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed():
    """Return {name: version} of this environment."""
    found = {normal(d.metadata["Name"]): d.version.partition("+")[0] for d in distributions()}
    return {name: found[name] for name in sorted(found.keys() - LEFT_OUT)}


def known():
    """Return {name: version} of the constraints."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def freeze():
    """Write the constraints."""
    FILE.write_text(HEAD + "".join(f"{name}=={version}\n" for name, version in installed().items()), encoding="utf-8")


def moved():
    """Print what is not as it was known to be green, a line each; what was not needed before counts too."""
    here, then = installed(), known()
    changed = {name: version for name, version in here.items() if then.get(name) != version}
    for name, version in changed.items():
        print(f"moved: {name} {then.get(name, '(not there)')} -> {version}")
    print(f"{len(changed)} of {len(here)} packages have another version than in {FILE.name}")


if __name__ == "__main__":
    commands = {"freeze": freeze, "moved": moved}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]]()
