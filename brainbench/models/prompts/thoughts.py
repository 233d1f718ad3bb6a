"""The markers that models put around their thoughts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

# tokens at the end of a prompt in which a template may open a thought
_OPENING = 12
# what opens a thought → what ends it; each family has its own
MARKERS: dict[str, str] = {
    "<think>": "</think>",  # DeepSeek R1, Qwen 3, SmolLM 3
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<reasoning>": "</reasoning>",
    "[THINK]": "[/THINK]",  # Magistral
    "<seed:think>": "</seed:think>",  # Seed-OSS
    "◁think▷": "◁/think▷",  # Kimi
    "<|START_THINKING|>": "<|END_THINKING|>",  # Command A
    "<|begin_of_thought|>": "<|end_of_thought|>",
    "<|inner_prefix|>": "<|inner_suffix|>",  # Apertus
    "<|channel|>analysis": "<|channel|>final",  # gpt-oss
    "<unused94>thought": "<unused95>",  # MedGemma
}


def open_thought(text: str) -> str | None:
    """What opened a thought that a text does not end; None where there is none."""
    opened, at = None, -1
    for start, end in MARKERS.items():
        place = text.rfind(start)
        if place > at and text.find(end, place) < 0:
            opened, at = start, place
    return opened


def end_of_thoughts(generated: Sequence[int], tokenizer: Any) -> int:
    """How many of the tokens that were generated the thoughts take; 0 where none is ended.

    Markers are found in the text too: in many vocabularies they are not tokens of their own, and
    then their pieces depend on what follows them.

    Parameters
    ----------
    generated : token ids behind the prompt.
    tokenizer : of transformers, the one they were made with.
    """
    vocabulary = tokenizer.get_vocab()
    tokens = {vocabulary[end] for end in MARKERS.values() if end in vocabulary}
    known = max((i + 1 for i, token in enumerate(generated) if token in tokens), default=0)
    rest = [end for end in MARKERS.values() if end not in vocabulary]
    text = str(tokenizer.decode(list(generated)))
    place = max((text.rfind(end) + len(end) for end in rest if end in text), default=0)
    if not place:
        return known
    # the fewest tokens whose text holds the marker whole
    low, high = 1, len(generated)
    while low < high:
        middle = (low + high) // 2
        # a character of several tokens is replaced until it is whole
        whole = len(str(tokenizer.decode(list(generated[:middle]))).rstrip("\ufffd")) >= place
        low, high = (low, middle) if whole else (middle + 1, high)
    return max(known, low)


def answer_place(
    prompt: Sequence[int],
    generated: Sequence[int],
    cut_off: bool,
    tokenizer: Any,
    answers: Iterable[int],
) -> int:
    """Where the answer stands in what was generated: the last one after the thoughts.

    Neither what is generated inside a thought nor what stands in one that was cut off is an
    answer.

    Parameters
    ----------
    prompt, generated : token ids.
    cut_off : whether the token limit stopped it.
    tokenizer : of transformers, the one they were made with.
    answers : token ids that spell an answer.

    Returns
    -------
    Place in ``generated``; -1 where there is none.
    """
    start = end_of_thoughts(generated, tokenizer)
    opening = str(tokenizer.decode(list(prompt[-_OPENING:])))
    written = opening + str(tokenizer.decode(list(generated)))
    if not start and (cut_off or open_thought(written) is not None):
        return -1
    spelled = {*answers}
    places = range(len(generated) - 1, start - 1, -1)
    return next((place for place in places if generated[place] in spelled), -1)
