"""The people and trials of DREAMER: one file for all of them."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ...formats import UnreadableFileError
from ...formats._matlab import iter_mat
from ..reading import Attribute, DataSet, Rating, Trial, not_found
from ._find import find_files, one_each
from ._mat_values import as_numbers, cell_count, check_range

_RATE = 256.0
_N_FILMS = 18
_LEADS = ("1", "2")
_RATINGS = {
    "arousal": "ScoreArousal",
    "valence": "ScoreValence",
    "dominance": "ScoreDominance",
}
_FILE = "DREAMER.mat"

DESCRIPTION = """\
DREAMER: 23 people watched 18 film clips, wearing ECG.

A recording is one person and one film, or the 61 s before it. Fields: "film" (1 to 18, the same
for everybody) and, of films, the person's own ratings valence, arousal and dominance, whole numbers
from 1 to 5. 256 Hz. The authors used the last 60 s of each film; the recordings are whole.

What the reader rests on. Certain (six or more programs that read the file): names and nesting of
the parts, two ECG columns at 256 Hz, scores of 18 films from 1 to 5, 61 s before each film.
Probable: the samples are counts of a 12-bit converter with their zero near 2048, not mV (from a
program's thresholds and the device, a Shimmer2), hence the unit "unknown"; column 1 is RA-LL and
column 2 LA-LL (the device's order). Programs call them left and right without a source: here they
are "1" and "2". Unknown: polarity, gain.

Terms of use: academic research, after a request for access at https://zenodo.org/record/546113.
No redistribution.

Cite: S. Katsigiannis, N. Ramzan, "DREAMER: A Database for Emotion Recognition Through EEG and ECG
Signals From Wireless Low-cost Off-the-Shelf Devices", IEEE Journal of Biomedical and Health
Informatics 22(1), 98-107, 2018, doi:10.1109/JBHI.2017.2688239.
"""


class Dreamer(DataSet):
    """Recordings during films, or before them.

    Parameters
    ----------
    path : str or path-like
        The file, or a folder that holds it.
    part : {"stimuli", "baseline"}, default="stimuli"
        Which of the two.
    """

    name = "dreamer"
    description = DESCRIPTION
    leads = _LEADS
    unit = "unknown"
    attributes: ClassVar[Mapping[str, Attribute]] = {name: Rating(name) for name in _RATINGS}
    one_file = True

    def __init__(self, path: str | os.PathLike[str], *, part: str = "stimuli") -> None:
        if part not in ("stimuli", "baseline"):
            raise ValueError(f'part must be "stimuli" or "baseline", got {part!r}.')
        folder = Path(path).expanduser()
        super().__init__(folder)
        found = [folder] if folder.is_file() else [path for _, path in find_files(folder, _FILE)]
        if not found:
            raise not_found("DREAMER", folder, [f"{_FILE} there or in folders below"])
        self.file = one_each(((_FILE, path) for path in found), folder)[_FILE]
        self._part = part
        self._n_people = _count_people(self.file)
        self._is_checked = False
        self._reading: Iterator[tuple[int, dict[str, Any]]] | None = None

    @property
    def subjects(self) -> list[str]:
        """Return 1, 2, ..."""
        return [str(person + 1) for person in range(self._n_people)]

    def sources(self, subject: str) -> list[Path]:
        """Return the one file."""
        return [self.file]

    def trials(self, subject: str) -> Iterator[Trial]:
        """Yield a person's trials in the order of the films."""
        if not self._is_checked:
            _check_whole(self.file, self._n_people)
            self._is_checked = True
        found = self._parts(int(subject) - 1)
        ratings = {} if self._part == "baseline" else self._ratings(found, subject)
        cells = f"ECG.{self._part}"
        where = f"of person {subject}"
        cell_count(self.file, f"{cells} {where}", found.get(cells), _N_FILMS)
        for film in range(_N_FILMS):
            name = f"{cells}.{film}"
            ecg = found[name]
            if not isinstance(ecg, np.ndarray) or ecg.size:
                ecg = as_numbers(self.file, f"{name} {where}", ecg, None, len(_LEADS))
            else:
                ecg = np.zeros((0, len(_LEADS)))
            yield Trial(
                f"{subject}/{'film' if ratings else 'before film'} {film + 1}",
                {lead: ecg[:, column] for column, lead in enumerate(_LEADS)},
                _RATE,
                {
                    "film": film + 1,
                    **{name: float(scores[film]) for name, scores in ratings.items()},
                },
            )

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_reading": None}

    def _parts(self, person: int) -> dict[str, Any]:
        """Read on to a person, or from the start if that one has passed.

        What is compressed cannot be entered in the middle, so that people in the order of the file
        are read in one pass, and one at a time is in memory.
        """
        while True:
            is_new = self._reading is None
            reading = self._reading or _read_people(self.file, self._part)
            self._reading = None  # as long as it may fail
            for at, found in reading:
                if at == person:
                    self._reading = reading
                    return found
                if at > person:
                    break
            if is_new:
                raise UnreadableFileError(f"{self.file} has lost its person {person + 1}.")

    def _ratings(self, found: dict[str, Any], subject: str) -> dict[str, np.ndarray]:
        ratings = {}
        for rating, field in _RATINGS.items():
            name = f"{field} of person {subject}"
            scores = as_numbers(self.file, name, found.get(field), _N_FILMS, 1)[:, 0]
            scores = scores.astype(np.float64)
            check_range(self.file, name, scores, 1, 5)
            ratings[rating] = scores
        return ratings


def _count_people(path: Path) -> int:
    """Return the number of people, which stands at the begin of the file."""
    name = "DREAMER.Data"
    for _, value in iter_mat(path, [name]):
        return cell_count(path, name, value)
    return cell_count(path, name, None)


def _check_whole(path: Path, n_people: int) -> None:
    """Check what stands behind the people, and by that that all are whole."""
    expected = {
        "ECG_SamplingRate": _RATE,
        "noOfSubjects": n_people,
        "noOfVideoSequences": _N_FILMS,
    }
    found = dict(iter_mat(path, [f"DREAMER.{name}" for name in expected]))
    for field, number in expected.items():
        name = f"DREAMER.{field}"
        value = as_numbers(path, name, found.get(name), 1, 1)[0, 0]
        if value != number:
            raise UnreadableFileError(f"{path}: {name} should be {number:g}, but is {value:g}.")


def _read_people(path: Path, part: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield place and parts of each person."""
    prefix = "DREAMER.Data.*."
    wanted = [f"ECG.{part}", f"ECG.{part}.*", *_RATINGS.values()]
    at, found = 0, dict[str, Any]()
    for name, value in iter_mat(path, [prefix + one for one in wanted]):
        _, _, place, inside = name.split(".", 3)
        if int(place) != at:
            yield at, found
            at, found = int(place), {}
        found[inside] = value
    yield at, found
