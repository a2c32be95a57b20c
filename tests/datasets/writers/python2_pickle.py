"""Pickles as Python 2 writes them, instruction by instruction after `pickletools`' descriptions.

``pickle`` and ``cPickle`` differ in two things: the first value that they number is 0 or 1, and
cPickle numbers no value that nothing else could name again. numpy's part, a call and a state, is
what ``ndarray.__reduce__`` returned there. Text stands for Python 2's ``str``, the bytes of
its Latin-1; what was ``unicode`` or ``long`` there is wrapped.
"""

import struct

import numpy as np


class Unicode(str):
    """What was ``unicode``."""


class Long(int):
    """What was ``long`` though it would fit into an ``int``."""


def dumps(value, protocol=0, *, c=True):
    """The bytes of a pickle of plain values and numpy arrays, by cPickle or by pickle."""
    writer = _Writer(protocol, c)
    if protocol == 2:
        writer.out += b"\x80\x02"
    writer.save(value)
    return bytes(writer.out + b".")


def quoted(raw):
    """Python 2's ``repr`` of a ``str``."""
    quote = b'"' if b"'" in raw and b'"' not in raw else b"'"
    table = [b"\\x%02x" % i if i < 32 or i > 126 else bytes([i]) for i in range(256)]
    table[9], table[10], table[13], table[92] = b"\\t", b"\\n", b"\\r", b"\\\\"
    table[quote[0]] = b"\\" + quote
    return quote + b"".join(map(table.__getitem__, raw)) + quote


class _Writer:
    def __init__(self, protocol, c):
        self.protocol, self.c = protocol, c
        self.out = bytearray()
        self.numbers = {}
        self.alive = []  # an id is one value's as long as it lives

    def save(self, value, passing=False):
        """Write a value; one that is `passing` is named by nothing else."""
        if value is None:
            self.out += b"N"
        elif type(value) is bool:
            self.bool(value)
        elif isinstance(value, Long):
            self.long(value)
        elif type(value) is int:
            self.int(value) if abs(value) < 2**63 else self.long(value)
        elif type(value) is float:
            self.float(value)
        elif not self.named(value):
            self.object(value, passing)

    def named(self, value):
        """Write the number of what has been written before."""
        number = self.numbers.get(self.key(value))
        if number is None:
            return False
        if not self.protocol:
            self.out += b"g%d\n" % number
        elif number < 256:
            self.out += b"h" + bytes([number])
        else:
            self.out += b"j" + struct.pack("<i", number)
        return True

    def number(self, value, passing=False):
        """Number the value on top of the stack."""
        if self.c and passing:
            return
        number = len(self.numbers) + self.c
        self.numbers[self.key(value)] = number
        self.alive.append(value)
        if not self.protocol:
            self.out += b"p%d\n" % number
        elif number < 256:
            self.out += b"q" + bytes([number])
        else:
            self.out += b"r" + struct.pack("<i", number)

    def key(self, value):
        return value if isinstance(value, _Global) else id(value)

    def bool(self, value):
        if self.protocol == 2:
            self.out += b"\x88" if value else b"\x89"
        else:
            self.out += b"I01\n" if value else b"I00\n"

    def float(self, value):
        text = f"F{value!r}\n".encode()
        self.out += b"G" + struct.pack(">d", value) if self.protocol else text

    def int(self, value):
        if self.protocol and 0 <= value < 2**8:
            self.out += b"K" + struct.pack("<B", value)
        elif self.protocol and 0 <= value < 2**16:
            self.out += b"M" + struct.pack("<H", value)
        elif self.protocol and -(2**31) <= value < 2**31:
            self.out += b"J" + struct.pack("<i", value)
        else:
            self.out += b"I%d\n" % value

    def long(self, value):
        if self.protocol < 2:
            self.out += b"L%dL\n" % value
            return
        raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True) if value else b""
        if raw.endswith(b"\xff") and len(raw) > 1 and raw[-2] & 0x80:
            raw = raw[:-1]  # -2**7 and the like need no byte for their sign
        n = len(raw)
        self.out += (b"\x8a" + bytes([n]) if n < 256 else b"\x8b" + struct.pack("<i", n)) + raw

    def object(self, value, passing):
        if isinstance(value, _Global):
            self.out += f"c{value.module}\n{value.name}\n".encode()
            self.number(value)
        elif isinstance(value, Unicode):
            self.unicode(value, passing)
        elif isinstance(value, str):
            self.string(value, passing)
        elif isinstance(value, tuple):
            self.tuple(value, passing)
        elif isinstance(value, list):
            self.container(value, b"]", b"l", b"e", b"a", [(one,) for one in value])
        elif isinstance(value, dict):
            self.container(value, b"}", b"d", b"u", b"s", list(value.items()))
        elif isinstance(value, np.dtype):
            order = "<" if value.byteorder == "=" else value.byteorder
            state = (3, order, None, None, None, -1, -1, 0)
            self.reduce(value, _Global("numpy", "dtype"), (value.str[1:], 0, 1), state)
        elif isinstance(value, np.ndarray):
            fortran = value.flags.f_contiguous and not value.flags.c_contiguous
            raw = value.tobytes("F" if fortran else "C").decode("latin-1")
            function = _Global("numpy.core.multiarray", "_reconstruct")
            arguments = (_Global("numpy", "ndarray"), (0,), "b")
            self.reduce(value, function, arguments, (1, value.shape, value.dtype, fortran, raw))
        elif isinstance(value, np.generic):
            function = _Global("numpy.core.multiarray", "scalar")
            self.reduce(value, function, (value.dtype, value.tobytes().decode("latin-1")))
        else:
            raise TypeError(type(value))

    def string(self, value, passing):
        raw = value.encode("latin-1")
        if not self.protocol:
            self.out += b"S" + quoted(raw) + b"\n"
        elif len(raw) < 256:
            self.out += b"U" + bytes([len(raw)]) + raw
        else:
            self.out += b"T" + struct.pack("<i", len(raw)) + raw
        self.number(value, passing)

    def unicode(self, value, passing):
        if self.protocol:
            raw = value.encode("utf-8")
            self.out += b"X" + struct.pack("<i", len(raw)) + raw
        else:
            text = value.replace("\\", "\\u005c").replace("\n", "\\u000a")
            self.out += b"V" + text.encode("raw-unicode-escape") + b"\n"
        self.number(value, passing)

    def tuple(self, value, passing):
        if not value:
            self.out += b")" if self.protocol else b"(t"
            return
        short = self.protocol == 2 and len(value) < 4
        self.out += b"" if short else b"("
        for one in value:  # "b" and "<" are made for the call alone
            self.save(one, passing and one in ("b", "<"))
        self.out += {1: b"\x85", 2: b"\x86", 3: b"\x87"}[len(value)] if short else b"t"
        self.number(value, passing)

    def container(self, value, empty, from_mark, several, single, items):
        self.out += empty if self.protocol else b"(" + from_mark
        self.number(value)
        at_once = 1000 if self.protocol else 1
        for start in range(0, len(items), at_once):
            batch = items[start : start + at_once]
            self.out += b"(" if len(batch) > 1 else b""
            for item in batch:
                for one in item:
                    self.save(one)
            self.out += several if len(batch) > 1 else single

    def reduce(self, value, function, arguments, state=None):
        self.save(function)
        self.save(arguments, passing=True)
        self.out += b"R"
        self.number(value)
        if state is not None:
            self.save(state, passing=True)
            self.out += b"b"


class _Global(tuple):
    """A name in a module."""

    def __new__(cls, module, name):
        return super().__new__(cls, ("global", module, name))

    module = property(lambda self: self[1])
    name = property(lambda self: self[2])
