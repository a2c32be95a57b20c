"""Pickles of arrays are read as Python 2 and 3 write them; nothing that they ask for happens."""

import os
import pickle

import numpy as np
import pytest

from sklearn_ecgssl import UnreadableFileError
from sklearn_ecgssl.datasets._pickles import read_pickle

#: {"subject": "S2", "label": np.arange(3, dtype="<i4")} as Python 2.7.18 wrote it.
BY_PYTHON_2 = (
    b"}q\x01(U\x07subjectq\x02U\x02S2q\x03U\x05labelq\x04cnumpy.core.multiarray\n"
    b"_reconstruct\nq\x05(cnumpy\nndarray\nq\x06(K\x00tq\x07U\x01btRq\x08(K\x01(K\x03tq\tcnumpy\n"
    b"dtype\nq\n(U\x02i4q\x0bK\x00K\x01tRq\x0c(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff"
    b"K\x00tbI00\nU\x0c\x00\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00q\rtbu."
)
#: What comes back as it was.
VALUES = [
    {"a": [{"b": ("text \xff", b"abc\xff", None)}]},
    np.arange(6.0).reshape(2, 3),
    np.asfortranarray(np.arange(6, dtype=">i2").reshape(2, 3)),
    np.array(["S2", "S10"]),
    np.array([[1.5, "text"], [None, 2]], object),
    np.float64(2.5),
]


@pytest.fixture
def load(tmp_path):
    def load(content):
        path = tmp_path / "a.pkl"
        path.write_bytes(content)
        return read_pickle(path)

    return load


def test_what_python_2_wrote(load):
    found = load(BY_PYTHON_2)
    assert found["subject"] == "S2"
    assert found["label"].dtype == "<i4"
    assert found["label"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("protocol", range(6))
def test_values_of_every_protocol(load, protocol):
    found = load(pickle.dumps(VALUES, protocol))
    for one, value in zip(found, VALUES, strict=True):
        assert type(one) is type(value)
        np.testing.assert_equal(one, value)
        if isinstance(value, np.ndarray):
            assert one.dtype.newbyteorder("=") == value.dtype.newbyteorder("=")


class Payload:
    """Pickled, it asks for a call."""

    def __init__(self, function, *args):
        self.function, self.args = function, args

    def __reduce__(self):
        return self.function, self.args


@pytest.mark.parametrize("protocol", range(6))
def test_no_function_is_called(load, tmp_path, protocol):
    folder = str(tmp_path / "made")
    for value in (
        Payload(os.mkdir, folder),
        Payload(np.savetxt, folder, np.arange(3)),
        Payload(np.arange(3).tofile, folder),
    ):
        for content in (value, {"ecg": np.arange(3), "label": [value]}, (np.array([value]),)):
            with pytest.raises(UnreadableFileError, match="a.pkl .* it wants .* which is no array"):
                load(pickle.dumps(content, protocol))
    assert not os.path.exists(folder)


@pytest.mark.parametrize(
    "content",
    [
        *(b"cnumpy\nload\n(NtR.", b"cnumpy_evil\nndarray\n(NtR.", b"(iposix\nsystem\n."),
        # `ndarray`, called, would take bytes for the addresses of objects.
        b"cnumpy\nndarray\n(K\x01\x85cnumpy\ndtype\n(X\x01\0\0\0OtRC\x08AAAAAAAAtR.",
        # So would a type with fields, whose places a file says.
        b"cnumpy\nscalar\n(cnumpy\ndtype\n(X\x02\0\0\0V8tRC\x08AAAAAAAAtR.",
        b"\x80\x02cnumpy\n_reconstruct\n(N}X\x01\0\0\0aK\x01stb.",  # changes a function
        *(b"\x80\x04\x82\x01.", b"Pid\n."),
    ],
)
def test_nothing_but_arrays_is_made(load, content):
    with pytest.raises(UnreadableFileError, match="a.pkl"):
        load(content)
