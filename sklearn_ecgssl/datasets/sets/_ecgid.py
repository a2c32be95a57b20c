"""The ECG-ID database."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from .._data_set import Label
from ._physionet_set import TERMS, PhysioNetSet


@dataclass
class EcgId(PhysioNetSet):
    """ECG-ID: 310 recordings of 20 s, 90 people on one or several days."""

    name = "ecgiddb"
    database = "ecgiddb"
    leads = ("ECG I", "ECG I filtered")
    DESCR = f"""\
ECG-ID database (PhysioNet ecgiddb 1.0.0)

310 recordings of 20 s of 90 people (44 men, 46 women, 13 to 75 years), limb lead I at 500 Hz, 12
bits over 10 mV, millivolt, made for telling people by their ECG. One person has 1 recording, the
others 2 to 22; some were made on one day, others over six months.

The usual lead is the raw "ECG I"; "ECG I filtered" is the same after the authors' removal of drift
and noise. Labels: age and sex, and date, the day of the recording, as year-month-day, from the
headers; NaN and "" where these do not say. There is no target: the person is in `subject`.

Cite: T. S. Lugovaya, Biometric human identification based on electrocardiogram, Master's thesis,
Electrotechnical University LETI, Saint-Petersburg, 2005.
{TERMS}"""

    def labels(self, record: str, comments: Sequence[str]) -> dict[str, Label]:
        """Find age, sex and date in comments such as "Age: 25"."""
        pairs = [comment.partition(":") for comment in comments]
        said = {key.strip().casefold(): value.strip() for key, _, value in pairs}
        age, date = said.get("age", ""), ""
        with suppress(ValueError):
            date = datetime.strptime(said.get("ecg date", ""), "%d.%m.%Y").date().isoformat()
        return {
            "age": float(age) if age.isdecimal() else float("nan"),
            "sex": {"male": "M", "female": "F"}.get(said.get("sex", "").casefold(), ""),
            "date": date,
        }
