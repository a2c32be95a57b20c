"""Who is the same person in several data sets."""

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np

from ..physionet._overlaps import person_of

#: Data sets that are known to share people, and those that they are known to share them with.
_PHYSIONET = (
    *("drivedb", "ecgiddb", "edb", "eegmat", "ltdb", "mitdb"),
    *("nsrdb", "nstdb", "qtdb", "sddb", "stdb", "svdb"),
)

#: Samples at three places that make two recordings the same: 10 s at 400 Hz.
_COMPARED = 4000


def name_persons(
    data_sets: Sequence[str],
    subjects: Sequence[str],
    records: Sequence[str],
    recordings: Sequence[np.ndarray],
    same_person: Iterable[Iterable[str]] = (),
) -> tuple[np.ndarray, np.ndarray]:
    """Name each person once, and say in which other data sets they stand.

    Parameters
    ----------
    data_sets, subjects, records : sequence of str of length n_recordings
        Where each recording is from.
    recordings : sequence of ndarray of length n_recordings
        As they were read: equal ones are of one person.
    same_person : iterable of groups of str
        Further people who are the same, each as "data set/subject".

    Returns
    -------
    subject : ndarray of str of shape (n_recordings,)
        The first "data set/subject" of the person.
    overlaps : ndarray of str of shape (n_recordings,)
        The other data sets, with a comma between.

    Raises
    ------
    ValueError
        If `same_person` names someone unknown.
    """
    names = [f"{one}/{subject}" for one, subject in zip(data_sets, subjects, strict=True)]
    groups = _Groups(dict.fromkeys(names))
    known: dict[object, str] = {}
    for name, one, record, recording in zip(names, data_sets, records, recordings, strict=True):
        marks: list[object] = [_content(recording)]
        if one in _PHYSIONET:  # elsewhere, records of any people may have one name
            marks.append(person_of(one, record))
        for mark in marks:
            groups.join(name, known.setdefault(mark, name))
    for group in same_person:
        people = _checked_group(group, groups)
        for other in people[1:]:
            groups.join(people[0], other)
    subject = [groups.first(name) for name in names]
    met: dict[str, dict[str, None]] = {}
    for person, one in zip(subject, data_sets, strict=True):
        met.setdefault(person, {})[one] = None
    overlaps = [
        ",".join(other for other in met[person] if other != one)
        for person, one in zip(subject, data_sets, strict=True)
    ]
    return np.array(subject), np.array(overlaps)


class _Groups:
    """Names, some of which mean the same; each group is called by the one that came first."""

    def __init__(self, names: Iterable[str]) -> None:
        self._order = {name: i for i, name in enumerate(names)}
        self._parent = {name: name for name in self._order}

    def __contains__(self, name: str) -> bool:
        return name in self._order

    def first(self, name: str) -> str:
        while self._parent[name] != name:
            name = self._parent[name]
        return name

    def join(self, one: str, other: str) -> None:
        first, second = sorted([self.first(one), self.first(other)], key=self._order.__getitem__)
        self._parent[second] = first


def _content(recording: np.ndarray) -> bytes:
    """Sum up a recording by its length and by samples of its beginning, middle and end."""
    flat = recording.reshape(-1)
    middle = len(flat) // 2
    found = hashlib.blake2b(str(len(flat)).encode(), digest_size=16)
    for part in (flat[:_COMPARED], flat[middle : middle + _COMPARED], flat[-_COMPARED:]):
        found.update(np.ascontiguousarray(part, dtype=np.float32).data)
    return found.digest()


def _checked_group(group: Iterable[str], groups: _Groups) -> list[str]:
    people = [group] if isinstance(group, str) else list(group)
    unknown = [one for one in people if one not in groups]
    if unknown or len(people) < 2:
        raise ValueError(
            f'same_person must hold groups of two or more people, each as "data set/subject", got '
            f"{group!r}" + (f", of whom {unknown[0]!r} is unknown." if unknown else ".")
        )
    return people
