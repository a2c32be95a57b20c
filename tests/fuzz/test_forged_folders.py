"""Folders that were changed and signed again, so that all checksums are right."""

import numpy as np
import pytest
from safetensors.numpy import load, save

from sklearn_ecgssl.formats import UnreadableFileError
from tests.fuzz.archives import archive, npy
from tests.fuzz.folders import CONFIG, WEIGHTS, sealed
from tests.fuzz.memory import little_memory
from tests.fuzz.weights import joined, split

MODELS = ["recognition", "masked", "classifier"]
FOLDERS = [*MODELS, "checkpoint"]

# Configurations


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(
    "estimator", ["Pipeline", "sklearn.svm.SVC", "SVC", "os.system", "builtins.eval", "", None, {}]
)
def test_other_classes_are_refused(read, tampered, name, estimator):
    other = {"$estimator": estimator, "parameters": {}, "fitted": {}}
    for change in (
        lambda config: config.update({"class": estimator}),
        lambda config: config["parameters"].update(random_state=other),
        lambda config: config["fitted"].update(x_=[other]),
    ):
        for sample in range(2):
            with pytest.raises(UnreadableFileError, match="it holds a|unhashable"):
                read(name, tampered(name, change, sample), sample)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("key", ["memory", "checkpoint", "verbose", "device", "resume", "unknown"])
def test_parameters_that_are_never_saved_are_refused(read, tampered, name, key):
    if name == "classifier" and key == "memory":
        key = "memory "
    with pytest.raises(UnreadableFileError, match=f"has no parameters .*{key}"):
        read(name, tampered(name, lambda config: config["parameters"].update({key: "/tmp"})))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("key", ["__class__", "__dict__", "_private_", "fit", "max_epochs", "$x"])
def test_attributes_that_are_no_fitted_ones_are_refused(read, tampered, name, key):
    with pytest.raises(UnreadableFileError):
        read(name, tampered(name, lambda config: config["fitted"].update({key: "x"})))


@pytest.mark.parametrize("depth", [100, 500, 950, 985, 5000, 100_000])
@pytest.mark.parametrize("name", FOLDERS)
def test_deep_json_is_refused(readers, read, name, depth):
    files = dict(readers[name].samples[0])
    deep = b'{"note": ' + b"[" * depth + b"]" * depth + b", "
    with pytest.raises(UnreadableFileError):
        read(name, sealed(files | {CONFIG: deep + files[CONFIG][1:]}))


@pytest.mark.parametrize("depth", [100, 985, 100_000])
def test_deep_json_in_an_archive_is_refused(readers, read, depth):
    arrays = readers["recordings"].arrays | {"meta": np.array("[" * depth + "]" * depth)}
    content = archive([[f"{key}.npy", npy(array)] for key, array in arrays.items()])
    with pytest.raises(ValueError, match="'meta' is not JSON: it is nested"):
        read("recordings", {"a.npz": content})


@pytest.mark.parametrize(
    "value",
    [
        {"$array": ["a"] * 3000, "dtype": "<U16000"},
        {"$array": [["a"] * 300] * 300, "dtype": "<U16000"},
        [{"$array": ["a"] * 100, "dtype": "<U16000"}] * 100,
        {"$array": ["a"], "dtype": "<U999999999999"},
        {"$array": ["a"], "dtype": "i4," * 10**6},
        [{"$arrays": ""}] * 100_000,
        [{"$arrays": "state_/"[:i]} for i in range(7)] * 1000,
    ],
)
def test_text_and_dicts_that_would_take_all_memory_are_refused(read, tampered, value):
    files = tampered("recognition", lambda config: config["fitted"].update(x_=value))
    with little_memory(2**27), pytest.raises(UnreadableFileError, match="cannot be used"):
        read("recognition", files)


@pytest.mark.parametrize("length", [0, 99_999_999, 100_000_000, 2**31, 2**63, 2**64 - 1])
@pytest.mark.parametrize("name", FOLDERS)
def test_lengths_of_headers_that_lie_are_refused(readers, read, name, length):
    header, content = split(readers[name].samples[0][WEIGHTS])
    weights = joined(header, content, length)
    with little_memory(), pytest.raises(UnreadableFileError, match="no safetensors file"):
        read(name, sealed(readers[name].samples[0] | {WEIGHTS: weights}))


@pytest.mark.parametrize(
    ("name", "part", "value"),
    [
        ("recognition", "negative_slope", "0.2"),
        ("recognition", "negative_slope", 1e999),
        ("recognition", "pool_size", 8.0),
        ("recognition", "pool_stride", 10**30),
        ("recognition", "head_dropout", -1),
        ("recognition", "n_tasks", 7.0),
        ("masked", "n_heads", 0),
        ("masked", "n_heads", 10**30),
        ("masked", "n_heads", 4),
        ("masked", "dropout", "0.1"),
        ("masked", "more", 1),
    ],
)
def test_architectures_with_which_nothing_can_be_computed_are_refused(
    read, tampered, name, part, value
):
    def change(config):
        config["fitted"]["architecture_"][part] = value

    with pytest.raises(UnreadableFileError, match="cannot be used"):
        read(name, tampered(name, change))


@pytest.mark.parametrize("value", [0, 3, -5, True, 10**30])
@pytest.mark.parametrize("name", ["recognition", "classifier"])
def test_windows_of_another_length_are_refused(read, tampered, name, value):
    if name == "recognition" and value > 22:
        pytest.skip("it takes windows of any length that its pools do")
    with pytest.raises(UnreadableFileError, match="cannot be used"):
        read(name, tampered(name, lambda config: config["fitted"].update(n_features_in_=value)))


@pytest.mark.parametrize(
    "value", [{"$array": [], "dtype": "<U1"}, {"$array": ["calm"], "dtype": "|O"}, ["calm", "glad"]]
)
def test_classes_that_are_none_are_refused(read, tampered, value):
    with pytest.raises(UnreadableFileError, match="cannot be used"):
        read("classifier", tampered("classifier", lambda c: c["fitted"].update(classes_=value)))


def test_more_layers_than_weights_are_not_built(readers, read, tampered):
    def change(config):
        config["fitted"]["architecture_"]["filters"] = {"$tuple": [3] * 1000}
        config["fitted"]["architecture_"]["kernel_sizes"] = {"$tuple": [3] * 1000}
        config["fitted"]["architecture_"]["convs_per_block"] = 1000

    files = tampered("recognition", change)
    more = {f"state_/{i}": np.zeros(1, np.float32) for i in range(2000)}
    files = sealed(files | {WEIGHTS: save(load(files[WEIGHTS]) | more)})
    with pytest.raises(UnreadableFileError, match="does not go with"):
        read("recognition", files)


# Checkpoints


@pytest.mark.parametrize("slot", ["exp_avg", "exp_avg_sq", "step"])
@pytest.mark.parametrize("shape", [(), (1,), (0,), (3,), None])
def test_moments_of_another_shape_are_refused(readers, read, slot, shape):
    """Adam's fused kernel would write beyond their ends."""
    files = readers["checkpoint"].samples[0]
    arrays = load(files[WEIGHTS])
    name = f"optimizer/0/{slot}"
    if arrays[name].shape == shape:
        pytest.skip("that is its shape")
    arrays[name] = np.zeros(arrays[name].shape if shape is None else shape, np.float64)
    with pytest.raises(UnreadableFileError, match=f"'{slot}' is another array"):
        read("checkpoint", sealed(files | {WEIGHTS: save(arrays)}))


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("history", [{"epoch": 1, "train_loss": "low"}]),
        ("history", [{"epoch": 7}]),
        ("history", [1]),
        ("learning_rates", [None, None]),
        ("learning_rates", [1e999, 1.0]),
        ("batches", -1),
        ("batches", 10**400),
        ("streams", {}),
        ("early_stopping", {"patience": 10**9}),
        ("early_stopping", {"misses_": 0, "dynamic_threshold_": "x", "best_epoch_": 1}),
    ],
)
def test_trainings_that_are_none_are_refused(read, tampered, part, value):
    """Also where the training may stop early, which has its say when it ends."""
    files = tampered("checkpoint", lambda c: c["training"].update({part: value}), sample=1)
    with pytest.raises(UnreadableFileError, match="does not hold a training of this network"):
        read("checkpoint", files, sample=1)


@pytest.mark.parametrize("seeds", [[], [1, 2], ["x"] * 6, [2**70] * 6, [-1] * 6, [1.5] * 6])
def test_seeds_that_are_none_are_refused(read, tampered, seeds):
    with pytest.raises(UnreadableFileError, match="holds no seeds"):
        read("checkpoint", tampered("checkpoint", lambda config: config.update(seeds=seeds)))
