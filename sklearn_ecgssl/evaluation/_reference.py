"""Reference windows: rest that is known of each person, neither learnt from nor scored."""

from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from .._checks import check_choice, warn_caller
from .._compat import Interval, StrOptions
from ._windows import LabelledWindows


class ReferenceWindows(BaseEstimator):
    """Some seconds of each person in one class, such as a minute of rest.

    What `compare_protocols` takes as `reference`: the windows from which a
    `SubjectReferenceClassifier` knows where a person rests [1]_.

    Parameters
    ----------
    label : label
        The class, such as "rest".
    seconds : float, default=60
        How much of each person: the windows that lie wholly in so many seconds of the person's
        recordings of this class, in their order. 0 takes none.
    position : {"first", "last", "random"}, default="first"
        Which part. "random" draws as many windows as fit into `seconds`.
    random_state : int, default=0
        Seed of the draw.

    References
    ----------
    .. [1] P. Siirtola, 2023, doi:10.3390/s23031598.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ecgssl.evaluation import LabelledWindows, ReferenceWindows
    >>> windows = LabelledWindows.from_recordings(
    ...     [np.ones(7680), np.ones(5120)], ["rest", "task"], ["Ann", "Ann"]
    ... )
    >>> ReferenceWindows("rest", seconds=20).mask(windows)
    array([ True,  True, False, False, False])
    """

    _parameter_constraints: dict = {
        "label": "no_validation",
        "seconds": [Interval(Real, 0, None, closed="left")],
        "position": [StrOptions({"first", "last", "random"})],
        "random_state": [Interval(Integral, 0, None, closed="left")],
    }

    def __init__(
        self, label: Any, seconds: float = 60, position: str = "first", random_state: int = 0
    ) -> None:
        self.label = label
        self.seconds = seconds
        self.position = position
        self.random_state = random_state

    def __str__(self) -> str:
        return f"{self.position} {self.seconds} s of {self.label!r}"

    def mask(self, windows: LabelledWindows) -> np.ndarray:
        """Mark the reference windows of each person.

        Parameters
        ----------
        windows : LabelledWindows
            All windows.

        Returns
        -------
        ndarray of bool of shape (n_windows,)
            Whether each window is a reference window.

        Raises
        ------
        ValueError
            If no window has the label, or none fits into `seconds`.

        Warns
        -----
        UserWarning
            If people have less of this class than `seconds`.
        """
        self._validate_params()
        check_choice("label", self.label, np.unique(windows.target).tolist())
        if 0 < self.seconds < windows.window_length:
            raise ValueError(
                f"reference: seconds={self.seconds:g} holds no window of "
                f"{windows.window_length:g} s. Take more seconds, or shorter windows."
            )
        marked = np.zeros(len(windows), dtype=bool)
        random = check_random_state(self.random_state)
        have_less = []
        for person in np.unique(windows.subject):
            own = np.flatnonzero((windows.subject == person) & (windows.target == self.label))
            begin, seconds = _begins(own, windows)
            if self.position == "random":
                n_drawn = int(self.seconds / windows.window_length + 1e-9)
                chosen = random.permutation(own)[:n_drawn]
            else:
                is_first = self.position == "first"
                needed = begin + windows.window_length if is_first else seconds - begin
                chosen = own[needed <= self.seconds + 1e-9]
            marked[chosen] = True
            if 0 < seconds < self.seconds - 1e-9:
                have_less.append(person)
        if have_less:
            warn_caller(
                f"reference: {len(have_less)} people have less than {self.seconds:g} s of "
                f"{self.label!r}, all of which is reference: {_listed(np.array(have_less))}. Take "
                "fewer seconds, or leave them out."
            )
        return marked


def reference_mask(reference: Any, windows: LabelledWindows) -> np.ndarray:
    """Mark reference windows: by `ReferenceWindows`, or by a mask of recordings or windows."""
    if isinstance(reference, ReferenceWindows):
        marked = reference.mask(windows)
    else:
        marked = _as_mask(reference, windows)
    without = np.setdiff1d(windows.subject, windows.subject[marked])
    if marked.any() and len(without):
        raise ValueError(
            f"reference: {len(without)} people have no reference window: {_listed(without)}. Leave "
            "out their recordings, or mark rest of theirs."
        )
    return marked


def held_back(masks: Iterable[np.ndarray], windows: LabelledWindows) -> np.ndarray:
    """Mark what is neither learnt from nor scored: reference, and what overlaps with it."""
    reference = np.any(list(masks), axis=0)
    marked = reference.copy()
    for recording in np.unique(windows.recording[reference]):
        own = np.flatnonzero(windows.recording == recording)
        apart = np.abs(windows.start[own, None] - windows.start[own[reference[own]]])
        marked[own] |= (apart < windows.window_length - 1e-9).any(axis=1)
    kept = windows.target[~marked]
    if len(np.unique(kept)) < 2:
        raise ValueError(
            "reference: of the windows that are no reference, all are of one class "
            f"({np.unique(kept).tolist()}). Mark less, or take fewer seconds."
        )
    unscored = np.setdiff1d(windows.subject, windows.subject[~marked])
    if len(unscored):
        warn_caller(
            f"reference: {len(unscored)} people are not scored, all of their windows are "
            f"reference: {_listed(unscored)}. Mark less of theirs."
        )
    return marked


def _begins(own: np.ndarray, windows: LabelledWindows) -> tuple[np.ndarray, float]:
    """Return when windows of one person begin, if recordings follow one another, and the end."""
    begin, elapsed = np.empty(len(own)), 0.0
    for recording in dict.fromkeys(windows.recording[own].tolist()):
        of_recording = windows.recording[own] == recording
        start = windows.start[own[of_recording]]
        begin[of_recording] = elapsed + start
        elapsed += start.max() + windows.window_length
    return begin, elapsed


def _as_mask(reference: Any, windows: LabelledWindows) -> np.ndarray:
    values = np.asarray(reference)
    n_recordings, n_windows = len(windows.store.blocks), len(windows.store)
    if values.dtype != bool or values.shape not in ((n_recordings,), (n_windows,)):
        raise ValueError(
            "reference must be ReferenceWindows or a mask: an array of bool with one value for "
            f"each of {n_recordings} recordings or {n_windows} windows, got {values.dtype} of "
            f"shape {values.shape}."
        )
    if not values.any():
        raise ValueError("reference is a mask that marks nothing: leave it out, or mark rest.")
    return values[windows.index if len(values) == n_windows else windows.recording]


def _listed(people: np.ndarray) -> str:
    shown = ", ".join(map(repr, people[:3].tolist()))
    return shown if len(people) <= 3 else f"{shown}, ..."
