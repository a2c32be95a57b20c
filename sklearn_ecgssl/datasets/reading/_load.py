"""From a data set to a Bunch."""

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from ._attribute import check_binarize
from ._data_set import DataSet
from ._people import Recording, read_people
from ._trial import LeftOut

_SHOWN = 5


def load(
    data_set: DataSet,
    *,
    leads: str | Sequence[str] | None = None,
    attribute: str | None = None,
    binarize: str | float | None = None,
    subjects: Sequence[str] | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
    on_error: str = "raise",
    return_X_y: bool = False,
) -> Any:
    """Load recordings of a data set; the parameters are those of every public loader."""
    check_on_error(on_error)
    check_attribute(data_set, attribute, binarize)
    found = [
        one
        for person in read_people(
            data_set,
            choose_subjects(data_set, subjects),
            choose_leads(data_set, leads),
            n_jobs=n_jobs,
            verbose=verbose,
            on_error=on_error,
        )
        for one in person
    ]
    recordings = [one for one in found if isinstance(one, Recording)]
    left_out = [one for one in found if isinstance(one, LeftOut)]
    if not recordings:
        raise ValueError(f"{data_set.folder} gives no recording. {summary(left_out)}")
    data = as_bunch(data_set, recordings, left_out)
    data = with_target(data_set, data, attribute, binarize)
    if data.left_out:
        warnings.warn(f"{data_set.name}: {summary(data.left_out)}", stacklevel=3)
    return (data.recordings, data.target) if return_X_y else data


def check_on_error(on_error: str) -> None:
    """Check what is to be done about people who cannot be read."""
    if on_error not in ("raise", "warn"):
        raise ValueError(f'on_error must be "raise" or "warn", got {on_error!r}.')


def choose_subjects(data_set: DataSet, subjects: Sequence[str] | None) -> list[str]:
    """Check the people asked for. None stands for all."""
    there = data_set.subjects
    if subjects is None:
        return there
    asked = [str(one) for one in np.atleast_1d(np.asarray(subjects, dtype=object)).ravel()]
    unknown = [one for one in asked if one not in there]
    if unknown or not asked:
        raise ValueError(
            f"subjects={subjects!r}: {data_set.folder} has no {', '.join(unknown) or 'one of them'}"
            f". It has {', '.join(there)}."
        )
    return list(dict.fromkeys(asked))


def choose_leads(data_set: DataSet, leads: str | Sequence[str] | None) -> list[str] | None:
    """Check the leads asked for. None stands for the usual one."""
    if leads is None:
        return None
    asked = [str(lead) for lead in np.atleast_1d(np.asarray(leads, dtype=object)).ravel()]
    unknown = [lead for lead in asked if data_set.leads and lead not in data_set.leads]
    if unknown or not asked:
        raise ValueError(
            f"leads={leads!r}: {data_set.name} has no lead {', '.join(map(repr, unknown))}. "
            f"It has {', '.join(map(repr, data_set.leads))}."
        )
    return list(dict.fromkeys(asked))


def check_attribute(data_set: DataSet, attribute: str | None, binarize: str | float | None) -> None:
    """Check that a data set has an attribute, None for all, and that it can be binarized so."""
    if attribute is None:
        check_binarize(binarize)
        if data_set.attributes:
            _pandas()  # before anything is read
    elif attribute in data_set.attributes:
        data_set.attributes[attribute].check(binarize)
    else:
        has = ", ".join(map(repr, data_set.attributes)) or "no labels"
        raise ValueError(f"attribute={attribute!r}: {data_set.name} has {has}.")


def as_bunch(
    data_set: DataSet, recordings: Sequence[Recording], left_out: Sequence[LeftOut]
) -> Bunch:
    """Put recordings of a data set side by side, without a target."""
    rates = np.array([one.sampling_rate for one in recordings])
    fields = {
        "record": np.array([one.record for one in recordings]),
        "lead": np.array([one.lead for one in recordings]),
    }
    names = dict.fromkeys(name for one in recordings for name in one.labels)
    fields |= {name: column([one.labels.get(name) for one in recordings]) for name in names}
    return Bunch(
        recordings=[one.signal for one in recordings],
        target=None,
        target_names=None,
        threshold=None,
        subject=np.array([one.subject for one in recordings]),
        sampling_rate=float(rates[0]) if (rates == rates[0]).all() else rates,
        fields=fields,
        unit=common_unit(recordings, data_set.unit),
        name=data_set.name,
        left_out=list(left_out),
        DESCR=data_set.description,
    )


def common_unit(recordings: Sequence[Recording], usual: str) -> str:
    """Return the unit of all recordings, "mixed" if they have several; none stands for `usual`."""
    units = dict.fromkeys(one.unit or usual for one in recordings)
    return next(iter(units)) if len(units) == 1 else "mixed"


def with_target(
    data_set: DataSet, data: Bunch, attribute: str | None, binarize: str | float | None
) -> Bunch:
    """Add a target; recordings that lack it are left out."""
    if attribute is None:
        data.target = _pandas().DataFrame(data.fields) if data_set.attributes else None
        return data
    target = data_set.attributes[attribute].target(data.fields, binarize)
    if not target.keep.any():
        also = f" Besides, {summary(data.left_out)}" if data.left_out else ""
        raise ValueError(
            f"None of the {len(target.keep)} recordings of {data_set.folder} has a value of "
            f"attribute={attribute!r}.{also}"
        )
    records = data.fields["record"]
    missing = [
        LeftOut(str(data.subject[i]), str(records[i]), f"has no value of {attribute!r}")
        for i in np.flatnonzero(target.missing)
    ]
    return Bunch(
        **{
            **select(data, target.keep),
            "target": target.values[target.keep],
            "target_names": target.names,
            "threshold": target.threshold,
            "left_out": [*data.left_out, *missing],
        }
    )


def select(data: Bunch, keep: np.ndarray) -> Bunch:
    """Return the recordings that a mask keeps."""
    rate = data.sampling_rate
    return Bunch(
        **{
            **data,
            "recordings": [one for one, kept in zip(data.recordings, keep, strict=True) if kept],
            "subject": data.subject[keep],
            "sampling_rate": rate if np.ndim(rate) == 0 else rate[keep],
            "fields": {name: values[keep] for name, values in data.fields.items()},
        }
    )


def column(values: Iterable[Any]) -> np.ndarray:
    """Make an array of labels: numbers with NaN, or text with "", where there is none."""
    values = list(values)
    if any(isinstance(value, str) for value in values):
        return np.array(["" if value is None else str(value) for value in values])
    if None in values:
        return np.array([np.nan if value is None else float(value) for value in values])
    return np.array(values)


def _pandas() -> Any:
    try:
        import pandas
    except ImportError as error:
        raise ImportError(
            "attribute=None gives all labels as a pandas DataFrame, and pandas is not installed: "
            'pip install "sklearn_ecgssl[datasets]", or name an attribute.'
        ) from error
    return pandas


def summary(left_out: Sequence[LeftOut]) -> str:
    """Say how much is left out, and the first of it why."""
    shown = "; ".join(map(str, left_out[:_SHOWN]))
    more = f"; and {len(left_out) - _SHOWN} more, in left_out" if len(left_out) > _SHOWN else ""
    return f"{len(left_out)} left out: {shown}{more}."
