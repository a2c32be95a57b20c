"""EEG during mental arithmetic: rest and task of 36 people."""

import csv
import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ...formats import UnreadableFileError
from ..reading import Condition, LeftOut, Trial, load
from ..reading._trial import Label
from ._physionet_set import URL, PhysioNetSet
from ._records import read_record

LEAD = "ECG ECG"
TABLE = "subject-info.csv"
CONDITIONS = {"1": "rest", "2": "arithmetic"}
#: In these the channel has a standard deviation of 16 to 22 uV without a heart beat; in all others
#: of 47 to 247 uV with beats.
NO_ECG = ("Subject02_1", "Subject13_1", "Subject20_2", "Subject35_2")
_COLUMNS = ("Subject", "Age", "Gender", "Number of subtractions", "Count quality")

DESCRIPTION = """\
Electroencephalograms during mental arithmetic task performance (PhysioNet eegmat 1.0.0)

36 people, each recorded at rest (usually 3 min) and then while subtracting numbers in the head
(1 min). Besides EEG there is one ECG channel, "ECG ECG", 500 Hz, millivolt, band-passed 0.5 to
45 Hz with a notch at 50 Hz by the recorder. Only this channel is read.

Labels: condition (rest, arithmetic), from the names of the files; age, sex, n_subtractions (number
of subtractions in the task) and good_count (whether the person counted well), from
subject-info.csv, the same in both recordings of a person. Dates of birth in the EDF headers are not
real and not read.

Left out: Subject02_1, Subject13_1, Subject20_2 and Subject35_2, whose ECG channel holds no heart
beat. 34 rest and 34 arithmetic recordings are left, and 32 people with both.

Rest always came before the task: order and condition cannot be told apart.

Licence: Open Data Commons Attribution License v1.0 (ODC-By 1.0).
Cite: I. Zyma, S. Tukaev, I. Seleznov, K. Kiyono, A. Popov, M. Chernykh, O. Shpenkov,
Electroencephalograms during Mental Arithmetic Task Performance, Data 4(1):14, 2019,
doi:10.3390/data4010014; and A. L. Goldberger et al., PhysioBank, PhysioToolkit, and PhysioNet,
Circulation 101(23):e215-e220, 2000, doi:10.1161/01.CIR.101.23.e215.
"""


class EegMat(PhysioNetSet):
    """The ECG of eegmat; parameters as `PhysioNetSet`, without `database`."""

    name = "eegmat"
    description = DESCRIPTION
    leads = (LEAD,)
    attributes = {
        "condition": Condition("condition", {"rest": ["rest"], "arithmetic": ["arithmetic"]})
    }

    def __init__(self, **where: Any) -> None:
        super().__init__("eegmat", tables=[TABLE], **where)
        self.facts = read_people(self.tables[1])

    def read(self, subject: str, record: str) -> Iterator[Trial | LeftOut]:
        """Read the ECG of one condition."""
        name = record.removesuffix(".edf")
        condition = CONDITIONS.get(name.removeprefix(f"{subject}_"))
        if condition is None or subject not in self.facts:
            raise UnreadableFileError(
                f"{self.folder}: {record} is not named as a recording of a person in {TABLE}, such "
                "as Subject05_1.edf."
            )
        if name in NO_ECG:
            yield LeftOut(subject, name, f"holds no heart beat in its channel {LEAD!r}")
            return
        self.record_files(record)
        found = read_record(self.files, record)
        ecg = {LEAD: found.leads[LEAD]} if LEAD in found.leads else {}
        labels = {"condition": condition, **self.facts[subject]}
        yield Trial(name, ecg, found.sampling_rate, labels)

    def record_files(self, record: str) -> list[Path]:
        """Download the file of a record that holds an ECG."""
        return [] if record.removesuffix(".edf") in NO_ECG else super().record_files(record)


def read_people(path: Path) -> dict[str, dict[str, Label]]:
    """Read the table of people.

    Parameters
    ----------
    path : pathlib.Path
        ``subject-info.csv``.

    Returns
    -------
    dict of str to dict
        Age, sex, n_subtractions and good_count by name.

    Raises
    ------
    UnreadableFileError
        If it has other columns, or values that make no sense.
    """
    text = path.read_bytes().decode("utf-8-sig", errors="replace")
    rows = csv.reader(io.StringIO(text))
    people: dict[str, dict[str, Label]] = {}
    try:
        names = [name.strip() for name in next(rows, [])]
        if not set(_COLUMNS) <= set(names):
            raise UnreadableFileError(
                f"{path} has the columns {', '.join(names)!r:.200}; expected are "
                f"{', '.join(_COLUMNS)}."
            )
        for row in rows:
            if row:
                values = dict(zip(names, map(str.strip, row), strict=True))
                people[values["Subject"]] = _facts(values)
    except UnreadableFileError:
        raise
    except (ValueError, csv.Error) as error:
        raise UnreadableFileError(
            f"{path} makes no sense in line {rows.line_num}: {error!s:.200}."
        ) from error
    return people


def _facts(row: dict[str, str]) -> dict[str, Label]:
    age, subtractions = float(row["Age"]), float(row["Number of subtractions"])
    if not 0 < age < 120:
        raise ValueError(f"an age of {age:g}")
    if not 0 <= subtractions < 1000:
        raise ValueError(f"{subtractions:g} subtractions")
    sex, quality = row["Gender"], row["Count quality"]
    if sex not in ("F", "M") or quality not in ("0", "1"):
        raise ValueError(f"Gender {sex!r}, Count quality {quality!r}")
    return {"age": age, "sex": sex, "n_subtractions": subtractions, "good_count": quality == "1"}


def fetch_eegmat(
    *,
    leads: str | Sequence[str] | None = None,
    attribute: str | None = "condition",
    subjects: str | Sequence[str] | None = None,
    data_home: str | os.PathLike[str] | None = None,
    base_url: str = URL,
    download_if_missing: bool = True,
    n_jobs: int | None = None,
    verbose: int = 0,
    on_error: str = "raise",
    return_X_y: bool = False,
) -> Any:
    """Download and load eegmat: ECG at rest and during mental arithmetic, 36 people.

    Parameters
    ----------
    leads : str or sequence of str, default=None
        "ECG ECG", the only one.
    attribute : {"condition", None}, default="condition"
        The target. None gives all labels as a pandas DataFrame.
    subjects : str or sequence of str, default=None
        Whose recordings to load, such as ["Subject05"]; None: everyone's. Only their files are
        downloaded.
    data_home : path-like, default=None
        Folder of downloaded data sets. None: the environment variable ``SKLEARN_ECGSSL_HOME``, else
        the folder for caches of this platform. This set is in ``eegmat/1.0.0`` of it, laid out as
        on PhysioNet: with what ``wget -r -np https://physionet.org/files/eegmat/1.0.0/`` gets,
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
        target : ndarray of shape (n_recordings,) or DataFrame
            0 at rest, 1 during mental arithmetic.
        target_names : list of str
            "rest", "arithmetic".
        subject : ndarray of shape (n_recordings,)
            The person: pass it as `groups`.
        sampling_rate : float
            500 Hz.
        fields : dict of ndarray of shape (n_recordings,)
            "record", "lead", "condition", "age", "sex" ("F", "M"), "n_subtractions",
            "good_count".
        left_out : list of LeftOut
            What the set has and the recordings lack, each with its subject, record and reason.
        unit, name, DESCR : str
            Unit of the recordings, name of the set, and what there is to know of it.

    Raises
    ------
    ImportError
        If pooch or edfio is not installed: ``pip install "sklearn_ecgssl[datasets]"``.
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
    The whole set is 180 MB, because its files hold EEG too; two people are 10 MB. In four files the
    ECG channel holds no heart beat; these are in `left_out`. Licence: ODC-By 1.0 [1]_.

    References
    ----------
    .. [1] I. Zyma et al., "Electroencephalograms during Mental Arithmetic Task Performance", Data
       4(1):14, 2019, doi:10.3390/data4010014.

    Examples
    --------
    Nothing is downloaded here, and nothing is there:

    >>> import tempfile
    >>> from sklearn_ecgssl.datasets import fetch_eegmat
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     try:
    ...         fetch_eegmat(data_home=folder, download_if_missing=False)
    ...     except FileNotFoundError as error:
    ...         print("SHA256SUMS.txt" in str(error))
    True
    >>> data = fetch_eegmat(subjects=["Subject05", "Subject06"])  # doctest: +SKIP
    """
    data_set = EegMat(
        data_home=data_home,
        base_url=base_url,
        download_if_missing=download_if_missing,
        verbose=verbose,
    )
    return load(
        data_set,
        leads=leads,
        attribute=attribute,
        subjects=subjects,
        n_jobs=n_jobs,
        verbose=verbose,
        on_error=on_error,
        return_X_y=return_X_y,
    )
