"""Slow, obvious numpy versions of the transformations, one window at a time."""

from itertools import pairwise

import numpy as np


def permute(window, order):
    """Lay the pieces of `window` in `order`."""
    edges = [i * len(window) // len(order) for i in range(len(order) + 1)]
    pieces = [window[a:b] for a, b in pairwise(edges)]
    return np.concatenate([pieces[i] for i in order])


def time_warp(window, stretched, stretch):
    """Warp each piece by `np.interp`; returns the joined pieces, not cropped."""
    size = len(window) // len(stretched)
    out = []
    for i, is_stretched in enumerate(stretched):
        piece = window[i * size : (i + 1) * size]
        length = int(np.ceil(size * stretch if is_stretched else size / stretch))
        out.append(np.interp(np.linspace(0, size - 1, length), np.arange(size), piece))
    return np.concatenate(out)
