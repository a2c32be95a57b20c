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

from sklearn_ecgssl.datasets import load_recordings, make_cohort
from sklearn_ecgssl.pretext import PretextPretrainer
from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter, scale_subjects

from .tables import print_table

PRECISIONS = ("float32", "bfloat16")


def run(args) -> None:
    windows, target, subject = _windows(args)
    print(f"{len(windows)} windows of {len(np.unique(subject))} people, {args.epochs} epochs\n")
    # A second seed shows what chance alone does to curves and scores.
    settings = [(precision, seed) for precision in PRECISIONS for seed in (0, 1)]
    fitted = Parallel(n_jobs=2)(
        delayed(_pretrained)(windows, precision, seed, args) for precision, seed in settings
    )
    encoders = dict(zip(settings, fitted, strict=True))
    _print_curves(encoders)
    _print_features(encoders, windows)
    _print_scores(encoders, windows, target, subject)


def _windows(args) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if args.data is None:
        cohort = make_cohort(n_subjects=10, duration=(60, 61), random_state=0)
    else:
        where = dict.fromkeys(args.where, True)
        cohort = load_recordings(args.data, target=args.target, where=where, complete_subjects=True)
    rates = np.broadcast_to(cohort.sampling_rate, len(cohort.target))
    recordings = [
        Resampler(rate, 256).fit_transform([recording])[0]
        for recording, rate in zip(cohort.recordings, rates, strict=True)
    ]
    scaled = scale_subjects(ECGFilter(256).fit_transform(recordings), cohort.subject)
    return Segmenter(256).windows(scaled, cohort.target, cohort.subject)


def _pretrained(windows, precision, seed, args) -> PretextPretrainer:
    return PretextPretrainer(
        max_epochs=args.epochs, batch_size=32, precision=precision, random_state=seed
    ).fit(windows)


def _print_curves(encoders) -> None:
    histories = [encoder.history_ for encoder in encoders.values()]
    rows = [
        [epoch["epoch"], *(f"{history[i]['train_loss']:.3f}" for history in histories)]
        for i, epoch in enumerate(histories[0])
    ]
    print_table(["epoch", *(f"{precision}, seed {seed}" for precision, seed in encoders)], rows)
    print()


def _print_features(encoders, windows) -> None:
    """The weights learnt in each precision, applied in both."""
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


def _print_scores(encoders, windows, target, subject) -> None:
    """Balanced accuracy of logistic regression on unseen people, fold by fold."""
    folds = GroupKFold(min(8, len(np.unique(subject))))
    classifier = make_pipeline(
        StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=2000)
    )
    scores = {
        setting: cross_val_score(
            classifier,
            encoder.encode(windows),
            target,
            groups=subject,
            cv=folds,
            scoring="balanced_accuracy",
        )
        for setting, encoder in encoders.items()
    }
    rows = [
        [f"{precision}, seed {seed}", _with_interval(values)]
        for (precision, seed), values in scores.items()
    ]
    for seed in (0, 1):
        difference = scores["bfloat16", seed] - scores["float32", seed]
        rows.append([f"bfloat16 - float32, seed {seed}", _with_interval(difference)])
    for precision in PRECISIONS:
        difference = scores[precision, 1] - scores[precision, 0]
        rows.append([f"seed 1 - seed 0, {precision}", _with_interval(difference)])
    print_table(["encoder", "balanced accuracy (95 % interval over folds)"], rows)


def _with_interval(values: np.ndarray) -> str:
    half = t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return f"{values.mean():.3f} ± {half:.3f}"
