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
    "together",
    "imports",
    "precision",
    "protocols",
    "masked",
    "comparisons",
    "reconstruction",
    "level",
    "rhythm",
    "probe",
    "quality",
]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(NAMES)}")
    parser.add_argument("--device", default="cpu", help="where the network runs: cpu or cuda")
    parser.add_argument("--rounds", type=int, default=5, help="how often each thing is timed")
    parser.add_argument("--data", help="recordings file; without it, simulated ECG")
    parser.add_argument("--target", help="with --data: the field to classify")
    parser.add_argument("--where", nargs="*", default=[], help="with --data: fields to be true")
    parser.add_argument("--epochs", type=int, default=10, help="epochs of pretraining")
    parser.add_argument("--seeds", type=int, default=2, help="for precision: trainings of each")
    parser.add_argument("--records", type=int, default=48, help="for beats: how many of the 48")
    for method, names in {
        "recognition": "level",
        "masked": "level, reconstruction",
        "rhythm": "level",
    }.items():
        parser.add_argument(
            f"--{method}",
            default=f"{method}-open",
            metavar="ENCODER",
            help=f"for {names}: name or folder of the encoder, {method}-open unless it is said",
        )
    parser.add_argument(
        "--choose",
        nargs="+",
        default=[],
        metavar="FOLDER",
        help="for rhythm: compare these encoders on people held out of the corpus, nothing else",
    )
    parser.add_argument("--folder", help="for rhythm, quality: folder of recordings files")
    parser.add_argument(
        "--work", help="for rhythm, protocols: folder of what an interrupted run goes on with"
    )
    parser.add_argument(
        "--list",
        nargs="+",
        default=["recognition-open", "masked-open:mean", "rhythm-open"],
        metavar="ENCODER",
        help="for rhythm, probe: names or folders of encoders; with :AGGREGATION or :LAYER, not "
        "their own features",
    )
    parser.add_argument(
        "--questions",
        nargs="+",
        default=["rate", "labels", "identity", "length", "noise"],
        choices=["rate", "labels", "identity", "length", "noise"],
        help="for rhythm: which tables",
    )
    parser.add_argument(
        "--jobs", type=int, default=1, help="for protocols, level, rhythm, quality: processes"
    )
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
