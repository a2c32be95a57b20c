"""Scores of a linear classifier of features on people who are left out one at a time.

How strongly it is regularised is chosen for each left-out person anew, by cross-validation among
the others' labelled windows in which people are held out: no window and no label of whoever is
scored has a say in it.
"""

import numpy as np
from joblib import Parallel, delayed
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut

from sklearn_ecgssl.evaluation import LabelFractionSplit, linear_classifier

#: C of the logistic regression, and the folds of people in which it is chosen.
GRID = (0.001, 0.003, 0.01, 0.03, 0.1, 1)
N_FOLDS = 4
#: Of the choice of labels, the same for everything that is compared.
SEED = 0


def score_people(features, target, subject, fraction: float = 1.0, n_jobs: int = 1) -> np.ndarray:
    """Balanced accuracy of each person, in the order of np.unique(subject)."""
    predicted = predict_people(features, target, subject, fraction, n_jobs)
    own = [subject == person for person in np.unique(subject)]
    return np.array([mean_recall(target[windows], predicted[windows]) for windows in own])


def predict_people(features, target, subject, fraction: float = 1.0, n_jobs: int = 1) -> np.ndarray:
    """Predict each window by a classifier that has not seen its person.

    features: list of arrays (n_windows, n_features); the first serves the first person and all that
    he or she is compared with, the second the second, and so on in turn.
    """
    predicted = np.empty_like(target)
    folds = folds_of_people(target, subject, fraction)
    found = Parallel(n_jobs=n_jobs)(
        delayed(_predict)(features[i % len(features)], target, subject, labelled, test)
        for i, (labelled, test) in enumerate(folds)
    )
    for (_, test), labels in zip(folds, found, strict=True):
        predicted[test] = labels
    return predicted


def majority_people(target, subject, fraction: float = 1.0) -> np.ndarray:
    """Balanced accuracy of each person, of the most frequent label among the others'."""
    scores = []
    for labelled, test in folds_of_people(target, subject, fraction):
        labels, counts = np.unique(target[labelled], return_counts=True)
        scores.append(mean_recall(target[test], np.full(len(test), labels[counts.argmax()])))
    return np.array(scores)


def folds_of_people(target, subject, fraction: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """Windows of the other people whose labels are kept, and those of each person in turn."""
    splitter = LabelFractionSplit(LeaveOneGroupOut(), fraction=fraction, random_state=SEED)
    return list(splitter.split(target, target, subject))


def chosen_c(X, target, subject) -> float:
    """Find the C that is best on people held out; of equals the most regularised."""
    folds = GroupKFold(min(N_FOLDS, len(np.unique(subject)))).split(X, target, subject)
    scores = [_scores_of_grid(X, target, *fold) for fold in folds]
    return GRID[int(np.mean(scores, axis=0).argmax())]


def mean_recall(target, predicted) -> float:
    """Balanced accuracy; scikit-learn's takes a sixth as long as the fit that it would score."""
    return float(np.mean([(predicted[target == c] == c).mean() for c in np.unique(target)]))


def _predict(X, target, subject, labelled, test) -> np.ndarray:
    c = chosen_c(X[labelled], target[labelled], subject[labelled])
    return linear_classifier(c).fit(X[labelled], target[labelled]).predict(X[test])


def _scores_of_grid(X, target, train, test) -> list[float]:
    # Each fit begins where that of the C before it ended.
    classifier = linear_classifier()
    prepare, regression = classifier[:-1], classifier[-1].set_params(warm_start=True)
    seen, unseen = prepare.fit_transform(X[train]), prepare.transform(X[test])
    fits = (regression.set_params(C=c).fit(seen, target[train]) for c in GRID)
    return [mean_recall(target[test], fitted.predict(unseen)) for fitted in fits]
