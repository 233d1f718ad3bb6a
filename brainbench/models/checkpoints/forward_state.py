"""A description of a model in memory, for hashing: everything that changes a forward pass.

The tensors of ``state_dict`` are not all: which PEFT adapters are active, merged or disabled and
how they are weighted, hooks, replaced functions, buffers that are not saved, and which attention
computes. What changes no number is left out: gradients, dropout and the training mode (a model is
read in evaluation mode), devices, names of folders.
"""

from __future__ import annotations

import functools
import hashlib
import json
import types
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor, nn

# packages whose versions are in every key: a name stands for their code
_VERSIONED = frozenset(
    {"accelerate", "brainbench", "builtins", "numpy", "peft", "tokenizers", "torch", "transformers"}
)
# of configurations: where they come from, and how others train and generate
_NOT_OF_NUMBERS = frozenset(
    {
        "_name_or_path", "architectures", "auto_mapping", "base_model_name_or_path",
        "inference_mode", "peft_version", "revision", "task_type", "transformers_version",
        "use_cache",
    }
)  # fmt: skip
# of modules: what loading, training and earlier calls leave behind
_LEFT_BEHIND = frozenset(
    {
        "_caches", "_hf_hook", "_is_hf_initialized", "_old_forward", "all_tied_weights_keys",
        "config", "generation_config", "gradient_checkpointing", "hf_device_map", "loss_type",
        "max_seq_len_cached", "name_or_path", "warnings_issued",
    }
)  # fmt: skip
_IN_EVALUATION_NOTHING = ("Dropout", "Identity")
_DEEP = 6


def hash_parameters(model: Any) -> str:
    """Hash of everything that a model in memory computes with."""
    digest = hashlib.sha256()
    for part in _parts(model):
        digest.update(json.dumps(part, sort_keys=True).encode() + b"\n")
    return digest.hexdigest()


def hash_configuration(config: Any) -> str:
    """Hash of a configuration: everything beside the weights that changes a forward pass."""
    described = _Words(None).of(config)
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()


def _parts(model: nn.Module) -> Iterator[Any]:
    import torch.nn.modules.module as torch_module

    words = _Words(model)
    yield ["stops", words.of(getattr(_generation(model), "eos_token_id", None))]
    for name, value in sorted(_state(model).items()):
        yield [name, words.of(value)]
    for name, module in model.named_modules(remove_duplicate=False):
        yield from words.of_module(name, module)
    everywhere: Any = torch_module
    for kind in ("_global_forward_hooks", "_global_forward_pre_hooks"):
        yield [kind, words.of_hooks(getattr(everywhere, kind))]


def _generation(model: Any) -> Any:
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    return getattr(inner, "generation_config", None)


def _state(model: nn.Module) -> dict[str, Any]:
    """Every tensor by name; those that are not saved with the model too."""
    if any(tensor.is_meta for tensor in model.parameters()):
        from accelerate.utils.modeling import get_state_dict_offloaded_model

        # weights that lie on disk or wait in another memory
        state: dict[str, Any] = dict(get_state_dict_offloaded_model(model))
    else:
        state = dict(model.state_dict())
    changing = {
        f"{name}.inv_freq".lstrip(".")
        for name, module in model.named_modules()
        # lengthened and shortened again by what was read last
        if str(getattr(module, "rope_type", "")) in ("dynamic", "longrope")
    }
    for name, buffer in model.named_buffers(remove_duplicate=False):
        if name not in changing:
            state.setdefault(name, buffer)
    return state


class _Words:
    """Values of any kind as JSON has them: equal where they compute the same.

    Parameters
    ----------
    model : its modules are described by their names; None where there is no model.
    """

    def __init__(self, model: nn.Module | None) -> None:
        named = () if model is None else model.named_modules()
        self._names = {id(module): name for name, module in named}
        # id → number and its depth inside another value
        self._described: dict[int, tuple[int, int]] = {}
        # what was described must live on, or its id is given to another object
        self._held: list[Any] = []

    def of_module(self, name: str, module: nn.Module) -> Iterator[Any]:
        """Its kind, its attributes, its configuration and what is hooked on it."""
        from torch import nn

        kind = type(module)
        if kind.__module__.startswith("torch.nn") and kind.__name__ in _IN_EVALUATION_NOTHING:
            return
        yield [name, "kind", self.of(kind), self.of(kind.forward)]
        own = {} if kind.__module__.startswith("torch._dynamo") else dict(vars(module))
        transformers_own = kind.__module__.startswith("transformers.")
        hooked = "_hf_hook" in own
        for key in sorted(own.keys() - vars(nn.Module()).keys() - _LEFT_BEHIND):
            if "dropout" in key or (transformers_own and key.startswith("_")):
                continue
            if hooked and key == "forward":
                # accelerate moves weights and inputs to where they are needed
                continue
            yield [name, key, self.of(own[key])]
        if "config" in own:
            yield [name, "config", self.of(own["config"])]
        for hooks in ("_forward_pre_hooks", "_forward_hooks"):
            yield [name, hooks, self.of_hooks(own.get(hooks) or {})]

    def of_hooks(self, hooks: Mapping[int, Any]) -> list[Any]:
        """In the order in which they run; those of this package are gone after each pass.

        Except those of :meth:`.Steering.apply`, which stay as long as its block: what they add is
        described by the object that the hook is a method of.
        """
        lasting = [
            described
            for hook in hooks.values()
            if (described := getattr(getattr(hook, "__self__", None), "changes_numbers", None))
        ]
        return lasting + [
            self.of(hook)
            for hook in hooks.values()
            if not str(getattr(hook, "__module__", "")).startswith("brainbench.")
            # of checkpointed training; it gives back what it is given
            and getattr(hook, "__name__", "") != "make_inputs_require_grads"
        ]

    def of(self, value: Any, depth: int = 0) -> Any:
        """A value of any kind."""
        import torch

        if value is None or isinstance(value, bool | int | str):
            return value
        if isinstance(value, float):
            return value.hex()
        if depth > _DEEP:
            return type(value).__qualname__
        if isinstance(value, torch.Tensor):
            return self._tensor(value, depth)
        if isinstance(value, np.ndarray | np.generic):
            array = np.ascontiguousarray(value)
            content = array.tobytes() if array.dtype.kind != "O" else repr(value).encode()
            return [str(array.dtype), list(array.shape), hashlib.sha256(content).hexdigest()]
        if isinstance(value, Mapping):
            return sorted(
                ([str(key), self.of(each, depth + 1)] for key, each in value.items()), key=str
            )
        if isinstance(value, list | tuple):
            return [self.of(each, depth + 1) for each in value]
        if isinstance(value, set | frozenset):
            return sorted((self.of(each, depth + 1) for each in value), key=str)
        return self._thing(value, depth)

    def _tensor(self, value: Tensor, depth: int) -> Any:
        import torch

        described = [str(value.dtype), list(value.shape)]
        if hasattr(value, "__tensor_flatten__"):
            # several in one, as quantised weights are
            parts, more = value.__tensor_flatten__()
            inner = [[part, self.of(getattr(value, part), depth + 1)] for part in parts]
            return [type(value).__qualname__, *described, inner, self.of(more, depth + 1)]
        plain = value.detach()
        if plain.is_quantized:
            plain = plain.dequantize()
        if plain.layout != torch.strided:
            plain = plain.to_dense()
        # any dtype as bytes: numpy knows no bfloat16
        flat = plain.contiguous().cpu().flatten()
        content = flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""
        return [*described, hashlib.sha256(content).hexdigest()]

    def _thing(self, value: Any, depth: int) -> Any:
        """Functions, classes, modules and other objects, each described once."""
        from torch import nn

        if isinstance(value, nn.Module) and id(value) in self._names:
            return ["module", self._names[id(value)]]
        number, before = self._described.get(id(value), (len(self._described), _DEEP + 1))
        if before <= depth:
            return ["as before", number]
        self._described[id(value)] = (number, depth)
        self._held.append(value)
        if isinstance(value, functools.partial):
            return ["partial", self.of([value.func, value.args, value.keywords], depth + 1)]
        if isinstance(value, types.MethodType):
            return ["method", self.of([value.__func__, value.__self__], depth + 1)]
        if isinstance(value, types.FunctionType):
            return self._function(value, depth)
        if isinstance(value, type):
            return self._class(value, depth)
        if isinstance(value, nn.Module):
            return ["other module", hash_parameters(value)]
        if callable(getattr(value, "to_dict", None)):
            return self._configuration(value, depth)
        named = [_name(type(value)), str(value) if _is_word(value) else ""]
        if _is_versioned(type(value)):
            return named
        attributes = getattr(value, "__dict__", {})
        return [*named, self.of(type(value), depth + 1), self.of(attributes, depth + 1)]

    def _configuration(self, value: Any, depth: int) -> Any:
        """A configuration, with what it does not save: which code computes attention, experts."""
        given = value.to_dict()
        kept = {key: given[key] for key in given.keys() - _NOT_OF_NUMBERS if "dropout" not in key}
        own = vars(value)
        chosen = {key: own[key] for key in own if "implementation" in key}
        inner = {key: each for key, each in own.items() if callable(getattr(each, "to_dict", None))}
        return [
            _name(type(value)),
            *(self.of(part, depth + 1) for part in (kept, chosen, inner)),
        ]

    def _function(self, value: types.FunctionType, depth: int) -> Any:
        if _is_versioned(value) and value.__closure__ is None:
            return _name(value)
        code = [] if _is_versioned(value) else _code(value.__code__)
        cells = []
        for cell in value.__closure__ or ():
            try:
                cells.append(cell.cell_contents)
            except ValueError:  # it is not filled yet
                cells.append(None)
        more = [cells, value.__defaults__, value.__kwdefaults__]
        # names of its module that it uses: other functions, numbers, tensors
        names = value.__code__.co_names if code else ()
        used = {name: value.__globals__[name] for name in names if name in value.__globals__}
        used = {name: each for name, each in used.items() if not isinstance(each, types.ModuleType)}
        return [_name(value), code, self.of(more, depth + 1), self.of(used, depth + 1)]

    def _class(self, value: type, depth: int) -> Any:
        """The name of a class, and the functions of those that no version tells."""
        written = [base for base in value.__mro__ if not _is_versioned(base)]
        functions = [
            [name, self.of(function, depth + 1)]
            for base in written
            for name, function in sorted(vars(base).items())
            if isinstance(function, types.FunctionType)
        ]
        return [_name(value), functions]


def _code(code: types.CodeType) -> list[Any]:
    constants = [
        _code(each) if isinstance(each, types.CodeType) else repr(each) for each in code.co_consts
    ]
    return [code.co_code.hex(), constants, list(code.co_names), list(code.co_varnames)]


def _name(thing: Any) -> str:
    return f"{thing.__module__}.{thing.__qualname__}"


def _is_versioned(thing: Any) -> bool:
    return str(getattr(thing, "__module__", "")).partition(".")[0] in _VERSIONED


def _is_word(value: Any) -> bool:
    """Whether its text is all that it is: a number format, a member of a list of choices."""
    import enum

    import torch

    return isinstance(value, enum.Enum | torch.dtype | torch.Size)
