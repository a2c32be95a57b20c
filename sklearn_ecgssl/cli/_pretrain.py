"""Windows into an encoder."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..pretext import BasePretrainer, MaskedPretrainer, PretextPretrainer
from ..training import LostProcessError, tracker
from ._command import Command, StoppedError
from ._config import setting
from ._losses import losses
from ._windows import open_windows

METHODS: dict[str, type[BasePretrainer]] = {
    "recognition": PretextPretrainer,
    "masked": MaskedPretrainer,
}


class Pretrain(Command):
    """``pretrain``: learn from windows, alone or in each of the processes of ``torchrun``."""

    name = "pretrain"
    summary = "Pretrain an encoder on windows. Under torchrun, all processes share the work."
    required = ("windows", "output")

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "windows", nargs="*", type=Path, help="windows files (.zarr), or one .npy"
        )
        parser.add_argument("--output", type=Path, help="folder of the encoder")
        parser.add_argument(
            "--method", choices=tuple(METHODS), default="recognition",
            help="PretextPretrainer or MaskedPretrainer",
        )  # fmt: skip
        parser.add_argument(
            "--set", dest="parameters", action="append", default=[], type=setting,
            metavar="NAME=VALUE", help="a parameter of it, as max_epochs=30; any number of times",
        )  # fmt: skip
        parser.add_argument(
            "--checkpoint", type=Path, help="folder to go on from, and to save every epoch to"
        )
        parser.add_argument(
            "--track", action="append", default=[], type=tracked, metavar="TRACKER[=WHERE]",
            help="follow it live: tensorboard=FOLDER, mlflow=EXPERIMENT or wandb=PROJECT",
        )  # fmt: skip
        parser.add_argument("--sampling-rate", type=float, help="of a .npy, in Hz")

    def run(self, args: argparse.Namespace) -> None:
        data = open_windows(args.windows, args.sampling_rate)
        pretrainer = METHODS[args.method](verbose=1)
        pretrainer.set_params(**dict(args.parameters))
        if args.checkpoint is not None:
            pretrainer.set_params(checkpoint=str(args.checkpoint), resume=True)
        if args.track:
            pretrainer.set_params(callbacks=args.track)
        subject = data.subject if pretrainer.validation_fraction is not None else None
        try:
            pretrainer.fit(data.windows, groups=subject)
        except (KeyboardInterrupt, LostProcessError) as error:
            if args.checkpoint is None:
                raise
            why = f"{error}\n" if str(error) else ""
            raise StoppedError(
                f"{why}stopped; whole epochs are in {args.checkpoint}: the same command goes on"
            ) from None
        if os.environ.get("RANK", "0") != "0":
            return
        pretrainer.save_pretrained(args.output, sampling_rate=data.sampling_rate)
        after = f", {losses(pretrainer.history_[-1])}" if pretrainer.history_ else ""
        print(f"{args.output}: {pretrainer.n_epochs_} epochs{after}")


def tracked(text: str) -> Callable[[], Any]:
    """Read ``tracker=where``.

    Parameters
    ----------
    text : str
        Such as ``tensorboard=runs/first`` or ``wandb``.

    Returns
    -------
    callable
        For a pretrainer's `callbacks`.

    Raises
    ------
    argparse.ArgumentTypeError
        If there is no such tracker.
    """
    name, _, where = text.partition("=")
    try:
        return tracker(name, where)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
