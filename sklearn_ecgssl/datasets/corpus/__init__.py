"""From data sets to what a network eats: prepared once, found again, and joined."""

from ._concatenate import concatenate
from ._prepare import prepare
from ._prepare_windows import prepare_windows

__all__ = ["concatenate", "prepare", "prepare_windows"]
