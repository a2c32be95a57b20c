"""Units of voltage, however a file spells them."""

import re

#: What stands where nobody knew the unit, without what `_plain` takes away.
_UNKNOWN = {
    *("", "?", "1", "-", "na", "n/a", "nan", "nu", "nd", "none", "null", "unknown", "unitless"),
    *("ad", "adc", "adu", "adcunit", "adcunits", "au", "arb", "arbitrary", "arbitraryunits"),
    *("bit", "bits", "count", "counts", "digit", "digits", "digital", "digitalunits"),
    *("adccounts", "arbunits", "dimensionless", "levels", "lsb", "raw", "uncalibrated"),
}
#: Millivolt in one volt, by the prefix. The micro sign is two characters of Unicode, of which
#: casefold makes one; "æ" is its byte of the time of DOS, and "?" what is left where it was lost.
_PREFIXES = {
    "": 1e3,
    "k": 1e6,
    "kilo": 1e6,
    **dict.fromkeys(("m", "milli"), 1.0),
    **dict.fromkeys(("\u03bc", "u", "micro", "mu", "mc", "æ", "?", "\ufffd", "\ufffd\ufffd"), 1e-3),
    **dict.fromkeys(("n", "nano"), 1e-6),
}
_VOLT = re.compile(f"({'|'.join(map(re.escape, _PREFIXES))})(?:v|volts?)")
UNKNOWN = "unknown"


def millivolts(unit: str) -> float | None:
    """Return the millivolts in one of a unit; None if it is none of voltage."""
    match = _VOLT.fullmatch(_plain(unit))
    return _PREFIXES[match[1]] if match else None


def is_unknown(unit: str) -> bool:
    """Tell whether a unit says that nobody knows it."""
    return _plain(unit).strip(".") in _UNKNOWN


def decoded(raw: bytes) -> str:
    """Decode what may be UTF-8 or Latin-1."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def repaired(text: str) -> str:
    """Decode anew what is UTF-8 and was read as Latin-1."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _plain(unit: str) -> str:
    """Take away padding, brackets, blanks, capitals, and an encoding that was mistaken."""
    return re.sub(r"[\s\0\[\](){}._]|(?<=\w)-(?=\w)", "", repaired(unit)).casefold()
