"""Run tasks in parallel, keep what is done, and collect what came out."""

import tempfile
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

from joblib import Parallel, delayed
from tqdm.auto import tqdm

from ._labelled_windows import LabelledWindows
from ._results import EvaluationResults, import_pandas
from ._store import OutcomeStore
from ._tasks import Measure, Outcome, Task, run_task


def run_tasks(
    tasks: list[Task],
    windows: LabelledWindows,
    *,
    notes: dict[str, str],
    measure: Measure | None = None,
    folder: Any = None,
    memory: Any = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> EvaluationResults:
    """Run every task that is not done yet.

    Tasks that share their pretraining run one after the other: those of the same fold, or of all
    folds whose pretrainers learn from the same windows. All else runs in parallel.

    Parameters
    ----------
    tasks : list of Task
        What to do.
    windows : LabelledWindows
        All windows.
    notes : dict of str to str
        What the reader must know, by protocol or estimator.
    measure : callable or None, default=None
        More numbers about each fitted estimator.
    folder : path-like or None, default=None
        Where outcomes are kept as they come. Those that are there are not computed again.
    memory : path-like, joblib.Memory or None, default=None
        Where pretrainers keep their fits. None: a temporary folder.
    n_jobs : int or None, default=None
        Processes, as joblib counts them.
    verbose : int, default=0
        1 shows a progress bar.

    Returns
    -------
    EvaluationResults
        All outcomes, in the order of the tasks.
    """
    import_pandas()  # what is missing is said before, not after, hours of fitting
    store = None if folder is None else OutcomeStore(folder, windows.digest())
    found = {i: store.load(t, windows.target.dtype) for i, t in enumerate(tasks)} if store else {}
    done = {i: outcome for i, outcome in found.items() if outcome is not None}
    waiting = [(i, task) for i, task in enumerate(tasks) if i not in done]
    with tempfile.TemporaryDirectory() as temporary:
        kept = temporary if memory is None else memory
        jobs = (delayed(_run_job)(job, windows, kept, measure, store) for job in _jobs(waiting))
        results = Parallel(n_jobs=n_jobs, return_as="generator_unordered")(jobs)
        for i, outcome in _with_progress(results, len(tasks), len(done), verbose):
            done[i] = outcome
    outcomes = [done[i] for i in range(len(tasks))]
    _warn_of_failures(outcomes)
    return EvaluationResults(outcomes, windows, notes)


def _jobs(tasks: list[tuple[int, Task]]) -> list[list[tuple[int, Task]]]:
    # In two processes at once, pretrainers that share a memory would not find each other's fits.
    jobs: dict[tuple[str, int | bytes], list[tuple[int, Task]]] = {}
    for i, task in tasks:
        jobs.setdefault(_shared_pretraining(task), []).append((i, task))
    return list(jobs.values())


def _shared_pretraining(task: Task) -> tuple[str, int | bytes]:
    windows = int(task.labels["fold"]) if task.pretrain is None else task.pretrain.tobytes()
    return str(task.labels["protocol"]), windows


def _run_job(
    job: list[tuple[int, Task]],
    windows: LabelledWindows,
    memory: Any,
    measure: Measure | None,
    store: OutcomeStore | None,
) -> list[tuple[int, Outcome]]:
    outcomes = []
    for i, task in job:
        outcome = run_task(task, windows, memory, measure)
        if store is not None:
            store.save(task, outcome)
        outcomes.append((i, outcome))
    return outcomes


def _with_progress(
    jobs: Iterable[list[tuple[int, Outcome]]], total: int, already: int, verbose: int
) -> Iterator[tuple[int, Outcome]]:
    with tqdm(total=total, initial=already, desc="folds", unit="fit", disable=not verbose) as bar:
        for outcomes in jobs:
            bar.update(len(outcomes))
            yield from outcomes


def _warn_of_failures(outcomes: list[Outcome]) -> None:
    failed = [outcome for outcome in outcomes if outcome.error]
    if failed:
        first = ", ".join(f"{name} {value}" for name, value in failed[0].labels.items())
        warnings.warn(
            f"{len(failed)} of {len(outcomes)} fits failed and are left out of the scores; see "
            f"`failures`. The first, {first}: {failed[0].error}",
            stacklevel=3,
        )
