"""What a Poly5 file says of itself."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

BLOCK_HEADER_BYTES = 86


class Poly5Channel(NamedTuple):
    """One signal of a file.

    Attributes
    ----------
    name, unit : str
        As in the file, without "(Lo) " and "(Hi) ".
    dtype : str
        Of its samples in the file, for numpy: "<f4" or "<i2".
    offset : int
        Bytes of a sample period before it.
    unit_low, unit_high, adc_low, adc_high : float
        A stored `adc_low` means `unit_low`, a stored `adc_high` means `unit_high`.
    described_at : int
        The byte at which its description begins.
    """

    name: str
    unit: str
    dtype: str
    offset: int
    unit_low: float
    unit_high: float
    adc_low: float
    adc_high: float
    described_at: int


@dataclass(frozen=True)
class Poly5File:
    """What a file says of itself, checked against its size.

    Attributes
    ----------
    path : pathlib.Path
    name : str
        Of the measurement.
    sampling_rate : float
        In Hz.
    start : datetime or None
        By the recorder's clock; None if it says nothing that is a time.
    channels : tuple of Poly5Channel
    n_times : int
        Samples of each channel.
    n_blocks, block_times : int
        Blocks, and sample periods of one. The last block may have some to spare.
    period_bytes, data_at : int
        Size of a sample period, and the byte at which the first block begins.
    """

    path: Path
    name: str
    sampling_rate: float
    start: datetime | None
    channels: tuple[Poly5Channel, ...]
    n_times: int
    n_blocks: int
    block_times: int
    period_bytes: int
    data_at: int

    @property
    def block_bytes(self) -> int:
        """Size of a block with its header."""
        return BLOCK_HEADER_BYTES + self.block_times * self.period_bytes
