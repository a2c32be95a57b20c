"""Units of voltage, in the spellings that files have."""

import pytest

from sklearn_ecgssl.datasets._units import decoded, is_unknown, millivolts

SPELLINGS = {
    1e3: ["V", "v", "Volt", "Volts", "VOLT", " volts ", "[V]", "V\0\0\0"],
    1.0: [
        *("mV", "mv", "MV", "mV ", " mV\t", "m V", "[mV]", "(mV)", "{mV}", "mV.", "mV\0\0\0\0\0\0"),
        *("mVolt", "mVolts", "millivolt", "Millivolts", "MilliVolt", "milli-volt", "milli volt"),
    ],
    1e-3: [
        *("uV", "UV", "u V", "\u00b5V", "\u03bcV", "\u039cV", "\u00b5v", "uV\0\0", "\u00b5V\0"),
        *("(\u00b5V)", "[uV]", "\u00b5V\u00a0", "\u00b5Volt", "uVolts", "\u03bcvolts"),
        *("microvolt", "microvolts", "Micro Volt", "micro-volts", "MICROVOLTS", "microV", "muV"),
        *("mcV", "\ufffdV", "?V", "\u00e6V"),
    ],
    1e-6: ["nV", "NV", "nanovolt", "Nanovolts", "nano-volt"],
}
EVERY = [(unit, factor) for factor, units in SPELLINGS.items() for unit in units]


@pytest.mark.parametrize(("unit", "factor"), EVERY)
def test_any_spelling_of_volt(unit, factor):
    assert millivolts(unit) == factor
    assert not is_unknown(unit)


@pytest.mark.parametrize("raw", [b"\xb5V", b"\xc2\xb5V", b"\xce\xbcV"])
@pytest.mark.parametrize("read", [decoded, lambda raw: raw.decode("latin-1")])
def test_micro_sign_of_latin_1_and_utf_8_however_it_was_decoded(raw, read):
    assert millivolts(read(raw)) == 1e-3


@pytest.mark.parametrize(
    "unit",
    ["", " ", "\0\0", "adu", "ADU", "NU", "n/a", "N/A", "None", "a.u.", "counts", "?", "unknown",
     "ADC", "digit", "nd", "arbitrary units", "LSB", "raw", "dimensionless", "-", "[]"],
)  # fmt: skip
def test_unit_that_nobody_knew_is_unknown(unit):
    assert is_unknown(unit)
    assert millivolts(unit) is None


@pytest.mark.parametrize(
    "unit",
    ["bpm", "mmHg", "l/min", "mA", "m", "u", "uW", "mV/s", "V/s", "uV^2", "mV2", "Ohm", "%", "dB",
     "degC", "vm"],
)  # fmt: skip
def test_other_unit_is_neither_voltage_nor_unknown(unit):
    assert millivolts(unit) is None
    assert not is_unknown(unit)
