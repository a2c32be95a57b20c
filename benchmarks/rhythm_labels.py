"""Rhythm of recordings from few labels, by features that are pooled over a recording.

How features are pooled, whether their principal components stand in front of the classifier, and
its C are chosen for each draw of labels, by the log loss in cross-validation on the labelled
recordings. Scaling and components are those of all recordings that may be learnt from: they take no
label. Every row is treated alike; of two kinds of features side by side each has the same variance,
however many columns it has.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from sklearn import config_context
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

#: Draws of which labels are kept, by their fraction.
DRAWS = {0.01: 10, 0.1: 3, 1.0: 1}
COMPONENTS = [16]
#: Variance of an encoder's features beside the scores of its comparisons.
SHARES = [0.03, 0.2, 1.0]
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


def score(pooled: dict[str, np.ndarray], task: Task, fractions, beside=None) -> list[str]:
    """Score by the fraction of labels: mean macro F1, and what was chosen most often.

    pooled: features of all recordings, by how they are pooled. beside: others, never reduced.
    """
    candidates = reduced(pooled, task)
    if beside is not None:
        others = prepared(beside, task)
        candidates = {name: np.hstack([X, others]) for name, X in candidates.items()}
    cells: list[str] = []
    for fraction in fractions:
        found = [score_draw(candidates, task, labelled) for labelled in task.draws(fraction)]
        scores, chosen = zip(*found, strict=True)
        cells += [f"{np.mean(scores):.3f}", Counter(chosen).most_common(1)[0][0]]
    return cells


def reduced(pooled: dict[str, np.ndarray], task: Task) -> dict[str, np.ndarray]:
    """Scale features, and compute their principal components."""
    candidates = {}
    for name, X in pooled.items():
        candidates[name] = X = prepared(X, task)
        pca = PCA(min(max(COMPONENTS), X.shape[1]), svd_solver="covariance_eigh")
        components = pca.fit(X[task.train]).transform(X)
        for n in COMPONENTS:
            if n < X.shape[1]:
                candidates[f"{name}, {n} PC"] = as_one(components[:, :n], task)
    if "scores" in candidates:  # a few columns, and many that weigh less
        for share in SHARES:
            weighed = np.sqrt(share) * candidates["mean"]
            candidates[f"scores, {share} mean"] = np.hstack([candidates["scores"], weighed])
    return candidates


def prepared(X: np.ndarray, task: Task) -> np.ndarray:
    steps = make_pipeline(SimpleImputer(), StandardScaler()).fit(X[task.train])
    return as_one(steps.transform(X), task)


def as_one(X: np.ndarray, task: Task) -> np.ndarray:
    """Scale columns alike, so that their variances add up to 1."""
    return X / np.sqrt(X[task.train].var(axis=0).sum())


def score_draw(candidates: dict, task: Task, labelled: np.ndarray) -> tuple[float, str]:
    """Macro F1 of what has the least log loss on the labelled recordings, and its name."""
    y = task.target[labelled]
    rarest = np.unique(y, return_counts=True)[1].min()
    folds = StratifiedKFold(min(N_FOLDS, rarest), shuffle=True, random_state=0)
    with config_context(skip_parameter_validation=True):  # of the same few, again and again
        found = {
            (name, c): loss
            for name, X in candidates.items()
            for c, loss in losses(X[labelled], y, list(folds.split(y, y))).items()
        }
        name, c = min(found, key=found.get)
        X = candidates[name]
        predicted = classifier(c).fit(X[labelled], y).predict(X[task.test])
    return float(f1_score(task.target[task.test], predicted, average="macro")), name


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
