"""The package's own format of windows, larger than memory: written in a stream, read in chunks."""

from ._load import load_windows
from ._save import save_windows

__all__ = ["load_windows", "save_windows"]
