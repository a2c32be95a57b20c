"""Look for the signal of an evaluation set in the corpus: by content, whatever the names say.

    python examples/pretrained/overlaps.py FOLDER/eegmat_ecg.npz --recordings FOLDER

Takes every window of an evaluation set and finds its highest absolute correlation with any stretch
of the corpus as long, at any offset. Data sets hold excerpts of each other at other sampling rates,
in other units, upside down: they correlate above .99, and then the exit status is 1. (What qtdb has
of mitdb does above .996, the most alike windows of two people of the corpus below .96.) Another
lead of the same heart beats does not, nor do other minutes of a person; these only names tell.
Nor does a copy through a filter that shifts phases or leaves little of the band from 0.8 to 40 Hz.

There are two steps. All offsets at 64 Hz are tried on what is below 16 Hz, by FFT. Whatever is
above .7, and may therefore be above .99, is correlated at 256 Hz, in steps of a millisecond.
"""

import argparse
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from corpus import Place, data_set_of
from scipy import fft, signal
from sklearn.utils import Bunch

from sklearn_ecgssl import datasets
from sklearn_ecgssl.signal import Resampler, Segmenter

HERE = Path(__file__).parent

LIMIT = 0.99  # above it, two windows are the same
COARSE_LIMIT = 0.7  # above it, they may be
WINDOW_LENGTH = 10  # seconds
EDGE = 1  # seconds of a recording that depend on how filters continue it
FINE_RATE = 256
COARSE_RATE = 64
RATIO = FINE_RATE // COARSE_RATE
STEPS = 4  # between two samples at 256 Hz
REACH = 6  # samples at 256 Hz, before and after what was found at 64 Hz
FLAT = 1e-3  # what varies less, relative to its recording, is flat
BLOCK = 4096  # samples of an FFT
AT_ONCE = 64  # windows, so that their products stay in the cache

HIGH_PASS = signal.butter(4, 0.8, "highpass", fs=FINE_RATE, output="sos")
INTERPOLATION = signal.firwin(20 * STEPS + 1, 1 / STEPS, window=("kaiser", 5.0))
LOW_PASS = signal.butter(4, 16, fs=FINE_RATE, output="sos")


class Recording(NamedTuple):
    """A recording, filtered, at both rates, with a standard deviation of 1."""

    name: str
    person: str
    fine: np.ndarray
    coarse: np.ndarray


class Windows(NamedTuple):
    """Windows at both rates, and where they are from; start in s."""

    fine: np.ndarray
    coarse: np.ndarray
    name: np.ndarray
    person: np.ndarray
    start: np.ndarray


class Match(NamedTuple):
    """How much a window is like a stretch of a recording, which begins at `offset` s."""

    correlation: float
    window: int
    recording: int
    offset: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("evaluation", type=Path, nargs="+", help="recordings files")
    parser.add_argument("--config", type=Path, default=HERE / "encoders.toml")
    parser.add_argument("--recordings", type=Path, help="folder of recordings files")
    parser.add_argument("--work", type=Path, default=Path("pretrained-work"), help="for downloads")
    args = parser.parse_args()
    place = Place(args.work, args.recordings)
    sets = tomllib.loads(args.config.read_text(encoding="utf-8"))["corpus"]["sets"]
    n_above = 0
    for path in args.evaluation:
        evaluation = prepare(datasets.load_recordings(path, target=None), path.stem)
        windows = windows_of(evaluation)
        for one in sets:
            data_set, options = data_set_of(one, place)
            recordings = prepare(data_set.load(**options), one["name"], one.get("without", []))
            n_above += report(windows, path.stem, recordings, one["name"])
            # An excerpt as short as this need not hold a whole window of the evaluation set.
            short = [r for r in recordings if len(r.fine) <= 2 * WINDOW_LENGTH * FINE_RATE]
            if short:
                middles = windows_of(short, WINDOW_LENGTH - 2 * EDGE, EDGE)
                n_above += report(middles, f"{one['name']} (short)", evaluation, path.stem)
    return int(n_above > 0)


def prepare(data: Bunch, data_set: str, without: Sequence[str] = ()) -> list[Recording]:
    """Filter and resample the recordings of a data set, but for those shorter than a window."""
    n = len(data.recordings)
    rates = np.broadcast_to(data.sampling_rate, n)
    names = data.fields.get("record", np.arange(n))
    people = [str(subject).rpartition("/")[2] for subject in data.subject]
    return [
        Recording(str(name), f"{data_set}/{person}", *at_both_rates(recording, rate))
        for recording, rate, name, person in zip(data.recordings, rates, names, people, strict=True)
        if person not in without and len(recording) >= WINDOW_LENGTH * rate
    ]


def at_both_rates(recording: np.ndarray, sampling_rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a recording as it is trained on, at 256 Hz, and what is below 16 Hz, at 64 Hz."""
    fine = Resampler(sampling_rate, FINE_RATE).transform([recording])[0]
    n_coarse = len(fine) // RATIO
    if np.ptp(recording) == 0:  # of which the filters would leave rounding errors
        return np.zeros_like(fine), np.zeros_like(fine[:n_coarse])
    fine = signal.sosfiltfilt(HIGH_PASS, fine.astype(np.float64))
    coarse = signal.sosfiltfilt(LOW_PASS, fine)[: n_coarse * RATIO : RATIO]
    return (fine / fine.std()).astype(np.float32), (coarse / coarse.std()).astype(np.float32)


def windows_of(recordings: list[Recording], length: int = WINDOW_LENGTH, edge: int = 0) -> Windows:
    """Cut recordings, but for an edge at either end, into windows; both in s."""
    fine, coarse = (
        Segmenter(rate, length).transform([x[edge * rate : len(x) - edge * rate] for x in signals])
        for rate, signals in (
            (FINE_RATE, [r.fine for r in recordings]),
            (COARSE_RATE, [r.coarse for r in recordings]),
        )
    )
    counts = [len(windows) for windows in fine]
    return Windows(
        np.concatenate(fine),
        np.concatenate(coarse),
        np.repeat([r.name for r in recordings], counts),
        np.repeat([r.person for r in recordings], counts),
        np.concatenate([edge + length * np.arange(n) for n in counts]),
    )


def search(windows: Windows, recordings: list[Recording]) -> list[Match]:
    """Look for windows in the recordings of other people: all places where each may be."""
    n_windows, n_times = windows.coarse.shape
    spectra = np.conj(fft.rfft(unit_rows(windows.coarse), BLOCK, workers=1)).astype(np.complex64)
    fine = unit_rows(windows.fine)
    best = np.zeros(n_windows)
    matches = []
    for index, recording in enumerate(recordings):
        of_others = windows.person != recording.person
        for rows, first, found in correlations(spectra, recording.coarse, n_times):
            found = np.abs(found, out=found)
            promising = found.max(axis=1) > np.minimum(best[rows], COARSE_LIMIT)
            for row in np.flatnonzero(promising & of_others[rows]):
                for offset in peaks(found[row]):
                    window = rows.start + row
                    value, sample = correlate_finely(
                        fine[window], recording.fine, (first + offset) * RATIO
                    )
                    best[window] = max(best[window], value)
                    matches.append(Match(value, window, index, sample / FINE_RATE))
    return matches


def unit_rows(windows: np.ndarray) -> np.ndarray:
    """Take off the mean of each window and divide by its norm; a flat one becomes zeros."""
    centred = windows - windows.mean(axis=1, keepdims=True, dtype=np.float64)
    deviation = centred.std(axis=1, keepdims=True)
    norm = np.sqrt(windows.shape[1]) * np.maximum(deviation, FLAT)
    return np.where(deviation > FLAT, centred / norm, 0)


def correlations(
    spectra: np.ndarray, recording: np.ndarray, n_times: int
) -> Iterator[tuple[slice, int, np.ndarray]]:
    """Yield some windows, the offset of some stretches, and their correlations with each other."""
    scale = inverse_norms(recording, n_times)
    step = BLOCK - n_times + 1  # beyond these, a block is continued with its beginning
    for first in range(0, len(scale), step):
        block = fft.rfft(recording[first : first + BLOCK], BLOCK, workers=1)
        here = scale[first : first + step]
        for i in range(0, len(spectra), AT_ONCE):
            rows = slice(i, min(i + AT_ONCE, len(spectra)))
            found = fft.irfft(spectra[rows] * block, BLOCK, workers=1, overwrite_x=True)
            yield rows, first, np.multiply(found[:, : len(here)], here)


def inverse_norms(recording: np.ndarray, n_times: int) -> np.ndarray:
    """Return 1 / norm of every stretch of a recording without its mean; 0 for a flat one."""
    sums, squares = (
        np.concatenate([[0], np.cumsum(recording.astype(np.float64) ** power)]) for power in (1, 2)
    )
    mean = (sums[n_times:] - sums[:-n_times]) / n_times
    variance = (squares[n_times:] - squares[:-n_times]) / n_times - mean**2
    inverse = 1 / np.sqrt(n_times * np.maximum(variance, FLAT**2))
    return np.where(variance > FLAT**2, inverse, 0).astype(np.float32)


def peaks(found: np.ndarray) -> np.ndarray:
    """Find the local maxima above the limit of the first step, or else the highest."""
    around = np.pad(found, 1)
    is_peak = (found >= around[:-2]) & (found > around[2:]) & (found > COARSE_LIMIT)
    return np.flatnonzero(is_peak) if is_peak.any() else found.argmax(keepdims=True)


def correlate_finely(window: np.ndarray, recording: np.ndarray, sample: int) -> tuple[float, float]:
    """Find the highest absolute correlation around a sample, and where, also between samples."""
    n_times = len(window)
    first = max(sample - REACH, 0)
    last = min(sample + REACH, len(recording) - n_times)
    piece = recording[first : last + n_times].astype(np.float64)
    piece = signal.resample_poly(piece, STEPS, 1, window=INTERPOLATION, padtype="line")
    found = [
        np.abs(np.correlate(phase, window) * inverse_norms(phase, n_times))
        for phase in (piece[i::STEPS] for i in range(STEPS))
    ]
    found = np.stack(found, axis=1).ravel()
    return float(found.max()), first + float(found.argmax()) / STEPS


def report(windows: Windows, of: str, recordings: list[Recording], name: str) -> int:
    """Say how many windows of one set are in another, and what is most alike; return how many."""
    matches = search(windows, recordings)
    n_above = len({match.window for match in matches if match.correlation > LIMIT})
    print(f"{of} in {name}: {n_above} of {len(windows.name)} windows above {LIMIT}")
    if matches:
        best = max(matches)
        i, recording = best.window, recordings[best.recording]
        print(
            f"    highest: {best.correlation:.4f}, {windows.person[i]} ({windows.name[i]}) at "
            f"{windows.start[i]} s, {recording.person} ({recording.name}) at {best.offset:.3f} s",
            flush=True,
        )
    return n_above


if __name__ == "__main__":
    sys.exit(main())
