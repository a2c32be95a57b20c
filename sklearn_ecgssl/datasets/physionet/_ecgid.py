"""The ECG-ID database: 310 short recordings of 90 people."""

import os
import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from ..reading import LeftOut, Trial, load
from ..reading._trial import Label
from ._physionet_set import URL, PhysioNetSet
from ._records import read_record

LEADS = ("ECG I", "ECG I filtered")
_SEX = {"male": "M", "female": "F"}
_DATE = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")

DESCRIPTION = """\
ECG-ID database (PhysioNet ecgiddb 1.0.0)

310 recordings of 20 s of 90 people (44 men, 46 women, 13 to 75 years), limb lead I at 500 Hz, 12
bits over 10 mV, millivolt, made for telling people by their ECG. One person has 1 recording, the
others 2 to 22; some were made on one day, others over six months.

The usual lead is the raw "ECG I"; "ECG I filtered" is the same after the authors' removal of drift
and noise. Labels: age and sex, and date, the day of the recording, as year-month-day, from the
headers; NaN and "" where these do not say. There is no target: the person is in `subject`.

Licence: Open Data Commons Attribution License v1.0 (ODC-By 1.0).
Cite: T. S. Lugovaya, Biometric human identification based on electrocardiogram, Master's thesis,
Electrotechnical University LETI, Saint-Petersburg, 2005; and A. L. Goldberger et al., PhysioBank,
PhysioToolkit, and PhysioNet, Circulation 101(23):e215-e220, 2000,
doi:10.1161/01.CIR.101.23.e215.
"""


class EcgId(PhysioNetSet):
    """The records of ecgiddb; parameters as `PhysioNetSet`, without `database`."""

    name = "ecgiddb"
    description = DESCRIPTION
    leads = LEADS

    def __init__(self, **where: Any) -> None:
        super().__init__("ecgiddb", **where)

    def read(self, subject: str, record: str) -> Iterator[Trial | LeftOut]:
        """Read one record."""
        self.record_files(record)
        found = read_record(self.files, record)
        leads = found.leads.usually([lead for lead in LEADS if lead in found.leads])
        yield Trial(record, leads, found.sampling_rate, facts(found.comments))


def facts(comments: Sequence[str]) -> dict[str, Label]:
    """Find age, sex and date in comments such as "Age: 25"."""
    said = {
        key.strip().casefold(): value.strip()
        for key, colon, value in (comment.partition(":") for comment in comments)
        if colon
    }
    age = said.get("age", "")
    return {
        "age": float(age) if age.isdecimal() and len(age) < 4 else float("nan"),
        "sex": _SEX.get(said.get("sex", "").casefold(), ""),
        "date": _day(said.get("ecg date", "")),
    }


def _day(text: str) -> str:
    match = _DATE.fullmatch(text)
    try:
        return date(*map(int, match.group(3, 2, 1))).isoformat() if match else ""
    except ValueError:
        return ""


def fetch_ecgid(
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
    """Download and load ECG-ID: 310 recordings of 20 s, 90 people on one or several days.

    Parameters
    ----------
    leads : str or sequence of str, default=None
        "ECG I", which is raw, or "ECG I filtered", or both. None: "ECG I".
    subjects : str or sequence of str, default=None
        Whose recordings to load, such as ["Person_01"]; None: everyone's. Only their files are
        downloaded.
    data_home : path-like, default=None
        Folder of downloaded data sets. None: the environment variable ``SKLEARN_ECGSSL_HOME``, else
        the folder for caches of this platform. This set is in ``ecgiddb/1.0.0`` of it, laid out as
        on PhysioNet: with what ``wget -r -np https://physionet.org/files/ecgiddb/1.0.0/`` gets,
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
            The set has no labels but the person.
        subject : ndarray of shape (n_recordings,)
            The person: pass it as `groups`.
        sampling_rate : float
            500 Hz.
        fields : dict of ndarray of shape (n_recordings,)
            "record", "lead", "age", "sex" ("F", "M") and "date" (year-month-day), NaN and ""
            where unknown.
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
    fetch_physionet : Any other open set of PhysioNet.

    Notes
    -----
    The whole set is 13 MB. Licence: ODC-By 1.0 [1]_.

    References
    ----------
    .. [1] T. S. Lugovaya, "Biometric human identification based on electrocardiogram", Master's
       thesis, Electrotechnical University LETI, Saint-Petersburg, 2005.

    Examples
    --------
    Nothing is downloaded here, and nothing is there:

    >>> import tempfile
    >>> from sklearn_ecgssl.datasets import fetch_ecgid
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     try:
    ...         fetch_ecgid(data_home=folder, download_if_missing=False)
    ...     except FileNotFoundError as error:
    ...         print("SHA256SUMS.txt" in str(error))
    True
    >>> data = fetch_ecgid(subjects=["Person_01"])  # doctest: +SKIP
    """
    data_set = EcgId(
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
