"""Rates and ratios that hold on a shared machine: everything is timed in turn, round by round."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass
class Rate:
    """How many items a second, in every round."""

    rates: list[float]

    @property
    def median(self) -> float:
        return float(np.median(self.rates))

    def over(self, other: "Rate") -> float:
        """Median over the rounds of the ratio to another rate of the same round."""
        return float(np.median(np.divide(self.rates, other.rates)))


def time_in_turn(works: dict[str, Callable[[], float]], rounds: int) -> dict[str, Rate]:
    """Time pieces of work, A B C A B C ...; each returns how many items it worked through."""
    rates: dict[str, Rate] = {name: Rate([]) for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            start = time.perf_counter()
            n_items = work()
            rates[name].rates.append(n_items / (time.perf_counter() - start))
    return rates
