"""Which channel of a file is taken for the ECG, and what is said where none is."""

import numpy as np
import pytest

from sklearn_ecgssl.datasets._channels import Channel, leads_of, usual_lead, why_no_lead


def channels(*names, unit="mV"):
    return [
        Channel(name, 250.0, unit, lambda i=i: np.full(3, float(i))) for i, name in enumerate(names)
    ]


@pytest.mark.parametrize(
    "name",
    ["I", "II", "iii", "aVR", "AVL", "avf", "V", "V1", "V6", "v4r", "MLII", "MLI", "CM5", "CC5",
     "D3", "MV2", "mcl1", "V1-V2", "vx", "ECG", "ecg 2", "EKG1", "ECG lead II", "ECG I filtered",
     "EKG-R", "Lead I", "lead_ii", "Lead-III", "LEAD V1", "I (raw)", "Lead I (raw)",
     "II (0.5-40 Hz)", " II ", "ECG\0\0"],
)  # fmt: skip
def test_name_of_a_lead(name):
    found = channels("RESP", name, "ECG 9")
    assert leads_of(found)[usual_lead(found)].read().tolist() == [1.0] * 3


@pytest.mark.parametrize(
    "name",
    ["", "chan 1", "Ch1", "EEG Fp1", "C3A2", "RESP", "III resp", "PLETH", "ABP", "noise1", "VCO2",
     "Voltage", "marker", "DC", "HR", "EMG", "IMP"],
)  # fmt: skip
def test_name_of_no_lead(name):
    assert usual_lead(channels(name)) is None


def test_ecg_in_another_unit_is_passed_over():
    found = channels("ECG", unit="mmHg") + channels("II")
    assert usual_lead(found) == "II"
    assert usual_lead(found[:1]) is None
    for unit in ("", "adu", "uV", "V", "nV"):
        assert usual_lead(channels("RESP", "ECG", unit=unit)) == "ECG"


@pytest.mark.parametrize(
    ("names", "unique"),
    [
        (["ECG", "RESP", "ECG\0", " ECG "], ["ECG", "RESP", "ECG 2", "ECG 3"]),
        (["ECG", "", "RESP", "\0"], ["ECG", "channel 1", "RESP", "channel 3"]),
        (["ecg", "ECG"], ["ecg", "ECG"]),
        (["ECG", "ECG", "ECG 2"], ["ECG", "ECG 3", "ECG 2"]),  # a name that is its own stays
        (["ECG 2", "ECG", "ECG"], ["ECG 2", "ECG", "ECG 3"]),
    ],
)
def test_every_channel_can_be_asked_for(names, unique):
    leads = leads_of(channels(*names))
    assert list(leads) == unique
    assert [one.read()[0] for one in leads.values()] == list(range(len(names)))


@pytest.mark.parametrize(
    ("unit", "read", "called"),
    [("uV", 2e-3, "mV"), ("V", 2e3, "mV"), ("adu", 2.0, "unknown"), ("mmHg\0", 2.0, "mmHg")],
)
def test_volt_becomes_millivolt_and_nothing_else_does(unit, read, called):
    lead = leads_of([Channel("ECG", 360.0, unit, lambda: np.array([2.0]))])["ECG"]
    assert lead.read() == pytest.approx([read])
    assert (lead.unit, lead.sampling_rate) == (called, 360.0)


def test_reason_names_channels_units_and_the_parameter():
    said = why_no_lead([*channels("RESP", "", unit="l"), *channels("chan 2", unit=" ")])
    for told in ("named as an ECG lead", "'RESP' in l", "'channel 1' in l", "'chan 2' in unknown"):
        assert told in said
    assert "leads=['RESP']" in said
    said = why_no_lead(channels("ECG", unit="mmHg"))
    assert "in volt or without a unit, but 'ECG' in mmHg" in said
    assert usual_lead([]) is None
    assert why_no_lead([]).startswith("has no channel")
