"""Recordings files into a windows file."""

import argparse
from collections import Counter
from pathlib import Path

from sklearn.utils import Bunch

from ..datasets import load_recordings, load_windows, prepare_windows
from ._command import Command, CommandError
from ._preparation import add_preparation, preparation
from ._sharing import add_sharing, sharing


class Prepare(Command):
    """``prepare``: filter, resample, scale and cut recordings."""

    name = "prepare"
    summary = "Prepare recordings files, and write their windows to one file."
    required = ("recordings", "output")

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "recordings", nargs="*", type=Path,
            help="recordings files (.npz), or folders of them; each person is in one file, whose "
            "name becomes a part of the person's",
        )  # fmt: skip
        parser.add_argument("--output", type=Path, help="the windows file, .zarr")
        add_sharing(parser, "files")
        add_preparation(parser)

    def run(self, args: argparse.Namespace) -> None:
        files = recordings_files(args.recordings)
        with sharing(args):
            prepare_windows(files, args.output, read=read_file, **preparation(args), verbose=1)
        data = load_windows(args.output)
        hours = data.windows.shape[0] * args.window_length * (1 - args.overlap) / 3600
        print(
            f"{args.output}: {data.windows.shape[0]} windows of {len(set(data.subject))} people, "
            f"{hours:.1f} hours"
        )


def read_file(path: Path) -> Bunch:
    """Read a recordings file, whose people are nobody in another one.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    Bunch
        As of `load_recordings`, with subjects such as ``"file/7"``.
    """
    data = load_recordings(path)
    data.subject = [f"{path.stem}/{person}" for person in data.subject]
    return data


def recordings_files(places: list[Path]) -> list[Path]:
    """List recordings files.

    Parameters
    ----------
    places : list of pathlib.Path
        Files and folders.

    Returns
    -------
    list of pathlib.Path
        The files, and those of the folders, by name.

    Raises
    ------
    CommandError
        If two have the same name.
    """
    files = []
    for place in places:
        found = sorted(place.glob("*.npz")) if place.is_dir() else [place]
        if not found:
            raise FileNotFoundError(f"There is no .npz file in the folder {place.absolute()}.")
        files += found
    twice = [name for name, n in Counter(file.stem for file in files).items() if n > 1]
    if twice:
        raise CommandError(
            f"recordings has several files called {twice[0]}.npz, whose people would be mixed up: "
            "rename them."
        )
    return files
