"""Prompts are written in the model's own format, or as plain text with a warning."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from tokenizers.processors import TemplateProcessing

from brainbench.errors import DataError
from brainbench.models.chat import Chat

MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Is it?"}]
NO_SYSTEM = (
    "{% for m in messages %}{% if m['role'] == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}"
    "[{{ m['role'] }}] {{ m['content'] }}{% endfor %}"
)
Format = Callable[[str], Any]


@pytest.fixture
def formatted(tokenizer: Any) -> Format:
    """A tokenizer with a given chat template."""

    def with_template(template: str) -> Any:
        own = copy.deepcopy(tokenizer)
        own.chat_template = template
        return own

    return with_template


class Adding:
    """Notes whether the tokenizer is to add special tokens of its own."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self.asked: list[bool] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tokenizer, name)

    def __call__(self, text: str, add_special_tokens: bool) -> Any:
        self.asked.append(add_special_tokens)
        return self._tokenizer(text, add_special_tokens=False)


def test_a_chat_template_is_used(chat_tokenizer: Any) -> None:
    chat = Chat(chat_tokenizer)
    assert chat.template == chat_tokenizer.chat_template
    assert chat.text(MESSAGES) == ("<s>system: Be brief.</s><s>user: Is it?</s><s>assistant:")
    assert chat.warnings == {}


def test_a_chat_template_writes_its_own_special_tokens(formatted: Format, tokenizer: Any) -> None:
    adding = Adding(formatted("<s>{{ messages[-1]['content'] }}</s>"))
    assert Chat(adding).tokens(MESSAGES[1:]) == (1, *tokenizer("Is it?")["input_ids"], 2)
    assert adding.asked == [False]


def test_the_same_prompt_is_the_same_tomorrow(formatted: Format) -> None:
    # as Llama 3 writes it, and as others do
    chat = Chat(
        formatted(
            "{{ strftime_now('%d %b %Y') }}|{{ date_string }}|"
            "{% for m in messages %}{{ m['content'] }}{% endfor %}"
        )
    )
    assert chat.text(MESSAGES) == "01 Jan 2026|01 Jan 2026|Be brief.Is it?"


def test_of_several_templates_the_default_is_used(tokenizer: Any) -> None:
    own = copy.deepcopy(tokenizer)
    own.chat_template = {"default": "{{ messages[0]['content'] }}", "tool_use": "tools"}
    chat = Chat(own)
    assert chat.template == "{{ messages[0]['content'] }}"
    assert chat.text(MESSAGES[1:]) == "Is it?"


def test_thoughts_are_asked_for_where_the_template_knows_them(chat_tokenizer: Any) -> None:
    assert Chat(chat_tokenizer, think=True).text(MESSAGES).endswith("<s>assistant:<think>")
    assert Chat(chat_tokenizer, think=False).text(MESSAGES).endswith("<s>assistant:")


def test_a_base_model_is_asked_in_plain_text_and_that_is_said(tokenizer: Any) -> None:
    chat = Chat(tokenizer)
    assert chat.template is None
    assert chat.text(MESSAGES) == "Be brief.\n\nIs it?\nAnswer:"
    chat.text(MESSAGES)
    assert list(chat.warnings) == ["the model has no chat template: it is asked in plain text"]


def test_plain_text_gets_the_tokenizers_special_tokens(tokenizer: Any) -> None:
    adding = Adding(tokenizer)
    assert Chat(adding).tokens(MESSAGES) == tuple(
        tokenizer("Be brief.\n\nIs it?\nAnswer:")["input_ids"]
    )
    assert adding.asked == [True]


def test_plain_text_does_not_end(tokenizer: Any) -> None:
    own = copy.deepcopy(tokenizer)
    own.backend_tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    plain = tokenizer("Be brief.\n\nIs it?\nAnswer:")["input_ids"]
    assert Chat(own).tokens(MESSAGES) == (1, *plain)


def test_a_refused_system_turn_opens_the_users(formatted: Format) -> None:
    chat = Chat(formatted(NO_SYSTEM))
    assert chat.text(MESSAGES) == "[user] Be brief.\n\nIs it?"
    chat.text(MESSAGES)
    assert list(chat.warnings) == [
        "the model's chat template takes no system turn: it opens the user's"
    ]


def test_a_system_turn_that_is_left_out_opens_the_users(formatted: Format) -> None:
    chat = Chat(
        formatted(
            "{% for m in messages %}{% if m['role'] != 'system' %}"
            "[{{ m['role'] }}] {{ m['content'] }}{% endif %}{% endfor %}"
        )
    )
    assert chat.text(MESSAGES) == "[user] Be brief.\n\nIs it?"
    assert "takes no system turn" in next(iter(chat.warnings))


def test_a_system_turn_may_be_trimmed(formatted: Format) -> None:
    chat = Chat(formatted("{% for m in messages %}[{{ m['content'] | trim }}]{% endfor %}"))
    assert chat.text([{"role": "system", "content": " Be brief.\n"}, MESSAGES[1]]) == (
        "[Be brief.][Is it?]"
    )
    assert chat.warnings == {}


def test_every_system_turn_opens_the_turn_that_follows(formatted: Format) -> None:
    turns = [*MESSAGES, {"role": "assistant", "content": "No."}, *MESSAGES]
    expected = "[user] Be brief.\n\nIs it?[assistant] No.[user] Be brief.\n\nIs it?"
    assert Chat(formatted(NO_SYSTEM)).text(turns) == expected


def test_a_system_turn_at_the_end_is_a_users(formatted: Format) -> None:
    expected = "[user] Is it?[user] Be brief."
    assert Chat(formatted(NO_SYSTEM)).text(MESSAGES[::-1]) == expected


def test_what_needs_no_merging_is_not_warned_of(formatted: Format) -> None:
    chat = Chat(formatted(NO_SYSTEM))
    assert chat.text(MESSAGES[1:]) == "[user] Is it?"
    assert chat.warnings == {}


@pytest.mark.parametrize("messages", [MESSAGES, MESSAGES[1:]], ids=["with system", "without"])
@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("{{ raise_exception('only tools may speak') }}", "only tools may speak"),
        ("{% for %}", "Expected"),
        ("{{ messages.nothing.at_all }}", "has no attribute 'nothing'"),
    ],
    ids=["raises", "no Jinja", "undefined"],
)
def test_another_failure_is_told(
    template: str, told: str, messages: list[dict[str, str]], formatted: Format
) -> None:
    chat = Chat(formatted(template))
    with pytest.raises(DataError, match=f"the model's chat template fails: .*{told}"):
        chat.text(messages)
    assert chat.warnings == {}


def test_a_prompt_without_a_token_is_refused(formatted: Format) -> None:
    with pytest.raises(DataError, match="makes no token of the prompt"):
        Chat(formatted("{{ '' }}")).tokens(MESSAGES)


def test_tokens_tell_their_characters_where_asked(chat_tokenizer: Any, tokenizer: Any) -> None:
    for own in (chat_tokenizer, tokenizer):
        chat = Chat(own)
        text = chat.text(MESSAGES)
        tokens, held = chat.tokens_of(text, characters=True)
        assert tokens == chat.tokens(MESSAGES)
        assert len(held) == len(tokens)
        assert "".join(text[a:b] for a, b in held) == text
        assert chat.tokens_of(text) == (tokens, ())


def test_a_slow_tokenizer_is_asked_for_tokens_alone(chat_tokenizer: Any) -> None:
    class Slow(Adding):
        is_fast = False

    chat = Chat(Slow(chat_tokenizer))
    assert chat.tokens(MESSAGES) == Chat(chat_tokenizer).tokens(MESSAGES)
    with pytest.raises(DataError, match="Slow does not tell which characters"):
        chat.tokens_of(chat.text(MESSAGES), characters=True)
