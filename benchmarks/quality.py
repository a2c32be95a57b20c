"""Signal quality: are noisy windows told from clean ones, and at what cost.

Two questions, each asked of some people's ECG, by which the thresholds of `usable` were chosen, and
of others', who only confirm:

- ECG with recorded noise (nstdb: electrode motion, muscle) at a known SNR: is it below 0 dB?
  Chosen on qtdb and ludb with the first half of the noise, confirmed on mitdb and eegmat with the
  second.
- The recordings of cinc2017 that its cardiologists called too noisy. Chosen on one half of the
  recordings by the hash of their names, confirmed on the other.

Beside the columns stand neurokit2's methods, on the same windows. With --data: does a score of
people whom a classifier has not met change if `usable` chooses the windows?
"""

import time
import warnings
from itertools import pairwise
from pathlib import Path
from zlib import crc32

import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl.datasets import load_recordings
from sklearn_ecgssl.evaluation import compare_protocols, linear_classifier, unseen_subjects
from sklearn_ecgssl.features import SignalQuality, SSLEmbedder, usable
from sklearn_ecgssl.features._quality import AT_LEAST, AT_MOST, COLUMNS
from sklearn_ecgssl.signal import ECGFilter, Resampler, TrimmedScaler, scale_subjects

from .ecg import labelled_recordings
from .tables import print_table

RATE, SECONDS = 256, 10
N_TIMES = RATE * SECONDS
PARTS = {"chosen": ("qtdb", "ludb_leadII"), "confirmed": ("mitdb", "eegmat_ecg")}
NOISES = ("electrode_motion", "muscle_artifact")
#: Windows of each set, and the range of the SNR in dB.
N_WINDOWS, SNR_DB = 200, (-12.0, 12.0)
#: Of the recordings of cinc2017 that are not too noisy, one in so many is asked.
EVERY = 12
#: Columns that are low where the ECG is good.
LOW = ("flat", "clipped", "baseline", "mains")
THRESHOLDS = (0.5, 0.6, 0.7)
NEUROKIT = ("averageQRS", "templatematch", "zhao2018", "ho2025")
GRADES = {"Unacceptable": 0.0, "Barely acceptable": 0.5, "Excellent": 1.0}

Windows = tuple[np.ndarray, np.ndarray]


def run(args) -> None:
    if args.folder is None and args.data is None:
        print("not measured: this needs recordings files, ARGS='--folder FOLDER' or '--data FILE'")
    if args.folder is not None:
        folder = Path(args.folder)
        for part in PARTS:
            noisy, rhythms = with_noise(folder, part), cinc2017(folder, part)
            aucs(part, noisy, rhythms)
            kept(part, noisy, rhythms)
        filtered(noisy[0])
        wander(folder)
    if args.data is not None:
        scores(args)


def windows_of(path: Path, at_most: int | None = None, **where) -> Windows:
    """All windows of a recordings file at RATE, or some of each recording, and whose they are."""
    data = load_recordings(path, target=None, where=where)
    rates = np.broadcast_to(data.sampling_rate, len(data.recordings))
    found, who = [], []
    for x, rate, subject in zip(data.recordings, rates, data.fields["record"], strict=True):
        (x,) = Resampler(float(rate), RATE).fit_transform([x])
        windows = x[: len(x) // N_TIMES * N_TIMES].reshape(-1, N_TIMES)
        if at_most is not None and len(windows) > at_most:
            windows = windows[np.linspace(0, len(windows) - 1, at_most).astype(int)]
        found.append(windows)
        who += [subject] * len(windows)
    return np.concatenate(found), np.array(who)


def recorded_noise(folder: Path, kind: str, part: str | None = None) -> np.ndarray:
    """Windows of a kind of noise: of both channels, the first half or the second."""
    windows, _ = windows_of(folder / "nstdb_noise.npz", noise=kind)
    in_channel = np.arange(len(windows)) % (len(windows) // 2)
    is_first = in_channel < len(windows) // 4
    return windows if part is None else windows[is_first == (part == "chosen")]


def clean_windows(folder: Path, name: str, rng: np.random.Generator) -> np.ndarray:
    """Some windows of a set, of as many people as there are."""
    where = {"ecg_ok": True} if name == "eegmat_ecg" else {}
    if name == "qtdb":  # what qtdb took from mitdb confirms
        origin = load_recordings(folder / "qtdb.npz", target=None).fields["origin_db"]
        where = {"origin_db": sorted(set(origin) - {"mitdb"})}
    windows, _ = windows_of(folder / f"{name}.npz", 10, **where)
    return windows[rng.permutation(len(windows))[:N_WINDOWS]]


def with_noise(folder: Path, part: str) -> Windows:
    """ECG with noise, at an SNR (dB) each, which is infinite for the same windows without."""
    rng = np.random.default_rng(0)
    clean = np.concatenate([clean_windows(folder, name, rng) for name in PARTS[part]])
    X, snr = [clean], [np.full(len(clean), np.inf)]
    for kind in NOISES:
        noise = recorded_noise(folder, kind, part)
        noise = noise[rng.integers(len(noise), size=len(clean))]
        drawn = rng.uniform(*SNR_DB, size=len(clean))
        X.append(clean + noise * gain(clean, noise, drawn))
        snr.append(drawn)
    return np.concatenate(X), np.concatenate(snr)


def gain(clean: np.ndarray, noise: np.ndarray, snr_db) -> np.ndarray:
    """By how much noise is multiplied; power is that above .8 Hz, as the package filters."""
    power = [ECGFilter(RATE).fit_transform(X).var(axis=1) for X in (clean, noise)]
    return np.sqrt(power[0] / power[1] / 10 ** (snr_db / 10))[:, np.newaxis]


def cinc2017(folder: Path, part: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Windows of a half of cinc2017, the recording of each, and the labels of the recordings."""
    path = folder / "cinc2017.npz"
    data = load_recordings(path, target=None)
    names, labels = data.fields["record"], data.fields["rhythm"]
    long = np.array([len(x) for x in data.recordings]) >= SECONDS * 300
    half = np.array([crc32(name.encode()) // EVERY % 2 == (part == "chosen") for name in names])
    some = np.array([crc32(name.encode()) % EVERY == 0 for name in names])
    asked = half & long & (some | (labels == "~"))
    X, record = windows_of(path, record=names[asked].tolist())
    label_of = dict(zip(names, labels, strict=True))
    names, recording = np.unique(record, return_inverse=True)
    return X, recording, np.array([label_of[name] for name in names])


def aucs(part: str, noisy: Windows, rhythms) -> None:
    """Print AUCs of each column and of neurokit2, and what a window costs."""
    (X, snr), (Z, recording, label) = noisy, rhythms
    X, below = X[np.isfinite(snr)], snr[np.isfinite(snr)] < 0
    is_motion = np.arange(len(X)) < len(X) // 2
    everything = np.ones(len(X), dtype=bool)

    def found(of_windows: np.ndarray, of_rhythms: np.ndarray) -> list[str]:
        pooled = np.bincount(recording, of_rhythms) / np.bincount(recording)
        own = [
            roc_auc_score(below[some], -of_windows[some])
            for some in (is_motion, ~is_motion, everything)
        ]
        return [f"{auc:.3f}" for auc in (*own, roc_auc_score(label == "~", -pooled))]

    start = time.process_time()
    of_windows, of_rhythms = columns(X), columns(Z)
    ours = (time.process_time() - start) / (len(X) + len(Z))
    rows = [[name, *found(of_windows[name], of_rhythms[name]), None] for name in of_windows]
    rows[-1][-1] = "1"
    for method in NEUROKIT if part == "confirmed" else ():  # it takes long; nothing is chosen of it
        start = time.process_time()
        of_both = neurokit(method, X), neurokit(method, Z)
        seconds = (time.process_time() - start) / (len(X) + len(Z))
        rows.append([f"neurokit2, {method}", *found(*of_both), f"{seconds / ours:.1f}"])
    n_noisy = f"{(label == '~').sum()} of {len(label)} recordings that are too noisy"
    print(f"\n{part}: AUC of an SNR below 0 dB, {len(X)} windows, and of {n_noisy}")
    print(f"The columns take {1e3 * ours:.1f} ms a window\n")
    print_table(["", "electrode motion", "muscle", "both", "cinc2017", "time"], rows)


def columns(X: np.ndarray) -> dict[str, np.ndarray]:
    """The columns, all of them higher where the ECG is better, and what `usable` rests on."""
    found = dict(zip(COLUMNS, SignalQuality(RATE).fit_transform(X).T, strict=True))
    lesser = np.minimum(found["agreement"], found["template_correlation"])
    found = {name: -values if name in LOW else values for name, values in found.items()}
    return found | {"lesser of the first two": lesser}


def neurokit(method: str, X: np.ndarray) -> np.ndarray:
    """Quality of each window after neurokit2; the worst where it raises an error."""
    import neurokit2

    found, failed = np.zeros(len(X)), 0
    for i, x in enumerate(X):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                cleaned = neurokit2.ecg_clean(x, sampling_rate=RATE)
                one = neurokit2.ecg_quality(cleaned, sampling_rate=RATE, method=method)
            found[i] = np.nan_to_num(GRADES[one] if isinstance(one, str) else np.mean(one))
        except Exception:  # of many kinds, where there are no beats
            failed += 1
    print(f"neurokit2, {method}: {failed} of {len(X)} windows raise an error", flush=True)
    return found


def kept(part: str, noisy: Windows, rhythms) -> None:
    """Print which windows are kept, by the threshold of agreement and template correlation."""
    (X, snr), (Z, recording, label) = noisy, rhythms
    of_rhythm = label[recording]
    edges = [np.inf, 12, 6, 0, -6, -12]
    rows = []
    for threshold in THRESHOLDS if part == "chosen" else [AT_LEAST["agreement"]]:
        ecg, rhythm = passes(X, threshold), passes(Z, threshold)
        shares = [ecg[np.isinf(snr)].mean()]
        shares += [ecg[(snr < high) & (snr >= low)].mean() for high, low in pairwise(edges[1:])]
        shares += [rhythm[of_rhythm == one].mean() for one in "NAO~"]
        rows.append([f"at least {threshold}", *(f"{100 * share:.1f}" for share in shares)])
    print(f"\n{part}: % of the windows that are kept\n")
    header = ["without noise", "12 to 6 dB", "6 to 0", "0 to -6", "-6 to -12"]
    print_table(["both", *header, "normal", "fibrillation", "other", "too noisy"], rows)


def passes(X: np.ndarray, threshold: float) -> np.ndarray:
    """Ask as `usable` does, with another threshold of agreement and template correlation."""
    found = columns(X)
    little = [-found[name] <= most for name, most in AT_MOST.items()]
    return np.all([found["lesser of the first two"] >= threshold, *little], axis=0)


def filtered(X: np.ndarray) -> None:
    """Print how often `usable` says the same after the package's filter and scaler."""
    steps = make_pipeline(ECGFilter(RATE), TrimmedScaler())
    same = usable(X, RATE) == usable(steps.fit_transform(X), RATE)
    print(f"\nThe same after ECGFilter and TrimmedScaler: {100 * same.mean():.1f} % of {len(X)}")


def wander(folder: Path) -> None:
    """Print what is kept where only the baseline moves."""
    rng = np.random.default_rng(0)
    clean = np.concatenate([clean_windows(folder, name, rng) for name in PARTS["confirmed"]])
    noise = recorded_noise(folder, "baseline_wander")
    noise = noise[rng.integers(len(noise), size=len(clean))]
    ratio = clean.std(axis=1) / noise.std(axis=1) * 10 ** (12 / 20)
    shares = [usable(x, RATE).mean() for x in (clean, clean + noise * ratio[:, np.newaxis])]
    print(
        "Kept without noise and with a baseline 12 dB above the ECG: {:.3f} {:.3f}".format(*shares)
    )


def scores(args) -> None:
    """Print scores on unseen people, of all windows and of those that are usable."""
    recordings, target, subject = labelled_recordings(args)
    embedder = SSLEmbedder("rhythm-open", layer="scores", sampling_rate=100)
    estimators = {
        "rhythm-open, scores": make_pipeline(Resampler(RATE, 100), embedder, linear_classifier())
    }
    rows = []
    for name, keep in {"all": None, "usable": usable}.items():
        results = compare_protocols(
            estimators, scale_subjects(recordings, subject), target, subject, keep=keep,
            protocols=unseen_subjects(), n_jobs=args.jobs,
        )  # fmt: skip
        print(results.notes.get("keep", ""))
        for _, row in results.table().iterrows():
            cells = [
                f"{row[m]:.3f} ± {row[m + '_ci']:.3f}" for m in ("auc_within", "balanced_accuracy")
            ]
            rows.append([row["estimator"], name, *cells])
    print(f"\nUnseen people of {Path(args.data).name}\n")
    print_table(["", "windows", "AUC within", "balanced accuracy"], rows)
