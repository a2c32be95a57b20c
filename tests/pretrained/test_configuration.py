"""The configuration that the package's encoders were made from."""

import fnmatch
import inspect
import json
import re

import numpy as np
import pytest

from sklearn_ecgssl.datasets import RecordingsFiles
from sklearn_ecgssl.datasets._persons import (
    _QTDB_ORIGIN,
    origin_of,
    person_of,
    subject_of as name_of,
)
from sklearn_ecgssl.pretext import list_pretrained, model_card
from sklearn_ecgssl.signal import ECGFilter
from tests.datasets.writers import wfdb
from tests.datasets.writers.physionet import write_database
from tests.pretrained.recipe import REAL, SETS, build, cards, corpus, each_method

SOURCES = SETS | {REAL["noise"]["name"]: REAL["noise"]}
RECIPES = REAL["encoders"] | REAL["candidates"]

#: Records of nstdb and their channels.
NSTDB = {
    "118e00": ("MLII", "V1"), "bw": ("noise1", "noise2"), "em": ("noise1", "noise2"),
    "ma": ("noise1", "noise2"),
}  # fmt: skip


class TestConfiguration:
    def test_what_is_evaluated_on_is_not_learnt_from(self):
        said = json.dumps([*SETS.values(), REAL["noise"]]).casefold()
        assert not [one for one in ("eegmat", "drivedb", "wesad", "swell") if one in said]

    def test_nobody_is_in_two_sets(self):
        of_mitdb = {name for name, (database, _) in _QTDB_ORIGIN.items() if database == "mitdb"}
        assert len(of_mitdb) == 15
        assert set(SETS["qtdb"]["without"]) == of_mitdb
        assert len(SETS["qtdb"]["without"]) == 15
        # No other set of the corpus is a source of the QT database's records.
        assert set(SETS) & {database for database, _ in _QTDB_ORIGIN.values()} == {"mitdb"}

    @pytest.mark.parametrize("one", SOURCES.values(), ids=list(SOURCES))
    def test_sets_are_found_and_cited(self, one, tmp_path):
        assert {"name", "physionet", "title", "data_set", "file", "licence", "cite"} <= set(one)
        assert one["licence"] in cards.LICENCES
        assert re.search(r"doi:10\.\d{4,}/\S+$", one["cite"])
        place = corpus.Place(tmp_path)
        data_set, options = corpus.data_set_of(one, place)
        inspect.signature(data_set.load).bind(**options)
        folder = tmp_path / "physionet" / one["physionet"]
        data_set.download_if_missing = False
        with pytest.raises(FileNotFoundError, match=re.escape(f"{folder} lacks SHA256SUMS.txt")):
            data_set.load(**options)

    @pytest.mark.parametrize("recipe", RECIPES.values(), ids=list(RECIPES))
    def test_recipes(self, recipe):
        kind = build.PRETRAINERS[recipe["method"]]
        pretrainer = kind(**recipe["parameters"])
        pretrainer._validate_params()
        assert isinstance(pretrainer.random_state, int)
        assert pretrainer.validation_fraction is None
        assert set(recipe.get("without_sets", [])) <= set(SETS)
        preparation = REAL["preparation"][recipe["method"]]
        ECGFilter(preparation["sampling_rate"], **preparation["filter"])._validate_params()
        assert preparation["scale"] in ("trimmed", "standard")

    def test_noise_is_read_from_physionets_files(self, tmp_path):
        """Both channels of each record; the set's other records hold ECG."""
        place, counts, files = corpus.Place(tmp_path), np.random.default_rng(0), {}
        for record, names in NSTDB.items():
            channels = [wfdb.Signal(name, counts.integers(-99, 99, 360 * 12)) for name in names]
            files |= wfdb.record(record, channels, 360, fmt="212")
        write_database(corpus.home(place), "nstdb", files, list(NSTDB))
        noise = corpus.recorded_noise(REAL, place).noise
        assert noise.shape == (6, 256 * 12)
        assert len(np.unique(noise[:, 500])) == 6
        assert len(corpus.checksum(REAL["noise"], place)) == 64

    @pytest.mark.real
    def test_names_in_recordings_files_are_those_of_physionet(self, shared_data):
        """Up to mitdb's 201, whom the file calls by both of his records."""
        for name, one in SETS.items():
            with np.load(shared_data / one["file"]) as archive:
                record, subject = archive["record"], archive["subject"]
            theirs = [name_of(name, str(one)) for one in record]
            differing = [(a, str(b)) for a, b in zip(theirs, subject, strict=True) if a != str(b)]
            assert differing == ([("201", "201+202")] * 2 if name == "mitdb" else [])
            ours, fraction = np.unique(subject), REAL["corpus"]["held_out"]
            assert corpus.choose_held_out(one, ours, fraction) == corpus.choose_held_out(
                one, np.unique(theirs), fraction
            )

    @pytest.mark.real
    def test_people_of_the_european_database_are_never_held_out(self, shared_data):
        with np.load(shared_data / SETS["qtdb"]["file"]) as archive:
            records = archive["record"].tolist()
        (pattern,) = SETS["qtdb"]["never_held_out"]
        matched = set(fnmatch.filter(records, pattern))
        assert matched == {one for one in records if origin_of(one)[0] == "edb"}
        assert set(SETS["qtdb"]["without"]) == {
            one for one in records if person_of("qtdb", one).startswith("mitdb/")
        }


@pytest.mark.real
@pytest.mark.parametrize("name", list_pretrained())
def test_cards_count_whom_the_files_hold(shared_data, name):
    """From lengths and names alone, without any of the code that made the corpus."""
    recipe, card = RECIPES[name], model_card(name)
    at_most = recipe.get("windows_per_person", REAL["corpus"]["windows_per_person"])
    rate = REAL["preparation"][recipe["method"]]["sampling_rate"]
    total = np.zeros(4, dtype=int)
    for one in SETS.values():
        if one["name"] in recipe.get("without_sets", []):
            continue
        with np.load(shared_data / one["file"]) as archive:
            subject, seconds = archive["subject"].astype(str), np.diff(archive["start"])
            seconds = -(-seconds * rate // archive["fs"].astype(int)) / rate
        n_windows = {}
        for who, lasts in zip(subject, seconds, strict=True):
            if who not in one.get("without", []):
                n_windows[who] = n_windows.get(who, 0) + int(lasts // 10)
        held_out = corpus.choose_held_out(one, np.unique(list(n_windows)), 0.1)
        counts = []
        for people in (set(n_windows) - held_out, held_out):
            counts += [len(people), sum(min(n_windows[who], at_most) for who in people)]
        assert counts_in(card, one["title"]) == counts
        total += counts
    assert counts_in(card, "all") == total.tolist()


def counts_in(card, title):
    """People and windows of a row, learnt from and held out."""
    row = re.search(rf"^\| {re.escape(title)} \| (.*) h \| (.*) h \|$", card, re.M)
    return [int(n.replace(",", "")) for part in row.groups() for n in part.split(", ")[:2]]


@pytest.mark.real
@each_method
def test_physionets_own_files_give_the_same_windows(shared_data, method, tmp_path, monkeypatch):
    """Record 100 of mitdb, downloaded, and from a recordings file of the same samples."""
    originals = shared_data / "originals" / "mitdb"
    if not originals.is_dir():
        pytest.skip(f"no original files: {originals} is not a folder")
    names = ["100.hea", "100.dat", "100.atr"]
    files = {name: (originals / name).read_bytes() for name in names}
    downloaded = corpus.Place(tmp_path / "downloaded")
    write_database(corpus.home(downloaded), "mitdb", files, ["100"])
    one = SETS["mitdb"] | {
        "parameters": {"download_if_missing": False}, "options": {"subjects": ["100"]}
    }  # fmt: skip
    ours = corpus.load_set(REAL, one, method, downloaded)
    assert len(corpus.checksum(one, downloaded)) == 64

    def only_100(one, place):
        file = place.recordings / one["file"]
        return RecordingsFiles(file, target=None, where={"record": "100"}), {}

    monkeypatch.setattr(corpus, "data_set_of", only_100)
    theirs = corpus.load_set(REAL, SETS["mitdb"], method, corpus.Place(tmp_path, shared_data))
    assert ours.subject.tolist() == theirs.subject.tolist() == ["100"]
    (found,), (expected,) = ours.recordings, theirs.recordings
    assert found.shape == expected.shape == (180, 10 * REAL["preparation"][method]["sampling_rate"])
    # Prepared files have 16 bits a sample: what float32 rounds may be a step of theirs.
    (file,) = theirs.folder.glob("*.npz")
    step = np.load(file)["scale"].max()
    difference = np.abs(found - expected)
    assert difference.max() < 1.01 * step < 2e-3
    assert np.mean(difference > step / 2) < 0.05
