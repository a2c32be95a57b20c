"""Windows around events, such as ratings with a time stamp."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import Bunch

from .._checks import warn_caller
from ..signal._recordings import Recordings, check_recordings, check_subjects, is_missing
from ._columns import read_columns, times
from ._data_set import LeftOut
from ._load import _summary, column, one_rate
from ._pieces import classes_of, fact

_SHOWN = 5
#: Of a recording's duration: its rate may be that of a clock which runs 1 % too fast or too slow.
_WELL_INSIDE = 0.99


class Event(NamedTuple):
    """What happened, in which recording (-1: in none, why), and when: seconds from its start."""

    recording: int
    onset: float
    target: Any
    facts: dict[str, Any]
    name: str
    why_none: str = ""


def epochs_around(
    recordings: Recordings,
    onsets: Any,
    before: float,
    after: float = 0.0,
    *,
    sampling_rate: float | ArrayLike = 256,
    target: Any = None,
    subject: ArrayLike | None = None,
    start: Any = None,
) -> Bunch:
    """Cut windows around events: ratings with a time stamp, stimuli, presses of a button.

    Windows may overlap. Those that leave their recording are left out, and counted in a warning.

    Parameters
    ----------
    recordings : list of array-like of shape (n_times,) or array-like (n_recordings, n_times)
        The recordings, best filtered and scaled as a whole. They are not modified.
    onsets : list of array-like, or DataFrame of pandas or polars
        The times of the events. A list has an array for each recording, which may be empty. A
        table has an event in each row, a column "time", and a column "subject" or "recording" (its
        number, from 0); the event is looked for in all recordings of the subject. Its other
        columns come out in `fields`. Times are seconds from the start of the recording; with
        `start`, they are on its clock.
    before, after : float
        Seconds that a window begins before its event and ends after it. Either may be negative:
        ``before=-5, after=15`` is from 5 to 15 s after.
    sampling_rate : float, default=256
        Of the recordings, in Hz. It must be one: resample them first where there are more.
    target : str or array-like, default=None
        Of a table, the name of the column that is the target; events without one are left out. For
        lists, a list like `onsets` with a label for each event, or one label for each recording.
    subject : array-like of shape (n_recordings,), default=None
        The person of each recording, such as ``data.subject``.
    start : array-like of shape (n_recordings,), default=None
        When each recording begins on the clock of the events, as ``data.fields["start"]`` has it
        of `recordings_from_table`: seconds, or datetimes where the onsets are.

    Returns
    -------
    epochs : :class:`~sklearn.utils.Bunch`
        With the attributes

        recordings : ndarray of shape (n_events, n_times)
            The windows, float32, ``(before + after) * sampling_rate`` samples long.
        target : ndarray of shape (n_events,) or None
            Numbers as they are, text as indices into `target_names`.
        target_names : list of str or None
            Names of the classes, sorted; None for ratings.
        subject : ndarray of shape (n_events,) or None
            The person: pass it as `groups`.
        sampling_rate : float
            In Hz.
        fields : dict of ndarray of shape (n_events,)
            "recording", the number of the recording; "onset", in seconds from its start; and the
            other columns of the table.
        left_out : list of LeftOut
            The events without a window, and why.

    Raises
    ------
    ValueError
        If onsets do not belong to the recordings, or to several that a subject has at one time; a
        time is missing, or no window is left.

    See Also
    --------
    recordings_from_table : Recordings, and when each of them starts, from a long table.
    Segmenter : Windows one after the other.

    Notes
    -----
    A window begins at the sample ``round(onset * sampling_rate) - round(before * sampling_rate)``.
    Where the rate is .1 % off, as of a sensor whose clock is fast, an event after half an hour is
    1.8 s off: pass the rate that was measured.
    Windows that overlap are not independent: keep those of a person in one fold.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_ecgssl.datasets import epochs_around
    >>> ecg = [np.sin(np.arange(30 * 256) / 9), np.sin(np.arange(20 * 256) / 9)]
    >>> epochs = epochs_around(ecg, [[12.0, 25.5], [11.0]], before=10, target=[[3, 5], [4]])
    >>> epochs.recordings.shape, epochs.target, epochs.fields["recording"]
    ((3, 2560), array([3, 5, 4]), array([0, 0, 1]))

    A table of ratings on the clock of the recordings:

    >>> ratings = pd.DataFrame(
    ...     {
    ...         "subject": ["ann", "bob"],
    ...         "time": pd.to_datetime(["2024-05-01 10:00:12", "2024-05-01 11:00:15"]),
    ...         "stress": [2.5, 7.0],
    ...     }
    ... )
    >>> epochs = epochs_around(
    ...     ecg,
    ...     ratings,
    ...     before=10,
    ...     target="stress",
    ...     subject=["ann", "bob"],
    ...     start=pd.to_datetime(["2024-05-01 10:00:00", "2024-05-01 11:00:00"]),
    ... )
    >>> epochs.target, epochs.subject, epochs.fields["onset"]
    (array([2.5, 7. ]), array(['ann', 'bob'], dtype='<U3'), array([12., 15.]))
    """
    checked = check_recordings(recordings)
    lengths = [len(one) for one in checked]
    rate = _one_rate(sampling_rate, len(checked))
    n_before, n_times = round(before * rate), round((before + after) * rate)
    if n_times < 1:
        raise ValueError(
            f"before={before:g} s and after={after:g} s leave a window of {n_times} samples: their "
            "sum must be above 0."
        )
    people = None
    if subject is not None:
        people = check_subjects(subject, "subject", len(checked), "recording")
    begins = None if start is None else times(start, "start")
    if begins is not None and begins.shape != (len(checked),):
        raise ValueError(f"start must have one time for each of {len(checked)} recording(s).")
    if hasattr(onsets, "columns"):
        events = _of_table(onsets, target, np.array(lengths) / rate, people, begins)
    else:
        events = _of_lists(onsets, target, len(checked), begins)
    kept, windows, left_out = [], [], []
    for event in events:
        first = round(event.onset * rate) - n_before if event.recording >= 0 else 0
        why = _why_not(event, first, n_times, lengths, target is not None)
        if why:
            whose = "" if people is None or event.recording < 0 else people[event.recording]
            left_out.append(LeftOut(str(whose), event.name, why))
        else:
            kept.append(event)
            windows.append(checked[event.recording][first : first + n_times])
    if not kept:
        why = _summary(left_out) if left_out else "onsets holds no event."
        raise ValueError(f"There is no window of {before:g} s before and {after:g} s after. {why}")
    if left_out:
        warn_caller(f"Of {len(kept) + len(left_out)} events {_summary(left_out)}")
    recording = np.array([event.recording for event in kept])
    labels = None if target is None else column(event.target for event in kept)
    values, names = (None, None) if labels is None else classes_of(labels)
    return Bunch(
        recordings=np.stack(windows),
        target=values,
        target_names=names,
        subject=None if people is None else people[recording],
        sampling_rate=rate,
        fields={
            **{name: fact([event.facts[name] for event in kept]) for name in kept[0].facts},
            "recording": recording,
            "onset": np.array([event.onset for event in kept]),
        },
        left_out=left_out,
    )


def _one_rate(sampling_rate: Any, n_recordings: int) -> float:
    rate = one_rate(np.broadcast_to(np.asarray(sampling_rate, dtype=float), n_recordings))
    if not isinstance(rate, float):
        raise ValueError(
            f"sampling_rate differs between recordings ({rate.min():g} to {rate.max():g} Hz): "
            "resample them to one, see Resampler."
        )
    return rate


def _of_lists(
    onsets: Any, target: Any, n_recordings: int, begins: np.ndarray | None
) -> Iterable[Event]:
    """Return the events of a list with an array for each recording."""
    lists = [onsets] if np.ndim(onsets[:1]) == 0 else list(onsets)
    if len(lists) != n_recordings or any(np.ndim(one) != 1 for one in lists):
        raise ValueError(
            f"onsets must be a list with an array for each of {n_recordings} recording(s), "
            f"[[12.0, 25.5], [11.0], ...], or a table, got {onsets!r:.60}."
        )
    labels: list[Any] = [None] * n_recordings if target is None else list(target)
    if len(labels) != n_recordings:
        raise ValueError(
            f"target must have an entry for each of {n_recordings} recording(s), got {len(labels)}."
        )
    events = []
    for i, (one, label) in enumerate(zip(lists, labels, strict=True)):
        begin = None if begins is None else begins[i]
        seconds = _since(times(one, f"onsets[{i}]"), begin, f"onsets[{i}]")
        of_events = list(label) if np.ndim(label) == 1 else [label] * len(seconds)
        if len(of_events) != len(seconds):
            raise ValueError(
                f"target[{i}] has {len(of_events)} labels for {len(seconds)} onsets: one for each."
            )
        events += [
            Event(i, onset, value, {}, f"recording {i} at {onset:g} s")
            for onset, value in zip(seconds.tolist(), of_events, strict=True)
        ]
    return events


def _of_table(
    table: Any,
    target: Any,
    durations: np.ndarray,
    people: np.ndarray | None,
    begins: np.ndarray | None,
) -> Iterable[Event]:
    """Return the events of a table, each in the recording in which its time lies."""
    there = list(table.columns)
    key = "recording" if "recording" in there else "subject"
    if target is not None and not isinstance(target, str):
        raise ValueError("Of a table of onsets, target must be the name of a column.")
    columns = read_columns(table, [key, "time", *([target] if target is not None else []), *there])
    if key == "recording":
        known, asked = np.arange(len(durations)), columns[key].tolist()
    elif people is None:
        raise ValueError("onsets has subjects: pass subject=, that of each recording.")
    else:
        known, asked = people.astype(str), columns[key].astype(str).tolist()
    if begins is None and len(np.unique(known)) < len(known):
        raise ValueError(
            "onsets names subjects who have several recordings: pass start=, when each of these "
            "begins on the clock of the onsets, or a column recording, the number of each."
        )
    stamps = times(columns["time"], "time")
    labels = columns[target].tolist() if target is not None else [None] * len(stamps)
    further = [name for name in there if name not in (key, "time", target)]
    facts = {name: list(columns[name].to_numpy()) for name in further}
    events = []
    for row, whose in enumerate(asked):
        own = np.flatnonzero(known == whose)
        found, onset = -1, np.nan
        why = "lies in no recording" if len(own) else f"is of none of {_listed(known)}"
        inside: list[int] = []
        for i in own:
            begin = None if begins is None else begins[i]
            (since,) = _since(stamps[row : row + 1], begin, f"time of row {row}")
            if 0 <= since < durations[i] or len(own) == 1:
                found, onset = int(i), float(since)
            if 0 <= since < _WELL_INSIDE * durations[i]:
                inside.append(int(i))
        if len(inside) > 1:
            raise ValueError(
                f"The event of {whose!r} in row {row} lies in recordings "
                f"{_listed(np.array(inside))}: do their clocks restart? Pass a table with a "
                "column recording, the number of each, in the place of subject."
            )
        name = f"{key} {whose} at {columns['time'].iloc[row]}"
        known_of = {fact: values[row] for fact, values in facts.items()}
        events.append(Event(found, onset, labels[row], known_of, name, why))
    return events


def _listed(values: np.ndarray) -> str:
    shown = list(dict.fromkeys(values.tolist()))
    return ", ".join(map(repr, shown[:_SHOWN])) + ", ..." * (len(shown) > _SHOWN)


def _since(stamps: np.ndarray, begin: Any, name: str) -> np.ndarray:
    """Return times as seconds after the start of a recording."""
    if not len(stamps):
        return np.array([])
    is_date = stamps.dtype.kind == "M"
    if (np.isnat(stamps) if is_date else ~np.isfinite(stamps)).any():
        raise ValueError(f"{name} is missing, or infinite: leave the event out.")
    if begin is None and not is_date:
        return stamps
    if begin is None or is_date != isinstance(begin, np.datetime64):
        raise ValueError(
            f"{name} is {'a datetime' if is_date else 'in seconds'}, and start is not: pass start, "
            'such as data.fields["start"] of recordings_from_table, on the same clock.'
        )
    since = stamps - begin
    return since / np.timedelta64(1, "s") if is_date else since


def _why_not(
    event: Event, first: int, n_times: int, lengths: Sequence[int], has_target: bool
) -> str:
    if event.recording < 0:
        return event.why_none
    if has_target and is_missing(event.target):
        return "has no target"
    if first < 0:
        return "is too near to the beginning of its recording"
    is_late = first + n_times > lengths[event.recording]
    return "is too near to the end of its recording" if is_late else ""
