"""WFDB records whose headers are as people, converters and old programs write them."""

import numpy as np
import pytest

from sklearn_ecgssl import UnreadableFileError
from sklearn_ecgssl.datasets._channels import leads_of
from sklearn_ecgssl.datasets._wfdb import read_wfdb_channels, read_wfdb_header
from tests.datasets.writers.wfdb import INVALID, Signal, record

RANGE = {"16": (-32767, 32767), "212": (-2047, 2047), "80": (-127, 127)}
#: 500 samples between -1 and 1 mV, and the usual header of them.
WAVE = np.round(200 * np.sin(np.arange(500) / 20)).astype("<i2")
LINE = b"one.dat 16 200/mV 12 0 0 0 0 ECG II\n"


def counts(n, fmt="16", seed=0):
    low, high = RANGE[fmt]
    values = np.random.default_rng(seed).integers(low, high, n, endpoint=True)
    values[:2] = low, high
    return values


def two_signals(fmt="16", n=30):
    return [
        Signal("ECG I", counts(n, fmt), gain=200, unit="mV"),
        Signal("RESP", counts(n, fmt, 1), gain=12.5, baseline=-7, unit="l"),
    ]


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


@pytest.mark.parametrize("fmt", ["16", "212", "80"])
@pytest.mark.parametrize("n", [30, 31])
def test_samples_and_facts_are_those_of_the_record(write, fmt, n):
    signals = two_signals(fmt, n)
    path = write(record("one", signals, 360, fmt=fmt, comments=["69 M", "Aldomet"]))
    assert_read(path, signals)
    facts = [(one.sampling_rate, one.unit) for one in read_wfdb_channels(path)]
    assert facts == [(360.0, "mV"), (360.0, "l")]
    assert read_wfdb_header(path).comments == ["69 M", "Aldomet"]
    signals[0].digital[[3, 17]] = INVALID[fmt]
    samples = read_wfdb_channels(write(record("one", signals, fmt=fmt)))[0].read()
    assert np.flatnonzero(np.isnan(samples)).tolist() == [3, 17]


@pytest.mark.parametrize("per_frame", [1, 3])
def test_skewed_lead_lacks_what_its_shift_leaves_unknown(write, per_frame):
    signals = two_signals(n=20)
    signals[0] = Signal("ECG", counts(20 * per_frame), 200, None, "mV", per_frame, skew=4)
    skewed, other = read_wfdb_channels(write(record("one", signals)))
    np.testing.assert_allclose(skewed.read(), signals[0].values()[4 * per_frame :], rtol=1e-12)
    np.testing.assert_allclose(other.read(), signals[1].values(), rtol=1e-12)


def test_several_files_one_with_bytes_before_its_samples(write):
    a, b = two_signals(), two_signals()
    files = record("a", a) | record("b", b, offset=24)
    lines = [files[f"{one}.hea"].decode().splitlines()[1:] for one in "ab"]
    files["one.hea"] = "\n".join(["one 4 250 30", *lines[0], *lines[1]]).encode()
    assert_read(write(files), [*a, *b])


@pytest.mark.parametrize(
    "length", ["500", "", "0", "0 12:00:00 01/02/2003", "500 05-May-2020 9:49"]
)
def test_length_that_is_given_zero_or_omitted(read, length):
    (channel,) = read(f"one 1 250 {length}\n".encode() + LINE)
    np.testing.assert_allclose(channel.read(), WAVE / 200)
    assert len(read(b"one 1 250 400\n" + LINE)[0].read()) == 400  # its file may be longer


@pytest.mark.parametrize("fmt", ["16", "212"])
def test_length_left_open_by_several_signals(write, fmt):
    signals = two_signals(fmt, 30)
    files = record("one", signals, fmt=fmt, offset=24, say_length=False)
    files["one.dat"] += b"\0\0"  # no whole frame
    assert_read(write(files), signals)
    files = record("one", signals, fmt=fmt, offset=24)
    files["one.dat"] = files["one.dat"][:-1]
    with pytest.raises(UnreadableFileError, match="one.dat is cut off"):
        read_wfdb_channels(write(files))


@pytest.mark.parametrize(
    "header",
    [
        (b"one 1 250 500\n" + LINE).replace(b"\n", b"   \r\n"),
        (b"one 1 250 500\n" + LINE).replace(b"\n", b"\r"),
        b"one\t1\t250\t500\n" + LINE.replace(b" ", b"\t", 8),
        b"\none 1 250 500\n\n  \n" + LINE.strip(),
        "# Gr\u00fc\u00dfe\none 1 250 500\n".encode("latin-1") + LINE + b"#\xff\xfe\n",
        b"# caf\x85 and \x0b\none 1 250 500\n#\x1c\x85\n" + LINE,  # no ends of lines
        b"\xef\xbb\xbfone 1 250 500\n" + LINE,
        b"one 1 250 500\n" + LINE + LINE + b"written by a program\n",
        b"one 1 250/200(0) 500\n" + LINE,
        b"a/b/c 1 250 500\na/b/" + LINE,
        b"./one 1 250 500\n./" + LINE,
        b"other 1 250 500\n" + LINE.replace(b"one.dat 16 ", b"one.dat 16x1:0+0 "),
        b"one 1 250 500\n" + LINE.replace(b"200/mV", b"2E+02(0)/mV"),
        b"one 1 250 500\n" + LINE.replace(b"200/mV", b"0/mV"),  # the default, 200
        b"one 1 250 500\n" + LINE.replace(b"200/mV", b"200"),
        b"one 1 250. 500\n" + LINE,
        b"one 1\n" + LINE,  # the default, 250 Hz
    ],
)
def test_header_in_any_form(read, header):
    channel = read(header)[0]
    assert (channel.name, channel.sampling_rate, channel.unit) == ("ECG II", 250.0, "mV")
    np.testing.assert_allclose(channel.read(), WAVE / 200)


def test_gain_baseline_and_zero_of_the_converter(read):
    samples = np.stack([WAVE] * 6, axis=1)
    lines = [b"200(100)/mV 12 0", b"200(-100)/mV 12 7", b"-200/mV 12 0", b"200 12 1024"]
    lines = [b"one.dat 16 " + one + b" 0 0 0 I\n" for one in lines]
    lines += [b"one.dat 16\n", b"one.dat 16 1/l/min 12 0 0 0 0 Flow\n"]
    expected = [(WAVE - 100) / 200, (WAVE + 100) / 200, WAVE / -200, (WAVE - 1024.0) / 200]
    channels = read(b"one 6 250 500\n" + b"".join(lines), samples)
    for channel, values in zip(channels, [*expected, WAVE / 200, WAVE], strict=True):
        np.testing.assert_allclose(channel.read(), values)
    facts = [(one.name, one.unit) for one in channels]
    assert facts == [("I", "mV")] * 4 + [("", "mV"), ("Flow", "l/min")]


@pytest.mark.parametrize(
    "unit", [b"uV", b"\xb5V", "\u00b5V".encode(), "\u03bcV".encode(), b"uVolt"]
)
def test_microvolt_in_any_spelling_becomes_millivolt(read, unit):
    lead = leads_of(read(b"one 1 250 500\none.dat 16 0.2/" + unit + b" 12 0 0 0 0 II\n"))["II"]
    assert lead.unit == "mV"
    np.testing.assert_allclose(lead.read(), WAVE / 200)


@pytest.mark.parametrize(
    ("said", "rate"),
    [("249.99999", 250), ("250.00000000000003", 250), ("128.00000001", 128), ("62.5", 62.5),
     ("249", 249), (".5", 0.5)],
)  # fmt: skip
def test_rate_a_little_off_a_whole_number(read, said, rate):
    assert read(f"one 1 {said} 500\n".encode() + LINE)[0].sampling_rate == rate


@pytest.mark.parametrize("fmt", ["16", "212", "80"])
def test_samples_cut_off_anywhere(write, fmt):
    files = record("one", two_signals(fmt), fmt=fmt)
    whole = len(files["one.dat"])
    for n_bytes in [*range(0, whole, 19), whole - 1]:
        path = write({**files, "one.dat": files["one.dat"][:n_bytes]})
        with pytest.raises(UnreadableFileError, match=f"one.dat .* byte {n_bytes}, .* {whole}"):
            read_wfdb_channels(path)


def test_header_cut_off_anywhere_and_second_file_that_is_shorter(write):
    files = record("one", two_signals()) | {"two.dat": bytes(10)}
    header = files["one.hea"]
    for n_bytes in range(0, header.index(b"\none.dat", 20), 3):
        with pytest.raises(UnreadableFileError, match="one.hea"):
            read_wfdb_channels(write({**files, "one.hea": header[:n_bytes]}))
    header = header.replace(b"one 2", b"one 3") + b"two.dat 16 200 12 0 0 0 0 V\n"
    with pytest.raises(UnreadableFileError, match="two.dat is cut off"):
        read_wfdb_channels(write({**files, "one.hea": header}))


def test_record_of_annotations_alone_has_no_channel(read):
    assert read(b"one 0 250 500\n") == []


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"# only comments\n", "no header"),
        (b"<html><body>Not found</body></html>\n", "no header.*<html>"),
        (b"one/3 2 250 900\na 300\nb 300\nc 300\n", "several segments.*Read its segments"),
        (b"one 3 250 500\n" + LINE + LINE, "'one 3 250 500', and 2 signals are described"),
        (b"one 1 0 500\n" + LINE, "sampling rate is 0"),
        (b"one 1 250 501\n" + LINE, "one.dat is cut off: .* 1000, but one.hea announces 1002"),
        (b"one 1 250 500\n" + LINE.replace(b" 16 ", b" 99 "), "one.dat"),
    ],
)
def test_header_that_makes_no_sense_is_named(read, header, message):
    with pytest.raises(UnreadableFileError, match=message):
        read(header)[0].read()
