"""Which records of which data sets are of the same person.

Excerpts of one set stand in another, at another sampling rate, so that no checksum finds them. Who
joins such sets splits them by `person_of`, or the same heart beats on both sides of the split.
"""

import re
from typing import NamedTuple

#: mitdb: 201 and 202 are of one man (mitdb's own directory of records).
_MITDB = {"202": "201"}
#: drivedb: two parts of a drive; 14 holds the same ECG, EMG and marker channel as 13.
_DRIVEDB = {"drive17a": "drive17", "drive17b": "drive17", "drive14": "drive13"}
#: nstdb: noise added to two records of mitdb.
_NSTDB = re.compile(r"(118|119)e_?\d+")
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
_EDB = re.compile(r"sel(e\d{4})")
#: Also of patients who died suddenly, but in no data set of its own.
_QTDB_ALONE = {"sel17152": "sddb"}


class Origin(NamedTuple):
    """Where an excerpt is from: a database, and its record there, "" if unknown."""

    database: str
    record: str


def origin_of(record: str) -> Origin:
    """Tell where a record of the QT database is from.

    Parameters
    ----------
    record : str
        Such as "sel100".

    Returns
    -------
    Origin
        Such as ("mitdb", "100"); ("", "") for a name that is not known.
    """
    if record in _QTDB_ORIGIN:
        return Origin(*_QTDB_ORIGIN[record])
    match = _EDB.fullmatch(record)
    if match:
        return Origin("edb", match[1])
    return Origin(_QTDB_ALONE.get(record, ""), "")


def person_of(database: str, record: str) -> str:
    """Name the person of a record, alike for all data sets that hold recordings of the person.

    Parameters
    ----------
    database : str
        PhysioNet's short name, such as "qtdb".
    record : str
        A record, or a recording of it such as "drive05/2-city".

    Returns
    -------
    str
        Such as "mitdb/100" for "sel100" of qtdb. Of a data set of which nothing is known, every
        record is a person.
    """
    if database == "qtdb":
        origin = origin_of(record)
        if origin.record:
            return person_of(*origin)
    elif database == "nstdb":
        match = _NSTDB.fullmatch(record)
        if match:
            return f"mitdb/{match[1]}"
    elif database == "mitdb":
        record = _MITDB.get(record, record)
    elif database == "drivedb":
        record = record.split("/")[0]
        record = _DRIVEDB.get(record, record)
    elif database == "ecgiddb":
        record = record.split("/")[0]
    elif database == "eegmat":
        record = re.sub(r"_[12](\.edf)?$", "", record)
    return f"{database}/{record}"


def subject_of(database: str, record: str) -> str:
    """Name the person of a record within its data set.

    Parameters
    ----------
    database, record : str
        As for `person_of`.

    Returns
    -------
    str
        Such as "201" for the records 201 and 202 of mitdb; the record where it is the only one.
    """
    home, _, name = person_of(database, record).partition("/")
    return name if home == database else record
