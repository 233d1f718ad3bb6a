"""Chat templates are rendered as transformers renders them, in a sandbox, on one date."""

from __future__ import annotations

import contextlib
from datetime import date
from typing import Any

import pytest
from jinja2.exceptions import SecurityError, TemplateError

from brainbench.models.prompts.chat_template import render_chat

TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "  Is it <so> & 'so'?\n"},
    {"role": "assistant", "content": "It is "},
]
TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}
TEMPLATES = {
    "tokens and loops": (
        "{{ bos_token }}{% for m in messages %}{% if loop.first %}\n  {% continue %}\n{% endif %}\n"
        "<{{ m.role }}>{{ m['content'] }}{{ eos_token }}\n{% endfor %}"
        "{% if add_generation_prompt %}<assistant>{% endif %}"
    ),
    "trimmed": "{%- for m in messages %}\n   {{- m.content | trim + '|' }}\n{%- endfor %}",
    "a namespace": (
        "{% set ns = namespace(n=0, text='') %}{% for m in messages %}"
        "{% set ns.n = ns.n + 1 %}{% set ns.text = ns.text + m.content %}{% endfor %}"
        "{{ ns.n }}{{ ns.text }}"
    ),
    "json and dict": (
        "{{ messages[0] | tojson(indent=2) }}{{ dict(a=1) | tojson }}"
        "{% for m in messages %}{{ m.content }}{% endfor %}"
    ),
    "generation": (
        "{% for m in messages %}{% generation %}{{ m.content }}{% endgeneration %}{% endfor %}"
    ),
    "asked to think": "{% if enable_thinking is false %}off{% endif %}"
    "{% for m in messages %}{{ m.content }}{% endfor %}",
    "nothing else given": "{{ tools is none }}{{ documents is none }}{{ unknown }}"
    "{% for m in messages %}{{ m.content }}{% endfor %}",
}


@pytest.mark.parametrize("go_on", [False, True])
@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_as_transformers(template: str, go_on: bool, tokenizer: Any) -> None:
    expected = tokenizer.apply_chat_template(
        TALK,
        chat_template=template,
        tokenize=False,
        add_generation_prompt=not go_on,
        continue_final_message=go_on,
        enable_thinking=False,
    )
    assert render_chat(template, TALK, tokenizer.special_tokens_map, go_on=go_on) == expected


def test_the_date_is_the_same_every_day() -> None:
    written = render_chat("{{ strftime_now('%d %b %Y') }}|{{ date_string }}", TALK, TOKENS)
    assert written == "01 Jan 2026|01 Jan 2026"
    own = "{% set date_string = strftime_now('%Y') if strftime_now is defined %}{{ date_string }}"
    assert render_chat(own, TALK, TOKENS) == "2026" != str(date.today().year - 1000)


def test_a_template_knows_whether_to_think() -> None:
    template = "{% if enable_thinking %}<think>{% endif %}"
    assert render_chat(template, TALK, TOKENS, think=True) == "<think>"
    assert render_chat(template, TALK, TOKENS) == ""


def test_messages_stay_as_they_were() -> None:
    before = [dict(turn) for turn in TALK]
    parts = [{"role": "assistant", "content": [{"type": "text", "text": "It "}]}]
    render_chat("{{ messages[-1].content }}", TALK, TOKENS, go_on=True)
    written = "{{ messages[-1].content[0].text }}"
    assert render_chat(written, parts, TOKENS, go_on=True) == "It "
    assert before == TALK
    assert parts[0]["content"] == [{"type": "text", "text": "It "}]


def test_an_answer_that_is_not_written_cannot_go_on() -> None:
    with pytest.raises(TemplateError, match="the beginning of the answer"):
        render_chat("{{ messages[0].content }}", TALK, TOKENS, go_on=True)


@pytest.mark.parametrize(
    "template",
    [
        "{{ messages.__class__.__mro__ }}",
        "{{ messages.append(1) }}",
        "{{ strftime_now.__self__.__class__ }}",
        "{{ namespace(__class__=1) }}",
        "{% set ns = namespace() %}{% set ns.__init__ = 1 %}",
        "{{ raise_exception.__globals__ }}",
        "{{ dict.__call__.__globals__ }}",
    ],
)
def test_templates_are_kept_in_the_sandbox(template: str) -> None:
    with contextlib.suppress(SecurityError):
        # what is only printed is nothing
        assert render_chat(template, TALK, TOKENS) == ""


def test_what_a_template_refuses_is_raised() -> None:
    with pytest.raises(TemplateError, match="no tools here"):
        render_chat("{{ raise_exception('no tools here') }}", TALK, TOKENS)
