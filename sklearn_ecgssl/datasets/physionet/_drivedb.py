"""Stress recognition in automobile drivers: rest, city and highway."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ...formats import UnreadableFileError
from ...formats._wfdb import read_wfdb_header, read_wfdb_signal
from ..reading import Condition, LeftOut, Trial, load
from ..reading._trial import Label
from ._marks import Phase, find_marks, match_phases
from ._physionet_set import URL, PhysioNetSet
from ._records import read_record

LEAD = "ECG"
MARKER = "marker"
#: Of drive13, recorded with other channels besides.
COPY = "drive14"
PHASES = ("rest", "city", "highway", "city", "highway", "city", "rest")
#: Minutes of each of these, as published by Akbas; two drives have no second rest.
MINUTES = {
    "drive05": (15.13, 16.00, 7.74, 6.06, 7.56, 14.96, 15.75),
    "drive06": (15.05, 14.49, 7.32, 6.53, 7.64, 12.29, 15.05),
    "drive07": (15.04, 16.23, 10.96, 9.83, 7.64, 10.15, 15.03),
    "drive08": (15.00, 12.31, 7.23, 9.51, 7.64, 13.43, 15.07),
    "drive09": (15.66, 19.21, 8.47, 5.20, 7.06, 13.21),
    "drive10": (15.04, 15.30, 8.66, 5.27, 7.04, 12.06, 14.79),
    "drive11": (15.02, 15.81, 7.43, 7.15, 6.96, 11.72, 14.99),
    "drive12": (15.01, 13.41, 7.56, 6.50, 8.06, 11.68, 15.01),
    "drive15": (15.00, 12.54, 7.24, 5.99, 6.82, 12.12, 15.00),
    "drive16": (15.01, 16.12, 7.14, 5.12, 6.81, 13.91),
}

DESCRIPTION = """\
Stress recognition in automobile drivers (PhysioNet drivedb 1.0.0)

18 recordings of 25 to 93 minutes of drives in Boston: rest, then city and highway in turn, rest.
ECG (a modified lead II) in millivolt at its full rate, which is several samples per frame of the
file: 496 Hz, but 480 for drive17a, 356.5 for drive12 and 480.5 for drive15. Only the ECG and the
marker are read.

Phases. The set has no table of phases. A companion pressed a button at their borders, which the
channel "marker" shows as spikes on a drifting trace. The durations of the phases of ten drives (05
to 12, 15 and 16) were published by Akbas. Here a recording is cut into phases only if its marks
agree with these durations: each phase lies between two marks whose distance is within 3 s of its
published duration, all phases in their order, and in one way only. Then there is one recording per
phase, from mark to mark, with the labels phase (rest, city, highway) and part (1 to 7), and what
lies before, between and after is left away. Every other record is one recording without a phase.

What is not known: the rule was made on the marker channels of drive17a and drive17b, where it finds
the presses. The durations are of other drives, so that it has not been checked on a whole drive.
Common public code lays the durations from the first sample on, though recordings are 1 to 6 minutes
longer than their sum; that is not done here. People are not named, and some drove more than once:
the subject here is the drive, so that leaving a subject out may still leave the person in. The
header of drive17a says 15 frames a second; its first rest, 15.5 minutes by that, would have the
planned 15.0 at 15.5 frames, so that its ECG may be at 496 Hz. The header is believed.

drive17a and drive17b are two parts of one drive, with the subject drive17. drive14 holds the same
ECG as drive13 and is left out. drive01 and drive03 have no marker channel.

Licence: Open Data Commons Attribution License v1.0 (ODC-By 1.0).
Cite: J. A. Healey, R. W. Picard, Detecting stress during real-world driving tasks using
physiological sensors, IEEE Transactions on Intelligent Transportation Systems 6(2):156-166, 2005,
doi:10.1109/TITS.2005.848368; for the durations, A. Akbas, Evaluation of the physiological data
indicating the dynamic stress level of drivers, Scientific Research and Essays 6(2):430-439, 2011;
and A. L. Goldberger et al., PhysioBank, PhysioToolkit, and PhysioNet, Circulation
101(23):e215-e220, 2000, doi:10.1161/01.CIR.101.23.e215.
"""


class DriveDb(PhysioNetSet):
    """The ECG of drivedb; parameters as `PhysioNetSet`, without `database`."""

    name = "drivedb"
    description = DESCRIPTION
    leads = (LEAD,)
    attributes = {
        "phase": Condition("phase", {"rest": ["rest"], "city": ["city"], "highway": ["highway"]})
    }

    def __init__(self, **where: Any) -> None:
        super().__init__("drivedb", **where)

    def read(self, subject: str, record: str) -> Iterator[Trial | LeftOut]:
        """Read one record, in its phases if they can be told."""
        if record == COPY:
            yield LeftOut(subject, record, "holds the same ECG as drive13")
            return
        self.record_files(record)
        found = read_record(self.files, record)
        if LEAD not in found.leads:
            raise UnreadableFileError(f"{self.folder / record}.hea has no channel {LEAD!r}.")
        ecg, rate = found.leads[LEAD], found.sampling_rate
        marks = self._marks(record)
        phases = _phases(record, marks)
        labels: dict[str, Label] = {"drive": subject, "n_marks": len(marks)}
        if not phases:
            yield Trial(record, {LEAD: ecg}, rate, {**labels, "phase": "", "part": 0})
        for part, phase in enumerate(phases, start=1):
            cut = ecg[round(phase.start * rate) : round(phase.stop * rate)]
            yield Trial(
                f"{record}/{part}-{phase.name}",
                {LEAD: cut},
                rate,
                {**labels, "phase": phase.name, "part": part},
            )

    def record_files(self, record: str) -> list[Path]:
        """Download the files of a record that is read."""
        return [] if record == COPY else super().record_files(record)

    def _marks(self, record: str) -> list[float]:
        path = self.folder / f"{record}.hea"
        channels = read_wfdb_header(path).channels
        for i, channel in enumerate(channels):
            if channel.name.strip() == MARKER:
                marker = read_wfdb_signal(path, i)
                return [float(time) for time in find_marks(marker, channel.sampling_rate)]
        return []


def _phases(record: str, marks: Sequence[float]) -> list[Phase]:
    minutes = MINUTES.get(record)
    if minutes is None:
        return []
    return match_phases(marks, [(p, 60 * m) for p, m in zip(PHASES, minutes, strict=False)])


def fetch_drivedb(
    *,
    leads: str | Sequence[str] | None = None,
    attribute: str | None = None,
    subjects: str | Sequence[str] | None = None,
    data_home: str | os.PathLike[str] | None = None,
    base_url: str = URL,
    download_if_missing: bool = True,
    n_jobs: int | None = None,
    verbose: int = 0,
    on_error: str = "raise",
    return_X_y: bool = False,
) -> Any:
    """Download and load drivedb: ECG of drivers at rest, in the city and on the highway.

    Parameters
    ----------
    leads : str or sequence of str, default=None
        "ECG", the only one.
    attribute : {"phase", None}, default=None
        The target. "phase" leaves out recordings whose phases cannot be told; None gives all labels
        as a pandas DataFrame.
    subjects : str or sequence of str, default=None
        Whose recordings to load, such as ["drive05", "drive17"]; None: everyone's. Only their
        files are downloaded.
    data_home : path-like, default=None
        Folder of downloaded data sets. None: the environment variable ``SKLEARN_ECGSSL_HOME``, else
        the folder for caches of this platform. This set is in ``drivedb/1.0.0`` of it, laid out as
        on PhysioNet: with what ``wget -r -np https://physionet.org/files/drivedb/1.0.0/`` gets,
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
            0 at rest, 1 in the city, 2 on the highway.
        target_names : list of str
            "rest", "city", "highway".
        subject : ndarray of shape (n_recordings,)
            The person: pass it as `groups`.
        sampling_rate : ndarray of shape (n_recordings,)
            In Hz; 496 for most drives, 356.5 to 480.5 for three. A float if they are the same.
        fields : dict of ndarray of shape (n_recordings,)
            "record", "lead", "drive", "n_marks" (marks found), "phase" ("" where it
            cannot be told) and "part" (which phase of the drive, 0 for a whole record).
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
    fetch_eegmat : Rest against a task, with labels that are certain.

    Notes
    -----
    The set has no table of phases: they are read from the marker channel, and only where its marks
    agree with published durations [2]_. `DESCR` says how, and what is not known. The whole set is
    about 120 MB. Licence: ODC-By 1.0 [1]_.

    References
    ----------
    .. [1] J. A. Healey, R. W. Picard, "Detecting stress during real-world driving tasks using
       physiological sensors", IEEE Transactions on Intelligent Transportation Systems
       6(2):156-166, 2005, doi:10.1109/TITS.2005.848368.
    .. [2] A. Akbas, "Evaluation of the physiological data indicating the dynamic stress level of
       drivers", Scientific Research and Essays 6(2):430-439, 2011.

    Examples
    --------
    Nothing is downloaded here, and nothing is there:

    >>> import tempfile
    >>> from sklearn_ecgssl.datasets import fetch_drivedb
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     try:
    ...         fetch_drivedb(data_home=folder, download_if_missing=False)
    ...     except FileNotFoundError as error:
    ...         print("SHA256SUMS.txt" in str(error))
    True
    >>> data = fetch_drivedb(subjects=["drive17"])  # doctest: +SKIP
    """
    data_set = DriveDb(
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
