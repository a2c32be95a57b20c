"""Values of parameters: valid ones, from what the estimators declare, and all others."""

from numbers import Integral

import numpy as np
from hypothesis import strategies as st
from sklearn.utils._param_validation import make_constraint

from sklearn_ecgssl._compat import Interval, StrOptions
from sklearn_ecgssl.transforms import AddNoise, Negate, Scale, TimeWarp
from tests.properties.strategies import log_uniform
from tests.tiny import tiny_masked, tiny_pretrainer

INTEGERS = [int, np.int8, np.uint8, np.int16, np.int32, np.int64, np.uint64]
REALS = [float, np.float16, np.float32, np.float64, np.longdouble]
#: The largest values that are tried, so that a fit takes milliseconds.
CAPS = {
    "max_epochs": 1, "n_layers": 3, "convs_per_block": 3, "feedforward": 8, "n_heads": 5,
    "batch_size": 64, "pool_size": 9, "pool_stride": 9, "span_length": 70, "n_pieces": 70,
    "sampling_rate": 3000, "original_rate": 3000, "window_length": 2, "learning_rate": 0.1,
    "trunk_learning_rate": 0.1, "l2": 1, "dropout": 0.9, "head_dropout": 0.9, "factor": 1e6,
    "low": 40, "high": 40, "notch_quality": 1e4,
}  # fmt: skip
sizes = st.lists(st.integers(1, 8), min_size=1, max_size=3)
hidden = st.lists(st.integers(1, 8), max_size=2)
aggregate = st.sampled_from([None, "max", ["mean"], ("std", "max"), ["rhythm"], ["mean", "rhythm"]])
pretrainers = st.sampled_from([tiny_pretrainer(max_epochs=0), tiny_masked(max_epochs=0)])
#: What cannot be told from a declaration; None where the default is kept.
BY_NAME = {
    "notch": st.none() | st.floats(1, 31) | st.lists(st.floats(1, 31), max_size=3),
    "filters": sizes,
    "kernel_sizes": sizes,
    "hidden": hidden | hidden.map(tuple) | hidden.map(lambda units: np.array(units, dtype=int)),
    "head_hidden": hidden,
    "task_weights": st.none()
    | st.lists(st.floats(0, 9), min_size=7, max_size=7)
    | st.dictionaries(st.sampled_from(["noise", "original"]), st.floats(0, 9)),
    "transforms": st.none()
    | st.lists(
        st.sampled_from(
            [
                ("a", AddNoise(3)),
                ("b", Scale(2)),
                ("c", Negate()),
                ("d", TimeWarp(3)),
                ("e", "drop"),
            ]
        ),
        unique_by=lambda pair: pair[0],
    ),
    "class_weight": st.sampled_from([None, "balanced", "positive", {0: 1, 1: 2.5}]),
    "device": st.sampled_from(["auto", "cpu"]),
    "layer": st.sampled_from(["last", "all", "block1", "block2"]),
    "aggregate": aggregate,
    "features": st.sampled_from(["auto", ["mean_hr"], ("rmssd", "sdnn"), ["lf"]]),
    "pretrainer": pretrainers,
    "verbose": st.just(0),
    **dict.fromkeys(["memory", "checkpoint", "segmenter", "estimator", "classifier"]),
}
#: What no parameter of any estimator means.
NEVER = [object(), 1j, np.nan, np.inf, -np.inf, {1}, b"x", [[1], [2, 3]], [object()]]
#: What some parameters mean and others do not.
SELDOM = [
    None, True, False, "x", "", "auto", {}, {"a": 1}, [], (), [0], [-1], [1.5], [None], [True],
    ["x"], [["max"]], [10**9], [10**9] * 2, [None] * 7, ["x"] * 7, np.zeros((2, 2)),
    np.array([]), np.array([2.5]), range(3), int, len, 0, 0.0, -1, 0.5, 1, 1.0, 2.5, 10**9, 10**30,
    -(10**9), 1e300, -1e300, 1e-300, 5e-324, 10**400, np.array(2), np.array(0.5),
]  # fmt: skip

integers = st.integers(-5000, 5000) | st.sampled_from([2**31 - 1, 2**31, 2**63, -(2**63), 10**99])
numbers = integers | st.floats() | st.complex_numbers() | st.booleans()
anything = st.recursive(
    st.none() | numbers | st.text(max_size=3) | st.binary(max_size=3),
    lambda values: st.one_of(
        st.lists(values, max_size=3),
        st.lists(values, max_size=3).map(tuple),
        st.dictionaries(st.text(max_size=3), values, max_size=2),
        st.lists(numbers, max_size=3).map(np.array),
        numbers.map(np.array),
    ),
    max_leaves=4,
)


def declared(estimator):
    """The constraints of an estimator's parameters."""
    return {
        name: [make_constraint(constraint) for constraint in constraints]
        for name, constraints in type(estimator)._parameter_constraints.items()
    }


def allows(constraints, value):
    return any(constraint.is_satisfied_by(value) for constraint in constraints)


def numbers_in(interval, name):
    """Numbers of an interval, in any of numpy's and Python's types."""
    cap = min(CAPS.get(name, np.inf), np.inf if interval.right is None else interval.right)
    if interval.type is Integral:
        low = 0 if interval.left is None else interval.left
        plain = st.integers(low, int(min(cap, low + 100)))
        return st.builds(as_type, plain, st.sampled_from(INTEGERS))
    low = -50.0 if interval.left is None else float(interval.left)
    high = float(min(cap, low + 200))
    plain = st.floats(low, high) | log_uniform(1e-4, 1).map(lambda u: low + u * (high - low))
    typed = st.builds(as_type, plain, st.sampled_from([int, *REALS]))
    return typed.filter(interval.is_satisfied_by)


def as_type(number, kind):
    """The number as a type, if that holds it."""
    with np.errstate(over="ignore"):
        try:
            typed = kind(number)
        except OverflowError:
            return number
    return typed if abs(float(typed) - number) <= 0.01 * abs(number) else number


def valid(name, constraints):
    """Values that a parameter's declaration allows; None where the default is kept."""
    if name in BY_NAME:
        return BY_NAME[name]
    strategies = []
    for constraint in constraints:
        if isinstance(constraint, Interval):
            strategies.append(numbers_in(constraint, name))
        elif isinstance(constraint, StrOptions):
            strategies.append(st.sampled_from(sorted(constraint.options)))
        elif constraint.is_satisfied_by(np.random.RandomState()):
            strategies.append(
                st.integers(0, 2**32 - 1) | st.builds(np.random.RandomState, st.just(0))
            )
        elif constraint.is_satisfied_by(None):
            strategies.append(st.none())
        elif constraint.is_satisfied_by(np.True_):
            strategies.append(st.sampled_from([True, False, np.True_, np.False_]))
    assert strategies, f"{name}: say in BY_NAME which values are valid"
    return st.one_of(strategies)


@st.composite
def valid_parameters(draw, estimator):
    """Some valid parameters of an estimator, each valid by itself."""
    params = {}
    for name, constraints in declared(estimator).items():
        strategy = valid(name, constraints)
        if strategy is not None and draw(st.booleans()):
            params[name] = draw(strategy)
    if "filters" in params or "kernel_sizes" in params:
        n = draw(st.integers(1, 3))
        for name in ("filters", "kernel_sizes"):
            params[name] = draw(st.lists(st.integers(1, 8), min_size=n, max_size=n))
    return params
