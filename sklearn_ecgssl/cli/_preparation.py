"""Options of how recordings are prepared, the same for every command that does it."""

import argparse
from typing import Any

from ..signal import ECGFilter, Segmenter


def add_preparation(parser: argparse.ArgumentParser) -> None:
    """Add the options.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        Of a command.
    """
    group = parser.add_argument_group("how recordings are prepared")
    group.add_argument("--sampling-rate", type=float, default=256.0, help="in Hz, to resample to")
    group.add_argument("--low", type=float, default=0.8, help="lowest frequency kept, in Hz")
    group.add_argument("--high", type=float, help="highest frequency kept, in Hz; none: no limit")
    group.add_argument("--order", type=int, default=4, help="of the filter")
    group.add_argument(
        "--scale", choices=("trimmed", "standard", "none"), default="trimmed",
        help="how all recordings of a person are scaled",
    )  # fmt: skip
    group.add_argument("--window-length", type=float, default=10.0, help="in seconds")
    group.add_argument("--overlap", type=float, default=0.0, help="of windows, from 0 to below 1")


def preparation(args: argparse.Namespace) -> dict[str, Any]:
    """Make what `prepare_windows` takes of the options.

    Parameters
    ----------
    args : argparse.Namespace
        With the options of `add_preparation`.

    Returns
    -------
    dict
        Keyword arguments.
    """
    rate = args.sampling_rate
    return {
        "sampling_rate": rate,
        "transformer": ECGFilter(rate, low=args.low, high=args.high, order=args.order),
        "scale": None if args.scale == "none" else args.scale,
        "segmenter": Segmenter(rate, args.window_length, args.overlap),
    }
