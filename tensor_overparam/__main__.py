"""`python -m tensor_overparam` is `tensor-overparam`."""

import sys


def main():
    """Run the command line; Ctrl-C while it is being loaded ends it without a word more than its exit code.

    Returns
    -------
    int
        Exit code, that of `tensor_overparam.cli.main`; 130 when interrupted.
    """
    try:
        from tensor_overparam.cli.commands import main as run

        return run()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
