"""The random streams of a training, each with a seed of its own."""

from typing import Any

import numpy as np
import torch


class RandomStreams:
    """Draw dropout, the order of windows and what is drawn for inputs from separate streams.

    Parameters
    ----------
    seeds : list of four int
        Seeds of dropout, of the order of the windows, of inputs in training and of those on
        held-out windows.
    device : torch.device
        Where dropout and inputs are drawn.

    Attributes
    ----------
    dropout : torch.Generator
        For dropout.
    order : numpy.random.Generator
        For the order of the windows.
    inputs : torch.Generator
        For inputs in training.
    """

    def __init__(self, seeds: list[int], device: torch.device) -> None:
        self.seeds = seeds
        self.device = device
        self.dropout = self._generator(seeds[0])
        self.order = np.random.default_rng(seeds[1])
        self.inputs = self._generator(seeds[2])

    def begin_epoch(self, epoch: int) -> None:
        """Get ready for an epoch: here every stream simply goes on.

        Parameters
        ----------
        epoch : int
            Its number, from 1.
        """

    def held_out(self) -> torch.Generator:
        """Begin the stream for held-out windows, the same every epoch.

        Returns
        -------
        torch.Generator
            The stream: held-out losses then differ by the weights alone.
        """
        return self._generator(self.seeds[3])

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Tell how far the streams have gone.

        Returns
        -------
        content : dict
            The state of the order, and the kind of device that the arrays are for.
        arrays : dict of str to ndarray
            The states of the streams on the device.
        """
        arrays = {
            name: getattr(self, name).get_state().numpy().copy() for name in ("dropout", "inputs")
        }
        return {"order": self.order.bit_generator.state}, arrays

    def restore(
        self, content: dict[str, Any], arrays: dict[str, np.ndarray], n_epochs: int
    ) -> None:
        """Go on from a state.

        Parameters
        ----------
        content, arrays : dict
            What `state` returned.
        n_epochs : int
            Epochs done: on another kind of device, whose states look different, streams begin
            anew from their seeds and this.
        """
        self.order.bit_generator.state = content["order"]
        for position, name in enumerate(("dropout", "inputs")):
            stream = getattr(self, name)
            if arrays[name].shape == tuple(stream.get_state().shape):
                stream.set_state(torch.from_numpy(arrays[name].copy()))
            else:
                stream.manual_seed(self.seeds[2 * position] + n_epochs)

    def _generator(self, seed: int) -> torch.Generator:
        return torch.Generator(device=self.device).manual_seed(seed)


class GroupStreams(RandomStreams):
    """The streams of one process of several: one order, and draws of its own for its windows.

    What is drawn for windows begins anew every epoch, from the seeds, the epoch and the rank. So a
    training that was stopped can go on whatever the number of processes, and none of them needs to
    tell the others how far its streams have gone.

    Parameters
    ----------
    seeds : list of four int
        As for `RandomStreams`, the same in all processes.
    device : torch.device
        Where dropout and inputs are drawn.
    rank : int
        Which process this is.
    """

    def __init__(self, seeds: list[int], device: torch.device, rank: int) -> None:
        self.rank = rank
        super().__init__(seeds, device)

    def begin_epoch(self, epoch: int) -> None:
        self.dropout.manual_seed(self._mixed(self.seeds[0], epoch))
        self.inputs.manual_seed(self._mixed(self.seeds[2], epoch))

    def held_out(self) -> torch.Generator:
        return self._generator(self._mixed(self.seeds[3]))

    def _mixed(self, seed: int, *epoch: int) -> int:
        return int(np.random.SeedSequence([seed, self.rank, *epoch]).generate_state(1)[0])
