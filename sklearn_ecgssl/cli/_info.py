"""What a file or folder holds, and what there is to compute with."""

import argparse
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from .. import __version__
from ..datasets import load_recordings, load_windows
from ..formats import UnreadableFileError, read_folder
from ..pretext import list_pretrained, load_pretrained
from ..training import resolve_device, resolve_precision
from ._command import Command
from ._losses import losses

LIBRARIES = ("torch", "scikit-learn", "skorch", "numpy", "scipy", "joblib", "zarr", "dask")


class Info(Command):
    """``info``: say what something is."""

    name = "info"
    summary = "Say what a file, a folder or an encoder is; without one, what there is here."
    required = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "place",
            nargs="*",
            help="recordings, windows, encoder, checkpoint; or an encoder's name",
        )

    def run(self, args: argparse.Namespace) -> None:
        if not args.place:
            print("\n".join(_here()))
        for place in args.place:
            print(f"{place}: {_description(place)}")


def _here() -> list[str]:
    device = resolve_device("auto")
    precision = str(resolve_precision("auto", device)).removeprefix("torch.")
    lines = [
        f"sklearn_ecgssl {__version__}, Python {platform.python_version()}, {platform.machine()}",
        f"device: {device}, precision: {precision}",
        f"encoders: {', '.join(list_pretrained())}",
    ]
    return lines + [f"{name}: {_version(name)}" for name in LIBRARIES]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _description(place: str) -> str:
    path = Path(place)
    if place in list_pretrained():
        return _encoder(place)
    if not path.exists():
        raise FileNotFoundError(f"There is nothing at {path.absolute()}.")
    if path.suffix == ".zarr":
        return _windows(path)
    if path.suffix == ".npz" or (path.is_dir() and any(path.glob("*.npz"))):
        return _recordings(path)
    if path.suffix == ".npy":
        array = np.load(path, mmap_mode="r")
        return f"an array of {array.dtype} and shape {array.shape}"
    try:
        return _encoder(place)
    except UnreadableFileError:
        return _checkpoint(path)


def _windows(path: Path) -> str:
    data = load_windows(path)
    n_windows, n_times = data.windows.shape
    people = "" if data.subject is None else f" of {len(set(data.subject))} people"
    seconds = n_times / data.sampling_rate
    return (
        f"{n_windows} windows{people}, {seconds:g} s at {data.sampling_rate:g} Hz, "
        f"{n_windows * seconds / 3600:.1f} hours if they do not overlap"
    )


def _recordings(path: Path) -> str:
    data = load_recordings(path)
    rates = np.unique(data.sampling_rate)
    lengths = np.array([len(recording) for recording in data.recordings])
    hours = (lengths / data.sampling_rate).sum() / 3600
    return (
        f"{len(lengths)} recordings of {len(set(data.subject))} people, {hours:.1f} hours at "
        f"{', '.join(f'{rate:g}' for rate in rates)} Hz, fields: {', '.join(data.fields)}"
    )


def _encoder(place: str) -> str:
    encoder = load_pretrained(place)
    rate = encoder.sampling_rate_
    length = f"{encoder.n_features_in_} samples"
    if rate:
        length = f"{encoder.n_features_in_ / rate:g} s at {rate:g} Hz"
    return (
        f"{type(encoder).__name__}, {encoder.n_epochs_} epochs, windows of {length}, "
        f"{encoder.n_features_encoded()} features, aggregate: {', '.join(encoder.aggregations())}"
    )


def _checkpoint(path: Path) -> str:
    content, _ = read_folder(path, "checkpoint")
    history = content["training"]["history"]
    kind = content["facts"]["parameters"]["class"]
    return f"checkpoint of a {kind} after {len(history)} epochs, {losses(history[-1])}"
