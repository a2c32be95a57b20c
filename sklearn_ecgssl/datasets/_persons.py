"""Who is the same person, within a data set of PhysioNet and in several.

Excerpts of one data set stand in another, at another sampling rate, so that no checksum finds them.
Who joins such sets splits them by `person_of`, or the same heart beats on both sides of the split.
"""

import re

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
PHYSIONET = {
    *("drivedb", "ecgiddb", "edb", "eegmat", "ltdb", "mitdb", "nsrdb", "nstdb", "qtdb"),
    *("sddb", "stdb", "svdb"),
}
#: Data sets of which two Bunches under two names (two leads, or raw and preprocessed) have the same
#: people. Elsewhere, people of one name may be different ones.
LOCAL = ("amigos", "ascertain", "dreamer", "pspm", "swell", "wesad")


def origin_of(record: str) -> tuple[str, str]:
    """Return database and record that a record of qtdb is from, "" where that is not known."""
    match = re.fullmatch(r"sel(e\d{4})", record)
    return ("edb", match[1]) if match else _QTDB_ORIGIN.get(record, ("", ""))


def person_of(database: str, record: str) -> str:
    """Name the person of a record, or of a part of one, alike for all data sets: "mitdb/100"."""
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
