"""The people and trials of AMIGOS."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from ..reading import Attribute, DataSet, LeftOut, Rating, Trial, not_found
from ._amigos_parts import EMOTIONS, RATINGS, Answers, read_answers, read_columns, read_videos
from ._find import find_files, one_each
from ._times import check_times

#: What is looked for.
PREPROCESSED, ORIGINAL = (
    f"Data_{kind}_P01.mat, ... there or in folders below" for kind in ("Preprocessed", "Original")
)

_RATE, _RAW_RATE = 128.0, 256.0
_BASELINE = 5  # seconds
_N_COLUMNS = 17
_COLUMNS = {"left": 15, "right": 14}
_RAW_COLUMNS = {"1": 1, "2": 2, "time": 0}

DESCRIPTION = """\
AMIGOS: 40 people watched 16 short and 4 long videos, wearing ECG.

A recording is one person and one video. Fields: "video" (its ID in the data set), "video_length"
("short" or "long"), the person's own ratings arousal, valence, dominance, liking and familiarity
from 1 to 9 (not always whole; a few lie a little outside and stay), and whether they chose
neutral, disgust, happiness, surprise, anger, fear, sadness (0 or 1). The annotations by others,
per 20 s, are not read: they change inside a recording. Videos that a person did not watch, and
trials with samples that are no numbers in the lead asked for, are left out and listed.

Preprocessed recordings: 128 Hz, low-passed at 60 Hz by the authors. Leads "left" and "right", as
the data set calls them: electrodes at the arms, reference at the left ankle. The first 5 s of each
trial were recorded before the video and are cut off, unless asked for. Raw recordings: 256 Hz,
whole as they are in the file.

What the reader rests on. Certain (the documentation, and at least three programs that read the
files): names of files and variables, 20 trials, 17 columns of which 14 and 15, from 0, are ECG
right and left, 128 Hz, the order of the ratings, the 5 s. Probable (one or two programs): of the
raw files, that column 0 is time in ms and that 1 and 2 are ECG; that the long videos are those
whose ID begins with a letter. Unknown: which of the raw columns is right and which left, hence the
names "1" and "2"; the unit, hence "unknown"; polarity. The raw files hold no ratings; they are
taken from the preprocessed file of the same person, by the ID of the video.

Terms of use: research only, under an end user licence agreement that everybody signs for
themselves at http://www.eecs.qmul.ac.uk/mmv/datasets/amigos/. No redistribution.

Cite: J. A. Miranda-Correa, M. K. Abadi, N. Sebe, I. Patras, "AMIGOS: A Dataset for Affect,
Personality and Mood Research on Individuals and Groups", IEEE Transactions on Affective Computing
12(2), 479-493, 2021, doi:10.1109/TAFFC.2018.2884461.
"""


class Amigos(DataSet):
    """Preprocessed recordings.

    Parameters
    ----------
    path : str or path-like
        The folder.
    keep_baseline : bool, default=False
        Whether to keep the seconds before each video.
    """

    name = "amigos"
    description = DESCRIPTION
    leads = tuple(_COLUMNS)
    unit = "unknown"
    attributes: ClassVar[Mapping[str, Attribute]] = {
        name: Rating(name) for name in (*RATINGS, *EMOTIONS)
    }

    def __init__(self, path: str | os.PathLike[str], *, keep_baseline: bool = False) -> None:
        super().__init__(Path(path).expanduser())
        self.files = _files(self.folder, "Preprocessed")
        if not self.files:
            raise not_found("AMIGOS", self.folder, [PREPROCESSED])
        self.packed = _packed(self.folder, "Preprocessed")
        self._n_before = 0 if keep_baseline else int(_BASELINE * _RATE)

    @property
    def subjects(self) -> list[str]:
        """Return P01, P02, ..., of files that are still packed as well."""
        return sorted(self.packed | self.files)

    def sources(self, subject: str) -> list[Path]:
        """Return the person's file."""
        return [(self.packed | self.files)[subject]]

    def trials(self, subject: str) -> Iterator[Trial | LeftOut]:
        """Yield a person's trials in the order of the file."""
        if subject not in self.files:
            yield _still_packed(subject, self.packed[subject])
            return
        path = self.files[subject]
        answers = read_answers(path)
        for at, columns in enumerate(read_columns(path, "joined_data", _COLUMNS, _N_COLUMNS)):
            record = _record(subject, answers.videos, at)
            ecg = {lead: signal[self._n_before :] for lead, signal in columns.items()}
            if columns["left"].size and not ecg["left"].size:
                yield LeftOut(subject, record, f"ends within the {_BASELINE} s before the video")
                continue
            yield Trial(record, ecg, _RATE, _labels(answers.videos[at], answers.values[at]))


class RawAmigos(DataSet):
    """Recordings as they were made; ratings where preprocessed files are there, too.

    Parameters
    ----------
    path : str or path-like
        The folder.
    """

    name = "amigos-raw"
    description = DESCRIPTION
    leads = ("1", "2")
    unit = "unknown"
    attributes: ClassVar[Mapping[str, Attribute]] = Amigos.attributes

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(Path(path).expanduser())
        self.files = _files(self.folder, "Original")
        if not self.files:
            raise not_found("AMIGOS", self.folder, [ORIGINAL])
        self.packed = _packed(self.folder, "Original")
        self.rated = _files(self.folder, "Preprocessed")

    @property
    def subjects(self) -> list[str]:
        """Return P01, P02, ..., of files that are still packed as well."""
        return sorted(self.packed | self.files)

    def sources(self, subject: str) -> list[Path]:
        """Return the person's files."""
        found = (self.packed | self.files, self.rated)
        return [files[subject] for files in found if subject in files]

    def trials(self, subject: str) -> Iterator[Trial | LeftOut]:
        """Yield a person's trials in the order of the file."""
        if subject not in self.files:
            yield _still_packed(subject, self.packed[subject])
            return
        path = self.files[subject]
        videos = read_videos(path)
        answers = read_answers(self.rated[subject]) if subject in self.rated else None
        for at, ecg in enumerate(read_columns(path, "ECG_DATA", _RAW_COLUMNS, None)):
            check_times(path, f"ECG_DATA.{at}", ecg.pop("time"), _RAW_RATE)
            labels = _labels(videos[at], _values(videos[at], answers))
            yield Trial(_record(subject, videos, at), ecg, _RAW_RATE, labels)


def open_amigos(
    path: str | os.PathLike[str], *, version: str = "preprocessed", keep_baseline: bool = False
) -> Amigos | RawAmigos:
    """Find the files of a version; the parameters are those of `load_amigos`."""
    if version == "preprocessed":
        return Amigos(path, keep_baseline=keep_baseline)
    if version == "raw":
        return RawAmigos(path)
    raise ValueError(f'version must be "preprocessed" or "raw", got {version!r}.')


def _files(folder: Path, kind: str) -> dict[str, Path]:
    found = find_files(folder, rf"Data_{kind}_P(\d+)\.mat")
    return one_each(((f"P{int(match[1]):02d}", path) for match, path in found), folder)


def _packed(folder: Path, kind: str) -> dict[str, Path]:
    """Find archives, whose people would be missing without a word if others are unpacked."""
    found = find_files(folder, rf"Data_{kind}_P(\d+)\.(?:zip|rar|7z)")
    return {f"P{int(match[1]):02d}": path for match, path in found}


def _still_packed(subject: str, path: Path) -> LeftOut:
    return LeftOut(subject, "", f"is packed in {path.name}, which has to be unpacked")


def _record(subject: str, videos: Sequence[str], trial: int) -> str:
    return f"{subject}/{videos[trial] or f'trial {trial + 1}'}"


def _values(video: str, answers: Answers | None) -> np.ndarray:
    """Return what was answered about a video; NaN if it is not known which one it is."""
    if answers is not None and video and video in answers.videos:
        return answers.values[answers.videos.index(video)]
    return np.full(len(RATINGS) + len(EMOTIONS), np.nan)


def _labels(video: str, values: np.ndarray) -> dict[str, str | float]:
    length = ("short" if video.isdigit() else "long") if video else ""
    rated = dict(zip((*RATINGS, *EMOTIONS), map(float, values), strict=True))
    return {"video": video, "video_length": length, **rated}
