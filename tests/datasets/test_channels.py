"""Which channel of a file is taken for the ECG, in which unit, and what is said where none is."""

import numpy as np
import pytest

from sklearn_ecgssl.datasets._channels import (
    Channel,
    decoded,
    leads_of,
    millivolts,
    usual_lead,
    why_no_lead,
)


def channels(*names, unit="mV"):
    return [
        Channel(name, 250.0, unit, lambda i=i: np.full(3, float(i))) for i, name in enumerate(names)
    ]


@pytest.mark.parametrize(
    "name",
    ["I", "aVR", "V", "v4r", "MLII", "CM5", "D3", "MV2", "mcl1", "V1-V2", "vx", "ecg 2", "EKG-R",
     "ECG I filtered", "LEAD V1", "lead_ii", "I (raw)", "II (0.5-40 Hz)", "ECG\0\0"],
)  # fmt: skip
def test_name_of_a_lead(name):
    found = channels("RESP", name, "ECG 9")
    assert leads_of(found)[usual_lead(found)].read().tolist() == [1.0] * 3


@pytest.mark.parametrize(
    "name",
    ["", "chan 1", "EEG Fp1", "C3A2", "RESP", "III resp", "VCO2", "Voltage", "ECG HR", "EMG"],
)  # fmt: skip
def test_name_of_no_lead(name):
    assert usual_lead(channels(name)) is None


@pytest.mark.parametrize(
    ("names", "unique"),
    [
        (["ECG", "RESP", "ECG\0", " ECG "], ["ECG", "RESP", "ECG 2", "ECG 3"]),
        (["ECG", "", "RESP", "\0"], ["ECG", "channel 1", "RESP", "channel 3"]),
        (["ECG", "ECG", "ECG 2"], ["ECG", "ECG 3", "ECG 2"]),
    ],
)
def test_every_channel_can_be_asked_for(names, unique):
    leads = leads_of(channels(*names))
    assert list(leads) == unique
    assert [one.read()[0] for one in leads.values()] == list(range(len(names)))


SPELLINGS = {
    1e3: ["V", " volts ", "[V]", "V\0\0\0"],
    1.0: ["mV", "MV", "m V", "(mV)", "mV.", "mVolts", "milli-volt"],
    1e-3: [
        *("uV", "u V", "\u00b5V", "\u03bcV", "\u039cV", "\u00b5V\0", "(\u00b5V)", "\u00b5V\u00a0"),
        *("microvolts", "Micro Volt", "muV", "mcV", "\ufffdV", "?V", "\u00e6V"),
        *(decoded(raw) for raw in (b"\xb5V", b"\xc2\xb5V", b"\xce\xbcV")),
        b"\xc2\xb5V".decode("latin-1"),
    ],
    1e-6: ["nV", "nano-volt"],
}


@pytest.mark.parametrize(
    ("unit", "factor"), [(unit, factor) for factor, units in SPELLINGS.items() for unit in units]
)
def test_volt_in_any_spelling_becomes_millivolt(unit, factor):
    assert millivolts(unit) == factor
    found = channels("RESP", "ECG", unit=unit)
    lead = leads_of(found)[usual_lead(found)]
    assert lead.unit == "mV"
    assert lead.read()[0] == pytest.approx(factor)


@pytest.mark.parametrize("unit", ["", "\0\0", "adu", "NU", "n/a", "a.u.", "counts", "?", "-", "[]"])
def test_ecg_of_unknown_unit_is_taken(unit):
    found = channels("RESP", "ECG", unit=unit)
    assert usual_lead(found) == "ECG"
    assert leads_of(found)["ECG"].unit == "unknown"


@pytest.mark.parametrize("unit", ["bpm", "mA", "m", "u", "mV/s", "uV^2", "Ohm", "%", "vm"])
def test_ecg_in_another_unit_is_passed_over(unit):
    found = channels("ECG", unit=unit)
    assert leads_of(found)["ECG"].unit == unit
    assert usual_lead(found + channels("II")) == "II"
    assert usual_lead(found) is None
    assert f"in volt or without a unit, but 'ECG' in {unit}" in why_no_lead(found)
