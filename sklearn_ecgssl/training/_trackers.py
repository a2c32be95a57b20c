"""Experiment trackers by name, for those who cannot pass a function."""

from collections.abc import Callable
from functools import partial

from skorch.callbacks import Callback, MlflowLogger, TensorBoard, WandbLogger


def _tensorboard(folder: str) -> Callback:
    from torch.utils.tensorboard import SummaryWriter

    return TensorBoard(SummaryWriter(folder or None))


def _mlflow(experiment: str) -> Callback:
    from mlflow import MlflowClient

    client = MlflowClient()
    name = experiment or "Default"
    found = client.get_experiment_by_name(name)
    run = client.create_run(found.experiment_id if found else client.create_experiment(name))
    # without skorch's pickles of the network: the encoder is what is to be saved
    return MlflowLogger(run, client, create_artifact=False)


def _wandb(project: str) -> Callback:
    import wandb

    # its own saving asks for what only a plain skorch net records
    return WandbLogger(wandb.init(project=project or None), save_model=False)


#: What makes each tracker's callback, given where it keeps things ("": as it likes).
TRACKERS: dict[str, Callable[[str], Callback]] = {
    "tensorboard": _tensorboard,
    "mlflow": _mlflow,
    "wandb": _wandb,
}


def tracker(name: str, where: str = "") -> Callable[[], Callback]:
    """Make what a pretrainer's `callbacks` takes, for a tracker that is installed.

    Parameters
    ----------
    name : {"tensorboard", "mlflow", "wandb"}
        The tracker.
    where : str, default=""
        Folder of TensorBoard, experiment of MLflow, project of Weights & Biases. Empty takes the
        tracker's own default.

    Returns
    -------
    callable
        Returns skorch's callback.

    Raises
    ------
    ValueError
        If there is no such tracker.
    """
    if name not in TRACKERS:
        raise ValueError(f"trackers are {', '.join(TRACKERS)}, got {name!r}.")
    return partial(_installed, name, where)


def _installed(name: str, where: str) -> Callback:
    try:
        return TRACKERS[name](where)
    except ImportError as error:
        raise ImportError(f"{name} is not installed: pip install {name}") from error
