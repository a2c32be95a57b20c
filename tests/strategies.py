"""What properties are tried on: recordings, windows, and how they are stored."""

import numpy as np
from hypothesis import strategies as st

#: How numbers may be stored; float32 is what is not copied.
dtypes = st.just("f4") | st.sampled_from(["f2", "f8", ">f4", ">f8", "i1", ">i2", "i4", "i8", "u1"])
layouts = st.sampled_from(["plain", "read-only", "every second", "reversed", "column"])
seeds = st.integers(0, 2**32 - 1)


def log_uniform(low, high):
    """Floats whose orders of magnitude are equally likely, the bounds among them."""
    return st.floats(np.log(low), np.log(high)).map(
        lambda exponent: float(np.clip(np.exp(exponent), low, high))
    )


def rates():
    """Sampling rates in Hz: usual ones, whole ones, any."""
    usual = st.sampled_from([64, 128, 256, 250, 500, 700, 1000, 1000 / 3])
    return usual | st.integers(1, 2000) | log_uniform(1, 2000)


@st.composite
def signals(draw, n_times):
    """A float32 signal of `n_times` samples: noise, steps, spikes, or numbers from a short list."""
    rng = np.random.default_rng(draw(seeds))
    kind = draw(st.sampled_from(["noise", "walk", "spikes", "numbers"]))
    if kind == "numbers":
        values = st.sampled_from([0.0, 1.0, -1.0, 0.5, 3.0, -7.0, 100.0])
        x = np.array(draw(st.lists(values, min_size=n_times, max_size=n_times)))
    elif kind == "spikes":
        x = 0.01 * rng.normal(size=n_times) + 5 * (rng.random(n_times) < 0.1)
    else:
        x = rng.normal(size=n_times)
        x = x.cumsum() if kind == "walk" else x
    amplitude = draw(st.sampled_from([1e-4, 1.0, 30.0, 3e3]))
    offset = draw(st.sampled_from([0.0, 0.0, 1.0, -20.0]))
    return (amplitude * (x + offset)).astype(np.float32)


@st.composite
def ragged(draw, min_size=1, max_size=4, min_times=1, max_times=80):
    """A list of float32 recordings of any lengths."""
    times = st.integers(min_times, max_times)
    lengths = draw(st.lists(times, min_size=min_size, max_size=max_size))
    return [draw(signals(n)) for n in lengths]


@st.composite
def matrices(draw, max_times=80):
    """A float32 array of one to four recordings, or windows, of one length."""
    n_times = draw(st.integers(1, max_times))
    return np.stack([draw(signals(n_times)) for _ in range(draw(st.integers(1, 4)))])


def stored(x, dtype, layout):
    """The numbers of `x`, rounded to `dtype`, in a memory layout."""
    dtype = np.dtype(dtype)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        x = np.clip(np.round(x), max(limits.min, -(2**24)), min(limits.max, 2**24))
    elif dtype.itemsize == 2:
        x = np.clip(x, -6e4, 6e4)
    x = x.astype(dtype)
    if layout == "every second":
        return np.repeat(x, 2, axis=-1)[..., ::2]
    if layout == "reversed":
        return x[..., ::-1].copy()[..., ::-1]
    if layout == "column":
        return np.asfortranarray(np.stack([x, x], axis=-1))[..., 0]
    x.flags.writeable = layout != "read-only"
    return x


def attempt(function, *args):
    """What a function returns, and None; or None, and the message with which it refuses."""
    try:
        return function(*args), None
    except (ValueError, TypeError) as error:
        return None, str(error)


def assert_same(first, second):
    """Fail unless two lists, or arrays, of recordings hold the same bits."""
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
