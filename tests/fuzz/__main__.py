"""Fuzz the readers of files: ``python -m tests.fuzz [reader ...] --inputs 1000 --seed 0``.

Each reader runs in a process of its own. One line a reader is printed, with what its inputs came
to, and every failure with the options that try that input alone; its files are kept in a folder.
The status is 1 after a failure.
"""

import argparse
import faulthandler
import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch; see tests/fuzz/watch.py

from tests.fuzz.readers import READERS
from tests.fuzz.run import ENOUGH, Report, Trial


def parsed(arguments):
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("readers", nargs="*", help=f"of {', '.join(READERS)}; all by default")
    parser.add_argument("--inputs", type=int, default=None, help="inputs a reader")
    parser.add_argument("--seconds", type=float, default=None, help="or seconds a reader")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--keep", type=Path, help="folder for inputs that fail")
    options = parser.parse_args(arguments)
    unknown = set(options.readers) - set(READERS)
    if unknown:
        parser.error(f"there is no reader {sorted(unknown)}, there are {', '.join(READERS)}")
    if options.inputs is None and options.seconds is None:
        options.inputs = 1000
    return options


def sitting(name, options, first, progress, answers):
    """Try inputs in this process, and send the report."""
    faulthandler.enable()
    trial = Trial(name, options.seed, options.keep)
    trial.confine()
    begun = time.monotonic()
    number = first
    try:
        while _goes_on(options, number, begun, trial.report):
            progress.value = number
            trial.try_input(number)
            number += 1
        trial.report.seconds = time.monotonic() - begun
    finally:
        trial.close()
    answers.send(trial.report)


def _goes_on(options, number, begun, report):
    if len(report.failures) >= ENOUGH:
        return False
    if options.inputs is not None and number >= options.first + options.inputs:
        return False
    return options.seconds is None or time.monotonic() - begun < options.seconds


def run(name, options):
    """Try a reader in a process of its own; one that dies is a failure of its last input."""
    context = multiprocessing.get_context("fork")  # what is imported need not be imported again
    receiver, sender = context.Pipe(duplex=False)
    progress = context.Value("q", -1)
    child = context.Process(target=sitting, args=(name, options, options.first, progress, sender))
    child.start()
    sender.close()
    try:
        report = receiver.recv()
    except EOFError:
        child.join()
        report = Report(name, tried=progress.value - options.first + 1)
        report.failures.append(
            f"{name} --seed {options.seed} --first {progress.value} --inputs 1: the process ended "
            f"with {child.exitcode}"
        )
    child.join()
    return report


def main(arguments=None):
    options = parsed(arguments)
    if options.keep is None:
        options.keep = Path(tempfile.gettempdir()) / "sklearn_ecgssl-fuzz"
    failed = False
    for name in options.readers or READERS:
        report = run(name, options)
        print(report, flush=True)
        for failure in report.failures:
            print(failure, flush=True)
        failed |= bool(report.failures)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
