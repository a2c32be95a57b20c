"""Folds of one data set, and what pretrainers learn from all of them in each."""

from collections.abc import Callable, Collection

import numpy as np

from ..evaluation import Protocol, shuffled_windows, unseen_subjects
from ..evaluation._labelled_windows import LabelledWindows
from ..evaluation._protocols import Folds

#: The windows that stand in the k-th part of a data set, for each k.
Parts = list[np.ndarray]


class CorpusFolds:
    """Divide each data set of a corpus by itself; score one, pretrain on all.

    The k-th fold tests the k-th part of one data set and trains on its other parts. Parts do not
    depend on the labels, so that all attributes of all data sets share their pretraining: the
    pretrainer of fold k learns from what stands in no k-th part. Two encoders instead learn from
    all other data sets and from one half of this one's parts each; a fold takes the one that has
    not met it.

    Parameters
    ----------
    data_sets : ndarray of str of shape (n_recordings,)
        Where each recording is from.
    data_set : str
        Which of them is scored.
    has_target : ndarray of bool of shape (n_recordings,)
        Which recordings have a target; of the others only signals are used.
    n_splits : int, default=10
        Folds.
    two_encoders : bool, default=False
        Whether two encoders serve all folds.
    pretraining_sets : collection of str or None, default=None
        Data sets that pretrainers learn from. None: all.
    random_state : int, default=0
        Seed of the order.
    """

    def __init__(
        self,
        data_sets: np.ndarray,
        data_set: str,
        has_target: np.ndarray,
        *,
        n_splits: int = 10,
        two_encoders: bool = False,
        pretraining_sets: Collection[str] | None = None,
        random_state: int = 0,
    ) -> None:
        self.data_sets = data_sets
        self.data_set = data_set
        self.has_target = has_target
        self.n_splits = n_splits
        self.pretraining_sets = pretraining_sets
        self.random_state = random_state
        self._own, self._others = (
            (opposite_half, everything) if two_encoders else (all_but_one, all_but_one)
        )

    def windows(self) -> Protocol:
        """Return the protocol of the papers: windows are shuffled.

        Returns
        -------
        Protocol
            Named "windows".
        """
        return self._protocol("windows", shuffled_windows().sees, self._divide_windows)

    def subjects(self) -> Protocol:
        """Return the protocol that tests people whom nothing was learnt from.

        Returns
        -------
        Protocol
            Named "subjects".
        """
        return self._protocol("subjects", unseen_subjects().sees, self._divide_people)

    def _protocol(
        self, name: str, sees: str, divide: Callable[[LabelledWindows, np.ndarray], Parts]
    ) -> Protocol:
        def split(windows: LabelledWindows) -> Folds:
            labelled = self._labelled(windows)
            parts = divide(windows, self._members(windows)[self.data_set])
            if sum(map(bool, map(len, parts))) < 2:
                raise ValueError(
                    f"Protocol {name!r}: {self.data_set} has only one part, so that nothing is "
                    "left to train on. It takes two people, or windows."
                )
            tested = [np.intersect1d(part, labelled) for part in parts]
            return [
                (np.setdiff1d(labelled, part), test)
                for part, test in zip(parts, tested, strict=True)
            ]

        def pretrain(windows: LabelledWindows, folds: Folds) -> list[np.ndarray]:
            parts = {
                one: divide(windows, members) for one, members in self._members(windows).items()
            }
            wanted = parts if self.pretraining_sets is None else self.pretraining_sets
            learnt = [one for one in parts if one in wanted]
            if not learnt:
                raise ValueError(f"None of pretraining_sets={tuple(wanted)!r} is there.")
            return [
                np.sort(np.concatenate([self._learnt(one, parts[one], k) for one in learnt]))
                for k in self._fold_numbers(parts[self.data_set], windows)
            ]

        return Protocol(name, sees, split, pretrain)

    def _learnt(self, data_set: str, parts: Parts, k: int) -> np.ndarray:
        return (self._own if data_set == self.data_set else self._others)(parts, k)

    def _fold_numbers(self, parts: Parts, windows: LabelledWindows) -> list[int]:
        """Number the folds that test something; the others are no folds."""
        labelled = self._labelled(windows)
        return [k for k, part in enumerate(parts) if len(np.intersect1d(part, labelled))]

    def _labelled(self, windows: LabelledWindows) -> np.ndarray:
        own = self.data_sets[windows.recording] == self.data_set
        return np.flatnonzero(own & self.has_target[windows.recording])

    def _members(self, windows: LabelledWindows) -> dict[str, np.ndarray]:
        of = self.data_sets[windows.recording]
        return {str(one): np.flatnonzero(of == one) for one in dict.fromkeys(of.tolist())}

    def _divide_windows(self, windows: LabelledWindows, members: np.ndarray) -> Parts:
        order = np.random.RandomState(self.random_state).permutation(members)
        return np.array_split(order, self.n_splits)

    def _divide_people(self, windows: LabelledWindows, members: np.ndarray) -> Parts:
        subject = windows.subject[members]
        people = np.random.RandomState(self.random_state).permutation(np.unique(subject))
        # Of few people every part has some: parts that are empty could make a half of nobody.
        groups = np.array_split(people, max(2, min(self.n_splits, len(people))))
        return [members[np.isin(subject, group)] for group in groups]


def all_but_one(parts: Parts, k: int) -> np.ndarray:
    """Return what stands in all parts but the k-th."""
    return np.concatenate([part for i, part in enumerate(parts) if i != k])


def opposite_half(parts: Parts, k: int) -> np.ndarray:
    """Return what stands in the half of the parts that the k-th is not in."""
    first = (len(parts) + 1) // 2
    return np.concatenate(parts[first:] if k < first else parts[:first])


def everything(parts: Parts, k: int) -> np.ndarray:
    """Return what stands in any part."""
    return np.concatenate(parts)
