"""What the data sets of PhysioNet have in common."""

import os
import re
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from ..reading import DataSet, LeftOut, Trial
from ._files import Files
from ._home import data_folder
from ._overlaps import subject_of
from ._records import NAME, fetch_record, list_records

#: Where PhysioNet keeps the files of its data sets.
URL = "https://physionet.org/files"
_PLAIN = re.compile("[A-Za-z0-9][A-Za-z0-9_.-]*")


class PhysioNetSet(DataSet):
    """A data set of PhysioNet, whose files are downloaded person by person.

    Making one downloads what says which records there are. A person's files are downloaded when
    `sources` or `trials` are asked for.

    Parameters
    ----------
    database : str
        PhysioNet's short name.
    version : str
        Of the data set.
    data_home : path-like or None
        Folder of downloaded data sets; this one is in ``<database>/<version>`` of it.
    base_url : str
        Where the databases are.
    download_if_missing : bool
        Whether what lacks is downloaded.
    verbose : int
        1 shows downloads.
    tables : sequence of str
        Files that belong to all persons.
    """

    indifferent = ("base_url", "download_if_missing")

    def __init__(
        self,
        database: str,
        *,
        version: str = "1.0.0",
        data_home: str | os.PathLike[str] | None = None,
        base_url: str = URL,
        download_if_missing: bool = True,
        verbose: int = 0,
        tables: Sequence[str] = (),
    ) -> None:
        for name, value in (("database", database), ("version", version)):
            if not isinstance(value, str) or not _PLAIN.fullmatch(value) or ".." in value:
                raise ValueError(f"{name} must be a short name such as 'mitdb', got {value!r}.")
        if urlsplit(base_url).scheme not in ("http", "https"):
            raise ValueError(f"base_url must begin with https:// or http://, got {base_url!r}.")
        super().__init__(data_folder(data_home) / database / version)
        self.database = database
        self.files = Files(
            self.folder,
            f"{base_url.rstrip('/')}/{database}/{version}/",
            download=bool(download_if_missing),
            verbose=verbose,
        )
        self.tables = self.files.fetch([NAME, *tables])
        records = list_records(self.tables[0].read_bytes(), self.files.sums, str(self.tables[0]))
        self.people = self._grouped(records)

    @property
    def subjects(self) -> list[str]:
        """Names of the people, in the order of the records."""
        return list(self.people)

    def sources(self, subject: str) -> list[Path]:
        """Download a person's files where they lack, and return all that `trials` reads."""
        found = [path for record in self.people[subject] for path in self.record_files(record)]
        return [*self.tables[1:], *found]

    def trials(self, subject: str) -> Iterator[Trial | LeftOut]:
        """Read one person, record by record."""
        for record in self.people[subject]:
            yield from self.read(subject, record)

    def record_files(self, record: str) -> list[Path]:
        """Download the files of a record where they lack."""
        return fetch_record(self.files, record)

    def subject_of(self, record: str) -> str:
        """Name the person of a record."""
        return subject_of(self.database, record)

    @abstractmethod
    def read(self, subject: str, record: str) -> Iterator[Trial | LeftOut]:
        """Read one record; its files need not be there yet."""

    def _grouped(self, records: Sequence[str]) -> dict[str, list[str]]:
        people: dict[str, list[str]] = {}
        for record in records:
            people.setdefault(self.subject_of(record), []).append(record)
        return people
