"""Give a reader inputs and judge what it makes of them."""

import shutil
import tempfile
import time
import traceback
import warnings
import zlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tests.fuzz.reader import Input
from tests.fuzz.readers import READERS
from tests.fuzz.watch import (
    MOST_GROWTH,
    Auditor,
    TooSlowError,
    limit_addresses,
    now,
    peak,
    reset_peak,
    time_limit,
)

#: Seconds for one input; the slowest takes less than a tenth.
MOST_SECONDS = 10
#: After so many failures a reader is not tried further.
ENOUGH = 20


@dataclass
class Report:
    """What came of the inputs of a reader."""

    reader: str
    tried: int = 0
    loaded: int = 0
    refused: Counter = field(default_factory=Counter)
    failures: list = field(default_factory=list)
    slowest: float = 0.0
    growth: int = 0
    seconds: float = 0.0

    def __str__(self):
        refused = ", ".join(f"{name} {n}" for name, n in self.refused.most_common()) or "none"
        return (
            f"{self.reader:12} {self.tried:7} inputs in {self.seconds:.0f} s: {self.loaded} "
            f"loaded, refused: {refused}; {len(self.failures)} failures; "
            f"slowest {1e3 * self.slowest:.0f} ms, most memory +{self.growth / 1e6:.0f} MB"
        )


def generator(seed, reader, number):
    """The generator of an input: it can be drawn without those before it."""
    return np.random.default_rng([seed, zlib.crc32(reader.encode()), number])


class Trial:
    """A reader with a folder for its inputs, in a process that it may ruin.

    Beside the folder lies a file that must stay, and nothing else may appear there.
    """

    def __init__(self, name, seed, keep=None):
        self.name, self.seed, self.keep = name, seed, keep
        self.report = Report(name)
        self.reader = READERS[name]()
        self.around = Path(tempfile.mkdtemp(prefix="fuzz-"))
        (self.around / "bystander").write_text("still here")
        self.folder, self.canary = self.around / "inputs", self.around / "canary"
        self.auditor = Auditor()
        self.true_facts = [
            self._facts_of(Input(files, True, sample))
            for sample, files in enumerate(self.reader.samples)
        ]

    def close(self):
        shutil.rmtree(self.around, ignore_errors=True)

    def confine(self):
        """Begin to watch this process."""
        limit_addresses()
        self.auditor.begin()

    def try_input(self, number):
        """Give the reader an input and add to the report what it did."""
        self.report.tried += 1
        made = self.reader.mutated(generator(self.seed, self.name, number), self.canary)
        self._write(made)
        reset_peak()
        before = now()
        started = time.perf_counter()
        with self.auditor.watching(self.folder) as seen:
            fault = self._fault(made)
        self.report.slowest = max(self.report.slowest, time.perf_counter() - started)
        growth = peak() - before
        self.report.growth = max(self.report.growth, growth)
        if fault is None and growth > MOST_GROWTH:
            fault = f"it took {growth / 1e6:.0f} MB"
        if fault is None:
            fault = self._side_effects(seen)
        if fault is not None:
            self.fail(number, fault)

    def fail(self, number, fault):
        """Note a failure and keep its input."""
        where = ""
        if self.keep is not None:
            place = Path(self.keep) / f"{self.name}-{self.seed}-{number}"
            shutil.copytree(self.folder, place, dirs_exist_ok=True)
            where = f", kept in {place}"
        self.report.failures.append(
            f"{self.name} --seed {self.seed} --first {number}{where}: {fault}"
        )

    def _facts_of(self, given):
        """Read a right input, and see that it can be used."""
        self._write(given)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = self.reader.read(self.folder, given.sample)
            facts = self.reader.facts(value)
            self.reader.use(value)
        return facts

    def _write(self, given):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        for name, content in given.files.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_bytes(content)

    def _fault(self, given):
        """Read an input; what is wrong with how that went, or None."""
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"), time_limit(MOST_SECONDS):
                warnings.simplefilter("ignore")
                value = self.reader.read(self.folder, given.sample)
                return self._fault_of(value, given)
        except (Exception, TooSlowError) as error:
            if _met_the_limit(error) or not self.reader.refuses(error):
                return traceback.format_exc()
            self.report.refused[type(error).__name__] += 1
            return None

    def _fault_of(self, value, given):
        if value is None:
            self.report.refused["not there"] += 1
            return None
        self.report.loaded += 1
        facts = self.reader.facts(value)
        if not given.signed and facts is not None and facts != self.true_facts[given.sample]:
            return "it loaded something else, though the checksums are those of the original"
        try:
            self.reader.use(value)
        except ValueError as error:  # it says why
            return f"it met the limit of memory: {error}" if _met_the_limit(error) else None
        except Exception:
            return f"it loaded what cannot be used: {traceback.format_exc()}"
        return None

    def _side_effects(self, seen):
        if seen:
            return f"it did what it must not: {'; '.join(seen)}"
        there = sorted(path.name for path in self.around.iterdir())
        if there != ["bystander", "inputs"]:
            return f"beside its folder there are {there}"
        if (self.around / "bystander").read_text() != "still here":
            return "it changed a file beside its folder"
        return None


def _met_the_limit(error):
    while error is not None:
        if isinstance(error, MemoryError):
            return True
        error = error.__cause__ or error.__context__
    return False
