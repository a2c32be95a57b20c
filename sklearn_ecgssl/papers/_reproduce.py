"""A paper's tables, on the data sets that there are."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sklearn.base import BaseEstimator, clone

from ..evaluation import Evaluation, EvaluationResults
from ._corpus import Corpus
from ._differences import differences
from ._folds import CorpusFolds
from ._paper_preset import PRESETS
from ._preset import PaperPreset
from ._reproduction import Reproduction
from ._task import PaperTask


def reproduce(
    preset: PaperPreset,
    folders: Mapping[str, str | os.PathLike[str]],
    *,
    cache: str | os.PathLike[str],
    protocols: Sequence[str] = ("windows", "subjects"),
    tasks: Sequence[tuple[str, str]] | None = None,
    subjects: Mapping[str, Sequence[str]] | None = None,
    random_state: int = 0,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Reproduction:
    """Run a paper's tables on the data sets, and set what comes out beside what it published.

    Every network is pretrained, trained and scored as the paper does it, by its shuffled windows,
    and besides on people whom nothing was learnt from. An interrupted run goes on where it stopped
    when it is called again: prepared recordings, pretrainers and scores are kept in `cache`.

    Parameters
    ----------
    preset : PaperPreset
        Of `paper_preset`, or a changed one.
    folders : mapping of str to path-like
        Where each data set is. Those that are missing are not scored and not pretrained on.
    cache : path-like
        Folder for what is computed.
    protocols : sequence of {"windows", "subjects"}, default=("windows", "subjects")
        The paper's shuffled windows, and unseen people.
    tasks : sequence of (str, str) or None, default=None
        Data set and attribute of what is classified, such as ``[("amigos", "arousal")]``. None:
        all of the paper for which there is a folder.
    subjects : mapping of str to sequence of str, default=None
        Only some people of a data set, to try it out.
    random_state : int, default=0
        Seed of folds, initialisation and training.
    n_jobs : int or None, default=None
        People prepared, and folds computed, at once.
    verbose : int, default=0
        1 shows progress.

    Returns
    -------
    Reproduction
        `table()` has published and measured figures side by side, `differences` says in what this
        is not the paper's experiment. Printing shows both.

    Raises
    ------
    ValueError
        If `folders` holds no data set of a task, or names one that the paper does not use.

    Notes
    -----
    The full tables train hundreds of networks: take a GPU, or some `tasks`.

    Examples
    --------
    >>> from sklearn_ecgssl.papers import paper_preset, reproduce
    >>> preset = paper_preset("icassp2020")
    >>> result = reproduce(  # doctest: +SKIP
    ...     preset, {"swell": "SWELL-KW", "amigos": "AMIGOS"}, cache="cache"
    ... )
    >>> print(result)  # doctest: +SKIP
    """
    chosen = _chosen_tasks(preset, folders, tasks)
    _check_protocols(protocols)
    used = [name for name in preset.loading if name in folders]
    reading = {
        name: {"subjects": (subjects or {}).get(name), "n_jobs": n_jobs, "verbose": verbose}
        for name in used
    }
    results: dict[tuple[PaperTask, float], EvaluationResults] = {}
    left_out: dict[str, list[Any]] = {}
    for window_length in dict.fromkeys(figure.window_length for figure in preset.figures):
        cut = _with_window_length(preset, window_length)
        asked = {task: _networks(cut, task, window_length, random_state) for task in chosen}
        if not any(asked.values()):
            continue
        data = {
            name: cut.load(name, folders[name], cache=cache, attribute=None, **reading[name])
            for name in used
        }
        for name, one in data.items():
            left_out[name] = _joined(left_out.get(name, []), one.left_out)
        corpus = Corpus(data)
        for task, networks in asked.items():
            if networks:
                labelled = cut.load(
                    task.data_set,
                    folders[task.data_set],
                    cache=cache,
                    attribute=task.attribute,
                    binarize=task.binarize,
                    **reading[task.data_set],
                )
                left_out[task.data_set] = _joined(left_out[task.data_set], labelled.left_out)
                target, has_target = corpus.target(task.data_set, labelled)
                folds = CorpusFolds(
                    corpus.data_set,
                    task.data_set,
                    has_target,
                    n_splits=preset.n_splits,
                    two_encoders=preset.two_encoders,
                    pretraining_sets=preset.pretraining_sets,
                    random_state=random_state,
                )
                evaluation = Evaluation(
                    corpus.recordings,
                    target,
                    corpus.subject,
                    segmenter=cut.segmenter,
                    protocols=[getattr(folds, protocol)() for protocol in protocols],
                    folder=Path(cache, "scores"),
                    memory=Path(cache, "pretraining"),
                    n_jobs=n_jobs,
                    verbose=verbose,
                )
                results[task, window_length] = evaluation.run(networks)
    return Reproduction(
        preset, results, differences(preset, PRESETS, used, subjects or {}, left_out)
    )


def _chosen_tasks(
    preset: PaperPreset, folders: Mapping[str, Any], tasks: Sequence[tuple[str, str]] | None
) -> list[PaperTask]:
    unknown = [name for name in folders if name not in preset.loading]
    if unknown:
        raise ValueError(
            f"folders: {preset.name} uses {', '.join(preset.loading)}, not {', '.join(unknown)}."
        )
    by_name = {(task.data_set, task.attribute): task for task in preset.tasks}
    if tasks is None:
        chosen = [task for task in preset.tasks if task.data_set in folders]
    else:
        wrong = [one for one in tasks if tuple(one) not in by_name or one[0] not in folders]
        if wrong:
            raise ValueError(
                f"tasks: {wrong[0]!r} is none of {preset.name}, or folders lacks its data set. Its "
                f"tasks are {', '.join(map(str, by_name))}."
            )
        chosen = [by_name[one[0], one[1]] for one in tasks]
    if not chosen:
        raise ValueError(
            f"folders must hold a data set that {preset.name} classifies: one of "
            f"{', '.join(dict.fromkeys(task.data_set for task in preset.tasks))}."
        )
    return chosen


def _check_protocols(protocols: Sequence[str]) -> None:
    unknown = [one for one in protocols if one not in ("windows", "subjects")]
    if unknown or not protocols or isinstance(protocols, str):
        raise ValueError(f"protocols must be of windows, subjects, got {protocols!r}.")


def _joined(one: Sequence[Any], other: Sequence[Any]) -> list[Any]:
    return list(dict.fromkeys([*one, *other]))


def _with_window_length(preset: PaperPreset, window_length: float) -> PaperPreset:
    segmenter = clone(preset.segmenter).set_params(window_length=window_length)
    return replace(preset, segmenter=segmenter)


def _networks(
    preset: PaperPreset, task: PaperTask, window_length: float, random_state: int
) -> dict[str, BaseEstimator]:
    """Build the networks that the paper gives a figure of."""
    seeds = {"random_state": random_state, "pretrainer__random_state": random_state}
    return {
        figure.network: preset.network(figure.network, task.data_set).set_params(**seeds)
        for figure in preset.figures
        if figure.task == task and figure.window_length == window_length
    }
