"""WFDB records whose headers are as people, converters and old programs write them."""

import numpy as np
import pytest

from sklearn_ecgssl import UnreadableFileError
from sklearn_ecgssl.datasets._wfdb import read_wfdb_channels, read_wfdb_header
from tests.datasets.writers.wfdb import Signal, record

#: The largest value of a format; the one below its negative marks a sample as invalid.
LARGEST = {"16": 2**15 - 1, "212": 2**11 - 1, "80": 2**7 - 1}
#: 500 samples between -1 and 1 mV, and the usual line of them.
WAVE = np.round(200 * np.sin(np.arange(500) / 20)).astype("<i2")
LINE = b"one.dat 16 200/mV 12 0 0 0 0 ECG II\n"


def two_signals(fmt="16", n=30):
    edges = -LARGEST[fmt], LARGEST[fmt]
    ecg, resp = np.random.default_rng(0).integers(*edges, (2, n), endpoint=True)
    ecg[:2] = edges
    return [Signal("ECG I", ecg), Signal("RESP", resp, 12.5, baseline=-7, unit="l")]


@pytest.fixture
def write(tmp_path):
    def write(files):
        for file, content in files.items():
            (tmp_path / file).write_bytes(content)
        return tmp_path / "one.hea"

    return write


@pytest.fixture
def read(write):
    def read(header, samples=WAVE):
        """Return channels of a record of two bytes a sample."""
        return read_wfdb_channels(write({"one.hea": header, "one.dat": samples.tobytes()}))

    return read


def assert_read(path, signals):
    channels = read_wfdb_channels(path)
    assert [one.name for one in channels] == [one.name for one in signals]
    for channel, signal in zip(channels, signals, strict=True):
        np.testing.assert_allclose(channel.read(), signal.values(), rtol=1e-12)


@pytest.mark.parametrize("fmt", LARGEST)
@pytest.mark.parametrize("n", [30, 31])
def test_samples_and_facts_are_those_of_the_record(write, fmt, n):
    signals = two_signals(fmt, n)
    path = write(record("one", signals, 360, fmt=fmt, comments=["69 M", "Aldomet"]))
    assert_read(path, signals)
    facts = [(one.sampling_rate, one.unit) for one in read_wfdb_channels(path)]
    assert facts == [(360.0, "mV"), (360.0, "l")]
    assert read_wfdb_header(path).comments == ["69 M", "Aldomet"]
    signals[0].digital[[3, 17]] = -LARGEST[fmt] - 1
    samples = read_wfdb_channels(write(record("one", signals, fmt=fmt)))[0].read()
    assert np.flatnonzero(np.isnan(samples)).tolist() == [3, 17]


def test_several_files_one_with_bytes_before_its_samples_and_length_left_open(write):
    a, b = two_signals("212"), two_signals()
    files = record("a", a, fmt="212") | record("b", b)
    files["a.dat"] = bytes(24) + files["a.dat"]
    lines = [line for one in "ab" for line in files[f"{one}.hea"].decode().splitlines()[1:]]
    lines[:2] = [line.replace(" 212x1 ", " 212x1+24 ") for line in lines[:2]]
    for length in ("", "30"):
        files["one.hea"] = "\n".join([f"one 4 250 {length}", *lines]).encode()
        files["a.dat"] += b"\0\0"  # no whole frame
        assert_read(write(files), [*a, *b])
    files["b.dat"] = files["b.dat"][:-1]
    with pytest.raises(UnreadableFileError, match="b.dat is cut off"):
        read_wfdb_channels(write(files))


HEADER = b"one 1 250 500\n" + LINE


@pytest.mark.parametrize(
    "header",
    [
        b"one 1\n" + LINE,  # the defaults: 250 Hz, what there is
        b"one 1 250/200(0) 0 12:00:00 01/02/2003\n" + LINE,
        b"\xef\xbb\xbf" + HEADER.replace(b"\n", b"   \r\n"),
        HEADER.replace(b"\n", b"\r"),
        b"one\t1\t250\t500\n\n" + LINE.replace(b" ", b"\t", 8),
        "# Gr\u00fc\u00dfe\none 1 250 500\n".encode("latin-1") + LINE + b"#\xff\x85\n",
        HEADER + LINE + b"written by a program\n",
        b"a/b/c 1 250 500\na/b/" + LINE,
        HEADER.replace(b"200/mV", b"2E+02(0)/mV"),
        HEADER.replace(b"200/mV", b"0/mV"),  # the default, 200
    ],
)
def test_header_in_any_form(read, header):
    channel = read(header)[0]
    assert (channel.name, channel.sampling_rate, channel.unit) == ("ECG II", 250.0, "mV")
    np.testing.assert_allclose(channel.read(), WAVE / 200)


@pytest.mark.parametrize(
    ("said", "values", "facts"),
    [
        (b"200(-100)/mV 12 7 0 0 0 I", (WAVE + 100) / 200, ("I", "mV")),
        (b"200 12 1024 0 0 0 I", (WAVE - 1024.0) / 200, ("I", "mV")),
        (b"", WAVE / 200, ("", "mV")),
        (b"1/l/min 12 0 0 0 0 Flow", WAVE, ("Flow", "l/min")),
    ],
)
def test_gain_baseline_and_zero_of_the_converter(read, said, values, facts):
    (channel,) = read(b"one 1 250 400\none.dat 16 " + said + b"\n")  # the file is longer
    np.testing.assert_allclose(channel.read(), values[:400])
    assert (channel.name, channel.unit) == facts


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"<html><body>Not found</body></html>\n", "no header.*<html>"),
        (b"one/3 2 250 900\na 300\nb 300\nc 300\n", "several segments.*Read its segments"),
        (b"one 1 0 500\n" + LINE, "sampling rate is 0"),
        (b"one 1 250 501\n" + LINE, "one.dat is cut off: .* 1000, but one.hea announces 1002"),
        (HEADER.replace(b" 16 ", b" 99 "), "one.dat"),
        (HEADER.replace(b"200/mV", b"high/mV"), "'high/mV' is not a gain"),
    ],
)
def test_header_that_makes_no_sense_is_named(read, header, message):
    with pytest.raises(UnreadableFileError, match=message):
        read(header)[0].read()
