"""From messages to the tokens a model reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brainbench.errors import DataError
from brainbench.models.batches import Tokens

Messages = Sequence[dict[str, str]]
# what a model without chat template is left to continue
PLAIN_CUE = "\nAnswer:"


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
        return self._tokenizer.chat_template or None

    def text(self, messages: Messages) -> str:
        """The prompt as text."""
        if self.template is None:
            self.warnings["the model has no chat template: it is asked in plain text"] = None
            return "\n\n".join(turn["content"] for turn in messages) + PLAIN_CUE
        try:
            return self._apply(messages)
        except Exception as error:
            if not any(turn["role"] == "system" for turn in messages):
                raise DataError(f"the model's chat template fails: {error}") from error
            try:
                text = self._apply(_without_system(messages))
            except Exception:
                raise DataError(f"the model's chat template fails: {error}") from error
        self.warnings["the model's chat template takes no system turn: it opens the user's"] = None
        return text

    def tokens(self, messages: Messages) -> Tokens:
        """The prompt as token ids."""
        # a chat template writes its own special tokens
        plain = self.template is None
        ids = self._tokenizer(self.text(messages), add_special_tokens=plain)["input_ids"]
        if not ids:
            raise DataError("the tokenizer makes no token of the prompt")
        return tuple(ids)

    def _apply(self, messages: Messages) -> str:
        return str(
            self._tokenizer.apply_chat_template(
                list(messages),
                tokenize=False,
                add_generation_prompt=True,
                # asked of templates that know it (Qwen3); others do not look
                enable_thinking=self._think,
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
