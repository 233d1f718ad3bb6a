"""Test and validation problems for guided models; none of them was shown in the scanner."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from brainbench.datasets import folio
from brainbench.errors import DataError
from brainbench.foreign import parse_yaml, read_text
from brainbench.guidance.answers import TestItems
from brainbench.guidance.evaluation.problem_tests import FOLIO, TESTS, ProblemTest
from brainbench.models import LanguageModel
from brainbench.models.prompts.chat import Messages
from brainbench.models.prompts.encoder import Encoder
from brainbench.problems import Problem
from brainbench.problems.files import CARD, RESTORE
from brainbench.problems.rows import to_problem
from brainbench.reasoning.checks.tasks import tasks_folder

if TYPE_CHECKING:
    from brainbench.guidance.evaluation.cached_prompts import Question

_FOLIO_WORDS = ("True", "False", "Uncertain")
# of FOLIO's training problems, to choose on
_FOLIO_VALIDATION = 100


@dataclass(frozen=True)
class TestQuestions:
    """The questions of one test, and those that its threshold is chosen on."""

    __test__ = False  # pytest takes what is called Test… for tests

    test: ProblemTest
    questions: list[Question]
    validation: list[Question]

    @property
    def items(self) -> TestItems:
        """Labels, problems and orders."""
        return items_of(self.questions)


def items_of(questions: Sequence[Question]) -> TestItems:
    """Labels, base problems and orders of questions."""
    return TestItems(
        np.array([question.label for question in questions]),
        len(questions[0].choices),
        np.array([question.base_id for question in questions]),
        np.array([question.order for question in questions]),
    )


def load_test(
    model: LanguageModel, name: str, *, all_orders: bool, limit: int | None = None
) -> TestQuestions:
    """The questions of a test, in the model's own format.

    Parameters
    ----------
    all_orders : every order of premises that the set has; else each problem once.
    limit : at most so many problems of each file and split, as they come.

    Raises
    ------
    DataError
        When a file is not the one its card names, or FOLIO cannot be had.
    """
    # torch is loaded only where a model is asked: names and options do without
    from brainbench.guidance.evaluation.cached_prompts import ask_problems

    test = TESTS[name]
    if test.name == FOLIO:
        asked = [
            _folio_questions(model, split, count, limit)
            for split, count in (("validation", None), ("train", _FOLIO_VALIDATION))
        ]
        return TestQuestions(test, *asked)
    problems = [
        p for each in test.sets for p in read_set(each, "test", all_orders=all_orders, limit=limit)
    ]
    validation = read_validation(test.sets, all_orders=all_orders, limit=limit)
    return TestQuestions(test, ask_problems(model, problems), ask_problems(model, validation))


def tests_sha256() -> str:
    """Hash of the card that lists every file of ``tasks/data`` with its hash.

    Raises
    ------
    DataError
        When it cannot be read.
    """
    card = tasks_folder() / "data" / CARD
    try:
        return hashlib.sha256(card.read_bytes()).hexdigest()
    except OSError as error:
        raise DataError(f"{card} cannot be read: {error}; {RESTORE}") from error


def read_set(
    name: str, split: str, *, all_orders: bool = False, limit: int | None = None
) -> list[Problem]:
    """Problems of a file of ``tasks/data``, after a check of its hash in the card.

    Parameters
    ----------
    limit : at most so many problems, all orders of each.

    Raises
    ------
    DataError
        When the file is missing, or not the one that the card names.
    """
    folder = tasks_folder() / "data"
    path = folder / f"{name}.jsonl"
    try:
        expected = parse_yaml(read_text(folder / CARD))["files"][path.name]["sha256"]
        content = path.read_bytes()
    except (DataError, OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} or its card cannot be read: {error}; {RESTORE}") from error
    if hashlib.sha256(content).hexdigest() != expected:
        raise DataError(f"{path} is not the file that {CARD} names; {RESTORE}")
    rows = [json.loads(line) for line in content.decode().splitlines()]
    kept = [r for r in rows if r["split"] == split and (all_orders or r["order"] == 0)]
    if limit is not None:
        some = list(dict.fromkeys(row["base_id"] for row in kept))[:limit]
        kept = [row for row in kept if row["base_id"] in set(some)]
    return [to_problem(row) for row in kept]


def read_validation(
    names: Sequence[str], *, all_orders: bool = False, limit: int | None = None
) -> list[Problem]:
    """Validation problems of some files, with both answers among them.

    Parameters
    ----------
    limit : at most so many problems of each file, all orders of each; where all these have one
        answer, the first that has the other one too, for no curve has an area without both.

    Raises
    ------
    DataError
        When a file is missing, or not the one that the card names.
    """

    def read(limit: int | None) -> list[Problem]:
        every = (read_set(name, "validation", all_orders=all_orders, limit=limit) for name in names)
        return [problem for each in every for problem in each]

    found = read(limit)
    if limit is not None and len({problem.condition.valid for problem in found}) == 1:
        others = [p for p in read(None) if p.condition.valid != found[0].condition.valid]
        found += [p for p in others if p.base_id == others[0].base_id]
    return found


def _folio_questions(
    model: LanguageModel, split: str, count: int | None, limit: int | None
) -> list[Question]:
    from brainbench.guidance.evaluation.cached_prompts import Question

    problems = folio.load(split)[: min(count or 10_000, limit or 10_000)]
    choices = choice_tokens(model.loader.tokenizer, _FOLIO_WORDS, model.vocabulary_size)
    prompts = model.chat.prompts([_folio_messages(problem) for problem in problems])
    return [
        Question(
            problem.identifier,
            problem.story,
            0,
            tokens,
            choices,
            _FOLIO_WORDS.index(problem.label),
            FOLIO,
        )
        for problem, tokens in zip(problems, prompts, strict=True)
    ]


def _folio_messages(problem: folio.FolioProblem) -> Messages:
    facts = "\n".join(f"- {premise}" for premise in problem.premises)
    return [
        {
            "role": "system",
            "content": "You are given statements to take as facts and one claim. Answer with one "
            "word: True if the facts force the claim to hold, False if they rule it out, Uncertain "
            "if they leave it open.",
        },
        {
            "role": "user",
            "content": f"Facts:\n{facts}\nClaim: {problem.conclusion}\nTrue, False or Uncertain?",
        },
    ]


def choice_tokens(
    tokenizer: object, words: Sequence[str], rows: int | None = None
) -> tuple[tuple[int, ...], ...]:
    """First tokens of each answer word: as written, in lower case, with a space in front.

    Parameters
    ----------
    rows : of the model's embedding, where they are known: no token may be beyond them.

    Raises
    ------
    DataError
        When two words begin with the same token.
    """
    found: list[tuple[int, ...]] = []
    encoder = Encoder(tokenizer, rows)
    for word in words:
        spelt = [start + form for form in (word, word.lower()) for start in ("", " ")]
        pieces = encoder.encode(spelt, False)
        found.append(tuple(sorted({ids[0] for ids in pieces if ids})))
    # a token that begins several words, such as a lone space, identifies none
    shared = {t for i, a in enumerate(found) for b in found[i + 1 :] for t in set(a) & set(b)}
    unique = tuple(tuple(t for t in ids if t not in shared) for ids in found)
    if not all(unique):
        raise DataError(f"the tokenizer gives {', '.join(words)} the same first tokens")
    return unique
