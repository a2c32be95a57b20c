"""From a data set to a Bunch: what all data sets have in common."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from joblib import Parallel, delayed
from sklearn.utils import Bunch
from tqdm.auto import tqdm

from .._checks import check_choice
from .._files import UnreadableFileError, library
from ..signal._recordings import is_missing
from ._data_set import DataSet, Label, Lead, LeftOut, Trial

_SHOWN = 5
#: The beginning of the reason where a file cannot be read: it may be another time.
UNREADABLE = "cannot be read"


class Options(NamedTuple):
    """The parameters that all loaders have, see `DataSet.load`."""

    leads: str | Sequence[str] | None = None
    attribute: str | None = "default"
    binarize: str | float | None = None
    subjects: Sequence[str] | None = None
    n_jobs: int | None = None
    verbose: int = 0
    on_error: str = "raise"

    def checked(self, data_set: DataSet) -> "Options":
        """Check them before anything is read, and say what None and "default" stand for."""
        check_choice("on_error", self.on_error, ("raise", "warn"))
        attribute = self.attribute
        if attribute == "default":
            attribute = data_set.default_attribute
        check_choice(f"attribute of {data_set.name}", attribute, (*data_set.attributes, None))
        if attribute is not None:
            data_set.attributes[attribute]._check(self.binarize)
        elif data_set.attributes:
            _pandas()
        data_set.check(attribute)
        people = list(dict.fromkeys(data_set.subjects()))
        return self._replace(
            attribute=attribute,
            subjects=_chosen("subjects", self.subjects, people, data_set) or people,
            leads=_chosen("leads", self.leads, data_set.leads, data_set),
        )


class Recording(NamedTuple):
    """One lead of one trial."""

    subject: str
    record: str
    lead: str
    signal: np.ndarray
    sampling_rate: float
    labels: dict[str, Label]
    unit: str = ""


def load(data_set: DataSet, options: Options) -> Bunch:
    """Read the people of a data set and put their recordings side by side."""
    options = options.checked(data_set)
    jobs = (
        delayed(read_person)(data_set, one, options.leads, options.on_error == "warn")
        for one in options.subjects or ()
    )
    found = [one for person in each_person(data_set, options, jobs) for one in person]
    recordings = [one for one in found if isinstance(one, Recording)]
    left_out = [one for one in found if isinstance(one, LeftOut)]
    return as_bunch(data_set, options, recordings, left_out)


def each_person(data_set: DataSet, options: Options, jobs: Iterable[Any]) -> Iterator[Any]:
    """Run a joblib call for each person, several at once, and show progress."""
    # Processes would each read the whole of a single file.
    n_jobs = 1 if data_set.one_file else options.n_jobs
    parallel = Parallel(n_jobs=n_jobs, return_as="generator")
    return tqdm(
        parallel(jobs),
        total=len(options.subjects or ()),
        desc=data_set.name,
        unit="person",
        disable=not options.verbose,
    )


def read_person(
    data_set: DataSet, subject: str, leads: Sequence[str] | None, go_on: bool
) -> list[Recording | LeftOut]:
    """Read one person; `go_on` leaves out one whose files cannot be read."""
    found: list[Recording | LeftOut] = []
    try:
        for trial in data_set.trials(subject):
            if isinstance(trial, LeftOut):
                found.append(trial)
            else:
                found.extend(_recordings(trial, subject, leads, data_set.unit))
    except Exception as error:  # a user's reader may raise anything
        if not go_on:
            error.add_note(f"It was raised on reading {subject} of {data_set.name}.")
            raise
        named = "" if isinstance(error, UnreadableFileError | OSError) else type(error).__name__
        reason = ": ".join(filter(None, [UNREADABLE, named, str(error)]))
        return [LeftOut(subject, "", reason)]
    if not found:
        files = ", ".join(path.name for path in data_set.sources(subject))
        found.append(LeftOut(subject, "", f"has no trial in {files}"))
    return found


def _recordings(
    trial: Trial, subject: str, leads: Sequence[str] | None, unit: str
) -> Iterator[Recording | LeftOut]:
    if leads is None and trial.why_no_lead:
        yield LeftOut(subject, trial.record, trial.why_no_lead)
        return
    for lead in list(trial.ecg)[:1] if leads is None else leads:
        if lead not in trial.ecg:
            has = ", ".join(trial.ecg) or "none"
            yield LeftOut(subject, trial.record, f"has no lead {lead!r}, but {has}")
            continue
        found = trial.ecg[lead]
        if not isinstance(found, Lead):
            found = Lead(partial(np.asarray, found), trial.sampling_rate, trial.unit or unit)
        signal = np.asarray(found.read())
        if signal.ndim != 1 or signal.dtype.kind not in "biuf" or not found.sampling_rate > 0:
            raise ValueError(
                f"{trial.record}, lead {lead!r}: samples must be a 1-D array of numbers, and "
                f"sampling_rate above 0 Hz, but they are {signal.dtype} of shape {signal.shape} at "
                f"{found.sampling_rate:g} Hz."
            )
        defect = _defect(signal)
        if defect:
            yield LeftOut(subject, trial.record, f"{defect} (lead {lead!r})")
            continue
        # A copy: a view would keep the whole file in memory.
        signal = np.array(signal, dtype=np.float32, order="C")
        rate, labels = float(found.sampling_rate), dict(trial.labels)
        yield Recording(subject, trial.record, lead, signal, rate, labels, found.unit)


def _defect(signal: np.ndarray) -> str:
    """Say why samples cannot be a recording; "" if they can."""
    if signal.size == 0:
        return "holds no sample"
    finite = np.isfinite(signal) & (np.abs(signal) <= np.finfo(np.float32).max)
    if not finite.all():
        n_bad, first = np.count_nonzero(~finite), int(np.argmin(finite))
        return f"is NaN or infinite at {n_bad} of {signal.size} samples, the first at {first}"
    if (signal == signal[0]).all():
        return f"is a flat line of {signal[0]:g}"
    return ""


def as_bunch(
    data_set: DataSet,
    options: Options,
    recordings: Sequence[Recording],
    left_out: Sequence[LeftOut],
) -> Bunch:
    """Put recordings side by side, add the target, and say what is left out."""
    if not recordings:
        why = "No file names a person." if data_set.folder.exists() else "It does not exist."
        why = _summary(left_out) if left_out else why
        raise ValueError(f"{data_set.folder} gives no recording. {why}")
    data = Bunch(
        recordings=[one.signal for one in recordings],
        target=None,
        target_names=None,
        threshold=None,
        subject=np.array([one.subject for one in recordings]),
        sampling_rate=one_rate(np.array([one.sampling_rate for one in recordings])),
        fields={
            "record": np.array([one.record for one in recordings]),
            "lead": np.array([one.lead for one in recordings]),
            **labels_of(recordings),
        },
        unit=unit_of(recordings),
        name=data_set.name,
        left_out=list(left_out),
        DESCR=data_set.DESCR,
    )
    if options.attribute is not None:
        _add_target(data_set, data, options.attribute, options.binarize)
    elif data_set.attributes:
        data.target = _pandas().DataFrame(data.fields)
    if data.left_out:
        warnings.warn(f"{data_set.name}: {_summary(data.left_out)}", stacklevel=4)
    return data


def one_rate(rates: np.ndarray) -> float | np.ndarray:
    """Return the sampling rate of all recordings; an array where they differ."""
    return float(rates[0]) if (rates == rates[0]).all() else rates


def unit_of(recordings: Sequence[Recording]) -> str:
    """Return the unit of recordings, "mixed" if they differ."""
    units = {one.unit for one in recordings}
    return units.pop() if len(units) == 1 else "mixed"


def labels_of(recordings: Sequence[Recording]) -> dict[str, np.ndarray]:
    """Put the labels of recordings into columns."""
    names = dict.fromkeys(name for one in recordings for name in one.labels)
    return {name: column([one.labels.get(name) for one in recordings]) for name in names}


def column(values: Iterable[Any]) -> np.ndarray:
    """Make an array of labels: numbers with NaN, or text with "", where there is none."""
    values = [None if is_missing(value) else value for value in values]
    if any(isinstance(value, str) for value in values):
        return np.array(["" if value is None else str(value) for value in values])
    if None in values:
        return np.array([np.nan if value is None else float(value) for value in values])
    return np.array(values)


def _add_target(data_set: DataSet, data: Bunch, attribute: str, binarize: Any) -> None:
    """Add the target; recordings that lack it are left out."""
    question = data_set.attributes[attribute]
    if question.field not in data.fields:
        raise ValueError(
            f"attribute={attribute!r} is the label {question.field!r}, which no trial of "
            f"{data_set.name} has. Labels: {', '.join(data.fields)}."
        )
    target = question._target(data.fields, binarize)
    keep = target.keep
    if not keep.any():
        values = ", ".join(map(repr, np.unique(data.fields[question.field]).tolist()[:_SHOWN]))
        also = f" Besides, {_summary(data.left_out)}" if data.left_out else ""
        raise ValueError(
            f"None of the {len(keep)} recordings of {data_set.folder} has a value of "
            f"attribute={attribute!r}, but {values}.{also}"
        )
    lacks = f"has no value of {attribute!r}"
    records = data.fields["record"]
    data.left_out += [
        LeftOut(str(data.subject[i]), str(records[i]), lacks)
        for i in np.flatnonzero(target.missing)
    ]
    data.update(
        recordings=[one for one, kept in zip(data.recordings, keep, strict=True) if kept],
        subject=data.subject[keep],
        sampling_rate=one_rate(np.broadcast_to(data.sampling_rate, len(keep))[keep]),
        fields={name: values[keep] for name, values in data.fields.items()},
        target=target.values[keep],
        target_names=target.names,
        threshold=target.threshold,
    )


def _chosen(
    name: str, asked: str | Sequence[str] | None, there: Sequence[str], data_set: DataSet
) -> list[str] | None:
    """Return what is asked for, each once; None for all. An empty `there` may hold anything."""
    if asked is None:
        return None
    chosen = [str(one) for one in np.atleast_1d(np.asarray(asked, dtype=object)).ravel()]
    unknown = [one for one in chosen if there and one not in there]
    if unknown or not chosen:
        raise ValueError(
            f"{name}={asked!r}: {data_set.name} in {data_set.folder} has no "
            f"{', '.join(map(repr, unknown)) or 'one of them'}. It has "
            f"{', '.join(map(repr, there))}."
        )
    return list(dict.fromkeys(chosen))


def _pandas() -> Any:
    return library("pandas", "Without an attribute, all labels are put into a DataFrame")


def _summary(left_out: Sequence[LeftOut]) -> str:
    """Say how much is left out, and of the first why."""
    shown = "; ".join(map(str, left_out[:_SHOWN]))
    more = f"; and {len(left_out) - _SHOWN} more, in left_out" if len(left_out) > _SHOWN else ""
    return f"{len(left_out)} left out: {shown}{more}."
