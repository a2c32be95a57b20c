"""What the benchmarks compare with must be the same method, or their ratios mean nothing."""

# ruff: noqa: E402

import numpy as np
import torch

from sklearn_ecgssl.datasets import save_recordings
from sklearn_ecgssl.networks import (
    ComparisonNet,
    ConvTrunk,
    DilatedTrunk,
    MaskedTransformer,
    RecognitionNet,
    TransformerTrunk,
)
from sklearn_ecgssl.pretext import PretextPretrainer
from sklearn_ecgssl.transforms import RandomAugmentation, default_transforms
from tests.checkout import checkout

checkout()  # the benchmarks are no part of the package

from benchmarks import (
    naive,
    naive_comparisons,
    naive_transformer,
    rhythm,
    rhythm_data,
    rhythm_labels,
)


def test_naive_network_is_ours():
    ours, port = RecognitionNet(ConvTrunk()).eval(), naive.Network().eval()
    with torch.no_grad():
        for mine, theirs in zip(ours.parameters(), port.parameters(), strict=True):
            theirs.copy_(mine.reshape(theirs.shape))  # convolutions have a dimension less
        windows = torch.randn(2, 300)
        torch.testing.assert_close(port(windows), ours(windows), rtol=1e-4, atol=1e-5)


def test_plain_transformer_has_our_sizes():
    ours, port = MaskedTransformer(TransformerTrunk()), naive_transformer.Network(n_times=300)
    sizes = [sorted(p.numel() for p in network.parameters()) for network in (ours, port)]
    assert sizes[0] == sizes[1]
    windows = torch.zeros(2, 300)
    assert port(windows).shape == ours(windows).shape


def test_plain_comparisons_are_ours():
    preset = PretextPretrainer.from_preset("rhythm")
    ours, port = ComparisonNet(DilatedTrunk(), 3, n_tasks=0), naive_comparisons.Network()
    with torch.no_grad():
        for mine, theirs in zip(ours.parameters(), port.parameters(), strict=True):
            theirs.copy_(mine.reshape(theirs.shape))
        pairs = torch.randn(3, 2, 300)
        torch.testing.assert_close(port(pairs), ours(pairs)[1], rtol=1e-4, atol=1e-5)
    (_, tempo), *others = preset.comparisons
    assert tempo.stretch == naive_comparisons.STRETCH
    assert tuple(one.n_knots for _, one in others) == naive_comparisons.KNOTS
    assert {one.strength for _, one in others} == {naive_comparisons.STRENGTH}
    augmentation = RandomAugmentation()
    ranges = augmentation.low_pass, augmentation.snr_db, augmentation.factor
    in_port = naive_comparisons
    assert ranges == (in_port.LOW_PASS, in_port.SNR_DB, in_port.FACTOR)


def test_naive_tasks_are_ours():
    assert PretextPretrainer()._task_weights() == naive.TASK_WEIGHTS
    assert list(naive.TRANSFORMS) == [name for name, _ in default_transforms()]
    window, rng = np.random.default_rng(0).normal(size=2560), np.random.default_rng(1)
    for name in ("scale", "negate", "flip"):
        ours = dict(default_transforms())[name].transform(window[None])[0]
        np.testing.assert_allclose(naive.TRANSFORMS[name](window, rng), ours, rtol=1e-6)


def test_windows_begin_at_the_same_times_at_every_rate(tmp_path):
    time = np.arange(25 * 500) / 500
    tones = [np.sin(2 * np.pi * 5 * time), np.sin(2 * np.pi * 7 * time[:-1000])]
    path = save_recordings(tmp_path / "two.npz", tones, 500, ["a", "b"])
    people, signals = rhythm_data.read(path), rhythm_data.Signals()
    fast, recording = signals.windows(people, 256, seconds=5)
    slow, same = signals.windows(people, 128, seconds=5)
    np.testing.assert_array_equal(recording, [0] * 5 + [1] * 4)
    np.testing.assert_array_equal(same, recording)
    np.testing.assert_allclose(fast[:, 300:-300:2], slow[:, 150:-150], atol=0.15)


def test_no_label_of_the_asked_has_a_say():
    rng = np.random.default_rng(0)
    target = np.array(["N", "O", "A"])[np.arange(90) % 3]
    X = rng.normal(size=(90, 40)) + 3 * np.eye(3)[np.arange(90) % 3].repeat(14, axis=1)[:, :40]
    task = rhythm_labels.Task(target, np.arange(60), np.arange(60, 90))
    (told,) = rhythm_labels.score([(X, 1.0), (X[:, :4], 0.2)], task, [1.0])
    assert float(told) > 0.9
    alone = rhythm_labels.score([(X[:, :4], 1.0), (rng.normal(size=(90, 40)), 1.0)], task, [1.0])
    assert float(alone[0]) < float(told)
    swapped = np.where(np.arange(90) < 60, target, np.roll(target, 1))
    other = rhythm_labels.Task(swapped, task.train, task.test)
    other_labels = rhythm_labels.score([(X, 1.0)], other, [1.0])
    assert float(other_labels[0]) < 0.2


def test_a_person_is_recognised_among_the_enrolled():
    subject = np.array(["a", "b", "a", "b", "b"])
    enrolled = np.array([True, True, False, False, False])
    X = np.array([[1.0, 0.0], [0.0, 1.0], [0.9, 0.1], [0.1, 0.9], [0.8, 0.2]])
    np.testing.assert_array_equal(rhythm.recognised((X,), subject, enrolled), [1, 0.5])


def test_rate_is_told_from_features_that_hold_it():
    hrv = np.random.default_rng(0).uniform(10, 90, size=(100, 4))
    rate = rhythm.targets_of(hrv)[:, :1]
    subject = np.arange(100) // 4
    assert rhythm.explained(hrv, rate, subject) > 0.99
    assert rhythm.explained(hrv[:, 1:], rate, subject) < 0.1
