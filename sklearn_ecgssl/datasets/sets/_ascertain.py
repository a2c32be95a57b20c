"""ASCERTAIN: film clips, one file for each person and clip."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ..._files import reading
from .._attribute import Rating
from .._data_set import DataSet, Label, LeftOut, Trial
from .._find import files_by, find_files, not_found
from .._matlab import numbers, read_mat, timed_columns, warn_outside

N_PEOPLE, N_CLIPS = 58, 36
_RATE = 256.0
_RATINGS_FILE, _QUALITY_FILE = "Dt_SelfReports.mat", "ECG_quality.csv"
#: Ratings in the order of the file, and their scales.
_SCALES = {
    "arousal": (0, 6),
    "valence": (-3, 3),
    "engagement": (0, 6),
    "liking": (0, 6),
    "familiarity": (0, 6),
}
#: Where the two ECG channels stand, by the number of columns.
_COLUMNS = {3: {"1": 1, "2": 2}, 6: {"1": 4, "2": 5}}


@dataclass
class Ascertain(DataSet):
    """ASCERTAIN: 58 people who watched 36 film clips.

    Parameters
    ----------
    path : path-like
        The folder that holds both ``ASCERTAIN_Raw`` and ``ASCERTAIN_Features``, or the first of
        them with the second beside it, or ``ECGData`` in the first. Looked for are
        ``Movie_P01/ECG_Clip1.mat``, ... and ``Dt_SelfReports.mat``; without the latter there are
        recordings, but no ratings.
    quality : path-like, default=None
        A text file of 58 lines, one a person, with 36 marks of the ECG, one a clip (36 lines of 58
        marks will do, too): to be copied from ``Data_Quality_Evaluation.xlsx``, whose layout is not
        documented. 1 is the best. Becomes the field "quality". None: ``ECG_quality.csv`` in the
        folder, if it is there.
    max_quality : float, default=None
        Leave out clips with a mark above it. 2 leaves out what Vazquez-Rodriguez et al.
        (arXiv:2204.05103) did. None leaves out nothing.
    """

    quality: str | os.PathLike[str] | None = None
    max_quality: float | None = None

    name = "ascertain"
    leads = ("1", "2")
    unit = "unknown"
    attributes = {name: Rating(name) for name in _SCALES}
    default_attribute = "arousal"
    DESCR = """\
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

    @cached_property
    def _files(self) -> dict[tuple[int, int], Path]:
        return files_by(
            self.folder,
            r"Movie_P(\d+)/ECG_Clip(\d+)\.mat",
            lambda match: (int(match[1]), int(match[2])),
            "ASCERTAIN",
            "ECGData/Movie_P01/ECG_Clip1.mat, ... there or in folders below",
        )

    @cached_property
    def _ratings_file(self) -> Path | None:
        return self._find_feature(_RATINGS_FILE)

    @cached_property
    def _quality_file(self) -> Path | None:
        if self.quality is not None:
            return Path(self.quality).expanduser()
        return self._find_feature(_QUALITY_FILE)

    @cached_property
    def _ratings(self) -> np.ndarray:
        shape = len(_SCALES), N_PEOPLE, N_CLIPS
        path = self._ratings_file
        if path is None:
            return np.full(shape, np.nan)
        (ratings,) = read_mat(path, "Ratings")
        with reading(path, "ratings"):
            ratings = numbers(ratings, *shape)
        for one, (name, scale) in zip(ratings, _SCALES.items(), strict=True):
            warn_outside(path, f"ratings of {name}", one, *scale)
        return np.asarray(ratings)

    @cached_property
    def _quality(self) -> np.ndarray | None:
        if self._quality_file is not None:
            return _read_quality(self._quality_file)
        if self.max_quality is not None:
            raise not_found(f"ASCERTAIN with {_QUALITY_FILE}", self.folder, _QUALITY_FILE)
        return None

    def _find_feature(self, name: str) -> Path | None:
        """Find a file in the folder, or in that of the features beside it or the one above."""
        beside = [above / "ASCERTAIN_Features" for above in self.folder.absolute().parents[:2]]
        for place in (self.folder, *beside):
            found = files_by(place, re.escape(name), lambda match: name)
            if found:
                return found[name]
        return None

    def subjects(self) -> list[str]:
        """Name the people: P01, P02, ..., of whom there is a recording of any kind."""
        people = {person for person, _ in self._files}
        others = find_files(self.folder, r"Movie_P(\d+)/[^/]+\.mat")
        return [f"P{one:02d}" for one in sorted(people | {int(match[1]) for match, _ in others})]

    def sources(self, subject: str) -> list[Path]:
        """List the person's files and those of ratings and quality."""
        own = [path for (person, _), path in self._files.items() if person == int(subject[1:])]
        shared = (self._ratings_file, self._quality_file)
        return own + [path for path in shared if path is not None]

    def trials(self, subject: str) -> Iterator[Trial | LeftOut]:
        """Read a person's clips by number."""
        person = int(subject[1:])
        if not any(who == person for who, _ in self._files):
            yield LeftOut(subject, "", "has no file of ECG")
            return
        for clip in range(1, N_CLIPS + 1):
            record, place = f"{subject}/clip {clip}", (person - 1, clip - 1)
            path = self._files.get((person, clip))
            if path is None:
                yield LeftOut(subject, record, "has no file")
                continue
            labels: dict[str, Label] = {"clip": clip}
            if self._quality is not None:
                labels["quality"] = mark = float(self._quality[place])
                if self.max_quality is not None and mark > self.max_quality:
                    reason = f"is of quality {mark:g}, worse than {self.max_quality:g}"
                    yield LeftOut(subject, record, reason)
                    continue
            labels |= dict(zip(_SCALES, self._ratings[:, *place].tolist(), strict=True))
            (data,) = read_mat(path, "Data_ECG")
            with reading(path, f"Data_ECG of {' or '.join(map(str, _COLUMNS))} columns"):
                data = np.asarray(data)
                wanted = _COLUMNS[data.shape[-1] if data.size else 3]
                ecg = timed_columns(path, data, wanted, _RATE)
            yield Trial(record, ecg, _RATE, labels)


def _read_quality(path: Path) -> np.ndarray:
    """Read a line of marks for each person, or for each clip."""
    with reading(path, f"{N_PEOPLE} lines of {N_CLIPS} marks of quality"):
        text = path.read_text(encoding="utf-8-sig")
        lines = [re.split(r"[\s,;]+", line.strip()) for line in text.splitlines() if line.strip()]
        marks = np.array(lines, dtype=float)
        return numbers(marks.T if len(marks) == N_CLIPS else marks, N_PEOPLE, N_CLIPS)
