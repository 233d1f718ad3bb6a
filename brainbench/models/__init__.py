"""What is tested: models, and activations computed elsewhere."""

from brainbench.models.activation_file import ActivationFile, save_activations
from brainbench.models.model import SITES, Activations, Model, Site, read_activations
from brainbench.models.registry import BUILTIN, is_builtin, list_models, load_model

__all__ = [
    "BUILTIN",
    "SITES",
    "ActivationFile",
    "Activations",
    "Model",
    "Site",
    "is_builtin",
    "list_models",
    "load_model",
    "read_activations",
    "save_activations",
]
