"""Convolutions and max pools along time, on a CPU by the same sums as torch's in a faster order.

Signals are (n_windows, n_channels, 1, n_times) in channels_last memory, so in memory the channels
of one sample lie side by side and the samples of a window follow each other. Three things make
the backward pass cheap, none of which changes what is computed:

- the padded signal is kept, so that no pass over it is needed to pad or crop again;
- the weight gradient of a long kernel over few channels is computed as that of a short kernel
  over many (`_folded_weight_grad`), which the matrix units are made for;
- the gradient of a global max pool is zero at all but one sample a channel, so the backward pass
  of the convolution before it touches only these (`GlobalMaxConvolution`).
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn.functional import conv2d, pad

#: Channels that fill the matrix units; kernels over fewer are folded.
WIDE = 128


class SameConv(nn.Conv2d):
    """Convolution along time, stride 1, whose output is as long as its input.

    The weights take the dtype of the signal.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int) -> None:
        super().__init__(in_channels, out_channels, (1, kernel_size))
        self.bias: nn.Parameter

    def forward(self, signal: Tensor) -> Tensor:
        weight, bias = self._parameters_like(signal)
        if signal.device.type == "cpu" and torch.is_grad_enabled():
            return SameConvolution.apply(signal, weight, bias)
        return conv2d(pad_same(signal, weight.shape[-1]), weight, bias)

    def global_max(self, signal: Tensor) -> Tensor:
        """Convolve and take the maximum over time, (n_windows, n_filters)."""
        if signal.device.type == "cpu" and torch.is_grad_enabled():
            return GlobalMaxConvolution.apply(signal, *self._parameters_like(signal))
        return global_max(self(signal))

    def _parameters_like(self, signal: Tensor) -> tuple[Tensor, Tensor]:
        weight = self.weight.to(signal.dtype, memory_format=torch.channels_last)
        return weight, self.bias.to(signal.dtype)


class MaxPool(nn.MaxPool2d):
    """Max pool along time, cheaper than torch's where no gradient will be asked for."""

    def __init__(self, size: int, stride: int) -> None:
        super().__init__((1, size), (1, stride))
        self.size = int(size)
        self.step = int(stride)

    def forward(self, signal: Tensor) -> Tensor:
        # torch's own keeps where each maximum was, in 64 bits, whether that is needed or not.
        if torch.is_grad_enabled() or self.size % self.step:
            return super().forward(signal)
        return _running_max(_strided_max(signal, self.step), self.size // self.step)


def global_max(signal: Tensor) -> Tensor:
    """Maximum over time, (n_windows, n_channels)."""
    flat = signal.flatten(2)
    # max's backward writes one value a channel, amax's compares all of them; alone, amax is faster.
    return flat.max(dim=2).values if torch.is_grad_enabled() else flat.amax(dim=2)


def as_signal(windows: Tensor) -> Tensor:
    """Shape windows as a signal, in the dtype of mixed precision where that is on."""
    kind = windows.device.type
    if torch.is_autocast_enabled(kind):
        windows = windows.to(torch.get_autocast_dtype(kind))
    return windows[:, None, None, :].contiguous(memory_format=torch.channels_last)


def pad_same(signal: Tensor, kernel_size: int) -> Tensor:
    """Pad with zeros so that the output is as long as the signal, TensorFlow's way."""
    return pad(signal, ((kernel_size - 1) // 2, kernel_size // 2))


class SameConvolution(Function):
    """Convolution of a signal padded by `pad_same`."""

    @staticmethod
    def forward(ctx: Any, signal: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        padded = pad_same(signal, weight.shape[-1])
        ctx.save_for_backward(padded, weight)
        return conv2d(padded, weight, bias)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor, Tensor]:
        padded, weight = ctx.saved_tensors
        fold = _fold_factor(weight)
        mask = [ctx.needs_input_grad[0], fold == 1, False]
        grad_padded, grad_weight, _ = _convolution_backward(grad, padded, weight, mask)
        if fold > 1:
            grad_weight = _folded_weight_grad(grad, padded, weight, fold)
        # Asked for the bias too, the library computes the weights' gradient a second time.
        return _crop_same(grad_padded, weight.shape[-1]), grad_weight, grad.sum((0, 2, 3))


class GlobalMaxConvolution(Function):
    """`SameConvolution` followed by a global max pool over time, (n_windows, n_filters)."""

    @staticmethod
    def forward(ctx: Any, signal: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        padded = pad_same(signal, weight.shape[-1])
        maxima, where = conv2d(padded, weight, bias).flatten(2).max(dim=2)
        ctx.save_for_backward(padded, weight, where)
        return maxima

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor, Tensor]:
        padded, weight, where = ctx.saved_tensors
        n_windows, n_channels, _, n_padded = padded.shape
        n_filters, kernel_size = weight.shape[0], weight.shape[-1]
        # Row (window, time) of all signals laid end to end at which each maximum's kernel starts.
        start = (torch.arange(n_windows, device=where.device)[:, None] * n_padded + where).flatten()
        rows = padded.permute(0, 2, 3, 1).reshape(-1, n_channels)
        taps = weight[:, :, 0].permute(2, 0, 1)

        grad_weight = torch.empty_like(taps)
        grad_rows = torch.zeros_like(rows) if ctx.needs_input_grad[0] else None
        for tap in range(kernel_size):
            seen = rows[start + tap].view(n_windows, n_filters, n_channels)
            grad_weight[tap] = (grad[:, :, None] * seen).sum(0)
            if grad_rows is not None:
                sent = (grad[:, :, None] * taps[tap]).view(-1, n_channels)
                grad_rows.index_add_(0, start + tap, sent)
        grad_padded = None
        if grad_rows is not None:
            grad_padded = grad_rows.view(n_windows, 1, n_padded, n_channels).permute(0, 3, 1, 2)
        grad_weight = grad_weight.permute(1, 2, 0)[:, :, None]
        return _crop_same(grad_padded, kernel_size), grad_weight, grad.sum(0)


def _convolution_backward(grad: Tensor, padded: Tensor, weight: Tensor, mask: list[bool]) -> Any:
    return torch.ops.aten.convolution_backward(
        grad, padded, weight, [weight.shape[0]], [1, 1], [0, 0], [1, 1], False, [0, 0], 1, mask
    )


def _crop_same(grad_padded: Tensor | None, kernel_size: int) -> Tensor | None:
    if grad_padded is None:
        return None
    n_times = grad_padded.shape[-1] - kernel_size + 1
    return grad_padded.narrow(3, (kernel_size - 1) // 2, n_times)


def _fold_factor(weight: Tensor) -> int:
    """By how much to fold time into channels, a power of two; 1 where it does not pay."""
    n_filters, n_channels, _, kernel_size = weight.shape
    fold = 1
    while n_channels > 1 and 2 * fold * n_filters <= WIDE and 4 * fold <= kernel_size:
        fold *= 2
    return fold


def _folded_weight_grad(grad: Tensor, padded: Tensor, weight: Tensor, fold: int) -> Tensor:
    """Compute the weight gradient with `fold` samples side by side as channels of one.

    In channels_last memory (n_times, n_channels) and (n_times / fold, fold * n_channels) are the
    same bytes. The gradient of the folded convolution's kernel holds, for every phase of the
    output and of the input, the sum over every fold-th sample; a tap of the kernel gathers its
    lag from each phase of the output.
    """
    n_filters, n_channels, _, kernel_size = weight.shape
    n_taps = (kernel_size + fold - 2) // fold + 1
    n_folded = -(-grad.shape[-1] // fold)
    wide_grad = _fold_time(grad, n_folded, fold)
    wide_signal = _fold_time(padded, n_folded + n_taps - 1, fold)
    wide_weight = weight.new_empty(fold * n_filters, fold * n_channels, 1, n_taps)
    wide = _convolution_backward(wide_grad, wide_signal, wide_weight, [False, True, False])[1]

    # (output phase, filter, input phase, channel, tap) -> (output phase, filter, channel, lag)
    phases = wide.view(fold, n_filters, fold, n_channels, n_taps)
    lags = phases.permute(0, 1, 3, 4, 2).reshape(fold, n_filters, n_channels, n_taps * fold)
    exact = torch.promote_types(weight.dtype, torch.float32)
    gathered = sum(lags[phase, ..., phase : phase + kernel_size].to(exact) for phase in range(fold))
    return gathered.to(weight.dtype)[:, :, None]


def _fold_time(signal: Tensor, n_folded: int, fold: int) -> Tensor:
    """Lengthen with zeros to `n_folded * fold` samples and fold, in channels_last memory."""
    n_windows, n_channels, _, n_times = signal.shape
    longer = pad(signal, (0, n_folded * fold - n_times)).permute(0, 2, 3, 1)
    return longer.reshape(n_windows, 1, n_folded, fold * n_channels).permute(0, 3, 1, 2)


def _strided_max(signal: Tensor, size: int) -> Tensor:
    """Maximum over each `size` samples, side by side; a shorter rest is left out."""
    n_pools = signal.shape[-1] // size
    maxima = signal[..., 0 : n_pools * size : size]
    for first in range(1, size):
        maxima = torch.maximum(maxima, signal[..., first : n_pools * size : size])
    return maxima


def _running_max(signal: Tensor, size: int) -> Tensor:
    """Maximum over every `size` neighbouring samples, by doubling."""
    seen = 1
    while seen < size:
        step = min(seen, size - seen)
        signal = torch.maximum(signal[..., :-step], signal[..., step:])
        seen += step
    return signal
