"""EDF and BDF files as recorders and converters write them."""

import numpy as np
import pytest

from sklearn_ecgssl import UnreadableFileError
from sklearn_ecgssl.datasets._channels import leads_of, usual_lead
from sklearn_ecgssl.datasets._edf import is_edf, read_edf_channels
from tests.datasets.writers.edf import Edf, Signal, annotations

N = 4  # records


def counts(n, low=-32768, high=32767):
    values = np.random.default_rng(n).integers(low, high, n, endpoint=True)
    values[:2] = low, high
    return values


def ecg(n_samples=20, n_records=N, **options):
    return Signal("ECG", counts(n_samples * n_records), n_samples, **options)


def whole(starts=(0, 0.5, "1.0", 1.5), reserved="EDF+C", **options):
    eeg = Signal("EEG Fp1", counts(N * 5), 5, "uV", (-500, 500))
    narrow = Signal("ECG II", counts(N * 20, -2048, 2047), 20, "mV", (-1.5, 2.25), (-2048, 2047))
    return Edf([eeg, annotations(starts), narrow], 0.5, reserved, **options)


@pytest.fixture
def write(tmp_path):
    def write(content, name="one.edf"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.to_bytes())
        return path

    return write


@pytest.fixture
def read(write):
    def read(content):
        """Return the rate and the samples of the usual lead."""
        channels = read_edf_channels(write(content))
        lead = leads_of(channels)[usual_lead(channels)]
        return lead.sampling_rate, lead.read()

    return read


def test_labels_rates_units_and_values_are_those_of_the_file(write):
    edf = whole(fields={"patient": "X X X M\u00fcller"})
    edf.signals[0].physical = (500, -500)  # which may fall
    channels = read_edf_channels(write(edf))
    facts = [(one.name, one.sampling_rate, one.unit) for one in channels]
    assert facts == [("EEG Fp1", 10.0, "uV"), ("ECG II", 40.0, "mV")]
    for one, signal in zip(channels, (edf.signals[0], edf.signals[2]), strict=True):
        np.testing.assert_allclose(one.read(), signal.values(), rtol=0, atol=1e-10)
    assert channels[1].read()[:2].tolist() == [-1.5, 2.25]
    assert read_edf_channels(write(Edf([annotations(3)], 0, "EDF+C"))) == []


def test_bdf_has_24_bits(read):
    edges = {"range": (-(2**23), 2**23 - 1), "physical": (-262144, 262143), "unit": "uV"}
    signal = Signal("ECG", counts(80, -(2**23), 2**23 - 1), 20, **edges)
    rate, samples = read(Edf([signal], bdf=True, reserved="24BIT"))
    assert rate == 20.0
    np.testing.assert_allclose(samples, signal.values() / 1000, atol=1e-9)


@pytest.mark.parametrize("name", ["U.REC", "record", "one.dat"])
def test_a_file_is_known_by_its_content(write, name):
    assert is_edf(write(whole(), name))
    assert is_edf(write(Edf([ecg()], bdf=True), name))
    for other in (b"", b"one 1 250 1000\n", b"<html>  ", b"0,1,2,3,4,5"):
        assert not is_edf(write(other, name))


@pytest.mark.parametrize("said", [-1, 0, N])
def test_number_of_records_left_open_and_half_a_record_behind_the_last(write, read, said):
    edf = whole(fields={"n_records": said})
    edf.signals[2].label = "ECG\0\0\0"
    rate, samples = read(edf.to_bytes() + b"half a record")
    assert rate == 40.0
    np.testing.assert_allclose(samples, edf.signals[2].values(), atol=1e-12)
    with pytest.raises(UnreadableFileError, match="one.edf is cut off"):
        read_edf_channels(write(edf.to_bytes()[: 256 * 4 + 10]))


def test_records_that_were_not_announced_are_read_with_a_warning(read):
    signal = ecg(n_records=5)
    with pytest.warns(UserWarning, match="one.edf announces 3 records and holds 5"):
        _, samples = read(Edf([signal], fields={"n_records": 3}))
    np.testing.assert_allclose(samples, signal.values(), atol=1e-12)


@pytest.mark.parametrize(
    "edf",
    [whole(), whole(reserved="EDF+D"), whole(fields={"n_records": N + 1}), Edf([ecg()], bdf=True)],
)
def test_cut_off_anywhere(write, edf):
    content = edf.to_bytes()
    least = 256 * (len(edf.signals) + 1)
    for n_bytes in [*range(0, least, 61), *range(least, len(content), 19), len(content) - 1]:
        path = write(content[:n_bytes])
        with pytest.raises(UnreadableFileError, match="one.edf") as raised:
            read_edf_channels(path)
        if n_bytes > least:
            assert f"ends at byte {n_bytes}," in str(raised.value)


@pytest.mark.parametrize(
    ("duration", "starts"),
    [
        (0.5, ["0.25", "0.75", "1.25", "1.75"]),
        (1, ["86399.9", "86400.9", "86401.9", "86402.9"]),
        (1, [-2, -1, 0, 1]),
        ("0.333333", ["0", "0.333333", "0.666667", "1"]),
        (0.1, [0, "0.1000001", "0.2", "0.3000000"]),
        ("0.166667", ["0", "0.167", "0.333", "0.5"]),  # in whole milliseconds
    ],
)
def test_discontinuous_without_a_gap_is_read(read, duration, starts):
    signals = [ecg(), annotations(starts)]
    for at in (signals, signals[::-1]):
        _, samples = read(Edf(at, duration, "EDF+D"))
        np.testing.assert_allclose(samples, signals[0].values(), atol=1e-12)


@pytest.mark.parametrize(
    ("starts", "gap", "where"),
    [([0, 1, 5, 6], 3, 2), ([10, 15, 16, 17], 4, 1), ([0, 1, 2, 1], -2, 3)],
)
def test_gap_in_time_says_where(write, starts, gap, where):
    content = Edf([ecg(), annotations(starts)], 1, "EDF+D")
    says = f"one.edf has 1 gap.* of {gap} s after {where} s"
    with pytest.raises(UnreadableFileError, match=says):
        read_edf_channels(write(content))


def test_gap_in_a_bdf_file(write):
    time = annotations([0, 1, 5, 6])
    text = np.zeros((N, 8, 3), np.uint8)  # the text goes on through all three bytes
    text.reshape(N, -1)[:, :16] = time.digital.view(np.uint8).reshape(N, -1)
    digital = np.concatenate([text, np.zeros_like(text[..., :1])], axis=2).view("<i4").ravel()
    signals = [ecg(), Signal("BDF Annotations", digital, 8, "")]
    with pytest.raises(UnreadableFileError, match="gap.* of 3 s after 2 s"):
        read_edf_channels(write(Edf(signals, 1, "BDF+D", bdf=True)))


@pytest.mark.parametrize(
    "unit", ["uV", b"\xb5V", "\u00b5V".encode(), "\u03bcV".encode(), b"uV\0\0"]
)
def test_microvolt_in_any_spelling_becomes_millivolt(read, unit):
    signal = ecg(unit=unit, physical=(-1000, 1000))
    np.testing.assert_allclose(read(Edf([signal]))[1], signal.values() / 1000, atol=1e-12)


@pytest.mark.parametrize(
    ("n_samples", "duration", "rate"),
    [(500, 1, 500.0), (256, "0.999999", 256.0), (1, "0.003906", 256.0), (83, "0.333333", 249.0),
     (128, "1.000001", 128.0), (1, "0.008", 125.0), (205, 2, 102.5), (999, "1.01", 999 / 1.01),
     (1000, "0.9999", 1000 / 0.9999)],  # the recording shows the difference
)  # fmt: skip
def test_rate_that_is_a_rounded_fraction(read, n_samples, duration, rate):
    assert read(Edf([ecg(n_samples, 40)], duration))[0] == pytest.approx(rate, rel=1e-12)


@pytest.mark.parametrize(("name", "edges"), [("physical", (0, 0)), ("range", (5, 5))])
def test_channel_without_a_range_is_named_and_others_are_read(write, name, edges):
    edf = whole()
    setattr(edf.signals[0], name, edges)
    other, ecg = read_edf_channels(write(edf))
    np.testing.assert_allclose(ecg.read(), edf.signals[2].values(), atol=1e-12)
    with pytest.raises(UnreadableFileError, match="one.edf .*'EEG Fp1' has no range"):
        other.read()
