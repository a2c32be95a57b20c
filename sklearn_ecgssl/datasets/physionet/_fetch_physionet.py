"""Any open data set of PhysioNet."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..reading import LeftOut, Trial, load
from ._overlaps import person_of
from ._physionet_set import URL, PhysioNetSet
from ._records import read_record

DESCRIPTION = """\
Records of a data set of PhysioNet, read as WFDB or EDF files without knowledge of the set: see its
page, https://physionet.org/content/<database>/, for what was recorded, its licence and what to
cite; besides, A. L. Goldberger et al., PhysioBank, PhysioToolkit, and PhysioNet, Circulation
101(23):e215-e220, 2000, doi:10.1161/01.CIR.101.23.e215.

Each record is one recording. The usual lead is the first channel whose name is that of an ECG lead.
Channels in volt are in millivolt here, those without a unit are as they are, others are not read.
Samples that a file marks as invalid are NaN, and recordings with such samples are left out.

Each record counts as a person, unless `subject_of` or this package says otherwise: where a person
has several records, pass `subject_of`. The label person names people alike in sets of which it is
known that they overlap.
"""


class PhysioNet(PhysioNetSet):
    """Any data set of PhysioNet; parameters as `fetch_physionet`."""

    name = "physionet"
    description = DESCRIPTION

    def __init__(
        self,
        database: str,
        records: str | Sequence[str] | None = None,
        subject_of: Mapping[str, str] | Callable[[str], str] | None = None,
        **where: Any,
    ) -> None:
        self._chosen = None if records is None else _as_list(records)
        self._subject_of = subject_of
        super().__init__(database, **where)
        self._subject_of = None  # a function need not be one that can be sent to a process
        self.name = database  # type: ignore[misc]
        self.description = f"{database} {self.folder.name}\n\n{DESCRIPTION}"  # type: ignore[misc]

    def subject_of(self, record: str) -> str:
        """Name the person of a record."""
        if self._subject_of is None:
            return super().subject_of(record)
        if callable(self._subject_of):
            return str(self._subject_of(record))
        try:
            return str(self._subject_of[record])
        except KeyError:
            raise ValueError(f"subject_of has no subject for the record {record!r}.") from None

    def read(self, subject: str, record: str) -> Iterator[Trial | LeftOut]:
        """Read one record."""
        self.record_files(record)
        found = read_record(self.files, record)
        labels = {"person": person_of(self.database, record)}
        yield Trial(record, found.leads, found.sampling_rate, labels)

    def _grouped(self, records: Sequence[str]) -> dict[str, list[str]]:
        if self._chosen is not None:
            unknown = [one for one in self._chosen if one not in records]
            if unknown or not self._chosen:
                raise ValueError(
                    f"records: {self.database} has no {', '.join(unknown) or 'one of them'}. It "
                    f"has {len(records)}: {', '.join(records[:20])}{', ...' * (len(records) > 20)}."
                )
            records = list(dict.fromkeys(self._chosen))
        return super()._grouped(records)


def _as_list(records: str | Sequence[str]) -> list[str]:
    return [records] if isinstance(records, str) else [str(one) for one in records]


def fetch_physionet(
    database: str,
    records: str | Sequence[str] | None = None,
    *,
    version: str = "1.0.0",
    subject_of: Mapping[str, str] | Callable[[str], str] | None = None,
    leads: str | Sequence[str] | None = None,
    subjects: str | Sequence[str] | None = None,
    data_home: str | os.PathLike[str] | None = None,
    base_url: str = URL,
    download_if_missing: bool = True,
    n_jobs: int | None = None,
    verbose: int = 0,
    on_error: str = "raise",
    return_X_y: bool = False,
) -> Any:
    """Download and load ECG of any openly licensed data set of PhysioNet, in WFDB or EDF files.

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
    leads : str or sequence of str, default=None
        Channels to load; records that lack one are in `left_out`. None: the first channel of a
        record whose name is that of an ECG lead ("ECG ...", "I", "MLII", "V5", ...). Channels at
        another sampling rate than that one, or in another unit than volt, are not offered.
    subjects : str or sequence of str, default=None
        Whose recordings to load, such as ["16265"]; None: everyone's. Only their files are
        downloaded.
    data_home : path-like, default=None
        Folder of downloaded data sets. None: the environment variable ``SKLEARN_ECGSSL_HOME``, else
        the folder for caches of this platform. A set is in ``<database>/<version>`` of it, laid out
        as on PhysioNet: with what ``wget -r -np https://physionet.org/files/<database>/<version>/``
        gets, pass its folder ``physionet.org/files``.
    base_url : str, default="https://physionet.org/files"
        Where databases are downloaded from: PhysioNet or a mirror with the same folders.
    download_if_missing : bool, default=True
        Whether files that lack are downloaded. Files that are there are used without a request to
        the server, if they have the checksums of the set's ``SHA256SUMS.txt``.
    n_jobs : int, default=None
        People read at once, each by a process of its own. They download one after another.
    verbose : int, default=0
        1 shows the progress of downloads and of reading.
    on_error : {"raise", "warn"}, default="raise"
        What to do when a person's files cannot be read or got: raise, or leave the person out, with
        a warning.
    return_X_y : bool, default=False
        Return ``(recordings, target)`` instead of a Bunch.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        recordings : list of float32 ndarray of shape (n_times,)
            In millivolt where the file names a unit.
        target : None
            The set has no labels that are read here.
        subject : ndarray of shape (n_recordings,)
            The person: pass it as `groups`.
        sampling_rate : float or ndarray of shape (n_recordings,)
            In Hz; an array where recordings differ.
        fields : dict of ndarray of shape (n_recordings,)
            "record", "lead" and "person", the name that a person has in all sets of which it
            is known that they overlap.
        left_out : list of LeftOut
            What the set has and the recordings lack, each with its subject, record and reason.
        unit, name, DESCR : str
            Unit of the recordings, name of the set, and what there is to know of it.

    Raises
    ------
    ImportError
        If pooch or wfdb or edfio is not installed: ``pip install "sklearn_ecgssl[datasets]"``.
    ConnectionError, FileNotFoundError
        If files lack and cannot be downloaded, because the server cannot be reached, lacks them, or
        `download_if_missing` is False. The message names the files and their place.
    UnreadableFileError
        If a file is damaged: with its name, what is wrong, and the byte where it matters.
    OSError
        If the disk is full. What has arrived stays; the next call goes on from there.
    ValueError
        For a subject, lead or attribute that the set does not have.

    See Also
    --------
    fetch_eegmat, fetch_drivedb, fetch_mitdb, fetch_qtdb, fetch_ecgid :
        Sets that are read with their labels.

    Notes
    -----
    Records in several segments, compressed signals and EDF files with gaps in time are not read.
    Sets that ask for an agreement are not downloaded, but are read where their files, with
    ``SHA256SUMS.txt`` and ``RECORDS``, are in place.

    References
    ----------
    .. [1] A. L. Goldberger et al., "PhysioBank, PhysioToolkit, and PhysioNet", Circulation
       101(23):e215-e220, 2000, doi:10.1161/01.CIR.101.23.e215.

    Examples
    --------
    Nothing is downloaded here, and nothing is there:

    >>> import tempfile
    >>> from sklearn_ecgssl.datasets import fetch_physionet
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     try:
    ...         fetch_physionet("nsrdb", data_home=folder, download_if_missing=False)
    ...     except FileNotFoundError as error:
    ...         print("SHA256SUMS.txt" in str(error))
    True
    >>> data = fetch_physionet("nsrdb", records=["16265"])  # doctest: +SKIP
    """
    data_set = PhysioNet(
        database,
        records,
        subject_of,
        version=version,
        data_home=data_home,
        base_url=base_url,
        download_if_missing=download_if_missing,
        verbose=verbose,
    )
    return load(
        data_set,
        leads=leads,
        subjects=subjects,
        n_jobs=n_jobs,
        verbose=verbose,
        on_error=on_error,
        return_X_y=return_X_y,
    )
