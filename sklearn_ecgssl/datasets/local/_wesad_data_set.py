"""The people and conditions of WESAD."""

import math
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ...formats import UnreadableFileError
from ...formats._array_pickle import read_array_pickle
from ..reading import Attribute, Condition, DataSet, LeftOut, Rating, Trial, not_found
from ._find import find_files, one_each
from ._wesad_quest import Answer, read_answers

#: What the labels mean. 0 is in between, 5 to 7 are "to be ignored".
CONDITIONS = {1: "baseline", 2: "stress", 3: "amusement", 4: "meditation"}

_RATE = 700.0
_LABELS = range(8)
#: The recorder's 16 bits span 3 mV around 0.
_MOST_MILLIVOLTS = 1.5
#: A real session has some twenty changes of the label; its shortest condition lasts six minutes.
_MOST_CHANGES = 1000
_SHORTEST = 1  # second

DESCRIPTION = """\
WESAD (wearable stress and affect detection): 15 people in a laboratory, wearing a chest strap with
ECG, who read (baseline), were put under stress (Trier social stress test), watched funny videos
(amusement), and meditated after either.

A recording is one person in one phase of the session: lead "chest", 700 Hz, in mV. Cut where the
label changes; what has the labels 0 (between phases) and 5 to 7 ("should be ignored") is no
recording. Meditation comes twice. Fields: "condition" (baseline, stress, amusement, meditation),
and "valence" and "arousal", the person's own ratings of the phase from 1 to 9, NaN without
S<k>_quest.csv. Attributes: "condition", these four classes; "stress", the binary task of the
authors, stress against baseline and amusement, without meditation; "valence"; "arousal".

What the reader rests on. Certain (documentation, and an audit of all 15 files that others
published): folders and files, the keys of the pickle, one label for each sample of the ECG, the
labels' meaning, 700 Hz, ECG in mV within 1.5 of 0, two phases of meditation, lines "# ORDER" and
"# DIM" of the questionnaires, of which the k-th "# DIM" belongs to the k-th condition and has
valence, then arousal. All of it is checked when a file is read, but for the rate, which the files
do not say. Probable (programs that read the files): the pickle is of protocol 0, by Python 2, of
which any other is read as well; that meditation is in no class of the binary task.

Terms of use: scientific, non-commercial purposes, with the citation below. The authors offer the
files at https://ubicomp.eti.uni-siegen.de/home/datasets/icmi18/; wesad_readme.pdf in them says the
terms.

Cite: P. Schmidt, A. Reiss, R. Duerichen, C. Marberger, K. Van Laerhoven, "Introducing WESAD, a
Multimodal Dataset for Wearable Stress and Affect Detection", ICMI 2018, 400-408,
doi:10.1145/3242969.3242985.
"""


class Wesad(DataSet):
    """Recordings of the chest strap.

    Parameters
    ----------
    path : path-like
        Where the files are.
    """

    name = "wesad"
    description = DESCRIPTION
    leads = ("chest",)
    attributes: ClassVar[Mapping[str, Attribute]] = {
        "condition": Condition("condition", {name: [name] for name in CONDITIONS.values()}),
        "stress": Condition(
            "condition", {"non-stress": ["baseline", "amusement"], "stress": ["stress"]}
        ),
        "valence": Rating("valence"),
        "arousal": Rating("arousal"),
    }

    def __init__(self, path: str | os.PathLike[str]) -> None:
        folder = Path(path).expanduser()
        super().__init__(folder)
        self._signals = _files(folder, r"S(\d+)\.pkl")
        self._answers = _files(folder, r"S(\d+)_quest\.csv")
        if not self._signals:
            raise not_found("WESAD", folder, ["S2/S2.pkl, S3/S3.pkl, ... there or below"])

    @property
    def subjects(self) -> list[str]:
        """Return S2, S3, ..."""
        return [f"S{number}" for number in sorted(self._signals | self._answers)]

    def sources(self, subject: str) -> list[Path]:
        """Return the person's pickle and questionnaire."""
        number = int(subject[1:])
        return [files[number] for files in (self._signals, self._answers) if number in files]

    def trials(self, subject: str) -> Iterator[Trial | LeftOut]:
        """Yield a person's conditions in the order of the session."""
        number = int(subject[1:])
        if number not in self._signals:
            yield LeftOut(subject, "", f"has no file {subject}.pkl")
            return
        path = self._signals[number]
        ecg, label = _read(path, subject)
        runs = list(_runs(path, label))
        whole = [run for run in runs if run.n_samples >= _SHORTEST * _RATE]
        records = dict(zip(whole, _names(subject, whole), strict=True))
        answers = dict(zip(whole, self._ratings(subject, whole), strict=True))
        for run in runs:
            if run in records:
                part = {"chest": ecg[run.start : run.stop]}
                yield Trial(records[run], part, _RATE, answers[run]._asdict())
            else:
                reason = (
                    f"has a piece of {run.n_samples} samples at {run.start / _RATE:.3f} s, less "
                    f"than {_SHORTEST} s"
                )
                yield LeftOut(subject, f"{subject}/{run.condition}", reason)

    def _ratings(self, subject: str, runs: list["_Run"]) -> list[Answer]:
        """Give each run the answers of its phase."""
        path = self._answers.get(int(subject[1:]))
        if path is None:
            return [Answer(run.condition, math.nan, math.nan) for run in runs]
        answers = read_answers(path, subject)
        # A phase that something interrupted is several runs.
        phases = [list(phase) for _, phase in groupby(runs, lambda run: run.condition)]
        found = [phase[0].condition for phase in phases]
        if found != [answer.condition for answer in answers]:
            raise UnreadableFileError(
                f"{path} has the conditions {', '.join(answer.condition for answer in answers)}, "
                f"but the labels of {self._signals[int(subject[1:])].name} run "
                f"{', '.join(found) or 'through none'}."
            )
        return [answer for answer, phase in zip(answers, phases, strict=True) for _ in phase]


class _Run(NamedTuple):
    condition: str
    start: int
    stop: int

    @property
    def n_samples(self) -> int:
        return self.stop - self.start


def _files(folder: Path, pattern: str) -> dict[int, Path]:
    return one_each(((int(match[1]), path) for match, path in find_files(folder, pattern)), folder)


def _names(subject: str, runs: list[_Run]) -> Iterator[str]:
    """Name records by condition, with a number where one comes several times."""
    times = Counter(run.condition for run in runs)
    so_far: Counter[str] = Counter()
    for run in runs:
        so_far[run.condition] += 1
        number = f" {so_far[run.condition]}" if times[run.condition] > 1 else ""
        yield f"{subject}/{run.condition}{number}"


def _runs(path: Path, label: np.ndarray) -> Iterator[_Run]:
    """Find where the label is that of a condition and does not change."""
    changes = np.flatnonzero(np.diff(label)) + 1
    if len(changes) > _MOST_CHANGES:
        raise UnreadableFileError(
            f"{path} has a 'label' that changes {len(changes)} times, where about twenty were "
            "expected."
        )
    bounds = [0, *changes.tolist(), len(label)]
    for start, stop in pairwise(bounds):
        if stop > start and int(label[start]) in CONDITIONS:
            yield _Run(CONDITIONS[int(label[start])], start, stop)


def _read(path: Path, subject: str) -> tuple[np.ndarray, np.ndarray]:
    """Return ECG in mV and labels; all else that the file holds is let go."""
    content = read_array_pickle(path)
    if _entry(path, content, "subject") != subject:
        raise UnreadableFileError(
            f"{path} is of {_entry(path, content, 'subject')!r:.40}, not of {subject!r}."
        )
    ecg = _array(path, content, "signal", "chest", "ECG")
    label = _array(path, content, "label")
    if ecg.ndim == 2 and ecg.shape[1] == 1:
        ecg = ecg[:, 0]
    if ecg.ndim != 1 or ecg.dtype.kind != "f":
        raise UnreadableFileError(
            f"{path} has in 'signal', 'chest', 'ECG' an array of shape {ecg.shape} and "
            f"{ecg.dtype}, where real numbers of shape (n, 1) were expected."
        )
    if label.dtype.kind not in "iu" or label.shape != ecg.shape:
        raise UnreadableFileError(
            f"{path} has a 'label' of shape {label.shape} and {label.dtype}, where an integer "
            f"for each of the {len(ecg)} samples of the ECG was expected."
        )
    if label.size and (label.min() < _LABELS[0] or label.max() > _LABELS[-1]):
        raise UnreadableFileError(
            f"{path} has labels from {label.min()} to {label.max()}, where {_LABELS[0]} to "
            f"{_LABELS[-1]} were expected."
        )
    if (np.abs(ecg) > _MOST_MILLIVOLTS).any():
        raise UnreadableFileError(
            f"{path} has an ECG of up to {np.nanmax(np.abs(ecg)):g}, where mV within "
            f"{_MOST_MILLIVOLTS} of 0 were expected: has it been converted to another unit?"
        )
    return ecg, label


def _array(path: Path, content: Any, *keys: str) -> np.ndarray:
    found = _entry(path, content, *keys)
    if not isinstance(found, np.ndarray):
        raise UnreadableFileError(
            f"{path} has in {', '.join(map(repr, keys))} a {type(found).__name__}, where an array "
            "was expected."
        )
    return found


def _entry(path: Path, content: Any, *keys: str) -> Any:
    """Look up a key, in that another, and so on."""
    for depth, key in enumerate(keys):
        if not isinstance(content, dict):
            raise UnreadableFileError(
                f"{path} has a {type(content).__name__} in place of the dict that holds {key!r}."
            )
        if key not in content:
            there = ", ".join(f"{name!r:.40}" for name in list(content)[:10]) or "nothing"
            inside = f" in {', '.join(map(repr, keys[:depth]))}" if depth else ""
            raise UnreadableFileError(f"{path} has no {key!r}{inside}; it has {there}.")
        content = content[key]
    return content
