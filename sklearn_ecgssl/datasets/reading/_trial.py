"""What a reader of a data set yields for one person."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

Label = str | float | int | bool

#: The reason of those whose file cannot be read: it may be another time.
UNREADABLE = "cannot be read"


@dataclass(frozen=True)
class Trial:
    """The ECG of one person in one trial or condition: no label changes inside.

    Attributes
    ----------
    record : str
        Its name, which no other trial of the data set has, such as "S2/stress".
    ecg : mapping of str to ndarray of shape (n_times,)
        The samples of each lead by its name, the usual lead first. Any real numbers.
    sampling_rate : float
        In Hz.
    labels : mapping of str to str, float, int or bool
        Conditions, ratings and other facts by name. NaN or "" where one is missing.
    unit : str
        Of the samples; "" if it is that of the data set.
    """

    record: str
    ecg: Mapping[str, np.ndarray]
    sampling_rate: float
    labels: Mapping[str, Label]
    unit: str = ""


class LeftOut(NamedTuple):
    """Something that a data set should have, and the recordings lack.

    Attributes
    ----------
    subject : str
        The person.
    record : str
        The trial, or "" for all of them.
    reason : str
        Why, as the end of a sentence: "holds no sample".
    """

    subject: str
    record: str
    reason: str

    @property
    def is_failure(self) -> bool:
        """Whether the file could not be read, rather than lacking something."""
        return self.reason.startswith(UNREADABLE)

    def __str__(self) -> str:
        return f"{self.record or self.subject} {self.reason}"
