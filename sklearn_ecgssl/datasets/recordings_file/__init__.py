"""The recordings file, the package's own format."""

from ._load import load_recordings
from ._save import save_recordings

__all__ = ["load_recordings", "save_recordings"]
