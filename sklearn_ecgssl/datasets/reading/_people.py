"""Read people one after another, or several at once: one person's file in memory at a time."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from joblib import Parallel, delayed
from tqdm.auto import tqdm

from ...formats import UnreadableFileError
from ._data_set import DataSet
from ._trial import UNREADABLE, Label, LeftOut, Trial


class Recording(NamedTuple):
    """One lead of one trial."""

    subject: str
    record: str
    lead: str
    signal: np.ndarray
    sampling_rate: float
    labels: dict[str, Label]
    unit: str = ""


def read_people(
    data_set: DataSet,
    subjects: Sequence[str],
    leads: Sequence[str] | None,
    *,
    n_jobs: int | None,
    verbose: int,
    on_error: str,
) -> Iterator[list[Recording | LeftOut]]:
    """Read people in turn.

    Parameters
    ----------
    data_set : DataSet
        Where they are.
    subjects : sequence of str
        Whom to read.
    leads : sequence of str or None
        Leads to take. None: the first of each trial.
    n_jobs : int or None
        People who are read at once, each by a process of its own.
    verbose : int
        1 shows a progress bar.
    on_error : {"raise", "warn"}
        Whether a person whose file cannot be read ends the reading, or is left out.

    Yields
    ------
    list of Recording or LeftOut
        What there is of one person.
    """
    jobs = (
        delayed(read_person)(data_set, subject, leads, on_error == "warn") for subject in subjects
    )
    return each_person(data_set, jobs, len(subjects), n_jobs, verbose)


def each_person(
    data_set: DataSet, jobs: Iterable[Any], n_people: int, n_jobs: int | None, verbose: int
) -> Iterator[Any]:
    """Do something for each person, several at once, and show how far it is.

    Parameters
    ----------
    data_set : DataSet
        Whose people.
    jobs : iterable of joblib.delayed calls
        One for each person.
    n_people : int
        How many.
    n_jobs : int or None
        How many at once; one, where all stand in one file.
    verbose : int
        1 shows a progress bar.

    Yields
    ------
    object
        What each call returns, in their order.
    """
    parallel = Parallel(n_jobs=1 if data_set.one_file else n_jobs, return_as="generator")
    with tqdm(total=n_people, desc=data_set.name, unit="person", disable=not verbose) as bar:
        for found in parallel(jobs):
            yield found
            bar.update()


def read_person(
    data_set: DataSet, subject: str, leads: Sequence[str] | None, go_on: bool
) -> list[Recording | LeftOut]:
    """Read one person.

    Parameters
    ----------
    data_set : DataSet
        Where the person is.
    subject : str
        The person.
    leads : sequence of str or None
        Leads to take. None: the first of each trial.
    go_on : bool
        Whether a person whose file cannot be read is left out, or raises.

    Returns
    -------
    list of Recording or LeftOut
        What there is; never empty.
    """
    found: list[Recording | LeftOut] = []
    try:
        for trial in data_set.trials(subject):
            if isinstance(trial, LeftOut):
                found.append(trial)
            else:
                found.extend(_recordings(trial, subject, leads))
    except (UnreadableFileError, OSError) as error:
        if not go_on:
            raise
        return [LeftOut(subject, "", f"{UNREADABLE}: {error}")]
    return found or [LeftOut(subject, "", "has no recording")]


def _recordings(
    trial: Trial, subject: str, leads: Sequence[str] | None
) -> Iterator[Recording | LeftOut]:
    for lead in list(trial.ecg)[:1] if leads is None else leads:
        if lead not in trial.ecg:
            has = ", ".join(trial.ecg) or "none"
            yield LeftOut(subject, trial.record, f"has no lead {lead!r}, but {has}")
            continue
        signal = np.asarray(trial.ecg[lead])
        defect = _defect(signal)
        if defect:
            yield LeftOut(subject, trial.record, f"{defect} (lead {lead!r})")
            continue
        # A copy: a view would keep the whole file in memory.
        signal = np.array(signal, dtype=np.float32, order="C")
        rate, labels = float(trial.sampling_rate), dict(trial.labels)
        yield Recording(subject, trial.record, lead, signal, rate, labels, trial.unit)


def _defect(signal: np.ndarray) -> str:
    """Say why samples are no recording; "" if they are one."""
    if signal.size == 0:
        return "holds no sample"
    finite = np.isfinite(signal) & (np.abs(signal) <= np.finfo(np.float32).max)
    if not finite.all():
        n_bad, first = np.count_nonzero(~finite), int(np.argmin(finite))
        return f"has {n_bad} of {signal.size} samples that are no numbers, the first at {first}"
    if (signal == signal[0]).all():
        return f"is a flat line of {signal[0]:g}"
    return ""
