"""Try out what structure says of a model: short prompts through it, with and without company.

For models of families that ``scripts/check_families.py`` has not checked. What is tried is what
reading relies on: the blocks run once each, in order; what the hooks catch is what transformers
gives; no token sees what comes after it; a head that sees one token gives its logits; and keys
and values of a beginning can be used again.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from brainbench.errors import BrainbenchError, DataError
from brainbench.models.architectures import (
    Sites,
    family_name,
    find_sites,
    known_families,
    state_of,
    with_state,
)
from brainbench.models.checkpoints.failures import one_line, out_of_memory
from brainbench.models.forward.hooks import only_rows
from brainbench.models.forward.kv_cache import empty_cache, repeat_rows, with_cache
from brainbench.models.forward.running import evaluating, input_device

if TYPE_CHECKING:
    from torch import Tensor, nn

_LOG = logging.getLogger(__name__)

# of short prompts: one is shorter than the other, so that it is padded
_LENGTHS = (5, 8)
# relative to the largest number; half precision rounds another way in another batch
_TOLERANCES = {"float64": 1e-8, "float32": 2e-4}
_HALF_PRECISION = 0.08


@dataclass(frozen=True)
class Trial:
    """What came of trying a model out.

    Attributes
    ----------
    sites : as found, without the attention that failed.
    shares : whether keys and values of a beginning can be used again.
    attention_fault : why attention is not read, where modules for it were found; else None.
    sharing_fault : why a beginning is not shared; else None.
    notes : what a record says of it.
    """

    sites: Sites
    shares: bool
    attention_fault: str | None = None
    sharing_fault: str | None = None
    notes: tuple[str, ...] = ()


@dataclass
class _Pass:
    """What one pass gave."""

    order: list[int] = field(default_factory=list)
    hidden: dict[int, Tensor] = field(default_factory=dict)
    attention: dict[int, Tensor] = field(default_factory=dict)
    attention_calls: list[int] = field(default_factory=list)
    # inside the attention of each layer: what its last module with weights gave
    projected: dict[int, Tensor] = field(default_factory=dict)
    logits: Any = None
    states: Any = None


def tried(model: Any) -> Trial:
    """Sites of a model, which is tried out unless its family has been checked before.

    Parameters
    ----------
    model : causal language model of transformers, with its weights.

    Raises
    ------
    DataError
        When its blocks are not found, or its states or answers cannot be read rightly.
    """
    kind = family_name(model)
    known = known_families().get(kind)
    if known is not None and known.fault is None:
        sites = find_sites(model)
        return Trial(sites, known.shares, notes=_partial_attention(sites))
    try:
        trial = try_sites(model)
    except BrainbenchError as error:
        raise DataError(f"this model of the family {kind!r} is not read: {error}") from error
    except Exception as error:
        if out_of_memory(error):
            raise
        raise DataError(
            f"this model of the family {kind!r} is not read: a short prompt through it fails "
            f"({one_line(error)})"
        ) from error
    note = (
        f"brainbench has not checked models of the family {kind!r}: its layers were found by "
        "their structure, and tried out on short prompts"
    )
    if trial.attention_fault is not None:
        note += f". Its attention is not read: {trial.attention_fault}"
    if trial.sharing_fault is not None:
        _LOG.info("prompts share no beginning: %s", trial.sharing_fault)
    return replace(trial, notes=(note, *_partial_attention(trial.sites)))


def _partial_attention(sites: Sites) -> tuple[str, ...]:
    """A note of the layers without attention, where there are any."""
    layers, count = sites.layers("attention"), len(sites.hidden)
    if len(layers) == count:
        return ()
    if not layers:
        return ("only hidden states are read: no layer has self-attention that can be read",)
    return (
        f"{len(layers)} of the model's {count} layers have self-attention "
        f"({', '.join(map(str, layers))}, counting from 0); of the others only hidden states are "
        "read",
    )


def try_sites(model: Any, lengths: Sequence[int] = _LENGTHS) -> Trial:
    """Find a model's sites and try them out.

    Parameters
    ----------
    model : causal language model of transformers, with its weights.
    lengths : tokens of the prompts, at least two, ascending.

    Raises
    ------
    DataError
        When its blocks are not found, or its states or answers cannot be read rightly.
    """
    import torch

    sites = find_sites(model)
    with evaluating(model), torch.inference_mode():
        rows = _prompts(model, lengths)
        alone = [_run(model, sites, [row], states=True) for row in rows]
        _check_hidden(sites, alone[-1], len(rows[-1]))
        _check_padding(model, sites, rows, alone)
        fault = _attention_fault(model, sites, rows[-1], alone[-1])
        unshared = _sharing_fault(model, sites, rows, alone)
    if fault is not None:
        sites = replace(sites, attention=(), attention_layers=())
    return Trial(sites, unshared is None, fault, unshared)


def _prompts(model: Any, lengths: Sequence[int]) -> list[list[int]]:
    """Token ids, which begin alike for half of the shortest; none of them a special one."""
    config = model.config
    special = {
        value
        for part in (config, config.get_text_config(decoder=True))
        for name, value in part.to_dict().items()
        if name.endswith(("token_id", "token_index")) and isinstance(value, int)
    }
    count = min(int(model.get_input_embeddings().weight.shape[0]), 1000)
    plain = [token for token in range(3, count) if token not in special]
    common = lengths[0] // 2
    return [
        [plain[(31 * i + (97 * number if i >= common else 0)) % len(plain)] for i in range(length)]
        for number, length in enumerate(lengths)
    ]


def _run(
    model: Any, sites: Sites, rows: list[list[int]], past: Any = None, states: bool = False
) -> _Pass:
    """One pass over rows that are padded on the right, with hooks on every site."""
    import torch

    longest = max(map(len, rows))
    tokens = torch.zeros((len(rows), longest), dtype=torch.long)
    for i, row in enumerate(rows):
        tokens[i, : len(row)] = torch.tensor(row)
    seen = _Pass()
    options = {"output_hidden_states": True} if states else {}
    with _listening(sites, seen):
        given = model(
            input_ids=tokens.to(input_device(model)),
            use_cache=past is not None,
            **with_cache(model, past),
            **options,
        )
    seen.logits = given.logits
    seen.states = getattr(given, "hidden_states", None)
    return seen


@contextlib.contextmanager
def _listening(sites: Sites, seen: _Pass) -> Iterator[None]:
    with contextlib.ExitStack() as stack:

        def on(module: nn.Module, hook: Any) -> None:
            stack.callback(module.register_forward_hook(hook).remove)

        def block(layer: int) -> Any:
            def hook(module: nn.Module, inputs: Any, output: Any) -> None:
                seen.order.append(layer)
                seen.hidden[layer] = state_of(output)

            return hook

        def attention(layer: int) -> Any:
            def hook(module: nn.Module, inputs: Any, output: Any) -> None:
                seen.attention_calls.append(layer)
                seen.attention[layer] = state_of(output)

            return hook

        def part(layer: int) -> Any:
            def hook(module: nn.Module, inputs: Any, output: Any) -> None:
                seen.projected[layer] = state_of(output)

            return hook

        for layer, module in sites.modules("hidden").items():
            on(module, block(layer))
        for layer, module in sites.modules("attention").items():
            for inside in _leaves(module):
                on(inside, part(layer))
            on(module, attention(layer))
        yield


def _leaves(module: nn.Module) -> list[nn.Module]:
    """Modules with weights that hold no others; the module itself where it holds none."""
    return [
        each
        for each in module.modules()
        if next(each.children(), None) is None and next(each.parameters(), None) is not None
    ]


def _state(output: Any) -> Any:
    return output[0] if isinstance(output, tuple | list) else output


def _check_hidden(sites: Sites, seen: _Pass, length: int) -> None:
    count = len(sites.hidden)
    if seen.order != list(range(count)):
        raise DataError(
            f"its {count} blocks ran in the order {seen.order[:12]}: a layer's state is read of a "
            "block that runs once, after the one below it"
        )
    import torch

    shapes = {
        tuple(state.shape) if isinstance(state, torch.Tensor) else type(state).__name__
        for state in seen.hidden.values()
    }
    units = seen.hidden[0].shape[-1] if isinstance(seen.hidden[0], torch.Tensor) else 0
    if shapes != {(1, length, units)}:
        if all(len(shape) == 4 for shape in shapes):
            raise DataError(
                "its blocks keep several states of each token side by side, none of which is the "
                "layer's"
            )
        raise DataError(
            f"its blocks give {', '.join(map(str, sorted(shapes, key=str)))} for 1 prompt of "
            f"{length} tokens, not (prompts, tokens, units)"
        )
    states = seen.states
    if states is None or len(states) != count + 1:
        return
    # those of state-space models begin with the first block's, others with the embedding
    wrong = {
        begin: [
            layer
            for layer in range(count - 1)
            if not _near(seen.hidden[layer], states[layer + begin])
        ]
        for begin in (1, 0)
    }
    if all(wrong.values()):
        raise DataError(
            f"what its block {wrong[1][0]} gives is not what transformers says its hidden state is"
        )


def _check_padding(model: Any, sites: Sites, rows: list[list[int]], alone: Sequence[_Pass]) -> None:
    head = model.get_output_embeddings()
    if head is None:
        raise DataError("it has no output layer (get_output_embeddings)")
    together = _run(model, sites, rows)
    for i, (row, one) in enumerate(zip(rows, alone, strict=True)):
        for layer, state in one.hidden.items():
            if not _near(together.hidden[layer][i, : len(row)], state[0]):
                raise DataError(
                    f"the states of its layer {layer} are others in a batch that is padded than of "
                    "a prompt alone: its tokens see what comes after them, or what is in other "
                    "rows"
                )
    with only_rows(head, lambda states: states[:, len(rows[0]) - 1]):
        cut = _run(model, sites, rows)
    if cut.logits.shape[:2] != (len(rows), 1):
        raise DataError(
            f"its output layer gives {tuple(cut.logits.shape)} where one token of {len(rows)} "
            "prompts is asked for"
        )
    if not _near(cut.logits[0, 0], alone[0].logits[0, len(rows[0]) - 1]):
        raise DataError("its output layer gives other logits for one token than for all of them")


def _attention_fault(model: Any, sites: Sites, row: list[int], seen: _Pass) -> str | None:
    """Why what the attention modules give is not what is added to the residual stream."""
    import torch

    expected = list(sites.layers("attention"))
    if not expected:
        return None
    if seen.attention_calls != expected:
        return f"its attention modules ran in the order {seen.attention_calls[:12]}"
    for layer in expected:
        state, projected = seen.attention[layer], seen.projected.get(layer)
        if not isinstance(state, torch.Tensor) or state.shape != seen.hidden[layer].shape:
            return f"the attention of layer {layer} gives no state of the block's shape"
        if projected is None or not _near(projected.reshape(-1), state.reshape(-1)):
            return (
                f"the attention of layer {layer} does not end with its output projection: what it "
                "gives may hold the residual stream too"
            )
    first = expected[0]
    changed = _with_more(model, sites, row, first, seen.attention[first])
    if _near(changed.hidden[first], seen.hidden[first]):
        return f"the block of layer {first} does not use what its attention module gives"
    return None


def _with_more(model: Any, sites: Sites, row: list[int], layer: int, added: Tensor) -> _Pass:
    """A pass in which an attention module gives more than it does."""

    def hook(module: nn.Module, inputs: Any, output: Any) -> Any:
        more = 3 * added.roll(1, -1)
        return with_state(output, state_of(output) + more)

    handle = sites.modules("attention")[layer].register_forward_hook(hook)
    try:
        return _run(model, sites, [row])
    finally:
        handle.remove()


def _sharing_fault(
    model: Any, sites: Sites, rows: list[list[int]], alone: Sequence[_Pass]
) -> str | None:
    """Why prompts cannot go on from kept keys and values of what they begin with."""
    common = len(rows[0]) // 2
    try:
        past = empty_cache(model)
        _run(model, sites, [rows[0][:common]], past)
        repeat_rows(past, len(rows))
        seen = _run(model, sites, [row[common:] for row in rows], past)
    except Exception as error:
        if out_of_memory(error):
            raise
        return one_line(error)
    for i, (row, one) in enumerate(zip(rows, alone, strict=True)):
        for layer, state in one.hidden.items():
            found = seen.hidden[layer][i, : len(row) - common]
            if not _near(found, state[0, common:]):
                return f"the states of layer {layer} are others than of the whole prompt"
    return None


def _near(found: Tensor, expected: Tensor) -> bool:
    import torch

    if found.shape != expected.shape:
        return False
    name = str(found.dtype).removeprefix("torch.")
    tolerance = _TOLERANCES.get(name, _HALF_PRECISION)
    # not every device has float64
    wide, other = found.cpu().to(torch.float64), expected.cpu().to(torch.float64)
    return bool((wide - other).abs().max() <= tolerance * other.abs().max())
