"""Bytes of a MATLAB file one after another, as they are stored or inflated."""

import zlib
from typing import BinaryIO, Protocol

from ._errors import UnreadableFileError

_PACKED_CHUNK = 2**16
_CHUNK = 2**20


class Source(Protocol):
    """Bytes in order.

    Attributes
    ----------
    offset : int
        How many came before.
    """

    offset: int

    def take(self, n_bytes: int) -> bytearray:
        """Return the next bytes."""
        ...  # pragma: no cover

    def skip(self, n_bytes: int) -> None:
        """Pass over the next bytes."""
        ...  # pragma: no cover

    def finish(self) -> None:
        """Check what can be checked at the end."""
        ...  # pragma: no cover

    def where(self) -> str:
        """Say which byte is next."""
        ...  # pragma: no cover


class Stored:
    """Bytes of a file, from `start`."""

    def __init__(self, stream: BinaryIO, start: int) -> None:
        self._stream = stream
        self.offset = start

    def take(self, n_bytes: int) -> bytearray:
        """Return the next bytes, of which the caller knows that the file had as many."""
        data = bytearray(n_bytes)
        if self._stream.readinto(data) < n_bytes:  # type: ignore[attr-defined]
            raise UnreadableFileError(f"it ends within what begins at {self.where()}")
        self.offset += n_bytes
        return data

    def skip(self, n_bytes: int) -> None:
        """Pass over the next bytes."""
        self.offset += n_bytes
        self._stream.seek(self.offset)

    def finish(self) -> None:
        """Do nothing: there is no checksum."""

    def where(self) -> str:
        """Say which byte is next."""
        return f"byte {self.offset}"


class Inflated:
    """Bytes that a file holds compressed, inflated as far as they are asked for.

    Parameters
    ----------
    stream : file object
        Stands at the first compressed byte. Nobody else moves it meanwhile.
    n_packed : int
        Compressed bytes; the file has as many.
    most : int
        Bytes that they may inflate to.
    """

    def __init__(self, stream: BinaryIO, n_packed: int, most: int) -> None:
        self._stream = stream
        self._start = stream.tell()
        self._n_packed = self._n_left = n_packed
        self._most = most
        self._engine = zlib.decompressobj()
        self._ready = memoryview(b"")
        self.offset = 0
        self.n_inflated = 0

    def take(self, n_bytes: int) -> bytearray:
        """Return the next bytes, which take no memory before they are there."""
        data = bytearray()
        while len(data) < n_bytes:
            data += self._some(n_bytes - len(data))
        return data

    def skip(self, n_bytes: int) -> None:
        """Inflate the next bytes and drop them."""
        while n_bytes:
            n_bytes -= len(self._some(n_bytes))

    def finish(self) -> None:
        """Inflate the rest, whose end is a checksum of all.

        There should be no rest, but MATLAB reads files that have one, and some are around.
        """
        self._ready = memoryview(b"")
        while self._inflate():
            pass

    def where(self) -> str:
        """Say which byte is next."""
        return f"byte {self.offset} of what is compressed at byte {self._start}"

    def too_much(self, n_bytes: int) -> str:
        """Say that it inflates to so many bytes or more."""
        return (
            f"what is compressed at byte {self._start} inflates to {n_bytes} bytes or more, and "
            "recordings do not compress so well. If they are recordings all the same, save the "
            "file without compression (save -v6)"
        )

    def _some(self, most: int) -> memoryview:
        if not self._ready:
            self._ready = memoryview(self._inflate())
            if not self._ready:
                raise UnreadableFileError(f"it lacks {self.where()}, where more should be")
        some, self._ready = self._ready[:most], self._ready[most:]
        self.offset += len(some)
        return some

    def _inflate(self) -> bytes:
        """Inflate some bytes; none if that was all."""
        while not self._engine.eof:
            packed = self._engine.unconsumed_tail
            if not packed:
                packed = self._stream.read(min(_PACKED_CHUNK, self._n_left))
                self._n_left -= len(packed)
            try:
                data = self._engine.decompress(packed, _CHUNK)
            except zlib.error as error:
                at = self._start + self._n_packed - self._n_left
                raise UnreadableFileError(
                    f"what is compressed at byte {self._start} is damaged before byte {at} "
                    f"({error})"
                ) from None
            self.n_inflated += len(data)
            if self.n_inflated > self._most:
                raise UnreadableFileError(self.too_much(self.n_inflated))
            if data:
                return data
            if not packed:
                raise UnreadableFileError(
                    f"what is compressed at byte {self._start} has no end: cut off at "
                    f"byte {self._start + self._n_packed}"
                )
        return b""
