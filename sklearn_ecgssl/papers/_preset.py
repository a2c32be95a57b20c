"""Everything that a paper says about how it did it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from sklearn.base import BaseEstimator, clone
from sklearn.utils import Bunch

from ..classify import ECGClassifier
from ..datasets import available, prepare
from ..evaluation import Protocol, opposite_halves, shuffled_windows
from ..evaluation._supervision_study import untrained
from ..signal import ECGFilter, Segmenter
from ._task import Figure, PaperTask


@dataclass(frozen=True)
class PaperPreset:
    """Preprocessing, pretrainer, heads and protocol of a paper, as one object.

    `paper_preset` gives those of the three papers. ``dataclasses.replace`` changes one; `reproduce`
    then says what is not as in the paper.

    Parameters
    ----------
    name : str
        "icassp2020", "tac2020" or "icpr2022".
    citation : str
        The paper.
    filter : ECGFilter
        Its filter, for recordings at its sampling rate.
    scale : {"trimmed", "standard"}
        How it scales the recordings of a person, see `prepare`.
    segmenter : Segmenter
        Its windows.
    pretrainer : PretextPretrainer or MaskedPretrainer
        Its network and how it learns without labels.
    heads : mapping of str to ECGClassifier
        Its classifier for each data set, without pretrainer.
    networks : mapping of str to mapping
        The networks that it compares: "pretrained", whether the trunk is, and parameters of the
        `ECGClassifier` in which they differ.
    loading : mapping of str to mapping
        How it reads each data set: parameters of the loader.
    pretraining_sets : tuple of str
        The data sets that its pretrainer learns from.
    two_encoders : bool
        Whether two encoders serve all folds, each pretrained on the half of the tested data set
        that the other is tested on, or each fold has its own.
    n_splits : int
        Its folds.
    figures : tuple of Figure
        What it publishes.
    choices : tuple of str
        What it does not say, and what is done here.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from sklearn_ecgssl.papers import paper_preset
    >>> preset = paper_preset("icassp2020")
    >>> preset.n_splits, preset.protocol.name
    (10, 'windows')
    >>> replace(preset, n_splits=5).n_splits
    5
    """

    name: str
    citation: str
    filter: ECGFilter
    scale: str
    segmenter: Segmenter
    pretrainer: BaseEstimator
    heads: Mapping[str, ECGClassifier]
    networks: Mapping[str, Mapping[str, Any]]
    loading: Mapping[str, Mapping[str, Any]]
    pretraining_sets: tuple[str, ...]
    two_encoders: bool
    n_splits: int
    figures: tuple[Figure, ...]
    choices: tuple[str, ...]

    @property
    def tasks(self) -> tuple[PaperTask, ...]:
        """What it classifies."""
        return tuple(dict.fromkeys(figure.task for figure in self.figures))

    @property
    def protocol(self) -> Protocol:
        """How it splits one data set, pretraining on that alone, for `Evaluation`."""
        shuffled = shuffled_windows(self.n_splits)
        return opposite_halves(shuffled) if self.two_encoders else shuffled

    def load(
        self, data_set: str, path: str | os.PathLike[str], *, cache: Any, **options: Any
    ) -> Bunch:
        """Read a data set as the paper does, into windows.

        Parameters
        ----------
        data_set : str
            One of `loading`.
        path : path-like
            Folder of the data set.
        cache : path-like
            Where it is prepared and found again, see `prepare`.
        **options : dict
            Further parameters of its loader, such as `attribute` and `subjects`.

        Returns
        -------
        data : :class:`~sklearn.utils.Bunch`
            As of `prepare`, with windowed recordings.

        Raises
        ------
        ValueError
            If the paper does not use the data set, or as `prepare`.
        """
        if data_set not in self.loading:
            raise ValueError(
                f"data_set must be one that {self.name} uses: {', '.join(self.loading)}; got "
                f"{data_set!r}."
            )
        chosen = {**self.loading[data_set], **options}
        kind = available()[data_set]
        own = {one.name for one in fields(kind)} & set(chosen)
        return prepare(
            kind(path, **{name: chosen.pop(name) for name in own}),
            cache=cache,
            sampling_rate=self.segmenter.sampling_rate,
            transformer=self.filter,
            scale=self.scale,
            segmenter=self.segmenter,
            **chosen,
        )

    def network(self, name: str, data_set: str) -> ECGClassifier:
        """Build a network that the paper compares.

        Parameters
        ----------
        name : str
            One of `networks`.
        data_set : str
            One of `heads`.

        Returns
        -------
        ECGClassifier
            Unfitted, with the pretrainer in it.
        """
        differences = dict(self.networks[name])
        pretrained = differences.pop("pretrained")
        trunk = clone(self.pretrainer) if pretrained else untrained(self.pretrainer)
        return clone(self.heads[data_set]).set_params(pretrainer=trunk, **differences)
