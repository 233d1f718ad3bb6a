"""From a problem to the question; the direct wording is that of brainbench's own prompt."""

from __future__ import annotations

from typing import Any

Doc = dict[str, Any]

# wording → what is asked for in a word, and after reasoning
_DIRECT = {
    "two_way": (
        "You are given statements to take as facts and one claim. Answer with the single word "
        "True if the facts force the claim to hold, and with the single word False if not."
    ),
    "three_way": (
        "You are given statements to take as facts and one claim. Answer with the single word "
        "True if the facts force the claim to hold, with the single word False if they force it "
        "not to hold, and with the single word Uncertain if they do neither."
    ),
    "closed_world": (
        "You are given statements to take as facts and one claim. Whatever the facts do not "
        "establish is not so. Answer with the single word True if the claim holds, and with the "
        "single word False if not."
    ),
}
_REASONED = {
    "two_way": (
        "You are given statements to take as facts and one claim. Work out step by step whether "
        "the facts force the claim to hold. End with one line: Answer: True if they do, or "
        "Answer: False if not."
    ),
    "three_way": (
        "You are given statements to take as facts and one claim. Work out step by step whether "
        "the facts force the claim to hold. End with one line: Answer: True if they do, Answer: "
        "False if they force it not to hold, or Answer: Uncertain if they do neither."
    ),
    "closed_world": (
        "You are given statements to take as facts and one claim. Whatever the facts do not "
        "establish is not so. Work out step by step whether the claim holds. End with one line: "
        "Answer: True if it does, or Answer: False if not."
    ),
}


def question(doc: Doc) -> str:
    """Asks for one word."""
    *first, last = doc["choices"]
    asked = f"{', '.join(first)} or {last}?"
    return f"{_DIRECT[doc['wording']]}\n\n{_stated(doc)}\n{asked}\nAnswer:"


def reasoned_question(doc: Doc) -> str:
    """Asks for reasoning and a last line."""
    return f"{_REASONED[doc['wording']]}\n\n{_stated(doc)}\nReasoning:"


def target(doc: Doc) -> int:
    """Place of the right answer among the choices."""
    return int(doc["choices"].index(doc["label"]))


def _stated(doc: Doc) -> str:
    facts = "\n".join(f"{i}. {_ended(text)}" for i, text in enumerate(doc["premises"], start=1))
    return f"Facts:\n{facts}\nClaim: {_ended(doc['conclusion'])}"


def _ended(sentence: str) -> str:
    text = sentence.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
