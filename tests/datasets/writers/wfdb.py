"""Writes tiny WFDB records, after the manual pages header(5) and signal(5) of the WFDB package.

Samples of all signals of a file stand frame by frame; a signal may have several samples in each
frame. Format 16: 16 bits, low byte first. Format 80: 8 bits, 128 added. Format 212: two samples in
three bytes, the low 8 bits of the first, the high 4 bits of both (the first's in the low half), the
low 8 bits of the second.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass
class Signal:
    """A signal; its digital values are as long as there are frames times samples in one."""

    name: str
    digital: np.ndarray
    gain: float = 200
    baseline: int = 0
    unit: str = ""
    samples_per_frame: int = 1
    skew: int = 0

    def values(self) -> np.ndarray:
        """What the digital values mean."""
        return (self.digital.astype(float) - self.baseline) / self.gain


def record(
    name: str,
    signals: Sequence[Signal],
    sampling_rate: float = 250,
    *,
    fmt: str = "16",
    comments: Sequence[str] = (),
    newline: str = "\n",
    offset: int = 0,
    say_length: bool = True,
) -> dict[str, bytes]:
    """Return the files of a record by their names, ``name.hea`` and ``name.dat``."""
    file = name.rsplit("/", 1)[-1]
    n_frames = len(signals[0].digital) // signals[0].samples_per_frame
    lines = [f"{file} {len(signals)} {sampling_rate:g}" + (f" {n_frames}" if say_length else "")]
    for one in signals:
        layout = fmt
        layout += f"x{one.samples_per_frame}" if one.samples_per_frame > 1 else ""
        layout += f":{one.skew}" if one.skew else ""
        layout += f"+{offset}" if offset else ""
        gain = f"{one.gain:g}({one.baseline})" + (f"/{one.unit}" if one.unit else "")
        lines.append(f"{file}.dat {layout} {gain} 12 0 {one.digital[0]} 0 0 {one.name}")
    lines += [f"# {comment}" for comment in comments]
    header = "".join(line + newline for line in lines).encode()
    frames = np.concatenate([one.digital.reshape(n_frames, -1) for one in signals], axis=1)
    return {f"{name}.hea": header, f"{name}.dat": b"\xee" * offset + pack(frames.ravel(), fmt)}


def pack(samples: np.ndarray, fmt: str) -> bytes:
    """Put samples in bytes."""
    if fmt == "16":
        return samples.astype("<i2").tobytes()
    if fmt == "80":
        return (samples + 128).astype("u1").tobytes()
    assert fmt == "212", fmt
    if len(samples) % 2:
        samples = np.append(samples, 0)
    first, second = (samples[i::2].astype(np.int64) & 0xFFF for i in (0, 1))
    triples = [first & 0xFF, (first >> 8) | (second >> 8 << 4), second & 0xFF]
    return np.stack(triples, axis=1).astype("u1").tobytes()
