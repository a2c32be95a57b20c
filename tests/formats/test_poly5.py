"""Poly5 files as the description of the format has them, damaged ones, and such as harm."""

import tracemalloc
from datetime import datetime

import numpy as np
import pytest

from sklearn_ecgssl.formats import UnreadableFileError, _poly5_channel
from sklearn_ecgssl.formats._poly5 import read_poly5_header
from sklearn_ecgssl.formats._poly5_channel import read_poly5_channel
from tests.datasets.writers import poly5

HEADER = {203: 217, 204: 218}


def wave(n_times, step=1.0):
    return np.round(step * 100 * np.sin(np.arange(n_times) / 3), 3)


def three(n_times=40):
    """Of 32, 16 and 32 bits: 10 bytes a period, 5 descriptions."""
    return [
        poly5.signal("ECG", wave(n_times), unit_high=250.0),
        poly5.signal("Marker", np.arange(n_times) % 7, unit="", bits=16),
        poly5.signal("Skin", wave(n_times, 0.01), unit="mV", unit_high=3.5),
    ]


def refused(path):
    """Read all of a file that cannot be read."""
    with pytest.raises(UnreadableFileError) as error:
        read_all(path)
    return str(error.value)


def read_all(path):
    file = read_poly5_header(path)
    return [read_poly5_channel(file, i) for i in range(len(file.channels))]


@pytest.mark.parametrize("version", [203, 204])
@pytest.mark.parametrize("n_times", [1, 16, 17, 40, 48])
def test_round_trip(tmp_path, version, n_times):
    signals = three(n_times)
    path = poly5.write(tmp_path / "a.S00", signals, version=version, rate=2048, name="Mobi 7")
    file = read_poly5_header(path)
    assert (file.name, file.sampling_rate, file.n_times) == ("Mobi 7", 2048.0, n_times)
    assert file.start == datetime(2012, 9, 18, 13, 5, 6)
    assert [channel.name for channel in file.channels] == ["ECG", "Marker", "Skin"]
    assert [channel.unit for channel in file.channels] == ["µV", "", "mV"]
    assert [channel.dtype for channel in file.channels] == ["<f4", "<i2", "<f4"]
    for i, one in enumerate(signals):
        samples = read_poly5_channel(file, i)
        assert samples.dtype == np.float32
        assert samples.base is None
        np.testing.assert_allclose(samples, one["samples"], rtol=1e-6, atol=1e-6)


def test_units_whose_low_ends_are_not_zero(tmp_path):
    one = poly5.signal("ECG", wave(20))
    one["ends"] = (-5.0, 15.0, 100.0, 300.0)
    path = poly5.write(tmp_path / "a.S00", [one])
    stored = np.frombuffer(path.read_bytes()[-16 * 4 - 86 - 16 * 4 :][: 16 * 4], "<f4")
    np.testing.assert_allclose(stored, 100 + (wave(20)[:16] + 5) * 10, rtol=1e-6)
    np.testing.assert_allclose(read_all(path)[0], wave(20), rtol=1e-5, atol=1e-5)


def test_sixteen_bits_are_signed(tmp_path):
    path = poly5.write(tmp_path / "a.S00", [poly5.signal("x", [-32768, -1, 0, 32767], bits=16)])
    assert read_all(path)[0].tolist() == [-32768, -1, 0, 32767]


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_micro_sign(tmp_path, encoding):
    one = poly5.signal("Fläche", wave(4), "µV", encoding=encoding)
    channel = read_poly5_header(poly5.write(tmp_path / "a.S00", [one])).channels[0]
    assert channel.unit == "µV"


@pytest.mark.parametrize("pieces", [1, 150, 500, 2**22])
def test_pieces(tmp_path, monkeypatch, pieces):
    """Blocks of 86 + 160 bytes are read one by one, two by two, all at once."""
    signals = three(100)
    path = poly5.write(tmp_path / "a.S00", signals)
    monkeypatch.setattr(_poly5_channel, "_PIECE_BYTES", pieces)
    for samples, one in zip(read_all(path), signals, strict=True):
        np.testing.assert_allclose(samples, one["samples"], rtol=1e-6, atol=1e-6)


def test_what_a_file_may_differ_in(tmp_path):
    signals = three()
    path = tmp_path / "a.S00"
    for changes in [
        {"storage_rate": 0},
        {"rate": 40000},
        {"block_times": 7},
        {"block_times": 1},
        {"periods": 0},
        {"periods": 77},
        {"n_times": 33},
    ]:
        poly5.write(path, signals, **changes)
        n_times = changes.get("n_times", 40)
        np.testing.assert_allclose(read_all(path)[0], signals[0]["samples"][:n_times], rtol=1e-6)
    path.write_bytes(path.read_bytes() + b"events and so on")
    assert len(read_all(path)[0]) == 33


def test_start_that_is_no_time(tmp_path):
    data = bytearray(poly5.content(three()))
    data[130 + 2 : 130 + 4] = (13).to_bytes(2, "little")  # the month
    (tmp_path / "a.S00").write_bytes(data)
    assert read_poly5_header(tmp_path / "a.S00").start is None


def test_blocks_that_do_not_count_samples(tmp_path):
    """Some programs write other numbers, or none, at the beginning of blocks."""
    data = bytearray(poly5.content(three()))
    for block in range(3):
        at = 218 + 5 * 136 + block * (86 + 160)
        data[at : at + 4] = block.to_bytes(4, "little")
    (tmp_path / "a.S00").write_bytes(data)
    np.testing.assert_allclose(read_all(tmp_path / "a.S00")[0], wave(40), rtol=1e-6)


@pytest.mark.parametrize("version", [203, 204])
def test_truncated(tmp_path, version):
    whole = poly5.content(three(), version=version)
    path = tmp_path / "a.S00"
    for length in [*range(0, 300, 7), *range(300, len(whole), 41), len(whole) - 1]:
        path.write_bytes(whole[:length])
        message = refused(path)
        if length >= 1:
            assert "truncated" in message, message
            assert message.endswith(f"at byte {length}.")
            assert str(path) in message
    path.write_bytes(b"")
    assert "is no Poly5 file" in refused(path)


def test_truncated_says_what_is_left(tmp_path):
    whole = poly5.content(three())
    path = tmp_path / "a.S00"
    path.write_bytes(whole[:-100])
    assert f"3 blocks go to byte {len(whole)}, and it ends after 2 of them" in refused(path)


def test_shrinks_while_it_is_read(tmp_path):
    path = poly5.write(tmp_path / "a.S00", three())
    file = read_poly5_header(path)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(UnreadableFileError, match=rf"ends at byte {path.stat().st_size}"):
        read_poly5_channel(file, 0)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"n_times": 0}, "holds no sample.*at byte 122"),
        ({"n_blocks": 0}, "holds no sample"),
        ({"n_times": 0, "n_blocks": 0, "periods": 0}, "and has 738 bytes of data"),
        ({"n_times": 2**31}, "2147483648 samples do not fill 3 blocks of 16, at byte 122"),
        ({"n_times": 2**32 - 1}, "do not fill"),
        ({"n_times": 49}, "49 samples do not fill 3 blocks of 16"),
        ({"n_times": 32}, "32 samples do not fill"),
        ({"n_blocks": -3}, "do not fill -3 blocks"),
        ({"n_blocks": 2**31 - 1, "n_times": 2**32 - 1}, "do not fill"),
        ({"n_blocks": 4, "n_times": 49}, "is truncated: its 4 blocks go to byte 1882.*byte 1636"),
        ({"n_blocks": 2, "n_times": 32}, "was not closed by the recorder.*goes on, at byte 1390"),
        ({"block_bytes": 0}, "blocks of 0 bytes do not hold whole samples of 5.*at byte 150"),
        ({"block_bytes": 159}, "blocks of 159 bytes"),
        ({"block_bytes": 65530}, "40 samples do not fill 3 blocks of 6553"),
        ({"periods": 0, "block_bytes": 0}, "blocks of 0 bytes"),
        ({"n_signals": 0}, "has no signal, at byte 120"),
        ({"n_signals": -1}, "go to byte 8912978, and it ends, at byte 1636"),
        ({"n_signals": 4}, r"has a signal '\(Lo\) Skin' without its other half"),
        ({"n_signals": 6}, "has a text of|without its other half|contradicts itself"),
        ({"rate": 0}, "sampled at 0 Hz.*at byte 115"),
        ({"storage_rate": 256}, "sampled at 2048 Hz and stored at 256 Hz"),
        ({"storage_type": 1}, "stored at 2048 per Hz"),
        ({"compression": 1}, "is compressed, which is not read, at byte 152"),
    ],
)
def test_headers_that_lie(tmp_path, header, message):
    path = poly5.write(tmp_path / "a.S00", three(), **header)
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableFileError, match=message):
            read_all(path)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("ends", "message"),
    [
        ((0, 1000, 0, 0), "0 to 0 is 0 to 1000 gives no scale, at byte 218"),
        ((5, 5, 0, 1000), "gives no scale"),
        ((0, np.nan, 0, 1000), "gives no scale"),
        ((0, np.inf, 0, 1000), "gives no scale"),
        ((0, 1000, np.nan, 1000), "gives no scale"),
        ((0, 1000, -np.inf, 1000), "gives no scale"),
    ],
)
def test_no_scale(tmp_path, ends, message):
    path = tmp_path / "a.S00"
    data = bytearray(poly5.content(three()))
    for first in (218, 218 + 136):
        data[first + 56 : first + 72] = np.array(ends, "<f4").tobytes()
    path.write_bytes(data)
    file = read_poly5_header(path)
    with pytest.raises(UnreadableFileError, match=message):
        read_poly5_channel(file, 0)
    np.testing.assert_allclose(read_poly5_channel(file, 1), np.arange(40) % 7)


@pytest.mark.parametrize(
    ("at", "value", "message"),
    [
        (0, b"p", "is no Poly5 file: it does not begin with 'POLY SAMPLE FILE', at byte 0"),
        (32, b"\xcd", "another version than 2.03 and 2.04, b' version 2.04"),
        (34, b"\xff", "a text of 255 characters where 80 fit, at byte 34"),
        (218, b"\x29", "a text of 41 characters where 40 fit, at byte 218"),
        (218 + 45, b"\x0b", "a text of 11 characters where 10 fit, at byte 263"),
        (218 + 2, b"_", "other half"),
        (218 + 136 + 2, b"_", "'.Lo. ECG' without its other half, at byte 354"),
        (218 + 136 + 7, b"_", "'.Lo. ECG' without its other half"),
        (218 + 136 + 60, b"_", "'.Lo. ECG' without its other half"),
        (898 + 2 * 246, b"\x00", "block 2 should begin with sample 32 and begins with 0, at byte"),
    ],
)
def test_damaged(tmp_path, at, value, message):
    data = bytearray(poly5.content(three(56)))  # four blocks
    data[at : at + 1] = value
    (tmp_path / "a.S00").write_bytes(data)
    with pytest.raises(UnreadableFileError, match=message):
        read_all(tmp_path / "a.S00")


def test_other_files(tmp_path):
    path = tmp_path / "a.S00"
    path.write_bytes(b"PK\x03\x04" * 100)
    assert "is no Poly5 file" in refused(path)
    with pytest.raises(FileNotFoundError):
        read_poly5_header(tmp_path / "b.S00")


def test_takes_memory_for_one_channel_alone(tmp_path):
    n_times, n_channels, block_times = 100_000, 20, 800
    period = np.arange(n_channels, dtype="<f4").tobytes()
    signals = [poly5.signal(f"{i}", np.zeros(0)) for i in range(n_channels)]
    n_blocks = n_times // block_times
    head = poly5.content(signals, n_times=n_times, n_blocks=n_blocks, block_times=block_times)
    with open(tmp_path / "a.S00", "wb") as stream:
        stream.write(head)
        for block in range(n_blocks):
            stream.write(poly5.block_header(block * block_times, poly5.START))
            stream.write(period * block_times)
    assert (tmp_path / "a.S00").stat().st_size > 8_000_000
    file = read_poly5_header(tmp_path / "a.S00")
    tracemalloc.start()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_poly5_channel, "_PIECE_BYTES", 2**18)
            samples = read_poly5_channel(file, 7)
        assert tracemalloc.get_traced_memory()[1] < samples.nbytes + 4 * 2**18
    finally:
        tracemalloc.stop()
    assert set(samples) == {7.0}


def test_mutations(tmp_path):
    """Whatever is changed: the same shape, or the documented error, and little memory."""
    whole = poly5.content(three())
    path = tmp_path / "a.S00"
    rng = np.random.default_rng(0)
    n_read, messages = 0, []
    tracemalloc.start()
    try:
        for _ in range(600):
            data = bytearray(whole)
            for _ in range(rng.integers(1, 4)):
                data[rng.integers(len(data))] = rng.choice([0, 1, 127, 128, 255, rng.integers(256)])
            path.write_bytes(data[: rng.integers(len(data)) if rng.random() < 0.1 else None])
            try:
                n_read += len(read_all(path)[0]) in range(33, 49)
            except UnreadableFileError as error:
                messages.append(str(error))
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
    assert 100 < n_read < 550
    assert n_read + len(messages) == 600
    assert all(str(path) in message and "at byte " in message for message in messages)
