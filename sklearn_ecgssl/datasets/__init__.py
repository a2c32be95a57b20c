"""Recordings: data sets as they are distributed, recordings files, and a simulated cohort."""

from .cohort import make_cohort
from .recordings_file import load_recordings, save_recordings

__all__ = ["load_recordings", "make_cohort", "save_recordings"]
