"""Two encoders for all folds, each tested on what it has not met."""

from dataclasses import replace

import numpy as np

from ._labelled_windows import LabelledWindows
from ._protocols import Folds, Protocol


def opposite_halves(protocol: Protocol) -> Protocol:
    """Pretrain two encoders for all folds, each on the half of the folds that it is not tested on.

    The folds are divided into a first and a second half (of an odd number, the first has one more).
    One encoder learns, without labels, from the windows that are tested in the first half, another
    from those of the second. A fold is tested with the encoder of the other half, which has met
    nothing of the fold; everything else, such as fine-tuning, has the labels of the whole training
    part, as in the wrapped protocol [1]_. So ten folds need two pretrainings instead of ten.

    Parameters
    ----------
    protocol : Protocol
        How to split, such as ``shuffled_windows(10)``, that of [1]_. With `unseen_subjects`,
        encoders learn from the people of the other half.

    Returns
    -------
    Protocol
        Named as the wrapped one, with ", two encoders" behind it.

    Raises
    ------
    TypeError
        If `protocol` is no `Protocol`.
    ValueError
        If `protocol` says already what pretrainers learn from. When it splits: if it makes a single
        fold, or a fold's encoder would learn from windows that are not in the fold's training part
        alone, since the folds do not test each window once and train on all others.

    Notes
    -----
    Windows of the same recording that overlap share samples, on either side of a split of shuffled
    windows: cut them without overlap. Encoders learn from the windows as they are, so a pretrainer
    may not stand behind other steps of a Pipeline; one inside `FrozenEstimator` learns nothing.

    References
    ----------
    .. [1] J. Vazquez-Rodriguez et al., "Transformer-Based Self-Supervised Learning for Emotion
       Recognition", ICPR 2022, arXiv:2204.05103.

    Examples
    --------
    >>> from sklearn_ecgssl.classify import ECGClassifier
    >>> from sklearn_ecgssl.datasets import make_cohort
    >>> from sklearn_ecgssl.evaluation import (
    ...     compare_protocols, opposite_halves, shuffled_windows
    ... )
    >>> from sklearn_ecgssl.pretext import PretextPretrainer
    >>> cohort = make_cohort(n_subjects=4, duration=30, random_state=0)
    >>> pretrainer = PretextPretrainer(filters=(2, 2, 2), max_epochs=1, random_state=0)
    >>> results = compare_protocols(
    ...     {"fine-tuned": ECGClassifier(pretrainer, hidden=(8,), max_epochs=1, random_state=0)},
    ...     cohort.recordings,
    ...     cohort.target,
    ...     cohort.subject,
    ...     protocols=[opposite_halves(shuffled_windows(4))],
    ... )
    >>> results.table()[["estimator", "protocol", "n_folds"]]
            estimator               protocol  n_folds
    0      fine-tuned  windows, two encoders        4
    1  majority class  windows, two encoders        4
    2      heart rate  windows, two encoders        4
    """
    _check_protocol(protocol)

    def pretrain(windows: LabelledWindows, folds: Folds) -> list[np.ndarray]:
        pretraining = _tested_in_the_other_half(protocol.name, folds)
        for number, ((train, test), learnt) in enumerate(zip(folds, pretraining, strict=True)):
            _check_unseen(protocol.name, number, learnt, np.setdiff1d(train, test))
        return pretraining

    return replace(
        protocol,
        name=f"{protocol.name}, two encoders",
        sees=f"{protocol.sees} Pretrainers have learnt, without labels, from the windows of the "
        "other half of the folds alone: two encoders, neither of which has met the windows that it "
        "is tested on.",
        pretrain=pretrain,
    )


def _tested_in_the_other_half(protocol: str, folds: Folds) -> list[np.ndarray]:
    if len(folds) < 2:
        raise ValueError(
            f"opposite_halves needs at least 2 folds, the protocol {protocol!r} made {len(folds)}. "
            "Take more n_splits."
        )
    middle = (len(folds) + 1) // 2
    first, second = (
        np.unique(np.concatenate([test for _, test in half]))
        for half in (folds[:middle], folds[middle:])
    )
    return [second] * middle + [first] * (len(folds) - middle)


def _check_unseen(protocol: str, fold: int, learnt: np.ndarray, allowed: np.ndarray) -> None:
    leaked = np.setdiff1d(learnt, allowed)
    if len(leaked):
        raise ValueError(
            f"opposite_halves cannot take the protocol {protocol!r}: the encoder of fold {fold} "
            f"would learn from {len(leaked)} windows, such as {leaked[0]}, that are in the fold's "
            "test part or not in its training part, since folds of the other half test them. Folds "
            "must test each window once and train on all others, as those of shuffled_windows, "
            "whole_recordings and unseen_subjects do."
        )


def _check_protocol(protocol: Protocol) -> None:
    if not isinstance(protocol, Protocol):
        raise TypeError(
            f"protocol must be a Protocol, such as shuffled_windows(10), got {protocol!r}."
        )
    if protocol.pretrain is not None:
        raise ValueError(
            f"protocol={protocol.name!r} says already what pretrainers learn from. Pass one whose "
            "pretrain is None, such as shuffled_windows(10)."
        )
