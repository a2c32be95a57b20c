"""A data set: who is in it, and what was recorded of each."""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import joblib
import numpy as np

from ._attribute import Attribute

Label = str | float | int | bool


class Lead(NamedTuple):
    """A lead that is read when it is asked for: how, its sampling rate in Hz, and its unit."""

    read: Callable[[], np.ndarray]
    sampling_rate: float
    unit: str


@dataclass(frozen=True)
class Trial:
    """The ECG of one person in one trial or condition: no label changes inside.

    Parameters
    ----------
    record : str
        Its name, which no other trial of the data set has, such as "S2/stress".
    ecg : mapping of str to array-like of shape (n_times,)
        The samples of each lead by its name. Unless leads are asked for, the first is taken.
    sampling_rate : float
        In Hz.
    labels : mapping of str to str, float, int or bool, default={}
        Conditions, ratings and other facts by name. NaN or "" where one is missing.
    unit : str, default=""
        Of the samples; "" stands for that of the data set.
    why_no_lead : str, default=""
        Why no lead is taken unless one is asked for; "" if the first is right.

    Examples
    --------
    >>> from sklearn_ecgssl.datasets import Trial
    >>> trial = Trial("anna/rest", {"ECG": [0.0, 0.1, 0.9]}, 256, {"condition": "rest"})
    >>> list(trial.ecg), trial.labels
    (['ECG'], {'condition': 'rest'})
    """

    record: str
    ecg: Mapping[str, Any]
    sampling_rate: float
    labels: Mapping[str, Label] = field(default_factory=dict)
    unit: str = ""
    why_no_lead: str = ""


class LeftOut(NamedTuple):
    """Something that a data set should have, and the recordings lack.

    Parameters
    ----------
    subject : str
        The person.
    record : str
        The trial, or "" for all of the person's.
    reason : str
        Why, as the end of a sentence: "holds no sample".

    Examples
    --------
    >>> from sklearn_ecgssl.datasets import LeftOut
    >>> print(LeftOut("anna", "anna/rest", "holds no sample"))
    anna/rest holds no sample
    """

    subject: str
    record: str
    reason: str

    def __str__(self) -> str:
        return f"{self.record or self.subject} {self.reason}"


@dataclass
class DataSet(ABC):
    """A data set in a folder: the base class of all, and of one of your own.

    A subclass says who is in it (`subjects`) and reads one person (`trials`). It gets `load`, and
    `prepare` takes it: leads, target, people who cannot be read, processes and progress are the
    same for all data sets. Files are looked for, and small tables read, when they are needed.

    Parameters
    ----------
    path : path-like
        Where the files are; ``~`` is the home folder.

    Attributes
    ----------
    name : str
        Short name, such as "wesad".
    DESCR : str
        What was recorded; what the reader rests on, by how certain it is; terms of use; citation.
    leads : tuple of str
        Names of the leads, the usual one first; empty where they differ between records.
    unit : str
        Of the samples.
    attributes : mapping of str to Attribute
        What can be the target: a `Condition` or a `Rating` by its name.
    default_attribute : str or None
        The target unless another is asked for. None: all labels, as a DataFrame.
    one_file : bool
        Whether all people stand in one file, so that processes would each read all of it.

    See Also
    --------
    available : The data sets that this package reads.

    Examples
    --------
    A study of one CSV file a person and condition:

    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from sklearn_ecgssl.datasets import Condition, DataSet, Trial
    >>> class Study(DataSet):
    ...     name = "study"
    ...     attributes = {"condition": Condition("condition", {"rest": ["rest"], "task": ["task"]})}
    ...     default_attribute = "condition"
    ...
    ...     def subjects(self):
    ...         return sorted({path.stem.split("_")[0] for path in self.folder.glob("*.csv")})
    ...
    ...     def trials(self, subject):
    ...         for path in sorted(self.folder.glob(f"{subject}_*.csv")):
    ...             labels = {"condition": path.stem.split("_")[1]}
    ...             yield Trial(path.stem, {"ECG": np.loadtxt(path)}, 250, labels)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("anna_rest", "anna_task", "bob_rest", "bob_task"):
    ...         np.savetxt(Path(folder, f"{name}.csv"), np.sin(np.arange(500) / 9))
    ...     data = Study(folder).load()
    >>> data.subject.tolist(), data.target.tolist(), data.target_names
    (['anna', 'anna', 'bob', 'bob'], [0, 1, 0, 1], ['rest', 'task'])
    """

    path: str | os.PathLike[str]

    name: ClassVar[str] = "data set"
    DESCR: ClassVar[str] = ""
    leads: ClassVar[tuple[str, ...]] = ()
    unit: ClassVar[str] = "mV"
    attributes: ClassVar[Mapping[str, Attribute]] = {}
    default_attribute: ClassVar[str | None] = None
    one_file: ClassVar[bool] = False

    @property
    def folder(self) -> Path:
        """The path, with the home folder in the place of ``~``."""
        return Path(self.path).expanduser()

    @abstractmethod
    def subjects(self) -> list[str]:
        """Name the people.

        Returns
        -------
        list of str
            In the data set's order.
        """

    @abstractmethod
    def trials(self, subject: str) -> Iterator[Trial | LeftOut]:
        """Read one person.

        Parameters
        ----------
        subject : str
            One of `subjects`.

        Yields
        ------
        Trial or LeftOut
            In the order of the session.
        """

    def sources(self, subject: str) -> list[Path]:
        """List the files that `trials` reads, for `prepare` to see whether they have changed.

        Parameters
        ----------
        subject : str
            One of `subjects`.

        Returns
        -------
        list of pathlib.Path
            Shared tables among them. Here all files of the folder, as long as a subclass does not
            say which are the person's.
        """
        if not self.folder.is_dir():
            return [self.folder]
        return sorted(path for path in self.folder.rglob("*") if path.is_file())

    def check(self, attribute: str | None) -> None:  # noqa: B027, most have nothing to refuse
        """Refuse what cannot be loaded, before anything is read.

        Parameters
        ----------
        attribute : str or None
            What is to be the target.
        """

    def load(
        self,
        *,
        leads: str | Sequence[str] | None = None,
        attribute: str | None = "default",
        binarize: str | float | None = None,
        subjects: Sequence[str] | None = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        on_error: str = "raise",
        return_X_y: bool = False,
    ) -> Any:
        """Read recordings and labels.

        Parameters
        ----------
        leads : str or sequence of str, default=None
            Leads to load, as recordings of their own. None: the usual one.
        attribute : str or None, default="default"
            The target, one of `attributes`. "default" stands for `default_attribute`; None for all
            labels, as a DataFrame.
        binarize : {"mean", "median"}, float or None, default=None
            Makes classes of a rating: "low" up to the threshold, "high" above it. "mean" and
            "median" are those of the recordings loaded. None leaves ratings as they are.
        subjects : str or sequence of str, default=None
            Whom to load. Nobody else's files are read. None: all.
        n_jobs : int, default=None
            People who are read at once, each by a process of its own. None: one after another.
        verbose : int, default=0
            1 shows progress.
        on_error : {"raise", "warn"}, default="raise"
            Whether a person whose files cannot be read ends the loading, or is left out and
            listed.
        return_X_y : bool, default=False
            Return ``(recordings, target)`` only.

        Returns
        -------
        data : :class:`~sklearn.utils.Bunch`
            With `recordings`, `target`, `target_names`, `threshold`, `subject`, `sampling_rate`,
            `fields`, `unit`, `name`, `left_out` and `DESCR`, see `load_wesad`.
        """
        from ._load import Options, load

        options = Options(leads, attribute, binarize, subjects, n_jobs, verbose, on_error)
        data = load(self, options)
        return (data.recordings, data.target) if return_X_y else data

    def _identity(self) -> list[str]:
        """Tell this data set from others: its class, and what changes its recordings."""
        places = {one.name for one in fields(self) if not one.repr}
        own = {
            name: value
            for name, value in vars(self).items()
            if not name.startswith("_") and name not in places and not hasattr(DataSet, name)
        }
        own["path"] = self.folder.resolve()
        kind = f"{type(self).__module__}.{type(self).__qualname__}"
        return [kind, *(f"{name}={_content_hash(one)}" for name, one in sorted(own.items()))]


def _content_hash(value: Any) -> str:
    """Sum up a value, alike in every process; a function by its name and its code."""
    code = getattr(value, "__code__", None)
    if code is not None:
        value = [value.__module__, value.__qualname__, code.co_code, repr(code.co_consts)]
    return str(joblib.hash(value))
