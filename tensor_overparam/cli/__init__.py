"""The command line, `tensor-overparam`: it reads options, calls one function, prints.

- `main` is its entry point and returns the exit status.
"""

from tensor_overparam.cli.commands import main

__all__ = [
    "main",
]


def __dir__():
    """Return the names that people come for."""
    return sorted(__all__)
