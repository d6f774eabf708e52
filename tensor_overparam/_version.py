"""The version: the one place in the package where it stands."""

__version__ = "0.1.0"
