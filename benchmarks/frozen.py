"""Encoders by name or folder, and their features of windows and of recordings."""

from dataclasses import dataclass

import numpy as np

from sklearn_ecgssl.pretext import MaskedPretrainer, load_pretrained

from .encoders import untrained
from .rhythm_data import People, Signals

#: The layer of what comparisons have learnt.
SCORES = "scores"
#: Variance of features beside scores, whose own is 1. Chosen on people held out of the corpus.
SHARE = 0.2


@dataclass
class Frozen:
    """An encoder, how fast its windows are sampled, and which features of it."""

    name: str
    encoder: object
    rate: int
    kind: str | None = None

    def features(self, X: np.ndarray) -> np.ndarray:
        if self.kind in self.encoder.layer_names():
            return self.encoder.encode(X, layer=self.kind, sampling_rate=self.rate)
        return self.encoder.encode(X, aggregate=self.kind, sampling_rate=self.rate)

    @property
    def scores(self) -> "Frozen | None":
        """The same encoder with the scores of its comparisons as features, if it has any."""
        there = SCORES in self.encoder.layer_names()
        return Frozen(self.name, self.encoder, self.rate, SCORES) if there else None

    def with_twin(self, X: np.ndarray) -> list["Frozen"]:
        """This one, and the same network as it is initialised for windows like these."""
        drawn = untrained(self.encoder, X[:64], seed=0)
        return [self, Frozen(f"{self.name} untrained", drawn, self.rate, self.kind)]

    @property
    def any_length(self) -> bool:
        """Whether it encodes windows of other lengths than 10 s."""
        try:
            self.features(np.random.default_rng(0).normal(size=(1, 30 * self.rate)))
        except ValueError:
            return False
        return True


def load(place: str, device: str) -> Frozen:
    """Load an encoder by name or folder; `:mean` behind it asks for an aggregation or a layer."""
    name, _, kind = place.partition(":")
    encoder = load_pretrained(name, device=device)
    usual = 128 if isinstance(encoder, MaskedPretrainer) else 256
    return Frozen(place, encoder, round(encoder.sampling_rate_ or usual), kind or None)


def load_those_there(places: list[str], device: str) -> list[Frozen]:
    """Load encoders; one that cannot be had is left out, and that is said."""
    found = []
    for place in places:
        try:
            found.append(load(place, device))
        except FileNotFoundError as error:
            print(f"without {place}: it is missing ({error})\n")
    return found


def pool(signals: Signals, frozen: Frozen, of: list[People]) -> list[tuple[np.ndarray, float]]:
    """Compute features of recordings, from their windows of 10 s, and what variance each has.

    Mean and standard deviation. Of an encoder that compares, these are of its few scores, and the
    means of its many features weigh less beside them.
    """
    mean, std = mean_and_std(signals, frozen, of)
    if frozen.scores is None:
        return [(np.hstack([mean, std]), 1.0)]
    scores = np.hstack(mean_and_std(signals, frozen.scores, of))
    return [(scores, 1.0), (mean, SHARE)]


def mean_and_std(
    signals: Signals, frozen: Frozen, of: list[People]
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation over the windows of each recording."""
    pooled = []
    for people in of:
        X, recording = signals.windows(people, frozen.rate)
        windows = np.split(frozen.features(X), np.flatnonzero(np.diff(recording)) + 1)
        pooled += [(rows.mean(axis=0), rows.std(axis=0)) for rows in windows]
    mean, std = zip(*pooled, strict=True)
    return np.stack(mean), np.stack(std)
