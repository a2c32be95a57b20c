"""Pickles of arrays are read as Python 2 and 3 write them; nothing that they ask for happens."""

import os
import pickle
import subprocess

import numpy as np
import pytest

from sklearn_ecgssl import UnreadableFileError
from sklearn_ecgssl.datasets._pickles import read_pickle

#: {"subject": "S2", "label": np.arange(3, dtype="<i4")} as Python 2.7.18 wrote it.
BY_PYTHON_2 = [
    b"""(dp1\nS'subject'\np2\nS'S2'\np3\nsS'label'\np4\ncnumpy.core.multiarray
_reconstruct\np5\n(cnumpy\nndarray\np6\n(I0\ntp7\nS'b'\ntRp8\n(I1\n(I3\ntp9\ncnumpy\ndtype\np10
(S'i4'\np11\nI0\nI1\ntRp12\n(I3\nS'<'\nNNNI-1\nI-1\nI0\ntbI00
S'\\x00\\x00\\x00\\x00\\x01\\x00\\x00\\x00\\x02\\x00\\x00\\x00'\np13\ntbs.""",
    b"}q\x01(U\x07subjectq\x02U\x02S2q\x03U\x05labelq\x04cnumpy.core.multiarray\n"
    b"_reconstruct\nq\x05(cnumpy\nndarray\nq\x06(K\x00tq\x07U\x01btRq\x08(K\x01(K\x03tq\tcnumpy\n"
    b"dtype\nq\n(U\x02i4q\x0bK\x00K\x01tRq\x0c(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff"
    b"K\x00tbI00\nU\x0c\x00\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00q\rtbu.",
]
#: What comes back as it was.
VALUES = [
    *[None, True, -1, 2**70, 1.5, "", "text \xff", "l" * 300, b"", b"abc\xff", b"x" * 300],
    *[(), (1, "a"), [1, [2.5]], {}, {"a": [{"b": ("c", None)}]}],
    np.arange(6.0).reshape(2, 3),
    np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    np.arange(20, dtype="f4")[::2],
    np.array([[1, -2]], ">i2"),
    *[np.array([True, False]), np.zeros((0, 3)), np.array(5, "u8")],
    *[np.array(["S2", "S10"]), np.array([b"a", b"bc"])],
    np.array([[1.5, "text"], [None, 2]], object),
    *[np.float64(2.5), np.int32(-7), np.bool_(True)],
]


@pytest.fixture
def load(tmp_path):
    def load(content):
        path = tmp_path / "a.pkl"
        path.write_bytes(content)
        return read_pickle(path)

    return load


@pytest.mark.parametrize("content", BY_PYTHON_2)
def test_what_python_2_wrote(load, content):
    found = load(content)
    assert found["subject"] == "S2"
    assert found["label"].dtype == "<i4"
    assert found["label"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("core", [b"numpy.core", b"numpy._core"])
@pytest.mark.parametrize("protocol", range(6))
def test_values_of_every_protocol(load, protocol, core):
    content = pickle.dumps(VALUES, protocol)
    found = load(content.replace(b"numpy._core", core) if protocol < 4 else content)
    for one, value in zip(found, VALUES, strict=True):
        assert type(one) is type(value)
        if isinstance(value, np.ndarray):
            assert one.shape == value.shape
            assert one.dtype.newbyteorder("=") == value.dtype.newbyteorder("=")
            assert one.tolist() == value.tolist()
        else:
            assert one == value


@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_cut_off_anywhere(load, protocol):
    content = pickle.dumps({"subject": "S2", "ecg": np.arange(40.0)}, protocol)
    for n_bytes in range(0, len(content), 3):
        with pytest.raises(UnreadableFileError, match="a.pkl"):
            load(content[:n_bytes])


CALLED = []


def call_me(*args):
    CALLED.append(args)


class Payload:
    """Pickled, it asks for a call."""

    def __init__(self, function, *args):
        self.function, self.args = function, args

    def __reduce__(self):
        return self.function, self.args


class Instance:
    """Pickled, it asks for an instance of a class, and for a call of its method."""

    def __setstate__(self, state):
        CALLED.append(state)

    def __getstate__(self):
        return {"a": 1}


@pytest.mark.parametrize("protocol", range(6))
def test_no_function_and_no_method_is_called(load, tmp_path, protocol):
    folder = str(tmp_path / "made")
    values = [
        Payload(call_me, 1),
        Payload(os.system, f"mkdir {folder}"),
        Payload(eval, f"__import__('os').mkdir({folder!r})"),
        Payload(getattr, "numpy", "load"),
        Payload(np.savetxt, folder, np.arange(3)),
        Payload(np.arange(3).tofile, folder),
        Payload(subprocess.Popen, ["mkdir", folder]),
        Instance(),
    ]
    for value in values:
        for content in (value, {"ecg": np.arange(3), "label": [value]}, (np.array([value]),)):
            with pytest.raises(UnreadableFileError, match="a.pkl .* it wants .* which is no array"):
                load(pickle.dumps(content, protocol))
    assert CALLED == []
    assert not os.path.exists(folder)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        *[("posix", "system"), ("builtins", "eval"), ("__builtin__", "getattr")],
        *[("codecs", "encode"), ("_codecs", "lookup"), ("functools", "partial")],
        *[("numpy", "load"), ("numpy", "frombuffer"), ("numpy.core.multiarray", "fromfile")],
        *[("numpy.core", "os"), ("numpy.testing", "runstring"), ("numpy", "ndarray.tofile")],
        *[("numpy_evil", "ndarray"), ("numpyx.core", "_reconstruct"), (__name__, "call_me")],
    ],
)
def test_no_name_but_those_of_arrays_is_found(load, module, name):
    """By any of the three instructions that find one."""
    named = pickle.dumps(module, 4)[2:-1] + pickle.dumps(name, 4)[2:-1]
    for content in (
        f"c{module}\n{name}\n(NtR.".encode(),
        b"\x80\x04" + named + b"\x93N\x85R.",
        f"(i{module}\n{name}\n.".encode(),
    ):
        with pytest.raises(UnreadableFileError, match=f"wants {module}.{name}, which is no array"):
            load(content)
    changes = (
        b"\x80\x02cnumpy\n_reconstruct\n(N}X\x01\0\0\0aK\x01stb."  # an attribute of a function
    )
    for content in (
        changes,
        b"\x80\x04\x82\x01.",
        b"Pid\n.",
        b"I1\nQ.",
    ):  # extensions, persistent ids
        with pytest.raises(UnreadableFileError, match="a.pkl"):
            load(content)
    assert CALLED == []


NUMPY = b"cnumpy\n%b\n"
TEXT = b"X%b\0\0\0%b"
OBJECTS = NUMPY % b"dtype" + b"(" + TEXT % (b"\x01", b"O") + b"tR"
ADDRESS = b"C\x08AAAAAAAA"
#: A type of 8 bytes whose field is an object, and which denies it.
DENIES = b"".join([
    NUMPY % b"dtype", b"(", TEXT % (b"\x02", b"V8"), b"\x89\x88tR(K\x03", TEXT % (b"\x01", b"|"),
    b"N(", TEXT % (b"\x01", b"a"), b"t}", TEXT % (b"\x01", b"a"), OBJECTS,
    b"K\0\x86sK\x08K\x01K\0tb",
])  # fmt: skip
#: A type of 8 bytes that says it holds references, and one of text that grows afterwards.
REFERENCES = b"".join([
    NUMPY % b"dtype", b"(", TEXT % (b"\x02", b"V8"), b"\x89\x88tR(K\x03", TEXT % (b"\x01", b"|"),
    b"NNNK\x08K\x01K\x20tb",
])  # fmt: skip
TEXT_4 = NUMPY % b"dtype" + b"(" + TEXT % (b"\x02", b"S4") + b"\x89\x88tR"
GROWS = b"(K\x03" + TEXT % (b"\x01", b"|") + b"NNNJ\0\0\x10\0K\x01K\0tb"
FORGED = [
    NUMPY % b"scalar" + b"(" + REFERENCES + ADDRESS + b"tR.",
    NUMPY % b"ndarray" + b"(K\x01\x85" + OBJECTS + ADDRESS + b"tR.",
    NUMPY % b"ndarray" + b"(K\x01\x85" + OBJECTS + ADDRESS + b"t\x81.",
    NUMPY % b"scalar" + b"(" + OBJECTS + ADDRESS + b"tR.",
    NUMPY % b"_frombuffer" + b"(" + ADDRESS + OBJECTS + b"K\x01\x85X\x01\0\0\0CtR.",
    b"".join([NUMPY % b"_reconstruct", b"(", NUMPY % b"ndarray", b"K\0\x85C\x01btR(K\x01K\x01\x85",
              OBJECTS, b"\x89", ADDRESS, b"tb."]),
    b"".join([NUMPY % b"_reconstruct", b"(", NUMPY % b"ndarray", b"K\0\x85C\x01btR(K\x01K\x01\x85",
              DENIES, b"\x89", ADDRESS, b"tb."]),
]  # fmt: skip


def test_the_size_of_a_type_is_not_the_files_to_say(load):
    array = b"".join([NUMPY % b"_reconstruct", b"(", NUMPY % b"ndarray", b"K\0\x85C\x01btR"])
    kept = b"\x94".join([TEXT_4, b""])  # the type, under the number 0
    content = b"\x80\x04" + kept + b"0" + array + b"(K\x01K\x01\x85h\0\x89C\x04AAAAtb"
    found = load(content + b"h\0" + GROWS + b"0.")
    assert found.tolist() == [b"AAAA"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a process of its own")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("forged", FORGED)
def test_no_bytes_become_an_object(load, forged):
    """In a process of its own, which an object at an address that a file names would end."""
    child = os.fork()
    if not child:
        status = 1
        try:
            np.asarray(load(b"\x80\x03" + forged)).astype(float)
        except UnreadableFileError:
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
