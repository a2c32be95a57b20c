"""Who is in the corpus, on which side, and with which windows."""

import subprocess
import sys
import tomllib

import numpy as np
import pytest
from hypothesis import given, strategies as st
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter, scale_subjects
from tests.pretrained.recipe import CONFIG, NAMES, RATE, RECIPE, corpus, each_method, sha256


def prepared(files, set_name, person, method):
    """The windows of a person, made step by step."""
    preparation = files.config["preparation"][method]
    rate = preparation["sampling_rate"]
    own = files.subject[set_name] == person
    recordings = [files.recordings[set_name][i] for i in np.flatnonzero(own)]
    pipe = make_pipeline(Resampler(RATE, rate), ECGFilter(rate, **preparation["filter"]))
    trim = {"trimmed": {}, "standard": {"trim": 0.0}}[preparation["scale"]]
    recordings = scale_subjects(pipe.fit_transform(recordings), [person] * own.sum(), **trim)
    return Segmenter(rate, 2).windows(recordings)


class TestCorpus:
    @each_method
    def test_nobody_stands_on_both_sides(self, corpora, method):
        found = corpora[method]
        assert not set(found.learnt_from) & set(found.held_out_of)
        assert len(found.learnt) == len(found.learnt_from) > 0
        assert len(found.held_out) == len(found.held_out_of) > 0
        windows = {part.tobytes() for part in found.learnt}
        assert windows.isdisjoint(part.tobytes() for part in found.held_out)

    @each_method
    def test_it_holds_everyone_but_those_left_out(self, corpora, method):
        found = corpora[method]
        everyone = {*found.learnt_from, *found.held_out_of}
        expected = {f"{one}/{name}" for one, names in NAMES.items() for name in names}
        assert everyone == expected - {"second/sel1"}

    @each_method
    def test_windows_are_prepared_and_spread_evenly(self, corpora, files, method):
        found = corpora[method]
        n_cut = n_whole = 0
        for X, person in (
            (found.learnt, found.learnt_from), (found.held_out, found.held_out_of),
        ):  # fmt: skip
            for one in np.unique(person):
                own = X[person == one]
                windows = prepared(files, *one.split("/"), method)
                if len(windows) > 6:
                    windows = windows[np.round(np.linspace(0, len(windows) - 1, 6)).astype(int)]
                    n_cut += 1
                else:
                    n_whole += 1
                np.testing.assert_allclose(own, windows, atol=2e-3)  # files have 16 bits
        assert n_cut == 8
        assert n_whole == 4

    def test_names_that_are_nobodys(self, files, place, tmp_path):
        changed = CONFIG.replace('without = ["sel1"]', 'without = ["sel1", "sel01", "p0"]')
        with pytest.raises(ValueError, match=r"\['p0', 'sel01'\], who are not in the set 'second'"):
            corpus.make_corpus(tomllib.loads(changed), {"method": "masked"}, place)
        with pytest.raises(ValueError, match=r"\['frist'\], the sets are \['first', 'second'\]"):
            corpus.sets_of(files.config, {"without_sets": ["first", "frist"]})

    def test_both_methods_hold_out_the_same_people(self, corpora):
        one, other = (set(found.held_out_of) for found in corpora.values())
        assert one == other
        assert sum(person.startswith("first/") for person in one) == 2
        assert sum(person.startswith("second/") for person in one) == 1
        assert not any(person.startswith("second/sele") for person in one)

    def test_without_a_set_the_others_are_the_same(self, corpora, files, place):
        recipe = files.config["candidates"]["without-first"]
        fewer = corpus.make_corpus(files.config, recipe, place)
        for part, person in (("learnt", "learnt_from"), ("held_out", "held_out_of")):
            whole, names = getattr(corpora["masked"], part), getattr(corpora["masked"], person)
            kept = np.char.startswith(names, "second/")
            np.testing.assert_array_equal(getattr(fewer, part), whole[kept])
            np.testing.assert_array_equal(getattr(fewer, person), names[kept])

    def test_the_command_says_who_is_in_it(self, files, corpora, tmp_path):
        """As a script of its own, which writes nothing where it runs."""
        run = subprocess.run(
            [
                sys.executable, str(RECIPE / "build.py"), "--recordings", str(files.folder),
                "--config", str(files.folder / "config.toml"), "--work", str(tmp_path / "work"),
                "corpus",
            ],
            cwd=tmp_path, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert [path.name for path in tmp_path.iterdir()] == ["work"]
        assert " ".join(run.stdout.split()) == " ".join(
            f"{said} {name}: SHA-256 {sha256(files.folder / f'{name}.npz')}"
            for name in NAMES
            for said in [
                " ".join(
                    f"{name}, {kind}: {len(set(own))} people, {len(own)} windows, "
                    f"{len(own) * 2 / 3600:.1f} h"
                    for kind, person in (
                        ("learnt", corpora["recognition"].learnt_from),
                        ("held out", corpora["recognition"].held_out_of),
                    )
                    for own in [[one for one in person if one.startswith(name)]]
                )
            ]
        )


class TestSpread:
    @given(st.integers(1, 200), st.integers(2, 80))
    def test_evenly_from_the_first_to_the_last(self, n, at_most):
        chosen = corpus.spread(np.arange(n), at_most)
        assert len(chosen) == min(n, at_most)
        assert (chosen[0], chosen[-1]) == (0, n - 1)
        steps = np.diff(chosen)
        assert n == 1 or (steps.min() >= 1 and np.ptp(steps) <= 1)


people = st.sets(st.integers(0, 99), min_size=1).map(lambda ids: [f"{'ab'[i % 2]}{i}" for i in ids])


class TestChoice:
    @given(people, st.randoms(), st.floats(0.01, 1))
    def test_neither_order_nor_type_matters(self, names, random, fraction):
        one = {"name": "some", "never_held_out": ["a*"]}
        chosen = corpus.choose_held_out(one, np.array(names), fraction)
        shuffled = random.sample(names, len(names))
        assert corpus.choose_held_out(one, shuffled, fraction) == chosen
        eligible = [name for name in names if not name.startswith("a")]
        assert chosen <= set(eligible)
        assert len(chosen) == min(len(eligible), max(1, round(fraction * len(names))))

    @given(people, st.data())
    def test_others_do_not_matter(self, names, data):
        """Of as many others, whoever was held out still is, whatever these are called."""
        chosen = corpus.choose_held_out({"name": "some"}, names, 0.3)
        others = [name for name in names if name not in chosen]
        gone = data.draw(st.sets(st.sampled_from(others))) if others else set()
        fewer = [name for name in names if name not in gone]
        assert corpus.choose_held_out({"name": "some"}, fewer, len(chosen) / len(fewer)) == chosen

    def test_it_stays_as_it_was_when_the_encoders_were_made(self):
        """By the SHA-256 of names alone."""
        names = [str(n) for n in (*range(100, 125), *range(200, 235)) if n not in ABSENT]
        assert len(names) == 47
        assert corpus.choose_held_out({"name": "mitdb"}, names, 0.1) == {
            "228", "207", "233", "112", "119",
        }  # fmt: skip
        assert corpus.choose_held_out({"name": "other"}, names, 0.1) != corpus.choose_held_out(
            {"name": "mitdb"}, names, 0.1
        )


#: Numbers between those of mitdb's records; 202 is of the person of 201.
ABSENT = {110, 120, 202, 204, 206, 211, 216, 218, 224, 225, 226, 227, 229}
