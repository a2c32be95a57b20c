"""Poly5 files: every version and width, and what is cut off or damaged is named."""

import os

import numpy as np
import pytest

from sklearn_ecgssl import UnreadableFileError
from sklearn_ecgssl.datasets import _poly5
from sklearn_ecgssl.datasets._poly5 import read_poly5
from tests.datasets.writers import poly5


def signals(n=40):
    """A wave and a counter of 32 bits, and two of 16, of which one has a scale and an umlaut."""
    scaled = poly5.signal("Fl\u00e4che", np.arange(n) - 5, bits=16, encoding="utf-8")
    scaled["ends"] = (-5.0, 15.0, -500.0, 1500.0)
    return [
        poly5.signal("ECG", 900 * np.sin(np.arange(n) / 5)),
        poly5.signal("Skin", np.arange(n) % 7, "\u00b5S"),
        poly5.signal("Edges", np.resize([-32768, -1, 0, 32767], n), "", bits=16),
        scaled,
    ]


def assert_read(path, n=40, n_times=None):
    file = read_poly5(path)
    facts = [(one.name, one.unit) for one in file.channels]
    assert facts == [(one["name"], one["unit"]) for one in signals(n)]
    for i, one in enumerate(signals(n)):
        samples = file.read(i)
        assert samples.dtype == np.float32
        np.testing.assert_allclose(samples, one["samples"][:n_times], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("at_once", [1, 500, 2**22])
@pytest.mark.parametrize("version", [203, 204])
@pytest.mark.parametrize("block_times", [1, 7, 40, 100])
def test_samples_are_those_of_the_file(tmp_path, monkeypatch, version, block_times, at_once):
    monkeypatch.setattr(_poly5, "_PIECE", at_once)
    path = poly5.write(tmp_path / "a.S00", signals(), version=version, block_times=block_times)
    assert_read(path)
    file = read_poly5(path)
    assert (file.sampling_rate, file.start, file.n_times) == (2048.0, poly5.START, 40)


@pytest.mark.parametrize(
    "header",
    [
        *({"storage_rate": 0}, {"periods": 77}, {"rate": 40_000}, {"n_times": 33}),
        *({"n_times": 0}, {"n_blocks": 0}),  # the recorder was not stopped
    ],
)
def test_what_a_header_may_differ_in(tmp_path, header):
    path = poly5.write(tmp_path / "a.S00", signals(48), **header)
    path.write_bytes(path.read_bytes() + b"half a block")
    assert_read(path, 48, header.get("n_times") or 48)


@pytest.mark.parametrize("version", [203, 204])
def test_cut_off_anywhere(tmp_path, version):
    whole = poly5.content(signals(), version=version)
    path = tmp_path / "a.S00"
    for n_bytes in [*range(0, len(whole), 43), len(whole) - 1]:
        path.write_bytes(whole[:n_bytes])
        with pytest.raises(UnreadableFileError, match="a.S00") as raised:
            read_poly5(path)
    assert f"ends at byte {n_bytes}, but its header announces {len(whole)}" in str(raised.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (poly5.content(signals(), storage_rate=256), "does not store every sample"),
        (poly5.content(signals(), compression=1), "is compressed"),
        (poly5.content(signals(), n_blocks=-1), "negative"),
        (b"PK\x03\x04" * 100, "version 2.03 or 2.04 does"),
    ],
)
def test_what_is_not_read_is_named(tmp_path, content, message):
    path = tmp_path / "a.S00"
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match=f"a.S00.*{message}"):
        read_poly5(path).read(0)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:invalid value|overflow|divide by zero:RuntimeWarning")
def test_random_damage_gives_samples_or_the_one_error(tmp_path):
    whole, path = poly5.content(signals()), tmp_path / "a.S00"
    rng = np.random.default_rng(int(os.environ.get("FUZZ_SEED", 0)))
    n_read = 0
    for _ in range(int(os.environ.get("FUZZ_FILES", 300))):
        content = bytearray(whole)
        for _ in range(rng.integers(1, 4)):
            content[rng.integers(len(content))] = rng.choice([0, 1, 127, 128, 255])
        path.write_bytes(content)
        try:
            file = read_poly5(path)
            assert all(file.read(i).dtype == np.float32 for i in range(len(file.channels)))
            n_read += 1
        except UnreadableFileError:
            pass
    assert n_read
