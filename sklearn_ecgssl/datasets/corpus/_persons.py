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

#: Data sets of which two Bunches under two names (two leads, or raw and preprocessed) have the
#: same people. Elsewhere, people of one name may be different ones.
_LOCAL = ("amigos", "ascertain", "dreamer", "pspm", "swell", "wesad")

#: Samples at three places that make two recordings the same: 10 s at 400 Hz.
_COMPARED = 4000


def name_persons(
    data_sets: Sequence[str],
    subjects: Sequence[str],
    records: Sequence[str],
    recordings: Sequence[np.ndarray],
    own_names: Sequence[str],
    same_person: Iterable[Iterable[str]] = (),
) -> tuple[np.ndarray, np.ndarray]:
    """Name each person once, and say in which other data sets they stand.

    Parameters
    ----------
    data_sets, subjects, records : sequence of str of length n_recordings
        Where each recording is from.
    recordings : sequence of ndarray of length n_recordings
        As they were read: equal ones are of one person, but for flat lines.
    own_names : sequence of str of length n_recordings
        What the data sets call themselves, whatever they are called here.
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
    for name, recording in zip(names, recordings, strict=True):
        content = _content(recording)
        if content:
            groups.join(name, known.setdefault(content, name))
    whose = zip(names, data_sets, own_names, subjects, records, strict=True)
    for name, here, own, subject, record in dict.fromkeys(whose):
        for one in {here, own}.intersection(_PHYSIONET):
            groups.join(name, known.setdefault(person_of(one, record), name))
        if own in _LOCAL:
            groups.join(name, known.setdefault((own, subject), name))
    for group in same_person:
        people = _checked_group(group, groups)
        for other in people[1:]:
            groups.join(people[0], other)
    person = [groups.first(name) for name in names]
    met: dict[str, dict[str, None]] = {}
    for group_name, one in zip(person, data_sets, strict=True):
        met.setdefault(group_name, {})[one] = None
    overlaps = [
        ",".join(other for other in met[group_name] if other != one)
        for group_name, one in zip(person, data_sets, strict=True)
    ]
    return np.array(person), np.array(overlaps)


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
    """Sum up a recording by its length and by samples of its beginning, middle and end.

    b"" for a flat line, such as anyone's whose electrodes are off.
    """
    flat = recording.reshape(-1)
    middle = len(flat) // 2
    found = hashlib.blake2b(str(len(flat)).encode(), digest_size=16)
    parts = [flat[:_COMPARED], flat[middle : middle + _COMPARED], flat[-_COMPARED:]]
    if not len(flat) or all((part == flat[0]).all() for part in parts):
        return b""
    for part in parts:
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
