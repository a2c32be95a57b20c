"""The readers of folders with a configuration and weights."""

import tempfile
from types import SimpleNamespace

import joblib
import numpy as np
from sklearn.frozen import FrozenEstimator

from sklearn_ecgssl.classify import ECGClassifier
from sklearn_ecgssl.pretext import MaskedPretrainer, PretextPretrainer, load_pretrained
from sklearn_ecgssl.training._loss_watch import NonFiniteLossError
from tests.fuzz.folders import mutate_folder
from tests.fuzz.reader import TARGET, WINDOWS, Input, Reader, files_in
from tests.tiny import tiny_ecg_classifier, tiny_masked, tiny_pretrainer


class Pretrained(Reader):
    """`from_pretrained` or `load_pretrained`, one for each estimator."""

    def __init__(self, estimators, loads):
        self.loads = loads
        self.samples = []
        for estimator in estimators:
            with tempfile.TemporaryDirectory() as folder:
                estimator.save_pretrained(folder, sampling_rate=64)
                self.samples.append(files_in(folder))

    def mutated(self, rng, canary):
        sample = int(rng.integers(len(self.samples)))
        others = [files for files in self.samples if files is not self.samples[sample]]
        return Input(*mutate_folder(self.samples[sample], rng, canary, others), sample)

    def read(self, folder, sample):
        return self.loads[sample](folder)

    def use(self, value):
        n_times = value.n_features_in_
        windows = WINDOWS if n_times > 4096 else np.resize(WINDOWS, (3, n_times))
        if isinstance(value, ECGClassifier):
            assert value.predict_proba(windows).shape == (3, len(value.classes_))
            assert value.predict(windows).shape == (3,)
        else:
            assert value.encode(windows).shape == (3, value.n_features_encoded())
            value.score(windows)


def recognition():
    fitted = tiny_pretrainer(validation_fraction=0.25).fit(WINDOWS)
    return Pretrained([fitted, fitted], [PretextPretrainer.from_pretrained, load_pretrained])


def masked():
    fitted = tiny_masked().fit(WINDOWS)
    return Pretrained([fitted, fitted], [MaskedPretrainer.from_pretrained, load_pretrained])


def classifier():
    frozen = FrozenEstimator(tiny_masked().fit(WINDOWS))
    several = np.array(["calm", "glad", "tense"])[np.arange(12) % 3]
    estimators = [
        tiny_ecg_classifier(max_epochs=1).fit(WINDOWS, TARGET),
        tiny_ecg_classifier(frozen, "trunk", max_epochs=1).fit(WINDOWS, several),
    ]
    return Pretrained(estimators, [ECGClassifier.from_pretrained] * 2)


class Checkpoint(Reader):
    """`fit(resume=True)` of a training that was stopped after its first epoch."""

    def __init__(self):
        self.makers = [tiny_pretrainer, self._stopping_early]
        self.samples = []
        for make in self.makers:
            with tempfile.TemporaryDirectory() as folder:
                make(checkpoint=folder, max_epochs=1).fit(WINDOWS)
                self.samples.append(files_in(folder))

    def _stopping_early(self, **params):
        return tiny_pretrainer(validation_fraction=0.25, patience=2, **params)

    def refuses(self, error):
        if type(error) is ValueError:
            return "checkpoint=" in str(error)  # it holds another fit, or more epochs
        return super().refuses(error) or isinstance(error, NonFiniteLossError)

    def mutated(self, rng, canary):
        sample = int(rng.integers(len(self.samples)))
        return Input(*mutate_folder(self.samples[sample], rng, canary, self.samples), sample)

    def read(self, folder, sample):
        begun_anew = not (folder / "config.json").exists()
        fitted = self.makers[sample](checkpoint=folder, resume=True).fit(WINDOWS)
        return SimpleNamespace(fitted=fitted, begun_anew=begun_anew)

    def use(self, value):
        assert value.fitted.encode(WINDOWS[:3]).shape == (3, 4)
        assert len(value.fitted.history_) == 2

    def facts(self, value):
        # A folder without a configuration is an empty one: the fit begins anew.
        names = ["state_", "history_", "architecture_"]
        fitted = {name: getattr(value.fitted, name) for name in names}
        return None if value.begun_anew else joblib.hash(fitted)
