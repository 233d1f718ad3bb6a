"""The distance of predicted from measured brain responses, as a loss of a model's states.

For the state x of a layer, a person's map W and the response y to an item,

    cosine     1 − cos(W x, y)
    pearson    1 − r(W x, y) over voxels
    mse        mean over voxels of (W x − y)²

Whatever the number of voxels, with the maps' duals D and s = X x each is made of s·b, sᵀG s and
|y|², where G = D Dᵀ and b = D y (:mod:`.maps`). So a step costs training items × units.

``raw`` uses W without its intercept, as the paper does; ``intercept`` adds it; ``centred`` takes
the training means out of states and responses, so that what all items have in common plays no
part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from brainbench.encoding.kernels import Array
from brainbench.errors import UnknownNameError
from brainbench.guidance.maps import BrainMaps

Loss = Literal["cosine", "pearson", "mse"]
Centring = Literal["raw", "intercept", "centred"]
LOSSES: tuple[str, ...] = get_args(Loss)
CENTRINGS: tuple[str, ...] = get_args(Centring)


class Objective(nn.Module):
    """The loss of states against the responses of P people to n items.

    Parameters
    ----------
    maps : of L layers.
    responses : per person (n_items, voxels): the targets of the prediction.
    loss : one of ``LOSSES``.
    centring : one of ``CENTRINGS``.
    dtype : of the computation.
    """

    span: Tensor
    mean: Tensor
    gram: Tensor
    cross: Tensor
    square: Tensor
    voxels: Tensor

    def __init__(
        self,
        maps: BrainMaps,
        responses: Sequence[Array],
        loss: str = "cosine",
        centring: str = "raw",
        dtype: torch.dtype = torch.float64,
    ) -> None:
        super().__init__()
        for kind, name, known in (("loss", loss, LOSSES), ("centring", centring, CENTRINGS)):
            if name not in known:
                raise UnknownNameError(kind, name, known)
        self._loss, self._centring = loss, centring
        grams, crosses, squares = [], [], []
        for dual, offset, block in zip(maps.duals, maps.offsets, responses, strict=True):
            gram, cross, square = _inner(dual, offset, block, loss, centring)
            grams.append(gram)
            crosses.append(cross)
            squares.append(square)
        mean = np.zeros_like(maps.mean) if centring == "raw" else maps.mean
        held = {
            "span": maps.span,
            "mean": mean,
            "gram": np.stack(grams),
            "cross": np.stack(crosses),
            "square": np.stack(squares),
            "voxels": np.array([block.shape[1] for block in responses], np.float64),
        }
        for name, values in held.items():
            self.register_buffer(name, torch.as_tensor(values, dtype=dtype), persistent=False)

    @property
    def n_people(self) -> int:
        """Number of people."""
        return len(self.voxels)

    def products(self, states: Tensor) -> Tensor:
        """(rows, L, m) s = X x of states (rows, L, units); with a 1 where there is an intercept."""
        found = self._along(states.to(self.span.dtype) - self.mean)
        if self._centring == "intercept":
            found = torch.cat([found[..., :-1], torch.ones_like(found[..., -1:])], dim=-1)
        return found

    def of_pairs(self, states: Tensor, people: Tensor, items: Tensor) -> Tensor:
        """(rows, L) losses; row i is person ``people[i]`` and item ``items[i]``.

        Parameters
        ----------
        states : (rows, L, units) of the model.
        people, items : (rows,) number of each row's person and item.
        """
        return self._of(people, items)(self.products(states))

    def around(self, states: Tensor, people: Tensor, items: Tensor) -> Callable[[Tensor], Tensor]:
        """:meth:`of_pairs` of states with a changing vector added: delta → (rows, L) losses.

        What does not depend on it is computed once. ``delta`` is (rows, L, units).

        Parameters
        ----------
        states : (rows, L, units) of the model, nothing added.
        people, items : (rows,) number of each row's person and item.
        """
        start, losses = self.products(states), self._of(people, items)
        return lambda delta: losses(start + self._along(delta))

    def slopes(self, states: Tensor, people: Tensor, items: Tensor) -> Tensor:
        """(rows, L, units) slopes of :meth:`of_pairs` at the states of the pairs' own items.

        Products are computed once an item, however many people guide it.

        Parameters
        ----------
        states : (n_items, L, units) of the model.
        people, items : (rows,) number of each row's person and item.
        """
        products = self.products(states)[items].requires_grad_()
        (found,) = torch.autograd.grad(self._of(people, items)(products).sum(), products)
        return torch.einsum("rlm,lmu->rlu", found[..., : self.span.shape[1]], self.span)

    def _along(self, delta: Tensor) -> Tensor:
        """(rows, L, m) what ``delta`` adds to the products; nothing to the 1 of an intercept."""
        found = torch.einsum("rlu,lmu->rlm", delta, self.span)
        return pad(found, (0, 1)) if self._centring == "intercept" else found

    def _of(self, people: Tensor, items: Tensor) -> Callable[[Tensor], Tensor]:
        """Products → losses of pairs."""
        cross, gram = self.cross[people, items], self.gram[people]
        square, voxels = self.square[people, items][:, None], self.voxels[people][:, None]

        def losses(s: Tensor) -> Tensor:
            dot = (s * cross).sum(dim=-1)
            length = (torch.matmul(gram, s[..., None])[..., 0] * s).sum(dim=-1)
            return self._finish(dot, length, square, voxels)

        return losses

    def of_everybody(self, states: Tensor, items: Tensor) -> Tensor:
        """(P, rows, L) losses of states (rows, L, units) at items (rows,), for every person.

        Parameters
        ----------
        states : (rows, L, units) of the model.
        items : (rows,) number of each row's item.
        """
        s = self.products(states)
        dot = torch.einsum("rlm,prlm->prl", s, self.cross[:, items])
        length = torch.einsum("rlm,plmk,rlk->prl", s, self.gram, s)
        square = self.square[:, items][:, :, None]
        return self._finish(dot, length, square, self.voxels[:, None, None])

    def _finish(self, dot: Tensor, length: Tensor, square: Tensor, voxels: Tensor) -> Tensor:
        if self._loss == "mse":
            return (length - 2.0 * dot + square) / voxels
        # a prediction of nothing has no direction: its cosine is 0, and so is its slope
        some = (length > 0.0) & (square > 0.0)
        sizes = torch.where(some, length, 1.0).sqrt() * torch.where(some, square, 1.0).sqrt()
        return 1.0 - torch.where(some, dot, 0.0) / sizes


def _inner(
    dual: Array, offset: Array, responses: Array, loss: str, centring: str
) -> tuple[Array, Array, Array]:
    """G (L, m', m'), b (items, L, m') and |y|² (items,) of one person."""
    if centring == "intercept":
        dual = np.concatenate([dual, np.tile(offset, (len(dual), 1, 1))], axis=1)
    if centring == "centred":
        responses = responses - offset
    if loss == "pearson":
        dual = dual - dual.mean(axis=2, keepdims=True)
        responses = responses - responses.mean(axis=1, keepdims=True)
    gram = dual @ np.swapaxes(dual, 1, 2)
    cross = np.einsum("lmv,iv->ilm", dual, responses)
    return gram, cross, np.square(responses).sum(axis=1)


def weights_of(right: Array, dtype: Any = torch.float64) -> Tensor:
    """(P, n_items) shares that average over the people who were right; 0 where nobody was.

    Parameters
    ----------
    right : (P, n_items) 1 where a person was right, else 0; NaN counts as 0.
    dtype : of the result.
    """
    held = torch.as_tensor(np.nan_to_num(right), dtype=dtype)
    return held / held.sum(dim=0, keepdim=True).clamp_min(1.0)
