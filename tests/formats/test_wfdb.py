"""WFDB records: what is read is what was written; nothing beside the record is touched."""

import random
import socket
from contextlib import suppress

import numpy as np
import pytest

from sklearn_ecgssl.formats import UnreadableFileError
from sklearn_ecgssl.formats._channel import Channel
from sklearn_ecgssl.formats._wfdb import read_wfdb_header, read_wfdb_signal
from tests.datasets.writers.wfdb import INVALID, Signal, record

RNG = np.random.default_rng(0)
RANGE = {"16": (-32767, 32767), "212": (-2047, 2047), "80": (-127, 127)}


def counts(n, fmt="16"):
    low, high = RANGE[fmt]
    values = RNG.integers(low, high, n, endpoint=True)
    values[:2] = low, high
    return values


def two_signals(fmt="16", n=30):
    return [
        Signal("ECG I", counts(n, fmt), gain=200, unit="mV"),
        Signal("RESP", counts(n, fmt), gain=12.5, baseline=-7, unit="l"),
    ]


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("asks the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture
def write(tmp_path):
    def write(files, name="one"):
        for file, content in files.items():
            (tmp_path / file).write_bytes(content)
        return tmp_path / f"{name}.hea"

    return write


@pytest.mark.parametrize("fmt", ["16", "212", "80"])
@pytest.mark.parametrize("n", [30, 31, 1])
def test_round_trip(write, fmt, n):
    signals = two_signals(fmt, max(n, 2))
    path = write(record("one", signals, 360, fmt=fmt, comments=["69 M", "Aldomet"]))
    header = read_wfdb_header(path)
    assert header.channels == [
        Channel("ECG I", 360.0, "mV", max(n, 2)),
        Channel("RESP", 360.0, "l", max(n, 2)),
    ]
    assert header.comments == ["69 M", "Aldomet"]
    assert header.files == ["one.dat"]
    for index, signal in enumerate(signals):
        read = read_wfdb_signal(path, index)
        assert read.dtype == np.float64
        np.testing.assert_allclose(read, signal.values(), rtol=1e-12)


@pytest.mark.parametrize("fmt", ["16", "212", "80"])
def test_signals_keep_their_own_rate(write, fmt):
    signals = [
        Signal("ECG", counts(32 * 9, fmt), 1000, unit="mV", samples_per_frame=32),
        Signal("foot GSR", counts(2 * 9, fmt), 1000, samples_per_frame=2),
        Signal("marker", counts(9, fmt), 100),
    ]
    path = write(record("one", signals, 15.5, fmt=fmt, newline="\r\n"))
    channels = read_wfdb_header(path).channels
    assert [one.sampling_rate for one in channels] == [496.0, 31.0, 15.5]
    assert [one.n_samples for one in channels] == [288, 18, 9]
    for index, signal in enumerate(signals):
        np.testing.assert_allclose(read_wfdb_signal(path, index), signal.values(), rtol=1e-12)


def test_skew_in_frames(write):
    signals = two_signals(n=10)
    signals[0].skew = 2
    signals[0].samples_per_frame = 3
    signals[0].digital = counts(30)
    path = write(record("one", signals))
    read, values = read_wfdb_signal(path, 0), signals[0].values()
    np.testing.assert_allclose(read[:24], values[6:], rtol=1e-12)
    assert np.isnan(read[24:]).all()
    np.testing.assert_allclose(read_wfdb_signal(path, 1), signals[1].values(), rtol=1e-12)
    signals[0].skew = 1000
    with pytest.raises(UnreadableFileError, match="shifts signal 0 by all of its samples"):
        read_wfdb_signal(write(record("one", signals)), 0)


@pytest.mark.parametrize("fmt", ["16", "212", "80"])
def test_invalid_samples(write, fmt):
    signals = two_signals(fmt)
    signals[0].digital[[3, 17]] = INVALID[fmt]
    read = read_wfdb_signal(write(record("one", signals, fmt=fmt)), 0)
    assert np.flatnonzero(np.isnan(read)).tolist() == [3, 17]


def test_offset_and_length_left_open(write):
    signals = two_signals()
    path = write(record("one", signals, offset=24, say_length=False))
    np.testing.assert_allclose(read_wfdb_signal(path, 1), signals[1].values(), rtol=1e-12)
    assert read_wfdb_header(path).channels[0].n_samples == 30
    (path.parent / "one.dat").unlink()
    assert read_wfdb_header(path).channels[0].n_samples is None


def test_several_files(write):
    a, b = two_signals(), two_signals()
    files = {**record("a", a), **record("b", b, fmt="212")}
    lines = [files[f"{one}.hea"].decode().splitlines()[1:] for one in "ab"]
    files["one.hea"] = "\n".join(["one 4 250 30", *lines[0], *lines[1]]).encode()
    files["b.dat"] = record("b", b)["b.dat"]
    path = write({**files, "one.hea": files["one.hea"].replace(b"b.dat 212", b"b.dat 16")})
    assert read_wfdb_header(path).files == ["a.dat", "b.dat"]
    for index, signal in enumerate([*a, *b]):
        np.testing.assert_allclose(read_wfdb_signal(path, index), signal.values(), rtol=1e-12)


def test_unusual_folder(tmp_path, write):
    folder = tmp_path / "a [b]* {c} #d %20 é ~"
    folder.mkdir()
    signals = two_signals()
    for name, content in record("one", signals).items():
        (folder / name).write_bytes(content)
    np.testing.assert_allclose(
        read_wfdb_signal(folder / "one.hea", 0), signals[0].values(), rtol=1e-12
    )
    address = tmp_path / "file::http:"
    address.mkdir()
    for name, content in record("one", signals).items():
        (address / name).write_bytes(content)
    with pytest.raises(UnreadableFileError, match="takes a path with '::' for an address"):
        read_wfdb_header(address / "one.hea")


def test_cut_off_anywhere(write):
    for fmt in ("16", "212", "80"):
        files = record("one", two_signals(fmt), fmt=fmt)
        whole = len(files["one.dat"])
        for n_bytes in [*range(0, whole, 7), whole - 1]:
            path = write({**files, "one.dat": files["one.dat"][:n_bytes]})
            with pytest.raises(UnreadableFileError, match=f"one.dat .* byte {n_bytes}, .* {whole}"):
                read_wfdb_signal(path, 0)
            with pytest.raises(UnreadableFileError, match="is cut off"):
                read_wfdb_header(path)


def test_header_cut_off_anywhere(write):
    files = record("one", two_signals())
    for n_bytes in range(files["one.hea"].index(b"RESP")):
        path = write({**files, "one.hea": files["one.hea"][:n_bytes]})
        with suppress(UnreadableFileError):
            assert len(read_wfdb_header(path).channels) == 2


HEADER = "one 2 250 30\none.dat 16 200 12 0 0 0 0 I\none.dat 16 200 12 0 0 0 0 II\n"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("one 2", "one/3 2", "in several segments"),
        ("one 2", "one 0", "0 signals and describes 2"),
        ("one 2", "one 3", "3 signals and describes 2"),
        ("one 2", "one 999999999", "is no header"),
        ("one 2 250 30", "one", "is no header"),
        ("one 2 250 30", "<html> 2", "invalid syntax"),
        ("250", "0", "sampling rate is 0"),
        ("250", "9" * 400, "cannot be read as a WFDB record"),
        (" 30", " 0", "says that it has 0 samples"),
        (" 30", " 31", "is cut off: it ends at byte 120, but one.hea announces 124"),
        (" 30", " 9" + "0" * 30, "is cut off"),
        (" 16", " 516", "format 516"),
        (" 16", " 99", "format 99"),
        (" 16", " 16x0", "frames have 0 samples"),
        (" 16", " 16x9999999", "frames have 19999998 samples"),
        (" 16", " 16+200", "is cut off"),
        (" 16", " 16:99999999999999999999", "by all of its samples"),
        ("one.dat", "../one.dat", "names '../one.dat' as a file of samples"),
        ("one.dat", "/etc/passwd", "names '/etc/passwd'"),
        ("one.dat", "http://localhost/one.dat", "names 'http"),
        ("one.dat", "C:\\one.dat", "names 'C:"),
        ("one.dat", "x" * 300, "names 'xxx"),
        ("one.dat", "~", "names '~'"),
        ("one.dat", "-", "names '-'"),
        ("one.dat", "a..b", "names 'a..b'"),
        (HEADER, "", "is no header"),
        (HEADER, "# only\n# comments\n", "is no header"),
        (HEADER, "x" * 5000, "is no header"),
        (" II\n", " " + "I" * 2000, "is no header"),
        ("one.dat 16 200", "one.dat 16 1e999", "cannot be read as a WFDB record|gain of inf"),
    ],
)
def test_header_that_makes_no_sense(write, old, new, message):
    assert old in HEADER
    path = write({"one.hea": HEADER.replace(old, new).encode(), "one.dat": bytes(120)})
    with pytest.raises(UnreadableFileError, match=message):
        read_wfdb_signal(path, 0)


def test_signals_of_a_file_that_do_not_stand_together(write):
    lines = HEADER.splitlines()
    text = "\n".join(["one 3 250 30", lines[1], lines[1].replace("one.dat", "b.dat"), lines[2]])
    with pytest.raises(UnreadableFileError, match="do not stand together"):
        read_wfdb_header(write({"one.hea": text.encode(), "one.dat": bytes(120)}))
    text = HEADER.replace("one.dat 16 200 12 0 0 0 0 II", "one.dat 80 200 12 0 0 0 0 II")
    with pytest.raises(UnreadableFileError, match="two formats"):
        read_wfdb_header(write({"one.hea": text.encode(), "one.dat": bytes(120)}))


def test_missing_files(write, tmp_path):
    with pytest.raises(FileNotFoundError):
        read_wfdb_header(tmp_path / "none.hea")
    path = write({"one.hea": HEADER.encode()})
    assert [one.n_samples for one in read_wfdb_header(path).channels] == [None, None]
    with pytest.raises(FileNotFoundError, match="one.dat"):
        read_wfdb_signal(path, 0)


def test_header_of_any_size_is_not_read(write, tmp_path):
    path = write({"one.hea": b"# " + b"x" * 2**20 + b"\n" + HEADER.encode()})
    with pytest.raises(UnreadableFileError, match="more than any header"):
        read_wfdb_header(path)


def test_random_damage(write):
    draw = random.Random(0)
    files = record("one", two_signals("212"), fmt="212", comments=["Age: 3"])
    n_read = 0
    for _ in range(300):
        header = bytearray(files["one.hea"])
        for _ in range(draw.randint(1, 3)):
            at = draw.randrange(len(header))
            header[at : at + draw.randint(0, 2)] = bytes(
                draw.choices(b" 0123456789-+.:/()x~e\n\0\xff#", k=draw.randint(0, 3))
            )
        path = write({**files, "one.hea": bytes(header)})
        with suppress(UnreadableFileError, FileNotFoundError):  # it may name another file
            for index in range(len(read_wfdb_header(path).channels)):
                assert len(read_wfdb_signal(path, index)) < 100
                n_read += 1
    assert n_read > 30
