"""One channel of a file of signals."""

from typing import NamedTuple


class Channel(NamedTuple):
    """What the header of a file says of a channel.

    Attributes
    ----------
    name : str
        Its label, "" if it has none.
    sampling_rate : float
        In Hz, of the channel itself: channels of a file may differ.
    unit : str
        Of its samples, "" if the file names none.
    n_samples : int or None
        None if the header does not say it and the samples are not there.
    """

    name: str
    sampling_rate: float
    unit: str
    n_samples: int | None
