"""Reading memory-maps without keeping them in memory."""

import mmap

import numpy as np


def release_pages(array: np.ndarray) -> None:
    """Give back the pages of a memory-map that were read; they are read again when needed.

    The system would take them back by itself when memory runs short, but until then they count as
    the process's own, and a job with a memory limit is killed for them.

    Parameters
    ----------
    array : ndarray
        Any array. Nothing is done unless it is a memory-map of a file, on a system that can. A
        copy-on-write map (mode "c") is left alone: its changes live in these pages only.
    """
    if not isinstance(array, np.memmap) or not hasattr(mmap, "MADV_DONTNEED"):
        return
    pages = getattr(array, "_mmap", None)
    if isinstance(pages, mmap.mmap) and array.mode != "c":
        pages.madvise(mmap.MADV_DONTNEED)
