"""The parts in which data sets differ."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from ._attribute import Attribute
from ._trial import LeftOut, Trial


class DataSet(ABC):
    """One data set in one folder: who is in it, and what was recorded of each.

    Making one looks for its files and opens none but small tables, so that `subjects` is cheap.
    It is pickled to worker processes.

    Attributes
    ----------
    name : str
        Short name, such as "wesad".
    description : str
        For the Bunch: what was recorded and how it is read, what that rests on, the terms of use,
        and what to cite.
    leads : tuple of str
        Names of the leads, the usual one first; empty if they differ between records.
    unit : str
        Of the samples.
    attributes : mapping of str to Attribute
        What can be the target.
    one_file : bool
        Whether all people stand in one file, so that processes would each read all of it.
    indifferent : tuple of str
        Parameters that change nothing of the recordings: what chooses among labels, or mirrors.
    """

    name: ClassVar[str]
    description: ClassVar[str]
    leads: ClassVar[tuple[str, ...]] = ()
    unit: ClassVar[str] = "mV"
    attributes: ClassVar[Mapping[str, Attribute]] = {}
    one_file: ClassVar[bool] = False
    indifferent: ClassVar[tuple[str, ...]] = ()

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    @abstractmethod
    def subjects(self) -> list[str]:
        """Names of the people, in the data set's order."""

    @abstractmethod
    def sources(self, subject: str) -> list[Path]:
        """Files that `trials` reads for one person, shared tables among them."""

    @abstractmethod
    def trials(self, subject: str) -> Iterator[Trial | LeftOut]:
        """Read one person.

        Yields
        ------
        Trial or LeftOut
            In the order of the session.

        Raises
        ------
        UnreadableFileError
            If a file is not what it should be; with its name and, where it is damaged, the byte.
        """
