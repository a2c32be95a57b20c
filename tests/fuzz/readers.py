"""All readers of files: what they are given, and what must work with what they answer."""

import json
import tempfile
import warnings
from pathlib import Path

import numpy as np
from sklearn.svm import SVC

from sklearn_ecgssl.datasets import load_recordings, save_recordings
from sklearn_ecgssl.evaluation._store import OutcomeStore
from sklearn_ecgssl.evaluation._tasks import Outcome, Task
from sklearn_ecgssl.persistence import load_tf_checkpoint
from tests.fuzz import data_sets
from tests.fuzz.archives import mutate_meta, mutate_npz
from tests.fuzz.folder_readers import Checkpoint, classifier, masked, recognition
from tests.fuzz.mutations import choice, json_text, mutate_bytes, mutate_json
from tests.fuzz.pickles import ArrayPickle, Wesad
from tests.fuzz.reader import WINDOWS, Input, Reader, files_in
from tests.fuzz.tables import mutate_checkpoint
from tests.tiny import ecg_like


class Recordings(Reader):
    """`load_recordings`, of a file or of a folder, with all its options."""

    refusals = (ValueError, FileNotFoundError)
    options = [
        {},
        {"target": "condition", "where": {"ok": True}},
        {"complete_subjects": True},
        {"target": None, "where": {"subject": "1", "fs": 64}},
    ]

    def __init__(self):
        recordings, target, subject = ecg_like(4)
        fields = {"condition": ["rest", "task"] * 2, "ok": [True, True, False, True]}
        with tempfile.TemporaryDirectory() as folder:
            save_recordings(
                Path(folder, "a.npz"),
                recordings,
                64,
                subject.astype(str),
                target=target,
                target_names=["rest", "task"],
                fields=fields,
            )
            self.samples = [files_in(folder)]
            with np.load(Path(folder, "a.npz")) as archive:
                self.arrays = dict(archive)

    def mutated(self, rng, canary):
        arrays = dict(self.arrays)
        if rng.random() < 0.1:
            arrays["meta"] = mutate_meta({"target_names": ["rest", "task"], "lead": "II"}, rng)
        files = {"a.npz": mutate_npz(arrays, rng, canary)}
        if rng.random() < 0.3:
            files["b.npz"] = choice(
                rng, [self.samples[0]["a.npz"], mutate_npz(arrays, rng, canary)]
            )
        return Input(files, True, int(rng.integers(len(self.options))))

    def read(self, folder, sample):
        several = len(list(folder.glob("*.npz"))) > 1
        return load_recordings(folder if several else folder / "a.npz", **self.options[sample])

    def use(self, value):
        n = len(value.recordings)
        assert n == len(value.subject) > 0
        assert all(r.dtype == np.float32 and r.ndim == 1 and r.size for r in value.recordings)
        assert value.target is None or value.target.shape == (n,)
        assert all(column.shape == (n,) for column in value.fields.values())
        assert np.all(np.asarray(value.sampling_rate) > 0)
        repr(value)

    def facts(self, value):
        return None


class TensorFlow(Reader):
    """`load_tf_checkpoint`."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.samples = [mutate_checkpoint(rng, unchanged=True)[0]]

    def mutated(self, rng, canary):
        return Input(*mutate_checkpoint(rng, canary=canary))

    def read(self, folder, sample):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return load_tf_checkpoint(folder / "model.ckpt", n_times=48)

    def use(self, value):
        assert value.encode(WINDOWS[:3]).shape == (3, value.n_features_encoded())


class Outcomes(Reader):
    """The folder of an evaluation: what is damaged is not there."""

    refusals = ()
    task = Task({"estimator": "svm", "fold": 2}, SVC(), np.arange(6), np.arange(6, 9), None)

    def __init__(self):
        measures = {"fit_seconds": 0.25, "accuracy": 0.5}
        outcome = Outcome(self.task.labels, self.task.test, np.array([0, 1, 1]), measures)
        with tempfile.TemporaryDirectory() as folder:
            OutcomeStore(folder, "digest").save(self.task, outcome)
            self.samples = [files_in(folder)]

    def mutated(self, rng, canary):
        ((name, content),) = self.samples[0].items()
        if rng.random() < 0.5:
            return Input({name: mutate_bytes(content, rng)}, False)
        changed = json_text(mutate_json(json.loads(content), rng), rng)
        return Input({name: changed.encode()}, False)

    def read(self, folder, sample):
        return OutcomeStore(folder, "digest").load(self.task, np.dtype(np.int64))

    def use(self, value):
        assert value.predicted.shape == (3,)
        assert all(isinstance(v, float) for v in value.measures.values())


READERS = {
    "recordings": Recordings,
    "recognition": recognition,
    "masked": masked,
    "classifier": classifier,
    "checkpoint": Checkpoint,
    "tensorflow": TensorFlow,
    "outcomes": Outcomes,
    "array_pickle": ArrayPickle,
    "wesad": Wesad,
    **data_sets.READERS,
}
