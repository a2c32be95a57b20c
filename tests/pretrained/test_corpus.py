"""Who is learnt from, who is held out, and what their windows are."""

import re

import numpy as np
import pytest
from hypothesis import given, strategies as st
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl.datasets._persons import origin_of, person_of, subject_of
from sklearn_ecgssl.pretext import list_pretrained, model_card
from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter, scale_subjects
from tests.pretrained.recipe import NAMES, RATE, REAL, SETS, build, cards, corpus, each_encoder


@each_encoder
def test_nobody_stands_on_both_sides(corpora, name):
    found = corpora[name]
    assert not set(found.learnt_from) & set(found.held_out_of)
    windows = {part.tobytes() for part in found.learnt}
    assert windows.isdisjoint(part.tobytes() for part in found.held_out)
    expected = {f"{one}/{who}" for one, people in NAMES.items() for who in people}
    assert {*found.learnt_from, *found.held_out_of} == expected - {"second/sel1"}
    held_out = set(found.held_out_of)
    assert held_out == set(corpora["tiny-masked"].held_out_of)  # whatever the method
    assert sum(person.startswith("first/") for person in held_out) == 2
    assert sum(person.startswith("second/") for person in held_out) == 1
    assert not any(person.startswith("second/sele") for person in held_out)


@each_encoder
def test_windows_are_prepared_and_spread_evenly(corpora, files, name):
    found = corpora[name]
    preparation = files.config["preparation"][files.config["encoders"][name]["method"]]
    rate, trim = preparation["sampling_rate"], {"trimmed": 0.025, "standard": 0}
    pipe = make_pipeline(Resampler(RATE, rate), ECGFilter(rate, **preparation["filter"]))
    sides = ((found.learnt, found.learnt_from), (found.held_out, found.held_out_of))
    for X, person in sides:
        for one in np.unique(person):
            set_name, who = one.split("/")
            own = np.flatnonzero(files.subject[set_name] == who)
            recordings = pipe.fit_transform([files.recordings[set_name][i] for i in own])
            whose = [who] * len(own)
            recordings = scale_subjects(recordings, whose, trim=trim[preparation["scale"]])
            windows = Segmenter(rate, 2).windows(recordings)
            if len(windows) > 6:
                windows = windows[np.round(np.linspace(0, len(windows) - 1, 6)).astype(int)]
            np.testing.assert_allclose(X[person == one], windows, atol=2e-3)  # files have 16 bits


def test_without_a_set_the_others_are_the_same(corpora, files, place):
    fewer = corpus.make_corpus(files.config, files.config["candidates"]["without-first"], place)
    whole = corpora["tiny-masked"]
    kept = np.char.startswith(whole.learnt_from, "second/")
    np.testing.assert_array_equal(fewer.learnt, whole.learnt[kept])
    np.testing.assert_array_equal(fewer.learnt_from, whole.learnt_from[kept])


def test_names_that_are_nobodys(files, place):
    one = files.config["corpus"]["sets"][1] | {"without": ["sel1", "sel01"]}
    with pytest.raises(ValueError, match=r"\['sel01'\], who are not in the set 'second'"):
        corpus.load_set(files.config, one, "masked", place)


@given(st.integers(1, 200), st.integers(2, 80))
def test_evenly_from_the_first_to_the_last(n, at_most):
    chosen = corpus.spread(np.arange(n), at_most)
    assert len(chosen) == min(n, at_most)
    assert (chosen[0], chosen[-1]) == (0, n - 1)
    steps = np.diff(chosen)
    assert n == 1 or (steps.min() >= 1 and np.ptp(steps) <= 1)


@given(st.sets(st.integers(0, 99), min_size=2), st.randoms(), st.floats(0.01, 1))
def test_people_are_held_out_by_their_names_alone(numbers, random, fraction):
    names = [f"{'ab'[i % 2]}{i}" for i in numbers]
    one = {"name": "some", "never_held_out": ["a*"]}
    chosen = corpus.choose_held_out(one, np.array(names), fraction)
    assert corpus.choose_held_out(one, random.sample(names, len(names)), fraction) == chosen
    eligible = {name for name in names if not name.startswith("a")}
    assert chosen <= eligible
    assert len(chosen) == min(len(eligible), max(1, round(fraction * len(names))))


#: Numbers between those of mitdb's records; 202 is of the person of 201.
ABSENT = {110, 120, 202, 204, 206, 211, 216, 218, 224, 225, 226, 227, 229}


def test_people_held_out_are_those_of_when_the_encoders_were_made():
    names = [str(n) for n in (*range(100, 125), *range(200, 235)) if n not in ABSENT]
    held_out = {"228", "207", "233", "112", "119"}
    assert corpus.choose_held_out({"name": "mitdb"}, names, 0.1) == held_out


def test_what_is_evaluated_on_is_not_learnt_from():
    assert not {"eegmat", "drivedb", "wesad", "swell"} & {one["data_set"] for one in SETS.values()}
    of_mitdb = {one for one in SETS["qtdb"]["without"] if origin_of(one)[0] == "mitdb"}
    assert len(of_mitdb) == len(SETS["qtdb"]["without"]) == 15


@pytest.mark.parametrize("one", SETS.values(), ids=list(SETS))
def test_sets_are_found_and_cited(one, tmp_path):
    assert one["licence"] in cards.LICENCES
    assert re.search(r"doi:10\.\d{4,}/\S+$", one["cite"])
    data_set, options = corpus.data_set_of(one, corpus.Place(tmp_path))
    data_set.download_if_missing = False
    folder = tmp_path / "physionet" / one["physionet"]
    with pytest.raises(FileNotFoundError, match=re.escape(f"{folder} lacks SHA256SUMS.txt")):
        data_set.load(**options)


@pytest.mark.parametrize("recipe", (REAL["encoders"] | REAL["candidates"]).values())
def test_recipes_are_parameters_of_pretrainers(recipe):
    pretrainer = build.PRETRAINERS[recipe["method"]](**recipe["parameters"])
    pretrainer._validate_params()
    assert isinstance(pretrainer.random_state, int)
    assert set(recipe.get("without_sets", [])) <= set(SETS)


@pytest.mark.real
def test_names_in_recordings_files_are_those_of_physionet(shared_data):
    """Up to mitdb's 201, whom the file calls by both of his records."""
    for name, one in SETS.items():
        with np.load(shared_data / one["file"]) as archive:
            record, subject = archive["record"].tolist(), archive["subject"]
        theirs = [subject_of(name, str(one)) for one in record]
        differing = [(a, str(b)) for a, b in zip(theirs, subject, strict=True) if a != str(b)]
        assert differing == ([("201", "201+202")] * 2 if name == "mitdb" else [])
        held_out = corpus.choose_held_out(one, np.unique(subject), 0.1)
        assert held_out == corpus.choose_held_out(one, np.unique(theirs), 0.1)
        assert not any(origin_of(one)[0] == "edb" for one in held_out)
        if name == "qtdb":
            of_mitdb = {one for one in record if person_of("qtdb", one).startswith("mitdb/")}
            assert set(one["without"]) == of_mitdb


@pytest.mark.real
@pytest.mark.parametrize("name", list_pretrained())
def test_cards_count_whom_the_files_hold(shared_data, name):
    """From lengths and names alone, without any of the code that made the corpus."""
    recipe, card = REAL["encoders"][name], model_card(name)
    at_most = recipe.get("windows_per_person", REAL["corpus"]["windows_per_person"])
    rate = REAL["preparation"][recipe["method"]]["sampling_rate"]
    for one in SETS.values():
        with np.load(shared_data / one["file"]) as archive:
            subject, seconds = archive["subject"].astype(str), np.diff(archive["start"])
            seconds = -(-seconds * rate // archive["fs"].astype(int)) / rate
        n_windows = {}
        for who, lasts in zip(subject, seconds, strict=True):
            if who not in one.get("without", []):
                n_windows[who] = n_windows.get(who, 0) + int(lasts // 10)
        held_out = corpus.choose_held_out(one, np.unique(list(n_windows)), 0.1)
        row = re.search(rf"^\| {re.escape(one['title'])} \| (.*) h \| (.*) h \|$", card, re.M)
        for amount, people in zip(row.groups(), (set(n_windows) - held_out, held_out), strict=True):
            counts = [len(people), sum(min(n_windows[who], at_most) for who in people)]
            assert [int(n.replace(",", "")) for n in amount.split(", ")[:2]] == counts
