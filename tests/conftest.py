"""What every test may count on."""

import signal

pytest_plugins = ["another_machine"]


def pytest_configure():
    """Let Ctrl-C interrupt, also where the tests were started in the background of a script.

    A shell without job control starts such programs with SIGINT ignored, and their children inherit that:
    tests of interruptions would then test nothing.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
