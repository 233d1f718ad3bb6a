"""What runs in vLLM's workers: hooks that read an engine's passes out, and steer them.

An engine packs the tokens of many prompts into one pass, one prompt after the other, and chooses
itself which go together. Which tokens are whose is seen from what the network is given: positions
begin at 0 where a prompt begins, and its tokens say which. So nothing here depends on how vLLM
schedules; a prompt of which no pass was seen is missing in the answer, and the reader says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors.numpy import load, save

from brainbench.errors import DataError
from brainbench.models.model import SITES, Site
from brainbench.models.prompts.verbalizer import Spellings
from brainbench.models.vllm.sites import (
    SUM,
    EngineSites,
    block_state,
    combination,
    find_engine_sites,
)

if TYPE_CHECKING:
    from torch import Tensor, nn

# what the network adds to itself, where a family does not add the two parts that its blocks return
_WAY = "_brainbench_way"
_WATCH = "_brainbench_watch"


class StateReader:
    """Methods that vLLM gives each of its workers (``worker_extension_cls``)."""

    def brainbench_watch(self, plan: str, vectors: bytes) -> None:
        """Put hooks on the network.

        Parameters
        ----------
        plan : a :class:`Plan` as JSON.
        vectors : of a steering, layer → (units,), as safetensors; empty where nothing is added.
        """
        worker: Any = self
        before: Watch | None = getattr(self, _WATCH, None)
        if before is not None:
            # the process that asked was stopped
            before.remove()
        setattr(self, _WATCH, Watch(worker.get_model(), Plan(**json.loads(plan)), load(vectors)))

    def brainbench_take(self) -> bytes:
        """What was read since, as safetensors; the hooks are removed. Nothing of other ranks."""
        worker: Any = self
        watch: Watch = getattr(self, _WATCH)
        delattr(self, _WATCH)
        watch.remove()
        return b"" if worker.rank else save(watch.found())


@dataclass(frozen=True)
class Plan:
    """What is watched for.

    Attributes
    ----------
    prompts : token ids of each.
    onsets : of each the place of the last token before what is generated, or scored.
    places : of each the tokens whose mean is read; empty where the last one is.
    read : whether states are read at all, or only steered.
    true, false : token ids that spell the answers.
    site, tokens : where directions are added, and at which tokens.
    """

    prompts: list[list[int]]
    onsets: list[int]
    places: list[list[int]]
    read: bool
    true: list[int]
    false: list[int]
    site: Site = "attention"
    tokens: str = "last"


@dataclass(frozen=True)
class _Pass:
    """The tokens of a pass that matter.

    Attributes
    ----------
    numbers : which prompts are in it, whole.
    last : of each its last token.
    tokens, owners : all tokens that are read, and the place in ``numbers`` of their prompt.
    steered : tokens that directions are added at.
    """

    numbers: list[int]
    last: Tensor
    tokens: Tensor
    owners: Tensor
    steered: Tensor


class Watch:
    """Hooks on a network of vLLM's, and what they have caught.

    Parameters
    ----------
    model : the causal language model in a worker.
    plan : what is watched for.
    vectors : layer → (units,) float32, added at the plan's site.
    """

    def __init__(self, model: nn.Module, plan: Plan, vectors: Mapping[str, Any]) -> None:
        import torch

        self._plan = plan
        self._spellings = Spellings(tuple(plan.true), tuple(plan.false))
        self._waiting: dict[tuple[int, ...], list[int]] = {}
        for number, prompt in enumerate(plan.prompts):
            self._waiting.setdefault(tuple(prompt), []).append(number)
        self._seen: dict[tuple[int, ...], int] = {}
        self._rows: dict[int, dict[str, Any]] = {}
        self._caught: dict[tuple[Site, int], Tensor] = {}
        self._last_block: Any = None
        self._pass: _Pass | None = None
        self._fault: str | None = None
        self._again = False
        self._model: Any = model
        self._way: str = getattr(model, _WAY, SUM)
        self._vectors = {int(layer): torch.from_numpy(one) for layer, one in vectors.items()}
        self._handles: list[Any] = []
        try:
            self._sites: EngineSites = find_engine_sites(model)
        except DataError as error:
            # an error in a worker ends the engine, and its text with it
            self._fault = str(error)
            return
        add = self._handles.append
        add(model.register_forward_pre_hook(self._begin, with_kwargs=True))
        for site in SITES:
            for layer, module in enumerate(getattr(self._sites, site)):
                add(module.register_forward_hook(self._hook(site, layer)))
        add(model.register_forward_hook(self._end))

    def remove(self) -> None:
        """Take the hooks away."""
        for handle in self._handles:
            handle.remove()

    def found(self) -> dict[str, Any]:
        """What was caught, as arrays: rows in the order of ``rows``, which are prompts' numbers.

        ``fault`` is a text where something was wrong, ``again`` not 0 where the same must be
        asked once more, now that it is known what the blocks of this family return.
        """
        numbers = sorted(self._rows)
        fault = np.frombuffer((self._fault or "").encode(), np.uint8)
        found = {
            "fault": fault,
            "again": np.array([self._again], np.int64),
            "rows": np.array(numbers, np.int64),
        }
        for name in self._rows[numbers[0]] if numbers else ():
            found[name] = np.stack([self._rows[number][name] for number in numbers])
        return found

    # ---------------------------------------------------------------- hooks

    def _begin(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Before a pass."""
        given = dict(zip(("input_ids", "positions"), args, strict=False)) | kwargs
        ids, positions = given.get("input_ids"), given.get("positions")
        self._caught.clear()
        if ids is None or positions is None:
            self._fault = "it is given embeddings in place of tokens"
            self._pass = None
            return
        # models that see have several positions for each token, equal where there is text
        positions = positions[0] if positions.ndim > 1 else positions
        count = _not_padding(len(ids))
        self._pass = self._look(ids[:count].tolist(), positions[:count].tolist(), ids.device)

    def _hook(self, site: Site, layer: int) -> Callable[..., Any]:
        adds = self._vectors.get(layer) if site == self._plan.site else None
        final = site == "hidden" and layer == len(self._sites.hidden) - 1

        def hook(module: Any, inputs: Any, output: Any) -> Any:
            here = self._pass
            if here is None:
                return None
            changed = None
            if adds is not None and len(here.steered):
                output = changed = _with_vector(output, here.steered, adds)
            if self._plan.read and here.numbers:
                way = self._way if site == "hidden" else "first"
                self._caught[site, layer] = _mean(output, way, here)
                if final:
                    self._last_block = _at(output, here.last)
            return changed

        return hook

    def _end(self, module: Any, args: Any, output: Any) -> None:
        """After a pass: what its hooks have caught becomes rows of the prompts."""
        here, self._pass = self._pass, None
        if here is None or not here.numbers or not self._plan.read:
            return
        import torch

        given = output[here.last]
        logits = self._model.compute_logits(given)
        highest = given if logits is None else logits.amax(1)
        if not bool(highest.isfinite().all()):
            self._fault = (
                "its output is NaN or infinite; its numbers may not fit the number format, so try "
                "--dtype float32"
            )
            return
        way = combination(self._sites.norm, self._last_block, given)
        if way is None:
            self._fault = "the states of its blocks do not lead to what it gives"
            return
        if way != self._way:
            setattr(self._model, _WAY, way)
            self._again = True
            return
        states = {
            str(site): torch.stack(
                [self._caught[site, layer] for layer in range(len(self._sites.hidden))], dim=1
            )
            .cpu()
            .numpy()
            for site in SITES
        }
        self._caught.clear()
        # gathered for one of several workers that share a network
        answers = {} if logits is None else self._answers(logits)
        for place, number in enumerate(here.numbers):
            self._rows[number] = {
                name: values[place] for name, values in (*states.items(), *answers.items())
            }

    def _answers(self, logits: Tensor) -> dict[str, Any]:
        values = logits.float().cpu().double().numpy()
        # two, for another kernel may order equal ones otherwise
        tops = np.argsort(-values, axis=1, kind="stable")[:, :2]
        return {
            "tops": tops.astype(np.int64),
            "heights": np.take_along_axis(values, tops, axis=1),
            "log_odds": self._spellings.log_odds(values),
        }

    # ---------------------------------------------------------------- one pass

    def _look(self, ids: Sequence[int], positions: Sequence[int], device: Any) -> _Pass:
        """Which tokens of a pass are read and steered."""
        import torch

        numbers: list[int] = []
        last: list[int] = []
        tokens: list[int] = []
        owners: list[int] = []
        steered: list[int] = []
        for start, end in _runs(positions):
            steered += self._steered(ids, positions, start, end)
            key = tuple(ids[start:end])
            if positions[start] or key not in self._waiting:
                continue
            number = self._next(key)
            read = [start + place for place in self._plan.places[number]] or [end - 1]
            owners += [len(numbers)] * len(read)
            tokens += read
            numbers.append(number)
            last.append(end - 1)

        def on_device(places: list[int]) -> Tensor:
            return torch.tensor(places, dtype=torch.long, device=device)

        return _Pass(numbers, *map(on_device, (last, tokens, owners, steered)))

    def _next(self, key: tuple[int, ...]) -> int:
        """Of prompts of the same tokens the next one; the last again where one is read again."""
        count = self._seen.get(key, 0)
        self._seen[key] = count + 1
        own = self._waiting[key]
        return own[min(count, len(own) - 1)]

    def _steered(
        self, ids: Sequence[int], positions: Sequence[int], start: int, end: int
    ) -> list[int]:
        """Tokens of a run that directions are added at."""
        if not self._vectors:
            return []
        if self._plan.tokens == "all":
            return list(range(start, end))
        goes_on = self._plan.tokens == "generated"
        if positions[start]:
            # generated: of prompts there are no parts
            return list(range(start, end)) if goes_on else []
        read = tuple(ids[start:end])
        # a prompt that was put off is read again, with what it has generated
        begun = [own for own in self._waiting if read[: len(own)] == own]
        if not begun:
            return []
        onset = start + self._plan.onsets[self._waiting[max(begun, key=len)][0]]
        return list(range(onset, end if goes_on else onset + 1))


def _runs(positions: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First place and end of each run of positions that follow one another."""
    start = 0
    for place in range(1, len(positions) + 1):
        if place == len(positions) or positions[place] != positions[place - 1] + 1:
            yield start, place
            start = place


def _not_padding(count: int) -> int:
    """How many tokens of a pass are of prompts: what fills it up to a size stands at its end."""
    try:
        from vllm.forward_context import get_forward_context

        padding = get_forward_context().is_padding
        return count if padding is None else count - int(padding[:count].sum())
    # outside of an engine there is none
    except Exception:
        return count


def _at(output: Any, tokens: Tensor) -> Any:
    """What a block returned, at some tokens."""
    if isinstance(output, tuple):
        return tuple(None if part is None else part[tokens] for part in output[:2])
    return output[tokens]


def _mean(output: Any, way: str, here: _Pass) -> Tensor:
    """(prompts, units) float32: the mean of each prompt's tokens that are read."""
    # summed in float32: thousands of half-precision terms lose what is added last
    states = block_state(_at(output, here.tokens), way).float()
    if len(here.tokens) == len(here.numbers):
        return states
    sums = states.new_zeros(len(here.numbers), states.shape[1]).index_add_(0, here.owners, states)
    return sums / here.owners.bincount(minlength=len(here.numbers))[:, None]


def _with_vector(output: Any, tokens: Tensor, vector: Tensor) -> Any:
    """An output with a vector added at some tokens; where two parts are summed, to the first."""
    whole = isinstance(output, tuple)
    # not in place: others may hold the state
    moved = (output[0] if whole else output).clone()
    moved[tokens] += vector.to(moved.device, moved.dtype)
    return (moved, *output[1:]) if whole else moved
