"""The registry of recipes: the terms that each adds up. A new recipe is a line here; a new term a
file beside this one.
"""

from __future__ import annotations

from dataclasses import dataclass

from brainbench.guidance.finetuning.recipes.labels import Labels
from brainbench.guidance.finetuning.recipes.language import Language
from brainbench.guidance.finetuning.recipes.representation import Representation
from brainbench.guidance.finetuning.recipes.states import TargetStates
from brainbench.guidance.finetuning.recipes.term import Term


@dataclass(frozen=True)
class RecipeKind:
    """What a recipe learns.

    Attributes
    ----------
    name : of the recipe.
    what : it learns from, in plain words.
    terms : of its loss: the first as it is, those behind it times λ.
    """

    name: str
    what: str
    terms: tuple[type[Term], ...]

    @property
    def guides(self) -> bool:
        """Whether people's responses take part."""
        return any(term.guides for term in self.terms)

    @property
    def reads_answers(self) -> bool:
        """Whether the right answers take part."""
        return any(term.reads_answers for term in self.terms)

    @property
    def reads_text(self) -> bool:
        """Whether the problems' text is learned."""
        return any(term.reads_text for term in self.terms)

    @property
    def reads_states(self) -> bool:
        """Whether a loss looks at states."""
        return any(term.reads_states for term in self.terms)


RECIPES: dict[str, RecipeKind] = {
    kind.name: kind
    for kind in (
        RecipeKind(
            "representation",
            "states are drawn to where people's responses are predicted",
            (Representation,),
        ),
        RecipeKind("labels", "the right answers", (Labels,)),
        RecipeKind(
            "representation+labels",
            "the right answers, and states as in representation",
            (Labels, Representation),
        ),
        RecipeKind("stimulus", "the problems' text, no answers", (Language,)),
        RecipeKind(
            "language+representation",
            "the problems' text, no answers, and states as in representation",
            (Language, Representation),
        ),
        RecipeKind(
            "states",
            "states that a search found; those of items it had right are held",
            (TargetStates,),
        ),
    )
}
