"""The sorted table of LevelDB, in which TensorFlow lists the tensors of a checkpoint.

A file is data blocks, a metaindex block, an index block and a footer of 48 bytes:

====== =====================================================================================
part   content
====== =====================================================================================
block  entries, then where some of them start (for searches: nothing here needs it) as uint32,
       then how many those are as uint32; after the block one byte, its compression, and the
       masked CRC-32C of block and byte as uint32
entry  three varints: how many bytes its key shares with the one before it, how many more it has,
       and how many its value has; then the rest of the key and the value
index  a block with one entry a data block, whose value is a handle: two varints, its offset and
       its size
footer handles of the metaindex and of the index, zeros up to 40 bytes, the magic number
====== =====================================================================================

All numbers are little-endian. Functions here do not know the file's name: those who call them add
it to the errors.
"""

from collections.abc import Iterator

from ._crc32c import masked_crc32c
from ._errors import UnreadableFileError

FOOTER_SIZE = 48
MAGIC = 0xDB4775248B80FB57
#: After each block: one byte of compression and four of checksum.
TRAILER_SIZE = 5
COMPRESSIONS = {0: "none", 1: "snappy", 2: "zstd"}
#: Keys may be so many times longer, all together, than the block that holds them without what they
#: share. A table that starts afresh every 16 entries, as all do, cannot come near it.
LONGEST_KEYS = 64


def table_entries(table: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Read the entries of a sorted table.

    Parameters
    ----------
    table : bytes
        The whole file.

    Yields
    ------
    key, value : bytes
        The keys rise.

    Raises
    ------
    UnreadableFileError
        If the bytes are no sorted table, or a damaged or compressed one.
    """
    last: bytes | None = None
    for block in _data_blocks(table):
        for key, value in _block_entries(block):
            if last is not None and key <= last:
                raise UnreadableFileError(f"its keys do not rise: {key!r} comes after {last!r}")
            yield key, value
            last = key


def read_varint(data: bytes, start: int, stop: int) -> tuple[int, int]:
    """Read a varint: seven bits a byte, the lowest first, the eighth bit set but in the last.

    Parameters
    ----------
    data : bytes
        Where it stands.
    start, stop : int
        Where it starts, and where it must have ended.

    Returns
    -------
    value : int
        A number of at most 64 bits.
    end : int
        Where the next thing starts.

    Raises
    ------
    UnreadableFileError
        If it does not end in time, or has more than 64 bits.
    """
    value = 0
    for i, byte in enumerate(data[start : min(stop, start + 10)]):
        value |= (byte & 0x7F) << (7 * i)
        if byte < 0x80:
            if value >> 64:
                break
            return value, start + i + 1
    raise UnreadableFileError(f"a number at byte {start} is cut off or has more than 64 bits")


def _data_blocks(table: bytes) -> Iterator[bytes]:
    """Read the data blocks, in the order of the index."""
    end = 0
    for _, handle in _block_entries(_read_block(table, *_read_footer(table))):
        (offset, size), _ = _read_handle(handle, 0, len(handle))
        # Without this, a small file could name the same large block again and again.
        if offset < end:
            raise UnreadableFileError(
                f"its index says that a block starts at byte {offset}, inside or before the last "
                f"one, which ends at {end}"
            )
        yield _read_block(table, offset, size)
        end = offset + size + TRAILER_SIZE


def _read_footer(table: bytes) -> tuple[int, int]:
    """Read the handle of the index."""
    start = len(table) - FOOTER_SIZE
    if start < 0 or int.from_bytes(table[-8:], "little") != MAGIC:
        raise UnreadableFileError(
            f"it has {len(table)} bytes and does not end as a sorted table does: it is cut off, or "
            "something else"
        )
    _, position = _read_handle(table, start, len(table) - 8)  # of the metaindex: of no use here
    index, _ = _read_handle(table, position, len(table) - 8)
    return index


def _read_handle(data: bytes, start: int, stop: int) -> tuple[tuple[int, int], int]:
    """Read where a block is and how long, and where the next thing starts."""
    offset, position = read_varint(data, start, stop)
    size, position = read_varint(data, position, stop)
    return (offset, size), position


def _read_block(table: bytes, offset: int, size: int) -> bytes:
    """Check a block and return it without its trailer."""
    end = offset + size
    if end + TRAILER_SIZE > len(table) - FOOTER_SIZE:
        raise UnreadableFileError(
            f"a block of {size} bytes at byte {offset} does not fit into its {len(table)} bytes"
        )
    checksum = int.from_bytes(table[end + 1 : end + TRAILER_SIZE], "little")
    if masked_crc32c(table[offset : end + 1]) != checksum:
        raise UnreadableFileError(
            f"the block of {size} bytes at byte {offset} does not match its checksum"
        )
    if table[end]:
        name = COMPRESSIONS.get(table[end], f"type {table[end]}")
        raise UnreadableFileError(
            f"its blocks are compressed ({name}); only uncompressed ones are read, as TensorFlow "
            "writes them"
        )
    return table[offset:end]


def _block_entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Read the entries of a block."""
    stop = _end_of_entries(block)
    position = length_of_keys = 0
    key = b""
    while position < stop:
        n_shared, position = read_varint(block, position, stop)
        n_own, position = read_varint(block, position, stop)
        n_value, position = read_varint(block, position, stop)
        end_of_key = position + n_own
        end = end_of_key + n_value
        if n_shared > len(key) or end > stop:
            raise UnreadableFileError(
                f"an entry says that it shares {n_shared} bytes with a key of {len(key)}, has "
                f"{n_own} of its own and a value of {n_value}, where {stop - position} are left"
            )
        key = key[:n_shared] + block[position:end_of_key]
        length_of_keys += len(key)
        if length_of_keys > LONGEST_KEYS * len(block):
            raise UnreadableFileError("its keys are longer than any that are written")
        yield key, block[end_of_key:end]
        position = end


def _end_of_entries(block: bytes) -> int:
    """Tell where the entries of a block end and the list of their starts begins."""
    n_starts = int.from_bytes(block[-4:], "little")
    stop = len(block) - 4 * (n_starts + 1)
    if stop < 0:
        raise UnreadableFileError(
            f"a block of {len(block)} bytes says that it lists {n_starts} starts of entries"
        )
    return stop
