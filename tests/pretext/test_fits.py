"""Windows of another length, rate or scale than a pretrainer learnt from."""

import re
import warnings

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl.classify import ECGClassifier
from sklearn_ecgssl.evaluation import compare_protocols, linear_classifier
from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.pretext import _load, _windows, check_fits, load_pretrained, warn_unless_scaled
from sklearn_ecgssl.signal import Resampler, Segmenter, TrimmedScaler
from sklearn_ecgssl.signal.window_store import WindowStore
from tests.tiny import each_pretrainer, tiny_ecg_classifier, tiny_pretrainer, waves

X, Y = waves(12, n_times=64)


@pytest.fixture(scope="module")
def fitted():
    return tiny_pretrainer(max_epochs=0).fit(X)


@pytest.fixture
def shipped(fitted, tmp_path, monkeypatch):
    """An encoder of windows of 64 samples, of 1 s, that comes with the package."""
    folder = tmp_path / "encoders" / "tiny-open"
    fitted.save_pretrained(folder, sampling_rate=64)
    (folder / "MODEL_CARD.md").write_text("# tiny-open\n")
    monkeypatch.setattr(_load, "FOLDER", folder.parent)
    return folder


def refusal(X, sampling_rate, pretrainer):
    with pytest.raises(ValueError, match="pretrainer learnt from windows of") as caught:
        check_fits(pretrainer, WindowStore([X]), sampling_rate)
    return str(caught.value)


def steps_in(message):
    """Make what a message says to use."""
    found = re.findall(r"(?:Resampler|Segmenter)\(.*?\)", message.partition(" If theirs")[0])
    return [eval(step, {"Resampler": Resampler, "Segmenter": Segmenter}) for step in found]


class TestCheckFits:
    def test_what_it_learnt_from(self, fitted, shipped):
        check_fits(fitted, WindowStore([X]))
        for rate in (64, 64.0, np.float32(64), None):
            check_fits(load_pretrained("tiny-open"), WindowStore([X, X[:3]], windowed=True), rate)

    @pytest.mark.parametrize("rate", [None, 64, 256])
    def test_another_length_where_no_rate_was_saved(self, fitted, rate):
        assert refusal(X[:, :32], rate, fitted) == (
            "The pretrainer learnt from windows of 64 samples, these have 32 samples. "
            "Use its sampling_rate and window_length."
        )
        check_fits(fitted, WindowStore([X]), 1000)

    def test_another_length(self, shipped):
        message = refusal(X[:, :32], 64, load_pretrained("tiny-open"))
        assert "64 samples (1 s at 64 Hz), these have 32 samples (0.5 s at 64 Hz)" in message
        assert "Cut recordings of 64 Hz with Segmenter(sampling_rate=64, " in message
        assert message.endswith("If theirs is another rate, put Resampler(rate, 64) first.")

    def test_another_length_at_a_rate_that_is_not_known(self, shipped):
        message = refusal(X[:, :32], None, load_pretrained("tiny-open"))
        assert "64 samples (1 s at 64 Hz), these have 32 samples. Cut recordings of 64" in message

    def test_another_rate(self, shipped):
        message = refusal(X, 256, load_pretrained("tiny-open"))
        assert "64 samples (1 s at 64 Hz), these have 64 samples (0.25 s at 256 Hz)" in message
        assert message.endswith("or if the windows have 64 Hz already, pass sampling_rate=64.")

    def test_both(self, shipped):
        message = refusal(np.tile(X, 4), 256, load_pretrained("tiny-open"))
        assert "(1 s at 64 Hz), these have 256 samples (1 s at 256 Hz)" in message

    def test_the_same_rate_in_other_figures(self, shipped):
        check_fits(load_pretrained("tiny-open"), WindowStore([X]), 64.00001)
        assert "Put Resampler(64.1, 64) first" in refusal(X, 64.1, load_pretrained("tiny-open"))

    @pytest.mark.parametrize("rate", [64, 32, 256, 62.5, 300])
    @pytest.mark.parametrize(("learnt_rate", "n_times"), [(64, 64), (62.5, 65), (30, 64)])
    def test_what_it_says_to_do_works(self, tmp_path, rate, learnt_rate, n_times):
        pretrainer = tiny_pretrainer(max_epochs=0).fit(waves(4, n_times)[0])
        folder = pretrainer.save_pretrained(tmp_path, sampling_rate=learnt_rate)
        recordings = [np.sin(np.arange(round(seconds * rate)) / 5) for seconds in (9, 12.3)]
        wrong = Segmenter(rate, 1.3).windows(recordings)
        steps = steps_in(refusal(wrong, rate, load_pretrained(folder)))
        assert isinstance(steps[0], Resampler) == (rate != learnt_rate)
        for step in steps:
            recordings = step.fit_transform(recordings)
        features = SSLEmbedder(folder, sampling_rate=learnt_rate).fit_transform(recordings)
        assert features.shape == (2, 4)

    def test_a_frozen_one_is_asked_too(self, shipped):
        frozen = FrozenEstimator(load_pretrained("tiny-open"))
        assert "(1 s at 64 Hz)" in refusal(X[:, :32], 64, frozen)


class TestEstimators:
    """They check before they use a pretrainer that they did not train."""

    def test_an_embedder_knows_length_and_rate(self, shipped):
        embedder = SSLEmbedder("tiny-open", sampling_rate=64)
        embedder.fit(X)
        with pytest.raises(ValueError, match=r"1 s at 64 Hz\), these have 32 samples \(0\.5 s at"):
            embedder.fit(X[:, :32])
        assert embedder.transform(X).shape == (12, 4)  # as it was before
        with pytest.raises(ValueError, match=r"0\.25 s at 256 Hz.*pass sampling_rate=64"):
            SSLEmbedder("tiny-open").fit(X)

    def test_a_classifier_knows_the_length(self, shipped):
        model = tiny_ecg_classifier("tiny-open", "trunk", max_epochs=1).fit(X, Y)
        with pytest.raises(ValueError, match=r"\(1 s at 64 Hz\), these have 32 samples\. Cut rec"):
            model.fit(X[:, :32], Y)
        assert model.predict(X).shape == (12,)

    @each_pretrainer
    def test_one_that_is_trained_has_no_rate(self, tiny, tmp_path):
        loaded = load_pretrained(tiny().fit(X).save_pretrained(tmp_path, sampling_rate=64))
        assert SSLEmbedder(loaded).fit_transform(X[:, :32]).shape[0] == 12


@pytest.fixture(params=["embedder", "classifier"])
def fit(request):
    """Fit an estimator on windows, with some pretrainer inside."""

    def fit(pretrainer, windows):
        if request.param == "embedder":
            return SSLEmbedder(pretrainer, sampling_rate=64).fit(windows)
        model = ECGClassifier(pretrainer, "trunk", hidden=(2,), max_epochs=1, random_state=0)
        return model.fit(windows, np.arange(len(windows)) % 2)

    return fit


def scaled(deviation, windows=X):
    return (windows / windows.std() * deviation).astype(np.float32)


class TestScale:
    @pytest.mark.parametrize("deviation", [1e-4, 0.05, 0.45, 11, 300, 1e6])
    def test_far_from_what_it_learnt_from(self, shipped, fit, deviation):
        with pytest.warns(UserWarning, match="'tiny-open' learnt from windows") as warned:
            fit("tiny-open", scaled(deviation))
        (one,) = warned
        assert f"these are much {'smaller' if deviation < 1 else 'larger'}: " in str(one.message)
        assert "TrimmedScaler, or scale_subjects" in str(one.message)
        assert one.filename == __file__

    def test_it_names_the_line_of_the_user(self, shipped):
        """Whatever is in between, and in the same words for every fold."""
        pipe = make_pipeline(SSLEmbedder("tiny-open", sampling_rate=64), DummyClassifier())
        windows = scaled(0.01) * np.linspace(1, 3, 12, dtype=np.float32)[:, None]
        with pytest.warns(UserWarning, match="these are much smaller") as warned:
            cross_val_score(pipe, windows, Y, cv=3)
        assert {one.filename for one in warned} == {__file__}
        assert len({str(one.message) for one in warned}) == 1

    @pytest.mark.parametrize("pretrained", [load_pretrained, str])
    def test_in_an_evaluation(self, shipped, pretrained):
        pretrainer = pretrained("tiny-open")
        frozen = pretrainer if isinstance(pretrainer, str) else FrozenEstimator(pretrainer)
        embedder = SSLEmbedder(frozen, sampling_rate=64)
        recordings = [np.sin(np.arange(300) / 3 + i) / 99 for i in range(4)]
        with pytest.warns(UserWarning, match="these are much smaller"):
            compare_protocols(
                {"embedding": make_pipeline(embedder, linear_classifier())},
                recordings,
                [0, 1, 0, 1],
                list("aabb"),
                segmenter=Segmenter(64, 1),
                protocols=["windows"],
                n_splits=2,
            )

    def test_an_artefact_is_no_scale(self, shipped, fit):
        with_a_spike, drifting = scaled(1), scaled(0.01)
        with_a_spike[3, 5] = 1000
        drifting += np.linspace(-9, 9, 12, dtype=np.float32)[:, None]
        with warnings.catch_warnings(action="error"):
            fit("tiny-open", with_a_spike)
            fit("tiny-open", scaled(1) * np.float32(1e10) ** (np.arange(12) == 7)[:, None])
        with pytest.warns(UserWarning, match="these are much smaller"):
            fit("tiny-open", drifting)

    @pytest.mark.parametrize("deviation", [0.55, 1, 3, 9])
    def test_near_it(self, shipped, fit, deviation):
        with warnings.catch_warnings(action="error"):
            fit("tiny-open", scaled(deviation))

    def test_what_the_message_says_to_do_works(self, shipped, fit):
        recordings = TrimmedScaler().fit_transform([scaled(1e-3).ravel(), scaled(300).ravel()])
        with warnings.catch_warnings(action="error"):
            fit("tiny-open", Segmenter(64, 1).windows(recordings))

    def test_only_where_it_is_known_what_they_should_be(self, shipped, fit, fitted, monkeypatch):
        monkeypatch.chdir(shipped.parent)
        others = [str(shipped), "./tiny-open", shipped, load_pretrained("tiny-open"), fitted]
        with warnings.catch_warnings(action="error"):
            for pretrainer in others:
                fit(pretrainer, scaled(300))

    def test_a_flat_line_has_no_scale_however_high_it_is(self, shipped):
        with pytest.warns(UserWarning, match="these are much smaller"):
            SSLEmbedder("tiny-open", sampling_rate=64).fit(np.full_like(X, 3))

    def test_some_windows_of_all_are_looked_at(self, shipped, monkeypatch):
        many = np.tile(X, (250, 1))
        windows = np.concatenate([scaled(1e-3, many), scaled(2, many)])
        taken, take = [], WindowStore.take
        monkeypatch.setattr(
            WindowStore, "take", lambda self, rows: taken.append(rows) or take(self, rows)
        )
        with warnings.catch_warnings(action="error"):
            warn_unless_scaled(load_pretrained("tiny-open"), WindowStore([windows]))
        (rows,) = taken
        assert len(rows) == _windows.LOOKED_AT == 256
        assert (rows[0], rows[-1]) == (0, 5999)
        assert np.ptp(np.diff(rows)) <= 1
