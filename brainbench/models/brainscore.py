"""Models of Brain-Score: an artificial subject, read out by Brain-Score's own recording.

``brainscore-language`` is imported when such a model is asked for, and not before.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import json
import os
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainbench.errors import DataError, UnknownNameError, UsageError
from brainbench.models.bars import no_library_bars
from brainbench.models.model import Activations
from brainbench.problems import Stimulus, Text
from brainbench.progress import Count

PREFIX = "brainscore:"
LIBRARY = "brainscore_language"
TARGET, RECORDING_TYPE = "language_system", "fMRI"
HOW_TO_INSTALL = (
    "in an environment of its own: pip install 'brainbench[brainscore]', then "
    "pip install --no-deps brainscore-language==2.3.0"
)
# Brain-Score installs what a plugin requires by pip, into the running environment, unless told not
_INSTALLS = "BS_INSTALL_DEPENDENCIES"
_REGISTERED = re.compile(r"""model_registry\[['"]([^'"]+)['"]\]""")
# read out to tell subjects apart whose weights cannot be seen
_PROBE = (
    "Every cat in the old house is grey. Tom is a cat. Tom is grey.",
    "Anna runs faster than Paul. Paul runs faster than Mary. Mary is not the fastest.",
)
_PACKAGES = ("brainscore-core", "brainscore-language", "torch", "transformers")


def problem_text(problem: Stimulus) -> str:
    """What a subject reads as one text: a problem's sentences in their order, or a plain text."""
    if isinstance(problem, Text):
        return problem.text
    return " ".join(f"{sentence}." for sentence in problem.sentences)


class SubjectModel:
    """An ``ArtificialSubject`` as a model that gives activations.

    Each problem is read by itself, as one text: Brain-Score takes a list of texts as one running
    context. The states are its recording of the language system, one vector a problem, which are
    scored as one layer. It answers nothing: Brain-Score's tasks are the next word and reading
    times.

    Parameters
    ----------
    identifier : name of the model.
    subject : has ``start_neural_recording`` and ``digest_text``.
    source : folder of its plugin, whose code is part of the hash; None where there is none.
    progress : called with (problems read, problems).
    """

    def __init__(
        self,
        identifier: str,
        subject: Any,
        source: Path | None = None,
        progress: Count = lambda done, total: None,
    ) -> None:
        self._identifier, self._subject = identifier, subject
        self._source, self._progress = source, progress
        self._recording = False

    @property
    def identifier(self) -> str:
        """Name of the model."""
        return self._identifier

    @property
    def description(self) -> str:
        """What its states are, for the record."""
        return (
            f"Brain-Score's artificial subject, recording {TARGET} ({RECORDING_TYPE}): one vector "
            "a problem, scored as one layer"
        )

    @cached_property
    def sha256(self) -> str:
        """Hash of its name, its plugin's code, the packages it runs on, and two texts read out."""
        held: dict[str, Any] = {"identifier": self.identifier}
        for name in _PACKAGES:
            with contextlib.suppress(metadata.PackageNotFoundError):
                held[name] = metadata.version(name)
        if self._source is not None:
            held["code"] = {
                path.name: hashlib.sha256(path.read_bytes()).hexdigest()
                for path in sorted(self._source.glob("*.py"))
            }
        digest = hashlib.sha256(json.dumps(held, sort_keys=True).encode())
        digest.update(self._read(_PROBE).tobytes())
        return digest.hexdigest()

    def activations(self, problems: Sequence[Stimulus]) -> Activations:
        """One vector a problem, rows in their order.

        Raises
        ------
        DataError
            When the subject fails, or gives something else than one vector a text.
        """
        values = self._read([problem_text(problem) for problem in problems], self._progress)
        return Activations({"hidden": values[:, None, :]}, {"hidden": (0,)})

    def _read(
        self, texts: Sequence[str], progress: Count = lambda done, total: None
    ) -> NDArray[np.float64]:
        """(n_texts, n_neuroids) recordings."""
        rows: list[NDArray[np.float64]] = []
        for done, text in enumerate(texts):
            progress(done, len(texts))
            try:
                with _quiet():
                    row = self._record(text)
            except DataError:
                raise
            # whatever other people's code raises, the error names the model
            except Exception as error:
                raise DataError(
                    f"{self.identifier} cannot be read out by Brain-Score's recording of "
                    f"{TARGET}: {type(error).__name__}: {error}"
                ) from error
            if rows and row.shape != rows[0].shape:
                raise DataError(
                    f"{self.identifier} gives {row.size} neuroids for {text!r}, and "
                    f"{rows[0].size} for the texts before it"
                )
            rows.append(row)
        progress(len(texts), len(texts))
        return np.array(rows)

    def _record(self, text: str) -> NDArray[np.float64]:
        """(n_neuroids,) the recording of one text."""
        if not self._recording:
            # a second call would record everything twice
            self._subject.start_neural_recording(TARGET, RECORDING_TYPE)
            self._recording = True
        given = self._subject.digest_text([text])["neural"]
        if sorted(given.dims) != ["neuroid", "presentation"] or given.sizes["presentation"] != 1:
            sizes = ", ".join(f"{name} {size}" for name, size in given.sizes.items())
            raise DataError(
                f"{self.identifier} gives a recording of {sizes} for one text; one presentation × "
                "neuroids can be scored"
            )
        values = given.transpose("presentation", "neuroid").values
        row: NDArray[np.float64] = np.asarray(values, np.float64)[0]
        return row


def load_subject(name: str, progress: Count = lambda done, total: None) -> SubjectModel:
    """A model of Brain-Score by its identifier there.

    Parameters
    ----------
    name : ``brainscore:<identifier>``.
    progress : called with (problems read, problems) as it is read out.

    Raises
    ------
    UsageError
        When Brain-Score is not installed, has no such model, or cannot load it.
    """
    identifier = name.removeprefix(PREFIX).strip()
    library = _import_library()
    known = _known(Path(str(library.__file__)).parent / "models")
    if identifier not in known:
        raise UnknownNameError("model of Brain-Score", identifier, known)
    before = os.environ.get(_INSTALLS)
    os.environ.setdefault(_INSTALLS, "no")
    try:
        with _quiet():
            subject = library.load_model(identifier)
    # whatever other people's code raises, the error names the model
    except Exception as error:
        what = f"{name} cannot be loaded: {type(error).__name__}: {error}"
        if isinstance(error, ImportError):
            what += (
                f". Install what {known[identifier]} requires, or set {_INSTALLS}=yes and "
                "Brain-Score installs it by pip into this environment"
            )
        raise UsageError(what) from error
    finally:
        if before is None:
            os.environ.pop(_INSTALLS, None)
    return SubjectModel(f"{PREFIX}{identifier}", subject, known[identifier], progress)


def subject_name(subject: Any) -> str:
    """Identifier of an artificial subject, which Brain-Score keeps as a method or as a text."""
    given = getattr(subject, "identifier", None)
    return str(given() if callable(given) else given or type(subject).__name__)


def _import_library() -> ModuleType:
    if find_spec(LIBRARY) is None:
        raise UsageError(f"brainscore-language is not installed: {HOW_TO_INSTALL}")
    try:
        with _quiet():
            return importlib.import_module(LIBRARY)
    # an import runs other people's code
    except Exception as error:
        raise UsageError(
            f"brainscore-language is installed and cannot be imported: {type(error).__name__}: "
            f"{error}. Install it {HOW_TO_INSTALL}"
        ) from error


def _known(models: Path) -> dict[str, Path]:
    """Identifier of each registered model → folder of its plugin, as Brain-Score finds them."""
    found: dict[str, Path] = {}
    for file in sorted(models.glob("*/__init__.py")):
        text = file.read_text("utf-8", errors="replace")
        found.update(dict.fromkeys(_REGISTERED.findall(text), file.parent))
    return found


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """What Brain-Score prints goes to stderr: stdout is for results, as JSON perhaps."""
    with contextlib.redirect_stdout(sys.stderr), no_library_bars(), warnings.catch_warnings():
        # of its own classes and its old xarray, which nobody here can mend
        warnings.simplefilter("ignore", FutureWarning)
        yield
