"""The MIT-BIH arrhythmia database: half an hour each of 47 people."""

import os
import re
from collections.abc import Iterator, Sequence
from typing import Any

from ..reading import LeftOut, Trial, load
from ..reading._trial import Label
from ._overlaps import person_of
from ._physionet_set import URL, PhysioNetSet
from ._records import Leads, read_record

USUAL_LEAD = "MLII"
_FACTS = re.compile(r"(-?\d{1,3}|\?) +([MF])\b")

DESCRIPTION = """\
MIT-BIH arrhythmia database (PhysioNet mitdb 1.0.0)

48 recordings of half an hour, 47 people (201 and 202 are of one man, whose name here is 201), two
leads at 360 Hz, millivolt, 1975 to 1979. 23 were chosen at random from a mixed population, 25
because their arrhythmias are rare and of clinical importance: this is not ECG of healthy people. In
102, 104, 107 and 217 a pacemaker sets the beat.

The usual lead is MLII, a modified limb lead II, where a record has it (46 of 48), else its first.
Labels: age and sex from the headers, NaN and "" where these do not say. There is no target. Beat
annotations (.atr files) are not read.

Overlaps: records of the QT database (fetch_qtdb) and of the noise stress test database (nstdb) are
excerpts of these; the label person names people alike in all of them.

Licence: Open Data Commons Attribution License v1.0 (ODC-By 1.0).
Cite: G. B. Moody, R. G. Mark, The impact of the MIT-BIH Arrhythmia Database, IEEE Engineering in
Medicine and Biology 20(3):45-50, 2001, doi:10.1109/51.932724; and A. L. Goldberger et al.,
PhysioBank, PhysioToolkit, and PhysioNet, Circulation 101(23):e215-e220, 2000,
doi:10.1161/01.CIR.101.23.e215.
"""


class MitDb(PhysioNetSet):
    """The records of mitdb; parameters as `PhysioNetSet`, without `database`."""

    name = "mitdb"
    description = DESCRIPTION

    def __init__(self, **where: Any) -> None:
        super().__init__("mitdb", **where)

    def read(self, subject: str, record: str) -> Iterator[Trial | LeftOut]:
        """Read one record."""
        self.record_files(record)
        found = read_record(self.files, record)
        labels = {"person": person_of("mitdb", record), **facts(found.comments)}
        yield Trial(record, usual_first(found.leads), found.sampling_rate, labels)


def usual_first(leads: Leads) -> Leads:
    """Put the usual lead first where there is one."""
    return leads.usually([USUAL_LEAD]) if USUAL_LEAD in leads else leads


def facts(comments: Sequence[str]) -> dict[str, Label]:
    """Find age and sex, which begin the first comment: "69 M 1085 1629 x1"."""
    match = _FACTS.match(comments[0]) if comments else None
    if match is None:
        return {"age": float("nan"), "sex": ""}
    known = match[1].isdecimal()
    return {"age": float(match[1]) if known else float("nan"), "sex": match[2]}


def fetch_mitdb(
    *,
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
    """Download and load mitdb, the MIT-BIH arrhythmia database: 48 half hours of 47 people.

    Parameters
    ----------
    leads : str or sequence of str, default=None
        Such as "V5"; records that lack a lead are in `left_out`. None: MLII, a modified limb lead
        II, else the first of the record.
    subjects : str or sequence of str, default=None
        Whose recordings to load, such as ["100", "201"]; None: everyone's. Only their files are
        downloaded.
    data_home : path-like, default=None
        Folder of downloaded data sets. None: the environment variable ``SKLEARN_ECGSSL_HOME``, else
        the folder for caches of this platform. This set is in ``mitdb/1.0.0`` of it, laid out as
        on PhysioNet: with what ``wget -r -np https://physionet.org/files/mitdb/1.0.0/`` gets,
        pass its folder ``physionet.org/files``.
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
            In millivolt; lengths differ.
        target : None
            The set has no labels; beat annotations are not read.
        subject : ndarray of shape (n_recordings,)
            The person: pass it as `groups`.
        sampling_rate : float
            360 Hz.
        fields : dict of ndarray of shape (n_recordings,)
            "record", "lead", "person" (the name that a person has in all sets), "age" and
            "sex" ("F", "M"), NaN and "" where unknown.
        left_out : list of LeftOut
            What the set has and the recordings lack, each with its subject, record and reason.
        unit, name, DESCR : str
            Unit of the recordings, name of the set, and what there is to know of it.

    Raises
    ------
    ImportError
        If pooch or wfdb is not installed: ``pip install "sklearn_ecgssl[datasets]"``.
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
    fetch_qtdb : Has excerpts of 15 of these records.

    Notes
    -----
    The whole set is 95 MB. Many of these people have arrhythmias or a pacemaker. Licence: ODC-By
    1.0 [1]_.

    References
    ----------
    .. [1] G. B. Moody, R. G. Mark, "The impact of the MIT-BIH Arrhythmia Database", IEEE
       Engineering in Medicine and Biology 20(3):45-50, 2001, doi:10.1109/51.932724.

    Examples
    --------
    Nothing is downloaded here, and nothing is there:

    >>> import tempfile
    >>> from sklearn_ecgssl.datasets import fetch_mitdb
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     try:
    ...         fetch_mitdb(data_home=folder, download_if_missing=False)
    ...     except FileNotFoundError as error:
    ...         print("SHA256SUMS.txt" in str(error))
    True
    >>> data = fetch_mitdb(subjects=["100"])  # doctest: +SKIP
    """
    data_set = MitDb(
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
