"""Recordings: data sets as they are distributed, recordings files, and a simulated cohort."""

from ._attribute import Condition, Rating
from ._concatenate import concatenate
from ._data_set import DataSet, LeftOut, Trial
from ._events import epochs_around
from ._load_recordings import RecordingsFiles, load_recordings
from ._loaders import loader
from ._make_cohort import make_cohort
from ._mne import recordings_from_mne
from ._prepare import prepare
from ._prepare_windows import prepare_windows
from ._save_recordings import save_recordings
from ._tables import recordings_from_table
from .sets._amigos import Amigos
from .sets._ascertain import Ascertain
from .sets._dreamer import Dreamer
from .sets._drivedb import DriveDb
from .sets._ecgid import EcgId
from .sets._eegmat import EegMat
from .sets._mitdb import MitDb
from .sets._physionet import PhysioNet
from .sets._pspm import PsPM
from .sets._qtdb import QtDb
from .sets._swell import Swell
from .sets._wesad import Wesad

load_amigos = loader("load_amigos", Amigos)
load_ascertain = loader("load_ascertain", Ascertain)
load_dreamer = loader("load_dreamer", Dreamer)
load_pspm = loader("load_pspm", PsPM)
load_swell = loader("load_swell", Swell)
load_wesad = loader("load_wesad", Wesad)
fetch_drivedb = loader("fetch_drivedb", DriveDb)
fetch_ecgid = loader("fetch_ecgid", EcgId)
fetch_eegmat = loader("fetch_eegmat", EegMat)
fetch_mitdb = loader("fetch_mitdb", MitDb)
fetch_physionet = loader("fetch_physionet", PhysioNet)
fetch_qtdb = loader("fetch_qtdb", QtDb)

_AVAILABLE = (
    *(Amigos, Ascertain, Dreamer, PsPM, Swell, Wesad),
    *(DriveDb, EcgId, EegMat, MitDb, PhysioNet, QtDb, RecordingsFiles),
)


def available() -> dict[str, type[DataSet]]:
    """List the data sets that the package reads.

    Returns
    -------
    data_sets : dict of str to type
        Their classes by name; the first paragraph of each one's `DESCR` says what it is.

    See Also
    --------
    DataSet : The base class of these, and of one of your own.

    Examples
    --------
    >>> from sklearn_ecgssl.datasets import available
    >>> list(available())[:4]
    ['amigos', 'ascertain', 'dreamer', 'pspm']
    >>> available()["wesad"].leads
    ('chest',)
    """
    return {one.name: one for one in _AVAILABLE}


__all__ = [
    "Amigos",
    "Ascertain",
    "Condition",
    "DataSet",
    "Dreamer",
    "DriveDb",
    "EcgId",
    "EegMat",
    "LeftOut",
    "MitDb",
    "PhysioNet",
    "PsPM",
    "QtDb",
    "Rating",
    "RecordingsFiles",
    "Swell",
    "Trial",
    "Wesad",
    "available",
    "concatenate",
    "epochs_around",
    "fetch_drivedb",
    "fetch_ecgid",
    "fetch_eegmat",
    "fetch_mitdb",
    "fetch_physionet",
    "fetch_qtdb",
    "load_amigos",
    "load_ascertain",
    "load_dreamer",
    "load_pspm",
    "load_recordings",
    "load_swell",
    "load_wesad",
    "make_cohort",
    "prepare",
    "prepare_windows",
    "recordings_from_mne",
    "recordings_from_table",
    "save_recordings",
]
