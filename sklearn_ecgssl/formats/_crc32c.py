"""CRC-32C (Castagnoli): the checksum that TensorFlow and LevelDB keep beside their bytes.

A checksum is a remainder, and remainders add up: what four bytes do to the register, followed by
any number of other bytes, does not depend on those. So neighbours are joined in pairs, each pair
twice as long as the one before, all pairs of one length in a few numpy operations.
"""

from functools import cache

import numpy as np

#: The polynomial 0x1EDC6F41, its bits in reverse.
_POLYNOMIAL = 0x82F63B78
#: Added to a checksum that stands among the bytes that are checked.
_MASK_DELTA = 0xA282EAD8
#: Bytes that are joined at once, few enough to stay in a processor's cache with all made of them.
_CHUNK = 1 << 16


def crc32c(data: bytes) -> int:
    """Compute the CRC-32C of bytes.

    Parameters
    ----------
    data : bytes
        Any bytes.

    Returns
    -------
    int
        The checksum, in 32 bits.

    Examples
    --------
    >>> from sklearn_ecgssl.formats._crc32c import crc32c
    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    register = 0xFFFFFFFF
    n_odd = len(data) % 4
    for byte in data[:n_odd]:
        register = int(_byte_table()[(register ^ byte) & 0xFF]) ^ (register >> 8)
    view = memoryview(data)
    for start in range(n_odd, len(data), _CHUNK):
        register = _join(register, np.frombuffer(view[start : start + _CHUNK], dtype="<u4"))
    return register ^ 0xFFFFFFFF


def masked_crc32c(data: bytes) -> int:
    """Compute the CRC-32C of bytes in the form in which it is stored.

    Parameters
    ----------
    data : bytes
        Any bytes.

    Returns
    -------
    int
        The checksum turned by 15 bits, plus a constant.
    """
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & 0xFFFFFFFF


def _join(register: int, words: np.ndarray) -> int:
    """Let the register run over words."""
    parts = words.astype(np.uint32)
    parts[0] ^= register
    level = 0
    while len(parts) > 1:
        if len(parts) % 2:  # zeros before the first word change nothing
            parts = np.concatenate([np.zeros(1, np.uint32), parts])
        parts = _look_up(_zeros_tables(level), parts[0::2]) ^ parts[1::2]
        level += 1
    return int(_look_up(_zeros_tables(0), parts)[0])


def _look_up(tables: np.ndarray, registers: np.ndarray) -> np.ndarray:
    """Apply a linear map, tabulated for each of the four bytes, to registers."""
    mapped = tables[0][registers & 0xFF]
    for i in range(1, 4):
        mapped ^= tables[i][(registers >> (8 * i)) & 0xFF]
    return mapped


@cache
def _zeros_tables(level: int) -> np.ndarray:
    """Tabulate what ``4 * 2 ** level`` zero bytes make of a register, (4, 256)."""
    if level:
        half = _zeros_tables(level - 1)
        return _look_up(half, half)
    registers = np.arange(256, dtype=np.uint32) << np.arange(0, 32, 8, dtype=np.uint32)[:, None]
    for _ in range(4):
        registers = _byte_table()[registers & 0xFF] ^ (registers >> 8)
    return registers


@cache
def _byte_table() -> np.ndarray:
    """Tabulate what a zero byte makes of a register whose other bytes are zero, (256,)."""
    registers: np.ndarray = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        registers = (registers >> 1) ^ ((registers & 1) * np.uint32(_POLYNOMIAL))
    return registers
