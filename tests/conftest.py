"""What every test may count on."""

import signal

import pytest

pytest_plugins = ["another_machine"]


def pytest_configure():
    """Let Ctrl-C interrupt, also where the tests were started in the background of a script.

    A shell without job control starts such programs with SIGINT ignored, and their children inherit that:
    tests of interruptions would then test nothing.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


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
