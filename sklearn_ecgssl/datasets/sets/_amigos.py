"""AMIGOS: short and long videos, alone and in groups."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from re import Match
from typing import Any

import numpy as np

from ..._checks import check_choice
from ..._files import reading
from .._attribute import Rating
from .._data_set import DataSet, Label, LeftOut, Trial
from .._find import files_by, find_files, not_found
from .._matlab import cells, columns, numbers, read_mat, timed_columns, warn_outside

#: Columns of `labels_selfassessment`, in its order.
RATINGS = ("arousal", "valence", "dominance", "liking", "familiarity")
EMOTIONS = ("neutral", "disgust", "happiness", "surprise", "anger", "fear", "sadness")
_NOT_RATED = dict.fromkeys((*RATINGS, *EMOTIONS), np.nan)
_BASELINE = 5  # seconds
_NAMES = {"preprocessed": "Preprocessed", "raw": "Original"}  # in those of files
_RATES = {"preprocessed": 128.0, "raw": 256.0}
_LEADS = {"preprocessed": {"left": 15, "right": 14}, "raw": {"1": 1, "2": 2}}


@dataclass
class Amigos(DataSet):
    """AMIGOS: 40 people who watched 16 short and 4 long videos.

    Parameters
    ----------
    path : path-like
        The folder that holds ``Data_Preprocessed_P01.mat``, ... or ``Data_Original_P01.mat``, ...,
        directly or in folders of any name. Archives have to be unpacked.
    version : {"preprocessed", "raw"}, default="preprocessed"
        "preprocessed" is at 128 Hz, with the leads "left" and "right"; "raw" at 256 Hz, with "1"
        and "2", and has ratings only where preprocessed files are in the folder, too.
    keep_baseline : bool, default=False
        Whether to keep the 5 s before each video of preprocessed files.
    """

    version: str = "preprocessed"
    keep_baseline: bool = False

    name = "amigos"
    leads = ("left", "right")
    unit = "unknown"
    attributes = {name: Rating(name) for name in (*RATINGS, *EMOTIONS)}
    default_attribute = "arousal"
    DESCR = """\
AMIGOS: 40 people watched 16 short and 4 long videos, wearing ECG.

A recording is one person and one video. Fields: "video" (its ID in the data set), "video_length"
("short" or "long"), the person's own ratings arousal, valence, dominance, liking and familiarity
from 1 to 9 (not always whole; a few lie a little outside and stay), and whether they chose
neutral, disgust, happiness, surprise, anger, fear, sadness (0 or 1). The annotations by others,
per 20 s, are not read: they change inside a recording. Videos that a person did not watch, and
trials with NaN in the lead asked for, are left out and listed.

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

    def __post_init__(self) -> None:
        check_choice("version", self.version, _LEADS)
        self.leads = tuple(_LEADS[self.version])  # type: ignore[misc, assignment]
        if self.version == "raw":
            self.name = "amigos-raw"  # type: ignore[misc]

    @cached_property
    def _files(self) -> dict[str, Path]:
        name = f"Data_{_NAMES[self.version]}_P"
        looked_for = f"{name}01.mat, ... there or in folders below"
        found = files_by(self.folder, rf"{name}(\d+)\.mat", _person, "AMIGOS", looked_for)
        packed = find_files(self.folder, rf"{name}(\d+)\.(?:zip|rar|7z)")
        return {_person(match): path for match, path in packed} | found

    @cached_property
    def _rated(self) -> dict[str, Path]:
        """The files with ratings, which raw ones need not have beside them."""
        return files_by(self.folder, r"Data_Preprocessed_P(\d+)\.mat", _person)

    def subjects(self) -> list[str]:
        """Name the people: P01, P02, ..., those whose files are still packed as well."""
        return sorted(self._files)

    def sources(self, subject: str) -> list[Path]:
        """List the person's files."""
        files = (self._files, self._rated)
        return list(dict.fromkeys(one[subject] for one in files if subject in one))

    def check(self, attribute: str | None) -> None:
        """Check that there is a target at all, before gigabytes are read for nothing."""
        if attribute is not None and self.version == "raw" and not self._rated:
            looked_for = "Data_Preprocessed_P01.mat, ... there or in folders below"
            raise not_found("AMIGOS with ratings", self.folder, looked_for)

    def trials(self, subject: str) -> Iterator[Trial | LeftOut]:
        """Read a person's trials in the order of the file."""
        path = self._files[subject]
        if path.suffix.lower() != ".mat":
            yield LeftOut(subject, "", f"is packed in {path.name}, which has to be unpacked")
            return
        is_raw = self.version == "raw"
        trials, videos = read_mat(path, "ECG_DATA" if is_raw else "joined_data", "VideoIDs")
        ratings = self._ratings(subject)
        wanted, rate = _LEADS[self.version], _RATES[self.version]
        n_before = 0 if is_raw or self.keep_baseline else int(_BASELINE * rate)
        with reading(path, "trials and the IDs of their videos"):
            pairs = list(zip(cells(trials), map(_video, cells(videos)), strict=True))
            for at, (trial, video) in enumerate(pairs):
                record = f"{subject}/{video or f'trial {at + 1}'}"
                ecg = timed_columns(path, trial, wanted, rate) if is_raw else columns(trial, wanted)
                if n_before and 0 < len(next(iter(ecg.values()))) <= n_before:
                    reason = f"ends within the {_BASELINE} s before the video"
                    yield LeftOut(subject, record, reason)
                    continue
                ecg = {lead: signal[n_before:] for lead, signal in ecg.items()}
                labels: dict[str, Label] = {"video": video, "video_length": ""}
                if video:
                    labels["video_length"] = "short" if video.isdigit() else "long"
                rated = ratings.get(video if is_raw else at, _NOT_RATED)
                yield Trial(record, ecg, rate, {**labels, **rated})

    def _ratings(self, subject: str) -> dict[int | str, dict[str, float]]:
        """Read the ratings of each trial, by its place and, if it has one, its video."""
        ratings: dict[int | str, dict[str, float]] = {}
        if subject not in self._rated:
            return ratings
        path = self._rated[subject]
        found, videos = map(cells, read_mat(path, "labels_selfassessment", "VideoIDs"))
        with reading(path, "ratings"):
            for at, (one, video) in enumerate(zip(found, videos, strict=False)):
                if np.size(one) == 0:
                    continue
                values = numbers(one, len(_NOT_RATED))
                warn_outside(path, f"ratings of trial {at + 1}", values, 0, 10)
                ratings[at] = dict(zip(_NOT_RATED, values.tolist(), strict=True))
                if _video(video):
                    ratings[_video(video)] = ratings[at]
        return ratings


def _person(match: Match[str]) -> str:
    return f"P{int(match[1]):02d}"


def _video(value: Any) -> str:
    """Return the ID of a video, which may be a number."""
    value = np.asarray(value)
    if value.size == 0:
        return ""
    text = str(value.ravel()[0])
    return f"{float(text):g}" if value.dtype.kind in "iuf" else text.strip().strip("'")
