"""What a reader of files is to the fuzzer."""

from dataclasses import dataclass
from pathlib import Path

import joblib

from sklearn_ecgssl.formats import UnreadableFileError
from tests.tiny import waves

WINDOWS, TARGET = waves(12, n_times=48)


@dataclass(frozen=True)
class Input:
    """Files by name, and whether their checksums are right: then other content may be loaded."""

    files: dict
    signed: bool
    sample: int = 0


class Reader:
    """Something that reads files.

    `samples` are the files, by name, of right inputs; `read` reads what lies in a folder, `use`
    does with it what users do, `facts` is what may not change unless checksums are right.
    """

    refusals = (UnreadableFileError, FileNotFoundError)
    samples: list

    def refuses(self, error):
        """Tell whether an error is one that is documented."""
        return isinstance(error, self.refusals)

    def mutated(self, rng, canary):
        raise NotImplementedError

    def read(self, folder, sample):
        raise NotImplementedError

    def use(self, value):
        pass

    def facts(self, value):
        return joblib.hash(vars(value))


def files_in(folder):
    """The files of a folder by name, without locks."""
    found = (path for path in Path(folder).iterdir() if path.suffix != ".lock")
    return {path.name: path.read_bytes() for path in sorted(found)}
