"""Pieces of longer signals, cut by label and by gap, as recordings."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import Bunch

from .._checks import warn_caller
from ._data_set import Label, LeftOut
from ._load import _defect, _summary, column, one_rate


class Piece(NamedTuple):
    """Samples of one person under one label, without a gap."""

    subject: Any
    label: Any
    signal: np.ndarray
    sampling_rate: float
    facts: dict[str, Label | np.datetime64]


def bunch_of(
    pieces: Iterable[Piece],
    *,
    source: str,
    unit: str,
    lead: str,
    min_duration: float,
    cut: Sequence[str] = (),
) -> Bunch:
    """Put pieces side by side as the loaders do, without the short and flat ones, and warn once.

    `cut` says what else was left out or ended a recording.
    """
    kept: list[tuple[str, Piece]] = []
    left_out: list[LeftOut] = []
    seen: Counter[str] = Counter()
    for piece in pieces:
        what = str(piece.subject) if piece.label is None else f"{piece.subject}/{piece.label}"
        seen[what] += 1
        record = what if seen[what] == 1 else f"{what} {seen[what]}"
        why = _why_not(piece, min_duration)
        if why:
            left_out.append(LeftOut(str(piece.subject), record, why))
        else:
            kept.append((record, piece))
    said = [*cut, *([_summary(left_out)] if left_out else [])]
    if not kept:
        raise ValueError(
            f"{source} gives no recording of min_duration={min_duration:g} s or more. "
            f"{'; '.join(said).rstrip('.') or 'It is empty'}. Take a smaller min_duration; or, if "
            "rows of several people or leads alternate, sort the table."
        )
    if said:
        warn_caller(f"{source}: {'; '.join(said).rstrip('.')}.")
    labels = [piece.label for _, piece in kept]
    target, target_names = (None, None) if None in labels else classes_of(column(labels))
    return Bunch(
        recordings=[piece.signal for _, piece in kept],
        target=target,
        target_names=target_names,
        subject=column(piece.subject for _, piece in kept),
        sampling_rate=one_rate(np.array([piece.sampling_rate for _, piece in kept])),
        fields={
            "record": np.array([record for record, _ in kept]),
            "lead": np.array([lead] * len(kept)),
            **{
                name: fact([piece.facts[name] for _, piece in kept])
                for name in dict.fromkeys(name for _, piece in kept for name in piece.facts)
            },
        },
        unit=unit,
        name=source,
        left_out=left_out,
        DESCR=f"{len(kept)} recordings, cut out of {source}.",
    )


def classes_of(values: np.ndarray) -> tuple[np.ndarray, list[str] | None]:
    """Return numbers as they are; text as indices into its classes, which are named."""
    if values.dtype.kind == "f":
        return values, None
    classes, indices = np.unique(values, return_inverse=True)
    names = [str(one) for one in classes]
    if values.dtype.kind not in "iu":
        return indices, names
    return values, names if np.array_equal(classes, np.arange(len(classes))) else None


def fact(values: list[Any]) -> np.ndarray:
    """Make an array of what is known of recordings: a column, or datetimes."""
    is_time = isinstance(values[0], np.datetime64)
    return np.array(values) if is_time else column(values)


def _why_not(piece: Piece, min_duration: float) -> str:
    n_times, rate = len(piece.signal), piece.sampling_rate
    if n_times < max(1, round(min_duration * rate)):
        return f"has {n_times} samples, less than {min_duration:g} s at {rate:g} Hz"
    return _defect(piece.signal)
