"""A training in a folder, to go on after whatever stopped it."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ..formats import UnreadableFileError, has_folder, held, read_folder, write_folder
from ._group import ALONE, Group
from ._net import TrainingNet
from ._seeds import MAX_SEED
from ._snapshot import restore_snapshot, take_snapshot

KIND = "checkpoint"
LOCK = ".training.lock"

#: What torch and numpy raise on states that are none.
_MISFITS = (KeyError, TypeError, ValueError, RuntimeError, AttributeError, OverflowError)


class Checkpoint:
    """The folder of one training, held for as long as it runs.

    Parameters
    ----------
    folder : pathlib.Path
        Where snapshots go, one in place of the other.
    every : int
        Epochs between two.
    saved : tuple of dict or None
        Configuration and arrays of an earlier sitting, to go on from.
    writes : bool, default=True
        Whether this process writes the snapshots; the first of a group does.
    """

    def __init__(
        self, folder: Path, every: int, saved: tuple[dict, dict] | None, writes: bool = True
    ) -> None:
        self.folder = folder
        self.every = every
        self.saved = saved
        self.writes = writes
        self.facts: dict[str, Any] = {}

    def expect(self, **facts: Any) -> None:
        """Say what the training depends on; an earlier sitting must have depended on the same.

        Parameters
        ----------
        **facts : dict
            What JSON can hold, by what it is called in the error.

        Raises
        ------
        ValueError
            If an earlier sitting was about something else.
        """
        self.facts |= facts
        if self.saved is None:
            return
        before = self.saved[0]["facts"]
        differences = [
            difference
            for name, value in facts.items()
            for difference in _differences(name, before.get(name), value)
        ]
        if differences:
            raise ValueError(
                f"checkpoint={str(self.folder)!r} holds another fit: {'; '.join(differences)}. "
                "Name another folder for this one, or fit as before to go on with that one."
            )

    def seeds(self, drawn: list[int]) -> list[int]:
        """Choose the seeds: those of the earlier sitting, so that it goes on with its streams.

        Parameters
        ----------
        drawn : list of int
            Seeds of a new training.

        Returns
        -------
        list of int
            Seeds of this one.

        Raises
        ------
        UnreadableFileError
            If the earlier sitting had none that could be.
        """
        self._seeds = drawn if self.saved is None else self.saved[0]["seeds"]
        fits = len(self._seeds) == len(drawn)
        if not fits or not all(type(seed) is int and 0 <= seed < MAX_SEED for seed in self._seeds):
            raise UnreadableFileError(f"{self.folder} holds no seeds of a fit like this one.")
        return self._seeds

    def restore(self, net: TrainingNet) -> None:
        """Put a training that has just begun where the earlier sitting was, if there was one.

        Parameters
        ----------
        net : TrainingNet
            What will train.

        Raises
        ------
        UnreadableFileError
            If the snapshot does not fit the network.
        """
        if self.saved is None:
            return
        content, arrays = self.saved
        try:
            restore_snapshot(net, content["training"], arrays)
        except _MISFITS as error:
            raise UnreadableFileError(
                f"checkpoint={str(self.folder)!r} does not hold a training of this network: {error}"
            ) from error
        self.saved = None  # its arrays are copied; the memory is the network's again

    def save(self, net: TrainingNet) -> None:
        """Write a snapshot in place of the last one, which stays until this one is whole.

        Parameters
        ----------
        net : TrainingNet
            What trains, between two epochs.
        """
        if not self.writes:
            return
        training, arrays = take_snapshot(net)
        content = {"facts": self.facts, "seeds": self._seeds, "training": training}
        write_folder(self.folder, KIND, content, arrays)


@contextmanager
def open_checkpoint(
    folder: str | os.PathLike[str] | None, every: int, resume: bool, group: Group = ALONE
) -> Iterator[Checkpoint | None]:
    """Hold the folder of a training.

    Parameters
    ----------
    folder : path-like or None
        Made if it is missing. None keeps no checkpoints.
    every : int
        Epochs between two snapshots.
    resume : bool
        Whether to go on with what is in the folder.
    group : Group
        The processes that train together. The first one reads and writes for all.

    Yields
    ------
    checkpoint : Checkpoint or None
        None without a folder.

    Raises
    ------
    ValueError
        If there is no folder to resume from, or one with a fit that would be overwritten.
    UnreadableFileError
        If what is in it cannot be read.
    RuntimeError
        If another fit is writing into it.
    """
    if folder is None:
        if resume:
            raise ValueError("resume=True needs checkpoint=, the folder to go on from.")
        yield None
        return
    path = Path(folder).expanduser()
    with ExitStack() as stack:
        saved = group.first(lambda: stack.enter_context(_held(path, resume)))
        yield Checkpoint(path, int(every), saved, writes=group.rank == 0)


@contextmanager
def _held(folder: Path, resume: bool) -> Iterator[tuple[dict, dict] | None]:
    """Hold a folder and read what it has to go on from."""
    folder.mkdir(parents=True, exist_ok=True)
    refusal = (
        f"checkpoint={str(folder)!r} is in use by another fit. One folder holds one fit: name "
        "another one, or, for the many fits of a cross-validation, use memory= instead."
    )
    with held(folder / LOCK, refusal):
        saved = _read(folder) if has_folder(folder) else None
        if saved is not None and not resume:
            raise ValueError(
                f"checkpoint={str(folder)!r} holds a fit already, which would be lost: "
                f"{len(saved[0]['training']['history'])} epochs. resume=True goes on with it; for "
                "another fit name another folder, or delete this one. (For the many fits of a "
                "cross-validation use memory= instead.)"
            )
        yield saved


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    config, arrays = read_folder(path, KIND)
    kinds = {"facts": dict, "seeds": list, "training": dict}
    fits = all(isinstance(config.get(name), kind) for name, kind in kinds.items())
    if not fits or not isinstance(config["training"].get("history"), list):
        raise UnreadableFileError(f"{path} is foreign: it holds no training.")
    return config, arrays


def _differences(name: str, before: Any, now: Any) -> list[str]:
    if before == now:
        return []
    if isinstance(before, dict) and isinstance(now, dict):
        keys = dict.fromkeys([*before, *now])
        return [d for key in keys for d in _differences(key, before.get(key), now.get(key))]
    if name.startswith(("content", "grouping")):
        return [f"the {name} is another"]
    return [f"{name} was {before!r:.60}, is {now!r:.60}"]
