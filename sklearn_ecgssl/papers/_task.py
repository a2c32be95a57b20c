"""What papers classify, and the figures that they publish."""

from dataclasses import dataclass
from typing import NamedTuple


class PaperTask(NamedTuple):
    """What is recognised of which recordings.

    Attributes
    ----------
    data_set : str
        Such as "amigos".
    attribute : str
        Such as "arousal".
    binarize : str or None
        How ratings become classes; None for conditions.
    """

    data_set: str
    attribute: str
    binarize: str | None = None


@dataclass(frozen=True)
class Figure:
    """One row of a paper's tables.

    Attributes
    ----------
    task : PaperTask
        What is classified.
    network : str
        By which network, one of a preset's `networks`.
    accuracy, f1 : float or None
        As published; None where this package does not know the figure.
    window_length : float
        In s.
    """

    task: PaperTask
    network: str
    accuracy: float | None = None
    f1: float | None = None
    window_length: float = 10
