"""From messages to the token ids of a model."""

from __future__ import annotations

import hashlib
import html
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from brainbench.errors import DataError
from brainbench.models.prompts.batches import Tokens
from brainbench.models.prompts.chat_template import render_chat
from brainbench.models.prompts.encoder import Encoder
from brainbench.models.prompts.thoughts import MARKERS, open_thought

Messages = Sequence[Mapping[str, str]]
# what a model without chat template is left to continue
PLAIN_CUE = "\nAnswer:"
_MERGED = "the model's chat template takes no system turn: it opens the user's"
_CHANGED = (
    "the model's chat template changes capital letters, or escapes characters, of what is asked"
)
_PROBE = ({"role": "user", "content": "Is every answer found in its question?"},)


class Chat:
    """Writes prompts in a model's own format, with warnings where it had to deviate.

    A model without a chat template gets the messages as plain text and the cue
    ``Answer:``. Where a chat template writes a turn only from a list of parts, it is given that;
    where it refuses a system turn, its text opens the user's.

    Parameters
    ----------
    tokenizer : of the model.
    think : leave room for thoughts, where the chat template knows them.
    rows : of the model's embedding, where they are known.
    """

    def __init__(self, tokenizer: Any, think: bool = False, rows: int | None = None) -> None:
        self._tokenizer = tokenizer
        self._rows = rows
        self._think = think
        self.warnings: dict[str, None] = {}

    @property
    def template(self) -> str | None:
        """The model's chat template; of several by name, the one named ``default``.

        Raises
        ------
        DataError
            When there are several, and none of that name.
        """
        held = self._tokenizer.chat_template
        if not held:
            return None
        if isinstance(held, Mapping) and "default" not in held:
            raise DataError(
                f"the tokenizer has chat templates by name ({', '.join(sorted(map(str, held)))}), "
                "and none named 'default': name the one that chats are written with so, in "
                "tokenizer_config.json or as chat_template.jinja"
            )
        return str(self._tokenizer.get_chat_template())

    @cached_property
    def encoder(self) -> Encoder:
        """Makes tokens of texts."""
        return Encoder(self._tokenizer, self._rows)

    def text(self, messages: Messages, *, go_on: bool = False) -> str:
        """The prompt as text.

        Parameters
        ----------
        go_on : the last message is the answer's beginning, which is to be continued.

        Raises
        ------
        DataError
            When the chat template fails, or leaves out or rewrites what it is given.
        """
        template = self.template
        if template is None:
            self.warnings["the model has no chat template: it is asked in plain text"] = None
            return "\n\n".join(turn["content"] for turn in messages) + PLAIN_CUE
        first: Exception | None = None
        changed: tuple[str, bool] | None = None
        lost = None
        for turns, given, merged in _forms(messages):
            try:
                text = render_chat(template, given, self._tokenizer.special_tokens_map,
                                   go_on=go_on, think=self._think)  # fmt: skip
            # a template is another's program: it may fail in any way
            except Exception as error:
                first = first or error
                continue
            if _is_printed(given, text):
                continue
            missing = _missing(turns, text, _spaced)
            if missing is None:
                return self._accepted(messages, text, merged)
            lost = lost or missing
            if changed is None and _missing(turns, text, _plain) is None:
                changed = text, merged
        if changed is not None:
            self.warnings[_CHANGED] = None
            return self._accepted(messages, *changed)
        if lost is None:
            raise DataError(f"the model's chat template fails: {first}") from first
        role, content = lost["role"], " ".join(lost["content"].split())
        digest = hashlib.sha256(template.encode()).hexdigest()
        shown = content if len(content) <= 60 else f"{content[:30]} … {content[-29:]}"
        raise DataError(
            f"the model's chat template ({digest[:12]}…, of {type(self._tokenizer).__name__}) "
            f"leaves out or rewrites what it is given: the {role} turn {shown!r} is not in the "
            "prompt as it stands. Give the model a chat template that writes every turn whole; "
            "tasks can be asked without --apply-chat-template"
        )

    def tokens(self, messages: Messages) -> Tokens:
        """The prompt as token ids."""
        return self.tokens_of(self.text(messages))[0]

    def prompts(self, every: Sequence[Messages]) -> list[Tokens]:
        """Several prompts as token ids, which must not all be the same.

        Raises
        ------
        DataError
            When no token is made of one, or the same tokens of all though they differ.
        """
        texts = [self.text(messages) for messages in every]
        tokens = [self.tokens_of(text)[0] for text in texts]
        self._check_known(texts, tokens)
        return tokens

    def texts(
        self, texts: Sequence[str], characters: bool = False
    ) -> tuple[list[Tokens], list[tuple[int, ...]]]:
        """Token ids of texts that are only read, in nobody's format; they must not be the same.

        Parameters
        ----------
        texts : as people read them.
        characters : whether to find the tokens that hold characters of the text.

        Returns
        -------
        The token ids of each text, special tokens as the tokenizer puts them before a text; and
        the places of those that hold characters, ascending; nothing where they are not asked for.

        Raises
        ------
        DataError
            When no token is made of one, the same tokens of all, or a slow tokenizer is to tell
            characters.
        """
        places: list[tuple[int, ...]] = []
        if characters:
            self._check_fast()
            found = [self.encoder.with_characters(text, True) for text in texts]
            tokens = [ids for ids, _ in found]
            places = [tuple(i for i, (a, b) in enumerate(held) if b > a) for _, held in found]
        else:
            tokens = self.encoder.encode(texts)
        bare = next((text for text, ids in zip(texts, tokens, strict=True) if not ids), None)
        if bare is not None or (characters and not all(places)):
            raise DataError(f"the tokenizer makes no token of {(bare or '')[:60]!r}")
        self._check_known(texts, tokens)
        return tokens, places

    def _check_known(self, texts: Sequence[str], tokens: Sequence[Tokens]) -> None:
        """Texts have tokens of their own, and known ones, or there is a warning."""
        self.encoder.check_distinct(texts, tokens)
        unknown = self.encoder.unknown(tokens)
        if unknown:
            self.warnings[
                f"{unknown} of {len(tokens)} prompts hold something that the tokenizer does not "
                "know: the model reads an unknown token there"
            ] = None

    def probe(self) -> list[str]:
        """Warnings about prompts in the model's own format, from a trial question.

        Raises
        ------
        DataError
            When its chat template fails, or leaves the question out.
        """
        if self.template is None:
            return []
        tried = Chat(self._tokenizer, self._think)
        tried.text(_PROBE)
        return list(tried.warnings)

    def tokens_of(
        self, text: str, characters: bool = False
    ) -> tuple[Tokens, tuple[tuple[int, int], ...]]:
        """Token ids of a prompt's text, and which of its characters each one holds.

        Parameters
        ----------
        characters : whether to return the range of characters that each token covers, as first
            and last, the last one excluded; an empty result otherwise.

        Raises
        ------
        DataError
            When no token is made of the text, or a slow tokenizer is to tell characters.
        """
        # a chat template writes its own special tokens
        plain = self.template is None
        held: tuple[tuple[int, int], ...] = ()
        if characters:
            self._check_fast()
            ids, held = self.encoder.with_characters(text, plain)
        else:
            ids = self.encoder.encode([text], plain)[0]
        if not ids:
            raise DataError("the tokenizer makes no token of the prompt")
        return ids, held

    def _check_fast(self) -> None:
        if not getattr(self._tokenizer, "is_fast", False):
            raise DataError(
                f"{type(self._tokenizer).__name__} does not report which characters its tokens "
                "hold, so the premises, or the text, cannot be found: take a model with a fast "
                "tokenizer (tokenizer.json), or --readout last"
            )

    def _accepted(self, messages: Messages, text: str, merged: bool) -> str:
        if merged:
            self.warnings[_MERGED] = None
        opened = None if self._think else open_thought(_after_question(messages, text))
        if opened is not None:
            self.warnings[
                f"the prompt ends inside a thought, which the model's chat template opens with "
                f"{opened!r}: what is read there is not an answer. --think lets such a model think "
                "first"
            ] = None
        return text


def _forms(messages: Messages) -> Iterator[tuple[Messages, list[dict[str, Any]], bool]]:
    """Turns as they may be given to a template, whether a system turn was joined to another."""
    joined = _without_system(messages)
    with_system = any(turn["role"] == "system" for turn in messages)
    for turns, merged in ((messages, False), *([(joined, True)] if with_system else [])):
        yield turns, [dict(turn) for turn in turns], merged
        yield turns, [{**turn, "content": _parts(turn["content"])} for turn in turns], merged


def _parts(content: str) -> list[dict[str, str]]:
    return [{"type": "text", "text": content}]


def _is_printed(given: Sequence[Mapping[str, Any]], text: str) -> bool:
    """Whether a list of parts was written as Python or JSON prints it."""
    return isinstance(given[0]["content"], list) and any(
        mark in text for mark in ("'type': 'text'", '"type": "text"')
    )


def _missing(turns: Messages, text: str, form: Callable[[str], str]) -> Mapping[str, str] | None:
    """The first turn that is not in a text, each looked for in a place of its own."""
    rest = form(text)
    # the longest first, for a short one may stand in it too
    for turn in sorted(turns, key=lambda turn: -len(turn["content"])):
        content = turn["content"]
        if turn["role"] == "assistant":
            # templates drop what was thought before an answer
            for end in MARKERS.values():
                content = content.rpartition(end)[2]
        wanted = form(content)
        if not wanted:
            continue
        if wanted not in rest:
            return turn
        rest = rest.replace(wanted, "\0", 1)
    return None


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _plain(text: str) -> str:
    """A text without capitals, escapes of HTML and JSON, and forms of the same character."""
    text = text.replace("\\n", "\n").replace('\\"', '"')
    return _spaced(unicodedata.normalize("NFKC", html.unescape(text)).casefold())


def _after_question(messages: Messages, text: str) -> str:
    """What a template writes behind the last turn that is not the model's own."""
    asked = next((t["content"].strip() for t in messages[::-1] if t["role"] != "assistant"), "")
    last = asked.splitlines()[-1].strip() if asked else ""
    place = text.rfind(last) if last else -1
    return text[place + len(last) :] if place >= 0 else text[-80:]


def _without_system(messages: Messages) -> list[dict[str, str]]:
    """System turns joined to the user's turn that follows."""
    turns: list[dict[str, str]] = []
    waiting: list[str] = []
    for turn in messages:
        if turn["role"] == "system":
            waiting.append(turn["content"])
            continue
        content = "\n\n".join([*waiting, turn["content"]])
        waiting = []
        turns.append({"role": turn["role"], "content": content})
    if waiting:
        turns.append({"role": "user", "content": "\n\n".join(waiting)})
    return turns
