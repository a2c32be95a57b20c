"""What papers classify, and the figures that they publish."""

from dataclasses import dataclass
from typing import NamedTuple


class PaperTask(NamedTuple):
    """What is recognised of which recordings.

    Parameters
    ----------
    data_set : str
        Such as "amigos".
    attribute : str
        Such as "arousal".
    binarize : str or None, default=None
        How ratings become classes; None for conditions.

    Examples
    --------
    >>> from sklearn_ecgssl.papers import paper_preset
    >>> paper_preset("icpr2022").tasks[0]
    PaperTask(data_set='amigos', attribute='arousal', binarize='mean')
    """

    data_set: str
    attribute: str
    binarize: str | None = None


@dataclass(frozen=True)
class Figure:
    """One row of a paper's tables.

    Parameters
    ----------
    task : PaperTask
        What is classified.
    network : str
        By which network, one of a preset's `networks`.
    accuracy, f1 : float or None, default=None
        As published; None where this package does not know the figure.
    window_length : float, default=10
        In s.

    Examples
    --------
    >>> from sklearn_ecgssl.papers import paper_preset
    >>> figure = paper_preset("icpr2022").figures[0]
    >>> figure.network, figure.accuracy, figure.window_length
    ('fine-tuned', 0.88, 10)
    """

    task: PaperTask
    network: str
    accuracy: float | None = None
    f1: float | None = None
    window_length: float = 10
