"""Pickles of arrays are read as Python 2 and 3 write them; nothing that they ask for happens."""

import copyreg
import math
import os
import pickle
import struct
import time
import warnings
from contextlib import suppress

import numpy as np
import pytest

from sklearn_ecgssl.formats import UnreadableFileError
from sklearn_ecgssl.formats._archive import MOST_EXPANSION
from sklearn_ecgssl.formats._array_pickle import MOST_TEXT, read_array_pickle
from tests.datasets.writers.python2_pickle import Long, Unicode, dumps
from tests.fuzz.memory import little_memory

#: What Python 2.7.18 wrote, with classes in the place of numpy's that reduce as numpy's do.
BY_PYTHON_2 = {
    (True, 0): b"""(dp1\nS'subject'\np2\nS'S2'\np3\nsS'label'\np4\ncnumpy.core.multiarray
_reconstruct\np5\n(cnumpy\nndarray\np6\n(I0\ntp7\nS'b'\ntRp8\n(I1\n(I3\ntp9\ncnumpy\ndtype\np10
(S'i4'\np11\nI0\nI1\ntRp12\n(I3\nS'<'\nNNNI-1\nI-1\nI0\ntbI00
S'\\x00\\x00\\x00\\x00\\x01\\x00\\x00\\x00\\x02\\x00\\x00\\x00'\np13\ntbs.""",
    (False, 0): b"""(dp0\nS'subject'\np1\nS'S2'\np2\nsS'label'\np3\ncnumpy.core.multiarray
_reconstruct\np4\n(cnumpy\nndarray\np5\n(I0\ntp6\nS'b'\np7\ntp8\nRp9\n(I1\n(I3\ntp10\ncnumpy
dtype\np11\n(S'i4'\np12\nI0\nI1\ntp13\nRp14\n(I3\nS'<'\np15\nNNNI-1\nI-1\nI0\ntp16\nbI00
S'\\x00\\x00\\x00\\x00\\x01\\x00\\x00\\x00\\x02\\x00\\x00\\x00'\np17\ntp18\nbs.""",
    (True, 1): b"}q\x01(U\x07subjectq\x02U\x02S2q\x03U\x05labelq\x04cnumpy.core.multiarray\n"
    b"_reconstruct\nq\x05(cnumpy\nndarray\nq\x06(K\x00tq\x07U\x01btRq\x08(K\x01(K\x03tq\tcnumpy\n"
    b"dtype\nq\n(U\x02i4q\x0bK\x00K\x01tRq\x0c(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff"
    b"K\x00tbI00\nU\x0c\x00\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00q\rtbu.",
    (False, 2): b"\x80\x02}q\x00(U\x07subjectq\x01U\x02S2q\x02U\x05labelq\x03cnumpy.core.multiarray"
    b"\n_reconstruct\nq\x04cnumpy\nndarray\nq\x05K\x00\x85q\x06U\x01bq\x07\x87q\x08Rq\t(K\x01K\x03"
    b"\x85q\ncnumpy\ndtype\nq\x0bU\x02i4q\x0cK\x00K\x01\x87q\rRq\x0e(K\x03U\x01<q\x0fNNNJ"
    b"\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq\x10b\x89U\x0c\x00\x00\x00\x00\x01\x00\x00\x00\x02"
    b"\x00\x00\x00q\x11tq\x12bu.",
}
PLAIN = [
    *[None, True, False, 0, 255, 256, -1, 2**31, 2**40, -(2**63), 10**30, 1.5, -0.0, math.inf],
    *["", "text", "x\"'\\\n\xff", "é€😀\n\\u0041", (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), []],
    *[[1], list(range(1200)), {}, {"a": 1}, {"a": [{"b": ("c", None)}], "d": {}}, "l" * 300],
]
ARRAYS = [
    np.arange(6.0).reshape(2, 3),
    np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    np.arange(24.0).reshape(2, 3, 4).transpose(1, 0, 2),
    np.arange(20, dtype="f4")[::2],
    np.array(5, ">i2"),
    np.array([[True], [False]]),
    np.array([1 + 2j, 3], "c8"),
    np.zeros((0, 3)),
    np.zeros((2, 0), "u1"),
    np.arange(3000, dtype="<i4"),  # longer than text may be
    np.array([2**63, 1], ">u8"),
    np.float64(2.5),
    np.int32(-7),
    np.bool_(True),
]


@pytest.fixture
def load(tmp_path):
    def load(content):
        path = tmp_path / "a.pkl"
        path.write_bytes(content)
        return read_array_pickle(path)

    return load


def same(one, other):
    if isinstance(one, np.ndarray | np.generic):
        assert type(one) is type(other)
        assert one.dtype == other.dtype
        assert one.dtype.byteorder == other.dtype.byteorder
        np.testing.assert_array_equal(one, other)
        return one.shape == other.shape
    return type(one) is type(other) and one == other


@pytest.mark.parametrize(("c", "protocol"), BY_PYTHON_2)
def test_what_python_2_wrote(load, c, protocol):
    content = BY_PYTHON_2[c, protocol]
    value = load(content)
    assert list(value) == ["subject", "label"]
    assert value["subject"] == "S2"
    assert same(value["label"], np.array([0, 1, 2], "<i4"))
    assert dumps({"subject": "S2", "label": value["label"]}, protocol, c=c) == content


@pytest.mark.parametrize("c", [True, False])
@pytest.mark.parametrize("protocol", [0, 1, 2])
def test_python_2(load, protocol, c):
    for value in [one for one in PLAIN if one != "é€😀\n\\u0041"] + ARRAYS:
        assert same(load(dumps(value, protocol, c=c)), value), value
    text = {"u": Unicode("é€😀\n\\u0041"), "l": Long(3), "m": Long(-(2**70)), "n": Long(-128)}
    assert load(dumps(text, protocol, c=c)) == text


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_python_3(load, protocol):
    for value in [*PLAIN, *ARRAYS, b"", b"abc\xff", b"x" * 300]:
        assert same(load(pickle.dumps(value, protocol)), value), value


@pytest.mark.parametrize("protocol", range(4))
@pytest.mark.parametrize("core", [b"numpy.core", b"numpy._core"])
def test_old_and_new_numpy(load, protocol, core):
    value = {"a": ARRAYS[0], "b": ARRAYS[11]}
    content = pickle.dumps(value, protocol)
    content = content.replace(b"numpy._core", b"numpy.core").replace(b"numpy.core", core)
    found = load(content)
    assert same(found["a"], value["a"])
    assert same(found["b"], value["b"])


@pytest.mark.parametrize("protocol", [0, 1, 2])
def test_strings_of_python_2_are_text_unless_they_are_long(load, protocol):
    assert load(dumps("\xe9" * MOST_TEXT, protocol)) == "\xe9" * MOST_TEXT
    assert load(dumps("\xe9" * (MOST_TEXT + 1), protocol)) == b"\xe9" * (MOST_TEXT + 1)


def test_bytearrays_are_bytes(load):
    assert load(pickle.dumps(bytearray(b"ab"), 5)) == b"ab"


def test_arrays_lie_on_what_was_read_and_are_read_only(load):
    for content in (dumps(np.arange(3000.0)), pickle.dumps(np.arange(3000.0), 5)):
        array = load(content)
        assert type(array.base) is bytes
        assert not array.flags.writeable


def test_what_stands_twice_is_one(load):
    array = np.arange(3)
    for protocol in range(3):
        first, second, third = load(dumps([array, array, "x"], protocol))
        assert first is second
        assert third == "x"
    assert load(pickle.dumps({"a": (array, array)}))["a"][0].tolist() == [0, 1, 2]


def test_lists_inside_themselves(load):
    inside = []
    inside.append({"again": inside})
    for protocol in range(6):
        found = load(pickle.dumps(inside, protocol))
        assert found[0]["again"] is found


# What is no pickle, or damaged


def test_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_array_pickle(tmp_path / "none.pkl")


@pytest.mark.parametrize("make", [lambda v, p: dumps(v, p), pickle.dumps])
@pytest.mark.parametrize("protocol", [0, 1, 2])
def test_truncated_anywhere(load, tmp_path, make, protocol):
    content = make({"a": np.arange(3.0), "b": [1.5, "x", 2**40, None]}, protocol)
    for length in range(len(content)):
        with pytest.raises(UnreadableFileError, match=r"a\.pkl is .* at byte \d+ it ") as error:
            load(content[:length])
        assert int(str(error.value).split(" at byte ")[1].split()[0]) <= length


@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_flipped_bits_are_read_or_refused(load, protocol):
    make = dumps if protocol < 3 else pickle.dumps
    content = make({"a": np.arange(3.0), "b": [1.5, "x", 2**40, None]}, protocol)
    for place in range(len(content)):
        for bit in (0, 3, 7):
            changed = bytearray(content)
            changed[place] ^= 1 << bit
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                with suppress(UnreadableFileError):
                    load(bytes(changed))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "at byte 0 it goes on to byte 1, but the file ends at 0: it is truncated"),
        (b"\x89HDF\r\n\x1a\n", "takes|0x48 where an instruction"),
        (b"PK\3\4", "at byte 0 it has the instruction PERSID"),
        (b"\x80\x09.", "unsupported pickle protocol: 9"),
        (b"K\x01K", "at byte 2 it goes on to byte 4, but the file ends at 3"),
        (
            b"T\xff\xff\xff\x7fabc.",
            "at byte 0 it goes on to byte 2147483652, but the file ends at 9",
        ),
        (b"T\xff\xff\xff\xff.", "negative byte count"),
        (b"\x8e" + b"\xff" * 8, "at byte 0 it "),
        (b"\x96" + b"\xff" * 8, "goes on to byte 18446744073709551624, but the file ends at 9"),
        (b"S'a\n.", "must be quoted"),
        (b"S'\\x0'\n.", "at byte 0 it "),
        (b"I1x\n.", "invalid literal"),
        (b"I" + b"1" * 9999 + b"\n.", "Exceeds the limit"),
        (b"L" + b"1" * 9999 + b"L\n.", "Exceeds the limit"),
        (b"Fx\n.", "could not convert"),
        (b"V\\ud\n.", "escape|truncated"),
        (b"X\1\0\0\0\xff.", "utf-8"),
        (b".", "takes more values than there are"),
        (b"NNa.", "adds an item to what is no list"),
        (b"}(Na.", "takes more values"),
        (b"](NNu.", "adds an item to what is no dict"),
        (b"}(U\1au.", "adds an item to what is no dict"),
        (b"}K\1Ns.", "a key that is no text"),
        (b"}(NNu.", "a key that is no text"),
        (b"())d.", "a key that is no text"),
        (b"h\1.", "at byte 0 it wants a value that it has not given"),
        (b"g-1\n.", "wants a value that it has not given"),
        (b"Np2\ng1\n.", "a number that is too large"),
        (b"NNNp2\ng1\n.", "wants a value that it has not given"),
        (b"Nr\xff\xff\xff\xff.", "a number that is too large"),
        (b"p1\n.", "takes more values"),
        (b"t.", "takes more values"),
    ],
)
def test_no_pickle(load, content, said):
    with pytest.raises(UnreadableFileError, match=said):
        load(content)


# Arrays that are none

CALL = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
F8 = b"cnumpy\ndtype\n(S'f8'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntb"


def array(shape=b"(I2\nt", dtype=F8, order=b"I00\n", raw=b"U\x10" + bytes(16)):
    """A pickle of an array."""
    return CALL + b"(I1\n" + shape + dtype + order + raw + b"tb."


def test_the_array_that_is_altered_below(load):
    assert load(array()).tolist() == [0, 0]


def dtype(code=b"f8", arguments=b"I0\nI1\n", version=b"I3\n", order=b"S'<'\n", rest=None):
    rest = b"NNNI-1\nI-1\nI0\n" if rest is None else rest
    call = b"cnumpy\ndtype\n(S'" + code + b"'\n" + arguments + b"tR"
    return call + b"(" + version + order + rest + b"tb"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"shape": b"(I3\nt"}, r"shape \(3,\) and 8 bytes a value, but 16 bytes for it"),
        ({"shape": b"(I1000000000000\nt"}, "but 16 bytes for it"),
        ({"shape": b"(L%dL\nI2\nt" % 2**62}, "but 16 bytes for it"),
        ({"shape": b"(L%dL\nL%dL\nt" % (2**32, 2**32)}, "but 16 bytes for it"),
        ({"shape": b"(L%dL\nt" % (2**61 + 2)}, "but 16 bytes for it"),
        ({"shape": b"(L%dL\nt" % 10**4000}, "whose shape is not"),
        ({"shape": b"(" + b"L%dL\n" % 2**62 * 64 + b"t"}, "but 16 bytes"),
        ({"shape": b"(" + b"I1\n" * 65 + b"t"}, "whose shape is not"),
        ({"shape": b"(I-2\nI-1\nt"}, "whose shape is not"),
        ({"shape": b"(I-2\nt"}, "whose shape is not"),
        ({"shape": b"(F2.0\nt"}, "whose shape is not"),
        ({"shape": b"(I01\nI2\nt"}, "whose shape is not"),
        ({"shape": b"I2\n"}, "whose shape is not"),
        ({"shape": b"(I2\nl"}, "whose shape is not"),
        ({"raw": b"U\x0f" + bytes(15)}, "but 15 bytes for it"),
        ({"raw": b"U\x18" + bytes(24)}, "but 24 bytes for it"),
        ({"raw": b"](Ne"}, "has an array without its bytes"),
        ({"raw": b"V" + b"\\u1234" * 16 + b"\n"}, "latin-1"),
        ({"order": b"N"}, "a state that is not numpy's"),
        ({"dtype": b"N"}, "a state that is not numpy's"),
        ({"dtype": b"S'f8'\n"}, "a state that is not numpy's"),
        ({"dtype": b"cnumpy\ndtype\n(S'f8'\nI0\nI1\ntR"}, "without byte order"),
        ({"dtype": dtype(b"O8", order=b"S'|'\n")}, "numbers of the dtype 'O8', which is not read"),
        ({"dtype": dtype(b"V16", order=b"S'|'\n")}, "'V16', which is not read"),
        ({"dtype": dtype(b"S8", order=b"S'|'\n")}, "'S8', which is not read"),
        ({"dtype": dtype(b"U2")}, "'U2', which is not read"),
        ({"dtype": dtype(b"M8")}, "'M8', which is not read"),
        ({"dtype": dtype(b"f16")}, "'f16', which is not read"),
        ({"dtype": dtype(b"f8,f8")}, "'f8,f8', which is not read"),
        ({"dtype": dtype(b"float64")}, "'float64', which is not read"),
        ({"dtype": dtype(arguments=b"")}, "'f8', which is not read"),
        ({"dtype": dtype(order=b"S'|'\n")}, r"byte order '\|'"),
        ({"dtype": dtype(order=b"S'='\n")}, "byte order '='"),
        ({"dtype": dtype(order=b"N")}, "a state that is not numpy's"),
        ({"dtype": dtype(rest=b"NNNI-1\nI-1\nI63\n")}, "a state that is not numpy's"),
        ({"dtype": dtype(rest=b"N(S'a'\ntNI-1\nI-1\nI0\n")}, "a state that is not numpy's"),
        ({"dtype": dtype(rest=b"(S'f8'\n(I2\nttNNI-1\nI-1\nI0\n")}, "a state that is not numpy's"),
        ({"dtype": dtype(rest=b"NNNI-1\nI-1\nI0\n}")}, "a state that is not numpy's"),
        ({"dtype": dtype() + b"(I3\nS'>'\nNNNI-1\nI-1\nI0\ntb"}, "a state that is not numpy's"),
    ],
)
def test_arrays_that_contradict_themselves(load, changed, said):
    with pytest.raises(UnreadableFileError, match=said):
        load(array(**changed))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (CALL + b".", "holds an array that has no content"),
        (b"(" + CALL + b"l.", "holds an array that has no content"),
        (b"}S'a'\n" + CALL + b"s.", "holds an array that has no content"),
        (CALL + b"p1\n0g1\n" + array()[len(CALL) : -1] + b"0g1\n(I1\nNNNNtb.", "a state that is"),
        (CALL + b"2" + array()[len(CALL) : -1] + b"0" + array()[len(CALL) :], "a state that is"),
        (F8 + b".", "holds a function or type of numpy"),
        (b"(cnumpy\nndarray\n(" + F8 + b"ttt.", "takes|holds a function or type of numpy"),
        (b"(cnumpy\nndarray\nl.", "holds a function or type of numpy"),
        (b"((cnumpy\nndarray\ntl.", "holds a function or type of numpy"),
        (b"]((cnumpy\nndarray\ntNta.", "holds a function or type of numpy"),
        (b"](cnumpy\nndarray\ne.", "holds a function or type of numpy"),
        (b"}S'a'\n(cnumpy\nndarray\nts.", "holds a function or type of numpy"),
        (b"}(S'a'\ncnumpy\nndarray\n\x85u.", "holds a function or type of numpy"),
        (b"(S'a'\ncnumpy\nndarray\nd.", "holds a function or type of numpy"),
        (b"NNcnumpy\nndarray\n\x87.", "holds a function or type of numpy"),
        (b"cnumpy\nndarray\nN\x86\x85.", "holds a function or type of numpy"),
        (b"c_codecs\nencode\n.", "holds a function or type of numpy"),
        (CALL + b"(I1\ntb.", "a state that is not numpy's"),
        (CALL + b"}b.", "a state that is not numpy's"),
        (b"cnumpy.core.multiarray\nscalar\n(" + F8 + b"U\x01atR.", "but 1 bytes for it"),
        (b"cnumpy.core.multiarray\nscalar\n(" + F8 + b"tR.", "with other arguments than numpy's"),
        (b"cnumpy.core.multiarray\nscalar\n(" + array()[:-1] + b"tR.", "calls what is no function"),
        (b"cnumpy\nndarray\n(L1000000000000L\ntR.", "with other arguments than numpy's"),
        (b"c_codecs\nencode\n(Vx\nVzip\ntR.", "_codecs.encode with other arguments"),
        (b"c_codecs\nencode\n(Vx\nVrot13\ntR.", "_codecs.encode with other arguments"),
        (b"c__builtin__\nbytes\n(I1000000000000\ntR.", "with other arguments than numpy's"),
        (
            b"cnumpy.core.numeric\n_frombuffer\n(U\x08aaaaaaaa" + F8 + b"(I1\ntS'A'\ntR.",
            "with other",
        ),
    ],
)
def test_parts_of_arrays(load, content, said):
    with pytest.raises(UnreadableFileError, match=said):
        load(content)


# What harms


def call(name, *arguments):
    """A pickle of protocol 0 that calls a function."""
    module, _, function = name.rpartition(".")
    texts = b"".join(b"S'%s'\n" % one.encode() for one in arguments)
    return f"c{module}\n{function}\n(".encode() + texts + b"tR."


HARMFUL = {
    "GLOBAL": lambda path: call("os.mkdir", path),
    "STACK_GLOBAL": lambda path: pickle.dumps(Harm(path), 4),
    "protocol 5": lambda path: pickle.dumps(Harm(path), 5),
    "INST": lambda path: f"(S'{path}'\nios\nmkdir\n.".encode(),
    "OBJ": lambda path: f"(cos\nmkdir\nS'{path}'\no.".encode(),
    "EXT1": lambda path: f"\x82\xf0(S'{path}'\ntR.".encode("latin-1"),
    "EXT2": lambda path: f"\x83\xf0\0(S'{path}'\ntR.".encode("latin-1"),
    "EXT4": lambda path: f"\x84\xf0\0\0\0(S'{path}'\ntR.".encode("latin-1"),
    "NEWOBJ": lambda path: memmap(path, b"t\x81."),
    "NEWOBJ_EX": lambda path: memmap(path, b"t}\x92."),
    "numpy.memmap": lambda path: memmap(path, b"tR."),
    "builtins.eval": lambda path: call("builtins.eval", f'__import__("os").mkdir("{path}")'),
    "__builtin__.eval": lambda path: call("__builtin__.eval", f'__import__("os").mkdir("{path}")'),
    "in the middle": lambda path: b"(" + array()[:-1] + call("os.mkdir", path)[:-1] + b"l.",
    "after BUILD": lambda path: array()[:-1] + b"0" + call("os.mkdir", path),
}


def memmap(path, end):
    return f"cnumpy\nmemmap\n(S'{path}'\nS'u1'\nS'w+'\nI0\n(I9\nt".encode() + end


class Harm:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.fixture
def extension():
    copyreg.add_extension("os", "mkdir", 240)
    yield
    copyreg.remove_extension("os", "mkdir", 240)


@pytest.mark.usefixtures("extension")
@pytest.mark.parametrize("name", HARMFUL)
def test_nothing_happens(load, tmp_path, name):
    canary = tmp_path / "canary"
    content = HARMFUL[name](str(canary))
    with pytest.raises(UnreadableFileError, match=r"never (loaded|followed)\.$"):
        load(content)
    assert not canary.exists()
    pickle.loads(content, encoding="latin-1")
    assert canary.exists()  # it would have


@pytest.mark.parametrize(
    "name",
    [
        *["os.system", "posix.system", "nt.system", "subprocess.Popen", "builtins.exec"],
        *["__builtin__.apply", "builtins.getattr", "builtins.object", "builtins.bytearray"],
        *["copy_reg._reconstructor", "copyreg.__newobj__", "codecs.encode", "_codecs.decode"],
        *["numpy.load", "numpy.fromfile", "numpy.core.multiarray.fromfile", "numpy.f2py.compile"],
        *["numpy.core.multiarray.fromstring", "numpy.core.numeric.load", "numpy.matrix"],
        *["numpy._core.records.fromarrays", "numpy.testing._private.utils.runstring"],
        *["numpy.ndarray.tofile", "numpy.dtype.type", "numpy.ma.core._mareconstruct"],
        *["numpy.ndarray.__class__", "numpy.core.multiarray._reconstruct.__class__", "Known.ARRAY"],
    ],
)
def test_names_that_are_never_loaded(load, name):
    module, _, function = name.rpartition(".")
    said = rf"at byte 2 it asks for {name}, which is never loaded"
    with pytest.raises(UnreadableFileError, match=said):
        load(b"\x80\x02" + f"c{module}\n{function}\n.".encode())
    stacked = b"\x80\x04\x8c%c%s\x8c%c%s\x93." % (
        len(module),
        module.encode(),
        len(function),
        function.encode(),
    )
    with pytest.raises(UnreadableFileError, match=f"asks for {name}, which is never loaded"):
        load(stacked)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"Pname\n.", "the instruction PERSID"),
        (b"K\1Q.", "the instruction BINPERSID"),
        (b"K\1)\x81.", "the instruction NEWOBJ,"),
        (b"cnumpy\nndarray\n(I9\nt\x81.", "the instruction NEWOBJ,"),
        (b"(cnumpy\nndarray\nI9\no.", "the instruction OBJ,"),
        (b"(I9\nicnumpy\nndarray\n.", "asks for cnumpy.ndarray, which is never loaded"),
        (b"(I9\ninumpy\nndarray\n.", "makes an object of a class"),
        (b"\x8f.", "the instruction EMPTY_SET"),
        (b"(\x91.", "the instruction FROZENSET"),
        (b"\x97.", "the instruction NEXT_BUFFER"),
        (b"C\1a\x98.", "the instruction READONLY_BUFFER"),
        (b"}(S'a'\nNtR.", "calls what is no function of numpy"),
        (b"I1\n)R.", "calls what is no function of numpy"),
        (b"cnumpy\nndarray\nNR.", "calls what is no function of numpy"),
        (b"cnumpy\nndarray\n]R.", "calls what is no function of numpy"),
        (b"cnumpy\nndarray\n}S'x'\nNsb.", "a state that is not numpy's"),
        (b"}}S'__setstate__'\nNsb.", "has a state that is not numpy's"),
        (b"cnumpy\nndarray\n(}}tb.", "of what is no array"),
        (array()[:-1] + b"}S'data'\nNsb.", "a state that is not numpy's"),
        (array()[:-1] + b"(I0\nI1\nI1\nI1\nI1\nI1\nI1\nI1\ntb.", "of what is no array"),
        (array()[:-1] + b"I0\nI1\ns.", "adds an item to what is no dict"),
        (array()[:-1] + b"Na.", "adds an item to what is no list"),
        (b"c\xff\nx\n.", "utf-8"),
        (b"K\1K\2\x93.", "STACK_GLOBAL requires str"),
    ],
)
def test_instructions_that_touch_nothing(load, content, said):
    with pytest.raises(UnreadableFileError, match=said):
        load(content)


# What takes memory, or forever

N = 20_000
MANY = {
    "lists": b"]" * N + b".",
    "dicts": b"}" * N + b".",
    "lists in a list": b"(" + b"]" * N + b"l.",
    "lists of one": b"(" + b"]Na" * N + b"l.",
    "dicts of one": b"(" + b"}U\1aNs" * N + b"l.",
    "tuples in tuples": b")" + b"\x85" * N + b".",
    "lists in lists": b"]" * N + b"a" * (N - 1) + b".",
    "marks": b"(" * N + b"N.",
    "tuples of marks": b"(" * N + b"t" * N + b".",
    "copies": b"N" + b"2" * N + b".",
    "numbers of values": b"N" + b"\x94" * N + b".",
    "numbers of arrays": CALL + b"\x94" * N + array()[len(CALL) :],
    "far numbers": b"N" * N + b"r" + struct.pack("<I", N) + b".",
    "many far numbers": b"N" * N + b"".join(b"r" + struct.pack("<I", i) for i in range(N)) + b".",
    "integers": b"(" + b"M\0\4" * N + b"l.",
    "long integers": b"(" + b"\x8a\3aaa" * N + b"l.",
    "texts": b"(" + b"U\2ab" * N + b"l.",
    "arrays": b"cnumpy.core.multiarray\n_reconstruct\nq\0"
    + b"(cnumpy\nndarray\nNNtq\1(I1\n(I2\nt"
    + F8
    + b"I00\nC\x10"
    + bytes(16)
    + b"tq\2("
    + b"h\0h\1Rh\2b" * (N // 4)
    + b"l.",
    "scalars": b"cnumpy.core.multiarray\nscalar\nq\0("
    + F8
    + b"C\x08aaaaaaaatq\1("
    + b"h\0h\1R" * (N // 10)
    + b"l.",
}


@pytest.mark.parametrize("name", MANY)
def test_memory_is_bounded(load, name):
    content = MANY[name]
    started = time.perf_counter()
    with little_memory(MOST_EXPANSION * len(content) + 2**21), suppress(UnreadableFileError):
        load(content)
    assert time.perf_counter() - started < 10


def test_a_text_is_not_made_into_bytes_again_and_again(load):
    text = b"X" + struct.pack("<I", 10**6) + b"x" * 10**6
    start = b"c_codecs\nencode\nq\0(" + text + b"X\6\0\0\0latin1tq\1"
    assert load(start + b"(h\0h\1Rl.") == [b"x" * 10**6]
    with little_memory(), pytest.raises(UnreadableFileError, match="makes more of its texts"):
        load(start + b"(" + b"h\0h\1R" * 1000 + b"l.")


def test_laughs_stay_as_small_as_they_are(load):
    """Lists of twice the list before: a million million million entries, if they were copied."""
    laughs = b"]q\0" + b"".join(b"](h%ch%ceq%c" % (i, i, i + 1) for i in range(60))
    with little_memory(2**22):
        value = load(laughs + b".")
        assert value[0] is value[1]
    with pytest.raises(UnreadableFileError, match="a key that is no text"):  # no hash of tuples
        load(b")q\0" + b"".join(b"h%ch%c\x86q%c" % (i, i, i + 1) for i in range(60)) + b"}h\x3cNs.")


def test_numbers_that_a_dict_would_be_slow_with(load):
    prime = 2**61 - 1
    content = b"N" + b"".join(b"p%d\n" % (i * prime) for i in range(1, 20_000)) + b"."
    with pytest.raises(UnreadableFileError, match="a number that is too large"):
        load(content)
    content = b"}" + b"".join(b"L%dL\nNs" % (i * prime) for i in range(1, 20_000)) + b"."
    with pytest.raises(UnreadableFileError, match="a key that is no text"):
        load(content)


def test_an_array_takes_at_most_three_times_its_file(tmp_path):
    rng = np.random.default_rng(0)
    for protocol in (0, 2):
        path = tmp_path / f"{protocol}.pkl"
        path.write_bytes(dumps(rng.normal(size=3 * 10**5), protocol))
        with little_memory(3 * path.stat().st_size):
            read_array_pickle(path)
