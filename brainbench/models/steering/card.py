"""The model card of a steering."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from brainbench.models.model_card import Result, card_text
from brainbench.models.steering.hooks import Directed


class Kept(Directed, Protocol):
    """What is written of a steering, see :class:`brainbench.models.steering.vector.Steering`."""

    @property
    def name(self) -> str: ...

    @property
    def made_for(self) -> Any: ...

    @property
    def layers(self) -> tuple[int, ...]: ...

    @property
    def recipe(self) -> Mapping[str, Any]: ...

    @property
    def data_sha256(self) -> str | None: ...


def steering_card(steering: Kept) -> str:
    """The card of directions, with what its recipe says of them.

    Parameters
    ----------
    steering : that is written; a recipe of somebody's own may say anything, or nothing.
    """
    recipe, base = steering.recipe, str(steering.made_for.identifier)
    layers = ", ".join(map(str, steering.layers))
    lines = [
        f"Directions that brainbench adds to the states of `{base}`: site *{steering.site}*, "
        f"layers {layers}, tokens *{steering.tokens}*, strength {steering.strength:g}, for "
        f"{', '.join(steering.groups)}.",
    ]
    told = {name: recipe[name] for name in ("form", "arm", "dataset", "roi") if name in recipe}
    if told:
        lines.append("; ".join(f"{name}: {value}" for name, value in told.items()) + ".")
    results = _validation(steering)
    if results:
        lines.append(
            "The AUC is of the problems that strength and layers were chosen on: too high for a "
            "result. Tests say what a steering does: `brainbench evaluate --suite guidance`."
        )
    lines.append("```\nbrainbench evaluate --model BASE --steer FOLDER --suite accuracy\n```")
    lines.append(
        f"It fits the weights with sha256 `{steering.made_for.weights_sha256[:16]}…` and no "
        "others; `steering.json` has everything else."
    )
    return card_text(
        steering.name,
        lines,
        base_model=base,
        datasets=[recipe["dataset"]] if isinstance(recipe.get("dataset"), str) else [],
        library="brainbench",
        tags=["steering"],
        results=results,
    )


def _validation(steering: Kept) -> list[Result]:
    """AUC on validation problems of each type, and the same unsteered, as the recipe has it."""
    found = []
    for group in steering.groups:
        chosen: Any = steering.recipe.get(group)
        for field, suffix in (("validation_auc", ""), ("validation_auc_unsteered", ", unsteered")):
            value = chosen.get(field) if isinstance(chosen, dict) else None
            if isinstance(value, float):
                found.append(Result(group, "roc_auc", f"AUC of log-odds{suffix}", value))
    return found
