"""Each transformation: windows a second, against a loop over windows in numpy."""

import numpy as np
import torch

from sklearn_ecgssl.training._device import keep_freed_memory
from sklearn_ecgssl.transforms import default_transforms

from .ecg import simulated_windows
from .naive import TRANSFORMS
from .tables import print_table
from .timing import time_in_turn

BATCH = 128


def run(args) -> None:
    keep_freed_memory()  # as in a fit
    windows = simulated_windows(BATCH)
    on_device = torch.from_numpy(windows).to(args.device)
    generator = torch.Generator(args.device).manual_seed(0)
    rng = np.random.default_rng(0)
    rows = []
    for name, transform in default_transforms():

        def loop(function=TRANSFORMS[name]) -> float:
            for _ in range(4):
                np.stack([function(window, rng) for window in windows]).astype(np.float32)
            return 4 * BATCH

        def batch(transform=transform) -> float:
            for _ in range(20):
                transform.apply(on_device, generator)
            if args.device == "cuda":
                torch.cuda.synchronize()
            return 20 * BATCH

        works = {"loop": loop, "batch": batch}
        time_in_turn(works, 1)
        rates = time_in_turn(works, args.rounds)
        ratio = rates["batch"].over(rates["loop"])
        rows.append([name, rates["loop"].median, rates["batch"].median, ratio])
    print_table([f"batches of {BATCH}", "numpy loop, windows/s", "ours, windows/s", "x loop"], rows)
