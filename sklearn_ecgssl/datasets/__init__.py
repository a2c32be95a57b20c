"""Recordings: a simulated cohort, and files of real ones."""

from ._cohort import make_cohort
from ._load_recordings import load_recordings
from ._save_recordings import save_recordings

__all__ = ["load_recordings", "make_cohort", "save_recordings"]
