"""Recordings and encoders into scores."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline

from ..classify import SubjectScaledClassifier
from ..datasets import load_recordings
from ..evaluation import compare_protocols, linear_classifier
from ..features import SSLEmbedder
from ..signal import Resampler, TrimmedScaler, scale_subjects
from ._command import Command, CommandError, StoppedError
from ._config import setting
from ._preparation import add_preparation, preparation
from ._pretrain import METHODS
from ._sharing import add_sharing, sharing


class Evaluate(Command):
    """``evaluate``: score a linear classifier of an encoder's features."""

    name = "evaluate"
    summary = "Score encoders on labelled recordings, on people whom they have and have not met."
    required = ("recordings",)

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("recordings", nargs="*", type=Path, help="a recordings file or folder")
        parser.add_argument("--target", default="auto", help="field that holds the label")
        parser.add_argument("--where", nargs="*", default=[], help="fields that must be true")
        parser.add_argument("--encoder", action="append", default=[], help="name or folder")
        parser.add_argument(
            "--pretrain", action="append", default=[], choices=tuple(METHODS),
            help="pretrain on the training part of each fold",
        )  # fmt: skip
        parser.add_argument(
            "--set", dest="parameters", action="append", default=[], type=setting,
            metavar="NAME=VALUE", help="a parameter of what is pretrained, as max_epochs=30",
        )  # fmt: skip
        parser.add_argument("--aggregate", nargs="*", help="ways, side by side; none: the usual")
        parser.add_argument(
            "--scaled", action="store_true", help="scale features by person, without labels"
        )
        parser.add_argument(
            "--protocols", nargs="*", choices=("windows", "recordings", "subjects"),
            default=["windows", "subjects"], help="what is split",
        )  # fmt: skip
        parser.add_argument("--folds", type=int, default=10)
        parser.add_argument("--seed", type=int, default=0, help="of the folds")
        parser.add_argument("--folder", type=Path, help="where results are kept, to go on from")
        parser.add_argument("--output", type=Path, help="table, .csv or .md")
        add_sharing(parser, "fits")
        add_preparation(parser)

    def run(self, args: argparse.Namespace) -> None:
        if args.output is not None and args.output.suffix not in (".csv", ".md"):
            raise CommandError(f"--output must end in .csv or .md, got {args.output}.")
        if len(args.recordings) != 1:
            raise CommandError("evaluate takes one recordings file, or one folder of them.")
        data = load_recordings(
            args.recordings[0], target=args.target, where=dict.fromkeys(args.where, True),
            complete_subjects=True,
        )  # fmt: skip
        how = preparation(args)
        try:
            with sharing(args):
                results = compare_protocols(
                    _estimators(args), _prepared(data, how), data.target, data.subject,
                    segmenter=how["segmenter"], protocols=args.protocols, n_splits=args.folds,
                    random_state=args.seed, folder=args.folder, verbose=1,
                )  # fmt: skip
        except KeyboardInterrupt:
            if args.folder is None:
                raise
            raise StoppedError(f"stopped; what is done is in {args.folder}") from None
        print(results)
        if args.output is None:
            return
        if args.output.suffix == ".csv":
            results.table().to_csv(args.output, index=False)
        else:
            args.output.write_text(results.to_markdown() + "\n", encoding="utf-8")


def _prepared(data: Any, how: dict[str, Any]) -> list[np.ndarray]:
    rates = np.broadcast_to(data.sampling_rate, len(data.recordings))
    recordings = [
        Resampler(rate, how["sampling_rate"]).fit_transform([recording])[0]
        for recording, rate in zip(data.recordings, rates, strict=True)
    ]
    recordings = how["transformer"].fit_transform(recordings)
    if how["scale"] is None:
        return recordings
    trim = {"trimmed": TrimmedScaler().trim, "standard": 0.0}[how["scale"]]
    return list(scale_subjects(recordings, data.subject, trim=trim))


def _estimators(args: argparse.Namespace) -> dict[str, BaseEstimator]:
    pretrainers: dict[str, Any] = {name: name for name in args.encoder}
    for method in args.pretrain:
        pretrainer = METHODS[method](random_state=args.seed)
        pretrainers[f"{method}, pretrained here"] = pretrainer.set_params(**dict(args.parameters))
    if not pretrainers:
        raise CommandError("evaluate needs --encoder or --pretrain, one or several times.")
    estimators = {}
    for name, pretrainer in pretrainers.items():
        embedder = SSLEmbedder(
            pretrainer, aggregate=args.aggregate or None, sampling_rate=args.sampling_rate
        )
        head = linear_classifier()
        estimators[name] = (
            SubjectScaledClassifier(embedder, head)
            if args.scaled
            else make_pipeline(embedder, head)
        )
    return estimators
