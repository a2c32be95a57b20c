"""MATLAB files: what scipy reads in them, and what harmful ones do."""

import io
import random
import struct
import time
import tracemalloc
import zlib

import numpy as np
import pytest
import scipy.io

from sklearn_ecgssl.formats import UnreadableFileError
from sklearn_ecgssl.formats._archive import may_take
from sklearn_ecgssl.formats._matlab import iter_mat
from sklearn_ecgssl.formats._matlab_parts import Container
from tests.datasets.writers import matlab

ECG = np.arange(12.0).reshape(6, 2) / 7


@pytest.fixture
def read(tmp_path):
    """Read parts of a file of the bytes given."""

    def function(content, *wanted):
        path = tmp_path / "some.mat"
        path.write_bytes(content)
        return dict(iter_mat(path, wanted))

    return function


def cells(shape, items):
    made = np.empty(shape, object)
    for place, item in zip(np.ndindex(*shape), items, strict=True):
        made[place] = item
    return made


# ---------------------------------------------------------------- as scipy writes and reads them


@pytest.mark.parametrize("compressed", [False, True])
def test_numbers_are_those_of_scipy(read, compressed):
    rng = np.random.default_rng(0)
    written = {
        f"x{i}": (rng.normal(size=shape) * 100).astype(dtype)
        for i, (dtype, shape) in enumerate(
            (dtype, shape)
            for dtype in ("f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "?")
            for shape in ((3, 5), (1, 1), (0, 0), (2, 0), (4, 3, 2), (1, 300))
        )
    }
    stream = io.BytesIO()
    scipy.io.savemat(stream, written, do_compression=compressed)
    found = read(stream.getvalue(), *written)
    assert found.keys() == written.keys()
    for name, values in scipy.io.loadmat(stream).items():
        if not name.startswith("__"):
            np.testing.assert_array_equal(found[name], values, strict=True)


@pytest.mark.parametrize("compressed", [False, True])
def test_nested_parts(read, compressed):
    stream = io.BytesIO()
    person = {"ecg": cells((2, 2), [ECG, ECG * 2, ECG * 3, np.zeros((0, 0))]), "name": "Ada"}
    scipy.io.savemat(
        stream,
        {
            "before": np.ones((50, 50)),
            "all": {"people": cells((1, 2), [person, {"ecg": 7.0, "name": "Bo"}]), "fs": 256.0},
            "after": "later",
        },
        do_compression=compressed,
    )
    content = stream.getvalue()
    found = read(content, "all", "all.people", "all.people.*.name", "all.fs", "after", "nothing")
    assert found == {
        "all": Container((1, 1), ("people", "fs")),
        "all.people": Container((1, 2), None),
        "all.people.0.name": "Ada",
        "all.people.1.name": "Bo",
        "all.fs": np.array([[256]]),
        "after": "later",
    }
    assert list(read(content, "*")) == ["before", "all", "after"]
    assert read(content, "all.people", "all.fs") == {
        "all.people": Container((1, 2), None),
        "all.fs": np.array([[256]]),
    }
    ecg = read(content, "all.people.*.ecg", "all.people.*.ecg.*")
    assert list(ecg) == [
        "all.people.0.ecg",
        *(f"all.people.0.ecg.{i}" for i in range(4)),
        "all.people.1.ecg",
    ]
    # Column by column: 0 and 1 stand below each other.
    np.testing.assert_array_equal(ecg["all.people.0.ecg.1"], ECG * 3)
    np.testing.assert_array_equal(ecg["all.people.0.ecg.2"], ECG * 2)
    assert ecg["all.people.0.ecg.3"].shape == (0, 0)
    np.testing.assert_array_equal(read(content, "all.*.0.ecg.0")["all.people.0.ecg.0"], ECG)


def test_structure_arrays(read):
    stream = io.BytesIO()
    array = np.zeros((1, 2), dtype=[("a", object), ("b", object)])
    array[0, 0] = (1.0, "one")
    array[0, 1] = (2.0, "two")
    scipy.io.savemat(stream, {"s": array})
    assert read(stream.getvalue(), "s", "s.*.a", "s.1.b") == {
        "s": Container((1, 2), ("a", "b")),
        "s.0.a": np.array([[1]]),
        "s.1.a": np.array([[2]]),
        "s.1.b": "two",
    }


def test_text(read):
    stream = io.BytesIO()
    scipy.io.savemat(stream, {"one": "µV, größer", "rows": np.array(["ab", "cd"]), "none": ""})
    assert read(stream.getvalue(), "*") == {"one": "µV, größer", "rows": "ab\ncd", "none": ""}
    both = [matlab.text("µV", "a", kind) for kind in (matlab.UTF8, matlab.UTF16)]
    assert [read(matlab.mat(one), "a")["a"] for one in both] == ["µV", "µV"]


# ---------------------------------------------------------------------- as MATLAB may write them


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("stored", ["u1", "i2", "u2", "i4", "f8"])
def test_whole_numbers_in_a_smaller_type(read, order, stored):
    values = np.arange(12.0).reshape(4, 3)
    content = matlab.mat(matlab.numbers(values, "x", stored, order), order=order)
    np.testing.assert_array_equal(scipy.io.loadmat(io.BytesIO(content))["x"], values)
    found = read(content, "x")["x"]
    np.testing.assert_array_equal(found, values)
    assert found.dtype.itemsize == int(stored[1])


@pytest.mark.parametrize("order", ["<", ">"])
def test_own_writer_writes_what_scipy_reads(read, order):
    inner = {"data": matlab.numbers(ECG, order=order), "type": matlab.text("ecg", order=order)}
    content = matlab.mat(
        matlab.compressed(
            matlab.cell((1, 1), matlab.structure(inner, order=order), name="c", order=order),
            order=order,
        ),
        order=order,
    )
    known = scipy.io.loadmat(io.BytesIO(content))["c"][0, 0]
    found = read(content, "c.0.data", "c.0.type")
    np.testing.assert_array_equal(found["c.0.data"], known["data"][0, 0])
    assert found["c.0.type"] == known["type"][0, 0][0] == "ecg"


def test_small_elements_and_the_empty_matrix(read):
    values = matlab.matrix(matlab.DOUBLE_CLASS, (1, 3), matlab.small(matlab.UINT8, b"\x01\x02\x03"))
    content = matlab.mat(matlab.cell((1, 2), values, matlab.EMPTY, name="c"))
    found = read(content, "c.*")
    np.testing.assert_array_equal(found["c.0"], [[1, 2, 3]])
    assert found["c.1"].shape == (0, 0)


@pytest.mark.parametrize("compressed", [False, True])
def test_what_is_not_wanted_may_be_anything(read, compressed):
    pack = matlab.compressed if compressed else bytes
    content = matlab.mat(
        pack(matlab.opaque("table")),
        pack(matlab.matrix(matlab.FUNCTION_CLASS, (1, 1), b"junk" * 2, name="f")),
        pack(
            matlab.structure(
                {
                    "object": matlab.matrix(matlab.OBJECT_CLASS, (1, 1), b"junk" * 4),
                    "x": matlab.numbers([[1.5]]),
                },
                name="s",
            )
        ),
    )
    assert read(content, "s.x") == {"s.x": np.array([[1.5]])}
    with pytest.raises(UnreadableFileError, match="s.object is an object of MATLAB"):
        read(content, "s.*")


def test_only_what_is_asked_for_is_in_memory(tmp_path):
    path = tmp_path / "large.mat"
    rng = np.random.default_rng(0)
    trials = [matlab.numbers(rng.normal(size=(2**17, 1))) for _ in range(20)]  # 1 MiB each
    content = matlab.compressed(matlab.cell((1, 20), *trials, name="c"))
    path.write_bytes(matlab.mat(content))
    del trials, content
    tracemalloc.start()
    for number, (name, value) in enumerate(iter_mat(path, ["c.*"])):
        assert name == f"c.{number}"
        assert value.size == 2**17
    (one,) = (value for _, value in iter_mat(path, ["c.17"]))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert one.size == 2**17
    assert peak < 6 * 2**20


def test_bytes_behind_a_compressed_array(read):
    # MATLAB reads such files; so does scipy with verify_compressed_data_integrity=False.
    content = matlab.mat(matlab.compressed(matlab.numbers(ECG, "x"), more=b"behind it"))
    np.testing.assert_array_equal(read(content, "x")["x"], ECG)


# ------------------------------------------------------------------------------- what is no file


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "bytes 124 to 128 should be a version from 5 to 7, but are b''"),
        (b"\x00\x01IM", "bytes 124 to 128"),
        (b"version https://git-lfs.github.com/spec/v1\n", "it is cut off, of version 4, or no"),
        (matlab.mat(version=b"\x00\x02IM"), "of version 7.3.*save it again with save"),
        (b"\x89HDF\r\n\x1a\n" + bytes(500), "of version 7.3"),
        (struct.pack("<5i", 0, 3, 1, 0, 2) + b"x\0" + bytes(200), "of version 4"),
        (matlab.mat(matlab.numbers(ECG, "x"))[:-5], "at byte 128 says that it has 152 bytes, but"),
        (matlab.mat()[:-1], "bytes 124 to 128"),
        (matlab.mat(b"\x0e\0\0"), "cut off at byte 128"),
        (matlab.mat(matlab.numbers(ECG, "x"), matlab.numbers(ECG, "x")), "second variable x"),
        (
            matlab.mat(matlab.compressed(matlab.numbers(ECG, "x"))[:-9]),
            "at byte 128 says that it has",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_no_file(read, tmp_path, content, message):
    with pytest.raises(UnreadableFileError, match=message) as error:
        read(content, "x")
    assert str(error.value).startswith(f"{tmp_path / 'some.mat'} cannot be read as a MATLAB file: ")


def test_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        list(iter_mat(tmp_path / "none.mat", ["x"]))


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize(
    ("variable", "message"),
    [
        (matlab.matrix(18, (1, 1), name="x"), "is of class 18, which is none"),
        (matlab.matrix(matlab.OBJECT_CLASS, (1, 1), name="x"), "x is an object of MATLAB"),
        (matlab.opaque("x"), "x is an object of MATLAB"),
        (matlab.matrix(matlab.FUNCTION_CLASS, (1, 1), name="x"), "x is a function of MATLAB"),
        (matlab.matrix(matlab.SPARSE_CLASS, (1, 1), name="x"), "x is a sparse matrix of MATLAB"),
        (matlab.matrix(6, (2**30, 2**15), name="x"), "an element is cut off"),
        (
            matlab.matrix(6, (2**30, 2**15), matlab.element(9, bytes(16)), name="x"),
            r"is float64 of shape \(1073741824, 32768\), and has 16 bytes",
        ),
        (matlab.matrix(6, (2**30,) * 9, matlab.element(9, b""), name="x"), "is of shape"),
        (matlab.matrix(6, (0, *(2**30,) * 9), matlab.element(9, b""), name="x"), "is of shape"),
        (matlab.matrix(6, (3,), matlab.element(9, bytes(24)), name="x"), "has no shape"),
        (matlab.matrix(6, (-1, -3), matlab.element(9, bytes(24)), name="x"), "has no shape"),
        (matlab.matrix(6, (1,) * 33, matlab.element(9, bytes(8)), name="x"), "has no shape"),
        (
            matlab.matrix(6, (1, 2), matlab.element(9, bytes(16), size=2**31), name="x"),
            "says that it has 2147483648 bytes, but 16 are left",
        ),
        (matlab.matrix(6, (1, 1), matlab.element(16, b"abc"), name="x"), "which is no number"),
        (matlab.matrix(6, (1, 1), struct.pack("<II", 5 << 16 | 9, 0), name="x"), "5 bytes of 4"),
        (matlab.matrix(6, (1, 1), matlab.element(9, bytes(8)), name="x", flags=8), "complex"),
        (matlab.cell((2**30, 4), matlab.EMPTY, name="x"), "has 8 bytes left"),
        (matlab.cell((1, 2), matlab.EMPTY, name="x"), "has 8 bytes left"),
        (
            matlab.cell((1, 1), matlab.numbers(ECG, "y").replace(b"\x0e", b"\x09", 1), name="x"),
            "an array should be at .*, but type 9 is",
        ),
        (matlab.structure({"a.b": matlab.EMPTY}, name="x"), "whose names are no names"),
        (
            matlab.structure({"ab": matlab.EMPTY, "ac": matlab.EMPTY}, name="x", length=1),
            "bytes of names of 1 each|cut off|the same",
        ),
        (matlab.text("ab", "x", shape=(2, 2)), r"text of shape \(2, 2\), and has 2 letters"),
        (matlab.matrix(4, (1, 1), matlab.element(9, bytes(8)), name="x"), "which is no text"),
        (matlab.matrix(4, (1, 1), matlab.element(16, b"\xff\xfe"), name="x"), "is no text"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_array_that_lies(read, variable, message, compressed):
    content = matlab.mat(matlab.compressed(variable) if compressed else variable)
    with pytest.raises(UnreadableFileError, match=message) as error:
        read(content, "x", "x.*", "x.*.*")
    assert "byte" in str(error.value)


def test_structures_without_fields_by_the_billion(read):
    content = matlab.mat(matlab.structure({}, "x", shape=(2**23, 2**23)))
    assert read(content, "x.*.a") == {}


def test_text_of_a_billion_empty_rows(read):
    assert read(matlab.mat(matlab.text("", "x", shape=(2**31 - 1, 0))), "x") == {"x": ""}


# ------------------------------------------------------------------------------------ harmful ones


def nested(depth):
    """As many cells in one another, without copying the inside for each."""
    head = len(matlab.cell((1, 1)))
    inside = [matlab.cell((1, 1), b"", name="") for _ in range(depth)]
    size = 0
    for level in reversed(range(depth)):
        size += head
        inside[level] = inside[level][:4] + struct.pack("<I", size - 8) + inside[level][8:]
    return matlab.matrix(matlab.CELL_CLASS, (1, 1), b"".join(inside) or matlab.EMPTY, name="x")


@pytest.mark.parametrize("compressed", [False, True])
def test_a_hundred_thousand_cells_in_one_another(read, compressed):
    variable = nested(100_000)
    content = matlab.mat(matlab.compressed(variable) if compressed else variable)
    assert read(content, "x.*", "x.0.0.0") == {
        "x.0": Container((1, 1), None),
        "x.0.0.0": Container((1, 1), None),
    }


def test_a_deep_name_is_as_deep_as_the_reader_asks(read):
    assert read(matlab.mat(nested(3)), "x.0.0") == {"x.0.0": Container((1, 1), None)}


@pytest.mark.parametrize("named", ["x", "y"])
def test_bomb(tmp_path, named):
    packer = zlib.compressobj()
    head = matlab.matrix(6, (2**27, 1), matlab.element(9, b"", size=2**30), name=named)
    head = head[:4] + struct.pack("<I", 2**30 + 48) + head[8:]
    data = packer.compress(head) + b"".join(packer.compress(bytes(2**20)) for _ in range(200))
    data += packer.flush()
    path = tmp_path / "bomb.mat"
    path.write_bytes(matlab.mat(struct.pack("<II", matlab.COMPRESSED, len(data)) + data))
    tracemalloc.start()
    with pytest.raises(UnreadableFileError, match="inflates to .* bytes or more.*save -v6"):
        list(iter_mat(path, ["x"]))
    assert tracemalloc.get_traced_memory()[1] < may_take(path.stat().st_size) / 4
    tracemalloc.stop()


def test_bomb_behind_an_array(read):
    content = matlab.mat(matlab.compressed(matlab.numbers(ECG, "x"), more=bytes(2**26)))
    with pytest.raises(UnreadableFileError, match="inflates to"):
        read(content, "x")


def test_many_small_bombs(read):
    one = matlab.compressed(matlab.numbers(np.zeros((2**20, 1)), "y"))
    with pytest.raises(UnreadableFileError, match="inflates to"):
        read(matlab.mat(*[one] * 60), "x")


@pytest.mark.parametrize("wanted", ["x.*", "x.69999"])
def test_more_cells_than_any_recording_has(read, wanted):
    content = matlab.mat(
        matlab.compressed(matlab.cell((1, 70_000), matlab.EMPTY * 70_000, name="x"))
    )
    tracemalloc.start()
    with pytest.raises(UnreadableFileError, match="more than 65536 elements before byte"):
        read(content, wanted)
    assert tracemalloc.get_traced_memory()[1] < 2 * may_take(0)
    tracemalloc.stop()


def test_more_variables_than_any_recording_has(read):
    content = matlab.mat(matlab.element(1, b"") * 70_000)
    with pytest.raises(UnreadableFileError, match="more than 65536 elements before byte"):
        read(content, "x")


def test_wrong_checksum(read):
    content = bytearray(matlab.mat(matlab.compressed(matlab.numbers(ECG, "x"))))
    content[-1] ^= 1
    with pytest.raises(UnreadableFileError, match="at byte 136 is damaged before byte .*check"):
        read(bytes(content), "x")


def valid_files():
    for compressed in (False, True):
        stream = io.BytesIO()
        scipy.io.savemat(
            stream,
            {"s": {"c": cells((2, 1), [ECG, {"t": "letters"}])}, "x": ECG, "n": np.uint8([[1]])},
            do_compression=compressed,
        )
        yield stream.getvalue()


ALL = ("*", "*.*", "*.*.*", "*.*.*.*", "*.*.*.*.*")


@pytest.mark.parametrize("content", list(valid_files()), ids=["stored", "compressed"])
def test_every_truncation(read, content):
    whole = read(content, *ALL)
    assert len(whole) >= 7
    boundaries, messages = set(), []
    for length in range(len(content)):
        try:
            found = read(content[:length], *ALL)
        except UnreadableFileError as error:
            messages.append(str(error))
        else:  # between two variables nobody can tell
            boundaries.add(length)
            assert found.keys() < whole.keys()
    assert len(boundaries) == 3
    assert all("byte" in message for message in messages)


@pytest.mark.parametrize("content", list(valid_files()), ids=["stored", "compressed"])
def test_altered_bytes(read, content):
    random_ = random.Random(0)
    start = time.monotonic()
    n_refused = 0
    for _ in range(600):
        altered = bytearray(content)
        for _ in range(random_.choice([1, 1, 2, 8])):
            at = random_.randrange(len(altered))
            altered[at] = random_.choice([random_.randrange(256), altered[at] ^ 0x80, 0, 0xFF])
        try:
            read(bytes(altered), *ALL)
        except UnreadableFileError:
            n_refused += 1
    assert n_refused > 100
    assert time.monotonic() - start < 30
