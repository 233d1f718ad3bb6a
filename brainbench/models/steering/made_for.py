"""The model that directions were found on, and whether another one is it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from brainbench.errors import DataError


class Steerable(Protocol):
    """What a steering is held against: a language model, whose weights are not asked for."""

    @property
    def identifier(self) -> str: ...

    @property
    def weights_sha256(self) -> str: ...

    @property
    def loader(self) -> Any: ...


@dataclass(frozen=True)
class MadeFor:
    """The model that directions were found on; they mean nothing in another one.

    Attributes
    ----------
    identifier : its name.
    weights_sha256 : hash of weights, adapter and seed.
    family : ``model_type`` of its configuration.
    n_layers, units : number of blocks, width of a state.
    """

    identifier: str
    weights_sha256: str
    family: str
    n_layers: int
    units: int

    @classmethod
    def of(cls, model: Steerable) -> MadeFor:
        """Of a language model; needs its configuration, not its weights."""
        config = model.loader.config
        text = config.get_text_config()
        return cls(
            model.identifier,
            model.weights_sha256,
            str(config.model_type),
            int(text.num_hidden_layers),
            int(text.hidden_size),
        )


class _Made(Protocol):
    """What is held against a model: a steering."""

    @property
    def name(self) -> str: ...

    @property
    def made_for(self) -> MadeFor: ...


def check_fits(steering: _Made, model: Steerable) -> None:
    """Raise ``DataError`` when the directions were found on another model.

    No weights are loaded; those of a model in memory are hashed.

    Parameters
    ----------
    steering : directions, with the model that they were found on.
    model : a :class:`LanguageModel`; family, layers, units and hash of weights are compared.
    """
    made, here = steering.made_for, MadeFor.of(model)
    compared = [*_shape(made, here.family, here.n_layers, here.units)]
    compared.append(("weights_sha256", made.weights_sha256, here.weights_sha256))
    _refuse(steering, model.identifier, compared, ", with the same adapter")


def check_shape(steering: _Made, network: Any) -> None:
    """Raise ``DataError`` when a network is built otherwise than the one of the directions.

    Its weights are not compared: a network in memory has no files to hash.

    Parameters
    ----------
    steering : directions, with the model that they were found on.
    network : a model of transformers; family, layers and units are compared.
    """
    config = network.config
    text = config.get_text_config()
    name = getattr(config, "_name_or_path", "") or type(network).__name__
    shape = str(config.model_type), int(text.num_hidden_layers), int(text.hidden_size)
    _refuse(steering, name, _shape(steering.made_for, *shape))


_Compared = list[tuple[str, object, object]]


def _shape(made: MadeFor, family: str, n_layers: int, units: int) -> _Compared:
    return [
        ("family", made.family, family),
        ("number of layers", made.n_layers, n_layers),
        ("number of units", made.units, units),
    ]


def _refuse(steering: _Made, name: str, compared: _Compared, more: str = "") -> None:
    for what, theirs, ours in compared:
        if theirs != ours:
            raise DataError(
                f"the steering {steering.name} was made for {steering.made_for.identifier}, {what} "
                f"{theirs}; {name} has {ours}. Directions mean nothing in another model: give "
                f"the model they were made for{more}, or make others"
            )
