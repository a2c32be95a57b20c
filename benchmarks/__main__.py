"""Run benchmarks by name: python -m benchmarks [NAME ...] [--device cuda] [--data FILE]."""

import argparse
from importlib import import_module

from .machine import describe

NAMES = [
    "pretraining",
    "embedding",
    "transforms",
    "signals",
    "beats",
    "search",
    "memory",
    "imports",
    "precision",
    "aggregation",
    "labels",
    "masked",
    "reconstruction",
    "methods",
]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(NAMES)}")
    parser.add_argument("--device", default="cpu", help="where the network runs: cpu or cuda")
    parser.add_argument("--rounds", type=int, default=5, help="how often each thing is timed")
    parser.add_argument("--data", help="recordings file; without it, simulated ECG")
    parser.add_argument("--corpus", help="for methods: recordings file to learn from")
    parser.add_argument("--target", help="with --data: the field to classify")
    parser.add_argument("--where", nargs="*", default=[], help="with --data: fields to be true")
    parser.add_argument("--epochs", type=int, default=10, help="epochs of pretraining")
    parser.add_argument(
        "--memory", help="for labels, reconstruction, methods: folder in which pretraining is kept"
    )
    parser.add_argument("--seeds", type=int, default=2, help="for precision and aggregation")
    parser.add_argument("--records", type=int, default=48, help="for beats: how many of the 48")
    args = parser.parse_args()
    unknown = sorted(set(args.names) - set(NAMES))
    if unknown:
        parser.error(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(NAMES)}")
    print(describe(args.device), flush=True)
    for name in args.names or NAMES:
        print(f"\n## {name}\n", flush=True)
        import_module(f".{name}", __package__).run(args)


if __name__ == "__main__":
    main()
