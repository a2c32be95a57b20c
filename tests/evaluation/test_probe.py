"""What features carry, beside the same network untrained."""

import warnings

import numpy as np
import pytest
import torch
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from torch import nn

from sklearn_ecgssl.datasets import load_recordings
from sklearn_ecgssl.evaluation import _probe, probe
from sklearn_ecgssl.evaluation._untrained import untrained_twin
from sklearn_ecgssl.features import FrozenEncoder, HRVFeatures, SSLEmbedder
from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter, scale_subjects
from tests.tiny import SAMPLING_RATE, ecg_like, tiny_pretrainer

SEGMENTER = Segmenter(SAMPLING_RATE, window_length=5)
ECG, _LABELS, SUBJECT = ecg_like(n_recordings=12, seconds=(21, 29))
TARGET = np.array(["calm", "tense"])[_LABELS]
LEVEL = np.linspace(3, 9, 6)[SUBJECT]
#: A person's recordings have a level, a condition has an amplitude. Their rate is the condition's.
RECORDINGS = [level + (1 + label) * x for x, label, level in zip(ECG, _LABELS, LEVEL, strict=True)]
DATA = RECORDINGS, TARGET, SUBJECT


def asked(encoders, data=DATA, **params):
    params = {"segmenter": SEGMENTER, "n_splits": 2, "untrained": False} | params
    return probe(encoders, *data, **params).set_index(["encoder", "untrained"])


@pytest.fixture
def no_linear_models(monkeypatch):
    """Leave out what takes seconds, in tests of which features are asked."""
    monkeypatch.setattr(_probe, "explained", lambda X, y, *args: X[: y.shape[1]].mean(axis=1))
    monkeypatch.setattr(_probe, "ranked", lambda X, *args: X[:9].mean(axis=1))


def level(X):
    return np.abs(np.median(X, axis=1, keepdims=True) - np.unique(LEVEL)) < 0.5


def amplitude(X):
    return np.ptp(X, axis=1, keepdims=True)


def noise(X):
    return np.random.default_rng(0).normal(size=(len(X), 2))


class TestWhatIsCarried:
    def test_each_question_has_features_that_know_the_answer(self):
        encoders = {f.__name__: FunctionTransformer(f) for f in (level, amplitude)}
        table = asked(encoders).droplevel("untrained")
        assert table.index.tolist() == ["level", "amplitude", "heart rate", "chance"]
        assert (table.loc["heart rate", ["r2_rate", "r2_sdnn", "r2_rmssd"]] > 0.9).all()
        assert table.loc["level", "identity"] == 1
        assert table.loc["amplitude", "auc_within"] == 1
        assert table.loc["amplitude", "identity"] < 0.5

    def test_noise_knows_as_much_as_chance(self):
        table = asked({"heart rate": FunctionTransformer(noise)}).droplevel("untrained")
        found, chance = table.loc["heart rate"], table.loc["chance"]
        assert found["r2_rate"] < 0.1
        assert chance["identity"] == pytest.approx(1 / 6)
        assert abs(found["identity"] - chance["identity"]) < 0.3
        assert abs(found["auc_within"] - chance["auc_within"]) < 0.2

    def test_several_conditions(self):
        # three recordings of each of four people
        target = np.array(["a", "b", "c"] * 4)
        recordings = [x * (1 + i % 3) for i, x in enumerate(ECG)]
        data = recordings, target, np.repeat([1, 2, 3, 4], 3)
        table = asked(FunctionTransformer(amplitude), data)
        assert table["auc_within"].iloc[0] > 0.8

    def test_without_conditions_or_second_recordings_there_is_no_answer(self):
        table = asked(FunctionTransformer(level), (RECORDINGS, None, np.arange(12)))
        assert table[["auc_within", "identity"]].isna().all(axis=None)
        assert table["r2_rate"].notna().all()

    def test_a_person_with_one_condition_does_not_count(self):
        data = (RECORDINGS[:-1], TARGET[:-1], SUBJECT[:-1])
        table = asked(FunctionTransformer(amplitude), data)
        assert table["auc_within"].iloc[0] == 1


@pytest.mark.usefixtures("no_linear_models")
class TestUntrained:
    def test_of_a_pretrainer_has_weights_as_they_are_drawn(self, fitted_recognition):
        windows = SEGMENTER.windows(RECORDINGS)
        drawn = SSLEmbedder(tiny_pretrainer(max_epochs=0, random_state=3)).fit(windows)
        for encoder in (
            SSLEmbedder(FrozenEstimator(fitted_recognition)),
            SSLEmbedder(fitted_recognition),
            FrozenEstimator(SSLEmbedder(fitted_recognition)),
            make_pipeline(FunctionTransformer(), SSLEmbedder(fitted_recognition)),
        ):
            twin = untrained_twin("encoder", encoder, 3).fit(windows)
            np.testing.assert_array_equal(twin.transform(windows), drawn.transform(windows))
        assert fitted_recognition.n_epochs_ == 2

    def test_of_a_module_is_a_copy_with_new_weights(self):
        model = nn.Sequential(
            nn.Linear(320, 8), nn.TransformerEncoderLayer(8, 2, batch_first=True), nn.LayerNorm(8)
        )
        before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        encoder = FrozenEncoder(model, sampling_rate=SAMPLING_RATE, window_length=5)
        state = torch.get_rng_state()
        twins = [untrained_twin("encoder", encoder, seed).model for seed in (0, 0, 1)]
        assert (torch.get_rng_state() == state).all()
        first, same, other = [twin.state_dict() for twin in twins]
        for name in before:
            assert (before[name] == model.state_dict()[name]).all()
            assert (first[name] == same[name]).all()
            if first[name].ndim > 1:
                assert (first[name] != before[name]).any()
                assert (first[name] != other[name]).any()

    def test_of_weights_that_nothing_draws_is_left_out_and_told(self):
        class Gain(nn.Module):
            def __init__(self):
                super().__init__()
                self.gain = nn.Parameter(torch.ones(320))

            def forward(self, x):
                return x * self.gain

        encoder = FrozenEncoder(Gain(), sampling_rate=SAMPLING_RATE, window_length=5)
        with pytest.warns(UserWarning, match="untrained network beside 'gain': Gain has") as told:
            table = asked({"gain": encoder}, untrained=True)
        assert told[0].filename == __file__
        assert ("gain", True) not in table.index

    @pytest.mark.parametrize(
        "encoder",
        [
            FunctionTransformer(amplitude),
            FrozenEncoder(amplitude, sampling_rate=SAMPLING_RATE, window_length=5),
        ],
    )
    def test_of_what_is_no_network_there_is_none(self, encoder):
        assert untrained_twin("encoder", encoder, 0) is None

    def test_is_a_row_of_the_table(self):
        encoder = FrozenEncoder(
            nn.Linear(200, 3), sampling_rate=40, window_length=5, input_rate=SAMPLING_RATE
        )
        table = asked({"linear": encoder}, untrained=True)
        assert table.index[:2].tolist() == [("linear", False), ("linear", True)]
        assert (table["n_features"].iloc[:2] == 3).all()


@pytest.mark.usefixtures("no_linear_models")
class TestEncoders:
    def test_get_windows_at_their_own_rate(self):
        at_40 = Resampler(SAMPLING_RATE, 40).fit_transform(SEGMENTER.windows(RECORDINGS))
        seen = []

        def note(X):
            seen.append(X)
            return X[:, :2]

        asked(FrozenEncoder(note, sampling_rate=40, window_length=5))
        np.testing.assert_array_equal(seen[-1][:5], at_40[: len(seen[-1])][:5])
        embedder = SSLEmbedder(tiny_pretrainer(max_epochs=0), sampling_rate=40)
        table = asked(embedder)
        fitted = embedder.fit(at_40)
        assert asked(fitted).equals(table)
        in_pipeline = asked(make_pipeline(FunctionTransformer(), embedder))
        np.testing.assert_array_equal(in_pipeline.iloc[0], table.iloc[0])

    def test_that_are_fitted_are_not_fitted_again(self):
        windows = SEGMENTER.windows(RECORDINGS)
        fitted = SSLEmbedder(tiny_pretrainer(), sampling_rate=SAMPLING_RATE).fit(windows[:8])
        pretrainer = fitted.pretrainer_
        asked(fitted)
        assert fitted.pretrainer_ is pretrainer

    def test_windowed_recordings_and_arrays(self):
        expected = asked(FunctionTransformer(level))
        windowed = SEGMENTER.transform(RECORDINGS)
        assert asked(FunctionTransformer(level), (windowed, TARGET, SUBJECT)).equals(expected)

    @pytest.mark.parametrize(
        ("encoders", "data", "params", "error", "message"),
        [
            (nn.Linear(2, 2), DATA, {}, TypeError, "Put a torch module into a FrozenEncoder"),
            ({"a": tiny_pretrainer()}, DATA, {}, TypeError, "'a' is PretextPretrainer"),
            (HRVFeatures(64), (RECORDINGS, TARGET, [1] * 12), {}, ValueError, "one person"),
            (HRVFeatures(64), (RECORDINGS[:1], None, [1]), {}, ValueError, "one person"),
            ("rhythm-open", DATA, {}, TypeError, "the name of an encoder into an SSLEmbedder"),
            (HRVFeatures(64), (RECORDINGS, TARGET, SUBJECT[:3]), {}, ValueError, "subject must"),
            (HRVFeatures(64), (RECORDINGS, LEVEL + 0.5, SUBJECT), {}, ValueError, "Binarize"),
            (HRVFeatures(64), DATA, {"n_splits": 1}, ValueError, "n_splits == 1, must be >= 2"),
        ],
    )
    def test_bad_input(self, encoders, data, params, error, message):
        with pytest.raises(error, match=message):
            asked(encoders, data, **params)


@pytest.mark.usefixtures("no_linear_models")
def test_warnings_about_few_beats_are_not_the_users():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asked(FunctionTransformer(level), (RECORDINGS, TARGET, SUBJECT))


@pytest.mark.usefixtures("no_linear_models")
def test_signals_without_a_beat_have_other_answers():
    flat = [np.full(2000, level) for level in LEVEL]
    table = asked(FunctionTransformer(level), (flat, TARGET, SUBJECT)).droplevel("untrained")
    assert table["r2_rate"].iloc[:2].isna().all()
    assert table.loc["FunctionTransformer", "identity"] == 1


@pytest.mark.real
@pytest.mark.slow
def test_rhythm_open_carries_the_rhythm_on_real_ecg(shared_data):
    where = {"ecg_ok": True}
    data = load_recordings(shared_data / "eegmat_ecg.npz", where=where, complete_subjects=True)
    filtered = ECGFilter(256).fit_transform(Resampler(500, 256).fit_transform(data.recordings))
    recordings = [x[: 60 * 256] for x in scale_subjects(filtered, data.subject)]
    encoder = SSLEmbedder("rhythm-open", layer="scores", sampling_rate=100)
    data = recordings, data.target, data.subject
    table = asked({"rhythm": encoder}, data, segmenter=Segmenter(256), untrained=True)
    rhythm, drawn = table.loc["rhythm", False], table.loc["rhythm", True]
    assert rhythm["r2_rate"] > 0.9
    assert rhythm["r2_sdnn"] > 0.6
    assert rhythm["auc_within"] > 0.9
    assert drawn["r2_rate"] < 0.5
    assert drawn["auc_within"] < rhythm["auc_within"] - 0.2
    assert table.loc[("heart rate", False), "auc_within"] > 0.85
