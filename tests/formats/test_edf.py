"""EDF files: what is read is what was written; what is damaged is named."""

import random
from contextlib import suppress

import numpy as np
import pytest

from sklearn_ecgssl.formats import UnreadableFileError
from sklearn_ecgssl.formats._channel import Channel
from sklearn_ecgssl.formats._edf import read_edf_channels, read_edf_signal
from tests.datasets.writers.edf import Edf, Signal, annotations

RNG = np.random.default_rng(0)
N = 4  # records


def counts(n, low=-32768, high=32767):
    values = RNG.integers(low, high, n, endpoint=True)
    values[:2] = low, high
    return values


def two_signals(**options):
    return Edf(
        [
            Signal("EEG Fp1", counts(N * 5), 5, "uV", (-500, 500)),
            annotations(N),
            Signal("ECG ECG", counts(N * 20, -2048, 2047), 20, "mV", (-1.5, 2.25), (-2048, 2047)),
        ],
        **{"reserved": "EDF+C", "duration": 0.5, **options},
    )


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "one.edf"
        path.write_bytes(content if isinstance(content, bytes) else content.to_bytes())
        return path

    return write


def test_round_trip(write):
    edf = two_signals()
    path = write(edf)
    assert read_edf_channels(path) == [
        Channel("EEG Fp1", 10.0, "uV", 20),
        Channel("ECG ECG", 40.0, "mV", 80),
    ]
    for index, signal in ((0, edf.signals[0]), (1, edf.signals[2])):
        read = read_edf_signal(path, index)
        assert read.dtype == np.float64
        np.testing.assert_allclose(read, signal.values(), rtol=0, atol=1e-10)
    assert read_edf_signal(path, 1)[:2].tolist() == [-1.5, 2.25]


def test_physical_range_may_fall(write):
    edf = Edf([Signal("ECG", counts(8), 2, "mV", (3, -3))])
    np.testing.assert_allclose(read_edf_signal(write(edf), 0), edf.signals[0].values(), atol=1e-12)


def test_micro_sign_and_patient_of_latin_1(write):
    edf = two_signals(fields={"patient": "X X X Müller"})
    edf.signals[0].unit = "\xb5V"
    assert read_edf_channels(write(edf))[0].unit == "\xb5V"


def test_number_of_records_left_open(write):
    edf = two_signals(fields={"n_records": -1})
    path = write(edf.to_bytes() + b"half a record")
    np.testing.assert_allclose(read_edf_signal(path, 1), edf.signals[2].values(), atol=1e-12)
    assert read_edf_channels(path)[1].n_samples == 80


def test_bytes_after_the_last_record(write):
    content = two_signals().to_bytes()
    assert len(read_edf_signal(write(content + b"\0"), 1)) == 80
    with pytest.raises(UnreadableFileError, match=f"goes on after byte {len(content)}"):
        read_edf_channels(write(content + bytes(2 * (5 + 8 + 20))))


def test_cut_off_anywhere(write):
    content = two_signals().to_bytes()
    for n_bytes in [*range(0, 1000, 37), *range(1000, len(content), 11), len(content) - 1]:
        path = write(content[:n_bytes])
        for read in (read_edf_channels, lambda path: read_edf_signal(path, 1)):
            with pytest.raises(UnreadableFileError, match="one.edf") as raised:
                read(path)
        if n_bytes >= 8:
            assert f"byte {n_bytes}," in str(raised.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fields": {"version": "1"}}, "does not begin with '0'"),
        ({"reserved": "EDF+D"}, "do not follow each other in time"),
        ({"fields": {"n_signals": "x"}}, "at byte 252, where a number from 1"),
        ({"fields": {"n_signals": 0}}, "at byte 252"),
        ({"fields": {"n_signals": 9999}}, "at byte 252 that it is of 9999 signals"),
        ({"fields": {"n_header": 512}}, "at byte 184 that its header has 512"),
        ({"fields": {"n_records": "many"}}, "at byte 236"),
        ({"fields": {"n_records": 0}}, "holds no record"),
        ({"fields": {"n_records": 99999999}}, "is cut off"),
        ({"fields": {"n_records": N + 1}}, "is cut off"),
        ({"fields": {"n_records": N - 1}}, "goes on after byte"),
        ({"duration": 0}, "at byte 244"),
        ({"duration": "nan"}, "at byte 244"),
        ({"duration": "1,0"}, "at byte 244"),
    ],
)
def test_header_that_makes_no_sense(write, options, message):
    with pytest.raises(UnreadableFileError, match=message):
        read_edf_channels(write(two_signals(**options)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"physical": (1, 1)}, "physical range from 1 to 1"),
        ({"physical": ("0", "1,5")}, "1,5"),
        ({"physical": ("0", "nan")}, "physical range from 0 to nan"),
        ({"range": (5, 5)}, "digital range from 5 to 5"),
        ({"range": (2047, -2048)}, "digital range from 2047 to -2048"),
        ({"range": ("a", 5)}, "'a'"),
    ],
)
def test_channel_that_cannot_be_scaled(write, change, message):
    edf = two_signals()
    for name, value in change.items():
        setattr(edf.signals[2], name, value)
    path = write(edf)
    assert len(read_edf_signal(path, 0)) == 20  # another channel can
    with pytest.raises(UnreadableFileError, match=message):
        read_edf_signal(path, 1)


def test_samples_that_make_no_sense(write):
    edf = two_signals()
    content = edf.to_bytes()
    at = 256 + 3 * 216 + 8
    path = write(content[:at] + b"-8      " + content[at + 8 :])
    with pytest.raises(UnreadableFileError, match=f"at byte {at}"):
        read_edf_channels(path)


def test_other_files(write, tmp_path):
    with pytest.raises(UnreadableFileError, match="is a BDF file"):
        read_edf_channels(write(b"\xffBIOSEMI" + bytes(1000)))
    with pytest.raises(UnreadableFileError, match="is no EDF file"):
        read_edf_channels(write(b"<html>" + b" " * 1000))
    with pytest.raises(FileNotFoundError):
        read_edf_channels(tmp_path / "none.edf")
    with pytest.raises(UnreadableFileError, match="list index|tuple index|out of range"):
        read_edf_signal(write(two_signals()), 5)


def test_random_damage(write):
    draw = random.Random(0)
    content = two_signals().to_bytes()
    header = 256 * 4
    n_read = 0
    for _ in range(300):
        damaged = bytearray(content)
        for _ in range(draw.randint(1, 3)):
            at = draw.randrange(header)
            damaged[at] = draw.choice(b" 0123456789-+.eEx_\0\xff\n") & 0xFF
        path = write(bytes(damaged[: draw.choice([len(damaged), draw.randrange(len(damaged))])]))
        with suppress(UnreadableFileError):
            for index in range(len(read_edf_channels(path))):
                assert len(read_edf_signal(path, index)) < 1000
                n_read += 1
    assert n_read > 30  # else this shows little
