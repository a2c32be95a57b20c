"""The MIT-BIH arrhythmia database."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .._channels import Channel
from .._data_set import Label, Lead
from ._physionet_set import TERMS, PhysioNetSet

_AGE_AND_SEX = re.compile(r"(-?\d{1,3}|\?) +([MF])\b")


@dataclass
class MitDb(PhysioNetSet):
    """mitdb, the MIT-BIH arrhythmia database: 48 half hours of 47 people."""

    name = "mitdb"
    database = "mitdb"
    DESCR = f"""\
MIT-BIH arrhythmia database (PhysioNet mitdb 1.0.0)

48 recordings of half an hour, 47 people (201 and 202 are of one man, whose name here is 201), two
leads at 360 Hz, millivolt, 1975 to 1979. 23 were chosen at random from a mixed population, 25
because their arrhythmias are rare and of clinical importance: this is not ECG of healthy people. In
102, 104, 107 and 217 a pacemaker sets the beat.

The usual lead is MLII, a modified limb lead II, where a record has it (46 of 48), else its first.
Labels: age and sex from the headers, NaN and "" where these do not say. There is no target. Beat
annotations (.atr files) are not read.

Overlaps: records of the QT database (fetch_qtdb) and of the noise stress test database (nstdb) are
excerpts of these; the label person names people alike in all of them.

Cite: G. B. Moody, R. G. Mark, The impact of the MIT-BIH Arrhythmia Database, IEEE Engineering in
Medicine and Biology 20(3):45-50, 2001, doi:10.1109/51.932724.
{TERMS}"""

    def usual_lead(self, channels: Sequence[Channel], leads: Mapping[str, Lead]) -> str | None:
        """Take MLII where a record has it."""
        return "MLII" if "MLII" in leads else super().usual_lead(channels, leads)

    def labels(self, record: str, comments: Sequence[str]) -> dict[str, Label]:
        """Find age and sex, which begin the first comment: "69 M 1085 1629 x1"."""
        match = _AGE_AND_SEX.match(comments[0]) if comments else None
        age = float(match[1]) if match and match[1].isdecimal() else float("nan")
        return {**super().labels(record, comments), "age": age, "sex": match[2] if match else ""}
