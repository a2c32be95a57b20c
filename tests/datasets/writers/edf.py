"""Writes tiny EDF files, after B. Kemp et al., Electroenceph clin Neurophysiol 82:391-393, 1992.

A file is a header of ASCII fields of fixed width, 256 bytes and as many for each signal, and then
records of equal duration: of each signal in turn its samples, 16 bits (BDF: 24), little-endian.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass
class Signal:
    """A signal; its digital values are as long as there are records times samples in one."""

    label: str
    digital: np.ndarray
    samples_per_record: int
    unit: str | bytes = "mV"
    physical: tuple[object, object] = (-1, 1)
    range: tuple[object, object] = (-32768, 32767)

    def values(self) -> np.ndarray:
        """What the digital values mean."""
        (low, high), (first, last) = self.physical, self.range
        return low + (self.digital.astype(float) - first) * (high - low) / (last - first)


@dataclass
class Edf:
    """A file; fields that are given replace what belongs there."""

    signals: list[Signal]
    duration: object = 1
    reserved: str = ""
    fields: dict[str, object] = field(default_factory=dict)
    bdf: bool = False

    def to_bytes(self) -> bytes:
        signals = self.signals
        n_records = len(signals[0].digital) // signals[0].samples_per_record
        head = {
            "version": (b"\xffBIOSEMI" if self.bdf else "0", 8),
            "patient": ("X X X X", 80),
            "recording": ("Startdate X X X X", 80),
            "date": ("01.02.03", 8),
            "time": ("04.05.06", 8),
            "n_header": (256 * (1 + len(signals)), 8),
            "reserved": (self.reserved, 44),
            "n_records": (n_records, 8),
            "duration": (self.duration, 8),
            "n_signals": (len(signals), 4),
        }
        header = b"".join(_text(self.fields.get(k, v), width) for k, (v, width) in head.items())
        for part, width in (
            ([one.label for one in signals], 16),
            (["AgAgCl" for one in signals], 80),
            ([one.unit for one in signals], 8),
            ([one.physical[0] for one in signals], 8),
            ([one.physical[1] for one in signals], 8),
            ([one.range[0] for one in signals], 8),
            ([one.range[1] for one in signals], 8),
            (["" for one in signals], 80),
            ([one.samples_per_record for one in signals], 8),
            (["" for one in signals], 32),
        ):
            header += b"".join(_text(value, width) for value in part)
        records = np.concatenate([one.digital.reshape(n_records, -1) for one in signals], axis=1)
        if not self.bdf:
            return header + records.astype("<i2").tobytes()
        return header + records.astype("<i4").view("u1").reshape(-1, 4)[:, :3].tobytes()


def annotations(starts: int | Sequence[object], n_samples: int = 8) -> Signal:
    """The signal of an EDF+ file that keeps time: text in place of samples.

    `starts` are what it says of when each record begins, or the number of records of 1 s.
    """
    starts = range(starts) if isinstance(starts, int) else starts
    signed = [one if str(one).startswith("-") else f"+{one}" for one in starts]
    texts = [f"{one}\x14\x14".encode() for one in signed]
    digital = np.frombuffer(b"".join(one.ljust(2 * n_samples, b"\0") for one in texts), "<i2")
    return Signal("EDF Annotations", digital, n_samples, unit="")


def _text(value: object, width: int) -> bytes:
    content = value if isinstance(value, bytes) else str(value).encode("latin-1")
    assert len(content) <= width, value
    return content.ljust(width)
