"""One way from texts to tokens, over the kinds of tokenizers that there are."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from lm_eval.models.huggingface import HFLM
from tiny_models import make_tokenizer
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

from brainbench.errors import DataError
from brainbench.models.prompts.chat import Chat
from brainbench.models.prompts.encoder import Encoder

SPECIAL = ["<pad>", "<s>", "</s>", "<unk>"]
NAMES = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
STORY = "Ann is taller than Bob. Bob is taller than Carl. Who is the tallest? Answer:"
WORDS = [STORY, "Ann", " Ann", "True", "False", " True", " False", "Is it? assistant:"] * 50
Make = Callable[[], PreTrainedTokenizerFast]


def finish(bare: Tokenizer, trainer: Any, texts: list[str] = WORDS) -> PreTrainedTokenizerFast:
    bare.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=bare, **NAMES)


def metaspace(scheme: str = "always") -> PreTrainedTokenizerFast:
    bare = Tokenizer(models.BPE(unk_token="<unk>"))
    bare.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme)
    bare.decoder = decoders.Metaspace(prepend_scheme=scheme)
    alphabet = [chr(c) for c in range(33, 127)]
    return finish(
        bare,
        trainers.BpeTrainer(vocab_size=300, special_tokens=SPECIAL, initial_alphabet=alphabet,
                            show_progress=False),
    )  # fmt: skip


def unigram() -> PreTrainedTokenizerFast:
    bare = Tokenizer(models.Unigram())
    bare.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    bare.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return finish(
        bare,
        trainers.UnigramTrainer(vocab_size=120, special_tokens=SPECIAL, unk_token="<unk>",
                                show_progress=False),
    )  # fmt: skip


def wordpiece() -> PreTrainedTokenizerFast:
    bare = Tokenizer(models.WordPiece(unk_token="<unk>"))
    bare.normalizer = normalizers.BertNormalizer(lowercase=True)
    bare.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    bare.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=200, special_tokens=SPECIAL, show_progress=False)
    return finish(bare, trainer)


def characters() -> PreTrainedTokenizerFast:
    letters = [*SPECIAL, *(chr(c) for c in range(32, 127)), "\n"]
    bare = Tokenizer(models.WordLevel({c: i for i, c in enumerate(letters)}, "<unk>"))
    bare.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    bare.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(tokenizer_object=bare, **NAMES)


def normalised() -> PreTrainedTokenizerFast:
    made = make_tokenizer()
    made.backend_tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Strip()]
    )
    return made


def prefixed() -> PreTrainedTokenizerFast:
    made = make_tokenizer()
    made.backend_tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    return made


def around(single: str) -> Make:
    def make() -> PreTrainedTokenizerFast:
        made = make_tokenizer()
        special = [("<s>", 1), ("</s>", 2), ("<pad>", 0)]
        made.backend_tokenizer.post_processor = TemplateProcessing(
            single=single, special_tokens=special
        )
        return made

    return make


def nameless() -> PreTrainedTokenizerFast:
    made = make_tokenizer()
    made.bos_token = made.eos_token = made.pad_token = None
    return made


def joining(*texts: str) -> Make:
    """As some tokenizers without words: texts that became one token, wherever they stand."""

    def make() -> PreTrainedTokenizerFast:
        bare = Tokenizer(models.BPE())
        bare.normalizer = normalizers.Replace(" ", "▁")
        bare.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.Fuse()])
        alphabet = [*(chr(c) for c in range(33, 127)), "▁", "\n"]
        trainer = trainers.BpeTrainer(vocab_size=390, special_tokens=SPECIAL[:3],
                                      show_progress=False, initial_alphabet=alphabet)  # fmt: skip
        often = [text for i, text in enumerate(texts) for _ in range(5000 - 2000 * i)]
        bare.train_from_iterator([*often, *["Answer"] * 900, *["False"] * 800], trainer)
        return PreTrainedTokenizerFast(
            tokenizer_object=bare, bos_token="<s>", eos_token="</s>", pad_token="<pad>"
        )

    return make


# where lm-eval's cut is right
AGREE: dict[str, Make] = {
    "byte-level": make_tokenizer,
    "byte-level, a space before every text": prefixed,
    "byte-level, normalised and stripped": normalised,
    "metaspace": metaspace,
    "metaspace, no space first": lambda: metaspace("never"),
    "unigram": unigram,
    "wordpiece": wordpiece,
    "characters": characters,
    "BOS before every text": around("<s> $A"),
}
ENDING: dict[str, Make] = {
    "EOS behind every text": around("$A </s>"),
    "BOS and EOS": around("<s> $A </s>"),
    "two tokens behind": around("<s> $A <pad> </s>"),
}
JOINING: dict[str, Make] = {
    "the whole answer joined": joining(": True"),
    "a part joined": joining(": "),
    "one answer joined": joining(": True", ": "),
}
EVERY = {**AGREE, **ENDING, **JOINING, "no special tokens": nameless}
REQUESTS = [
    (STORY, " Ann"),
    (STORY + " ", "True"),
    (STORY, " True or False"),
    ("Is it? assistant:", "False"),
    ("<s>Is it?</s><s>assistant:", "True"),
    ("Two lines\nhere", "\nTrue"),
]


@pytest.mark.parametrize("make", AGREE.values(), ids=AGREE)
def test_tokens_are_those_of_lm_eval(make: Make) -> None:
    tokenizer = make()
    theirs = object.__new__(HFLM)
    theirs.tokenizer, theirs.add_bos_token, theirs.backend = tokenizer, None, "causal"
    theirs.custom_prefix_token_id = None
    expected = [theirs._encode_pair(*request) for request in REQUESTS]
    found = Encoder(tokenizer).pairs(REQUESTS)
    assert [(list(a), list(b)) for a, b in found] == [(list(a), list(b)) for a, b in expected]


@pytest.mark.parametrize("make", EVERY.values(), ids=EVERY)
def test_a_continuation_is_what_is_said_behind_its_context(make: Make) -> None:
    tokenizer = make()
    encoder = Encoder(tokenizer)
    contexts = encoder.encode([context.rstrip() for context, _ in REQUESTS])

    def text(ids: tuple[int, ...]) -> str:
        return "".join(tokenizer.decode(list(ids)).split())

    for (context, said), (before, after), alone in zip(
        REQUESTS, encoder.pairs(REQUESTS), contexts, strict=True
    ):
        # every answer stands behind the same tokens
        assert before == alone
        assert after
        assert before[-1] not in (0, 2) or context.endswith("</s>")
        assert after[-1] not in (0, 2)
        whole = encoder.encode([context + said])[0]
        assert text(before + after) == text(whole)


@pytest.mark.parametrize("make", JOINING.values(), ids=JOINING)
def test_joined_answers_are_made_into_tokens_apart(make: Make) -> None:
    tokenizer = make()
    encoder = Encoder(tokenizer)
    found = encoder.pairs([(STORY, " True"), (STORY, " False")])
    assert found[0][0] == found[1][0] == encoder.encode([STORY])[0]
    for (_, after), answer in zip(found, (" True", " False"), strict=True):
        assert tokenizer.decode(list(after)) == answer


@pytest.mark.parametrize("make", ENDING.values(), ids=ENDING)
def test_what_ends_every_text_is_taken_off(make: Make) -> None:
    tokenizer = make()
    inner = tokenizer(STORY, add_special_tokens=False)["input_ids"]
    begins = [1] if make is not ENDING["EOS behind every text"] else []
    assert Encoder(tokenizer).encode([STORY]) == [(*begins, *inner)]
    chat = Chat(tokenizer)
    assert chat.tokens([{"role": "user", "content": "Is it?"}])[-1] not in (0, 2)
    text = chat.text([{"role": "user", "content": "Is it?"}])
    tokens, held = chat.tokens_of(text, characters=True)
    assert tokens == chat.tokens_of(text)[0]
    assert len(held) == len(tokens)
    # a context of its own end keeps it
    assert Encoder(tokenizer).encode(["Yes</s>"], False)[0][-1] == 2


class Stubborn:
    """A tokenizer that puts tokens around every text, whatever it is asked."""

    def __init__(self) -> None:
        self._tokenizer = around("<s> $A </s>")()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tokenizer, name)

    def __call__(self, texts: Any, add_special_tokens: bool = True, **options: Any) -> Any:
        return self._tokenizer(texts, **options)


def test_a_tokenizer_that_does_not_listen_ends_no_prompt() -> None:
    plain = make_tokenizer()
    own = Stubborn()
    own.chat_template = "<s>{{ messages[0]['content'] }}</s>answer:"
    own._tokenizer.chat_template = own.chat_template
    tokens = Chat(own).tokens([{"role": "user", "content": "Is it?"}])
    # begun once, as the chat template writes it, and not ended
    assert tokens == tuple(plain("<s>Is it?</s>answer:")["input_ids"])
    (pair,) = Encoder(own).pairs([("Is it?", " True")])
    assert pair == ((1, *plain("Is it?")["input_ids"]), tuple(plain(" True")["input_ids"]))


@pytest.mark.parametrize("make", [around("<s> $A"), around("<s> $A </s>"), make_tokenizer])
def test_chat_and_tasks_begin_a_templates_text_once(make: Make) -> None:
    tokenizer = copy.deepcopy(make())
    tokenizer.chat_template = (
        "{{ bos_token }}{% for m in messages %}{{ m['content'] }}{% endfor %} answer:"
    )
    chat = Chat(tokenizer)
    messages = [{"role": "user", "content": "Is it?"}]
    asked = chat.tokens(messages)
    assert asked[0] == 1
    assert asked.count(1) == 1
    assert chat.encoder.pairs([(chat.text(messages), " True")])[0][0] == asked


class TestWithoutContext:
    def test_bos_stands_before_it(self) -> None:
        tokenizer = make_tokenizer()
        said = tuple(tokenizer("True")["input_ids"])
        assert Encoder(tokenizer).pairs([("", "True"), ("  ", "True")])[0] == ((1,), said)

    def test_eos_where_there_is_no_bos(self) -> None:
        tokenizer = make_tokenizer()
        tokenizer.bos_token = None
        assert Encoder(tokenizer).pairs([("", "True")])[0][0] == (2,)

    def test_without_either_it_is_told_which_is_missing(self) -> None:
        encoder = Encoder(nameless())
        assert encoder.prefix is None
        assert encoder.pairs([(STORY, " True")])[0][1]
        with pytest.raises(DataError, match=r"neither a BOS nor an EOS token.*bos_token"):
            encoder.pairs([("", "True")])


def test_a_continuation_of_spaces_may_have_no_token() -> None:
    assert Encoder(wordpiece()).pairs([(STORY, "\n")])[0][1] == ()
    assert Encoder(normalised()).pairs([(STORY, " ")])[0][1] == ()
    assert Encoder(make_tokenizer()).pairs([(STORY, "\n")])[0][1]


def test_what_cannot_be_told_from_its_context_is_an_error() -> None:
    class Joined(Stubborn):
        """Every text is one token."""

        def __init__(self) -> None:
            super().__init__()
            self.known: dict[str, int] = {}

        def __call__(self, texts: Any, **options: Any) -> Any:
            return {"input_ids": [[self.known.setdefault(t, len(self.known) + 9)] for t in texts]}

        def decode(self, ids: Any, **options: Any) -> str:
            names = {number: text for text, number in self.known.items()}
            return "·".join(names.get(i, "?") for i in (ids if isinstance(ids, list) else [ids]))

    with pytest.raises(DataError, match=r"joins the end of the prompt.*--apply-chat-template"):
        Encoder(Joined()).pairs([(STORY, " True")])


def test_texts_that_the_tokenizer_does_not_tell_apart() -> None:
    encoder = Encoder(make_tokenizer())
    encoder.check_distinct(["a", "b"], [(1, 2), (1, 3)])
    encoder.check_distinct(["a b", "a  b"], [(1, 2), (1, 2)])
    encoder.check_distinct(["a"], [(1, 2)])
    with pytest.raises(DataError, match="the same 2 tokens of 3 different prompts"):
        encoder.check_distinct(["a", "b", "c", "a"], [(1, 2)] * 4)


def test_unknown_tokens_are_counted_by_text() -> None:
    known = characters()
    encoder = Encoder(known)
    assert encoder.unknown(encoder.encode(["as", "ß ß", "♥"])) == 2
    # GPT-2 names its end so, and knows every byte
    known.unk_token = "</s>"
    assert Encoder(known).unknown([(2, 5)]) == 0
