"""What every test may count on."""

import signal
from shutil import rmtree
from tempfile import mkdtemp

import pytest
import shared as sharing

pytest_plugins = ["another_machine"]

FOLDER = pytest.StashKey()


def pytest_configure(config):
    """Let Ctrl-C interrupt, also where the tests were started in the background of a script.

    A shell without job control starts such programs with SIGINT ignored, and their children inherit that:
    tests of interruptions would then test nothing.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    sharing.start()
    if hasattr(config, "workerinput"):
        return
    if cache := getattr(config, "cache", None):
        config.stash[FOLDER] = str(cache.mkdir("shared"))
        sharing.forget(config.stash[FOLDER], days=30)
    else:
        config.stash[FOLDER] = mkdtemp(prefix="shared-")
        config.add_cleanup(lambda: rmtree(config.stash[FOLDER], ignore_errors=True))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    """Tell a process where those of this session share."""
    node.workerinput["shared"] = node.config.stash[FOLDER]


@pytest.fixture
def shared(request, monkeypatch):
    """Let the ledger's claims be judged once, see dev/shared.py; not where machines are simulated."""
    config = request.config
    if not config.getoption("--salt", 0):
        folder = config.workerinput["shared"] if hasattr(config, "workerinput") else config.stash[FOLDER]
        monkeypatch.setenv(sharing.VARIABLE, folder)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """With `-n`, keep the tests of a file in one process: they share what is dear. Notebooks go wherever there is room.

    Files with many tests come first and the notebooks last, so that no process waits long for the others.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.partition("::")[0]
            return nodeid if file.endswith("test_notebooks.py") else file

    return ByFile(config, log)
