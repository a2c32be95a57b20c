"""The QT database: 105 excerpts of 15 minutes from other data sets."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

from ..reading import LeftOut, Trial, load
from ._overlaps import origin_of, person_of
from ._physionet_set import URL, PhysioNetSet
from ._records import read_record

DESCRIPTION = """\
QT database (PhysioNet qtdb 1.0.0)

105 excerpts of 15 minutes, two leads at 250 Hz, millivolt, from other data sets: 15 of mitdb
(MIT-BIH arrhythmia), 6 of stdb (ST change), 13 of svdb (supraventricular arrhythmia), 4 of ltdb
(long-term), 10 of nsrdb (normal sinus rhythm), 33 of edb (European ST-T) and 24 of patients who
died suddenly (sddb). They were resampled from other rates, so that no checksum shows the overlap.

The usual lead is the first of a record; its name differs between records (MLII, V5, ECG1, D3, ...).
Labels: origin, the short name of the source; origin_record, such as "mitdb/100", "" for sel17152,
whose record is in no set; person, the name that the person has in all sets. There is no target.
Annotations of waves are not read.

That sel30 to sel52 are the records 30 to 52 of sddb is concluded from their names. The 90 records
of edb are of 79 people, and which are of the same is not known here: a few pairs of sele records
may be of one person.

Licence: Open Data Commons Attribution License v1.0 (ODC-By 1.0).
Cite: P. Laguna, R. G. Mark, A. Goldberger, G. B. Moody, A Database for Evaluation of Algorithms for
Measurement of QT and Other Waveform Intervals in the ECG, Computers in Cardiology 24:673-676, 1997,
doi:10.1109/CIC.1997.648140; and A. L. Goldberger et al., PhysioBank, PhysioToolkit, and PhysioNet,
Circulation 101(23):e215-e220, 2000, doi:10.1161/01.CIR.101.23.e215.
"""


class QtDb(PhysioNetSet):
    """The records of qtdb; parameters as `PhysioNetSet`, without `database`."""

    name = "qtdb"
    description = DESCRIPTION

    def __init__(self, **where: Any) -> None:
        super().__init__("qtdb", **where)

    def read(self, subject: str, record: str) -> Iterator[Trial | LeftOut]:
        """Read one record."""
        self.record_files(record)
        found = read_record(self.files, record)
        origin = origin_of(record)
        labels = {
            "person": person_of("qtdb", record),
            "origin": origin.database,
            "origin_record": "/".join(origin) if origin.record else "",
        }
        leads = found.leads.usually(found.leads.all[:1])
        yield Trial(record, leads, found.sampling_rate, labels)


def fetch_qtdb(
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
    """Download and load qtdb, the QT database: 105 excerpts of 15 minutes from other sets.

    Parameters
    ----------
    leads : str or sequence of str, default=None
        Such as "MLII"; records that lack a lead are in `left_out`. None: the first of each record.
    subjects : str or sequence of str, default=None
        Whose recordings to load, such as ["sel100"]; None: everyone's. Only their files are
        downloaded.
    data_home : path-like, default=None
        Folder of downloaded data sets. None: the environment variable ``SKLEARN_ECGSSL_HOME``, else
        the folder for caches of this platform. This set is in ``qtdb/1.0.0`` of it, laid out as
        on PhysioNet: with what ``wget -r -np https://physionet.org/files/qtdb/1.0.0/`` gets,
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
            The set has no labels; annotations of waves are not read.
        subject : ndarray of shape (n_recordings,)
            The person: pass it as `groups`.
        sampling_rate : float
            250 Hz.
        fields : dict of ndarray of shape (n_recordings,)
            "record", "lead", "person" (the name that a person has in all sets), "origin" (the
            set that the excerpt is from) and "origin_record" (such as "mitdb/100").
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
    fetch_mitdb : Holds 15 of the records that these are excerpts of.

    Notes
    -----
    Together with a set that `origin` names, split by "person", or the same heart beats stand on
    both sides. The whole set is 71 MB, without its annotations. Licence: ODC-By 1.0 [1]_.

    References
    ----------
    .. [1] P. Laguna et al., "A Database for Evaluation of Algorithms for Measurement of QT and
       Other Waveform Intervals in the ECG", Computers in Cardiology 24:673-676, 1997,
       doi:10.1109/CIC.1997.648140.

    Examples
    --------
    Nothing is downloaded here, and nothing is there:

    >>> import tempfile
    >>> from sklearn_ecgssl.datasets import fetch_qtdb
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     try:
    ...         fetch_qtdb(data_home=folder, download_if_missing=False)
    ...     except FileNotFoundError as error:
    ...         print("SHA256SUMS.txt" in str(error))
    True
    >>> data = fetch_qtdb(subjects=["sel100"])  # doctest: +SKIP
    """
    data_set = QtDb(
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
