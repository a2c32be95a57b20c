"""Scores that say what a shipped encoder is worth must not know the people who are scored."""

# ruff: noqa: E402

from argparse import Namespace

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from sklearn_ecgssl.classify._subject_scaled import scale_rows
from sklearn_ecgssl.datasets import make_cohort, save_recordings
from sklearn_ecgssl.evaluation import linear_classifier

from .checkout import checkout
from .tiny import tiny_masked, tiny_pretrainer

checkout()  # the benchmarks are no part of the package

from benchmarks import linear_scores, pretrained
from benchmarks.linear_scores import (
    GRID,
    chosen_c,
    folds_of_people,
    majority_people,
    mean_recall,
    predict_people,
    score_people,
)
from benchmarks.people import interval
from benchmarks.pretrained import ROWS, UNIONS
from benchmarks.score_tables import Row, minus, print_fractions, print_scores


@pytest.fixture
def features():
    """Features of 6 people of which the first tells the classes apart, more or less."""
    rng = np.random.default_rng(0)
    subject = np.repeat([f"person {i}" for i in range(6)], 20)
    target = np.tile(np.repeat(["calm", "tense"], [14, 6]), 6)
    X = rng.normal(size=(len(target), 30))
    X[:, 0] += 1.2 * (target == "tense")
    return X, target, subject


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A recordings file of six people, and tiny encoders that have been trained a little."""
    folder = tmp_path_factory.mktemp("saved")
    cohort = make_cohort(n_subjects=6, duration=(40, 41), random_state=1)
    fields = {"state": cohort.target}
    path = folder / "cohort.npz"
    save_recordings(path, cohort.recordings, 256, cohort.subject, fields=fields)
    data = pretrained.windows_of_both(Namespace(data=str(path), target="state", where=[]))
    recognition = tiny_pretrainer(batch_size=32).fit(data.of["recognition"])
    masked = tiny_masked(batch_size=32).fit(data.of["masked"])
    recognition.save_pretrained(folder / "recognition", sampling_rate=256)
    masked.save_pretrained(folder / "masked", sampling_rate=128)
    return folder


@pytest.fixture
def args(saved, monkeypatch):
    """Arguments of the command line; one fraction and one C, which are tested by themselves."""
    monkeypatch.setattr(pretrained, "FRACTIONS", (0.2,))
    monkeypatch.setattr(linear_scores, "GRID", (0.01,))
    return Namespace(
        data=str(saved / "cohort.npz"),
        target="state",
        where=[],
        device="cpu",
        epochs=1,
        seeds=2,
        memory=None,
        jobs=1,
        recognition=str(saved / "recognition"),
        masked=str(saved / "masked"),
        encoders=["shipped", "random", "target"],
        choose=[],
    )


@pytest.fixture
def data(args):
    return pretrained.windows_of_both(args)


@pytest.fixture
def asked(monkeypatch):
    """What is scored, instead of scores: columns, fraction and draws of each call."""
    found = []

    def note(features, target, subject, fraction, draws, n_jobs):
        found.append(([X.shape[1] for X in features], fraction, list(draws)))
        return np.zeros(len(np.unique(subject)))

    monkeypatch.setattr(pretrained, "score_people", note)
    return found


def tables(text):
    """Rows of each table by its title and by their first cells."""
    found, title = {}, ""
    for line in text.splitlines():
        if line.startswith("|"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            found.setdefault(title, []).append(cells)
        elif line:
            title = line
    return {title: [rows[0], *rows[2:]] for title, rows in found.items()}


class TestLinearScores:
    @pytest.mark.parametrize("fraction", [1.0, 0.01])
    def test_labels_of_whoever_is_scored_change_nothing(self, features, fraction):
        X, target, subject = features
        predicted = predict_people([X], target, subject, fraction)
        for person in np.unique(subject)[:2]:
            own = subject == person
            corrupted = np.where(own & (target == "calm"), "tense", target)
            again = predict_people([X], corrupted, subject, fraction)
            np.testing.assert_array_equal(again[own], predicted[own])
            assert (again != predicted).any()  # what the others are told does change

    def test_c_is_chosen_anew_without_whoever_is_scored(self, features, monkeypatch):
        X, target, subject = features
        asked = []
        monkeypatch.setattr(
            linear_scores, "chosen_c", lambda X, target, subject: asked.append(subject) or 1
        )
        predict_people([X], target, subject)
        for person, others in zip(np.unique(subject), asked, strict=True):
            assert set(others) == set(subject) - {person}

    def test_signal_of_whoever_is_scored_changes_no_other_window_of_his(self, features):
        X, target, subject = features
        predicted = predict_people([X], target, subject)
        own = np.flatnonzero(subject == "person 2")
        noise = X.copy()
        noise[own[:10]] = 1e3
        again = predict_people([noise], target, subject)
        np.testing.assert_array_equal(again[own[10:]], predicted[own[10:]])

    def test_c_is_the_best_on_people_held_out(self, features):
        X, target, subject = features
        people = np.unique(subject)
        scores = {}
        for c in GRID:
            recalls = []
            for fold in range(4):  # as GroupKFold deals out people of as many windows each
                out = np.isin(subject, people[::-1][fold::4])
                fitted = linear_classifier(c).fit(X[~out], target[~out])
                recalls.append(balanced_accuracy_score(target[out], fitted.predict(X[out])))
            scores[c] = np.mean(recalls)
        assert chosen_c(X, target, subject) == max(scores, key=scores.get)
        assert len(set(scores.values())) > 2

    def test_each_c_is_scored_as_the_classifier_with_that_c(self, features):
        X, target, subject = features
        out = np.isin(subject, ["person 1", "person 4"])
        train, test = np.flatnonzero(~out), np.flatnonzero(out)
        whole = [linear_classifier(c).fit(X[train], target[train]) for c in GRID]
        expected = [
            balanced_accuracy_score(target[test], fitted.predict(X[test])) for fitted in whole
        ]
        np.testing.assert_allclose(linear_scores._scores_of_grid(X, target, train, test), expected)

    def test_of_equal_c_the_most_regularised_is_taken(self, features):
        _, target, subject = features
        assert chosen_c(np.zeros((len(target), 2)), target, subject) == GRID[0]

    def test_scores_are_of_people_in_order(self, features):
        X, target, subject = features
        scores = score_people([X], target, subject)
        predicted = predict_people([X], target, subject)
        for person, score in zip(np.unique(subject), scores, strict=True):
            own = subject == person
            expected = balanced_accuracy_score(target[own], predicted[own])
            assert score == pytest.approx(expected)
        assert scores.std() > 0

    def test_several_features_serve_people_in_turn(self, features):
        X, target, subject = features
        useless = np.random.default_rng(1).normal(size=X.shape)
        both = score_people([X, useless], target, subject)
        np.testing.assert_array_equal(both[0::2], score_people([X], target, subject)[0::2])
        np.testing.assert_array_equal(both[1::2], score_people([useless], target, subject)[1::2])

    def test_fewer_labels_are_some_of_the_more(self, features):
        _, target, subject = features
        few, some, every = (folds_of_people(target, subject, f) for f in (0.01, 0.5, 1.0))
        for (a, test), (b, _), (c, _) in zip(few, some, every, strict=True):
            assert set(a) < set(b) < set(c)
            assert set(c) | set(test) == set(range(len(target)))
            assert len(set(subject[test])) == 1
            assert set(subject[a]) == set(subject) - set(subject[test])
            assert len(a) == 2 * 5  # one of each person and class

    def test_few_labels_score_the_mean_over_draws(self, features):
        X, target, subject = features
        single = [score_people([X], target, subject, 0.2, [draw]) for draw in range(3)]
        assert len({tuple(scores) for scores in single}) == 3
        mean = score_people([X], target, subject, 0.2, range(3))
        np.testing.assert_allclose(mean, np.mean(single, axis=0))
        np.testing.assert_array_equal(score_people([X], target, subject, 0.2, [2]), single[2])

    def test_all_labels_are_drawn_once(self, features, monkeypatch):
        X, target, subject = features
        expected = score_people([X], target, subject)
        seen = []
        predict = linear_scores.predict_people
        monkeypatch.setattr(
            linear_scores, "predict_people", lambda *args: seen.append(args) or predict(*args)
        )
        np.testing.assert_array_equal(score_people([X], target, subject, 1.0, range(3)), expected)
        assert len(seen) == 1

    def test_draws_keep_as_many_labels_of_each_person_and_class(self, features):
        _, target, subject = features
        draws = [folds_of_people(target, subject, 0.2, draw) for draw in range(3)]
        for folds in zip(*draws, strict=True):
            cells = [sorted(zip(subject[kept], target[kept], strict=True)) for kept, _ in folds]
            assert cells[0] == cells[1] == cells[2]
            assert len({tuple(kept) for kept, _ in folds}) == 3

    def test_majority_is_a_constant_answer(self, features):
        _, target, subject = features
        np.testing.assert_array_equal(majority_people(target, subject), np.full(6, 0.5))
        switched = np.where(target == "calm", "tense", "calm")
        switched[subject == "person 0"] = "tense"  # what most windows of the others are
        np.testing.assert_array_equal(majority_people(switched, subject), [1, *[0.5] * 5])

    def test_mean_recall_is_balanced_accuracy(self):
        target, predicted = np.random.default_rng(0).integers(0, 3, (2, 50))
        assert mean_recall(target, predicted) == pytest.approx(
            balanced_accuracy_score(target, predicted)
        )


class TestEncoders:
    def test_windows_are_the_same_in_either_preparation(self, data):
        assert data.of["recognition"].shape == (len(data.target), 2560)
        assert data.of["masked"].shape == (len(data.target), 1280)
        for a, b in zip(data.of["recognition"], data.of["masked"], strict=True):
            assert np.corrcoef(a[::2], b)[0, 1] > 0.9

    def test_untrained_networks_are_of_the_same_size_and_learnt_nothing(self, args, data):
        for method, shipped in pretrained.load_encoders(args).items():
            first, again, other = (
                pretrained.untrained(shipped, data.of[method], seed) for seed in (0, 0, 1)
            )
            assert first.n_epochs_ == 0
            assert shipped.n_epochs_ == 2
            assert first.architecture_ == shipped.architecture_
            for name, weights in shipped.state_.items():
                assert first.state_[name].shape == weights.shape
                np.testing.assert_array_equal(first.state_[name], again.state_[name])
            kernels = [n for n, w in shipped.state_.items() if w.ndim > 2]
            assert kernels
            for name in kernels:
                assert (first.state_[name] != shipped.state_[name]).any()
                assert (first.state_[name] != other.state_[name]).any()

    def test_every_row_is_scored_of_every_encoder(self, args, data, asked):
        encoders = pretrained.load_encoders(args)
        (heart_rate, *shipped), initialised, target = (
            score(encoders, data, args)
            for score in (
                pretrained.shipped_rows,
                pretrained.untrained_rows,
                pretrained.target_rows,
            )
        )
        assert (heart_rate.name, heart_rate.encoder) == ("heart rate", "")
        for rows, encoder in (
            (shipped, "shipped"),
            (initialised, "initialised"),
            (target, "target data"),
        ):
            assert [row.name for row in rows] == [*ROWS, *UNIONS]
            assert {row.encoder for row in rows} == {encoder}
            widths = {row.name: row.n_features for row in rows}
            assert widths["recognition max, masked mean, heart rate"] == 4 + 6 + 3
            assert widths["recognition rhythm, heart rate"] == widths["recognition rhythm"] + 3
        assert {tuple(columns) for columns, *_ in asked[-2:]} == {(13, 13)}  # of either half

    def test_draws_are_the_same_for_all_and_one_for_each_untrained_network(
        self, args, data, asked, monkeypatch
    ):
        monkeypatch.setattr(pretrained, "FRACTIONS", (1.0, 0.2))
        encoders = {"recognition": pretrained.load_encoders(args)["recognition"]}
        args.seeds = 3
        for score in (pretrained.shipped_rows, pretrained.target_rows):
            score(encoders, data, args)
            assert {fraction for _, fraction, _ in asked} == {1.0, 0.2}
            assert all(draws == [0, 1, 2] for *_, draws in asked)
            asked.clear()
        pretrained.untrained_rows(encoders, data, args)
        per_network = 5 * 2 * 2  # rows of recognition, columns, fractions
        draws = [draws for *_, draws in asked]
        assert draws == [[seed] for seed in range(3) for _ in range(per_network)]

    def test_untrained_networks_score_the_mean_over_seeds(self, args, data, monkeypatch):
        of_seeds = iter([np.zeros((1, 2, 6)), np.arange(12.0).reshape(1, 2, 6)])
        monkeypatch.setattr(
            pretrained, "score_rows", lambda *_: [Row("max", "initialised", 4, next(of_seeds))]
        )
        (row,) = pretrained.untrained_rows(pretrained.load_encoders(args), data, args)
        np.testing.assert_array_equal(row.scores, np.arange(12).reshape(1, 2, 6) / 2)

    def test_nobody_is_embedded_by_an_encoder_that_has_met_them(self, args, data, monkeypatch):
        seen = []
        monkeypatch.setattr(
            pretrained, "score_rows", lambda in_turn, *rest: seen.extend(in_turn) or []
        )
        pretrained.target_rows(
            {"recognition": pretrained.load_encoders(args)["recognition"]}, data, args
        )
        assert len(seen) == 2
        for i, features in enumerate(seen):  # the i-th serves people i, i + 2, ...
            others = data.keep(data.people[1 - i :: 2])
            # trained as fast as can be, embedded as precisely as the shipped encoder
            taught = tiny_pretrainer(batch_size=32, max_epochs=1, precision="auto")
            taught.fit(others.of["recognition"]).set_params(precision="float32")
            expected = taught.encode(data.of["recognition"], aggregate="max")
            np.testing.assert_allclose(features["recognition max"], expected, rtol=1e-5)

    def test_the_target_data_is_learnt_from_at_full_speed_and_to_the_end(
        self, args, data, monkeypatch
    ):
        encoder = pretrained.load_encoders(args)["recognition"]
        encoder.set_params(validation_fraction=0.4, patience=1)
        seen, fit = [], type(encoder).fit

        def noted(self, X, **rest):
            seen.append((self.get_params(), len(X)))
            return fit(self, X, **rest)

        monkeypatch.setattr(type(encoder), "fit", noted)
        halves = pretrained.pretrained_on_halves(encoder, "recognition", data, args)
        assert [n for _, n in seen] == [len(half.target) for half in data.halves]
        for params, _ in seen:
            assert params["precision"] == "auto"
            assert params["validation_fraction"] is params["patience"] is None
        assert [half.precision for half in halves] == ["float32"] * 2

    def test_what_the_target_data_has_taught_is_counted(
        self, args, data, asked, capsys, monkeypatch
    ):
        args.epochs = 2
        monkeypatch.setitem(pretrained.TRAINING, "batch_size", 20)
        data = data.keep(data.people[:5])
        encoders = {"recognition": pretrained.load_encoders(args)["recognition"]}
        pretrained.target_rows(encoders, data, args)
        header, *rows = tables(capsys.readouterr().out)["Pretraining on the target data"]
        assert header == ["method", "people", "how many", "windows", "epochs", "updates"]
        assert len(data.target) == 5 * 8  # so that the first half has two batches an epoch
        assert rows == [
            ["recognition", "1, 3, ...", "3", "24", "2", "4"],
            ["recognition", "2, 4, ...", "2", "16", "2", "2"],
        ]

    def test_rows_are_the_features_they_say(self, args, data):
        encoders = pretrained.load_encoders(args)
        features = pretrained.embedded(encoders, data)
        for name, X in features.items():
            method, way = name.split()
            rate = {"recognition": 256, "masked": 128}[method]
            expected = encoders[method].encode(data.of[method], aggregate=way, sampling_rate=rate)
            np.testing.assert_allclose(X, expected, rtol=1e-4, atol=1e-5)
        labels = pretrained.Labels([0.01], [0, 1])
        (union,) = pretrained.score_rows(
            [features], {"u": ["masked mean", "recognition max"]}, "", data, labels, 1
        )
        X = np.hstack([features["masked mean"], features["recognition max"]]).astype(float)
        assert union.n_features == X.shape[1] == 10
        for column, columns in enumerate([X, scale_rows(X, data.subject)]):
            np.testing.assert_array_equal(
                union.scores[0, column],
                score_people([columns], data.target, data.subject, 0.01, [0, 1]),
            )

    def test_an_encoder_of_another_kind_or_rate_is_refused(self, args, data, tmp_path):
        args.recognition = args.masked
        with pytest.raises(ValueError, match="--recognition .* must hold a PretextPretrainer, got"):
            pretrained.load_encoders(args)
        windows = data.of["recognition"]
        tiny_pretrainer(max_epochs=0).fit(windows).save_pretrained(tmp_path / "x", sampling_rate=99)
        with pytest.raises(ValueError, match="at 99 Hz; .* prepared at 256 Hz"):
            pretrained.load(str(tmp_path / "x"), "cpu")


class TestTables:
    def rows(self):
        people = np.linspace(0.2, 0.8, 10)  # people differ far more than encoders
        scores = np.broadcast_to(people, (2, 2, 10))
        ahead = np.array([[0.1, 0.2], [0.3, 0.0]])[..., None]
        return [
            Row("heart rate", "", 3, scores),
            Row("max", "shipped", 4, scores + ahead),
            Row("max", "initialised", 4, scores + ahead - 0.05),
            Row("mean", "shipped", 4, scores),
        ]

    def test_differences_are_person_by_person(self, capsys):
        rows = self.rows()
        print_scores(rows)
        found = tables(capsys.readouterr().out)
        assert len(found) == 6
        title = "All labels, features {}, scored on all people: mean ± 95 % interval"
        header, heart_rate, shipped, initialised, mean = found[title.format("as they are")]
        assert header[-3:] == ["score", "minus initialised", "minus heart rate"]
        assert shipped[:3] == ["max", "shipped", "4"]
        assert shipped[-2:] == ["+0.050 ± 0.000", "+0.100 ± 0.000"]
        assert heart_rate[-2:] == initialised[-2:] == ["", ""]
        assert mean[-2:] == ["", "+0.000 ± 0.000"]
        assert found[title.format("scaled by person")][2][-1] == "+0.200 ± 0.000"
        difference = minus(rows[1], "heart rate", rows)
        np.testing.assert_allclose(difference[1, 0], 0.3)

    def test_people_are_scored_in_halves(self, capsys):
        scores = np.zeros((1, 2, 5))
        scores[..., 0::2] = 1
        print_scores([Row("x", "shipped", 1, scores)])
        found = tables(capsys.readouterr().out)
        cells = {t.split(" scored on ")[1].split(":")[0]: rows[1][3] for t, rows in found.items()}
        assert cells == {
            "all people": "0.600 ± 0.680",
            "people 1, 3, ...": "1.000 ± 0.000",
            "people 2, 4, ..., by whom no candidate was chosen": "0.000 ± 0.000",
        }

    def test_fractions_are_columns(self, capsys):
        print_fractions(self.rows(), (1.0, 0.01))
        text = capsys.readouterr().out
        assert "| features   |     encoder |          100% |            1% |" in text
        assert "minus initialised" in text
        assert "minus target data" not in text  # nobody has scored it
        assert "+0.100 ± 0.000 | +0.300 ± 0.000" in text
        assert "+0.200 ± 0.000 | +0.000 ± 0.000" in text

    def test_fractions_are_shown_of_people_whom_nobody_was_chosen_by(self, capsys):
        rows = self.rows()
        ahead = np.zeros((2, 2, 10))
        ahead[1, :, 1::2] = [0, 1, 0, 1, 0]  # few labels, people 2, 4, ...
        rows[0] = Row("heart rate", "", 3, rows[3].scores - ahead)
        print_fractions(rows, (1.0, 0.01))
        found = tables(capsys.readouterr().out)
        people = {"all people": slice(None), "people 2, 4, ...": slice(1, None, 2)}
        for title, some in people.items():
            mine = [t for t in found if f"features as they are, scored on {title}" in t]
            own, _, beside = (found[t] for t in mine)  # scores, minus initialised, minus heart rate
            assert own[0] == beside[0] == ["features", "encoder", "100%", "1%"]
            assert [row[0] for row in own[1:]] == ["heart rate", "max", "max", "mean"]
            assert [row[0] for row in beside[1:]] == ["max", "mean"]
            assert own[-1][2] == interval(rows[3].scores[0, 0, some])
            assert beside[-1][2:] == ["+0.000 ± 0.000", interval(ahead[1, 0, some], "+")]
            assert ("by whom no candidate was chosen" in mine[0]) == (title != "all people")
        assert len(found) == 2 * 2 * 3


class TestCommand:
    @pytest.mark.slow
    def test_every_row_is_scored(self, args, tmp_path, capsys):
        args.memory = str(tmp_path / "kept")
        pretrained.run(args)
        text = capsys.readouterr().out
        found = tables(text)
        assert len(found) >= 2 * 3 + 2
        _, *rows = found[next(t for t in found if "as they are, scored on all people" in t)]
        names = [(name, encoder) for name, encoder, *_ in rows]
        assert names[:2] == [("majority class", ""), ("heart rate", "")]
        assert rows[0][3] == "0.500 ± 0.000"
        for encoder in ("shipped", "initialised", "target data"):
            assert [n for n, e in names if e == encoder] == [*ROWS, *UNIONS]
        for row in rows:
            assert [bool(cell) for cell in row[-3:]] == [row[1] == "shipped"] * 3
        assert "few labels: means over 2 draws" in text
        assert "Pretraining on the target data" in found
        assert (tmp_path / "kept").is_dir()

    def test_parts_can_be_left_out_and_encoders_be_missing(self, args, capsys):
        args.encoders, args.masked = ["shipped"], args.masked + "-missing"
        pretrained.run(args)
        text = capsys.readouterr().out
        assert f"without rows of masked: --masked {args.masked} is missing" in text
        rows = next(iter(tables(text).values()))[1:]
        assert {encoder for _, encoder, *_ in rows} == {"", "shipped"}
        assert not [name for name, *_ in rows if "masked" in name]
        assert [name for name, *_ in rows if "recognition max, heart rate" in name]

    def test_choosing_touches_every_second_person_only(self, args, data, monkeypatch, capsys):
        args.choose = [args.recognition, args.masked]
        pretrained.run(args)
        expected = capsys.readouterr().out
        others = np.isin(data.subject, data.people[1::2])
        data.target[others] = data.target[0]
        for windows in data.of.values():
            windows[others] = np.nan
        monkeypatch.setattr(pretrained, "windows_of_both", lambda _: data)
        pretrained.run(args)
        assert capsys.readouterr().out == expected
        data.of["recognition"][~others] *= -1
        pretrained.run(args)
        assert capsys.readouterr().out != expected

    def test_scores_need_a_draw(self, args):
        args.seeds = 0
        with pytest.raises(ValueError, match="--seeds must be at least 1, got 0"):
            pretrained.run(args)

    def test_candidates_are_told_apart(self, args, capsys):
        args.choose = [args.masked, args.recognition]
        pretrained.run(args)
        text = capsys.readouterr().out
        assert "people: 1, 3, ..." in text
        lines = [line for line in text.splitlines() if line.startswith("|")]
        first, second = lines[2], lines[5]
        assert first.startswith(f"| {args.recognition} ")
        assert second.startswith(f"| {args.masked} ")
        for line in (first, second):
            assert line.count("±") == 6
