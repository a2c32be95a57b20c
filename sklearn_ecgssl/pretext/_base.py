"""What all pretrainers share: checking, splitting, training, and the fitted state."""

from abc import ABC, abstractmethod
from typing import Any, Self

from sklearn.base import BaseEstimator

from .._compat import _fit_context
from .._fitting import all_or_nothing
from ..formats import PretrainedMixin, training_summary
from ..networks import initialised
from ..signal.window_store import WindowStore, check_windows
from ..training import (
    Group,
    TrainingPlan,
    check_same_windows,
    draw_seeds,
    fit_facts,
    open_checkpoint,
    process_group,
    train,
)
from ._encoding import Encoding
from ._memory import fit_from_memory
from ._split import held_out_split


class BasePretrainer(Encoding, PretrainedMixin, BaseEstimator, ABC):
    """Base class of self-supervised estimators.

    A subclass says which network is trained (`_build_module`), on which loss
    (`_build_criterion`), from which inputs (`_prepare`), which part of it makes features
    (`_build_trunk`) and what those of its layers are (`_layer_function`); everything else is here.
    """

    _shortened_by: str

    #: Parameters in which a fit may differ from the checkpoint that it goes on from.
    _free_on_resume: tuple[str, ...] = PretrainedMixin._local_parameters

    #: Parameters of the papers by name, where they are not the defaults.
    _presets: dict[str, dict[str, Any]]

    @classmethod
    def from_preset(cls, name: str, **params: Any) -> Self:
        """Make a pretrainer with the parameters of a paper.

        Parameters
        ----------
        name : {"icassp2020", "tac2020", "icpr2022"}
            `PretextPretrainer` has "icassp2020" and "tac2020", `MaskedPretrainer` "icpr2022". Where
            a paper does not say a value, it is the default.
        **params : dict
            Parameters to set or to change.

        Returns
        -------
        pretrainer
            Unfitted.

        Examples
        --------
        >>> from sklearn_ecgssl import PretextPretrainer
        >>> pretrainer = PretextPretrainer.from_preset("icassp2020", random_state=0)
        >>> pretrainer.max_epochs, pretrainer.get_params()["scale__factor"]
        (30, 1.2)
        """
        if name not in cls._presets:
            raise ValueError(f"name must be one of {sorted(cls._presets)}, got {name!r}.")
        return cls().set_params(**{**cls._presets[name], **params})

    @_fit_context(prefer_skip_nested_validation=True)
    @all_or_nothing
    def fit(self, X: Any, y: Any = None, groups: Any = None, X_val: Any = None) -> Self:
        """Learn from ECG windows without labels.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_times), ndarray of shape \
                (n_recordings, n_windows, n_times) or list of arrays of shape \
                (n_windows_i, n_times)
            Windows, or windowed recordings. What lies in a memory-map or in chunks (an array of
            Zarr, HDF5 or Dask) is read batch by batch.
        y : None
            Ignored.
        groups : array-like of shape (n_windows,) or (n_recordings,), default=None
            Subject of each window or recording. With it, `validation_fraction` holds out whole
            subjects.
        X_val : array-like or list of arrays, default=None
            Windows of other people, as long as those of `X` and prepared alike, in any shape that
            `X` may have: held out instead of a `validation_fraction` of `X`.

        Returns
        -------
        self : object
            The fitted pretrainer.

        Raises
        ------
        ValueError
            If a parameter or the windows cannot be used; the message says which and what to do.
        """
        for name in ("memory", "checkpoint"):
            if isinstance(place := getattr(self, name), str) and not place:
                raise ValueError(f"{name}={place!r} is no folder. None keeps nothing.")
        if X_val is not None and self.validation_fraction is not None:
            raise ValueError(
                f"validation_fraction={self.validation_fraction} and X_val both say what to hold "
                "out: set validation_fraction=None, or leave X_val out."
            )
        group = process_group(self.device)
        if self.memory is None:
            return self._fit(X, groups, X_val, group)
        return fit_from_memory(self, X, groups, X_val, group)

    def _fit(self, X: Any, groups: Any, X_val: Any, group: Group) -> Self:
        self.__dict__.pop("sampling_rate_", None)
        self.__dict__.pop("_shipped_as", None)
        self.architecture_ = self._architecture()
        store = check_windows(
            self, X, reset=True, min_times=self._min_times(), or_change=self._shortened_by
        )
        self._before_training(store.n_times)
        held_out = None if X_val is None else self._check_held_out(X_val)
        subjects = None if groups is None else store.per_window(groups, "groups")
        check_same_windows(store, group)
        seeds = group.first(lambda: draw_seeds(self.random_state, 6))
        with open_checkpoint(self.checkpoint, group) as checkpoint:
            if checkpoint is not None:
                free = self._free_on_resume
                checkpoint.check_same(fit_facts(self, free, store, subjects, held_out))
                seeds = checkpoint.seeds(seeds)
            split_seed, init_seed, *training_seeds = seeds
            if held_out is None:
                split = held_out_split(len(store), self.validation_fraction, subjects, split_seed)
            else:
                store, split = store.joined(held_out)
            trained = train(
                initialised(self._build_module, init_seed),
                self._build_criterion(),
                self._prepare,
                store,
                None,
                split,
                self._plan(),
                training_seeds,
                checkpoint,
                group,
            )
        self.state_, self.history_ = trained.state, trained.history
        self.n_epochs_ = len(self.history_)
        trained.raise_if_stopped()
        return self

    def _check_held_out(self, X_val: Any) -> WindowStore:
        try:
            store = check_windows(self, X_val, reset=False)
        except (TypeError, ValueError) as error:
            raise type(error)(f"X_val cannot be held out. {error}") from None
        store.n_held_out = len(store)
        return store

    def _summary(self) -> dict[str, Any]:
        return {"training": training_summary(self.history_)}

    def _plan(self) -> TrainingPlan:
        return TrainingPlan(
            max_epochs=self.max_epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            patience=self.patience,
            device=self.device,
            precision=self.precision,
            shuffle_buffer=self.shuffle_buffer,
            callbacks=tuple(self.callbacks or ()),
            verbose=self.verbose,
            label="pretraining",
        )

    def _before_training(self, n_times: int) -> None:
        """Check parameters against each other and the windows; keep what training depends on."""

    def _fitted_architecture(self) -> dict[str, Any]:
        """Architecture of the fitted network, of the one that would be fitted before that."""
        return getattr(self, "architecture_", None) or self._architecture()

    @abstractmethod
    def _min_times(self) -> int:
        """Count the samples of the shortest window; `_shortened_by` says what makes it shorter."""

    @abstractmethod
    def _architecture(self) -> dict[str, Any]:
        """Check the parameters that shape the network and return what it is built from."""
