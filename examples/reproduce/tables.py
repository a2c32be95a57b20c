"""
A paper's tables on its data sets
=================================

What icassp2020.py, tac2020.py and icpr2022.py share: how a paper is written down, its data sets as
one corpus, folds of one data set while pretraining on all, and published figures beside measured
ones. Every network is scored on the paper's shuffled windows, and besides on people from whom
nothing was learnt, with the majority class and the heart rate beside it. The full tables train
hundreds of networks: take a GPU, or some tasks with ``--only``. An interrupted run goes on where it
stopped: prepared recordings, pretrainers and scores are kept in ``--cache``.

No figure of these networks on unseen people was ever published. Whoever holds a data set can change
that: ``--scores FILE`` writes one JSON of scores, without signals or names, to share.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from shared_scores import corpus_counts, task_scores, write_scores
from sklearn.base import BaseEstimator, clone
from sklearn.utils import Bunch

from sklearn_ecgssl import (
    ECGClassifier,
    ECGFilter,
    Segmenter,
    compare_protocols,
    concatenate,
    prepare,
)
from sklearn_ecgssl.datasets import available
from sklearn_ecgssl.evaluation import (
    EvaluationResults,
    LabelledWindows,
    Protocol,
    shuffled_windows,
    unseen_subjects,
)

# %%
# A paper.


class Figure(NamedTuple):
    """A published figure: of what, by which network, in windows of so many seconds."""

    data_set: str
    label: str
    network: str
    accuracy: float | None = None
    f1: float | None = None
    window_length: float = 10


@dataclass(frozen=True)
class Paper:
    """How a paper did it, what it publishes, and what had to be chosen since it does not say."""

    citation: str
    #: Data sets that it pretrains on, with the parameters of `prepare` for each.
    data_sets: Mapping[str, Mapping[str, Any]]
    filter: ECGFilter
    scale: str
    pretrainer: BaseEstimator
    #: Classifier of each data set that has labels.
    heads: Mapping[str, ECGClassifier]
    #: Parameters in which the compared networks differ.
    networks: Mapping[str, Mapping[str, Any]]
    figures: Sequence[Figure]
    choices: Sequence[str]
    two_encoders: bool = False

    def network(self, name: str, data_set: str) -> ECGClassifier:
        head = clone(self.heads[data_set]).set_params(pretrainer=clone(self.pretrainer))
        return head.set_params(**self.networks[name])


# %%
# Its data sets.


def load(paper: Paper, folders: Mapping[str, Path], window_length: float, args: Any) -> Bunch:
    """Prepare the data sets as the paper does; their windows, one data set after another."""
    sampling_rate = paper.filter.sampling_rate
    how = {
        "sampling_rate": sampling_rate,
        "transformer": paper.filter,
        "scale": paper.scale,
        "segmenter": Segmenter(sampling_rate, window_length),
        "attribute": None,  # with recordings that have no label: they are pretrained on
    }
    running = {"cache": args.cache, "n_jobs": args.jobs, "verbose": 1}
    data_sets = {
        name: prepare(available()[name](folder), **how, **paper.data_sets[name], **running)
        for name, folder in folders.items()
    }
    return concatenate(data_sets, sampling_rate=sampling_rate, scale=paper.scale)


def target_of(corpus: Bunch, data_set: str, label: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the classes of one data set's recordings, and which recordings have one.

    Ratings are above their mean or not. The class of a recording without one is never looked at.
    """
    values = corpus.fields["condition" if label == "stress" else label]
    own = corpus.fields["data_set"] == data_set
    if values.dtype.kind == "f":
        known = own & np.isfinite(values)
        classes = np.where(values > values[known].mean(), "high", "low")
    else:
        known = own & (values != "")
        classes = values
    return np.where(known, classes, classes[known][0]), known


# %%
# Its folds.


def protocol(
    kind: str, paper: Paper, corpus: Bunch, data_set: str, known: np.ndarray, args: Any
) -> Protocol:
    """Split each data set by itself into parts: of windows, or of people.

    Fold k tests the k-th part of one data set and trains on its other parts. Parts do not depend on
    the labels, so that all tasks share their pretraining: the pretrainer of fold k learns from what
    is in no k-th part. Two encoders instead learn from all other data sets and from one half of the
    tested one's parts; a fold takes the encoder that has not met it.
    """
    of_recording = corpus.fields["data_set"]

    def parts(windows: LabelledWindows, name: str) -> list[np.ndarray]:
        members = np.flatnonzero(of_recording[windows.recording] == name)
        random = np.random.RandomState(args.seed)
        if kind == "windows":
            return np.array_split(random.permutation(members), args.folds)
        people = random.permutation(np.unique(windows.subject[members]))
        # No part is empty, which could make a half of nobody.
        groups = np.array_split(people, max(2, min(args.folds, len(people))))
        return [members[np.isin(windows.subject[members], group)] for group in groups]

    def split(windows: LabelledWindows) -> list[tuple[np.ndarray, np.ndarray]]:
        labelled = np.flatnonzero(known[windows.recording])
        return [
            (np.setdiff1d(labelled, part), np.intersect1d(labelled, part))
            for part in parts(windows, data_set)
        ]

    def learnt(own: list[np.ndarray], name: str, k: int) -> list[np.ndarray]:
        if not paper.two_encoders:
            return [part for i, part in enumerate(own) if i != k]
        if name != data_set:
            return own
        middle = (len(own) + 1) // 2
        return own[middle:] if k < middle else own[:middle]

    def pretrain(windows: LabelledWindows, pairs: Any) -> list[np.ndarray]:
        of_set = {name: parts(windows, name) for name in corpus.names}
        labelled = np.flatnonzero(known[windows.recording])
        tested = [np.intersect1d(labelled, part) for part in of_set[data_set]]
        return [
            np.sort(np.concatenate([p for n, own in of_set.items() for p in learnt(own, n, k)]))
            for k, test in enumerate(tested)
            if len(test)  # a part without labels is no fold
        ]

    sees = (shuffled_windows() if kind == "windows" else unseen_subjects()).sees
    return Protocol(kind, sees, split, pretrain)


# %%
# Its tables.


def measured(results: EvaluationResults, figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """Return a row for each network and baseline: published figures, and means over folds."""
    published = {figure.network: figure for figure in figures}
    rows = []
    for network, table in results.table().groupby("estimator", sort=False):
        figure = published.get(network, figures[0]._replace(accuracy=None, f1=None))
        row = figure._replace(network=network)._asdict()
        for _, scores in table.iterrows():
            row[f"{scores['protocol']}_accuracy"] = scores["accuracy"]
            row[f"{scores['protocol']}_f1"] = scores["macro_f1"]
        rows.append(row)
    return rows


def reproduce(paper: Paper, arguments: Sequence[str] | None = None) -> pd.DataFrame:
    """Run a paper's tables by the arguments of the command line, print them and return them."""
    args = _parser(paper).parse_args(arguments)
    folders = {name: getattr(args, name) for name in paper.data_sets if getattr(args, name)}
    wanted = [
        figure
        for figure in paper.figures
        if figure.data_set in folders
        and (args.only is None or f"{figure.data_set}/{figure.label}" in args.only)
    ]
    differences = _differences(paper, folders, args)
    rows, said, corpora, tasks = [], list(differences), [], []
    for window_length in dict.fromkeys(figure.window_length for figure in wanted):
        corpus = load(paper, folders, window_length, args)
        corpora.append(corpus_counts(corpus, window_length))
        cut = [figure for figure in wanted if figure.window_length == window_length]
        for data_set, label in dict.fromkeys(figure[:2] for figure in cut):
            figures = [figure for figure in cut if figure[:2] == (data_set, label)]
            target, known = target_of(corpus, data_set, label)
            networks = {f.network: paper.network(f.network, data_set) for f in figures}
            for network in networks.values():
                _set_training(network, args)
            results = compare_protocols(
                networks,
                corpus.recordings,
                target,
                corpus.subject,
                segmenter=Segmenter(corpus.sampling_rate, window_length),
                protocols=[
                    protocol(kind, paper, corpus, data_set, known, args) for kind in args.protocols
                ],
                folder=args.cache / "scores",
                memory=args.cache / "pretraining",
                n_jobs=args.jobs,
                verbose=1,
            )
            rows += measured(results, figures)
            tasks.append(task_scores(corpus, known, target, figures, results))
            said += [f"{data_set} {label}: {error}" for error in results.failures["error"]]
            unlabelled = int(np.sum((corpus.fields["data_set"] == data_set) & ~known))
            said += [f"{unlabelled} recordings of {data_set} have no {label}."] * bool(unlabelled)
        said += [f"Left out: {one}" for one in map(str, corpus.left_out) if one not in said]
    table = pd.DataFrame(rows)
    print(paper.citation, table.round(3).to_string(index=False, na_rep=""), sep="\n\n")
    print("\nNot as in the paper, or not said there:", *said, sep="\n- ")
    if args.csv:
        table.to_csv(args.csv, index=False)
    if args.scores:
        settings = {name: getattr(args, name) for name in ("folds", "epochs", "seed")}
        write_scores(args.scores, paper.citation, settings, differences, corpora, tasks)
    return table


def _differences(paper: Paper, folders: Mapping[str, Path], args: Any) -> list[str]:
    said = list(paper.choices)
    said += [
        f"{name} is not there: nothing was pretrained on it, and nothing of it classified."
        for name in paper.data_sets
        if name not in folders
    ]
    said += [f"{args.folds} folds; in the paper 10."] * (args.folds != 10)
    said += [f"At most {args.epochs} epochs."] * (args.epochs is not None)
    return said


def _set_training(network: ECGClassifier, args: Any) -> None:
    network.set_params(random_state=args.seed, pretrainer__random_state=args.seed)
    if args.epochs is not None:
        of_trunk = min(args.epochs, network.pretrainer.max_epochs)
        of_all = min(args.epochs, network.max_epochs)
        network.set_params(max_epochs=of_all, pretrainer__max_epochs=of_trunk)


def _parser(paper: Paper) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=paper.citation)
    for name in paper.data_sets:
        parser.add_argument(f"--{name}", type=Path, metavar="PATH", help=f"folder of {name}")
    tasks = list(dict.fromkeys(f"{figure.data_set}/{figure.label}" for figure in paper.figures))
    parser.add_argument("--only", nargs="+", choices=tasks, help="some of what is classified")
    kinds = ["windows", "subjects"]
    parser.add_argument("--protocols", nargs="+", choices=kinds, default=kinds)
    parser.add_argument("--cache", type=Path, default=Path("cache"), help="default: cache")
    parser.add_argument("--csv", type=Path, help="where to write the table")
    no_names = "where to write scores without signals or names, as JSON to share"
    parser.add_argument("--scores", type=Path, metavar="FILE", help=no_names)
    parser.add_argument("--folds", type=int, default=10, help="fewer, to try it out")
    parser.add_argument("--epochs", type=int, help="at most so many, to try it out")
    parser.add_argument("--jobs", type=int, help="people prepared, and folds computed, at once")
    parser.add_argument("--seed", type=int, default=0)
    return parser
