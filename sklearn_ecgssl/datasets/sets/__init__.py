"""The data sets that the package reads, one module each: copy one to add another."""

from ._amigos import Amigos
from ._ascertain import Ascertain
from ._dreamer import Dreamer
from ._drivedb import DriveDb
from ._ecgid import EcgId
from ._eegmat import EegMat
from ._mitdb import MitDb
from ._physionet import PhysioNet
from ._pspm import PsPM
from ._qtdb import QtDb
from ._swell import Swell
from ._wesad import Wesad

__all__ = [
    "Amigos",
    "Ascertain",
    "Dreamer",
    "DriveDb",
    "EcgId",
    "EegMat",
    "MitDb",
    "PhysioNet",
    "PsPM",
    "QtDb",
    "Swell",
    "Wesad",
]
