"""What makes windows of recordings is saved with an encoder, by name, and comes back with it."""

import json
import os
import pickle
import shutil
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_ecgssl import (
    ECGClassifier,
    ECGFilter,
    Resampler,
    Segmenter,
    SSLEmbedder,
    TrimmedScaler,
    UnreadableFileError,
    load_pretrained,
    load_recordings,
    make_cohort,
)
from tests.tiny import each_pretrainer, ecg_like, tiny_ecg_classifier, tiny_pretrainer

RATE, N_TIMES = 64, 128
RECORDINGS, TARGET, SUBJECT = ecg_like(8, sampling_rate=80)
PREPARATION = make_pipeline(
    Resampler(80, RATE),
    ECGFilter(RATE, notch=np.array([20.0])),
    TrimmedScaler(np.float32(0.1)),
    Segmenter(RATE, 2, overlap=0.5),
)
WINDOWS = np.concatenate(PREPARATION.fit_transform(RECORDINGS))
FITTED = tiny_pretrainer().fit(WINDOWS)


@pytest.fixture
def folder(tmp_path):
    return FITTED.save_pretrained(tmp_path / "saved", preparation=PREPARATION)


class TestLoaded:
    @each_pretrainer
    def test_from_recordings_to_features(self, tiny, tmp_path):
        saved = tiny(max_epochs=1).fit(WINDOWS)
        folder = saved.save_pretrained(tmp_path, preparation=PREPARATION)
        pipe = load_pretrained(folder, device="cpu", with_preparation=True)
        expected = [saved.encode(X).mean(axis=0) for X in PREPARATION.transform(RECORDINGS)]
        for one in (pipe, pickle.loads(pickle.dumps(pipe))):
            np.testing.assert_allclose(one.transform(RECORDINGS), expected, rtol=1e-5)
        embedder = pipe[-1]
        assert embedder.sampling_rate == embedder.pretrainer_.sampling_rate_ == RATE
        assert embedder.pretrainer.estimator.device == "cpu"

    def test_it_is_a_step_that_is_never_trained(self, folder):
        pipe = make_pipeline(load_pretrained(folder, with_preparation=True), LogisticRegression())
        expected = make_pipeline(
            *PREPARATION, SSLEmbedder(folder, sampling_rate=RATE), LogisticRegression()
        )
        scores = [cross_val_score(one, RECORDINGS, TARGET, cv=2) for one in (pipe, expected)]
        np.testing.assert_array_equal(*scores)
        pipe.set_params(pipeline__segmenter__overlap=0, pipeline__sslembedder__pool="max")
        assert pipe.fit(RECORDINGS, TARGET)[0].transform(RECORDINGS).shape == (8, 4)

    def test_parameters_are_those_that_were_saved(self, folder):
        steps = load_pretrained(folder).preparation_
        assert [repr(step) for step in steps] == [
            "Resampler(original_rate=80, sampling_rate=64)",
            "ECGFilter(notch=array([20.]), sampling_rate=64)",
            "TrimmedScaler(trim=0.10000000149011612)",
            "Segmenter(overlap=0.5, sampling_rate=64, window_length=2)",
        ]

    def test_it_stays_with_the_encoder_until_that_is_trained_again(self, folder, tmp_path):
        loaded = load_pretrained(folder)
        again = load_pretrained(loaded.save_pretrained(tmp_path / "again"))
        assert repr(again.preparation_) == repr(loaded.preparation_)
        assert again.sampling_rate_ == RATE
        assert not hasattr(clone(again).fit(WINDOWS), "preparation_")
        assert not hasattr(again.fit(WINDOWS), "preparation_")

    def test_a_segmenter_alone(self, tmp_path):
        FITTED.save_pretrained(tmp_path, sampling_rate=64, preparation=Segmenter(RATE, 2))
        pipe = load_pretrained(tmp_path, with_preparation=True)
        assert [name for name, _ in pipe.steps] == ["segmenter", "sslembedder"]

    def test_a_classifier_keeps_it_too(self, tmp_path):
        target = np.arange(len(WINDOWS)) % 2
        saved = tiny_ecg_classifier(max_epochs=1).fit(WINDOWS, target)
        saved.save_pretrained(tmp_path, preparation=PREPARATION)
        loaded = ECGClassifier.from_pretrained(tmp_path)
        (windows, *_) = loaded.preparation_.transform(RECORDINGS)
        np.testing.assert_array_equal(loaded.predict_proba(windows), saved.predict_proba(windows))

    def test_a_folder_without_it(self, tmp_path):
        FITTED.save_pretrained(tmp_path, sampling_rate=RATE)
        with pytest.raises(ValueError, match=r"saved without its preparation.* preparation=\."):
            load_pretrained(tmp_path, with_preparation=True)

    def test_a_class_that_is_not_expected(self, folder):
        config = (folder / "config.json").read_text()
        (folder / "config.json").write_text(config.replace('"TrimmedScaler"', '"Popen"'))
        with pytest.raises(UnreadableFileError, match="it holds a 'Popen', and only AddNoise"):
            load_pretrained(folder, with_preparation=True)


REFUSED = {
    "another step": (
        make_pipeline(FunctionTransformer(), Segmenter(RATE, 2)), None, TypeError,
        r"cannot hold FunctionTransformer\(\): a folder can name Resampler, ECGFilter, Trimmed",
    ),
    "no preparation": ("resample", None, TypeError, "cannot hold 'resample'"),
    "no windows": (make_pipeline(ECGFilter(RATE)), None, ValueError, "must end in a Segmenter"),
    "windows first": (
        make_pipeline(Segmenter(RATE, 2), TrimmedScaler()), None, ValueError, "must end in a Segm",
    ),
    "another length": (
        Segmenter(RATE, 1), None, ValueError, "windows of 64 samples, .* windows of 128: change",
    ),
    "another rate": (
        Segmenter(RATE, 2), 128, ValueError, "windows of 64 Hz, and sampling_rate=128 Hz: correct",
    ),
    "rates of steps": (
        make_pipeline(ECGFilter(256), Segmenter(RATE, 2)), None, ValueError,
        "gives Segmenter recordings of 256 Hz, and it is set for 64 Hz",
    ),
    "rate before resampling": (
        make_pipeline(ECGFilter(100), Resampler(80, RATE), Segmenter(RATE, 2)), None, ValueError,
        "gives Resampler recordings of 100 Hz, and it is set for 80 Hz",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("steps", "rate", "error", "message"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_is_not_saved(steps, rate, error, message, tmp_path):
    with pytest.raises(error, match=message):
        FITTED.save_pretrained(tmp_path / "x", sampling_rate=rate, preparation=steps)
    assert not (tmp_path / "x").exists()


def test_a_rate_that_the_kept_preparation_has_not(folder):
    with pytest.raises(ValueError, match="windows of 64 Hz, and sampling_rate=99 Hz"):
        load_pretrained(folder).save_pretrained(folder, sampling_rate=99)


class TestHub:
    """A folder of ours on the Hugging Face hub, as it was downloaded before; no network."""

    COMMIT = "0123456789abcdef0123456789abcdef01234567"

    @pytest.fixture
    def cache(self, folder, tmp_path, monkeypatch):
        """What huggingface_hub leaves: blobs, links to them by commit, and what main stands for."""
        constants = pytest.importorskip("huggingface_hub.constants")
        cache = tmp_path / "hub"
        repository = cache / "models--somebody--rhythm"
        snapshot = repository / "snapshots" / self.COMMIT
        for path in (snapshot, repository / "blobs", repository / "refs"):
            path.mkdir(parents=True)
        (repository / "refs" / "main").write_text(self.COMMIT)
        for file in folder.glob("[!.]*"):
            shutil.copyfile(file, repository / "blobs" / file.name)
            os.symlink(repository / "blobs" / file.name, snapshot / file.name)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
        return cache

    @pytest.mark.parametrize("revision", ["", "@main", f"@{COMMIT}"])
    def test_it_is_the_folder(self, revision, cache):
        loaded = load_pretrained(f"hf://somebody/rhythm{revision}")
        np.testing.assert_equal(loaded.state_, FITTED.state_)
        pipe = load_pretrained(f"hf://somebody/rhythm{revision}", with_preparation=True)
        assert pipe.transform(RECORDINGS).shape == (8, 4)

    def test_in_estimators(self, cache):
        embedder = SSLEmbedder("hf://somebody/rhythm", sampling_rate=RATE)
        np.testing.assert_array_equal(embedder.fit_transform(WINDOWS), FITTED.encode(WINDOWS))
        target = np.arange(len(WINDOWS)) % 2
        ECGClassifier("hf://somebody/rhythm", "trunk", max_epochs=1).fit(WINDOWS, target)

    @pytest.mark.parametrize(
        "name", ["somebody/else", "somebody/rhythm@v2", "somebody", "", "a/b/c", "../x"]
    )
    def test_what_is_not_there(self, name, cache):
        with pytest.raises(FileNotFoundError, match="hub does not give 'hf://.* pass a folder"):
            load_pretrained(f"hf://{name}")

    def test_without_the_library(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "huggingface_hub", None)
        with pytest.raises(ImportError, match=r'pip install "sklearn_ecgssl\[hub\]"'):
            load_pretrained("hf://somebody/rhythm")


class TestShipped:
    @pytest.mark.parametrize(
        ("name", "rate"), [("recognition-open", 256), ("masked-open", 128), ("rhythm-open", 100)]
    )
    def test_recordings_are_all_that_is_needed(self, name, rate, recwarn):
        cohort = make_cohort(n_subjects=2, duration=12, sampling_rate=rate, random_state=0)
        pipe = load_pretrained(name, with_preparation=True)
        features = pipe.transform([1000 * recording for recording in cohort.recordings])
        assert len(features) == 4
        assert np.isfinite(features).all()
        assert not recwarn.list, "they are scaled"

    def test_nothing_in_it_is_no_json(self, folder):
        config = json.loads((folder / "config.json").read_text())
        steps = config["estimator"]["fitted"]["preparation_"]["params"]["steps"]
        assert [step["$tuple"][0] for step in steps] == [name for name, _ in PREPARATION.steps]


@pytest.mark.real
@pytest.mark.slow
def test_features_of_real_ecg_are_those_of_the_steps(shared_data):
    data = load_recordings(
        shared_data / "eegmat_ecg.npz", target="condition", where={"ecg_ok": True}
    )
    recordings = [recording[:30_000] for recording in data.recordings[:6]]
    by_hand = make_pipeline(
        Resampler(500, 100),
        ECGFilter(100, low=0.5, high=40),
        TrimmedScaler(),
        Segmenter(100),
        SSLEmbedder("rhythm-open", sampling_rate=100),
    )
    loaded = load_pretrained("rhythm-open", with_preparation=True)
    features = make_pipeline(Resampler(500, 100), loaded).fit_transform(recordings)
    np.testing.assert_array_equal(features, by_hand.fit_transform(recordings))
