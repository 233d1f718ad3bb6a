"""The tokens of a prompt that hold its premises.

A template may show them in any order, more than once, beside a conclusion that says the
same. So they are not looked for: the prompt is written a second time with marks around
them, and the marks tell where they went.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from brainbench.errors import DataError
from brainbench.models.prompts.batches import Tokens
from brainbench.models.prompts.chat import Chat
from brainbench.models.prompts.template import PromptTemplate
from brainbench.problems import Problem

# first and last character of a stretch, the last one excluded
Stretch = tuple[int, int]
# noncharacters: Unicode keeps them for use inside a program, no text holds them
_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
_MARKED = re.compile(f"{_OPEN}([^{_OPEN}{_CLOSE}]*){_CLOSE}")


def find_premises(
    problem: Problem, template: PromptTemplate, chat: Chat
) -> tuple[Tokens, tuple[int, ...]]:
    """The prompt of a problem, and which of its tokens hold premises.

    Parameters
    ----------
    problem : whose premises are looked for.
    template : the wording of the prompt.
    chat : the model's chat template and a fast tokenizer.

    Returns
    -------
    The token ids, those of :meth:`Chat.tokens`; and the places, ascending, of the tokens
    that hold a character of a premise. The full stop behind one is the template's.

    Raises
    ------
    DataError
        When a premise is not in the prompt as it stands, or the tokenizer does not tell
        which characters its tokens hold.
    """
    text = chat.text(template.messages(problem))
    stretches = _stretches(problem, text, chat.text(template.messages(_marked(problem))))
    tokens, held = chat.tokens_of(text, characters=True)
    for start, end in stretches:
        covered = {i for a, b in held for i in range(max(a, start), min(b, end))}
        if any(i not in covered for i in range(start, end) if not text[i].isspace()):
            raise DataError(
                "the tokenizer does not report which characters its tokens cover, so the premises "
                "cannot be found: install newer tokenizers and transformers, or take "
                "--readout last"
            )
    places = tuple(
        place
        for place, (a, b) in enumerate(held)
        if any(max(a, start) < min(b, end) for start, end in stretches)
    )
    if not places:
        raise DataError(f"{problem.identifier} has no premises whose states could be read")
    return tokens, places


def _marked(problem: Problem) -> Problem:
    return replace(problem, premises=tuple(f"{_OPEN}{p}{_CLOSE}" for p in problem.premises))


def _stretches(problem: Problem, text: str, marked: str) -> Sequence[Stretch]:
    """Where the marks say that premises stand in the prompt without marks."""
    found = list(_MARKED.finditer(marked))
    marked_premises = {match[1].casefold() for match in found}
    lost = next(
        (i for i, p in enumerate(problem.premises) if p.casefold() not in marked_premises), None
    )
    if lost is not None or _MARKED.sub(r"\1", marked) != text:
        which = "the premises" if lost is None else f"premise {lost + 1}"
        raise DataError(
            f"{which} of {problem.identifier} cannot be found in the prompt: the prompt template, "
            "or the model's chat template, rewrites it. Let it write {{ premise }} as it stands, "
            "or take --readout last"
        )
    # two marks less for each stretch before
    return [(m.start() - 2 * i, m.end() - 2 * i - 2) for i, m in enumerate(found)]
