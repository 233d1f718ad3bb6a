"""From a problem to the messages of a prompt.

A template is YAML: per reasoning type a list of ``{role, content}``, where ``content`` is
Jinja over ``premises`` (a list of sentences) and ``conclusion``; ``all`` serves the types
that are not named. Templates come from users, so they run in Jinja's sandbox and are
tried out on a problem of each type before they are used.

Beside the question a template may hold turns that ask only to read, under ``reading``, over
``premises`` alone: what the ``localised`` readout sets the question against.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from brainbench.errors import DataError, UsageError
from brainbench.foreign import Unreadable, parse_yaml, readable
from brainbench.paths import user_path
from brainbench.problems import Problem, ReasoningType

ANY_TYPE = "all"
READING = "reading"
_TYPES: tuple[str, ...] = (ANY_TYPE, *get_args(ReasoningType))
_PROBE = (("Fee is fie", "Foe is fum", "Tic is tac"), "Tic is toe")
_LARGEST_FILE = 65536
_LONGEST_PROMPT = 1_000_000


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Message(_Part):
    """One turn of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


_Turns = Annotated[tuple[Message, ...], Field(min_length=1)]


class _Wording(_Part):
    """The file: a name, for each type its turns, and those that ask only to read."""

    name: str = Field(min_length=1, max_length=100)
    turns: dict[str, _Turns] = Field(min_length=1)
    reading: _Turns | None = None

    @field_validator("turns")
    @classmethod
    def _known(cls, turns: dict[str, Any]) -> dict[str, Any]:
        for kind in turns:
            if kind not in _TYPES:
                raise ValueError(f"{kind!r} is not a reasoning type; there are {', '.join(_TYPES)}")
        return turns


@dataclass(frozen=True)
class PromptTemplate:
    """The wording of a question.

    Attributes
    ----------
    name : as recorded.
    turns : reasoning type or ``all`` → messages, their contents Jinja.
    reading : messages that ask only to read the premises; None where it has none.
    """

    name: str
    turns: dict[str, tuple[Message, ...]]
    reading: tuple[Message, ...] | None = None

    @cached_property
    def sha256(self) -> str:
        """Hash of the wording of the question."""
        return _hash(self.turns)

    @cached_property
    def reading_sha256(self) -> str:
        """Hash of the wording that asks only to read."""
        if self.reading is None:
            return builtin_template().reading_sha256
        return _hash({READING: self.reading})

    def messages(self, problem: Problem) -> list[dict[str, str]]:
        """The messages of one problem, as chat templates take them.

        Raises
        ------
        DataError
            When the template has no wording for its reasoning type or cannot be rendered.
        """
        wanted = (problem.reasoning_type, ANY_TYPE)
        kind = next((kind for kind in wanted if kind in self.turns), None)
        if kind is None:
            raise DataError(
                f"prompt template {self.name} has no wording for {problem.reasoning_type} "
                f"problems, and none under {ANY_TYPE!r}"
            )
        return self._render(kind, premises=list(problem.premises), conclusion=problem.conclusion)

    def reading_messages(self, problem: Problem) -> list[dict[str, str]]:
        """The messages that ask only to read a problem's premises; by default the built-in ones.

        Raises
        ------
        DataError
            When they cannot be rendered.
        """
        if self.reading is None:
            return builtin_template().reading_messages(problem)
        return self._render(READING, premises=list(problem.premises))

    def _render(self, kind: str, **given: Any) -> list[dict[str, str]]:
        messages = []
        for role, content in self._compiled[kind]:
            try:
                text = content.render(given)
            # a sandboxed expression may fail in any way: refused, or on its own (1 / 0)
            except Exception as error:
                raise DataError(f"prompt template {self.name}, {kind}: {_fault(error)}") from error
            if len(text) > _LONGEST_PROMPT:
                raise DataError(f"prompt template {self.name} gives {len(text)} characters")
            messages.append({"role": role, "content": text})
        return messages

    @cached_property
    def _compiled(self) -> dict[str, list[tuple[str, Template]]]:
        sandbox = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
        compiled: dict[str, list[tuple[str, Template]]] = {}
        for kind, turns in self._all_turns.items():
            for turn in turns:
                try:
                    content = sandbox.from_string(turn.content)
                except (TemplateError, RecursionError) as error:
                    raise DataError(
                        f"prompt template {self.name}, {kind}: {_fault(error)}"
                    ) from error
                compiled.setdefault(kind, []).append((turn.role, content))
        return compiled

    def check(self) -> None:
        """Try the template out.

        Raises
        ------
        DataError
            When it cannot be rendered, leaves out a premise or the conclusion, or does
            not end with the user's turn.
        """
        premises, conclusion = _PROBE
        for kind, turns in self._all_turns.items():
            if turns[-1].role != "user":
                raise DataError(
                    f"prompt template {self.name}, {kind}: the last turn must be the user's, "
                    "the model speaks next"
                )
            given: dict[str, Any] = {"premises": list(premises)}
            parts = [("a premise", "premises", sentence) for sentence in premises]
            if kind != READING:
                given["conclusion"] = conclusion
                parts.append(("the conclusion", "conclusion", conclusion))
            rendered = self._render(kind, **given)
            text = "\n".join(turn["content"] for turn in rendered).casefold()
            for part, name, sentence in parts:
                if sentence.casefold() not in text:
                    raise DataError(
                        f"prompt template {self.name}, {kind}, leaves out {part}: "
                        f"use {{{{ {name} }}}}"
                    )

    @property
    def _all_turns(self) -> dict[str, tuple[Message, ...]]:
        return self.turns if self.reading is None else {**self.turns, READING: self.reading}


@cache
def builtin_template(name: str = "default") -> PromptTemplate:
    """A template that ships with the package."""
    folder = resources.files("brainbench.models") / "templates"
    return _parse((folder / f"{name}.yaml").read_text("utf-8"), name)


def load_template(path: str | Path) -> PromptTemplate:
    """Read a user's template and try it out.

    Raises
    ------
    UsageError
        When there is no such file.
    DataError
        When it is not a template, with what is wrong in it.
    """
    file = user_path(path)
    if not file.is_file():
        raise UsageError(f"there is no prompt template at {path}")
    if file.stat().st_size > _LARGEST_FILE:
        raise DataError(f"{path} is larger than {_LARGEST_FILE} bytes: no prompt template")
    try:
        return _parse(file.read_text("utf-8"), readable(file.stem))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def _parse(text: str, fallback: str) -> PromptTemplate:
    try:
        loaded = parse_yaml(text)
    except Unreadable as error:
        raise DataError(f"prompt template {fallback}: {error}") from error
    if not isinstance(loaded, dict):
        raise DataError(
            f"prompt template {fallback}: expected, per reasoning type, a list of {{role, content}}"
        )
    name, reading = loaded.pop("name", fallback), loaded.pop(READING, None)
    try:
        written = _Wording(name=name, turns=loaded, reading=reading)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()
        )
        raise DataError(f"prompt template {fallback}: {faults}") from error
    template = PromptTemplate(written.name, written.turns, written.reading)
    template.check()
    return template


def _hash(turns: Mapping[str, Sequence[Message]]) -> str:
    plain = {kind: [m.model_dump() for m in messages] for kind, messages in turns.items()}
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def _fault(error: Exception) -> str:
    return str(error) or type(error).__name__
