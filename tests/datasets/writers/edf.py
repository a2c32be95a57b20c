"""Writes tiny EDF files, after B. Kemp et al., Electroenceph clin Neurophysiol 82:391-393, 1992.

A file is a header of ASCII fields of fixed width, 256 bytes and as many for each signal, and then
records of equal duration: of each signal in turn its samples, 16 bits (BDF: 24), little-endian.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass
class Signal:
    """A signal; its digital values are as long as there are records times samples in one."""

    label: str
    digital: np.ndarray
    samples_per_record: int
    unit: str | bytes = "mV"
    physical: tuple[Any, Any] = (-1, 1)
    range: tuple[Any, Any] = (-32768, 32767)

    def values(self) -> np.ndarray:
        """What the digital values mean."""
        (low, high), (first, last) = self.physical, self.range
        return low + (self.digital.astype(float) - first) * (high - low) / (last - first)


@dataclass
class Edf:
    """A file; `n_records` is what its header says instead of the truth."""

    signals: list[Signal]
    duration: Any = 1
    reserved: str = ""
    n_records: int | None = None
    bdf: bool = False

    def to_bytes(self) -> bytes:
        n_signals, first = len(self.signals), self.signals[0]
        n_records = len(first.digital) // first.samples_per_record
        fields: list[tuple[Any, int]] = [
            *((b"\xffBIOSEMI" if self.bdf else "0", 8), ("X X X X", 80)),
            *(("Startdate X X X X", 80), ("01.02.03", 8), ("04.05.06", 8)),
            *((256 * (1 + n_signals), 8), (self.reserved, 44)),
            (n_records if self.n_records is None else self.n_records, 8),
            *((self.duration, 8), (n_signals, 4)),
        ]
        for values, width in (
            ([one.label for one in self.signals], 16),
            (["AgAgCl"] * n_signals, 80),
            ([one.unit for one in self.signals], 8),
            ([one.physical[0] for one in self.signals], 8),
            ([one.physical[1] for one in self.signals], 8),
            ([one.range[0] for one in self.signals], 8),
            ([one.range[1] for one in self.signals], 8),
            ([""] * n_signals, 80),
            ([one.samples_per_record for one in self.signals], 8),
            ([""] * n_signals, 32),
        ):
            fields += [(value, width) for value in values]
        header = b"".join(_text(value, width) for value, width in fields)
        records = [one.digital.reshape(n_records, -1) for one in self.signals]
        samples = np.concatenate(records, axis=1).astype("<i4").view("u1").reshape(-1, 4)
        return header + samples[:, : 3 if self.bdf else 2].tobytes()


def annotations(starts: Any, n_samples: int = 8, bdf: bool = False) -> Signal:
    """The signal of an EDF+ file that keeps time: text in place of samples.

    `starts` are what it says of when each record begins, or the number of records of 1 s.
    """
    starts = range(starts) if isinstance(starts, int) else starts
    signed = [one if str(one).startswith("-") else f"+{one}" for one in starts]
    width = 3 if bdf else 2
    text = b"".join(f"{one}\x14\x14".encode().ljust(width * n_samples, b"\0") for one in signed)
    digital = np.zeros((len(text) // width, 4), "u1")
    digital[:, :width] = np.frombuffer(text, "u1").reshape(-1, width)
    label = "BDF Annotations" if bdf else "EDF Annotations"
    return Signal(label, digital.view("<i4").ravel(), n_samples, unit="")


def _text(value: Any, width: int) -> bytes:
    content = value if isinstance(value, bytes) else str(value).encode("latin-1")
    assert len(content) <= width, value
    return content.ljust(width)
