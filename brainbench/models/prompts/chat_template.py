"""Chat templates, rendered as transformers renders them, on a date that stays the same.

Templates come from other people, so they run in Jinja's sandbox. Transformers is not asked to
render them: since 5.23 it hands no function on to a template, and without one the date that a
template writes (Llama 3: ``strftime_now``) would be today's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from jinja2 import Template
from jinja2.exceptions import SecurityError, TemplateError
from jinja2.ext import Extension, loopcontrols
from jinja2.nodes import CallBlock, Node
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

# The same prompt must be the same tomorrow.
PROMPT_DATE = date(2026, 1, 1)
# behind the beginning of an answer; the space at its end tells whether a template trims
_MARK = "BRAINBENCH_GOES_ON_HERE "

Message = Mapping[str, Any]


def render_chat(
    template: str,
    messages: Sequence[Message],
    tokens: Mapping[str, Any],
    *,
    go_on: bool = False,
    think: bool = False,
) -> str:
    """Write messages as a chat template does.

    Parameters
    ----------
    template : Jinja, as a tokenizer holds it.
    messages : ``role`` and ``content``, a text or a list of parts.
    tokens : names of special tokens → their texts, such as ``bos_token``.
    go_on : end inside the last message, which is to be continued; else with what stands before
        an answer.
    think : asked of templates that know it (Qwen3); others do not look.

    Raises
    ------
    Exception
        Whatever a template raises: it is another's program. ``TemplateError`` where it leaves
        out the message that is to be continued.
    """
    turns = [dict(message) for message in messages]
    if go_on:
        turns[-1]["content"] = _marked(turns[-1]["content"])
    text = _compiled(template).render(
        {
            **tokens,
            "enable_thinking": think,
            "date_string": PROMPT_DATE.strftime("%d %b %Y"),
            "messages": turns,
            "tools": None,
            "documents": None,
            "add_generation_prompt": not go_on,
        }
    )
    return _cut(text) if go_on else text


def _marked(content: Any) -> Any:
    if isinstance(content, str):
        return content + _MARK
    return [*content[:-1], {**content[-1], "text": content[-1]["text"] + _MARK}]


def _cut(text: str) -> str:
    place = text.rfind(_MARK.strip())
    if place < 0:
        raise TemplateError("it leaves out the beginning of the answer, which is to be continued")
    kept = text[:place]
    # a template that trims would have trimmed what stands before the mark as well
    return kept if text.startswith(_MARK, place) else kept.rstrip()


class _Generation(Extension):
    """``{% generation %}`` marks what a model is trained on; nothing of it is written."""

    tags = {"generation"}  # noqa: RUF012  as Jinja declares it

    def parse(self, parser: Parser) -> Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return CallBlock(self.call_method("_written"), [], [], body).set_lineno(line)

    def _written(self, caller: Any) -> str:
        return str(caller())


class _Dict:
    """``dict`` as templates may use it: a function, not the class with its attributes."""

    def __call__(self, *pairs: Any, **named: Any) -> dict[Any, Any]:
        return dict(*pairs, **named)

    def fromkeys(self, *keys: Any) -> dict[Any, Any]:
        return dict.fromkeys(*keys)


class _Namespace(Namespace):
    """``namespace`` without names that begin with an underscore, Python's own."""

    def __init__(*given: Any, **named: Any) -> None:
        own, *pairs = given
        held = dict(*pairs, **named)
        for name in held:
            _check_name(name)
        Namespace.__init__(own, held)

    def __setitem__(self, name: str, value: Any) -> None:
        _check_name(name)
        super().__setitem__(name, value)


def _check_name(name: Any) -> None:
    if isinstance(name, str) and name.startswith("_"):
        raise SecurityError(f"a namespace holds no name like {name!r}")


def _fail(message: str) -> None:
    raise TemplateError(message)


def _json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    # Jinja's own escapes HTML
    return json.dumps(
        value,
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
    )


@lru_cache(maxsize=32)
def _compiled(template: str) -> Template:
    sandbox = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols]
    )
    sandbox.filters["tojson"] = _json
    sandbox.globals.update(
        raise_exception=_fail,
        strftime_now=PROMPT_DATE.strftime,
        dict=_Dict(),
        namespace=_Namespace,
    )
    return sandbox.from_string(template)
