"""Tiny EDF and BDF files, written by edfio; what it does not write is put into the bytes."""

import io
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import edfio
import numpy as np

#: Where fields of the header begin, and how long they are.
FIELDS = {"reserved": (192, 44), "n_records": (236, 8), "says_duration": (244, 8)}


class Signal(NamedTuple):
    """A signal; its digital values are as long as there are records times samples in one."""

    label: str
    digital: np.ndarray
    samples_per_record: int
    unit: str = "mV"
    physical: tuple[float, float] = (-1, 1)
    bits: int = 16

    def values(self) -> np.ndarray:
        """What the digital values mean."""
        low, high = self.physical
        return low + (self.digital + 2.0 ** (self.bits - 1)) * (high - low) / (2**self.bits - 1)


def edf(
    signals: Sequence[Signal], *, duration: float = 1, bdf: bool = False, **header: Any
) -> bytes:
    """Return a file; `header` are fields in which it says something else."""
    kind = edfio.BdfSignal if bdf else edfio.EdfSignal
    written = [
        kind(
            one.values(),
            one.samples_per_record / duration,
            label=one.label,
            physical_dimension=one.unit,
            physical_range=one.physical,
            digital_range=(-(2 ** (one.bits - 1)), 2 ** (one.bits - 1) - 1),
        )
        for one in signals
    ]
    stream = io.BytesIO()
    (edfio.Bdf if bdf else edfio.Edf)(written, data_record_duration=duration).write(stream)
    content = bytearray(stream.getvalue().replace(b"EDF_Annotations", b"EDF Annotations"))
    for name, value in header.items():
        first, length = FIELDS[name]
        content[first : first + length] = str(value).encode().ljust(length)
    return bytes(content)


def annotations(starts: Iterable[Any]) -> Signal:
    """The signal of an EDF+ file that says when each record begins: text in place of samples."""
    signed = [f"{one}" if str(one).startswith("-") else f"+{one}" for one in starts]
    text = b"".join(f"{one}\x14\x14".encode().ljust(24, b"\0") for one in signed)
    return Signal("EDF_Annotations", np.frombuffer(text, "<i2"), 12, "", (-32768, 32767))
