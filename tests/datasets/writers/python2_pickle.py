"""Pickles as Python 2 writes them: text stands for its ``str``, the bytes of its Latin-1."""

import io
import pickle
import struct


class Unicode(str):
    """What was ``unicode``."""


class _Pickler(pickle._Pickler):
    dispatch = dict(pickle._Pickler.dispatch)

    def save_str(self, value):
        raw = value.encode("latin-1") if isinstance(value, str) else bytes(value)
        if not self.bin:
            self.write(b"S" + repr(raw)[1:].encode() + b"\n")
        elif len(raw) < 256:
            self.write(b"U" + bytes([len(raw)]) + raw)
        else:
            self.write(b"T" + struct.pack("<i", len(raw)) + raw)
        self.memoize(value)

    dispatch[str] = dispatch[bytes] = save_str
    dispatch[Unicode] = pickle._Pickler.save_str


def dumps(value, protocol=0):
    """The bytes of a pickle of plain values and numpy arrays."""
    stream = io.BytesIO()
    _Pickler(stream, protocol).dump(value)
    return stream.getvalue().replace(b"numpy._core.", b"numpy.core.")
