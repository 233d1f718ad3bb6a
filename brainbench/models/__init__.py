"""What is tested: models, and activations computed elsewhere."""

from brainbench.models.activation_file import ActivationFile, save_activations
from brainbench.models.model import (
    SITES,
    Activations,
    AnsweringModel,
    Answers,
    Model,
    Site,
    read_activations,
    read_answers,
)
from brainbench.models.registry import BUILTIN, is_builtin, list_models, load_model

__all__ = [
    "BUILTIN",
    "SITES",
    "ActivationFile",
    "Activations",
    "AnsweringModel",
    "Answers",
    "Model",
    "Site",
    "is_builtin",
    "list_models",
    "load_model",
    "read_activations",
    "read_answers",
    "save_activations",
]
