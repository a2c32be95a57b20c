"""One corpus of several data sets."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from ..signal._recordings import check_subjects
from ._load import column
from ._persons import LOCAL, PHYSIONET, person_of
from ._recipe import SCALED, Recipe

#: Samples at three places that make two recordings the same: 10 s at 400 Hz.
_COMPARED = 4000


def concatenate(
    data_sets: Sequence[Bunch] | Mapping[str, Bunch],
    *,
    sampling_rate: float = 256,
    scale: str | None = "trimmed",
    same_person: Iterable[Iterable[str]] = (),
) -> Bunch:
    """Join data sets of different rates and leads into one corpus, for pretraining.

    Recordings are resampled and scaled per subject; `subject` names each person once, over all data
    sets, so that no person stands in two folds of a split by subject. People who stand in two data
    sets are known in three ways: by the names of data sets, whether they are one data set twice
    (two leads of "amigos") or sets of PhysioNet that took records of each other (15 of "qtdb" are
    of "mitdb"); by recordings that are equal in length and in samples at their beginning, middle
    and end; and by `same_person`.

    Parameters
    ----------
    data_sets : sequence of Bunch, or mapping of str to Bunch
        What the loaders of this package return, or `prepare`, with or without windows. A name is
        needed for each: the key, or the Bunch's `name`.
    sampling_rate : float, default=256
        Of the corpus, in Hz; 256 is the papers' [1]_.
    scale : {"trimmed", "standard", None}, default="trimmed"
        How the recordings of a person in one data set are scaled together, see `prepare`. Those of
        `prepare` that are scaled already are left as they are.
    same_person : iterable of groups of str, default=()
        Further people who are the same: ``[("mine/anna", "wesad/S2")]``, each the name of a data
        set and of a subject in it.

    Returns
    -------
    corpus : :class:`~sklearn.utils.Bunch`
        With the attributes

        recordings : list of float32 ndarray
            Of shape (n_times,), or (n_windows, n_times) if all data sets hold windows; these are
            not copied.
        target : None
            The labels of the data sets are in `fields`.
        subject : ndarray of str of shape (n_recordings,)
            The person: "wesad/S2".
        sampling_rate : float
            In Hz.
        fields : dict of str to ndarray of shape (n_recordings,)
            Where each recording is from: "data_set", "original_subject", "record", "lead",
            "original_rate"; "overlaps", the other data sets in which the person stands, with a
            comma between; and all labels of all data sets, NaN or "" where a set has none.
        names : list of str
            Of the data sets.
        unit, left_out, DESCR
            As in the data sets.

    Raises
    ------
    TypeError
        If a data set is no Bunch of recordings, subject and sampling rate.
    ValueError
        If two data sets have one name or units that cannot be joined, windows are not of
        `sampling_rate` or of different lengths, or `same_person` names someone unknown.

    See Also
    --------
    prepare : For data sets that do not fit into memory.

    References
    ----------
    .. [1] P. Sarkar, A. Etemad, "Self-supervised ECG Representation Learning for Emotion
       Recognition", IEEE Transactions on Affective Computing, 2020, arXiv:2002.03898.

    Examples
    --------
    >>> from sklearn_ecgssl.datasets import concatenate, make_cohort
    >>> a = make_cohort(n_subjects=2, duration=20, sampling_rate=500, random_state=0)
    >>> b = make_cohort(n_subjects=1, duration=20, sampling_rate=360, random_state=1)
    >>> corpus = concatenate({"first": a, "second": b}, same_person=[("first/0", "second/0")])
    >>> [len(recording) for recording in corpus.recordings]
    [5120, 5120, 5120, 5120, 5120, 5120]
    >>> corpus.subject.tolist()
    ['first/0', 'first/0', 'first/1', 'first/1', 'first/0', 'first/0']
    >>> corpus.fields["overlaps"].tolist()
    ['second', 'second', '', '', 'first', 'first']
    """
    named = _named(data_sets)
    recipe = Recipe(sampling_rate, None, scale)
    recordings: list[np.ndarray] = []
    own = ("record", "data_set", "original_subject", "original_rate")
    columns: dict[str, list[Any]] = {name: [] for name in own}
    for name, data in named.items():
        found = _columns(name, data)
        n_before = len(recordings)
        recordings.extend(_prepared(name, data, found, recipe))
        for field in dict.fromkeys([*columns, *found]):
            columns.setdefault(field, [None] * n_before)
            columns[field].extend(found.get(field, [None] * len(data.recordings)))
    shapes = {np.shape(one)[1:] for one in recordings}
    if len(shapes) > 1:
        raise ValueError(
            "data_sets must all hold recordings, or all windows of one length, got samples of the "
            f"shapes {sorted(shapes)}."
        )
    subject, overlaps = _name_persons(
        columns["data_set"],
        columns["original_subject"],
        columns["record"],
        [recording for data in named.values() for recording in data.recordings],
        [str(data.get("name")) for data in named.values() for _ in data.recordings],
        same_person,
    )
    fields = {field: column(values) for field, values in columns.items()}
    return Bunch(
        recordings=recordings,
        target=None,
        target_names=None,
        subject=subject,
        sampling_rate=float(sampling_rate),
        fields=fields | {"overlaps": overlaps},
        unit=SCALED if scale is not None else _unit(named),
        names=list(named),
        left_out=[one for data in named.values() for one in data.get("left_out", [])],
        DESCR="\n\n".join(f"{name}: {data.get('DESCR', '')}" for name, data in named.items()),
    )


def _named(data_sets: Any) -> dict[str, Bunch]:
    """Return data sets by name, which must differ."""
    if isinstance(data_sets, Bunch) or not len(data_sets):
        raise TypeError("data_sets must be a list or a mapping of one Bunch or more.")
    if isinstance(data_sets, Mapping):
        return dict(data_sets)
    names = [data.get("name") for data in data_sets]
    if None in names or len(set(names)) < len(names):
        raise ValueError(
            f"Each data set needs a name of its own, got {names}: pass a mapping of names."
        )
    return dict(zip(names, data_sets, strict=True))


def _columns(name: str, data: Bunch) -> dict[str, list[Any]]:
    """Return the labels of a data set, and where its recordings are from."""
    n = len(data.recordings)
    subject = check_subjects(data.subject, f"{name}: subject", n, "recording")
    rates = np.broadcast_to(data.sampling_rate, n).astype(float).tolist()
    arrays = {key: np.asarray(values) for key, values in data.get("fields", {}).items()}
    fields = {
        key: (values.astype(str) if values.dtype.kind == "M" else values).tolist()
        for key, values in arrays.items()
    }
    if data.get("target") is not None and np.ndim(data.target) == 1:
        fields.setdefault("target", _spelt_out(data))
    return {
        **fields,
        "record": [str(one) for one in fields.get("record", range(n))],
        "data_set": [name] * n,
        "original_subject": subject.astype(str).tolist(),
        "original_rate": fields.get("original_rate", rates),
    }


def _spelt_out(data: Bunch) -> list[Any]:
    """Return the target; classes by name: their numbers mean something else elsewhere."""
    target = np.asarray(data.target)
    names = data.get("target_names")
    if names is None or target.dtype.kind not in "iu":
        return target.tolist()
    return [str(names[code]) for code in target]


def _prepared(
    name: str, data: Bunch, columns: Mapping[str, Sequence[Any]], recipe: Recipe
) -> list[np.ndarray]:
    rates = np.broadcast_to(data.sampling_rate, len(data.recordings)).astype(float)
    scaled = data.get("unit") == SCALED
    if any(np.ndim(one) == 2 for one in data.recordings):
        if (rates != recipe.sampling_rate).any() or (recipe.scale is not None and not scaled):
            raise ValueError(
                f"{name} holds windows, which are neither resampled nor scaled: prepare it with "
                f"sampling_rate={recipe.sampling_rate:g} and scale={recipe.scale!r}."
            )
        return list(data.recordings)
    own = Recipe(recipe.sampling_rate, None, None if scaled else recipe.scale)
    try:
        subject = np.asarray(columns["original_subject"])
        return own.apply_to_each(data.recordings, rates.tolist(), subject)
    except ValueError as error:
        raise ValueError(f"{name}, {error}") from error


def _unit(named: Mapping[str, Bunch]) -> str:
    units = {name: data.get("unit", "unknown") for name, data in named.items()}
    if len(set(units.values())) > 1 or "mixed" in units.values():
        listed = ", ".join(f"{name} in {unit}" for name, unit in units.items())
        raise ValueError(f'Units differ ({listed}): pass scale="trimmed".')
    return str(next(iter(units.values())))


def _name_persons(
    data_sets: Sequence[str],
    subjects: Sequence[str],
    records: Sequence[str],
    recordings: Sequence[np.ndarray],
    own_names: Sequence[str],
    same_person: Iterable[Iterable[str]],
) -> tuple[np.ndarray, np.ndarray]:
    """Name each person once, by the first "data set/subject", and list the other data sets."""
    names = [f"{one}/{subject}" for one, subject in zip(data_sets, subjects, strict=True)]
    groups = _Groups(names)
    known: dict[object, str] = {}
    for name, recording in zip(names, recordings, strict=True):
        content = _content(recording)
        if content:
            groups.join(name, known.setdefault(content, name))
    whose = zip(names, data_sets, own_names, subjects, records, strict=True)
    for name, here, own, subject, record in dict.fromkeys(whose):
        for one in {here, own} & PHYSIONET:
            groups.join(name, known.setdefault(person_of(one, record), name))
        if own in LOCAL:
            groups.join(name, known.setdefault((own, subject), name))
    for group in same_person:
        people = list(group)
        unknown = [one for one in people if one not in names]
        if unknown:
            raise ValueError(
                f'same_person must hold groups of people, each as "data set/subject", got '
                f"{group!r}, of whom {unknown[0]!r} is unknown."
            )
        for other in people[1:]:
            groups.join(people[0], other)
    person = [groups[name] for name in names]
    met: dict[str, dict[str, None]] = {}
    for first, one in zip(person, data_sets, strict=True):
        met.setdefault(first, {})[one] = None
    overlaps = [
        ",".join(other for other in met[first] if other != one)
        for first, one in zip(person, data_sets, strict=True)
    ]
    return np.array(person), np.array(overlaps)


class _Groups(dict[str, str]):
    """The name of each person's group: that which came first."""

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__((name, name) for name in names)
        self._order = {name: i for i, name in enumerate(self)}

    def join(self, one: str, other: str) -> None:
        first, second = sorted([self[one], self[other]], key=self._order.__getitem__)
        if first != second:
            self.update({name: first for name, group in self.items() if group == second})


def _content(recording: np.ndarray) -> bytes:
    """Sum up a recording by its length and some of its samples; b"" for a flat line."""
    flat = recording.reshape(-1)
    middle = len(flat) // 2
    parts = [flat[:_COMPARED], flat[middle : middle + _COMPARED], flat[-_COMPARED:]]
    if not len(flat) or all((part == flat[0]).all() for part in parts):
        return b""
    found = hashlib.blake2b(str(len(flat)).encode(), digest_size=16)
    for part in parts:
        found.update(np.ascontiguousarray(part, dtype=np.float32).data)
    return found.digest()
