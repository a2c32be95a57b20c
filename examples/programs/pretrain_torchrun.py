"""
Pretraining on several GPUs or hosts
====================================

One network, learnt by several processes, each of which works on its part of every batch::

    cd examples/programs
    torchrun --nproc-per-node 2 pretrain_torchrun.py --windows corpus.npy
    accelerate launch --multi_gpu --num_processes 2 pretrain_torchrun.py --windows corpus.zarr

Only the launcher is new: pretrainers find the other processes by themselves, each takes a GPU of
its own where there are any, and all end with the same estimator. On several hosts, ``torchrun`` is
started on each (``--nnodes 4 --rdzv-backend c10d --rdzv-endpoint HOST:PORT``), and every host must
see the array of windows.

A process that dies ends all of them; the same command goes on from the last epoch. Without
``--windows`` it learns from a **simulated** corpus.
"""

import argparse
import os
from pathlib import Path

import numpy as np
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl import (
    ECGFilter,
    PretextPretrainer,
    Segmenter,
    TrimmedScaler,
    make_cohort,
)

parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[1])
parser.add_argument("--windows", type=Path, help="corpus.npy or corpus.zarr, of prepare_windows")
parser.add_argument("--output", type=Path, default=Path("encoder"), help="folder of the encoder")
parser.add_argument("--checkpoint", type=Path, default=Path("checkpoint"), help="to go on from")
parser.add_argument("--epochs", type=int, default=30)
parser.add_argument("--batch-size", type=int, default=128, help="of all processes together")
parser.add_argument("--shuffle-buffer", type=int, default=100_000, help="windows in memory of each")
args = parser.parse_args()

# %%
# Every process runs this script and is given the same windows, of which it reads its part.

if args.windows:
    if args.windows.suffix == ".npy":
        windows = np.load(args.windows, mmap_mode="r")
    else:
        import zarr

        windows = zarr.open_array(args.windows, mode="r")
    subject = np.load(args.windows.with_suffix(".subject.npy"))
else:
    cohort = make_cohort(n_subjects=10, duration=120, random_state=0)
    prepare = make_pipeline(ECGFilter(), TrimmedScaler(), Segmenter())
    recordings = prepare.fit_transform(cohort.recordings)
    windows = np.concatenate(recordings)
    subject = np.repeat(cohort.subject, [len(recording) for recording in recordings])

# %%
# The batch size is that of all processes together, so that a run does not depend on their number.
# For many GPUs, raise it and the learning rate.

pretrainer = PretextPretrainer(
    max_epochs=args.epochs,
    batch_size=args.batch_size,
    shuffle_buffer=args.shuffle_buffer if args.windows else None,
    validation_fraction=0.1,
    checkpoint=args.checkpoint,
    random_state=0,
    verbose=1,
)
pretrainer.fit(windows, groups=subject)

# %%
# All processes hold the same estimator. One of them saves it.

if os.environ.get("RANK", "0") == "0":
    pretrainer.save_pretrained(args.output, sampling_rate=256)
    last = pretrainer.history_[-1]
    print(f"{args.output}: {pretrainer.n_epochs_} epochs, held-out loss {last['valid_loss']:.3f}")
