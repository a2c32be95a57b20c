"""The package as a command: ``python -m sklearn_ecgssl``, over the public functions alone."""

from ._main import main

__all__ = ["main"]
