"""Any data set of PhysioNet, without knowledge of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ._physionet_set import CITATION, PhysioNetSet


@dataclass
class PhysioNet(PhysioNetSet):
    """ECG of any openly licensed data set of PhysioNet, in WFDB or EDF files.

    Parameters
    ----------
    database : str
        PhysioNet's short name, the last part of the address of its page: "nsrdb", "ludb".
    records : str or sequence of str, default=None
        Records to load, as the set's file ``RECORDS`` names them. None: all.
    version : str, default="1.0.0"
        Of the data set; its page lists the versions.
    subject_of : mapping or callable, default=None
        Gives the person of a record. None: every record is a person, but for sets of which this
        package knows better (mitdb, ecgiddb, drivedb, eegmat).
    """

    database: str  # type: ignore[misc]
    records: str | Sequence[str] | None = None
    version: str = field(default="1.0.0", kw_only=True)  # type: ignore[misc]
    subject_of: Mapping[str, str] | Callable[[str], str] | None = field(default=None, kw_only=True)

    name = "physionet"
    DESCR = f"""\
Records of a data set of PhysioNet, read as WFDB or EDF files without knowledge of the set: see its
page, https://physionet.org/content/<database>/, for what was recorded, its licence and what to
cite; besides,
{CITATION}

Each record is one recording. What a file is, is told by its content. The usual lead is the first
channel in volt, or without a unit, that is named as an ECG lead ("ECG ...", "I", "MLII", "V5");
where there is none, the record is left out with the channels that it has, of which `leads` names
one. Of channels of one name the second is called "ECG 2", one without a name "channel 0". Channels
in volt are in millivolt here, others as they are; the unit of counts of a converter is "unknown".
Samples that a file marks as invalid are NaN, and recordings with such samples are left out. Records
in several segments and EDF files with gaps in time are not read. Sets that ask for an agreement are
not downloaded, but read where their files, with SHA256SUMS.txt and RECORDS, are in place.

Each record counts as a person, unless `subject_of` or this package says otherwise: where a person
has several records, pass `subject_of`. The label person names people alike in sets of which it is
known that they overlap.
"""

    def __post_init__(self) -> None:
        self.name = self.database  # type: ignore[misc]
        self.DESCR = f"{self.database} {self.version}\n\n{self.DESCR}"  # type: ignore[misc]

    def person(self, record: str) -> str:
        """Name the person of a record, as the user says it."""
        if self.subject_of is None:
            return super().person(record)
        if callable(self.subject_of):
            return str(self.subject_of(record))
        return str(self.subject_of[record])

    def chosen(self, records: list[str]) -> list[str]:
        """Choose the records that were asked for."""
        if self.records is None:
            return records
        asked = [self.records] if isinstance(self.records, str) else list(map(str, self.records))
        unknown = [one for one in asked if one not in records]
        if unknown or not asked:
            raise ValueError(
                f"records: {self.database} has no {', '.join(unknown) or 'one of them'}. It has "
                f"{len(records)}: {', '.join(records[:20])}{', ...' * (len(records) > 20)}."
            )
        return asked
