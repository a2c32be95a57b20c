"""Data sets of PhysioNet, downloaded or where they are already."""

from ._drivedb import fetch_drivedb
from ._ecgid import fetch_ecgid
from ._eegmat import fetch_eegmat
from ._fetch_physionet import fetch_physionet
from ._mitdb import fetch_mitdb
from ._qtdb import fetch_qtdb

__all__ = [
    "fetch_drivedb",
    "fetch_ecgid",
    "fetch_eegmat",
    "fetch_mitdb",
    "fetch_physionet",
    "fetch_qtdb",
]
