"""Rhythm of recordings from few labels, by features that are pooled over a recording.

C of the classifier is chosen for each draw of labels, by the log loss in cross-validation on the
labelled recordings. Columns are scaled by all recordings that may be learnt from, which takes no
label. Every row is treated alike; of two kinds of features side by side each has the same variance,
however many columns it has.
"""

from dataclasses import dataclass

import numpy as np
from sklearn import config_context
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

#: Draws of which labels are kept, by their fraction.
DRAWS = {0.01: 20, 0.1: 3, 1.0: 1}
#: C of the logistic regression, of columns whose variances add up to 1.
GRID = [1, 10, 100, 1000]
N_FOLDS = 5
#: Probability that a recording which is told wrongly counts with.
LEAST = 1e-6


@dataclass
class Task:
    """Labels of all recordings; which may be learnt from, and which are asked."""

    target: np.ndarray
    train: np.ndarray
    test: np.ndarray

    def draws(self, fraction: float) -> list[np.ndarray]:
        """Choose the recordings with a label, the same ones for all features."""
        if fraction == 1:
            return [self.train]
        splitter = StratifiedShuffleSplit(DRAWS[fraction], train_size=fraction, random_state=0)
        labels = self.target[self.train]
        return [self.train[kept] for kept, _ in splitter.split(labels, labels)]


def score(blocks: list[tuple[np.ndarray, float]], task: Task, fractions) -> list[str]:
    """Mean macro F1 by the fraction of labels.

    blocks: features of all recordings that stand side by side, and what variance each has.
    """
    X = np.hstack([np.sqrt(share) * prepared(block, task) for block, share in blocks])
    return [
        f"{np.mean([score_draw(X, task, labelled) for labelled in task.draws(fraction)]):.3f}"
        for fraction in fractions
    ]


def prepared(X: np.ndarray, task: Task) -> np.ndarray:
    steps = make_pipeline(SimpleImputer(), StandardScaler()).fit(X[task.train])
    return as_one(steps.transform(X), task)


def as_one(X: np.ndarray, task: Task) -> np.ndarray:
    """Scale columns alike, so that their variances add up to 1."""
    return X / np.sqrt(X[task.train].var(axis=0).sum())


def score_draw(X: np.ndarray, task: Task, labelled: np.ndarray) -> float:
    """Macro F1 with the C that has the least log loss on the labelled recordings."""
    y = task.target[labelled]
    rarest = np.unique(y, return_counts=True)[1].min()
    folds = StratifiedKFold(min(N_FOLDS, rarest), shuffle=True, random_state=0)
    with config_context(skip_parameter_validation=True):  # of the same few, again and again
        found = losses(X[labelled], y, list(folds.split(y, y)))
        c = min(found, key=lambda one: found[one])
        predicted = classifier(c).fit(X[labelled], y).predict(X[task.test])
    return float(f1_score(task.target[task.test], predicted, average="macro"))


def losses(X: np.ndarray, y: np.ndarray, folds: list) -> dict[float, float]:
    """Log loss by C, of labelled recordings that the classifier has not seen."""
    total = dict.fromkeys(GRID, 0.0)
    for train, test in folds:
        regression = classifier(GRID[0]).set_params(warm_start=True)
        for c in GRID:
            regression.set_params(C=c).fit(X[train], y[train])
            column = np.searchsorted(regression.classes_, y[test])
            probability = regression.predict_proba(X[test])[np.arange(len(test)), column]
            total[c] -= np.log(np.maximum(probability, LEAST)).sum()
    return total


def classifier(c: float) -> LogisticRegression:
    return LogisticRegression(C=c, class_weight="balanced", max_iter=500)
