"""The loaders that read person by person, and what opens the data set behind each."""

from collections.abc import Callable
from typing import Any

from .. import local, physionet
from ..local._amigos_data_set import open_amigos
from ..local._ascertain_data_set import Ascertain
from ..local._dreamer_data_set import Dreamer
from ..local._pspm_data_set import PsPM
from ..local._swell_data_set import Swell
from ..local._wesad_data_set import Wesad
from ..physionet._drivedb import DriveDb
from ..physionet._ecgid import EcgId
from ..physionet._eegmat import EegMat
from ..physionet._fetch_physionet import PhysioNet
from ..physionet._mitdb import MitDb
from ..physionet._qtdb import QtDb
from ..reading import DataSet
from ..recordings_file import load_recordings
from ..recordings_file._data_set import RecordingsFiles

#: Each is called with those parameters of its loader that say where the data set is.
SOURCES: dict[Any, Callable[..., DataSet]] = {
    load_recordings: RecordingsFiles,
    local.load_amigos: open_amigos,
    local.load_ascertain: Ascertain,
    local.load_dreamer: Dreamer,
    local.load_pspm: PsPM,
    local.load_swell: Swell,
    local.load_wesad: Wesad,
    physionet.fetch_drivedb: DriveDb,
    physionet.fetch_ecgid: EcgId,
    physionet.fetch_eegmat: EegMat,
    physionet.fetch_mitdb: MitDb,
    physionet.fetch_physionet: PhysioNet,
    physionet.fetch_qtdb: QtDb,
}
