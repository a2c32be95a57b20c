"""Encoders by name or folder, and their features of windows and of recordings."""

from dataclasses import dataclass

import numpy as np

from sklearn_ecgssl.pretext import MaskedPretrainer, load_pretrained

from .pretrained import untrained
from .rhythm_data import People, Signals

#: The layer of what comparisons have learnt.
SCORES = "scores"


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


def pool(signals: Signals, frozen: Frozen, of: list[People]) -> dict[str, np.ndarray]:
    """Compute the features of recordings, by how windows of 10 s are pooled, or without windows."""
    parts = [pool_windows(signals, frozen, people) for people in of]
    pooled = {way: np.concatenate([part[way] for part in parts]) for way in parts[0]}
    if frozen.any_length:
        whole = [encode_whole(frozen, signals.whole(people, frozen.rate)) for people in of]
        pooled["whole"] = np.concatenate(whole)
    return pooled


def pool_windows(signals: Signals, frozen: Frozen, people: People) -> dict[str, np.ndarray]:
    X, recording = signals.windows(people, frozen.rate)
    ends = np.flatnonzero(np.diff(recording)) + 1
    mean, std = mean_and_std(np.split(frozen.features(X), ends))
    ways = {"mean": mean, "mean, std": np.hstack([mean, std])}
    if frozen.scores is not None:
        ways[SCORES] = np.hstack(mean_and_std(np.split(frozen.scores.features(X), ends)))
    return ways


def mean_and_std(of: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    return np.stack([rows.mean(axis=0) for rows in of]), np.stack([rows.std(axis=0) for rows in of])


def encode_whole(frozen: Frozen, recordings: list[np.ndarray]) -> np.ndarray:
    """Encode recordings of several lengths, those of one length together."""
    lengths = np.array([len(x) for x in recordings])
    features = {}
    for n in np.unique(lengths):
        own = np.flatnonzero(lengths == n)
        found = frozen.features(np.stack([recordings[i] for i in own]))
        features |= dict(zip(own.tolist(), found, strict=True))
    return np.stack([features[i] for i in range(len(recordings))])
