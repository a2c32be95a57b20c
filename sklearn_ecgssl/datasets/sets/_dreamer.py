"""DREAMER: film clips, one file for everybody."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..._files import UnreadableFileError
from .._attribute import Rating
from .._data_set import DataSet, Trial
from .._find import find_each, one_each
from .._matlab import cells, columns, entry, numbers, read_mat, warn_of_ratings

_FILE = "DREAMER.mat"
_RATE = 256.0
_LEADS = {"1": 0, "2": 1}
_RATINGS = {"arousal": "ScoreArousal", "valence": "ScoreValence", "dominance": "ScoreDominance"}


@dataclass
class Dreamer(DataSet):
    """DREAMER: 23 people who watched 18 film clips.

    Parameters
    ----------
    path : path-like
        The file ``DREAMER.mat``, or a folder that holds it, directly or in folders of any name.
    part : {"stimuli", "baseline"}, default="stimuli"
        "stimuli" is the recordings during films, "baseline" the 61 s before each, which have no
        rating and therefore need ``attribute=None``.
    """

    part: str = "stimuli"

    name = "dreamer"
    leads = tuple(_LEADS)
    unit = "unknown"
    attributes = {name: Rating(name) for name in _RATINGS}
    default_attribute = "arousal"
    one_file = True
    DESCR = """\
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

    def __post_init__(self) -> None:
        if self.part not in ("stimuli", "baseline"):
            raise ValueError(f'part must be "stimuli" or "baseline", got {self.part!r}.')

    @cached_property
    def _file(self) -> Path:
        if self.folder.is_file():
            return self.folder
        found = find_each("DREAMER", self.folder, _FILE, f"{_FILE} there or in folders below")
        return one_each(((_FILE, path) for _, path in found), self.folder)[_FILE]

    @cached_property
    def _content(self) -> dict[str, Any]:
        (content,) = read_mat(self._file, "DREAMER")
        rate = float(entry(self._file, "DREAMER", content, "ECG_SamplingRate"))
        if not 0 < rate < np.inf:
            raise UnreadableFileError(f"{self._file}: ECG_SamplingRate is {rate:g}.")
        if rate != _RATE:
            warnings.warn(f"{self._file} is at {rate:g} Hz, not at {_RATE:g}.", stacklevel=2)
        people = cells(entry(self._file, "DREAMER", content, "Data"))
        # EEG, nine tenths of the file, is let go.
        return {"rate": rate, "people": [{**person, "EEG": None} for person in people]}

    def __getstate__(self) -> dict[str, Any]:
        return {name: one for name, one in self.__dict__.items() if name != "_content"}

    def check(self, attribute: str | None) -> None:
        """Check that what is asked for is rated."""
        if self.part == "baseline" and attribute is not None:
            raise ValueError(
                f"attribute={attribute!r}: what was recorded before films has no rating. "
                "Set it to None."
            )

    def subjects(self) -> list[str]:
        """Name the people: 1, 2, ..."""
        return [str(person + 1) for person in range(len(self._content["people"]))]

    def sources(self, subject: str) -> list[Path]:
        """List the one file."""
        return [self._file]

    def trials(self, subject: str) -> Iterator[Trial]:
        """Read a person's trials in the order of the films."""
        person = self._content["people"][int(subject) - 1]
        where = f"person {subject}"
        ecg = entry(self._file, where, person, "ECG")
        films = cells(entry(self._file, f"ECG of {where}", ecg, self.part))
        ratings = {} if self.part == "baseline" else self._ratings(person, where, len(films))
        for at, film in enumerate(films):
            name = f"ECG.{self.part}.{at} of {where}"
            yield Trial(
                f"{subject}/{'film' if ratings else 'before film'} {at + 1}",
                columns(self._file, name, film, _LEADS),
                self._content["rate"],
                {"film": at + 1, **{rating: float(one[at]) for rating, one in ratings.items()}},
            )

    def _ratings(self, person: Any, where: str, n_films: int) -> dict[str, np.ndarray]:
        ratings = {}
        for rating, field in _RATINGS.items():
            name, scores = f"{field} of {where}", entry(self._file, where, person, field)
            ratings[rating] = numbers(self._file, name, scores, n_films)
            warn_of_ratings(self._file, name, ratings[rating], 1, 5)
        return ratings
