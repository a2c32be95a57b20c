"""The exported model gives what the estimator gives, and writing it harms nothing."""

import json
import os
import pickle
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC, LinearSVC

import sklearn_ecgssl
from sklearn_ecgssl import (
    ECGClassifier,
    ECGFilter,
    PretextPretrainer,
    Resampler,
    Segmenter,
    SegmentVotingClassifier,
    SSLEmbedder,
    TrimmedScaler,
    export_onnx,
    load_pretrained,
    load_recordings,
)
from sklearn_ecgssl.evaluation import linear_classifier
from tests.tiny import tiny_ecg_classifier, tiny_masked, tiny_pretrainer, waves

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

WINDOWS, TARGET = waves(12, 256, n_classes=3)
EVERYTHING = ("max", "mean", "std", "rhythm")
SMALL = {"max_epochs": 1, "filters": (4,), "kernel_sizes": (8,)}


def run(path, windows, output="features"):
    """The answer of onnxruntime, which knows nothing of the package."""
    return session_of(path).run([output], {"windows": windows})[0]


def session_of(path):
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def metadata(path):
    return {entry.key: entry.value for entry in onnx.load(path).metadata_props}


def embedder_of(pretrainer, windows=WINDOWS, **params):
    params = {"sampling_rate": 64, **params}
    return SSLEmbedder(FrozenEstimator(pretrainer), **params).fit(windows)


def assert_same_features(embedder, path, windows):
    expected = embedder.transform(windows)
    for n_windows in (1, len(windows)):
        given = run(path, windows[:n_windows])
        assert given.dtype == np.float32
        np.testing.assert_allclose(given, expected[:n_windows], rtol=1e-4, atol=1e-4)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.onnx"


@pytest.fixture(scope="module")
def pretrainer():
    return tiny_pretrainer(**SMALL).fit(WINDOWS)


@pytest.fixture(scope="module")
def exported(pretrainer, tmp_path_factory):
    """The model of an embedder; each takes a second or more to write."""
    file = tmp_path_factory.mktemp("exported") / "model.onnx"
    assert export_onnx(embedder_of(pretrainer), str(file)) == file
    return file


@pytest.fixture
def no_export(exported, monkeypatch):
    """Let torch's exporter give the exported model, at once."""
    program = SimpleNamespace(model_proto=onnx.load(exported))
    monkeypatch.setattr(torch.onnx, "export", lambda *args, **kwargs: program)


def test_gives_the_features_of_transform(pretrainer, exported):
    assert_same_features(embedder_of(pretrainer), exported, WINDOWS)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pretrainer", "params"),
    [
        (tiny_pretrainer(negative_slope=0, pool_size=2, pool_stride=5), {"aggregate": "std"}),
        (tiny_pretrainer(pool_size=7, pool_stride=3), {"layer": "all", "aggregate": EVERYTHING}),
        (tiny_masked(n_heads=3), {}),
        (tiny_masked(n_layers=1), {"layer": "layer1", "aggregate": ["last", *EVERYTHING]}),
    ],
    ids=["std", "everything", "masked", "masked, everything"],
)
def test_gives_the_features_of_any_network_and_aggregation(pretrainer, params, path):
    embedder = embedder_of(clone(pretrainer).set_params(max_epochs=1).fit(WINDOWS), **params)
    assert_same_features(embedder, export_onnx(embedder, path), WINDOWS)


@pytest.mark.parametrize("n_classes", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_gives_the_probabilities_of_a_classifier(pretrainer, n_classes, path):
    classifier = tiny_ecg_classifier(FrozenEstimator(pretrainer), "trunk", max_epochs=1)
    classifier.fit(WINDOWS, TARGET % n_classes)
    given = run(export_onnx(classifier, path), WINDOWS, "probabilities")
    np.testing.assert_allclose(given, classifier.predict_proba(WINDOWS), atol=1e-5)


#: In units and with an offset as a device has them, and what is done to them.
RECORDINGS = [1000 + 40 * window for window in WINDOWS]
SIGNAL = (Resampler(64, 60), ECGFilter(60), TrimmedScaler(), Segmenter(60, 2))


def pipe_of(pretrainer, *last):
    windows = make_pipeline(*SIGNAL[:3]).fit_transform(np.stack(RECORDINGS))
    encoder = FrozenEstimator(clone(pretrainer).fit(windows[:, :120]))
    pipe = make_pipeline(*SIGNAL, SSLEmbedder(encoder, sampling_rate=60), *last)
    return pipe.fit(RECORDINGS, np.array(["calm", "tense"])[TARGET % 2])


@pytest.fixture(scope="module")
def pipe(pretrainer):
    return pipe_of(pretrainer, StandardScaler(), LogisticRegression())


@pytest.fixture(scope="module")
def whole(pipe, tmp_path_factory):
    return export_onnx(pipe, tmp_path_factory.mktemp("whole") / "pipe.onnx", n_times=256)


class TestPipeline:
    """From recordings in physical units to what the Pipeline says of them."""

    @pytest.mark.parametrize("n_recordings", [1, 12])
    def test_probabilities(self, n_recordings, pipe, whole):
        recordings = RECORDINGS[:n_recordings]
        given = session_of(whole).run(["probabilities"], {"recordings": np.stack(recordings)})[0]
        np.testing.assert_allclose(given, pipe.predict_proba(recordings), atol=1e-5)

    def test_no_ecg_is_no_answer(self, whole):
        recordings = np.full((3, 256), 1000.1, dtype=np.float32)
        recordings[1:] = RECORDINGS[:2]
        recordings[1, 7] = np.nan
        given = session_of(whole).run(["probabilities"], {"recordings": recordings})[0]
        assert np.isnan(given).all(axis=1).tolist() == [True, True, False]

    def test_says_what_it_is(self, whole):
        said = metadata(whole)
        assert json.loads(said["classes"]) == ["calm", "tense"]
        assert (said["estimator"], said["n_times"]) == ("Pipeline", "256")
        assert said["sampling_rate"] == "64", "of what comes in"

    @pytest.mark.parametrize(
        ("last", "output"),
        [
            ([], "features"),
            ([LinearSVC()], "decision_function"),
            ([FunctionTransformer(), LinearSVC()], None),
        ],
        ids=["features", "scores", "a function"],
    )
    def test_outputs_have_names(self, last, output, pretrainer, path, monkeypatch):
        pipe, asked = pipe_of(pretrainer, *last), []

        def export(module, args, **options):
            asked.append(options["output_names"])
            return SimpleNamespace(model_proto=onnx.ModelProto())

        monkeypatch.setattr(torch.onnx, "export", export)
        if output is None:
            with pytest.raises(TypeError, match=r"FunctionTransformer\(\) cannot be a torch"):
                export_onnx(pipe, path, n_times=256)
        else:
            export_onnx(pipe, path, n_times=256)
            assert asked == [[output]]

    def test_windowed_recordings_are_not_what_a_model_takes(self, pretrainer, path):
        estimator = make_pipeline(SSLEmbedder(FrozenEstimator(pretrainer)), LinearSVC())
        voting = SegmentVotingClassifier(estimator).fit(WINDOWS[:, None], TARGET)
        with pytest.raises(TypeError, match="export the Pipeline whose Segmenter is before it"):
            export_onnx(voting, path)


#: Encoders, and what makes their windows of recordings at 500 Hz.
ON_REAL_ECG = {
    "rhythm-open": (100, {"low": 0.5, "high": 40}, 0.025, {}),
    "recognition-open": (256, {}, 0.025, {"layer": "all", "pool": "mean_std"}),
    "masked-open": (128, {"high": 50, "order": 8}, 0, {"aggregate": "mean"}),
}


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize("name", ON_REAL_ECG)
def test_a_pipeline_on_real_ecg(name, shared_data, path):
    """10 s of people at rest and in thought, in mV, in µV, and with the offset of a bare ADC."""
    rate, band, trim, features = ON_REAL_ECG[name]
    data = load_recordings(
        shared_data / "eegmat_ecg.npz", target="condition", where={"ecg_ok": True}
    )
    recordings = np.stack([recording[10_000:15_000] for recording in data.recordings[::3]])
    pipe = make_pipeline(
        Resampler(500, rate),
        ECGFilter(rate, **band),
        TrimmedScaler(trim),
        Segmenter(rate),
        SSLEmbedder(name, sampling_rate=rate, **features),
        linear_classifier(),
    ).fit(list(recordings), data.target[::3])
    session = session_of(export_onnx(pipe, path, n_times=5000))
    for sent in (recordings, 1000 * recordings, 1000 * recordings + 10_000):
        (given,) = session.run(None, {"recordings": sent.astype(np.float32)})
        np.testing.assert_allclose(given, pipe.predict_proba(sent), atol=1e-4)
    assert given.std() > 0.1


@pytest.mark.real
@pytest.mark.slow
def test_a_network_that_votes_on_real_ecg(shared_data, path):
    data = load_recordings(
        shared_data / "eegmat_ecg.npz", target="condition", where={"ecg_ok": True}
    )
    recordings = np.stack([recording[10_000:25_000] for recording in data.recordings])
    network = ECGClassifier("rhythm-open", "trunk", hidden=(32,), max_epochs=5, random_state=0)
    pipe = make_pipeline(
        Resampler(500, 100),
        ECGFilter(100, low=0.5, high=40),
        TrimmedScaler(),
        SegmentVotingClassifier(network, Segmenter(100, overlap=0.5)),
    ).fit(recordings, data.target)
    session = session_of(export_onnx(pipe, path))
    (given,) = session.run(["probabilities"], {"recordings": recordings.astype(np.float32)})
    np.testing.assert_allclose(given, pipe.predict_proba(recordings), atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "rate"), [("recognition-open", 256), ("masked-open", 128)])
def test_gives_the_features_of_a_shipped_encoder(name, rate, cohort, path):
    clean = make_pipeline(Resampler(256, rate), TrimmedScaler())
    windows = Segmenter(rate).windows(clean.fit_transform(cohort.recordings))
    embedder = SSLEmbedder(name, layer="all", aggregate=EVERYTHING, sampling_rate=rate)
    assert_same_features(embedder.fit(windows), export_onnx(embedder, path), windows)


def test_says_what_it_is(exported):
    model = onnx.load(exported)
    assert metadata(exported) == {
        "package": "sklearn_ecgssl",
        "version": sklearn_ecgssl.__version__,
        "estimator": "SSLEmbedder",
        "n_times": "256",
        "sampling_rate": "64",
    }
    assert os.getcwd() not in str(model)  # no paths of who exported it


def test_of_a_pretrainer_it_says_the_rate_that_was_saved(pretrainer, no_export, tmp_path, path):
    pretrainer.save_pretrained(tmp_path / "saved", sampling_rate=32)
    export_onnx(FrozenEstimator(load_pretrained(tmp_path / "saved")), path)
    said = metadata(path)
    assert (said["estimator"], said["sampling_rate"]) == ("PretextPretrainer", "32")
    export_onnx(pretrainer, path)
    assert "sampling_rate" not in metadata(path)


def test_leaves_everything_as_it_was_and_says_nothing(pretrainer, exported, path, capfd, recwarn):
    embedder = embedder_of(pretrainer)
    before, random = pickle.dumps(embedder), torch.get_rng_state()
    assert export_onnx(embedder, path).read_bytes() == exported.read_bytes()
    assert pickle.dumps(embedder) == before
    assert torch.equal(torch.get_rng_state(), random)
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list


REFUSED = [
    (SSLEmbedder(), NotFittedError, "not fitted"),
    (FrozenEstimator(PretextPretrainer()), NotFittedError, "not fitted"),
    (SSLEmbedder, TypeError, "These can: .* fitted SSLEmbedder"),
    (make_pipeline(Segmenter(256, 1), SVC()), TypeError, "SVC.* its kernel is not linear"),
    (make_pipeline(SSLEmbedder()), NotFittedError, "not fitted"),
    (SegmentVotingClassifier(LinearSVC()), NotFittedError, "not fitted"),
]


@pytest.mark.parametrize(("other", "error", "message"), REFUSED, ids=str)
def test_something_else(other, error, message, path):
    with pytest.raises(error, match=message):
        export_onnx(other, path, n_times=256)
    assert not path.exists()


def test_rhythm_where_there_is_none(pretrainer, path):
    embedder = embedder_of(pretrainer).set_params(aggregate="rhythm", sampling_rate=256)
    with pytest.raises(ValueError, match=r"windows of at least 3\.2 s, these have 1 s"):
        export_onnx(embedder, path)


def test_missing_onnxscript(pretrainer, path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(ImportError, match=r'pip install "sklearn_ecgssl\[onnx\]"'):
        export_onnx(pretrainer, path)
