"""bfloat16 against float32: learning curves, features and downstream scores of the same method.

Two networks learn from the same windows in the same order with the same transformations, one in
each precision. Folds are whole people; both encoders have seen the windows of all of them without
labels, which favours neither.
"""

import numpy as np
from joblib import Parallel, delayed
from scipy.stats import t
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ecgssl.pretext import PretextPretrainer

from .ecg import labelled_windows
from .tables import print_table

PRECISIONS = ("float32", "bfloat16")


def run(args) -> None:
    windows, target, subject = labelled_windows(args)
    print(f"{len(windows)} windows of {len(np.unique(subject))} people, {args.epochs} epochs\n")
    # Several seeds show what chance alone does to curves and scores.
    settings = [(precision, seed) for seed in range(args.seeds) for precision in PRECISIONS]
    fitted = Parallel(n_jobs=2)(
        delayed(_pretrained)(windows, precision, seed, args) for precision, seed in settings
    )
    encoders = dict(zip(settings, fitted, strict=True))
    _print_curves(encoders)
    _print_features(encoders, windows)
    _print_scores(encoders, windows, target, subject, range(args.seeds))


def _pretrained(windows, precision, seed, args) -> PretextPretrainer:
    return PretextPretrainer(
        max_epochs=args.epochs, batch_size=32, precision=precision, random_state=seed
    ).fit(windows)


def _print_curves(encoders) -> None:
    rows = []
    for i, epoch in enumerate(next(iter(encoders.values())).history_):
        losses = [f"{encoder.history_[i]['train_loss']:.3f}" for encoder in encoders.values()]
        rows.append([epoch["epoch"], *losses])
    print_table(["training loss", *(f"{name}, {seed}" for name, seed in encoders)], rows)
    print()


def _print_features(encoders, windows) -> None:
    """Weights learnt in either precision, applied in both."""
    rows = []
    for (learnt_in, seed), encoder in encoders.items():
        one, other = (
            encoder.set_params(precision=precision).encode(windows) for precision in PRECISIONS
        )
        encoder.set_params(precision=learnt_in)
        varying = one.std(axis=0) > 1e-6 * np.abs(one).max()
        correlations = [np.corrcoef(one[:, i], other[:, i])[0, 1] for i in np.flatnonzero(varying)]
        rows.append(
            [
                f"{learnt_in}, seed {seed}",
                int(varying.sum()),
                f"{min(correlations):.5f}",
                f"{np.median(correlations):.5f}",
            ]
        )
    print_table(["weights learnt in", "varying features", "least r", "median r"], rows)
    print()


def _print_scores(encoders, windows, target, subject, seeds) -> None:
    """Balanced accuracy of logistic regression on unseen people, fold by fold."""
    folds = GroupKFold(min(8, len(np.unique(subject))))
    classifier = make_pipeline(
        StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=2000)
    )

    def scores(learnt_in: str, seed: int, applied_in: str) -> np.ndarray:
        features = encoders[learnt_in, seed].set_params(precision=applied_in).encode(windows)
        return cross_val_score(
            classifier, features, target, groups=subject, cv=folds, scoring="balanced_accuracy"
        )

    rows = []
    for seed in seeds:
        exact, rough = (scores(precision, seed, precision) for precision in PRECISIONS)
        same_weights = scores("float32", seed, "bfloat16")
        compared = [exact, rough, rough - exact, same_weights - exact]
        rows.append([seed, *map(_with_interval, compared), *(c.mean() for c in compared)])
    means = np.array([row[5:] for row in rows])
    rows = [row[:5] for row in rows]
    rows.append(["over seeds", *map(_with_interval, means.T)])
    header = ["seed", "float32", "bfloat16", "difference", "of the embedding alone"]
    print("Balanced accuracy, 95 % interval over folds (last row: over seeds):\n")
    print_table(header, rows)


def _with_interval(values: np.ndarray) -> str:
    half = t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return f"{values.mean():.3f} ± {half:.3f}"
