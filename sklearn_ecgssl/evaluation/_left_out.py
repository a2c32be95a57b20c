"""A protocol that leaves out a value of a field: a data set, a stressor."""

from typing import Any

import numpy as np

from ..signal._recordings import is_missing
from ._protocols import Protocol, Split, by_group, is_regression
from ._windows import LabelledWindows

#: How many values of a field an error names.
_SHOWN = 20


def left_out(
    field: Any,
    value: Any,
    *,
    shared: Any = (),
    n_splits: int | None = 10,
    random_state: Any = 0,
) -> Protocol:
    """Leave out a value of a field, such as a data set or a stressor, and its people.

    Tested are the people who have recordings of the value, on these recordings and on those of the
    values that are shared. Trained is on people who are not tested, on everything but the value.

    People who have recordings of the value alone, such as those of a data set, are tested in one
    fold, whose training set is everything else. Where they have others too, as where each met
    several stressors, people are split into folds, so that nothing is learnt from a tested person.

    Parameters
    ----------
    field : array-like of shape (n_recordings,)
        What each recording is of, such as ``corpus.fields["data_set"]``.
    value : object
        The value of the field that is left out of the training sets and tested.
    shared : object or list of objects, default=()
        Values that training and test sets both have, each of its own people, such as the rest that
        a stressor is told from.
    n_splits : int or None, default=10
        Folds of people; fewer where there are fewer people. None tests one person at a time.
    random_state : int, RandomState instance or None, default=0
        Seed of the order.

    Returns
    -------
    Protocol
        Named "without <value>".

    Raises
    ------
    ValueError
        If the field has no such value; and when it splits: if the field does not have one entry
        for each recording, a training set would be empty, all tested windows are of one class, or
        a tested class is in no training set.

    Notes
    -----
    A single fold has no interval over folds. People are told apart by their subject; `concatenate`
    puts the name of the data set before it.

    Examples
    --------
    Each data set by those that are left:

    >>> import numpy as np
    >>> from sklearn_ecgssl.datasets import make_cohort
    >>> from sklearn_ecgssl.evaluation import compare_protocols, left_out
    >>> cohort = make_cohort(n_subjects=4, duration=40, random_state=0)
    >>> data = cohort.recordings, cohort.target, cohort.subject
    >>> data_set = np.repeat(["lab", "street"], 4)
    >>> protocols = [left_out(data_set, name) for name in ("lab", "street")]
    >>> results = compare_protocols({}, *data, protocols=protocols)
    >>> results.table()[["estimator", "protocol", "n_folds"]]
            estimator        protocol  n_folds
    0  majority class     without lab        1
    1      heart rate     without lab        1
    2  majority class  without street        1
    3      heart rate  without street        1

    A stressor that the model has not met, told from rest:

    >>> stressor = np.array(["rest", "sums", "rest", "speech"] * 2)
    >>> protocol = left_out(stressor, "speech", shared="rest")
    >>> print(protocol.sees)
    not trained on anything of speech, nor of the tested people, whose rest is tested too: says ...
    >>> results = compare_protocols({}, *data, protocols=protocol)
    >>> results.table()["n_folds"].unique().tolist(), set(results.predictions["subject"])
    ([2], {1, 3})
    """
    of_recording = np.asarray(field, dtype=object)
    if of_recording.ndim != 1:
        raise ValueError(
            f"field must be 1-D, one entry a recording, got shape {of_recording.shape}."
        )
    both = [shared] if isinstance(shared, str) or not np.iterable(shared) else list(shared)
    is_left_out = _has("value", value, of_recording)
    is_tested = is_left_out.copy()
    for one in both:
        if one == value:
            raise ValueError(f"shared must not hold {value!r}, the value that is left out.")
        is_tested |= _has("shared", one, of_recording)

    def split(windows: LabelledWindows) -> Split:
        n_recordings = len(windows.store.blocks)
        if len(of_recording) != n_recordings:
            raise ValueError(
                f"field must have one entry for each of the {n_recordings} recordings, got "
                f"{len(of_recording)}."
            )
        left = is_left_out[windows.recording]
        of_people = np.isin(windows.subject, np.unique(windows.subject[left]))
        tested = np.flatnonzero(of_people & is_tested[windows.recording])
        if len(np.unique(windows.subject[tested])) == 1 or np.array_equal(of_people, left):
            tests = [tested]
        else:
            pairs = by_group(windows, windows.subject, "subjects", n_splits, random_state, tested)
            tests = [test for _, test in pairs]
        people = [np.isin(windows.subject, windows.subject[test]) for test in tests]
        trains = [np.flatnonzero(~left & ~tested_people) for tested_people in people]
        _check(value, windows, trains, tested)
        return list(zip(trains, tests, strict=True))

    whose = f", whose {' and '.join(map(str, both))} is tested too" if both else ""
    return Protocol(
        f"without {value}",
        f"not trained on anything of {value}, nor of the tested people{whose}: says how well it "
        "does on new people, in a data set or under a stressor that it has not met.",
        split,
    )


def _has(parameter: str, value: Any, field: np.ndarray) -> np.ndarray:
    """Mark the recordings that have a value of a field, of which there must be some."""
    found = np.array([not is_missing(one) and one == value for one in field], dtype=bool)
    if not found.any():
        there = list(dict.fromkeys(map(repr, field.tolist())))
        more = ", ..." if len(there) > _SHOWN else ""
        raise ValueError(
            f"{parameter}: no recording has {value!r} in field. There are "
            f"{', '.join(there[:_SHOWN]) or 'none'}{more}."
        )
    return found


def _check(value: Any, windows: LabelledWindows, trains: list[np.ndarray], tested: Any) -> None:
    """Raise unless something is left to train on, and classes can be told apart in the tests."""
    if not all(map(len, trains)):
        raise ValueError(
            f"value: nothing is left to train on without {value!r} and the people who have it. "
            "Leave out a value that other people lack, or take more n_splits."
        )
    if is_regression(windows):
        return
    classes = np.unique(windows.target[tested])
    if len(classes) == 1:
        raise ValueError(
            f"value: all windows that are tested without {value!r} are of one class, "
            f"{classes.tolist()[0]!r}. Pass shared=, the values of field that it is told from, "
            "such as rest."
        )
    unknown = np.setdiff1d(classes, windows.target[np.concatenate(trains)]).tolist()
    if unknown:
        raise ValueError(
            f"value: without {value!r} nothing of the class {unknown[0]!r} is left to train on, "
            "which is tested. Leave out a value that is not the only one of its class."
        )
