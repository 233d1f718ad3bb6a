"""From problems to batches of prompts: rendered, tokenized, divided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from brainbench.errors import DataError, UsageError
from brainbench.models.prompts.batches import Batch, Tokens, plan_apart, plan_batches
from brainbench.models.prompts.chat import Chat
from brainbench.models.prompts.premise_spans import find_premises
from brainbench.models.prompts.template import PromptTemplate
from brainbench.models.steering.vector import Steering
from brainbench.problems import Problem, Stimulus, Text


@dataclass(frozen=True)
class PromptPlan:
    """How a model's prompts are made.

    Attributes
    ----------
    identifier : the model's name, for errors.
    template : wording of the question.
    chat : writes messages in the model's own format.
    batch_size : prompts in a batch.
    readout : which tokens' states stand for a problem.
    share : compute the prompts' common beginning once.
    context_length : tokens that are read at most, where it is known.
    think : tokens to generate at most before the answer, or None.
    steering : whose directions are added, by the problems' reasoning types.
    """

    identifier: str
    template: PromptTemplate
    chat: Chat
    batch_size: int
    readout: str = "last"
    share: bool = True
    context_length: int | None = None
    think: int | None = None
    steering: Steering | None = None

    def questions(self, problems: Sequence[Stimulus]) -> list[Batch]:
        """Batches that ask the problems; texts that are no problems are read as they stand.

        Raises
        ------
        DataError
            When there are none, a prompt is longer than the context, or the premises are not
            found in it.
        """
        asked, texts = _sorted(problems)
        if texts:
            return self._texts(texts)
        if self.readout == "premises":
            found = [find_premises(p, self.template, self.chat) for p in asked]
            return self._plan(asked, [t for t, _ in found], [places for _, places in found])
        return self._plan(asked, ask(asked, self.template, self.chat))

    def readings(self, problems: Sequence[Stimulus]) -> list[Batch]:
        """Batches that ask only to read the premises.

        Raises
        ------
        UsageError
            When there are texts among them, which have no premises.
        """
        asked, texts = _sorted(problems)
        if texts:
            raise UsageError(
                "--readout localised chooses units that differ between asking and reading, and of "
                "plain texts nothing is asked: take --readout last or premises"
            )
        messages = [self.template.reading_messages(p) for p in asked]
        return self._plan(asked, self.chat.prompts(messages))

    def _texts(self, texts: Sequence[Text]) -> list[Batch]:
        """Texts by themselves, read out at the last token or over all that hold a character."""
        if self.think is not None:
            raise UsageError(
                "--think: of plain texts nothing is asked, so nothing is thought about"
            )
        prompts, places = self.chat.texts(
            [one.text for one in texts], characters=self.readout == "premises"
        )
        return self._plan(texts, prompts, places)

    def _plan(
        self,
        problems: Sequence[Stimulus],
        prompts: Sequence[Tokens],
        places: Sequence[tuple[int, ...]] = (),
    ) -> list[Batch]:
        if not problems:
            raise DataError("there are no problems to read the model out on")
        self._check_length(prompts, problems)
        kinds = [p.reasoning_type for p in problems]
        if self.steering is None:
            return plan_batches(prompts, kinds, self.batch_size, self.share, places)
        groups = self.steering.groups_for(kinds)
        if self.steering.tokens == "all":
            return plan_apart(prompts, kinds, self.batch_size, groups, self.share, places)
        # a prompt's last token is in no common beginning, and nothing before it is steered
        return plan_batches(prompts, kinds, self.batch_size, self.share, places, groups)

    def _check_length(self, prompts: Sequence[Tokens], problems: Sequence[Stimulus]) -> None:
        limit = self.context_length
        longest = max(range(len(prompts)), key=lambda i: len(prompts[i]))
        needed = len(prompts[longest]) + (self.think or 0)
        if limit is not None and needed > limit:
            thoughts = f" and {self.think} to generate" if self.think else ""
            shorter = "--max-new-tokens" if self.think else "--prompt-template"
            if isinstance(problems[longest], Text):
                raise DataError(
                    f"the text {problems[longest].identifier} has {needed} tokens; "
                    f"{self.identifier} reads {limit} at most. Cut it, or take a model with a "
                    "longer context"
                )
            raise DataError(
                f"the prompt of {problems[longest].identifier} has {len(prompts[longest])} "
                f"tokens{thoughts}; {self.identifier} reads {limit} at most. Take a shorter "
                f"{shorter} or a model with a longer context"
            )


def _sorted(stimuli: Sequence[Stimulus]) -> tuple[list[Problem], list[Text]]:
    """Problems, and texts that are none; of a dataset all are of one kind."""
    asked = [one for one in stimuli if isinstance(one, Problem)]
    texts = [one for one in stimuli if isinstance(one, Text)]
    if asked and texts:
        raise DataError("problems and plain texts are not read out together")
    return asked, texts


def ask(problems: Sequence[Problem], template: PromptTemplate, chat: Chat) -> list[Tokens]:
    """The prompts of problems, each with its premises and its conclusion.

    Parameters
    ----------
    problems : what is asked, a prompt for each.
    template : the wording of a prompt.
    chat : writes messages as the model was trained to read them, and makes tokens of them.

    Returns
    -------
    Token ids of each prompt.

    Raises
    ------
    DataError
        When a template leaves out or rewrites part of a problem, or the tokenizer does not tell
        problems apart.
    """
    every = [template.messages(problem) for problem in problems]
    for problem, turns in zip(problems, every, strict=True):
        text = _plain("\n".join(turn["content"] for turn in turns))
        for part, sentences in (
            ("premise", problem.premises),
            ("conclusion", [problem.conclusion]),
        ):
            for sentence in sentences:
                if _plain(sentence) not in text:
                    raise DataError(
                        f"prompt template {template.name} leaves out the {part} {sentence!r} of "
                        f"{problem.identifier}, or rewrites it"
                    )
    return chat.prompts(every)


def _plain(text: str) -> str:
    # capitals and spaces are the wording's own
    return " ".join(text.split()).casefold()
