"""What is tested: models, and activations computed elsewhere."""

from brainbench.models.activation_file import ActivationFile, save_activations
from brainbench.models.language_model import LanguageModel
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
from brainbench.models.options import READOUTS, ModelOptions
from brainbench.models.prompts.template import PromptTemplate, load_template
from brainbench.models.registry import (
    COMPUTING,
    DEFAULT_MODEL,
    NANO,
    PHANTOM_FILE,
    is_builtin,
    list_models,
    load_model,
)
from brainbench.models.steering.artifact import save_steering
from brainbench.models.steering.hooks import steered
from brainbench.models.steering.made_for import MadeFor
from brainbench.models.steering.vector import STEERED_TOKENS, Steering, load_steering

__all__ = [
    "COMPUTING",
    "DEFAULT_MODEL",
    "NANO",
    "PHANTOM_FILE",
    "READOUTS",
    "SITES",
    "STEERED_TOKENS",
    "ActivationFile",
    "Activations",
    "AnsweringModel",
    "Answers",
    "LanguageModel",
    "MadeFor",
    "Model",
    "ModelOptions",
    "PromptTemplate",
    "Site",
    "Steering",
    "is_builtin",
    "list_models",
    "load_model",
    "load_steering",
    "load_template",
    "read_activations",
    "read_answers",
    "save_activations",
    "save_steering",
    "steered",
]
