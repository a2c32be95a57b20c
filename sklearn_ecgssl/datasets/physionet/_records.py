"""Records of a data set: their names, their files, their leads."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from ...formats import UnreadableFileError
from ...formats._channel import Channel
from ...formats._edf import read_edf_channels, read_edf_signal
from ...formats._wfdb import read_wfdb_header, read_wfdb_signal
from ._files import Files

NAME = "RECORDS"
#: The factor that makes millivolt of a unit.
_VOLT = {"v": 1e3, "mv": 1.0, "uv": 1e-3, "\xb5v": 1e-3, "\u03bcv": 1e-3, "nv": 1e-6}
#: What stands where nobody knew the unit: such samples are taken as they are.
_NO_UNIT = ("", "nu", "n/a", "adu", "au", "a.u.", "none", "nd")
_ECG = re.compile(
    "(ml?)?i{1,3}|d[1-4]|av[rlf]|m?v[1-9xyz]?r?(-v[1-9])?|m?cl[1-6]?|c[cms][1-6]|.*(ecg|ekg).*"
)


class Record(NamedTuple):
    """A record that is there.

    Attributes
    ----------
    leads : Leads
        Its samples, read when they are asked for.
    sampling_rate : float
        In Hz, of these leads.
    comments : list of str
        What a WFDB header says besides.
    """

    leads: "Leads"
    sampling_rate: float
    comments: list[str]


class Leads(Mapping[str, np.ndarray]):
    """The leads of a record by their names, each read when it is asked for.

    Parameters
    ----------
    names : mapping of str to (int, float)
        Each lead's channel, and the factor that makes millivolt of its samples.
    usual : sequence of str
        Those that are gone through.
    read : callable
        Reads a channel.
    """

    def __init__(
        self,
        names: Mapping[str, tuple[int, float]],
        usual: Sequence[str],
        read: Callable[[int], np.ndarray],
    ) -> None:
        self._names = names
        self._usual = usual
        self._read = read
        self._last: tuple[str, np.ndarray] | None = None

    @property
    def all(self) -> list[str]:
        """Names of all leads, in the order of the record."""
        return sorted(self._names, key=lambda name: self._names[name][0])

    def usually(self, names: Sequence[str]) -> "Leads":
        """Return the same leads, others of which are gone through."""
        return Leads(self._names, names, self._read)

    def __getitem__(self, lead: str) -> np.ndarray:
        index, factor = self._names[lead]
        if self._last is None or self._last[0] != lead:
            self._last = lead, self._read(index) * factor
        return self._last[1]

    def __contains__(self, lead: object) -> bool:
        return lead in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._usual)

    def __len__(self) -> int:
        return len(self._usual)


def list_records(content: bytes, names: Collection[str], source: str) -> list[str]:
    """Read the list of records.

    Parameters
    ----------
    content : bytes
        Of the file ``RECORDS``: a record in each line; a folder of records ends in "/".
    names : collection of str
        The files that there are; of a folder, their headers and EDF files are its records.
    source : str
        Where the list is from, for errors.

    Returns
    -------
    list of str
        In the order of the list, each once.

    Raises
    ------
    UnreadableFileError
        If it names nothing, or something of which there is no file.
    """
    records: dict[str, None] = {}
    for line in content.decode("utf-8", errors="replace").split("\n"):
        line = line.strip()
        if line.endswith("/"):
            inside = [name for name in names if name.startswith(line)]
            found = [name.removesuffix(".hea") for name in inside if name.endswith(".hea")]
            found += [name for name in inside if name.lower().endswith(".edf")]
            records |= dict.fromkeys(sorted(found))
        elif line:
            if main_file(line, names) is None:
                raise UnreadableFileError(
                    f"{source} names the record {line!r:.80}, of which there is no .hea and no "
                    ".edf file."
                )
            records[line] = None
    if not records:
        raise UnreadableFileError(f"{source} names no record.")
    return list(records)


def main_file(record: str, names: Collection[str]) -> str | None:
    """Return the header or the EDF file of a record, None if there is neither."""
    wanted = [record] if record.lower().endswith(".edf") else [f"{record}.hea", f"{record}.edf"]
    return next((name for name in wanted if name in names), None)


def fetch_record(files: Files, record: str) -> list[Path]:
    """Make sure that the files of a record are there.

    Parameters
    ----------
    files : Files
        Of the data set.
    record : str
        Its name.

    Returns
    -------
    list of pathlib.Path
        The header and the files of samples, or the EDF file.

    Raises
    ------
    UnreadableFileError
        If the header makes no sense, or names files that the data set does not have.
    OSError
        If a file lacks and cannot be downloaded.
    """
    name = _main_file(files, record)
    # The usual file of samples along with the header, so that an error names both.
    usual = f"{record}.dat"
    wanted = [name, usual] if name.endswith(".hea") and usual in files.sums else [name]
    path = files.fetch(wanted)[0]
    if not name.endswith(".hea"):
        return [path]
    samples = [str(PurePosixPath(name).parent / one) for one in read_wfdb_header(path).files]
    for one in samples:
        if one not in files.sums:
            raise UnreadableFileError(f"{path} names {one}, which is no file of the data set.")
    return [path, *files.fetch(samples)]


def read_record(files: Files, record: str) -> Record:
    """Read a record whose files are there.

    Parameters
    ----------
    files : Files
        Of the data set.
    record : str
        Its name.

    Returns
    -------
    Record
        Its leads are those channels that are in volt or in no unit and have the rate of the usual
        lead, which is the first whose name is that of an ECG.
    """
    name = _main_file(files, record)
    path = files.folder / name
    comments: list[str] = []
    if name.endswith(".hea"):
        header = read_wfdb_header(path)
        channels, comments = header.channels, header.comments
    else:
        channels = read_edf_channels(path)
    factors = {i: factor for i, one in enumerate(channels) if (factor := _factor(one)) is not None}
    ecg = [i for i in factors if _ECG.fullmatch(channels[i].name.strip().casefold())]
    first = next(iter([*ecg, *factors]), None)
    if first is None:
        raise UnreadableFileError(f"{path} has no channel in volt.")
    rate = channels[first].sampling_rate
    names: dict[str, tuple[int, float]] = {}
    for i in factors:
        if channels[i].sampling_rate == rate:
            names.setdefault(channels[i].name or f"channel {i}", (i, factors[i]))
    usual = dict.fromkeys(channels[i].name for i in ecg if channels[i].name in names)
    read = read_wfdb_signal if name.endswith(".hea") else read_edf_signal
    return Record(Leads(names, list(usual), lambda index: read(path, index)), rate, comments)


def _main_file(files: Files, record: str) -> str:
    name = main_file(record, files.sums)
    if name is None:
        raise UnreadableFileError(f"{files.folder} is of a data set without the record {record}.")
    return name


def _factor(channel: Channel) -> float | None:
    unit = channel.unit.strip().casefold()
    return 1.0 if unit in _NO_UNIT else _VOLT.get(unit)
