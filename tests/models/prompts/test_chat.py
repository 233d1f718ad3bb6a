"""Prompts are written in the model's own format, or as plain text with a warning."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

from brainbench.errors import DataError
from brainbench.models.prompts.chat import Chat

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
    """Notes whether the tokenizer is to add special tokens to a text of its own."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self.asked: list[bool] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tokenizer, name)

    def __call__(self, texts: list[str], add_special_tokens: bool, **options: Any) -> Any:
        # others are tried out, to see what stands around every text
        if len(texts) == 1 and "it?" in texts[0]:
            self.asked.append(add_special_tokens)
        return self._tokenizer(texts, add_special_tokens=False, **options)


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


PARTS = (
    "{% for m in messages %}[{{ m['role'] }}] {% for c in m['content'] %}{{ c['text'] }}"
    "{% endfor %}{% endfor %}"
)


@pytest.mark.parametrize("template", [PARTS, PARTS.replace("{{ c", "{{ raise_exception('no') if "
                                                            "c is string else c")])  # fmt: skip
def test_a_template_that_wants_parts_is_given_parts(template: str, formatted: Format) -> None:
    chat = Chat(formatted(template))
    assert chat.text(MESSAGES) == "[system] Be brief.[user] Is it?"
    assert chat.text([*MESSAGES, {"role": "assistant", "content": "It "}], go_on=True) == (
        "[system] Be brief.[user] Is it?[assistant] It "
    )
    assert chat.warnings == {}


def test_parts_without_a_system_turn(formatted: Format) -> None:
    users = "{% for m in messages if m['role'] == 'user' %}"
    chat = Chat(
        formatted(users + "{% for c in m['content'] %}{{ c['text'] }}{% endfor %}{% endfor %}")
    )
    assert chat.text(MESSAGES) == "Be brief.\n\nIs it?"
    assert "takes no system turn" in next(iter(chat.warnings))


LONG = [{"role": "user", "content": "Abe is tall. " * 9 + "Is Abe tall?"}]
LOSING = {
    "content dropped": ("{% for m in messages %}[{{ m['role'] }}]{% endfor %}", LONG),
    "another key": ("{% for m in messages %}{{ m['text'] }}{% endfor %}", LONG),
    "cut": ("{% for m in messages %}{{ m['content'][:30] }}{% endfor %}", LONG),
    "shortened": ("{{ messages[0]['content'] | truncate(40) }}", LONG),
    "a word changed": ("{{ messages[0]['content'] | replace('tall', 'short') }}", LONG),
    "only the last turn": (
        "{{ messages[-1]['content'] }}",
        [*LONG, {"role": "assistant", "content": "Yes."}, {"role": "user", "content": "Sure?"}],
    ),
    "one of two equal turns": ("{{ messages[-1]['content'] }}", [LONG[0], LONG[0]]),
    "printed as a list": (
        "{% for m in messages %}{{ m['content'] if m['content'] is not string else '' }}"
        "{% endfor %}",
        LONG,
    ),
}


@pytest.mark.parametrize(("template", "messages"), LOSING.values(), ids=LOSING)
def test_a_template_that_loses_what_is_asked_is_refused(
    template: str, messages: list[dict[str, str]], formatted: Format
) -> None:
    with pytest.raises(DataError, match=r"chat template \(\w{12}….*leaves out or rewrites.*turn"):
        Chat(formatted(template)).text(messages)


HARMLESS = ("trim", "replace('\n', '  ')", "replace(' ', '\n')")


@pytest.mark.parametrize("filtered", HARMLESS)
def test_spaces_are_the_templates_own(filtered: str, formatted: Format) -> None:
    chat = Chat(formatted("{{ messages[0]['content'] | " + filtered + " }}"))
    chat.text([{"role": "user", "content": " Abe is tall.\nIs he?\n"}])
    assert chat.warnings == {}


@pytest.mark.parametrize("filtered", ["lower", "upper", "escape", "tojson"])
def test_what_is_written_otherwise_is_told(filtered: str, formatted: Format) -> None:
    chat = Chat(formatted("{{ messages[0]['content'] | " + filtered + " }}"))
    chat.text([{"role": "user", "content": 'Abe & Bea\'s.\nIs "he"?'}])
    assert [w for w in chat.warnings if "changes capital letters, or escapes" in w]


def test_what_was_thought_before_an_answer_may_be_dropped(formatted: Format) -> None:
    chat = Chat(formatted("{% for m in messages %}{{ m['content'].split('</think>')[-1] }} "
                          "{% endfor %}"))  # fmt: skip
    turns = [MESSAGES[1], {"role": "assistant", "content": "<think>Hm.</think>Yes."}, MESSAGES[1]]
    assert chat.text(turns) == "Is it? Yes. Is it? "


@pytest.mark.parametrize(
    "behind",
    ["<think>", "<think>\n", "<thinking>\n", "[THINK]", "<|channel|>analysis<|message|>"],
)
def test_an_open_thought_is_told_once_with_its_remedy(behind: str, formatted: Format) -> None:
    template = "{% for m in messages %}{{ m['content'] }} {% endfor %}assistant:" + behind
    chat = Chat(formatted(template))
    for _ in range(2):
        chat.text(MESSAGES)
    (told,) = chat.warnings
    assert "ends inside a thought" in told
    assert "--think" in told
    thinking = Chat(formatted(template), think=True)
    thinking.text(MESSAGES)
    assert thinking.warnings == {}


@pytest.mark.parametrize("behind", ["", "<think>\n\n</think>\n\n", "[THINK][/THINK]"])
def test_a_thought_that_is_closed_or_only_spoken_of_is_none(behind: str, formatted: Format) -> None:
    template = "{% for m in messages %}{{ m['content'] }} {% endfor %}assistant:" + behind
    chat = Chat(formatted(template))
    chat.text([{"role": "system", "content": "Think between <think> and the answer."}, MESSAGES[1]])
    assert chat.warnings == {}


def test_trying_out_tells_without_a_question(formatted: Format, tokenizer: Any) -> None:
    assert Chat(tokenizer).probe() == []
    chat = Chat(formatted("{{ messages[0]['content'] }}<think>"))
    assert "inside a thought" in chat.probe()[0]
    assert chat.warnings == {}
    with pytest.raises(DataError, match="leaves out"):
        Chat(formatted("Hello")).probe()


def test_prompts_that_all_have_the_same_tokens_are_refused(formatted: Format) -> None:
    class Deaf(Adding):
        def __call__(self, texts: list[str], **options: Any) -> Any:
            return {"input_ids": [[5, 6] for _ in texts]}

    chat = Chat(Deaf(formatted("{{ messages[0]['content'] }}")))
    other = [{"role": "user", "content": "Was it?"}]
    assert chat.prompts([other, other]) == [(5, 6), (5, 6)]
    with pytest.raises(DataError, match="the same 2 tokens of 2 different prompts"):
        chat.prompts([MESSAGES[1:], other])


def test_what_the_tokenizer_does_not_know_is_told() -> None:
    bare = Tokenizer(models.WordLevel({"[UNK]": 0, "Is": 1, "it?": 2, "Answer:": 3}, "[UNK]"))
    bare.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    chat = Chat(PreTrainedTokenizerFast(tokenizer_object=bare, unk_token="[UNK]"))
    asked = [{"role": "user", "content": "Is he?"}]
    assert chat.prompts([MESSAGES[1:], asked]) == [(1, 2, 3), (1, 0, 3)]
    assert any(text.startswith("1 of 2 prompts hold something") for text in chat.warnings)


def test_a_prompt_without_a_token_is_refused(formatted: Format) -> None:
    with pytest.raises(DataError, match="makes no token of the prompt"):
        Chat(formatted("{{ messages[0]['content'] }}")).tokens([{"role": "user", "content": ""}])


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
    with pytest.raises(DataError, match="Slow does not report which characters"):
        chat.tokens_of(chat.text(MESSAGES), characters=True)
