"""Options of loading and prompting a language model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from brainbench.errors import UnknownNameError, UsageError
from brainbench.models.steering.vector import check_steered_tokens, check_strength

# which tokens' states stand for a problem, see docs/language-models.md
READOUTS: tuple[str, ...] = ("last", "premises", "localised")
# prompts in a batch: past this a processor gains nothing and needs more memory
BATCH_SIZE = 32


@dataclass(frozen=True)
class ModelOptions:
    """Options of loading and prompting a language model.

    Parameters
    ----------
    device : ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
    dtype : ``float32``, ``bfloat16``, ``float16``; ``auto`` for the checkpoint's own; by default
        float32, on cuda bfloat16.
    attn_implementation : ``eager``, ``sdpa``, ``flex_attention``, ``flash_attention_2`` or
        ``flash_attention_3``; by default the configuration's.
    batch_size : prompts in a batch; 32 by default.
    revision : branch, tag or commit of a hub id.
    gguf_file : name of a GGUF file in the folder or repository.
    peft : folder of a PEFT adapter.
    untrained : seed; the model's weights are drawn anew.
    prompt_template : YAML file of another wording.
    think : let the model generate before it answers.
    max_new_tokens : limit of what it generates.
    trust_remote_code : let the repository's own Python run.
    readout : one of ``READOUTS``: the state of the ``last`` token, the mean over those of
        the ``premises``, or ``localised``: the last, and beside it the last of a prompt
        that asks only to read.
    steer : folder of a steering, whose directions are added to the states.
    strength : their factor, in place of the steering's own.
    steer_tokens : ``last``, ``generated`` or ``all``, in place of the steering's own.
    """

    device: str | None = None
    dtype: str | None = None
    attn_implementation: str | None = None
    batch_size: int | None = None
    revision: str | None = None
    gguf_file: str | None = None
    peft: str | None = None
    untrained: int | None = None
    prompt_template: str | None = None
    think: bool = False
    max_new_tokens: int = 1024
    trust_remote_code: bool = False
    readout: str = "last"
    steer: str | None = None
    strength: float | None = None
    steer_tokens: str | None = None

    def __post_init__(self) -> None:
        for name, least in (("batch_size", 1), ("max_new_tokens", 1), ("untrained", 0)):
            value = getattr(self, name)
            if value is not None:
                check_whole(name, value, least)
        check_readout(self.readout, self.think)
        for name, check in (("strength", check_strength), ("steer_tokens", check_steered_tokens)):
            if getattr(self, name) is not None:
                check(getattr(self, name))
                if self.steer is None:
                    flag = name.replace("_", "-")
                    raise UsageError(f"--{flag} is of a steering: give its folder with --steer")

    def with_arguments(self, arguments: Mapping[str, Any]) -> ModelOptions:
        """The same, with options given as ``name=value``.

        Raises
        ------
        UsageError
            When there is no such option, its value is of another kind, or it is given twice.
        """
        kinds = {option.name: str(option.type).split(" | ") for option in fields(self)}
        chosen = dict(arguments)
        for name, value in arguments.items():
            if name not in kinds:
                raise UnknownNameError("model argument", name, kinds)
            if type(value) is int and "float" in kinds[name]:
                chosen[name] = value = float(value)
            if name in self.given() and getattr(self, name) != value:
                raise UsageError(f"{name} is {getattr(self, name)} and {value}: say it once")
            kind = "None" if value is None else type(value).__name__
            if kind not in kinds[name]:
                raise UsageError(f"{name}: {value!r} is not a {' | '.join(kinds[name])}")
        return replace(self, **chosen)

    def given(self) -> list[str]:
        """Names of the options that differ from the defaults."""
        default = asdict(ModelOptions())
        return [name for name, value in asdict(self).items() if value != default[name]]


def check_whole(name: str, value: object, least: int) -> None:
    """Raise ``UsageError`` when a value is not a whole number, or less than it may be.

    Parameters
    ----------
    name : of the option, as in the message.
    value : what was given; neither a bool nor a float is taken.
    least : the smallest value that is allowed.
    """
    if type(value) is not int or value < least:
        raise UsageError(f"{name} must be a whole number from {least}, not {value!r}")


def check_readout(readout: str, think: bool) -> None:
    """Raise ``UsageError`` when there is no such readout, or it does not go with thinking.

    Parameters
    ----------
    readout : which states of a prompt are read, one of ``READOUTS``.
    think : whether the model thinks before it answers.
    """
    if readout not in READOUTS:
        raise UnknownNameError("readout", str(readout), READOUTS)
    if think and readout != "last":
        raise UsageError(
            f"--readout {readout} does not go with --think: the states of a model that thinks "
            "are means over what it generated; leave one of them out"
        )


def readout_suffix(readout: str) -> str:
    """Suffix of a model's name for its readout, since another readout gives other scores."""
    return "" if readout == "last" else f"+{readout}"
