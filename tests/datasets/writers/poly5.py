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


def write(path, signals, **options):
    """Write signals of equal length; see `content`."""
    path = Path(path)
    path.write_bytes(content(signals, **options))
    return path


def content(signals, *, rate=2048, version=204, block_times=16, start=START, **header):
    """Return the bytes of a file; `header` changes fields of the header by name."""
    n_times = len(signals[0]["samples"])
    n_blocks = math.ceil(n_times / block_times)
    fields = {
        "rate": rate,
        "storage_rate": rate,
        "n_times": n_times,
        "n_blocks": n_blocks,
        "periods": block_times,
        "compression": 0,
    } | header
    width = sum(one["bits"] for one in signals) // 8
    space = b" " if version == 204 else b""
    whole = b"POLY SAMPLE FILE" + space + b"version %.2f\r\n\x1a" % (version / 100)
    whole += short(version) + text("measurement", 80) + short(fields["rate"])
    whole += short(fields["storage_rate"]) + b"\0" + short(width // 2)
    whole += long(fields["n_times"]) + bytes(4) + time(start)
    whole += long(fields["n_blocks"]) + short(fields["periods"]) + short(block_times * width)
    whole += short(fields["compression"]) + bytes(64)
    assert len(whole) == {203: 217, 204: 218}[version]
    for index, one in enumerate(signals):
        for prefix in ["(Lo) ", "(Hi) "] if one["bits"] == 32 else [""]:
            whole += text(prefix + one["name"], 40) + bytes(4)
            whole += text(one["unit"], 10, one["encoding"]) + struct.pack("<4f", *one["ends"])
            whole += short(index) + bytes(62)
    kinds = "<" + "".join("f" if one["bits"] == 32 else "h" for one in signals)
    for first in range(0, n_blocks * block_times, block_times):
        whole += long(first) + bytes(4) + time(start) + bytes(64)
        columns = [stored(one, first, block_times) for one in signals]
        whole += b"".join(struct.pack(kinds, *period) for period in zip(*columns, strict=True))
    return whole


def stored(one, first, n):
    """What a block stores of a signal; zeros where the recording is over."""
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
