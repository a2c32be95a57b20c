"""Channels of a file: which are an ECG, and their units, however a file spells them."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from ._data_set import Lead

#: Names of ECG leads: "II", "MLII", "aVR", "V5", "CM5", "D3", "ECG 1", "Lead I", "DII", "I (raw)".
_ECG = re.compile(
    r"-?(?:lead[ _-]?)?"
    r"(?:(ml?|d|l)?i{1,3}|(?<=lead.)[1-3]|d[1-4]|av[rlf]|m?v[1-9xyz]?r?(-v[1-9])?|m?cl[1-6]?|c[cms][1-6]"
    r"|.*(?<![a-z])(?:ecg|ekg)(?![a-z]).*)"
    r"[.]?(?:[ _-]?(?:[(\[].*[)\]]|raw|filtered))?"
)
#: Channels that are derived of an ECG, and are none.
_DERIVED = re.compile(r"\b(?:hr|rate|quality|imp|impedance|beats?|fetal|marker|ref|rr)\b")
_SHOWN = 20
UNKNOWN = "unknown"
#: What files say of a unit that is unknown, after `_plain`.
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
    **dict.fromkeys(("k", "kilo"), 1e6),
    **dict.fromkeys(("m", "milli"), 1.0),
    **dict.fromkeys(("\u03bc", "u", "micro", "mu", "mc", "æ", "?", "\ufffd", "\ufffd\ufffd"), 1e-3),
    **dict.fromkeys(("n", "nano"), 1e-6),
}
_VOLT = re.compile(f"({'|'.join(map(re.escape, _PREFIXES))})(?:v|volts?)")


class Channel(NamedTuple):
    """A channel of a file: its label, its rate in Hz, its unit, and how it is read."""

    name: str
    sampling_rate: float
    unit: str
    read: Callable[[], np.ndarray]


def leads_of(channels: Sequence[Channel]) -> dict[str, Lead]:
    """Make leads of channels, in their order; those in volt get millivolt."""
    return dict(zip(_unique_names(channels), map(_lead, channels), strict=True))


def usual_lead(channels: Sequence[Channel]) -> str | None:
    """Name the first channel in volt, or in no unit, whose name is that of an ECG lead."""
    for name, one in zip(_unique_names(channels), channels, strict=True):
        if _is_ecg(one) and (_is_unknown(one.unit) or millivolts(one.unit) is not None):
            return name
    return None


def why_no_lead(channels: Sequence[Channel]) -> str:
    """Say why no channel is taken for an ECG, which there are, and how to choose one."""
    if not channels:
        return "has no channel of samples"
    names = _unique_names(channels)
    has = ", ".join(
        f"{name!r} in {one.unit.strip() or UNKNOWN}"
        for name, one in zip(names[:_SHOWN], channels, strict=False)
    )
    lacks = "in volt or without a unit" if any(map(_is_ecg, channels)) else "named as an ECG lead"
    return f"has no channel {lacks}, but {has}: choose with leads=[{names[0]!r}]"


def millivolts(unit: str) -> float | None:
    """Return the millivolts in one of a unit; None if it is none of voltage."""
    match = _VOLT.fullmatch(_plain(unit))
    return _PREFIXES[match[1]] if match else None


def decoded(raw: bytes) -> str:
    """Decode what may be UTF-8 or Latin-1."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def repaired(text: str) -> str:
    """Decode again what is UTF-8 and was read as Latin-1."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _is_unknown(unit: str) -> bool:
    return _plain(unit).strip(".") in _UNKNOWN


def _plain(unit: str) -> str:
    """Take away padding, brackets, blanks, capitals, and an encoding that was mistaken."""
    return re.sub(r"[\s\0\[\](){}._]|(?<=\w)-(?=\w)", "", repaired(unit)).casefold()


def _is_ecg(channel: Channel) -> bool:
    name = channel.name.strip("\0 ").casefold()
    return _ECG.fullmatch(name) is not None and not _DERIVED.search(name)


def _unique_names(channels: Sequence[Channel]) -> list[str]:
    """Name channels by their labels; by number where there is none, or another has it."""
    labels = [one.name.strip("\0 \t") or f"channel {i}" for i, one in enumerate(channels)]
    names: list[str] = []
    for label in labels:
        name, number = label, 1
        while name in names or (number > 1 and name in labels):
            number += 1
            name = f"{label} {number}"
        names.append(name)
    return names


def _lead(channel: Channel) -> Lead:
    factor = millivolts(channel.unit)
    if factor is None:
        unit = UNKNOWN if _is_unknown(channel.unit) else channel.unit.strip("\0 ")
        return Lead(channel.read, channel.sampling_rate, unit)
    return Lead(partial(_scaled, channel.read, factor), channel.sampling_rate, "mV")


def _scaled(read: Callable[[], np.ndarray], factor: float) -> np.ndarray:
    return read() * factor
