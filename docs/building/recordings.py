"""Data sets for the examples that fetch one, from recordings that are on this machine already."""

import hashlib
import os
from pathlib import Path

import numpy as np
from edfio import Edf, EdfSignal, Patient

from sklearn_ecgssl import load_recordings

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data"
#: The ends of int16.
DIGITAL = (-32768, 32767)


def lay_out(folder: Path) -> None:
    """Let `fetch_eegmat` find its ECG below `folder`, where ``eegmat_ecg.npz`` is on this machine.

    The examples fetch 180 MB from PhysioNet, most of it EEG. A build need not: of a recordings file
    of the same ECG (docs/measured/index.md says how to write it), in the folder that
    ``SKLEARN_ECGSSL_DATA`` names, the files that would be downloaded are written with that channel
    alone. Where the file is missing, or ``SKLEARN_ECGSSL_HOME`` is set, nothing is done.
    """
    source = Path(os.environ.get("SKLEARN_ECGSSL_DATA", BESIDE)) / "eegmat_ecg.npz"
    if "SKLEARN_ECGSSL_HOME" in os.environ or not source.is_file():
        return
    os.environ["SKLEARN_ECGSSL_HOME"] = str(folder)
    place = folder / "eegmat" / "1.0.0"
    if not (place / "SHA256SUMS.txt").is_file():
        place.mkdir(parents=True, exist_ok=True)
        write_eegmat(source, place)


def write_eegmat(source: Path, place: Path) -> None:
    """Write the ECG of a recordings file as PhysioNet lays out eegmat."""
    data = load_recordings(source)
    names = [str(name) for name in data.fields["record"]]
    for name, ecg in zip(names, data.recordings, strict=True):
        edge = float(np.abs(ecg).max()) * 1.01
        signal = EdfSignal(
            np.asarray(ecg, dtype=float),
            data.sampling_rate,
            label="ECG ECG",
            physical_dimension="mV",
            physical_range=(-edge, edge),
            digital_range=DIGITAL,
        )
        Edf([signal], patient=Patient(code=name)).write(place / f"{name}.edf")
    rows = ["Subject,Age,Gender,Recording year,Number of subtractions,Count quality"]
    for person in dict.fromkeys(data.subject):
        of = {name: values[data.subject == person][0] for name, values in data.fields.items()}
        values = (person, of["age"], of["sex"], 2011, of["n_subtractions"], of["count_quality"])
        rows.append(",".join(map(str, values)))
    (place / "subject-info.csv").write_text("\n".join(rows) + "\n")
    (place / "RECORDS").write_text("".join(f"{name}.edf\n" for name in names))
    files = sorted(path for path in place.iterdir() if path.name != "SHA256SUMS.txt")
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.name}\n" for path in files]
    (place / "SHA256SUMS.txt").write_text("".join(sums))  # last: it says that all is there
