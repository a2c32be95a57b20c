"""Data sets of PhysioNet: what they have in common, and any of them without knowledge of it."""

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from ..._files import UnreadableFileError
from .._channels import Channel, first_of, leads_of, usual_lead, why_no_lead
from .._data_set import DataSet, Label, Lead, LeftOut, Trial
from .._downloads import Downloads, data_folder
from .._edf import is_edf, read_edf_channels
from .._persons import person_of, subject_of
from .._wfdb import read_wfdb_channels, read_wfdb_header

#: Where PhysioNet keeps the files of its data sets.
URL = "https://physionet.org/files"
_ENDINGS = (".hea", ".edf", ".bdf", ".rec")
_CITATION = """\
A. L. Goldberger et al., PhysioBank, PhysioToolkit, and PhysioNet,
Circulation 101(23):e215-e220, 2000, doi:10.1161/01.CIR.101.23.e215."""
#: Of the sets that have a module of their own.
TERMS = f"""\
Besides, cite {_CITATION}
Licence: Open Data Commons Attribution License v1.0 (ODC-By 1.0).
"""


@dataclass
class PhysioNetSet(DataSet):
    """Base class: records are read person by person, and downloaded when they are asked for.

    Parameters
    ----------
    data_home : path-like, default=None
        Folder of downloaded data sets. None: the environment variable ``SKLEARN_ECGSSL_HOME``, else
        the folder for caches of this platform. A set is in ``<database>/<version>`` of it, laid out
        as on PhysioNet: with what ``wget -r -np https://physionet.org/files/<database>/<version>/``
        gets, pass its folder ``physionet.org/files``.
    base_url : str, default="https://physionet.org/files"
        Where databases are downloaded from: PhysioNet or a mirror with the same folders.
    download_if_missing : bool, default=True
        Whether files that lack are downloaded, each person's alone. Files that are there are used
        without a request to the server, if they have the checksums of ``SHA256SUMS.txt``.
    verbose : int, default=0
        1 shows the progress of downloads and of reading.
    """

    database: ClassVar[str]
    version: ClassVar[str] = "1.0.0"
    tables: ClassVar[tuple[str, ...]] = ()  # files that belong to all people

    # Where the files are changes nothing of the recordings but by `folder`, which is.
    path: Any = field(default=None, init=False, repr=False)
    data_home: str | os.PathLike[str] | None = field(default=None, repr=False, kw_only=True)
    base_url: str = field(default=URL, repr=False, kw_only=True)
    download_if_missing: bool = field(default=True, repr=False, kw_only=True)
    verbose: int = field(default=0, repr=False, kw_only=True)

    @property
    def folder(self) -> Path:
        """Where the files of this database and version are."""
        return data_folder(self.data_home) / self.database / self.version

    @cached_property
    def files(self) -> Downloads:
        """The files, downloaded where that is allowed."""
        url = f"{self.base_url.rstrip('/')}/{self.database}/{self.version}/"
        return Downloads(self.folder, url, bool(self.download_if_missing), self.verbose)

    @cached_property
    def people(self) -> dict[str, list[str]]:
        """The records of each person, in their order."""
        path, *_ = self.files.fetch(["RECORDS", *self.tables])
        people: dict[str, list[str]] = {}
        for record in self.chosen(_list_records(path, self.files.sums)):
            people.setdefault(self.person(record), []).append(record)
        return people

    def chosen(self, records: list[str]) -> list[str]:
        """Choose among the records."""
        return records

    def person(self, record: str) -> str:
        """Name the person of a record."""
        return subject_of(self.database, record)

    def subjects(self) -> list[str]:
        """Name the people, in the order of the records."""
        return list(self.people)

    def sources(self, subject: str) -> list[Path]:
        """Download a person's files where they lack, and list all that `trials` reads."""
        found = [path for one in self.people[subject] for path in self.record_files(one)]
        return [*self.files.fetch(self.tables), *found]

    def trials(self, subject: str) -> Iterator[Trial | LeftOut]:
        """Read one person, record by record."""
        for record in self.people[subject]:
            yield from self.read(subject, record)

    def read(self, subject: str, record: str) -> Iterator[Trial | LeftOut]:
        """Read one record."""
        channels, comments = self.channels(record)
        leads = leads_of(channels)
        if not leads:
            yield LeftOut(subject, record, why_no_lead(channels))
            return
        lead = self.usual_lead(channels, leads)
        yield Trial(
            record,
            first_of(leads, lead),
            leads[lead or next(iter(leads))].sampling_rate,
            self.labels(record, comments),
            why_no_lead=why_no_lead(channels) if lead is None else "",
        )

    def usual_lead(self, channels: Sequence[Channel], leads: Mapping[str, Lead]) -> str | None:
        """Name the lead that is taken unless one is asked for; None if nobody knows."""
        return usual_lead(channels)

    def labels(self, record: str, comments: Sequence[str]) -> dict[str, Label]:
        """Make the labels of a record."""
        return {"person": person_of(self.database, record)}

    def channels(self, record: str) -> tuple[list[Channel], list[str]]:
        """Read the channels of a record, and the comments of its header."""
        path, *_ = self.record_files(record)
        if is_edf(path):
            return read_edf_channels(path), []
        return read_wfdb_channels(path), read_wfdb_header(path).comments

    def record_files(self, record: str) -> list[Path]:
        """Download the files of a record where they lack: the EDF file, or header and samples."""
        name = _main_file(record, self.files.sums)
        if name is None:
            raise UnreadableFileError(
                f"{self.folder} has no file of the record {record}: neither "
                f"{', '.join(record + ending for ending in _ENDINGS)}, nor one of that name."
            )
        if name.endswith(".hea") and f"{record}.dat" in self.files.sums:
            # Along with the header, so that an error names both.
            self.files.fetch([name, f"{record}.dat"])
        (path,) = self.files.fetch([name])
        if is_edf(path):
            return [path]
        samples = [self._sample_file(path, name, one) for one in read_wfdb_header(path).files]
        return [path, *self.files.fetch(samples)]

    def _sample_file(self, path: Path, header: str, name: str) -> str:
        beside = PurePosixPath(header).parent
        found = [str(beside / one) for one in (name, PurePosixPath(name).name)]
        for one in found:
            if one in self.files.sums:
                return one
        raise UnreadableFileError(f"{path} names {name}, which is no file of the data set.")


def _list_records(path: Path, names: Collection[str]) -> list[str]:
    """Read the list of records; of a folder in it, headers and EDF files are its records."""
    records: list[str] = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        line = line.strip()
        if line.endswith("/"):
            inside = [name for name in names if name.startswith(line)]
            found = [one.removesuffix(".hea") for one in inside if one.lower().endswith(_ENDINGS)]
            records += sorted(found)
        elif line:
            records.append(line)
    if not records:
        raise UnreadableFileError(f"{path} names no record.")
    return list(dict.fromkeys(records))


def _main_file(record: str, names: Collection[str]) -> str | None:
    """Return the file of a record, of any name, or its header; None if there is neither."""
    there = {name.casefold(): name for name in names} | {name: name for name in names}
    wanted = [record, *(f"{record}{ending}" for ending in _ENDINGS)]
    found = [there.get(name) or there.get(name.casefold()) for name in wanted]
    return next((name for name in found if name), None)


@dataclass
class PhysioNet(PhysioNetSet):
    """ECG of any openly licensed data set of PhysioNet, in WFDB or EDF files.

    Parameters
    ----------
    database : str
        PhysioNet's short name, the last part of the address of its page: "nsrdb", "ludb".
    records : str or sequence of str, default=None
        Records to load, as the set's file ``RECORDS`` names them. None: all.
    version : str, default="1.0.0"
        Of the data set; its page lists the versions.
    subject_of : mapping or callable, default=None
        Gives the person of a record. None: every record is a person, but for sets of which this
        package knows better (mitdb, ecgiddb, drivedb, eegmat).
    """

    database: str  # type: ignore[misc]
    records: str | Sequence[str] | None = None
    version: str = field(default="1.0.0", kw_only=True)  # type: ignore[misc]
    subject_of: Mapping[str, str] | Callable[[str], str] | None = field(default=None, kw_only=True)

    name = "physionet"
    DESCR = f"""\
Records of a data set of PhysioNet, read as WFDB or EDF files without knowledge of the set: see its
page, https://physionet.org/content/<database>/, for what was recorded, its licence and what to
cite; besides,
{_CITATION}

Each record is one recording. What a file is, is told by its content. The usual lead is the first
channel in volt, or without a unit, that is named as an ECG lead ("ECG ...", "I", "MLII", "V5");
where there is none, the record is left out with the channels that it has, of which `leads` names
one. Of channels of one name the second is called "ECG 2", one without a name "channel 0". Channels
in volt are in millivolt here, others as they are; the unit of counts of a converter is "unknown".
Samples that a file marks as invalid are NaN, and recordings with such samples are left out. Records
in several segments and EDF files with gaps in time are not read. Sets that ask for an agreement are
not downloaded, but read where their files, with SHA256SUMS.txt and RECORDS, are in place.

Each record counts as a person, unless `subject_of` or this package says otherwise: where a person
has several records, pass `subject_of`. The label person names people alike in sets of which it is
known that they overlap.
"""

    def __post_init__(self) -> None:
        for name in ("database", "version"):
            value = getattr(self, name)
            if not isinstance(value, str) or not value or "/" in value:
                raise ValueError(f"{name} must be a short name such as 'mitdb', got {value!r}.")
        self.name = self.database  # type: ignore[misc]
        self.DESCR = f"{self.database} {self.version}\n\n{self.DESCR}"  # type: ignore[misc]

    def person(self, record: str) -> str:
        """Name the person of a record, as the user says it."""
        if self.subject_of is None:
            return super().person(record)
        if callable(self.subject_of):
            return str(self.subject_of(record))
        if record not in self.subject_of:
            raise ValueError(f"subject_of has no subject for the record {record!r}.")
        return str(self.subject_of[record])

    def chosen(self, records: list[str]) -> list[str]:
        """Choose the records that were asked for."""
        if self.records is None:
            return records
        asked = [self.records] if isinstance(self.records, str) else list(map(str, self.records))
        unknown = [one for one in asked if one not in records]
        if unknown or not asked:
            raise ValueError(
                f"records: {self.database} has no {', '.join(unknown) or 'one of them'}. It has "
                f"{len(records)}: {', '.join(records[:20])}{', ...' * (len(records) > 20)}."
            )
        return asked
