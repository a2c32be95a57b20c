"""Recordings: data sets as they are distributed, recordings files, and a simulated cohort."""

from .cohort import make_cohort
from .corpus import concatenate, prepare, prepare_windows
from .local import load_amigos, load_ascertain, load_dreamer, load_pspm, load_swell, load_wesad
from .physionet import (
    fetch_drivedb,
    fetch_ecgid,
    fetch_eegmat,
    fetch_mitdb,
    fetch_physionet,
    fetch_qtdb,
)
from .recordings_file import load_recordings, save_recordings
from .windows_file import load_windows, save_windows

__all__ = [
    "concatenate",
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
    "load_windows",
    "make_cohort",
    "prepare",
    "prepare_windows",
    "save_recordings",
    "save_windows",
]
