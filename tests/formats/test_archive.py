"""Archives that say more than is true, and recordings that look as if they did."""

import io
import zipfile

import numpy as np
import pytest

from sklearn_ecgssl.datasets import load_recordings, save_recordings
from sklearn_ecgssl.formats._archive import SPARE_BYTES, may_take, read_archive, write_archive


def npy(array, **options):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, **options)
    return stream.getvalue()


def header(shape, descr="'<i2'"):
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()


def npy_of(text, content=b"", version=b"\1\0"):
    return b"\x93NUMPY" + version + len(text).to_bytes(2, "little") + text + content


def archived(members, compression=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return stream


GOOD = npy(np.arange(4))


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["i2", ">f8", "?", "U3", ">U3", "S3", "M8[s]", "i4,U2"])
def test_any_array_of_numpy_is_read(dtype, order):
    array = np.zeros((3, 2), dtype, order=order)
    read = read_archive(archived([("a.npy", npy(array)), ("notes.txt", b"text"), ("b", GOOD)]))
    np.testing.assert_array_equal(read["a"], array)
    assert read["a"].dtype == array.dtype
    assert list(read) == ["a", "b"]


@pytest.mark.parametrize("array", [np.array([]), np.array(5), np.zeros((0, 7)), np.array([""])])
def test_small_arrays_are_read(array, tmp_path):
    write_archive(tmp_path / "a.npz", {"a": array})
    with open(tmp_path / "a.npz", "rb") as stream:
        np.testing.assert_array_equal(read_archive(stream)["a"], array)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (npy_of(header("(10**15,)")), "'a.npy' has a header that makes no sense"),
        (npy_of(header("(1000000000000000,)")), "says that it is int16 of shape .* has 0 bytes"),
        (npy_of(header("(4611686018427387904, 4)")), "says that it is int16"),
        (npy_of(header("(-2, -4)"), bytes(16)), "says that it is int16"),
        (npy_of(header("(5,)"), bytes(8)), "has 8 bytes"),
        (npy_of(header("(4,)"), bytes(10)), "has 10 bytes"),
        (npy_of(header("(1000000000000,)", "'<U0'")), "has 0 bytes"),
        (npy_of(header("(4,)", "'|O'"), bytes(32)), "is a pickle, which is never read"),
        (npy_of(header("(4,)", "[('f', 'O')]"), bytes(32)), "is a pickle"),
        (npy(np.array([{}]), allow_pickle=True), "is a pickle"),
        (npy_of(b"__import__('os')"), "makes no sense"),
        (npy_of(b"{'descr': "), "makes no sense"),
        (npy_of(b"(" * 9000), "makes no sense"),
        (npy_of(b"1" * 20000), "max_header_size"),
        (npy_of(header("(4,)"), bytes(8), b"\3\0"), r"version \(3, 0\)"),
        (npy(np.array(["a"])).replace(b"a\0\0\0", b"\0\0\x11\0"), "characters that do not exist"),
        (npy(np.array(["a"], ">U1")).replace(b"\0\0\0a", b"\xff\0\0a"), "that do not exist"),
        (b"no array", "'a.npy' is no array"),
        (b"", "'a.npy' is no array"),
    ],
)
def test_array_that_is_none(content, message):
    with pytest.raises(ValueError, match=message):
        read_archive(archived([("a.npy", content)]))


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([("../a.npy", GOOD)], "leads out of it"),
        ([("b/../../a.npy", GOOD)], "leads out of it"),
        ([("/tmp/a.npy", GOOD)], "leads out of it"),
        ([("..\\a.npy", GOOD)], "leads out of it"),
        ([("C:\\a.npy", GOOD)], "leads out of it"),
        ([("a.npy", GOOD), ("a.npy", GOOD)], "two members 'a.npy'"),
        ([("a.npy", GOOD), ("a", GOOD)], "two members 'a'"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_that_are_refused(members, message):
    with pytest.raises(ValueError, match=message):
        read_archive(archived(members))


def test_links_are_refused():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        entry = zipfile.ZipInfo("a.npy")
        entry.create_system, entry.external_attr = 3, 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(ValueError, match="leads out of it"):
        read_archive(stream)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_refused(method):
    with pytest.raises(ValueError, match="compressed by another method"):
        read_archive(archived([("a.npy", GOOD)], method))


def test_what_unpacks_to_too_much_is_refused():
    zeros = npy(np.zeros(SPARE_BYTES // 2, "i1"))
    assert len(read_archive(archived([("a.npy", zeros)]))["a"]) == SPARE_BYTES // 2
    stream = archived([("a.npy", zeros), ("b.npy", zeros), ("c.npy", zeros)])
    assert 3 * len(zeros) > may_take(len(stream.getvalue()))
    with pytest.raises(ValueError, match=r"unpack to .* save them without compression"):
        read_archive(stream)


def test_hours_of_a_flat_line_are_saved_so_that_they_can_be_read(tmp_path):
    flat = [np.zeros(SPARE_BYTES // 2, np.int16), np.zeros(SPARE_BYTES // 2, np.int16)]
    path = save_recordings(tmp_path / "flat.npz", flat, 250, [0, 1], scale=1.0)
    assert path.stat().st_size > SPARE_BYTES
    assert [len(recording) for recording in load_recordings(path).recordings] == [2**23] * 2


def columns(**changes):
    """The arrays of a file of two recordings."""
    return {
        "ecg": np.arange(8, dtype=np.int16),
        "start": np.array([0, 4, 8]),
        "scale": np.ones(2),
        "offset": np.zeros(2),
        "fs": np.full(2, 250.0),
        "subject": np.array(["ann", "bob"]),
        **changes,
    }


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("subject", np.zeros(2, "i4,i4"), "'subject' must hold numbers or text"),
        ("record", np.zeros(2, "M8[s]"), "'record' must hold numbers or text"),
        ("unit", np.array(["mV"]), "'unit' must be one text"),
        ("unit", np.array(5), "'unit' must be one text"),
        ("meta", np.array(["{}", "{}"]), "'meta' must be one text"),
        ("meta", np.array("[" * 5000), "'meta' is not JSON: it is nested too deeply"),
        ("meta", np.array("[" * 500 + "]" * 500), "nested deeper than"),
        ("fs", np.full(2, np.longdouble(1.0) * 10**300 * 10**300), "'fs' must hold finite"),
    ],
)
def test_columns_that_are_none(tmp_path, name, array, message):
    np.savez(tmp_path / "a.npz", **columns(**{name: array}))
    with np.errstate(over="ignore"), pytest.raises(ValueError, match=message):
        load_recordings(tmp_path / "a.npz")


def test_tables_are_no_fields(tmp_path):
    np.savez(tmp_path / "a.npz", **columns(notes=np.zeros(2, "i4,U2"), age=np.array([20, 30])))
    assert list(load_recordings(tmp_path / "a.npz").fields) == ["record", "age"]


@pytest.mark.parametrize(
    ("here", "there"),
    [
        (np.zeros(2, "M8[s]"), np.zeros(2)),
        (np.array([b"\xff", b"a"]), np.array(["a", "b"])),
        (np.array(["x" * 2**20] * 2), np.arange(2)),
    ],
)
def test_fields_that_cannot_be_joined_are_named(tmp_path, here, there):
    long = {"ecg": np.arange(4000, dtype="i2"), "start": np.arange(4001)}
    long |= {name: np.resize(columns()[name], 4000) for name in ("scale", "offset", "fs")}
    many = {**long, "subject": np.zeros(4000, int), "note": np.resize(there, 4000)}
    np.savez(tmp_path / "a.npz", **columns(note=here))
    np.savez(tmp_path / "b.npz", **many)
    with pytest.raises(ValueError, match=r"The files' 'note' \(.*\) cannot be joined"):
        load_recordings(tmp_path)
