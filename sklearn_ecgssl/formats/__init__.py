"""Bytes on disk into arrays and plain values, and back: nothing runs, nothing is half written."""

from .._files import UnreadableFileError, checksum
from ._estimators import parameter_facts
from ._folder import has_folder, read_folder, write_folder
from ._lock import held
from ._pretrained import (
    PretrainedMixin,
    training_summary,
)

__all__ = [
    "PretrainedMixin",
    "UnreadableFileError",
    "checksum",
    "has_folder",
    "held",
    "parameter_facts",
    "read_folder",
    "training_summary",
    "write_folder",
]
