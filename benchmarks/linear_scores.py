"""Scores of a linear classifier of features on people who are left out one at a time.

How strongly it is regularised is chosen for each left-out person anew, by cross-validation among
the others' labelled windows in which people are held out: no window and no label of whoever is
scored has a say in it. A score with few labels is a mean over draws of which labels are kept.
"""

from collections.abc import Sequence

import numpy as np
from joblib import Parallel, delayed
from sklearn import config_context
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut
from sklearn.utils.class_weight import compute_sample_weight

from sklearn_ecgssl.evaluation import (
    LabelFractionSplit,
    confidence_interval,
    linear_classifier,
)

#: C of the logistic regression, and the folds of people in which it is chosen.
GRID = (0.001, 0.003, 0.01, 0.03, 0.1, 1)
N_FOLDS = 4


def score_people(
    features, target, subject, fraction: float = 1.0, draws: Sequence[int] = (0,), n_jobs: int = 1
) -> np.ndarray:
    """Balanced accuracy of each person, in the order of np.unique(subject).

    draws: seeds of the choice of labels; a person's score is the mean over them.
    """
    if fraction == 1:
        draws = draws[:1]  # all labels are the same ones in every draw
    of_draws = [predict_people(features, target, subject, fraction, d, n_jobs) for d in draws]
    own = [subject == person for person in np.unique(subject)]
    scores = [[mean_recall(target[o], predicted[o]) for o in own] for predicted in of_draws]
    return np.mean(scores, axis=0)


def predict_people(
    features, target, subject, fraction: float = 1.0, draw: int = 0, n_jobs: int = 1
) -> np.ndarray:
    """Predict each window by a classifier that has not seen its person.

    features: list of arrays (n_windows, n_features); the first serves the first person and all that
    he or she is compared with, the second the second, and so on in turn.
    """
    predicted = np.empty_like(target)
    folds = folds_of_people(target, subject, fraction, draw)
    found = Parallel(n_jobs=n_jobs)(
        delayed(_predict)(features[i % len(features)], target, subject, labelled, test)
        for i, (labelled, test) in enumerate(folds)
    )
    for (_, test), labels in zip(folds, found, strict=True):
        predicted[test] = labels
    return predicted


def majority_people(target, subject, fraction: float = 1.0) -> np.ndarray:
    """Balanced accuracy of each person, of the most frequent label among the others'.

    A draw says which labels are kept, not how many of each class: all draws have the same answer.
    """
    scores = []
    for labelled, test in folds_of_people(target, subject, fraction):
        labels, counts = np.unique(target[labelled], return_counts=True)
        scores.append(mean_recall(target[test], np.full(len(test), labels[counts.argmax()])))
    return np.array(scores)


def folds_of_people(
    target, subject, fraction: float, draw: int = 0
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Windows of the other people whose labels are kept, and those of each person in turn."""
    splitter = LabelFractionSplit(LeaveOneGroupOut(), fraction=fraction, random_state=draw)
    return list(splitter.split(target, target, subject))


def chosen_c(X, target, subject) -> float:
    """Find the C that is best on people held out; of equals the most regularised."""
    folds = GroupKFold(min(N_FOLDS, len(np.unique(subject)))).split(X, target, subject)
    scores = [_scores_of_grid(X, target, *fold) for fold in folds]
    return GRID[int(np.mean(scores, axis=0).argmax())]


def score_person(X: np.ndarray, target: np.ndarray, test: np.ndarray, c: float) -> float:
    """Balanced accuracy on the windows of one person, of a classifier that has not seen them."""
    classifier = linear_classifier(c).fit(X[~test], target[~test])
    return mean_recall(target[test], classifier.predict(X[test]))


def interval(values: np.ndarray, sign: str = "") -> str:
    """Mean and half of its 95 % interval."""
    mean, half_width = confidence_interval(values)
    return f"{mean:{sign}.3f} ± {half_width:.3f}"


def mean_recall(target, predicted) -> float:
    """Balanced accuracy; scikit-learn's takes a sixth as long as the fit that it would score."""
    return float(np.mean([(predicted[target == c] == c).mean() for c in np.unique(target)]))


def _predict(X, target, subject, labelled, test) -> np.ndarray:
    X_labelled, labels = X[labelled], target[labelled]
    with config_context(skip_parameter_validation=True):  # of the same few, again and again
        c = chosen_c(X_labelled, labels, subject[labelled])
        return linear_classifier(c).fit(X_labelled, labels).predict(X[test])


def _scores_of_grid(X, target, train, test) -> list[float]:
    # Each fit begins where that of the C before it ended; classes are weighed once for all.
    classifier = linear_classifier()
    prepare = classifier[:-1]
    regression = classifier[-1].set_params(warm_start=True, class_weight=None)
    seen, unseen = prepare.fit_transform(X[train]), prepare.transform(X[test])
    labels, weight = target[train], compute_sample_weight("balanced", target[train])
    fits = (regression.set_params(C=c).fit(seen, labels, weight) for c in GRID)
    return [mean_recall(target[test], fitted.predict(unseen)) for fitted in fits]
