"""The tokens that hold premises are found, whatever stands around them, or it is told why not."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

from brainbench.errors import DataError
from brainbench.models.prompts.chat import Chat
from brainbench.models.prompts.premise_spans import find_premises
from brainbench.models.prompts.template import Message, PromptTemplate, builtin_template
from brainbench.problems import Problem

JOINED = "{{ premises | join('. ') }}. {{ conclusion }}?"


def asking(*contents: str) -> PromptTemplate:
    return PromptTemplate("mine", {"all": tuple(Message(role="user", content=c) for c in contents)})


def said(tokenizer: Any, tokens: Sequence[int], places: Sequence[int]) -> list[str]:
    """What the tokens say, in stretches of neighbours."""
    ends = [i + 1 for i, (a, b) in enumerate(pairwise(places)) if b != a + 1]
    stretches = [places[a:b] for a, b in pairwise([0, *ends, len(places)])]
    return [tokenizer.decode([tokens[i] for i in some]).strip() for some in stretches]


@pytest.fixture
def problem(problems: tuple[Problem, ...]) -> Problem:
    """Its conclusion says what a premise says, and a premise stands in another one."""
    premises = ("Abe is tall", "All that Abe is tall for is tall", "Max is wet")
    return replace(problems[0], premises=premises, conclusion="Max is wet")


P1, P2, P3 = "Abe is tall", "All that Abe is tall for is tall", "Max is wet"
FOUND: dict[str, tuple[Sequence[str], list[str]]] = {
    "after each other": ([JOINED], [P1, P2, P3]),
    "behind the conclusion": (["Is it so that {{ conclusion }}: " + JOINED], [P1, P2, P3]),
    "behind an example of the same words": (["Max is wet. So?", JOINED], [P1, P2, P3]),
    "in another order": (["{{ premises | reverse | join('; ') }} {{ conclusion }}"], [P3, P2, P1]),
    "twice": ([JOINED + " Again: {{ premises[1] }}!"], [P1, P2, P3, P2]),
    "in capitals": (
        ["{{ premises | join('. ') | upper }}. {{ conclusion }}"],
        [P1.upper(), P2.upper(), P3.upper()],
    ),
    "at the very end": (["{{ conclusion }}: {{ premises | join('. ') }}"], [P1, P2, P3]),
}


@pytest.mark.parametrize(("contents", "expected"), FOUND.values(), ids=FOUND)
def test_premises_are_found(
    contents: Sequence[str], expected: list[str], chat_tokenizer: Any, problem: Problem
) -> None:
    chat, template = Chat(chat_tokenizer), asking(*contents)
    tokens, places = find_premises(problem, template, chat)
    assert tokens == chat.tokens(template.messages(problem))
    assert said(chat_tokenizer, tokens, places) == expected


@pytest.mark.parametrize("name", ["default", "nano"])
def test_premises_are_found_in_the_built_in_wordings(
    name: str, tokenizer: Any, chat_tokenizer: Any, problems: tuple[Problem, ...]
) -> None:
    for own in (tokenizer, chat_tokenizer):
        for problem in problems:
            tokens, places = find_premises(problem, builtin_template(name), Chat(own))
            assert said(own, tokens, places) == list(problem.premises)


def test_premises_are_found_behind_a_turn_that_moved(
    tokenizer: Any, problems: tuple[Problem, ...]
) -> None:
    own = copy.deepcopy(tokenizer)
    own.chat_template = (
        "{% for m in messages %}{% if m['role'] == 'system' %}{{ raise_exception('no') }}{% endif %}"  # noqa: E501
        "[{{ m['role'] }}] {{ m['content'] | trim }}{% endfor %}"
    )
    chat = Chat(own)
    tokens, places = find_premises(problems[0], builtin_template(), chat)
    assert said(own, tokens, places) == list(problems[0].premises)
    assert len(chat.warnings) == 1


def test_special_tokens_of_the_tokenizer_hold_no_premise(
    tokenizer: Any, problems: tuple[Problem, ...]
) -> None:
    own = copy.deepcopy(tokenizer)
    own.backend_tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    template = asking("{{ premises | join('. ') }}")
    bare = find_premises(problems[0], template, Chat(tokenizer))
    tokens, places = find_premises(problems[0], template, Chat(own))
    assert tokens == (1, *bare[0])
    assert places == tuple(place + 1 for place in bare[1])
    assert bare[1][0] == 0


@pytest.fixture(scope="module")
def spaced() -> PreTrainedTokenizerFast:
    """As SentencePiece: a space belongs to the word behind it; letters it lacks are bytes."""
    bare = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>"))
    bare.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    bare.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    bare.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    text = ["▁".join(["", *P2.split(), *P3.split(), "True", "False", "facts", "1."])] * 20
    letters = [chr(n) for n in range(33, 127)]
    trainer = trainers.BpeTrainer(
        vocab_size=500,
        special_tokens=["<unk>", "<s>", "</s>", *(f"<0x{n:02X}>" for n in range(256))],
        initial_alphabet=letters,
        show_progress=False,
    )
    bare.train_from_iterator(text, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=bare, bos_token="<s>", eos_token="</s>")


def test_premises_are_found_among_words_that_hold_their_space(
    spaced: PreTrainedTokenizerFast, problem: Problem
) -> None:
    odd = replace(problem, premises=(P1, "Zoë is 猫", P3))
    for template in (builtin_template(), asking(JOINED)):
        tokens, places = find_premises(odd, template, Chat(spaced))
        assert said(spaced, tokens, places) == [P1, "Zoë is 猫", P3]


# what cannot be found

REWRITTEN = {
    "another word": "{{ premises | join('. ') | replace('tall', 'short') }}",
    "a capital": "{% for p in premises %}{{ p | lower | capitalize }}. {% endfor %}",
    "a letter by itself": "{% for p in premises %}{{ p[0] | lower }}{{ p[1:] }}. {% endfor %}",
    "words in another order": "{% for p in premises %}{{ p | reverse }}. {% endfor %}",
    "a premise left out": "{{ premises[0] }}. {{ premises[1] }}",
    "a part left out": "{% for p in premises %}{{ p[:6] }}. {% endfor %}",
    "nothing of them": "Guess.",
    "their length": "{{ premises | join('. ') }} has {{ premises[0] | length }} letters",
}


@pytest.mark.parametrize("content", REWRITTEN.values(), ids=REWRITTEN)
def test_premises_that_are_rewritten_are_told(
    content: str, chat_tokenizer: Any, problem: Problem
) -> None:
    with pytest.raises(DataError, match=r"of syllogistic\S* cannot be found.*rewrites it.*\{\{ pr"):
        find_premises(problem, asking(content + " {{ conclusion }}"), Chat(chat_tokenizer))


def test_which_premise_is_lost_is_told(chat_tokenizer: Any, problem: Problem) -> None:
    with pytest.raises(DataError, match=r"^premise 3 of .*--readout last"):
        find_premises(problem, asking("{{ premises[0] }} {{ premises[1] }}"), Chat(chat_tokenizer))


def test_a_chat_template_that_rewrites_is_told(tokenizer: Any, problem: Problem) -> None:
    own = copy.deepcopy(tokenizer)
    own.chat_template = "{{ messages[-1]['content'] | replace('Abe', 'Bea') }}"
    with pytest.raises(
        DataError, match=r"the model's chat template .*leaves out or rewrites what it is given"
    ):
        find_premises(problem, asking(JOINED), Chat(own))


def test_a_problem_without_premises_has_no_tokens_of_them(
    chat_tokenizer: Any, problem: Problem
) -> None:
    for premises in ((), ("",)):
        bare = replace(problem, premises=premises)
        with pytest.raises(DataError, match="has no premises whose states"):
            find_premises(bare, asking(JOINED), Chat(chat_tokenizer))


class Spoilt:
    """A tokenizer whose word about its tokens' characters is changed."""

    def __init__(self, tokenizer: Any, change: Callable[[int, int], tuple[int, int]]) -> None:
        self._tokenizer = tokenizer
        self._change = change

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tokenizer, name)

    def __call__(self, text: str, **options: Any) -> Any:
        given = dict(self._tokenizer(text, **options))
        if "offset_mapping" in given:
            given["offset_mapping"] = [self._change(a, b) for a, b in given["offset_mapping"]]
        return given


@pytest.mark.parametrize(
    "change",
    [
        # as tokenizers gave for Llama 3 before 0.23: words that are tokens have no end
        lambda a, b: (a, a) if b - a > 3 else (a, b),
        lambda a, b: (0, 0),
    ],
    ids=["some without end", "nothing"],
)
def test_characters_that_no_token_holds_are_told(
    change: Callable[[int, int], tuple[int, int]], chat_tokenizer: Any, problem: Problem
) -> None:
    with pytest.raises(DataError, match=r"does not report which characters.*newer tokenizers"):
        find_premises(problem, asking(JOINED), Chat(Spoilt(chat_tokenizer, change)))


def test_a_slow_tokenizer_is_told(chat_tokenizer: Any, problem: Problem) -> None:
    class Slow(Spoilt):
        is_fast = False

    with pytest.raises(DataError, match=r"^Slow does not report.*fast tokenizer.*--readout last"):
        find_premises(problem, asking(JOINED), Chat(Slow(chat_tokenizer, lambda a, b: (a, b))))
