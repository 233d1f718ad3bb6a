"""From messages to the tokens a model reads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from brainbench.errors import DataError
from brainbench.models.batches import Tokens

Messages = Sequence[dict[str, str]]
# what a model without chat template is left to continue
PLAIN_CUE = "\nAnswer:"
# Some chat templates write today's date: the same prompt must be the same tomorrow.
PROMPT_DATE = date(2026, 1, 1)


class Chat:
    """Writes prompts in a model's own format and notes what had to be done otherwise.

    A model without a chat template gets the messages as plain text and the cue
    ``Answer:``. Where a chat template refuses a system turn, its text opens the user's.

    Parameters
    ----------
    tokenizer : of the model.
    think : leave room for thoughts, where the chat template knows them.
    """

    def __init__(self, tokenizer: Any, think: bool = False) -> None:
        self._tokenizer = tokenizer
        self._think = think
        self.warnings: dict[str, None] = {}

    @property
    def template(self) -> str | None:
        """The model's chat template."""
        if not self._tokenizer.chat_template:
            return None
        # of several by name, the default one
        return str(self._tokenizer.get_chat_template())

    def text(self, messages: Messages, *, go_on: bool = False) -> str:
        """The prompt as text.

        Parameters
        ----------
        go_on : the last message is the answer's beginning, which is to be continued.
        """
        if self.template is None:
            self.warnings["the model has no chat template: it is asked in plain text"] = None
            return "\n\n".join(turn["content"] for turn in messages) + PLAIN_CUE
        system = [turn["content"].strip() for turn in messages if turn["role"] == "system"]
        refused: Exception | None = None
        try:
            text = self._apply(messages, go_on)
            # some templates leave out, without a word, a role they do not know
            if all(part in text for part in system):
                return text
        except Exception as error:
            if not system:
                raise DataError(f"the model's chat template fails: {error}") from error
            refused = error
        try:
            text = self._apply(_without_system(messages), go_on)
        except Exception as error:
            cause = refused or error
            raise DataError(f"the model's chat template fails: {cause}") from cause
        self.warnings["the model's chat template takes no system turn: it opens the user's"] = None
        return text

    def tokens(self, messages: Messages) -> Tokens:
        """The prompt as token ids."""
        return self.tokens_of(self.text(messages))[0]

    def tokens_of(
        self, text: str, characters: bool = False
    ) -> tuple[Tokens, tuple[tuple[int, int], ...]]:
        """Token ids of a prompt's text, and which of its characters each one holds.

        Parameters
        ----------
        characters : whether to tell, as first and last, the last one excluded; nothing is
            told otherwise.

        Raises
        ------
        DataError
            When no token is made of the text, or a slow tokenizer is to tell characters.
        """
        # a chat template writes its own special tokens
        plain = self.template is None
        given = self._tokenizer(text, add_special_tokens=plain, **self._telling(characters))
        ids, held = list(given["input_ids"]), list(given["offset_mapping"]) if characters else []
        if plain and len(ids) > 1 and ids[-1] == self._tokenizer.eos_token_id:
            # some tokenizers end every text: the model is to go on, not to have ended
            ids.pop()
        if not ids:
            raise DataError("the tokenizer makes no token of the prompt")
        return tuple(ids), tuple((int(a), int(b)) for a, b in held[: len(ids)])

    def _telling(self, characters: bool) -> dict[str, bool]:
        if not characters:
            return {}
        if not getattr(self._tokenizer, "is_fast", False):
            raise DataError(
                f"{type(self._tokenizer).__name__} does not tell which characters its tokens "
                "hold, so the premises cannot be found: take a model with a fast tokenizer "
                "(tokenizer.json), or --readout last"
            )
        return {"return_offsets_mapping": True}

    def _apply(self, messages: Messages, go_on: bool) -> str:
        return str(
            self._tokenizer.apply_chat_template(
                list(messages),
                tokenize=False,
                add_generation_prompt=not go_on,
                continue_final_message=go_on,
                # asked of templates that know it (Qwen3); others do not look
                enable_thinking=self._think,
                strftime_now=PROMPT_DATE.strftime,
                date_string=PROMPT_DATE.strftime("%d %b %Y"),
            )
        )


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
