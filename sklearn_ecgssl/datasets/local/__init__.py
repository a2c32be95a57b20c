"""Data sets in a folder of the user's, as their owners distribute them."""

from ._amigos import load_amigos
from ._ascertain import load_ascertain
from ._dreamer import load_dreamer
from ._pspm import load_pspm
from ._swell import load_swell
from ._wesad import load_wesad

__all__ = [
    "load_amigos",
    "load_ascertain",
    "load_dreamer",
    "load_pspm",
    "load_swell",
    "load_wesad",
]
