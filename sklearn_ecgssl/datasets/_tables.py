"""Recordings from a long table, a sample in each row."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from ._columns import codes, is_float32, listed_rows, numbers, read_columns, times
from ._pieces import Piece, bunch_of
from ._sampling import check_rate, common_rates, gaps, rate_of, seconds_since_first


def recordings_from_table(
    table: Any,
    *,
    value: str = "ecg",
    subject: str = "subject",
    condition: str | None = None,
    time: str | None = None,
    fields: Sequence[str] = (),
    sampling_rate: float | None = None,
    min_duration: float = 10.0,
    unit: str = "mV",
) -> Bunch:
    """Make recordings of a long table that has a sample in each row.

    A recording is a run of consecutive rows of one subject in one condition: who rests twice has
    two recordings of rest. It also ends where time jumps, where a value is missing, and where one
    of `fields` changes.

    Parameters
    ----------
    table : DataFrame of pandas or polars, or path-like
        The table, or a ``.csv``, ``.csv.gz`` or ``.parquet`` file, of which the columns that are
        named are read. Each person's rows are in the order of time; rows of people who were
        recorded at once may alternate where there is a `time`.
    value : str, default="ecg"
        Column of the samples. Of several leads, call once for each.
    subject : str, default="subject"
        Column that says whose a sample is.
    condition : str, default=None
        Column of the target. Rows without one, such as transitions between conditions, are left
        out. None: the target is None.
    time : str, default=None
        Column of times: seconds, datetimes or timedeltas; text as ISO 8601 has them. It may begin
        again with each condition. None: rows follow each other without a gap, and `sampling_rate`
        is needed.
    fields : sequence of str, default=()
        Further columns for the `fields` of the result: what is known of each recording, such as
        age or session.
    sampling_rate : float, default=None
        In Hz. None: that which `time` tells. If both are given, they may differ by 1 %: a nominal
        rate stands for the rate of a clock.
    min_duration : float, default=10.0
        Seconds, the papers' window [1]_. Shorter recordings are left out: no window fits.
    unit : str, default="mV"
        Of the samples.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        recordings : list of float32 ndarray of shape (n_times,)
            In `unit`, in the order of the rows.
        target : ndarray of shape (n_recordings,) or None
            Conditions: numbers as they are, text as indices into `target_names`.
        target_names : list of str or None
            Names of the classes, sorted; None for ratings.
        subject : ndarray of shape (n_recordings,)
            The person: pass it as `groups`.
        sampling_rate : float or ndarray of shape (n_recordings,)
            In Hz; an array where recordings differ by more than 1 %: resample each from its own.
        fields : dict of ndarray of shape (n_recordings,)
            "record", a name such as "ann/rest" and "ann/rest 2"; "lead", the name of `value`;
            "row", the number of the first row, from 0; "start", the time of it where there is a
            `time`; `condition` and `fields`.
        unit, name, left_out, DESCR
            As of the loaders.

    Raises
    ------
    ValueError
        If a column is not there, a subject is missing, times go back or repeat themselves or tell
        no single rate in a recording, or nothing is left.
    TypeError
        If `table` is no table.

    Warns
    -----
    UserWarning
        Once: how many rows, gaps and recordings were left out, and where.

    See Also
    --------
    epochs_around : Windows around events, such as time-stamped ratings.
    recordings_from_mne : Recordings of `mne.io.Raw`.

    Notes
    -----
    Jitter of time stamps is no gap: what follows a gap stays late. The rate is the slope of time
    against the number of the sample, taken as a whole number where that makes less than a sample
    of difference: 130.00000000000045 Hz is 130. Recordings whose rates differ by less than 1 % are
    taken for those of one device and have their mean. Datetimes with a time zone are read in UTC.

    References
    ----------
    .. [1] P. Sarkar and A. Etemad, "Self-Supervised Learning for ECG-Based Emotion Recognition",
       ICASSP 2020, doi:10.1109/ICASSP40776.2020.9053985.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_ecgssl.datasets import make_cohort, recordings_from_table
    >>> cohort = make_cohort(n_subjects=2, duration=12, sampling_rate=250, random_state=0)
    >>> pieces = [
    ...     pd.DataFrame({"id": person, "phase": phase, "t": np.arange(3000) / 250, "ecg": ecg})
    ...     for ecg, person, phase in zip(
    ...         cohort.recordings, ["ann", "ann", "bob", "bob"], ["rest", "task"] * 2
    ...     )
    ... ]
    >>> table = pd.concat(pieces)
    >>> table.shape
    (12000, 4)
    >>> data = recordings_from_table(table, subject="id", condition="phase", time="t")
    >>> data.target, data.target_names, data.subject, data.sampling_rate
    (array([0, 1, 0, 1]), ['rest', 'task'], array(['ann', 'ann', 'bob', 'bob'], dtype='<U3'), 250.0)
    """
    if time is None and sampling_rate is None:
        raise ValueError("Pass time, the column of times, or sampling_rate, in Hz.")
    if sampling_rate is not None and not sampling_rate > 0:
        raise ValueError(f"sampling_rate must be above 0 Hz, got {sampling_rate!r}.")
    facts = [fields] if isinstance(fields, str) else list(fields)
    if condition is not None:
        facts.append(condition)
    named = [value, subject, *facts, *([] if time is None else [time])]
    columns = read_columns(table, named)
    people = codes(columns[subject])
    if (people < 0).any():
        raise ValueError(
            f"{subject!r} is missing in {listed_rows(people < 0)}: fill it in, or leave these rows "
            "out."
        )
    samples = numbers(columns[value], repr(value))
    clock = None if time is None else times(columns[time], repr(time))
    bad = {"value": ~is_float32(samples)}
    if condition is not None:
        bad["condition"] = codes(columns[condition]) < 0
    if clock is not None:
        bad["time"] = np.isnat(clock) if clock.dtype.kind == "M" else ~np.isfinite(clock)
    cut = [
        f"{np.count_nonzero(rows)} row(s) without a {what}, which end a recording: "
        f"{listed_rows(rows)}"
        for what, rows in bad.items()
        if rows.any()
    ]
    good = ~np.any(list(bad.values()), axis=0)
    runs = _runs(people, [codes(columns[name]) for name in facts], good, clock is not None)
    if clock is None:
        rates = np.full(len(runs), float(sampling_rate or 0))
    else:
        runs, rates, told = _cut_at_gaps(runs, clock, sampling_rate)
        cut += told

    def piece(rows: np.ndarray, rate: float) -> Piece:
        first = int(rows[0])
        known = {name: columns[name].iloc[first] for name in facts}
        label = None if condition is None else known[condition]
        known["row"] = first
        if clock is not None:
            known["start"] = clock[first]
        signal = samples[rows].astype(np.float32)
        return Piece(columns[subject].iloc[first], label, signal, rate, known)

    return bunch_of(
        map(piece, runs, rates.tolist()),
        source=Path(table).stem if isinstance(table, str | os.PathLike) else "table",
        unit=unit,
        lead=value,
        min_duration=min_duration,
        cut=cut,
    )


def _runs(
    people: np.ndarray, labels: Sequence[np.ndarray], good: np.ndarray, has_clock: bool
) -> list[np.ndarray]:
    """Return the rows of each run of good rows of one person under one label.

    With a clock, rows of others may lie between: it tells whether any of their own are lacking.
    """
    order = np.argsort(people, kind="stable") if has_clock else np.arange(len(people))
    place = np.flatnonzero(good[order])
    rows = order[place]
    begins = np.diff(place) > 1
    for one in (people, *labels):
        begins |= np.diff(one[rows]) != 0
    return np.split(rows, np.flatnonzero(begins) + 1) if len(rows) else []


def _cut_at_gaps(
    runs: Sequence[np.ndarray], clock: np.ndarray, sampling_rate: float | None
) -> tuple[list[np.ndarray], np.ndarray, list[str]]:
    """Cut runs where time jumps; also return the rate of each piece, and what was cut."""
    pieces: list[np.ndarray] = []
    rates: list[float] = []
    lost: list[tuple[float, int]] = []
    for rows in runs:
        name = f"rows {rows[0]} to {rows[-1]}"
        seconds = seconds_since_first(clock[rows])
        after = gaps(seconds, name) + 1
        lost += zip(seconds[after] - seconds[after - 1], rows[after], strict=True)
        pieces += np.split(rows, after)
        rates += [rate_of(one, name) for one in np.split(seconds, after)]
    found = common_rates(np.array(rates), np.array([len(one) for one in pieces]))
    if sampling_rate is not None:
        check_rate(sampling_rate, found)
        found = np.full(len(pieces), float(sampling_rate))
    if not lost:
        return pieces, found, []
    longest, row = max(lost)
    told = (
        f"{len(lost)} gap(s) in time end a recording, the longest {longest:.3g} s before row {row}"
    )
    return pieces, found, [told]
