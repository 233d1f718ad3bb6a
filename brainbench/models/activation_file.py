"""Activations read from a file: any system can be scored, whatever produced it.

The format is safetensors: one tensor per site, ``attention`` or ``hidden`` or both, each
(items, layers, units); and beside each, or none, one of the same shape read while the model
was asked only to read, ``attention.contrast``, ``hidden.contrast``. Metadata, all optional,
values JSON:

    stimulus_ids   names of the rows, in order; checked against the dataset
    layers         the model's number of each layer, where not all were kept
    model          what it is, in words; kept in the record
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from brainbench.errors import DataError
from brainbench.foreign import parse_json, readable
from brainbench.models.model import SITES, Activations
from brainbench.problems import Stimulus

# tensor that holds the contrast of a site
_CONTRASTS = {f"{site}.contrast": site for site in SITES}


@dataclass(frozen=True)
class ActivationFile:
    """A model whose activations were computed elsewhere.

    Parameters
    ----------
    path : the safetensors file.
    name : identifier; by default the file's name without its ending.
    """

    path: Path
    name: str | None = None

    @property
    def identifier(self) -> str:
        """Name of the model."""
        return self.name or readable(self.path.stem)

    @property
    def description(self) -> str | None:
        """The description in the file's metadata."""
        with self._opened() as file:
            return (file.metadata() or {}).get("model")

    @cached_property
    def sha256(self) -> str:
        """Hash of the file."""
        try:
            with self.path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise DataError(f"{self.path} cannot be read: {error.strerror or error}") from error

    def activations(self, problems: Sequence[Stimulus]) -> Activations:
        """Rows of the file, checked against the problems.

        Raises
        ------
        DataError
            When the file is damaged, has other tensors or shapes, lacks one, holds NaN, has
            a row too many or too few, or its row names are not those of the problems.
        """
        values, contrast, metadata = self._read()
        try:
            layers = {
                site: tuple(range(array.shape[1] if array.ndim > 1 else 0))
                for site, array in values.items()
            }
            if "layers" in metadata:
                layers = dict.fromkeys(values, tuple(self._json_list(metadata, "layers")))
            warnings = self._check_rows(values, metadata, [p.identifier for p in problems])
            return Activations(values, layers, warnings, contrast or None)
        except DataError as error:
            raise DataError(f"{self.path}: {error}") from error

    def _read(self) -> tuple[dict[Any, Any], dict[Any, Any], dict[str, str]]:
        """Values and contrasts by site, and the metadata."""
        with self._opened() as file:
            names = list(file.keys())
            unknown = [name for name in names if name not in (*SITES, *_CONTRASTS)]
            if unknown or not names:
                found = ", ".join(unknown) or "none"
                raise DataError(
                    f"{self.path} holds other tensors than sites: {found}; "
                    f"the sites that can be scored are {' and '.join(SITES)}"
                )
            tensors = {name: self._tensor(file, name) for name in names}
            values = {site: tensors[site] for site in SITES if site in tensors}
            contrast = {site: tensors[name] for name, site in _CONTRASTS.items() if name in tensors}
            return values, contrast, file.metadata() or {}

    def _tensor(self, file: Any, name: str) -> Any:
        if file.get_slice(name).get_dtype() not in ("F16", "F32", "F64"):
            raise DataError(
                f"{self.path}: {name} is not float16, float32 or float64; convert it and save again"
            )
        return file.get_tensor(name)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Any]:
        """The file, its header read; a damaged file is a ``DataError`` that names it."""
        try:
            with safe_open(str(self.path), framework="numpy") as file:
                yield file
        except (SafetensorError, OSError) as error:
            raise DataError(f"{self.path} cannot be read as safetensors: {error}") from error

    def _check_rows(
        self, values: dict[Any, Any], metadata: dict[str, str], expected: list[str]
    ) -> tuple[str, ...]:
        for site, array in values.items():
            if array.ndim == 3 and array.shape[0] != len(expected):
                raise DataError(
                    f"{site} has {array.shape[0]} items, the dataset has {len(expected)}; "
                    f"the first is {expected[0]}, the last {expected[-1]}"
                )
        if "stimulus_ids" not in metadata:
            return (
                f"{readable(self.path.name)} does not name its rows (metadata stimulus_ids): they "
                "are taken to be in the dataset's order",
            )
        ids = [str(name) for name in self._json_list(metadata, "stimulus_ids")]
        if ids == expected:
            return ()
        if sorted(ids) == sorted(expected):
            row = next(i for i, (a, b) in enumerate(zip(ids, expected, strict=True)) if a != b)
            raise DataError(
                f"stimulus_ids are in another order than the dataset: row {row} is {ids[row]}, "
                f"expected {expected[row]}. Put the rows in the order that "
                "`brainbench show DATASET --items` prints"
            )
        strange = next((name for name in ids if name not in set(expected)), None)
        raise DataError(
            f"stimulus_ids are not those of the dataset: {len(ids)} ids"
            + (f", {strange!r} is unknown" if strange else ", some twice")
        )

    def _json_list(self, metadata: dict[str, str], key: str) -> list[Any]:
        try:
            loaded = parse_json(metadata[key])
        except ValueError as error:
            raise DataError(f"metadata {key} is not JSON: {error}") from error
        if not isinstance(loaded, list):
            raise DataError(f"metadata {key} is not a JSON list")
        return loaded


def save_activations(
    path: Path, activations: Activations, stimulus_ids: Sequence[str], model: str
) -> None:
    """Write an activation file that :class:`ActivationFile` reads back.

    Parameters
    ----------
    path : the file; one that is there is replaced.
    activations : of each site (n_items, n_layers, n_units), with contrasts where there are any.
    stimulus_ids : (n_items,) names of the rows, those of the dataset.
    model : name of the model that the activations were read from.

    Raises
    ------
    DataError
        When sites differ in their layers, or ids and items in number.
    """
    from safetensors.numpy import save_file

    kept = {tuple(layers) for layers in activations.layers.values()}
    if len(kept) != 1:
        raise DataError("an activation file holds the same layers at every site")
    if len(stimulus_ids) != activations.n_items:
        raise DataError(f"{len(stimulus_ids)} stimulus ids for {activations.n_items} items")
    tensors = {str(site): values for site, values in activations.values.items()}
    for name, site in _CONTRASTS.items():
        if activations.contrast is not None and site in activations.contrast:
            tensors[name] = activations.contrast[site]
    save_file(
        {name: np.ascontiguousarray(values) for name, values in tensors.items()},
        path,
        {
            "model": model,
            "layers": json.dumps(kept.pop()),
            "stimulus_ids": json.dumps(list(stimulus_ids)),
        },
    )
