"""Windows into Zarr, shard by shard."""

import hashlib
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from ._zarr import FORMAT, MISSING, MISSING_SCALE, VERSION, import_zarr, sizes

#: Steps in a standard deviation of a window.
STEPS = 1000

#: Entries of a chunk of people or recordings, of which all are read at once.
COLUMN = 2**22

#: The largest 16-bit integer.
LARGEST = 32767


class WindowsWriter:
    """A windows file that grows.

    Parameters
    ----------
    path : pathlib.Path
        Where it will be; made here.
    sampling_rate : float
        In Hz.
    """

    def __init__(self, path: Path, sampling_rate: float) -> None:
        self.zarr = import_zarr()
        self.group = self.zarr.create_group(path)
        self.sampling_rate = sampling_rate
        self.n_times: int | None = None
        self.n_written = 0
        self.waiting: list[np.ndarray] = []
        self.n_waiting = 0
        self.counts: list[int] = []
        self.people: list[Any] = []
        self.checksum = hashlib.sha256()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()

    def write(self, windows: Any, person: Any) -> None:
        """Add a recording.

        Parameters
        ----------
        windows : array-like of shape (n_windows, n_times)
            Its windows.
        person : str, int or None
            Whose they are.

        Raises
        ------
        ValueError
            If they are no windows, or not as long as those before.
        """
        windows = self._checked(windows)
        self.counts.append(len(windows))
        self.people.append(person)
        self.waiting.append(windows)
        self.n_waiting += len(windows)
        while self.n_waiting >= self.shard:
            self._flush(self.shard)

    def close(self) -> None:
        """Write what is left, and what the windows are."""
        if self.n_times is None or self.n_written + self.n_waiting == 0:
            raise ValueError("recordings has no windows: there is nothing to save.")
        if self.n_waiting:
            self._flush(self.n_waiting)
        recording = np.repeat(np.arange(len(self.counts)), self.counts)
        self._column("recording", recording)
        names = None
        if self.people[0] is not None:
            names, code = np.unique(self.people, return_inverse=True)
            self._column("subject", code[recording])
            names = names.tolist()
        self.group.attrs.update(
            {
                "format": FORMAT,
                "version": VERSION,
                "sampling_rate": float(self.sampling_rate),
                "checksum": self.checksum.hexdigest(),
                "subjects": names,
            }
        )

    def _checked(self, windows: Any) -> np.ndarray:
        windows = np.asarray(windows)
        number = len(self.counts)
        if windows.ndim != 2 or windows.dtype.kind not in "iuf":
            raise ValueError(
                f"Recording {number} must be windows, a 2-D array of numbers (n_windows, n_times), "
                f"got {windows.dtype} of shape {windows.shape}."
            )
        if self.n_times is None:
            self._begin(windows.shape[1])
        if windows.shape[1] != self.n_times:
            raise ValueError(
                f"All windows must have the same length: recording {number} has windows of "
                f"{windows.shape[1]} samples, those before of {self.n_times}."
            )
        if not np.isfinite(windows).all():
            raise ValueError(f"Recording {number} contains NaN or infinity.")
        return windows.astype(np.float32)

    def _begin(self, n_times: int) -> None:
        self.n_times = n_times
        self.chunk, self.shard = sizes(n_times)
        codecs = self.zarr.codecs
        packed = codecs.BloscCodec(cname="zstd", clevel=3, shuffle="bitshuffle")
        self.windows = self.group.create_array(
            "windows",
            shape=(0, n_times),
            dtype="int16",
            chunks=(self.chunk, n_times),
            shards=(self.shard, n_times),
            compressors=(packed, codecs.Crc32cCodec()),
            fill_value=MISSING,
        )
        self.scale = self.group.create_array(
            "scale",
            shape=(0,),
            dtype="float32",
            chunks=(self.chunk,),
            shards=(self.shard,),
            compressors=codecs.Crc32cCodec(),
            fill_value=MISSING_SCALE,
        )

    def _flush(self, n_windows: int) -> None:
        everything = np.concatenate(self.waiting)
        windows, rest = everything[:n_windows], everything[n_windows:]
        self.waiting, self.n_waiting = [rest], len(rest)
        scale = steps(windows)
        end = self.n_written + n_windows
        self.windows.resize((end, self.n_times))
        self.scale.resize((end,))
        counts = np.rint(windows / scale[:, None]).astype(np.int16)
        self.windows[self.n_written : end] = counts
        self.scale[self.n_written : end] = scale
        for part in (counts, scale):
            self.checksum.update(np.ascontiguousarray(part).data)
        self.n_written = end

    def _column(self, name: str, values: np.ndarray) -> None:
        kind = np.min_scalar_type(int(values.max()))
        column = self.group.create_array(
            name,
            shape=values.shape,
            dtype=kind,
            chunks=(min(len(values), COLUMN),),
            compressors=(self.zarr.codecs.ZstdCodec(), self.zarr.codecs.Crc32cCodec()),
            config={"write_empty_chunks": True},
        )
        column[:] = values.astype(kind)


def steps(windows: np.ndarray) -> np.ndarray:
    """Choose the steps to which samples are rounded.

    Parameters
    ----------
    windows : ndarray of shape (n_windows, n_times)
        Windows.

    Returns
    -------
    ndarray of shape (n_windows,), float32
        A thousandth of the standard deviation, more where 16 bits would not reach as far.
    """
    fine = windows.std(axis=1, dtype=np.float64) / STEPS
    coarse = np.abs(windows).max(axis=1).astype(np.float64) / LARGEST
    scale = np.maximum(fine, coarse).astype(np.float32)
    # rounding to float32 must not take the largest value beyond 16 bits
    scale = np.nextafter(scale, np.float32(np.inf))
    return np.where(scale > np.finfo(np.float32).tiny, scale, 1).astype(np.float32)
