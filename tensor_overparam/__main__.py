"""`python -m tensor_overparam` is `tensor-overparam`."""

import sys

from tensor_overparam._version import __version__


def main():
    """Run the command line; Ctrl-C while it is being loaded ends it without a word more than its exit code.

    A version is told at once, before anything is loaded. Once the work is done and Python takes itself down, there is
    nothing left to interrupt. What comes where Python cannot raise it, in a callback of its import system, comes again
    a moment later.

    Returns
    -------
    int
        Exit code, that of `tensor_overparam.cli.main`; 130 when interrupted.
    """
    if sys.argv[1:] == ["--version"]:
        print(f"tensor_overparam {__version__}")
        return 0
    pressed = []
    try:
        _listen(pressed)
        from tensor_overparam.cli.commands import main as run

        return run()
    except KeyboardInterrupt:
        return 130
    except Exception:
        if pressed:  # modules written in C turn what interrupts them into an ImportError
            return 130
        raise
    finally:
        _listen_no_more()


def _listen(pressed):
    """Note that Ctrl-C was pressed, and raise KeyboardInterrupt, also where Python itself would lose it."""
    import signal
    import threading

    def heard(*_):
        pressed.append(True)
        raise KeyboardInterrupt

    def unraisable(what):
        if issubclass(what.exc_type, KeyboardInterrupt):
            threading.Timer(0.02, signal.raise_signal, (signal.SIGINT,)).start()
        else:
            sys.__unraisablehook__(what)

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, heard)
        sys.unraisablehook = unraisable


def _listen_no_more():
    """The exit code is settled: neither a second press nor one that comes again changes it."""
    import signal

    while getattr(signal.getsignal(signal.SIGINT), "__module__", None) == __name__:
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        except KeyboardInterrupt:
            continue


if __name__ == "__main__":
    sys.exit(main())
