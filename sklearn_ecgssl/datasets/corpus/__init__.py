"""From data sets to what a network eats: prepared once, found again, and joined."""

from ._concatenate import concatenate
from ._prepare import prepare

__all__ = ["concatenate", "prepare"]
