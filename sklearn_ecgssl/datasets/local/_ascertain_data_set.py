"""The people and clips of ASCERTAIN: one file for each of both."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np

from ...formats import UnreadableFileError
from ...formats._matlab import iter_mat
from ..reading import Attribute, DataSet, LeftOut, Rating, Trial, not_found
from ._ascertain_features import N_CLIPS, N_PEOPLE, QUALITY_FILE, find_feature, read_quality
from ._find import find_files, one_each
from ._mat_values import as_numbers, check_range
from ._times import check_times

RATINGS_FILE = "Dt_SelfReports.mat"

_RATE = 256.0
#: Ratings in the order of the file, and their scales.
_SCALES = {
    "arousal": (0, 6),
    "valence": (-3, 3),
    "engagement": (0, 6),
    "liking": (0, 6),
    "familiarity": (0, 6),
}
#: Where the two ECG channels stand, by the number of columns.
_COLUMNS = {3: (1, 2), 6: (4, 5)}

DESCRIPTION = """\
ASCERTAIN: 58 people watched 36 film clips of about 80 s, wearing ECG.

A recording is one person and one clip. Fields: "clip" (1 to 36), the person's own ratings arousal,
engagement, liking and familiarity from 0 to 6 and valence from -3 to 3, and, if marks of quality
are there, "quality". 256 Hz. Clips without a file are left out and listed.

What the reader rests on. Certain (the documentation, or three programs that read the files):
names of folders, files and variables, column 0 is time, ratings are 5 x 58 x 36 in the order
arousal, valence, engagement, liking, familiarity, and their scales. Probable (two programs): time
is in ms; of 6 columns the last two are ECG, of 3 the last two. These two programs contradict each
other about which is left and which right: here they are "1" and "2", in the order of the file.
Unknown: the unit, hence "unknown"; polarity; how Data_Quality_Evaluation.xlsx is laid out, whose
marks are therefore read from ECG_quality.csv, which one has to make of it.

Terms of use: research only, under an end user licence agreement that everybody signs for
themselves at https://ascertain-dataset.github.io. No redistribution.

Cite: R. Subramanian, J. Wache, M. K. Abadi, R. L. Vieriu, S. Winkler, N. Sebe, "ASCERTAIN: Emotion
and Personality Recognition Using Commercial Sensors", IEEE Transactions on Affective Computing
9(2), 147-160, 2018, doi:10.1109/TAFFC.2016.2625250.
"""


class Ascertain(DataSet):
    """Recordings, with ratings where their file is found.

    Parameters
    ----------
    path : str or path-like
        The folder.
    quality : str, path-like or None, default=None
        The file of marks of quality.
    max_quality : float or None, default=None
        Clips with a mark above it are left out.
    """

    name = "ascertain"
    description = DESCRIPTION
    leads = ("1", "2")
    unit = "unknown"
    attributes: ClassVar[Mapping[str, Attribute]] = {name: Rating(name) for name in _SCALES}

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        quality: str | os.PathLike[str] | None = None,
        max_quality: float | None = None,
    ) -> None:
        super().__init__(Path(path).expanduser())
        self.files = _files(self.folder)
        others = find_files(self.folder, r"Movie_P(\d+)/[^/]+\.mat")
        numbers = {int(match[1]) for match, _ in others} & set(range(1, N_PEOPLE + 1))
        self._people = sorted(numbers | {person for person, _ in self.files})
        self.ratings_file = find_feature(self.folder, RATINGS_FILE)
        self.quality_file = (
            find_feature(self.folder, QUALITY_FILE)
            if quality is None
            else Path(quality).expanduser()
        )
        if self.quality_file is None and max_quality is not None:
            raise not_found(f"ASCERTAIN with {QUALITY_FILE}", self.folder, [QUALITY_FILE])
        self._quality = None if self.quality_file is None else read_quality(self.quality_file)
        self._max_quality = np.inf if max_quality is None else max_quality
        self._ratings: np.ndarray | None = None

    @property
    def subjects(self) -> list[str]:
        """Return P01, P02, ..., of whom there is a recording of any kind."""
        return [f"P{person:02d}" for person in self._people]

    def sources(self, subject: str) -> list[Path]:
        """Return the person's files and that of the ratings."""
        own = [path for (person, _), path in self.files.items() if person == int(subject[1:])]
        shared = (self.ratings_file, self.quality_file)
        return own + [path for path in shared if path is not None]

    def trials(self, subject: str) -> Iterator[Trial | LeftOut]:
        """Yield a person's clips by number."""
        person = int(subject[1:])
        if not any(who == person for who, _ in self.files):
            yield LeftOut(subject, "", "has no file of ECG")
            return
        if self._ratings is None and self.ratings_file is not None:
            self._ratings = _read_ratings(self.ratings_file)
        for clip in range(1, N_CLIPS + 1):
            record = f"{subject}/clip {clip}"
            place = (person - 1, clip - 1)
            labels: dict[str, float] = {"clip": clip}
            if (person, clip) not in self.files:
                yield LeftOut(subject, record, "has no file")
                continue
            if self._quality is not None:
                labels["quality"] = float(self._quality[place])
                if labels["quality"] > self._max_quality:
                    reason = (
                        f"is of quality {labels['quality']:g}, worse than {self._max_quality:g}"
                    )
                    yield LeftOut(subject, record, reason)
                    continue
            ratings = np.full(5, np.nan) if self._ratings is None else self._ratings[:, *place]
            labels |= dict(zip(_SCALES, map(float, ratings), strict=True))
            yield Trial(record, _read_ecg(self.files[person, clip]), _RATE, labels)


def _files(folder: Path) -> dict[tuple[int, int], Path]:
    found = find_files(folder, r"Movie_P(\d+)/ECG_Clip(\d+)\.mat")
    if not found:
        raise not_found(
            "ASCERTAIN", folder, ["ECGData/Movie_P01/ECG_Clip1.mat, ... there or in folders below"]
        )
    files = one_each((((int(match[1]), int(match[2])), path) for match, path in found), folder)
    for (person, clip), path in files.items():
        if not (1 <= person <= N_PEOPLE and 1 <= clip <= N_CLIPS):
            raise UnreadableFileError(
                f"{path} should be of one of {N_PEOPLE} people and {N_CLIPS} clips, but is of "
                f"person {person} and clip {clip}."
            )
    return files


def _read_ratings(path: Path) -> np.ndarray:
    found = dict(iter_mat(path, ["Ratings"]))
    ratings = as_numbers(
        path, "Ratings", found.get("Ratings"), len(_SCALES), N_PEOPLE, N_CLIPS
    ).astype(np.float64)
    for row, (name, (low, high)) in zip(ratings, _SCALES.items(), strict=True):
        check_range(path, f"ratings of {name}", row, low, high)
    return ratings


def _read_ecg(path: Path) -> dict[str, np.ndarray]:
    found = dict(iter_mat(path, ["Data_ECG"]))
    data = found.get("Data_ECG")
    if isinstance(data, np.ndarray) and data.size == 0:
        return {lead: np.zeros(0) for lead in Ascertain.leads}
    data = as_numbers(path, "Data_ECG", data, None, None)
    if data.shape[1] not in _COLUMNS:
        raise UnreadableFileError(
            f"{path}: Data_ECG should have 3 columns (time, two of ECG) or 6 (time, three of "
            f"acceleration, two of ECG), but has {data.shape[1]}."
        )
    check_times(path, "Data_ECG", data[:, 0], _RATE)
    columns = _COLUMNS[data.shape[1]]
    return {lead: data[:, column] for lead, column in zip(Ascertain.leads, columns, strict=True)}
