"""Tiny WFDB records, written by wfdb."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import wfdb


class Signal(NamedTuple):
    """A signal; its digital values are as long as there are frames times samples in one."""

    name: str
    digital: np.ndarray
    gain: float = 200
    baseline: int = 0
    unit: str = "mV"
    samples_per_frame: int = 1

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
) -> dict[str, bytes]:
    """Return the files of a record by their names, ``name.hea`` and ``name.dat``."""
    names, digital, gains, baselines, units, per_frame = map(list, zip(*signals, strict=True))
    with tempfile.TemporaryDirectory() as folder:
        wfdb.wrsamp(
            Path(name).name,
            sampling_rate,
            units,
            names,
            e_d_signal=digital,
            samps_per_frame=per_frame,
            fmt=[fmt] * len(names),
            adc_gain=gains,
            baseline=baselines,
            comments=list(comments),
            write_dir=folder,
        )
        return {f"{name}{path.suffix}": path.read_bytes() for path in Path(folder).iterdir()}
