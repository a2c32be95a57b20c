"""Who is the same person, within a data set and in several.

Excerpts of one data set stand in another, at another sampling rate, so that no checksum finds them.
Who joins such sets splits them by `person_of`, or the same heart beats on both sides of the split.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence

import numpy as np

#: The record by whose name the person of another is called. mitdb: 201 and 202 are of one man;
#: drivedb: two parts of a drive, and 14 holds the same ECG as 13.
_SAME = {
    ("mitdb", "202"): "201",
    ("drivedb", "drive17a"): "drive17",
    ("drivedb", "drive17b"): "drive17",
    ("drivedb", "drive14"): "drive13",
}
#: qtdb: excerpts of 15 minutes, named after the records that they are of (qtdb's table 1).
_QTDB = {
    "mitdb": "100 102 103 104 114 116 117 123 213 221 223 230 231 232 233",
    "stdb": "301 302 306 307 308 310",
    "svdb": "803 808 811 820 821 840 847 853 871 872 873 883 891",
    "ltdb": "14046 14157 14172 15814",
    "nsrdb": "16265 16272 16273 16420 16483 16539 16773 16786 16795 17453",
    "sddb": " ".join(map(str, range(30, 53))),
}
_QTDB_ORIGIN = {f"sel{name}": (db, name) for db, names in _QTDB.items() for name in names.split()}
#: Also of a patient who died suddenly, but in no data set of its own.
_QTDB_ORIGIN["sel17152"] = ("sddb", "")
#: Data sets of PhysioNet that share people, or whose records say whose they are.
_PHYSIONET = {
    *("drivedb", "ecgiddb", "edb", "eegmat", "ltdb", "mitdb", "nsrdb", "nstdb", "qtdb"),
    *("sddb", "stdb", "svdb"),
}
#: Data sets of which two Bunches under two names (two leads, or raw and preprocessed) have the same
#: people. Elsewhere, people of one name may be different ones.
_LOCAL = ("amigos", "ascertain", "dreamer", "pspm", "swell", "wesad")
#: Samples at three places that make two recordings the same: 10 s at 400 Hz.
_COMPARED = 4000


def origin_of(record: str) -> tuple[str, str]:
    """Return database and record that a record of qtdb is from, "" where that is not known."""
    match = re.fullmatch(r"sel(e\d{4})", record)
    return ("edb", match[1]) if match else _QTDB_ORIGIN.get(record, ("", ""))


def person_of(database: str, record: str) -> str:
    """Name the person of a record, alike for all data sets that hold recordings of the person.

    Such as "mitdb/100" for "sel100" of qtdb. Of a data set of which nothing is known, every record
    is a person. The record may be a part of one, such as "drive05/2-city".
    """
    if database == "qtdb" and origin_of(record)[1]:
        return person_of(*origin_of(record))
    noisy = re.fullmatch(r"(118|119)e_?\d+", record)
    if database == "nstdb" and noisy:
        return f"mitdb/{noisy[1]}"  # noise added to two records of mitdb
    if database in ("drivedb", "ecgiddb"):
        record = record.split("/")[0]
    elif database == "eegmat":
        record = re.sub(r"_[12](\.edf)?$", "", record)
    return f"{database}/{_SAME.get((database, record), record)}"


def subject_of(database: str, record: str) -> str:
    """Name the person of a record within its data set, such as "201" for 202 of mitdb."""
    home, _, name = person_of(database, record).partition("/")
    return name if home == database else record


def name_persons(
    data_sets: Sequence[str],
    subjects: Sequence[str],
    records: Sequence[str],
    recordings: Sequence[np.ndarray],
    own_names: Sequence[str],
    same_person: Iterable[Iterable[str]] = (),
) -> tuple[np.ndarray, np.ndarray]:
    """Name each person once, by the first "data set/subject", and list the other data sets.

    Two are the same person if recordings are equal, flat lines aside; if what data sets call
    themselves (`own_names`) says so; or by `same_person`.
    """
    names = [f"{one}/{subject}" for one, subject in zip(data_sets, subjects, strict=True)]
    groups = _Groups(names)
    known: dict[object, str] = {}
    for name, recording in zip(names, recordings, strict=True):
        content = _content(recording)
        if content:
            groups.join(name, known.setdefault(content, name))
    whose = zip(names, data_sets, own_names, subjects, records, strict=True)
    for name, here, own, subject, record in dict.fromkeys(whose):
        for one in {here, own} & _PHYSIONET:
            groups.join(name, known.setdefault(person_of(one, record), name))
        if own in _LOCAL:
            groups.join(name, known.setdefault((own, subject), name))
    for group in same_person:
        people = _checked_group(group, names)
        for other in people[1:]:
            groups.join(people[0], other)
    person = [groups.first(name) for name in names]
    met: dict[str, dict[str, None]] = {}
    for first, one in zip(person, data_sets, strict=True):
        met.setdefault(first, {})[one] = None
    overlaps = [
        ",".join(other for other in met[first] if other != one)
        for first, one in zip(person, data_sets, strict=True)
    ]
    return np.array(person), np.array(overlaps)


class _Groups:
    """Names, some of which mean the same; each group is called by the one that came first."""

    def __init__(self, names: Iterable[str]) -> None:
        self._order = {name: i for i, name in enumerate(dict.fromkeys(names))}
        self._parent = {name: name for name in self._order}

    def first(self, name: str) -> str:
        while self._parent[name] != name:
            name = self._parent[name]
        return name

    def join(self, one: str, other: str) -> None:
        first, second = sorted([self.first(one), self.first(other)], key=self._order.__getitem__)
        self._parent[second] = first


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


def _checked_group(group: Iterable[str], names: Sequence[str]) -> list[str]:
    people = [group] if isinstance(group, str) else list(group)
    unknown = [one for one in people if one not in names]
    if unknown or len(people) < 2:
        raise ValueError(
            f'same_person must hold groups of two or more people, each as "data set/subject", got '
            f"{group!r}" + (f", of whom {unknown[0]!r} is unknown." if unknown else ".")
        )
    return people
