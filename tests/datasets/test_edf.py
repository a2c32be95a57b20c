"""EDF and BDF files as recorders and converters write them."""

from contextlib import nullcontext

import numpy as np
import pytest

from sklearn_ecgssl import UnreadableFileError
from sklearn_ecgssl.datasets._channels import leads_of, usual_lead
from sklearn_ecgssl.datasets._edf import read_edf_channels
from tests.datasets.writers.edf import Signal, annotations, edf

N = 4  # records


def ecg(n_samples=20, n_records=N, bits=16, **options):
    edges = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    n = n_samples * n_records
    digital = np.random.default_rng(n).integers(*edges, n, endpoint=True)
    digital[:2] = edges
    return Signal("ECG", digital, n_samples, bits=bits, **options)


EEG = Signal("EEG Fp1", np.arange(N * 5), 5, "uV", (-500, 600))
LEAD = ecg(bits=12, physical=(-1.5, 2.25))


def whole(reserved="EDF+C", **header):
    starts = annotations([0, 0.5, "1.0", 1.5])
    return edf([EEG, starts, LEAD], duration=0.5, reserved=reserved, **header)


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "one.edf"
        path.write_bytes(content)
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
    channels = read_edf_channels(write(whole()))
    facts = [(one.name, one.sampling_rate, one.unit) for one in channels]
    assert facts == [("EEG Fp1", 10.0, "uV"), ("ECG", 40.0, "mV")]
    for one, signal in zip(channels, (EEG, LEAD), strict=True):
        np.testing.assert_allclose(one.read(), signal.values(), rtol=0, atol=1e-10)
    assert read_edf_channels(write(edf([annotations(range(3))], reserved="EDF+C"))) == []


@pytest.mark.parametrize("said", [-1, 0, N, N - 1])
def test_all_records_are_read_whatever_number_is_said(read, said):
    says = pytest.warns(UserWarning, match="one.edf announces 3 records and holds 4")
    with says if said == N - 1 else nullcontext():
        rate, samples = read(whole(n_records=said) + b"half a record")
    assert rate == 40.0
    np.testing.assert_allclose(samples, LEAD.values(), atol=1e-12)


@pytest.mark.parametrize(
    "content", [whole(reserved="EDF+D"), edf([EEG, LEAD, ecg(bits=24)], bdf=True)]
)
def test_cut_off_anywhere(write, content):
    least = 256 * 4  # three signals
    for n_bytes in [*range(0, least, 161), *range(least + 1, len(content), 59), len(content) - 1]:
        with pytest.raises(UnreadableFileError, match="one.edf") as raised:
            read_edf_channels(write(content[:n_bytes]))
        if n_bytes > least:
            assert f"is cut off: it ends at byte {n_bytes}," in str(raised.value)


@pytest.mark.parametrize(
    ("duration", "starts", "gap"),
    [
        (1, [-2, -1, 0, 1], ""),
        (0.25, ["0", "0.2505", "0.5", "0.75"], ""),  # in whole milliseconds
        (1, [0, 1, 5, 6], "3 s after 2 s"),
        (1, [0, 1, 2, 1], "-2 s after 3 s"),
    ],
)
def test_gaps_in_time_of_discontinuous_files_say_where(read, duration, starts, gap):
    signals = [ecg(), annotations(starts)]
    for at in (signals, signals[::-1]):
        content = edf(at, duration=duration, reserved="EDF+D")
        if gap:
            with pytest.raises(UnreadableFileError, match=f"one.edf has 1 gap.* of {gap}:"):
                read(content)
        else:
            np.testing.assert_allclose(read(content)[1], signals[0].values(), atol=1e-12)
