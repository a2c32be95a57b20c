"""Windows into features."""

import argparse
from pathlib import Path

from sklearn.frozen import FrozenEstimator

from ..features import SSLEmbedder, embed_blocks
from ..pretext import load_pretrained
from ._command import Command
from ._sharing import add_sharing, sharing
from ._windows import open_windows


class Embed(Command):
    """``embed``: compute the features of windows with a saved encoder."""

    name = "embed"
    summary = "Compute the features of windows with an encoder, and write them to a file."
    required = ("windows", "encoder", "output")

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "windows", nargs="*", type=Path, help="windows files (.zarr), or one .npy"
        )
        parser.add_argument("--encoder", help="name of an encoder of the package, or a folder")
        parser.add_argument("--output", type=Path, help="features: .npy, .zarr or .parquet")
        parser.add_argument("--layer", default="last", help="whose activations are the features")
        parser.add_argument("--aggregate", nargs="*", help="ways, side by side; none: the usual")
        parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
        parser.add_argument("--block-size", type=int, default=4096, help="windows in memory")
        add_sharing(parser, "blocks")
        parser.add_argument("--sampling-rate", type=float, help="of a .npy, in Hz")

    def run(self, args: argparse.Namespace) -> None:
        data = open_windows(args.windows, args.sampling_rate)
        encoder = load_pretrained(args.encoder, device=args.device)
        embedder = SSLEmbedder(
            FrozenEstimator(encoder), layer=args.layer, aggregate=args.aggregate or None,
            sampling_rate=data.sampling_rate or encoder.sampling_rate_ or 256,
        )  # fmt: skip
        embedder.fit(data.windows[: args.block_size])
        with sharing(args):
            embed_blocks(embedder, data.windows, args.output, block_size=args.block_size, verbose=1)
        print(f"{args.output}: {data.windows.shape[0]} rows")
