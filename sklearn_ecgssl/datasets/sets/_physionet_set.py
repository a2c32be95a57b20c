"""Data sets of PhysioNet: what they have in common."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from ..._files import UnreadableFileError
from .._channels import Channel, leads_of, usual_lead, why_no_lead
from .._data_set import DataSet, Label, Lead, LeftOut, Trial
from .._downloads import Downloads, data_folder
from .._edf import is_edf, read_edf_channels
from .._persons import person_of, subject_of
from .._wfdb import read_wfdb_channels, read_wfdb_header

#: Where PhysioNet keeps the files of its data sets.
URL = "https://physionet.org/files"
_ENDINGS = (".hea", ".edf", ".bdf", ".rec")
CITATION = """\
A. L. Goldberger et al., PhysioBank, PhysioToolkit, and PhysioNet,
Circulation 101(23):e215-e220, 2000, doi:10.1161/01.CIR.101.23.e215."""
#: Of the sets that have a module of their own.
TERMS = f"""\
Besides, cite {CITATION}
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
        first = lead or next(iter(leads))
        yield Trial(
            record,
            {first: leads[first], **leads},
            leads[first].sampling_rate,
            self.labels(record, comments),
            why_no_lead=why_no_lead(channels) if lead is None else "",
        )

    def usual_lead(self, channels: Sequence[Channel], leads: Mapping[str, Lead]) -> str | None:
        """Name the lead that is taken unless one is asked for; None if unknown."""
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
