"""Pickles of arrays, and WESAD's: changed by bytes, by instructions, or programs made up."""

import pickle
import pickletools
import struct

import numpy as np

from sklearn_ecgssl.datasets.local._wesad import load_wesad
from sklearn_ecgssl.formats._array_pickle import read_array_pickle
from tests.datasets.writers import wesad
from tests.datasets.writers.python2_pickle import Unicode, dumps
from tests.fuzz.mutations import EXTREMES, choice, harmful_pickle, mutate_bytes
from tests.fuzz.reader import Input, Reader

PLAIN = (dict, list, tuple, str, bytes, int, float, bool, type(None), np.ndarray)

#: Lines that arguments of instructions are made of.
LINES = [b"", b"0", b"1", b"-1", b"01", b"2", b"7L", b"1.5", b"nan", b"'x'", b"'f8'", b"'<'", b"x"]
LINES += [b"9" * 30, b"9" * 5000, b"'\\x", b"\\u12", b"\xff", b"latin1", b"'b'", b"'|O'", b"'i8'"]
NAMES = ["numpy ndarray", "numpy dtype", "_codecs encode", "__builtin__ bytes", "numpy memmap"]
NAMES += ["numpy.core.multiarray _reconstruct", "numpy._core.multiarray scalar", "os mkdir"]
NAMES += ["numpy._core.numeric _frombuffer", "builtins eval", "copy_reg _reconstructor"]
STACKED = b"(](}()NK\1"


def is_plain(value):
    """Tell whether all that a value holds may be in a pickle of arrays."""
    seen, waiting = set(), [value]
    while waiting:
        one = waiting.pop()
        if type(one) not in PLAIN and not isinstance(one, np.generic):
            return False
        if type(one) in (list, tuple, dict) and id(one) not in seen:
            seen.add(id(one))
            waiting.extend(one.values() if type(one) is dict else one)
            if type(one) is dict and not all(type(key) is str for key in one):
                return False
    return True


KINDS = {ord(kind.code): kind for kind in pickletools.opcodes}


def instructions(data):
    """The instructions of a pickle; `pickletools.genops` takes no strings but ASCII."""
    found, start = [], 0
    while start < len(data):
        kind = KINDS[data[start]]
        stop = start + 1
        if kind.arg is not None and kind.arg.n == pickletools.UP_TO_NEWLINE:
            for _ in range(2 if kind.name in ("GLOBAL", "INST") else 1):
                stop = data.index(b"\n", stop) + 1
        elif kind.arg is not None and kind.arg.n >= 0:
            stop += kind.arg.n
        elif kind.arg is not None:
            size = length_size(kind)
            stop += size + int.from_bytes(data[stop : stop + size], "little")
        found.append(data[start:stop])
        start = stop
    return found


def length_size(kind):
    """Bytes that say how long the argument is."""
    return int(kind.arg.name[-1])


def made_up(rng, canary):
    """Any instruction with any argument."""
    kind = choice(rng, pickletools.opcodes)
    code = kind.code.encode("latin-1")
    if kind.name in ("GLOBAL", "INST"):
        return code + choice(rng, NAMES).replace(" ", "\n").encode() + b"\n"
    if kind.arg is None:
        return code
    if kind.arg.n >= 0:
        return code + small_or_extreme(rng, kind.arg.n)
    if kind.arg.n == pickletools.UP_TO_NEWLINE:
        return code + choice(rng, [*LINES, f"'{canary}'".encode()]) + b"\n"
    size = length_size(kind)
    content = rng.bytes(int(rng.integers(20)))
    length = (
        small_or_extreme(rng, size) if rng.random() < 0.2 else len(content).to_bytes(size, "little")
    )
    return code + length + content


def small_or_extreme(rng, size):
    value = int(rng.integers(20)) if rng.random() < 0.7 else choice(rng, EXTREMES)
    return (value % 256**size).to_bytes(size, "little")


def mutate_pickle(data, others, rng, canary):
    """A changed pickle; some call for the canary."""
    what = rng.random()
    if what < 0.35:
        return mutate_bytes(data, rng)
    if what < 0.38:
        return harmful_pickle(canary, int(rng.integers(6)))
    parts = instructions(data)
    if what < 0.5:
        parts = [made_up(rng, canary) for _ in range(int(rng.integers(60)))] + [b"."]
        return STACKED * int(rng.integers(2)) + b"".join(parts)
    for _ in range(choice(rng, [1, 1, 2, 5])):
        at = int(rng.integers(len(parts)))
        changes = [
            lambda at=at: parts.pop(at) if len(parts) > 1 else None,
            lambda at=at: parts.insert(at, parts[at]),
            lambda at=at: parts.insert(at, made_up(rng, canary)),
            lambda at=at: parts.__setitem__(at, made_up(rng, canary)),
            lambda at=at: parts.insert(at, choice(rng, parts)),
            lambda at=at: parts.__setitem__(at, choice(rng, parts)),
            lambda at=at: parts.insert(at, choice(rng, instructions(choice(rng, others)))),
            lambda at=at: parts.insert(at, f"cos\nmkdir\n(S'{canary}'\ntR".encode()),
            lambda at=at: parts.__setitem__(slice(at, at), parts[at : at + 9] * 50),
            lambda at=at: parts.insert(at, b"r" + struct.pack("<I", choice(rng, EXTREMES) % 2**32)),
        ]
        choice(rng, changes)()
    return b"".join(parts)


class ArrayPickle(Reader):
    """`read_array_pickle`."""

    def __init__(self):
        array = np.arange(6.0).reshape(2, 3)
        value = {"a": array, "again": [array, ("x", 2**40, 1.5, None, True)], "i": np.arange(9)}
        old = {**value, "u": Unicode("é"), "s": np.float64(2), "f": np.asfortranarray(array)}
        new = {**value, "u": "é", "s": np.float64(2), "raw": b"\xff", "e": np.zeros((0, 2), ">i2")}
        made = [dumps(old, protocol, c=c) for protocol in range(3) for c in (True, False)]
        made += [pickle.dumps(new, protocol) for protocol in range(6)]
        self.samples = [{"a.pkl": data} for data in made]
        self.all = made

    def mutated(self, rng, canary):
        return Input({"a.pkl": mutate_pickle(choice(rng, self.all), self.all, rng, canary)}, True)

    def read(self, folder, sample):
        return [read_array_pickle(folder / "a.pkl")]

    def use(self, value):
        assert is_plain(value)

    def facts(self, value):
        return None


class Wesad(Reader):
    """`load_wesad` of a person who did everything in a few seconds."""

    refusals = (ValueError, FileNotFoundError)

    def __init__(self):
        rng = np.random.default_rng(0)
        order = wesad.ORDERS["S2"]
        label = np.concatenate([np.full(710, wesad.CODES[name], "i4") for name in order])
        self.value = wesad.content("S2", label, rng)
        ecg = self.value["signal"]["chest"]["ECG"]
        self.value["signal"] = {"chest": {"ECG": ecg}}
        quest = wesad.quest("S2", order).encode()
        self.samples = [
            {"S2.pkl": dumps(self.value, protocol), "S2_quest.csv": quest} for protocol in (2, 0)
        ]
        self.all = [files["S2.pkl"] for files in self.samples]

    def mutated(self, rng, canary):
        files = dict(choice(rng, self.samples))
        what = rng.random()
        if what < 0.3:
            files["S2_quest.csv"] = mutate_bytes(files["S2_quest.csv"], rng)
        elif what < 0.6:
            files["S2.pkl"] = mutate_pickle(files["S2.pkl"], self.all, rng, canary)
        else:
            files["S2.pkl"] = dumps(self.other_value(rng), 2)
        return Input(files, True)

    def other_value(self, rng):
        """Another content: a strange array, or a key that is not there."""
        label, ecg = self.value["label"].copy(), self.value["signal"]["chest"]["ECG"].copy()
        place, n = int(rng.integers(len(label))), int(rng.integers(1, 900))
        kinds = ["i1", "u1", "i8", ">i2", "f4", "?", "c8"]
        label, ecg = choice(
            rng,
            [
                lambda: (np.where(np.arange(len(label)) // n % 2, label, 0), ecg),
                lambda: (label.astype(choice(rng, kinds)), ecg),
                lambda: (label, ecg.astype(choice(rng, kinds))),
                lambda: (np.roll(label, place), ecg),
                lambda: (label[:place], ecg[:place]),
                lambda: (label, ecg * choice(rng, [0, -1, 2, 1000])),
                lambda: (label, np.full_like(ecg, choice(rng, [0, np.nan, np.inf, 1e308]))),
                lambda: (label, ecg.reshape(2, -1)),
                lambda: (rng.integers(-1, 9, len(label)), ecg),
            ],
        )()
        value = {"signal": {"chest": {"ECG": ecg}}, "label": label, "subject": "S2"}
        if rng.random() < 0.2:
            value[choice(rng, list(value))] = choice(rng, [None, 1, "x", [], {}, {"chest": None}])
        return value

    def read(self, folder, sample):
        return load_wesad(folder, attribute=None)

    def use(self, value):
        assert all(r.dtype == np.float32 and r.ndim == 1 and r.size for r in value.recordings)
        assert len(value.recordings) == len(value.target) == len(value.subject) > 0
        assert set(value.target["condition"]) <= {"baseline", "stress", "amusement", "meditation"}

    def facts(self, value):
        return None
