"""The QT database: excerpts of other data sets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .._channels import Channel
from .._data_set import Label, Lead
from .._persons import origin_of
from ._physionet_set import TERMS, PhysioNetSet


@dataclass
class QtDb(PhysioNetSet):
    """qtdb, the QT database: 105 excerpts of 15 minutes from other sets."""

    name = "qtdb"
    database = "qtdb"
    DESCR = f"""\
QT database (PhysioNet qtdb 1.0.0)

105 excerpts of 15 minutes, two leads at 250 Hz, millivolt, from other data sets: 15 of mitdb
(MIT-BIH arrhythmia), 6 of stdb (ST change), 13 of svdb (supraventricular arrhythmia), 4 of ltdb
(long-term), 10 of nsrdb (normal sinus rhythm), 33 of edb (European ST-T) and 24 of patients who
died suddenly (sddb). They were resampled from other rates, so that no checksum shows the overlap.

The usual lead is the first of a record; its name differs between records (MLII, V5, ECG1, D3, ...).
Labels: origin, the short name of the source; origin_record, such as "mitdb/100", "" for sel17152,
whose record is in no set; person, the name that the person has in all sets. There is no target.
Annotations of waves are not read.

That sel30 to sel52 are the records 30 to 52 of sddb is concluded from their names. The 90 records
of edb are of 79 people, and which are of the same is not known here: a few pairs of sele records
may be of one person.

Cite: P. Laguna, R. G. Mark, A. Goldberger, G. B. Moody, A Database for Evaluation of Algorithms for
Measurement of QT and Other Waveform Intervals in the ECG, Computers in Cardiology 24:673-676, 1997,
doi:10.1109/CIC.1997.648140.
{TERMS}"""

    def usual_lead(self, channels: Sequence[Channel], leads: Mapping[str, Lead]) -> str | None:
        """Take the first channel, whatever it is called: all are ECG."""
        return next(iter(leads))

    def labels(self, record: str, comments: Sequence[str]) -> dict[str, Label]:
        """Say which record of which data set it is an excerpt of."""
        database, name = origin_of(record)
        origin = {"origin": database, "origin_record": f"{database}/{name}" if name else ""}
        return {**super().labels(record, comments), **origin}
