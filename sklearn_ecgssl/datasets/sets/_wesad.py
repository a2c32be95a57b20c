"""WESAD: stress and amusement in the laboratory, by a chest strap."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise
from pathlib import Path
from re import Match
from typing import NamedTuple

import numpy as np

from ..._files import reading
from .._attribute import Condition, Rating, number_of
from .._data_set import DataSet, Label, LeftOut, Trial
from .._find import files_by
from .._matlab import warn_outside
from .._pickles import read_pickle

#: What the labels mean. 0 is in between, 5 to 7 are "to be ignored".
CONDITIONS = {1: "baseline", 2: "stress", 3: "amusement", 4: "meditation"}
#: The same by their names in the questionnaires; phases of reading have no answers.
_PHASES = {
    "base": "baseline",
    "tsst": "stress",
    "fun": "amusement",
    "medi 1": "meditation",
    "medi 2": "meditation",
}
_READING = ("bread", "fread", "sread")
_RATE = 700.0
_SHORTEST = 1  # second
#: The recorder's 16 bits span 3 mV around 0.
_MOST_MILLIVOLTS = 1.5


class _Run(NamedTuple):
    """Where the label is that of a condition and does not change."""

    condition: str
    start: int
    stop: int


@dataclass
class Wesad(DataSet):
    """WESAD: 15 people at rest, under stress, amused and meditating.

    Parameters
    ----------
    path : path-like
        The folder that holds ``S2/S2.pkl``, ``S3/S3.pkl``, ..., or one around it. Of a person's
        other files, ``S2_quest.csv`` is read where it is there.
    """

    name = "wesad"
    leads = ("chest",)
    attributes = {
        "condition": Condition("condition", {name: [name] for name in CONDITIONS.values()}),
        "stress": Condition(
            "condition", {"non-stress": ["baseline", "amusement"], "stress": ["stress"]}
        ),
        "valence": Rating("valence"),
        "arousal": Rating("arousal"),
    }
    default_attribute = "condition"
    DESCR = """\
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
valence, then arousal. Probable (programs that read the files): the pickle is of protocol 0, by
Python 2, of which any other is read as well; that meditation is in no class of the binary task.

Terms of use: scientific, non-commercial purposes, with the citation below. The authors offer the
files at https://ubicomp.eti.uni-siegen.de/home/datasets/icmi18/; wesad_readme.pdf in them says the
terms.

Cite: P. Schmidt, A. Reiss, R. Duerichen, C. Marberger, K. Van Laerhoven, "Introducing WESAD, a
Multimodal Dataset for Wearable Stress and Affect Detection", ICMI 2018, 400-408,
doi:10.1145/3242969.3242985.
"""

    @cached_property
    def _signals(self) -> dict[int, Path]:
        looked_for = "S2/S2.pkl, S3/S3.pkl, ... there or below"
        return files_by(self.folder, r"S(\d+)\.pkl", _number, "WESAD", looked_for)

    @cached_property
    def _answers(self) -> dict[int, Path]:
        return files_by(self.folder, r"S(\d+)_quest\.csv", _number)

    def subjects(self) -> list[str]:
        """Name the people: S2, S3, ..."""
        return [f"S{number}" for number in sorted({*self._signals, *self._answers})]

    def sources(self, subject: str) -> list[Path]:
        """List the person's pickle and questionnaire."""
        number = int(subject[1:])
        return [files[number] for files in (self._signals, self._answers) if number in files]

    def trials(self, subject: str) -> Iterator[Trial | LeftOut]:
        """Read a person's conditions in the order of the session."""
        path = self._signals.get(int(subject[1:]))
        if path is None:
            yield LeftOut(subject, "", f"has no file {subject}.pkl")
            return
        ecg, label = _read(path)
        runs = list(_runs(label))
        if not runs:
            has = ", ".join(map(str, np.unique(label)[:10]))
            yield LeftOut(subject, "", f"has no sample with a label from 1 to 4, but labels {has}")
            return
        whole = [run for run in runs if run.stop - run.start >= _SHORTEST * _RATE]
        for condition, start, stop in (run for run in runs if run not in whole):
            reason = (
                f"has a piece of {stop - start} samples at {start / _RATE:.3f} s, "
                f"less than {_SHORTEST} s"
            )
            yield LeftOut(subject, f"{subject}/{condition}", reason)
        conditions = [run.condition for run in whole]
        ratings = self._ratings(subject, conditions)
        for i, (condition, start, stop) in enumerate(whole):
            record = f"{subject}/{condition}"
            if conditions.count(condition) > 1:
                record += f" {conditions[: i + 1].count(condition)}"
            labels = {"condition": condition, **ratings[i]}
            yield Trial(record, {"chest": ecg[start:stop]}, _RATE, labels)

    def _ratings(self, subject: str, conditions: list[str]) -> list[dict[str, Label]]:
        """Give each run the answers of its phase; NaN where they are unknown."""
        unknown: list[dict[str, Label]] = [{"valence": np.nan, "arousal": np.nan}] * len(conditions)
        path = self._answers.get(int(subject[1:]))
        if path is None:
            return unknown
        with reading(path, "answers of WESAD"):
            answers = _read_answers(path)
        said = [condition for condition, _ in answers]
        # A phase that something interrupted is several runs.
        phases = [(condition, len(list(runs))) for condition, runs in groupby(conditions)]
        if [condition for condition, _ in phases] != said:
            warnings.warn(
                f"{path} has the conditions {', '.join(said)}, but the labels of {subject}.pkl run "
                f"{', '.join(condition for condition, _ in phases)}: its ratings are left out.",
                stacklevel=2,
            )
            return unknown
        return [
            ratings
            for (_, ratings), (_, n_runs) in zip(answers, phases, strict=True)
            for _ in range(n_runs)
        ]


def _number(match: Match[str]) -> int:
    return int(match[1])


def _read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return ECG in mV and labels; all else that the file holds is let go."""
    content = read_pickle(path)
    with reading(path, "WESAD"):
        ecg = np.asarray(content["signal"]["chest"]["ECG"]).ravel()
        label = np.asarray(content["label"]).ravel()
        if len(label) != len(ecg):
            raise ValueError(f"it has {len(label)} labels of {len(ecg)} samples of ECG")
    warn_outside(path, "mV", ecg, -_MOST_MILLIVOLTS, _MOST_MILLIVOLTS)
    return ecg, label


def _runs(label: np.ndarray) -> Iterator[_Run]:
    bounds = [0, *(np.flatnonzero(np.diff(label)) + 1).tolist(), len(label)]
    for start, stop in pairwise(bounds):
        if stop > start and int(label[start]) in CONDITIONS:
            yield _Run(CONDITIONS[int(label[start])], start, stop)


def _read_answers(path: Path) -> list[tuple[str, dict[str, Label]]]:
    """Read condition and ratings of each phase: the k-th "# DIM" is of the k-th phase."""
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    lines = [[cell.strip() for cell in line.split(";")] for line in text.splitlines()]
    order = next(cells for tag, *cells in lines if tag == "# ORDER")
    names = [name.lower() for name in order if name and name.lower() not in _READING]
    ratings = [
        [number_of(cell) for cell in [*cells, "", ""][:2]]
        for tag, *cells in lines
        if tag == "# DIM"
    ]
    warn_outside(path, "ratings", np.array(ratings), 1, 9)
    return [
        (_PHASES[name], {"valence": valence, "arousal": arousal})
        for name, (valence, arousal) in zip(names, ratings, strict=True)
    ]
