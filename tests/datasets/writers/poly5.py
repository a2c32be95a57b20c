"""Poly5 files, byte by byte from the table of the format; nothing of the reader is used."""

import math
import struct
from datetime import datetime
from pathlib import Path

import numpy as np

START = datetime(2012, 9, 18, 13, 5, 6)


def signal(name, samples, unit="µV", *, bits=32, unit_high=1000.0, encoding="latin-1"):
    """A signal in its unit. `unit_high` is what a stored 1000 means, as PortiLab has it."""
    return {
        "name": name,
        "samples": np.asarray(samples, dtype=np.float64),
        "unit": unit,
        "bits": bits,
        "ends": (0.0, float(unit_high), 0.0, 1000.0),
        "encoding": encoding,
    }


def write(path, signals, *, rate=2048, version=204, block_times=16, start=START, **header):
    """Write signals of equal length; `header` changes fields of the header by name."""
    path = Path(path)
    path.write_bytes(
        content(signals, rate=rate, version=version, block_times=block_times, start=start, **header)
    )
    return path


def content(signals, *, rate=2048, version=204, block_times=16, start=START, **header):
    n_times = len(signals[0]["samples"])
    n_blocks = math.ceil(n_times / block_times)
    period = sum(one["bits"] for one in signals) // 8
    fields = {
        "name": "measurement",
        "rate": rate,
        "storage_rate": rate,
        "storage_type": 0,
        "n_signals": sum(one["bits"] // 16 for one in signals),
        "n_times": n_times,
        "n_blocks": n_blocks,
        "periods": block_times,
        "block_bytes": block_times * period,
        "compression": 0,
    } | header
    whole = file_header(version, start, **fields)
    for index, one in enumerate(signals):
        prefixes = ["(Lo) ", "(Hi) "] if one["bits"] == 32 else [""]
        for prefix in prefixes:
            whole += description(prefix + one["name"], one, index)
    for block in range(n_blocks):
        whole += block_header(block * block_times, start)
        whole += samples_of_block(signals, block * block_times, block_times)
    return whole


def file_header(version, start, **fields):
    identifier = {
        203: b"POLY SAMPLE FILEversion 2.03\r\n\x1a",
        204: b"POLY SAMPLE FILE version 2.04\r\n\x1a",
    }[version]
    whole = (
        identifier
        + short(version)
        + text(fields["name"], 80)
        + short(fields["rate"])
        + short(fields["storage_rate"])
        + bytes([fields["storage_type"]])
        + short(fields["n_signals"])
        + long(fields["n_times"])
        + bytes(4)
        + time(start)
        + long(fields["n_blocks"])
        + short(fields["periods"])
        + short(fields["block_bytes"])
        + short(fields["compression"])
        + bytes(64)
    )
    assert len(whole) == {203: 217, 204: 218}[version]
    return whole


def description(name, one, index):
    whole = (
        text(name, 40)
        + bytes(4)
        + text(one["unit"], 10, one["encoding"])
        + b"".join(np.float32(end).tobytes() for end in one["ends"])
        + short(index)
        + short(0)
        + bytes(60)
    )
    assert len(whole) == 136
    return whole


def block_header(first, start):
    whole = long(first) + bytes(4) + time(start) + bytes(64)
    assert len(whole) == 86
    return whole


def samples_of_block(signals, first, block_times):
    """One sample of each signal, then the next of each; zeros where the recording is over."""
    columns = [stored(one, first, block_times) for one in signals]
    kinds = "<" + "".join("f" if one["bits"] == 32 else "h" for one in signals)
    return b"".join(struct.pack(kinds, *period) for period in zip(*columns, strict=True))


def stored(one, first, n):
    unit_low, unit_high, adc_low, adc_high = one["ends"]
    values = one["samples"][first : first + n]
    steps = adc_low + (values - unit_low) * (adc_high - adc_low) / (unit_high - unit_low)
    if one["bits"] == 16:
        steps = np.round(steps).astype(int)
    return steps.tolist() + [0] * (n - len(steps))


def short(value):
    return (value % 2**16).to_bytes(2, "little")


def long(value):
    return (value % 2**32).to_bytes(4, "little")


def text(value, size, encoding="latin-1"):
    encoded = value.encode(encoding)
    return bytes([len(encoded)]) + encoded.ljust(size, b"\0")


def time(start):
    weekday = start.isoweekday() % 7
    parts = [start.year, start.month, start.day, weekday, start.hour, start.minute, start.second]
    return b"".join(map(short, parts))
