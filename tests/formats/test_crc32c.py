import tracemalloc

import numpy as np
import pytest

from sklearn_ecgssl.formats._crc32c import crc32c, masked_crc32c
from tests.formats.tensor_bundle_writer import masked, slow_crc32c


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", 0),
        (b"a", 0xC1D04330),
        (b"123456789", 0xE3069283),
        # RFC 3720, B.4
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
    ],
)
def test_known_values(data, expected):
    assert crc32c(data) == expected
    assert slow_crc32c(data) == expected  # what the other tests compare with


@pytest.mark.parametrize(
    "lengths",
    [range(70), [2**k + i for k in range(7, 17) for i in (-5, -1, 0, 1, 3)], [200_003]],
    ids=["short", "around powers of two", "several chunks"],
)
def test_is_the_bytewise_checksum(lengths):
    rng = np.random.default_rng(0)
    for n in lengths:
        data = rng.bytes(n)
        assert crc32c(data) == slow_crc32c(data), n
        assert masked_crc32c(data).to_bytes(4, "little") == masked(slow_crc32c(data)), n


def test_masked_values():
    # 0xE3069283, turned right by 15 bits, is 0x2507C60D.
    assert masked_crc32c(b"123456789") == 0x2507C60D + 0xA282EAD8
    # The end of an empty block of LevelDB; the sum passes 32 bits.
    assert masked_crc32c(bytes.fromhex("000000000100000000")) == 0xB0A1F2C0


def test_every_flipped_bit_changes_it():
    data = bytearray(np.random.default_rng(1).bytes(301))
    whole = crc32c(bytes(data))
    for i in range(8 * len(data)):
        data[i // 8] ^= 1 << i % 8
        assert crc32c(bytes(data)) != whole
        data[i // 8] ^= 1 << i % 8


def test_memory_stays_small():
    data = bytes(8_000_000)
    crc32c(data)
    tracemalloc.start()
    crc32c(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000
