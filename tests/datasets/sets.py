"""Tiny copies of all data sets: the registry that tests of what all sets do go through."""

import pickle
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sklearn_ecgssl import datasets
from tests.datasets.writers import amigos, ascertain, dreamer, edf, pspm, swell, wesad, wfdb
from tests.datasets.writers.physionet import write_database


class Tiny(NamedTuple):
    """A data set of some people: how it is written into a folder, and how it is read from there."""

    write: Callable[[Path], Any]
    class_name: str
    function: str = ""
    #: Parameters of the class, besides the folder.
    parameters: Mapping[str, Any] = {}
    #: One person's file, which a test cuts off.
    file: str = ""
    subject: str = ""
    #: The parameter of the class that is the folder.
    place: str = "path"

    def where(self, folder: Path | str) -> dict[str, Any]:
        """Parameters of the class for a folder."""
        return {self.place: folder, **self.parameters}

    def make(self, folder: Path | str) -> Any:
        made = Study if self.class_name == "Study" else getattr(datasets, self.class_name)
        return made(**self.where(folder))

    def load(self, folder: Path | str, **options: Any) -> Any:
        """Load by the public function."""
        return getattr(datasets, self.function)(**self.where(folder), **options)


def write_amigos(folder: Path) -> None:
    """Write two people, of whom one lacks trials, and a third whose files are still packed."""
    for person, change in ((1, None), (12, lose_trials)):
        amigos.preprocessed(folder / "data_preprocessed", person, change, n_times=700)
        amigos.original(folder / "data_original", person, change, n_times=60)
    for name in ("Preprocessed", "Original"):
        (folder / f"Data_{name}_P02.zip").write_bytes(b"PK")


def lose_trials(variables: dict[str, Any]) -> None:
    """Take away what real files lack: P08 did not watch the long videos."""
    videos = variables["VideoIDs"]
    videos[videos.index("13")] = 13.0
    signals = variables["joined_data" if "joined_data" in variables else "ECG_DATA"]
    signals[2][-50, -2] = np.nan
    signals[3][-50, -3] = np.nan
    signals[4] = signals[4][:600]  # the 5 s before the video
    videos[7] = ""
    for trial in range(16, 20):
        signals[trial], videos[trial] = np.zeros((0, 0)), ""
    if "labels_selfassessment" in variables:
        for trial in (6, *range(16, 20)):
            variables["labels_selfassessment"][trial] = np.zeros((1, 0))


def write_ascertain(folder: Path) -> None:
    """Write two people who lack clips and a rating, marks of quality, and one without an ECG."""
    ascertain.ascertain(folder, missing=((9, 36), (1, 2)))
    ratings = ascertain.ratings()
    ratings[0, 8, 0] = np.nan
    ascertain.ratings_file(folder, ratings)
    ascertain.clip_file(folder, 1, 5, change=lambda v: v.update(Data_ECG=np.zeros((0, 0))))
    other = folder / "ASCERTAIN_Raw" / "EEGData" / "Movie_P44"
    other.mkdir(parents=True)
    (other / "EEG_Clip1.mat").touch()
    marks = np.ones((58, 36))
    marks[0, 3], marks[8, 4] = 2, 3
    np.savetxt(folder / "ASCERTAIN_Features" / "ECG_quality.csv", marks, "%g", ",")


def write_dreamer(folder: Path) -> None:
    """Write two people, of whom one has an empty film."""

    def empty(whole: dict[str, Any]) -> None:
        whole["Data"][1]["ECG"]["stimuli"][0] = np.zeros((0, 0))

    dreamer.dreamer(folder, change=empty)


def write_pspm(folder: Path) -> None:
    """Write sessions with one ECG, several or none, of which some are of older versions."""

    def ecg(person: int, rate: float = 1000, units: str = "mV", n_times: int = 2000) -> Any:
        return pspm.channel("ecg", pspm.ecg(n_times, person), rate, units=units)

    scr = pspm.channel("scr", np.arange(2000.0))
    older = pspm.channel("ECG", pspm.ecg(person=4)[None], 125.25, units="mV")
    older["header"]["channeltype"] = older["header"].pop("chantype")
    custom = {"data": np.ones(3) * 1j, "header": {"chantype": "custom"}}
    files = {
        "HRM5_spike_01": [ecg(1), ecg(5), scr],
        "VIS_07_sn01": [ecg(2, 999.9999, "Volts")],
        "VIS_07_sn02": [custom, ecg(3), ecg(3, 100, n_times=200)],
        "VIS_08_blk01_sn01": [scr, pspm.channel("hb", [1.0], 1, "events")],
        "VIS_09": [],
        "VIS_10": [ecg(1, n_times=0)],
        "deep/tpspm_a_1": [older],
    }
    for name, channels in files.items():
        pspm.pspm(folder / f"{name}.mat", channels)
    pspm.behaviour(folder / "VIS_cogent.mat")
    (folder / "._VIS_07_sn01.mat").write_bytes(b"what some systems leave behind")


def write_swell(folder: Path) -> None:
    """Write two people, one of them with a block in two files, labels alone and a file alone."""
    swell.write(folder, blocks=[(2, 1), (2, 2), (10, 1), (10, 2), (10, 3)], table="")
    swell.write_block(folder, 2, 2, suffix="_cont")
    swell.write_block(folder, 7, 1)
    row = [None, "PP25", 1, "N", 0, *([5] * 11), 0, 0]
    rows = [*swell.rows(), row, ["20120918T140000000", *[None] * 17]]
    swell.write_table(folder / swell.TABLE, rows)


def write_wesad(folder: Path) -> None:
    """Write people of whom one lacks the recording, one was interrupted, another has a piece."""
    written = wesad.write(folder, ["S2", "S9", "S10"])
    (folder / "S9" / "S9.pkl").unlink()
    label = written["S10"]["label"]
    middle = np.flatnonzero(label == 2)[700]
    label[middle : middle + 5] = 0
    label[5:90] = 3
    (folder / "S10" / "S10.pkl").write_bytes(pickle.dumps(written["S10"], 2))
    for name in ("._S2.pkl", "xS5.pkl"):
        (folder / name).touch()


def counts(rng: np.random.Generator, n: int = 1500) -> np.ndarray:
    return rng.integers(-2000, 2000, n)


def write_eegmat(folder: Path) -> None:
    rng = np.random.default_rng(0)
    files = {"subject-info.csv": b"Subject,Age,Gender,Recording year,Number of subtractions,Count "}
    files["subject-info.csv"] += b"quality\nSubject02,21,F,2011,9.7,0\nSubject05,31,M,2010,29.35,1"
    for name in ("Subject02_1", "Subject02_2", "Subject05_1", "Subject05_2"):
        eeg = edf.Signal("EEG Fp1", counts(rng), 500, "uV", (-500, 500))
        ecg = edf.Signal("ECG ECG", counts(rng), 500, "mV", (-0.4, 0.6))
        files[f"{name}.edf"] = edf.edf([eeg, ecg, edf.annotations(range(3))], reserved="EDF+C")
    write_database(folder, "eegmat", files, [name for name in files if name.endswith("edf")])


def write_records(folder: Path, database: str, rate: float, records: Mapping[str, Any]) -> None:
    """Write records of some leads, with comments."""
    rng, files = np.random.default_rng(0), {}
    for name, (leads, *comments) in records.items():
        signals = [wfdb.Signal(lead, counts(rng)) for lead in leads]
        files |= wfdb.record(name, signals, rate, comments=comments, fmt="212")
    write_database(folder, database, files, list(records))


def write_mitdb(folder: Path) -> None:
    records = {
        "100": (["MLII", "V5"], "69 M 1085 1629 x1", "Aldomet, Inderal"),
        "102": (["V5", "V2"], "84 F 1353 1629 x2"),
        "114": (["V5", "MLII"], "? M 1 1 x1"),
        "201": (["MLII", "V1"],),
        "202": (["MLII", "V1"], "68 M 1960 608 x1"),
    }
    write_records(folder, "mitdb", 360, records)


def write_qtdb(folder: Path) -> None:
    records = {
        "sel100": (["MLII", "V5"],),
        "sele0104": (["D3", "V4"],),
        "sel17152": (["odd", "ECG2"],),
        "sel30": (["ECG1", "ECG2"],),
    }
    write_records(folder, "qtdb", 250, records)


def write_ecgid(folder: Path) -> None:
    leads, said = ["ECG I", "ECG I filtered"], ("Age: 25", "Sex: male", "ECG date: 07.12.2004")
    records = {
        "Person_01/rec_1": (leads, *said),
        "Person_01/rec_2": (leads, "Sex: female", "ECG date: 31.2.2004"),
        "Person_02/rec_1": (leads,),
    }
    write_records(folder, "ecgiddb", 500, records)


#: Of drive16, as published, in minutes.
DRIVE = (15.01, 16.12, 7.14, 5.12, 6.81, 13.91)


def write_drivedb(folder: Path) -> None:
    """Write a drive whose phases can be told, the two parts of another, and the copy of a third."""
    rng, files = np.random.default_rng(0), {}
    presses = 30 + 60 * np.concatenate([[0], np.cumsum(DRIVE)])
    drives = {"drive14": [], "drive16": presses, "drive17a": [20.0], "drive17b": []}
    for name, starts in drives.items():
        n_frames = 61_300 if name == "drive16" else 900
        trace = 1000 + np.cumsum(rng.normal(0, 0.3, n_frames)) + rng.normal(0, 20, n_frames)
        for start in starts:
            trace[round(start * 15.5) - 1 :][:3] += [700, 2500, 900]
        ecg = np.arange(2 * n_frames) % 10_000
        signals = [
            wfdb.Signal("ECG", ecg, 1000, samples_per_frame=2),
            wfdb.Signal("marker", trace.astype(int), 100),
        ]
        files |= wfdb.record(name, signals, 15.5)
    write_database(folder, "drivedb", files, list(drives))


def write_mixed(folder: Path) -> None:
    """Write records of WFDB and EDF, whose channels are of many kinds."""
    rng = np.random.default_rng(0)
    resp, slow, lead = (counts(rng) for _ in range(3))
    a = [
        wfdb.Signal("RESP", resp, unit="l"),
        wfdb.Signal("slow ECG", slow),
        wfdb.Signal("V", np.repeat(lead, 2), samples_per_frame=2),
    ]
    noise = [wfdb.Signal("noise", resp)]
    one = edf.edf([edf.Signal("ECG", counts(rng), 500, "mV", (-0.4, 0.6))])
    files = {**wfdb.record("a", a, 125), **wfdb.record("noise", noise, 125)}
    write_database(folder, "mixed", {**files, "deep/c.edf": one}, [
        "a", "deep/", "noise",
    ])  # fmt: skip


def write_recordings(folder: Path) -> None:
    """Write a file of rest and stress of each of two people, of about 5.5 s each."""
    rng = np.random.default_rng(0)
    for person in (0, 1):
        signals = [rng.normal(size=2650 + 200 * i - 50 * person).cumsum() for i in (0, 1)]
        conditions = ["rest", "stress"]
        datasets.save_recordings(
            folder / f"p{person}.npz",
            signals,
            500,
            [f"p{person}"] * 2,
            target=[0, 1],
            target_names=conditions,
            record=[f"p{person}/{condition}" for condition in conditions],
            fields={"age": [30 + person] * 2, "sex": ["f", "m"]},
        )


class Study(datasets.DataSet):
    """Text files, one a person and condition: what a user writes for a study of his own."""

    name = "study"
    leads = ("ECG",)
    attributes = {
        "condition": datasets.Condition("condition", {"rest": ["rest"], "task": ["task"]}),
        "arousal": datasets.Rating("arousal"),
    }
    default_attribute = "condition"

    def subjects(self) -> list[str]:
        return sorted({path.stem.split("_")[0] for path in self.folder.glob("*.txt")})

    def trials(self, subject: str) -> Iterator[datasets.Trial]:
        for path in sorted(self.folder.glob(f"{subject}_*.txt")):
            condition = path.stem.split("_")[1]
            labels = {"condition": condition, "arousal": 7.0 if condition == "task" else 2.0}
            yield datasets.Trial(path.stem, {"ECG": np.loadtxt(path)}, 250, labels)


def write_study(folder: Path) -> None:
    for i, name in enumerate(("anna_rest", "anna_task", "bob_rest", "bob_task")):
        np.savetxt(folder / f"{name}.txt", np.sin(np.arange(500) / (9 + i)))


def _online(database: str, class_name: str, write: Any, subject: str, file: str = "") -> Tiny:
    return Tiny(
        write,
        class_name,
        f"fetch_{class_name.lower()}",
        {"download_if_missing": False},
        file=f"{database}/1.0.0/{file or f'{subject}.dat'}",
        subject=subject,
        place="data_home",
    )


RAW, WHOLE = {"version": "raw"}, {"keep_relaxation": True}
TINY = {
    "amigos": Tiny(
        write_amigos, "Amigos", "load_amigos", file="*/Data_Preprocessed_P12.mat", subject="P12"
    ),
    "amigos-raw": Tiny(
        write_amigos, "Amigos", "load_amigos", RAW, file="*/Data_Original_P12.mat", subject="P12"
    ),
    "ascertain": Tiny(
        write_ascertain, "Ascertain", "load_ascertain", file="*/*/*_P09/*Clip7.mat", subject="P09"
    ),
    "dreamer": Tiny(write_dreamer, "Dreamer", "load_dreamer", file="DREAMER.mat"),
    "pspm": Tiny(write_pspm, "PsPM", "load_pspm", file="VIS_07_sn02.mat", subject="VIS_07"),
    "swell": Tiny(
        write_swell, "Swell", "load_swell", WHOLE, file="*/*/*/pp10_*_c2.S00", subject="PP10"
    ),
    "wesad": Tiny(write_wesad, "Wesad", "load_wesad", file="S10/S10.pkl", subject="S10"),
    "drivedb": _online("drivedb", "DriveDb", write_drivedb, "drive16"),
    "ecgiddb": _online("ecgiddb", "EcgId", write_ecgid, "Person_02", "Person_02/rec_1.dat"),
    "eegmat": _online("eegmat", "EegMat", write_eegmat, "Subject05", "Subject05_2.edf"),
    "mitdb": _online("mitdb", "MitDb", write_mitdb, "102"),
    "qtdb": _online("qtdb", "QtDb", write_qtdb, "sel30"),
    "physionet": _online("mixed", "PhysioNet", write_mixed, "a")._replace(
        parameters={"database": "mixed", "download_if_missing": False}
    ),
    "recordings": Tiny(
        write_recordings, "RecordingsFiles", "load_recordings", file="p1.npz", subject="p1"
    ),
    "own": Tiny(write_study, "Study"),
}
