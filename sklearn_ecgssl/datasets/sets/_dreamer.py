"""DREAMER: film clips, one file for everybody."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..._checks import check_choice
from ..._files import reading
from .._attribute import Rating
from .._data_set import DataSet, Trial
from .._find import files_by
from .._matlab import cells, columns, numbers, read_mat, warn_outside

_FILE = "DREAMER.mat"
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
        check_choice("part", self.part, ("stimuli", "baseline"))

    @cached_property
    def _file(self) -> Path:
        if self.folder.is_file():
            return self.folder
        looked_for = f"{_FILE} there or in folders below"
        return files_by(self.folder, _FILE, lambda match: _FILE, "DREAMER", looked_for)[_FILE]

    @cached_property
    def _content(self) -> dict[str, Any]:
        (content,) = read_mat(self._file, "DREAMER")
        with reading(self._file, "DREAMER"):
            # EEG, nine tenths of the file, is let go.
            people = [{**person, "EEG": None} for person in cells(content["Data"])]
            return {"rate": float(content["ECG_SamplingRate"]), "people": people}

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
        with reading(self._file, f"DREAMER, person {subject}"):
            films = cells(person["ECG"][self.part])
            ratings = {}
            if self.part == "stimuli":
                ratings = {name: numbers(person[at], len(films)) for name, at in _RATINGS.items()}
            for at, film in enumerate(films):
                yield Trial(
                    f"{subject}/{'film' if ratings else 'before film'} {at + 1}",
                    columns(film, _LEADS),
                    self._content["rate"],
                    {"film": at + 1, **{name: float(one[at]) for name, one in ratings.items()}},
                )
        for name, values in ratings.items():
            warn_outside(self._file, f"{name} of person {subject}", values, 1, 5)
