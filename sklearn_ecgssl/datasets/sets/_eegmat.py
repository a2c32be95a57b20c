"""EEG during mental arithmetic: rest and task of 36 people."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..._files import reading
from .._attribute import Condition, number_of
from .._channels import leads_of, why_no_lead
from .._data_set import Label, LeftOut, Trial
from ._physionet_set import TERMS, PhysioNetSet

_LEAD = "ECG ECG"
_TABLE = "subject-info.csv"
_CONDITIONS = {"1": "rest", "2": "arithmetic"}
#: In these the channel has a standard deviation of 16 to 22 uV without a heart beat; in all others
#: of 47 to 247 uV with beats.
_NO_ECG = ("Subject02_1", "Subject13_1", "Subject20_2", "Subject35_2")


@dataclass
class EegMat(PhysioNetSet):
    """eegmat: ECG at rest and during mental arithmetic, 36 people."""

    name = "eegmat"
    database = "eegmat"
    tables = (_TABLE,)
    leads = (_LEAD,)
    attributes = {
        "condition": Condition("condition", {"rest": ["rest"], "arithmetic": ["arithmetic"]})
    }
    default_attribute = "condition"
    DESCR = f"""\
Electroencephalograms during mental arithmetic task performance (PhysioNet eegmat 1.0.0)

36 people, each recorded at rest (usually 3 min) and then while subtracting numbers in the head
(1 min). Besides EEG there is one ECG channel, "ECG ECG", 500 Hz, millivolt, band-passed 0.5 to
45 Hz with a notch at 50 Hz by the recorder. Only this channel is read.

Labels: condition (rest, arithmetic), from the names of the files; age, sex, n_subtractions (number
of subtractions in the task) and good_count (whether the person counted well), from
subject-info.csv, the same in both recordings of a person. Dates of birth in the EDF headers are not
real and not read.

Left out: Subject02_1, Subject13_1, Subject20_2 and Subject35_2, whose ECG channel holds no heart
beat. 34 rest and 34 arithmetic recordings are left, and 32 people with both.

Rest always came before the task: order and condition cannot be told apart.

Cite: I. Zyma, S. Tukaev, I. Seleznov, K. Kiyono, A. Popov, M. Chernykh, O. Shpenkov,
Electroencephalograms during Mental Arithmetic Task Performance, Data 4(1):14, 2019,
doi:10.3390/data4010014.
{TERMS}"""

    @cached_property
    def _facts(self) -> dict[str, dict[str, Label]]:
        """What the table says of each person."""
        (path,) = self.files.fetch([_TABLE])
        with reading(path, "a table"), open(path, encoding="utf-8-sig", newline="") as stream:
            rows = csv.DictReader(stream, skipinitialspace=True)
            return {
                row["Subject"].strip(): {
                    "age": number_of(row["Age"]),
                    "sex": row["Gender"].strip(),
                    "n_subtractions": number_of(row["Number of subtractions"]),
                    "good_count": row["Count quality"].strip() == "1",
                }
                for row in rows
            }

    def read(self, subject: str, record: str) -> Iterator[Trial | LeftOut]:
        """Read the ECG of one condition."""
        name = record.removesuffix(".edf")
        if name in _NO_ECG:
            yield LeftOut(subject, name, f"holds no heart beat in its channel {_LEAD!r}")
            return
        channels, _ = self.channels(record)
        lead = leads_of(channels).get(_LEAD)
        with reading(self.folder / record, f"a recording of a person in {_TABLE}"):
            condition = _CONDITIONS[name.removeprefix(f"{subject}_")]
            labels = {"condition": condition, **self._facts[subject]}
        if lead is None:
            yield LeftOut(subject, name, why_no_lead(channels))
        else:
            yield Trial(name, {_LEAD: lead}, lead.sampling_rate, labels)

    def record_files(self, record: str) -> list[Path]:
        """Download the file of a record that holds an ECG."""
        return [] if record.removesuffix(".edf") in _NO_ECG else super().record_files(record)
