"""EDF and BDF files as recorders and converters write them."""

from contextlib import nullcontext

import numpy as np
import pytest

from sklearn_ecgssl import UnreadableFileError
from sklearn_ecgssl.datasets._channels import leads_of, usual_lead
from sklearn_ecgssl.datasets._edf import read_edf_channels
from tests.datasets.writers.edf import Edf, Signal, annotations

N = 4  # records


def ecg(n_samples=20, *, bits=16, n_records=N, **options):
    edges = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    n = n_samples * n_records
    digital = np.random.default_rng(n).integers(*edges, n, endpoint=True)
    digital[:2] = edges
    return Signal("ECG", digital, n_samples, range=edges, **options)


def whole(starts=(0, 0.5, "1.0", 1.5), reserved="EDF+C", **options):
    eeg = Signal("EEG Fp1", np.arange(N * 5), 5, "uV", (500, -500))  # a range may fall
    narrow = ecg(bits=12, physical=(-1.5, 2.25))
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
    edf = whole()
    channels = read_edf_channels(write(edf))
    facts = [(one.name, one.sampling_rate, one.unit) for one in channels]
    assert facts == [("EEG Fp1", 10.0, "uV"), ("ECG", 40.0, "mV")]
    for one, signal in zip(channels, edf.signals[::2], strict=True):
        np.testing.assert_allclose(one.read(), signal.values(), rtol=0, atol=1e-10)
    assert read_edf_channels(write(Edf([annotations(3)], 0, "EDF+C"))) == []


@pytest.mark.parametrize("bits", [16, 24])
@pytest.mark.parametrize("unit", ["uV", b"\xb5V", "\u00b5V".encode()])
def test_microvolt_in_any_spelling_becomes_millivolt(read, unit, bits):
    signal = ecg(bits=bits, unit=unit, physical=(-262144, 262143))
    _, samples = read(Edf([signal], bdf=bits == 24))
    np.testing.assert_allclose(samples, signal.values() / 1000, atol=1e-9)


@pytest.mark.parametrize("said", [-1, 0, N, N - 1])
def test_all_records_are_read_whatever_number_is_said(read, said):
    edf = whole(n_records=said)
    says = pytest.warns(UserWarning, match="one.edf announces 3 records and holds 4")
    with says if said == N - 1 else nullcontext():
        rate, samples = read(edf.to_bytes() + b"half a record")
    assert rate == 40.0
    np.testing.assert_allclose(samples, edf.signals[2].values(), atol=1e-12)


@pytest.mark.parametrize(
    "edf",
    [
        whole(),
        whole(n_records=-1),
        whole(reserved="EDF+D"),
        whole(n_records=N + 1),
        Edf([ecg(bits=24)], bdf=True),
    ],
)
def test_cut_off_anywhere(write, edf):
    content = edf.to_bytes()
    least = 256 * (len(edf.signals) + 1)
    last = least + 10 if edf.n_records == -1 else len(content)  # else nobody can tell
    for n_bytes in [*range(0, least, 161), *range(least + 1, last, 59), last - 1]:
        with pytest.raises(UnreadableFileError, match="one.edf") as raised:
            read_edf_channels(write(content[:n_bytes]))
        if n_bytes > least:
            assert f"is cut off: it ends at byte {n_bytes}," in str(raised.value)


@pytest.mark.parametrize("bdf", [False, True])
@pytest.mark.parametrize(
    ("duration", "starts", "gap"),
    [
        (0.5, ["0.25", "0.75", "1.25", "1.75"], ""),
        (1, [-2, -1, 0, 1], ""),
        ("0.166667", ["0", "0.167", "0.333", "0.5"], ""),  # in whole milliseconds
        (1, [0, 1, 5, 6], "3 s after 2 s"),
        (1, [10, 15, 16, 17], "4 s after 1 s"),
        (1, [0, 1, 2, 1], "-2 s after 3 s"),
    ],
)
def test_gaps_in_time_of_discontinuous_files_say_where(read, duration, starts, gap, bdf):
    signals = [ecg(), annotations(starts, bdf=bdf)]
    for at in (signals, signals[::-1]):
        edf = Edf(at, duration, "BDF+D" if bdf else "EDF+D", bdf=bdf)
        if gap:
            with pytest.raises(UnreadableFileError, match=f"one.edf has 1 gap.* of {gap}:"):
                read(edf)
        else:
            np.testing.assert_allclose(read(edf)[1], signals[0].values(), atol=1e-12)


@pytest.mark.parametrize(
    ("n_samples", "duration", "rate"),
    [(256, "0.999999", 256.0), (83, "0.333333", 249.0), (205, 2, 102.5),
     (1000, "0.9999", 1000 / 0.9999)],  # the recording shows the difference
)  # fmt: skip
def test_rate_that_is_a_rounded_fraction(read, n_samples, duration, rate):
    assert read(Edf([ecg(n_samples, n_records=40)], duration))[0] == pytest.approx(rate, rel=1e-12)


@pytest.mark.parametrize(("name", "edges"), [("physical", (0, 0)), ("range", (5, 5))])
def test_channel_without_a_range_is_named_and_others_are_read(write, name, edges):
    edf = whole()
    setattr(edf.signals[0], name, edges)
    other, lead = read_edf_channels(write(edf))
    np.testing.assert_allclose(lead.read(), edf.signals[2].values(), atol=1e-12)
    with pytest.raises(UnreadableFileError, match="one.edf .*'EEG Fp1' has no range"):
        other.read()
