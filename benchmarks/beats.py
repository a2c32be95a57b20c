"""R-peak detectors on annotated beats: accuracy, seconds an hour of ECG, what they bring along."""

import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path

import numpy as np
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from sklearn_ecgssl.features._beats import find_beats
from sklearn_ecgssl.features._quality_measures import count_matches
from sklearn_ecgssl.signal import Resampler

from .tables import print_table

#: Seconds between an annotation and a detection of it, as in ANSI/AAMI EC57.
TOLERANCE = 0.15
#: PhysioNet's symbols of beats; the others mark rhythms, noise and waves.
BEAT_SYMBOLS = list("NLRBAaJSVrFejnE/fQ?")
PACKAGES = ["sleepecg", "neurokit2"]

Detector = Callable[[np.ndarray, int], np.ndarray]
Piece = tuple[np.ndarray, np.ndarray, int]
"""ECG, the samples of its beats, and the sampling rate."""


@dataclass
class Score:
    """What a detector found, and how long it took."""

    n_true: int = 0
    n_found: int = 0
    n_matched: int = 0
    ecg_hours: float = 0.0
    seconds: float = 0.0

    @property
    def row(self) -> list[float]:
        """Sensitivity, positive predictivity and F1 in %, and seconds an hour of ECG."""
        f1 = 2 * self.n_matched / (self.n_true + self.n_found)
        shares = (self.n_matched / self.n_true, self.n_matched / max(self.n_found, 1), f1)
        return [*(f"{100 * share:.2f}" for share in shares), self.seconds / self.ecg_hours]


def run(args) -> None:
    path = Path(os.environ.get("SKLEARN_ECGSSL_DATA", "../shared/data")) / "mitdb.npz"
    if not path.exists():
        print(f"Skipped: {path} is missing (set SKLEARN_ECGSSL_DATA to the folder of mitdb.npz).")
        return
    found = detectors()
    settings = {
        "whole records, 360 Hz": read_records(path, args.records),
        "windows of 10 s, 256 Hz": windows(read_records(path, args.records)),
        "the same upside down": upside_down(windows(read_records(path, args.records))),
    }
    for name, pieces in settings.items():
        scores = compare(pieces, found)
        header = [name, "sensitivity %", "predictivity %", "F1 %", "s an hour of ECG"]
        print_table(header, [[detector, *score.row] for detector, score in scores.items()])
        print(flush=True)
    rows = [[name, *cost(name)] for name in PACKAGES if installed(name)]
    print()
    print_table(["package", "packages with it", "MB of all", "seconds to import"], rows)


def installed(package: str) -> bool:
    try:
        import_module(package)
    except ImportError as error:
        print(f"{package} is left out: {error}\n")
        return False
    return True


def detectors() -> dict[str, Detector]:
    """The detectors of the packages that are installed, as one calls them, and ours."""
    found: dict[str, Detector] = {}
    if installed("sleepecg"):
        import sleepecg

        found["sleepecg"] = sleepecg.detect_heartbeats
        found["ours, on sleepecg"] = find_beats
    if installed("neurokit2"):
        import neurokit2

        for method in ("neurokit", "pantompkins1985"):

            def neurokit(x: np.ndarray, sampling_rate: int, method: str = method) -> np.ndarray:
                options = {"sampling_rate": sampling_rate, "method": method}
                cleaned = neurokit2.ecg_clean(x, **options)
                return np.asarray(neurokit2.ecg_findpeaks(cleaned, **options)["ECG_R_Peaks"])

            found[f"neurokit2, {method}"] = neurokit
    return found


def read_records(path: Path, n_records: int) -> Iterator[Piece]:
    """ECG in mV and beats of the MIT-BIH records, the same number from each part of the list."""
    with np.load(path) as file:
        data = dict(file)
    for i in np.linspace(0, len(data["record"]) - 1, n_records).round().astype(int):
        ecg = data["ecg"][data["start"][i] : data["start"][i + 1]]
        beats = slice(data["beat_start"][i], data["beat_start"][i + 1])
        is_beat = np.isin(data["beat_symbol"][beats], BEAT_SYMBOLS)
        x = ecg * float(data["scale"][i]) + float(data["offset"][i])
        yield x, data["beat_sample"][beats][is_beat], int(data["fs"][i])


def windows(pieces: Iterable[Piece], sampling_rate: int = 256) -> Iterator[Piece]:
    """Cut records into windows of 10 s, as the package does."""
    n_times = 10 * sampling_rate
    for x, beats, rate in pieces:
        (resampled,) = Resampler(rate, sampling_rate).fit_transform([x])
        moved = beats * sampling_rate / rate
        for start in range(0, len(resampled) - n_times + 1, n_times):
            inside = moved[(moved >= start) & (moved < start + n_times)] - start
            yield resampled[start : start + n_times].astype(np.float64), inside, sampling_rate


def upside_down(pieces: Iterable[Piece]) -> Iterator[Piece]:
    for x, beats, rate in pieces:
        yield -x, beats, rate


def compare(pieces: Iterable[Piece], found: dict[str, Detector]) -> dict[str, Score]:
    """Let the detectors find the beats of each piece in turn."""
    scores = {name: Score() for name in found}
    for i, (x, beats, rate) in enumerate(pieces):
        for name, detect in found.items():
            score = scores[name]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                if i == 0:
                    detect(x, rate)  # what is imported or designed once is not counted
                start = time.perf_counter()
                peaks = np.sort(detect(x, rate))
                score.seconds += time.perf_counter() - start
            score.ecg_hours += len(x) / rate / 3600
            score.n_true += len(beats)
            score.n_found += len(peaks)
            score.n_matched += count_matches(beats.tolist(), peaks.tolist(), TOLERANCE * rate)
    return scores


def cost(package: str) -> tuple[int, float, float]:
    """Other packages that it brings and we do not need anyway, MB of all, seconds to import it."""
    brought = required(package) - required("sklearn_ecgssl")
    files = [path for name in brought for path in metadata.files(name) or []]
    size = sum(path.size or 0 for path in files) / 1e6
    others = sorted(brought - {package})
    print(f"{package} {metadata.version(package)} brings {', '.join(others)}.")
    code = (
        "from time import perf_counter; import scipy.signal; start = perf_counter(); "
        f"import {package}; print(perf_counter() - start)"
    )
    command = [sys.executable, "-c", code]
    seconds = [float(subprocess.check_output(command)) for _ in range(3)]
    return len(others), size, float(np.median(seconds))


def required(package: str, known: set[str] | None = None) -> set[str]:
    """Names of a package and of all that it requires, without extras."""
    known = set() if known is None else known
    known.add(canonicalize_name(package))
    for line in metadata.requires(package) or []:
        requirement = Requirement(line)
        name = canonicalize_name(requirement.name)
        wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if wanted and name not in known:
            required(name, known)
    return known
