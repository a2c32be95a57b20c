"""What the shipped encoders are worth on people whom they have not met.

Balanced accuracy on windows of people who are left out one at a time, of a linear classifier of
frozen features (linear_scores.py says how its C is chosen), as they are and scaled person by person
without labels, with all labels of the other people and with few. Beside the shipped encoders: heart
rate, the same networks as they are initialised, and the same pretrained on the target data.

- Target data: two encoders of each method, one pretrained on people 1, 3, ..., one on 2, 4, ... A
  person is embedded by the one that has not met him or her, and so are all others, whose labels the
  classifier for that person learns from: about half of these the encoder has met.
- Few labels: a person's score is the mean over --seeds draws of which labels are kept, the same
  draws for everything.
- Initialised: the mean over --seeds networks, with few labels one draw for each of them.

With --choose: candidates for shipping, scored on people 1, 3, ... alone, so that the others can
still say what the chosen one is worth.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import clone

from sklearn_ecgssl.classify._subject_scaled import scale_rows
from sklearn_ecgssl.features import HRVFeatures
from sklearn_ecgssl.pretext import MaskedPretrainer, PretextPretrainer, load_pretrained
from sklearn_ecgssl.signal import Segmenter

from .ecg import labelled_cohort
from .linear_scores import interval, majority_people, score_people
from .reconstruction import RATE
from .rhythm_data import CONFIG, as_learnt
from .score_tables import Row, print_fractions, print_scores
from .tables import print_table

FRACTIONS = (1.0, 0.5, 0.2, 0.01)
#: Estimator, sampling rate in Hz and aggregations of each method.
METHODS = {
    "recognition": (PretextPretrainer, 256, ["max", "rhythm"]),
    "masked": (MaskedPretrainer, RATE, ["cls", "mean", "rhythm"]),
    "rhythm": (PretextPretrainer, 100, ["mean", "max"]),
}
#: Features side by side.
ROWS = {
    "recognition max": ["recognition max"],
    "recognition rhythm": ["recognition rhythm"],
    "recognition max, rhythm": ["recognition max", "recognition rhythm"],
    "masked cls": ["masked cls"],
    "masked mean": ["masked mean"],
    "masked rhythm": ["masked rhythm"],
    "rhythm mean": ["rhythm mean"],
    "rhythm mean, max": ["rhythm mean", "rhythm max"],
}
UNIONS = {
    "recognition max, masked mean": ["recognition max", "masked mean"],
    "recognition max, heart rate": ["recognition max", "heart rate"],
    "recognition rhythm, heart rate": ["recognition rhythm", "heart rate"],
    "masked mean, heart rate": ["masked mean", "heart rate"],
    "rhythm mean, max, heart rate": ["rhythm mean", "rhythm max", "heart rate"],
    "recognition max, masked mean, heart rate": ["recognition max", "masked mean", "heart rate"],
}
HEART_RATE = {"heart rate": ["heart rate"]}
#: How long and how fast the target data is learnt from, beside --epochs: all of it, to the end.
TRAINING = {
    "batch_size": 32,
    "validation_fraction": None,
    "patience": None,
    "precision": "auto",
    "random_state": 0,
    "verbose": 1,
}


@dataclass
class Windows:
    """The same windows as each method takes them, with target and subject."""

    of: dict[str, np.ndarray]
    target: np.ndarray
    subject: np.ndarray

    @property
    def people(self) -> np.ndarray:
        return np.unique(self.subject)

    def keep(self, people) -> "Windows":
        kept = np.isin(self.subject, people)
        of = {method: windows[kept] for method, windows in self.of.items()}
        return Windows(of, self.target[kept], self.subject[kept])

    @property
    def halves(self) -> list["Windows"]:
        """Those of people 1, 3, ..., and those of people 2, 4, ..."""
        return [self.keep(self.people[i::2]) for i in (0, 1)]


@dataclass(frozen=True)
class Labels:
    """Which parts of the labels are kept, and the seeds of the draws."""

    fractions: Sequence[float]
    draws: Sequence[int]


def run(args) -> None:
    if args.seeds < 1:
        raise ValueError(f"--seeds must be at least 1, got {args.seeds}.")
    data = windows_of_all(args)
    if args.choose:
        choose(args.choose, data.halves[0], args)
        return
    print(f"{len(data.target)} windows of {len(data.people)} people")
    print(f"few labels: means over {args.seeds} draws of which are kept\n", flush=True)
    encoders = load_encoders(args)
    rows = [majority(data)]
    sources = {"shipped": shipped_rows, "random": untrained_rows, "target": target_rows}
    for name, score in sources.items():
        if name in args.encoders:
            start = time.perf_counter()
            found = score(encoders, data, args)
            rows += found
            seconds = time.perf_counter() - start
            print(f"{name}: {len(found)} rows in {seconds:.0f} s", flush=True)
    print_scores(rows)
    print_fractions(rows, FRACTIONS)


def windows_of_all(args) -> Windows:
    """Windows of --data, or of a simulated cohort, prepared for each method."""
    cohort = labelled_cohort(args)
    rates = np.broadcast_to(cohort.sampling_rate, len(cohort.target))
    of, labels = {}, None
    for method in METHODS:
        preparation = CONFIG["preparation"][method]
        scaled = as_learnt(cohort.recordings, rates, cohort.subject, preparation)
        segmenter = Segmenter(preparation["sampling_rate"])
        of[method], *own = segmenter.windows(scaled, cohort.target, cohort.subject)
        labels = labels or own
        if not all(map(np.array_equal, labels, own)):
            raise ValueError(
                f"--data {args.data} gives {len(labels[0])} windows for recognition, "
                f"{len(own[0])} for {method}; features side by side need the same ones. Trim its "
                "recordings to whole windows."
            )
    return Windows(of, *labels)


def load_encoders(args) -> dict:
    """Encoders by method; one that cannot be had is left out, and that is said."""
    encoders = {}
    for method in METHODS:
        place = getattr(args, method)
        try:
            found, encoder = load(place, args.device)
        except FileNotFoundError as error:
            print(f"without rows of {method}: --{method} {place} is missing ({error})\n")
            continue
        if found != method:
            raise ValueError(
                f"--{method} {place} must hold a {wanted(method)}, got a {wanted(found)}."
            )
        encoders[method] = encoder
    return encoders


def load(place: str, device: str) -> tuple:
    """Load an encoder, and find which method it is of."""
    encoder = load_pretrained(place, device=device)
    of_kind = [method for method, (kind, *_) in METHODS.items() if isinstance(encoder, kind)]
    fits = [method for method in of_kind if encoder.sampling_rate_ in (None, METHODS[method][1])]
    if not fits:
        rates = " or ".join(f"{METHODS[method][1]:g}" for method in of_kind)
        raise ValueError(
            f"{place} takes windows at {encoder.sampling_rate_:g} Hz; those of a "
            f"{type(encoder).__name__} are prepared at {rates} Hz here."
        )
    return fits[0], encoder


def wanted(method: str) -> str:
    kind, rate, _ = METHODS[method]
    return f"{kind.__name__} of windows at {rate} Hz"


def majority(data: Windows) -> Row:
    scores = [majority_people(data.target, data.subject, fraction) for fraction in FRACTIONS]
    return Row("majority class", "", 0, np.stack([scores, scores], axis=1))


def shipped_rows(encoders: dict, data: Windows, args) -> list[Row]:
    """Score heart rate, and features of the encoders as they are, alone and side by side."""
    features = with_heart_rate(encoders, data)
    labels = Labels(FRACTIONS, range(args.seeds))
    return [
        *score_rows([features], HEART_RATE, "", data, labels, args.jobs),
        *score_rows([features], ROWS | UNIONS, "shipped", data, labels, args.jobs),
    ]


def untrained_rows(encoders: dict, data: Windows, args) -> list[Row]:
    """Score the same networks as they are initialised, each person by the mean over seeds."""
    of_seeds = []
    for seed in range(args.seeds):
        networks = {m: untrained(encoder, data.of[m], seed) for m, encoder in encoders.items()}
        features = with_heart_rate(networks, data)
        labels = Labels(FRACTIONS, [seed])
        of_seeds.append(
            score_rows([features], ROWS | UNIONS, "initialised", data, labels, args.jobs)
        )
    return [
        Row(rows[0].name, rows[0].encoder, rows[0].n_features, np.mean([r.scores for r in rows], 0))
        for rows in zip(*of_seeds, strict=True)
    ]


def untrained(encoder, windows, seed: int):
    """Make the network of an encoder anew, with weights as they are drawn."""
    return clone(encoder).set_params(max_epochs=0, random_state=seed).fit(windows)


def target_rows(encoders: dict, data: Windows, args) -> list[Row]:
    """Score the same networks, pretrained on every second person, on the others."""
    of_halves = {m: pretrained_on_halves(encoder, m, data, args) for m, encoder in encoders.items()}
    print_training(of_halves, data)
    # people 1, 3, ... are embedded by the encoder pretrained on 2, 4, ..., and the other way round
    in_turn = [{m: halves[i] for m, halves in of_halves.items()} for i in (1, 0)]
    features = [with_heart_rate(of_half, data) for of_half in in_turn]
    labels = Labels(FRACTIONS, range(args.seeds))
    return score_rows(features, ROWS | UNIONS, "target data", data, labels, args.jobs)


def pretrained_on_halves(encoder, method: str, data: Windows, args) -> list:
    """Pretrain on people 1, 3, ..., and on people 2, 4, ..."""
    pretrainer = clone(encoder).set_params(max_epochs=args.epochs, memory=args.memory, **TRAINING)
    trained = Parallel(n_jobs=args.jobs)(
        delayed(clone(pretrainer).fit)(half.of[method], groups=half.subject) for half in data.halves
    )
    # only training is as fast as can be: features are compared with those of the shipped encoder
    return [half.set_params(precision=encoder.precision) for half in trained]


def print_training(of_halves: dict[str, list], data: Windows) -> None:
    """Print how much the encoders that learnt from the target data have learnt from."""
    print("\nPretraining on the target data\n")
    cells = []
    for method, trained in of_halves.items():
        for who, encoder, half in zip(
            ("1, 3, ...", "2, 4, ..."), trained, data.halves, strict=True
        ):
            n_windows, epochs = len(half.target), encoder.n_epochs_
            updates = epochs * -(-n_windows // encoder.batch_size)
            cells.append([method, who, len(half.people), n_windows, epochs, updates])
    print_table(["method", "people", "how many", "windows", "epochs", "updates"], cells)
    print(flush=True)


def with_heart_rate(encoders: dict, data: Windows) -> dict[str, np.ndarray]:
    """Features of all windows, of the encoders and heart rate."""
    hrv = HRVFeatures(256, features=["mean_hr", "sdnn", "rmssd"])
    heart_rate = {"heart rate": hrv.fit_transform(data.of["recognition"])}
    return heart_rate | embedded(encoders, data)


def embedded(encoders: dict, data: Windows) -> dict[str, np.ndarray]:
    """Features of all windows, by method and aggregation."""
    features = {}
    for method, encoder in encoders.items():
        _, rate, ways = METHODS[method]
        columns = encoder.encode(data.of[method], aggregate=ways, sampling_rate=rate)
        ends = np.cumsum([encoder.n_features_encoded(aggregate=way) for way in ways])
        parts = np.split(columns, ends[:-1], axis=1)
        features |= {f"{method} {way}": X for way, X in zip(ways, parts, strict=True)}
    return features


def score_rows(
    in_turn: list[dict], layout: dict, encoder: str, data: Windows, labels: Labels, n_jobs: int
) -> list[Row]:
    """Score the rows of a layout whose features are there; `in_turn` as in predict_people."""
    rows = []
    for name, parts in layout.items():
        if not in_turn[0].keys() >= set(parts):
            continue
        X = [np.hstack([own[part] for part in parts], dtype=np.float64) for own in in_turn]
        scores = [score_columns(X, data, f, labels.draws, n_jobs) for f in labels.fractions]
        rows.append(Row(name, encoder, X[0].shape[1], np.array(scores)))
        # long before the tables, and not among them
        print(name, encoder, *map(interval, scores[0]), sep="  ", file=sys.stderr, flush=True)
    return rows


def score_columns(
    X: list[np.ndarray], data: Windows, fraction: float, draws: Sequence[int], n_jobs: int
) -> np.ndarray:
    """Score each person by features as they are and scaled by person."""
    columns = [X, [scale_rows(own, data.subject) for own in X]]
    how = (data.target, data.subject, fraction, draws, n_jobs)
    return np.array([score_people(features, *how) for features in columns])


def choose(places: list[str], data: Windows, args) -> None:
    """Score candidates with all labels, on the people that are given."""
    print(f"{len(data.target)} windows of {len(data.people)} people: 1, 3, ...", flush=True)
    loaded = {place: load(place, args.device) for place in places}
    for method in METHODS:
        candidates = {place: encoder for place, (m, encoder) in loaded.items() if m == method}
        layout = {name: parts for name, parts in ROWS.items() if name.startswith(method)}
        if not candidates:
            continue
        header = ["encoder", *(cell for name in layout for cell in (name, "scaled by person"))]
        print("\nAll labels: mean ± 95 % interval\n")
        cells = []
        for place, encoder in candidates.items():
            features = embedded({method: encoder}, data)
            rows = score_rows([features], layout, place, data, Labels([1.0], [0]), args.jobs)
            cells.append([place, *(interval(s) for row in rows for s in row.scores[0])])
        print_table(header, cells)
