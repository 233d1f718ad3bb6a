"""A model card in folders that go to the Hugging Face Hub: adapters and steerings."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from huggingface_hub import EvalResult, ModelCardData

from brainbench.atomic import whole_file

NAME = "README.md"
# what tells a card of ours from a text that somebody put there
_MARK = "<!-- written by brainbench; changes are lost when the folder is made again -->"
_LICENCE = (
    "The licence is the base model's, as far as it reaches what is made from it, and that of the "
    "data; both are for whoever publishes this to look at and to state here."
)


class Result(NamedTuple):
    """One number: of which problems, the hub's name of the metric, and ours."""

    problems: str
    metric: str
    name: str
    value: float


def card_text(
    title: str,
    about: Sequence[str],
    *,
    base_model: str,
    datasets: Sequence[str],
    library: str,
    tags: Sequence[str],
    results: Sequence[Result] = (),
) -> str:
    """The card: a YAML header as the hub reads it, and paragraphs.

    Parameters
    ----------
    title : heading, and name of the model in the header.
    about : paragraphs of Markdown.
    base_model : hub id, or the name that the model was given by.
    datasets : that it was made from.
    library : that loads it.
    tags : for the hub's search; ``brainbench`` is among them.
    results : numbers, with the problems that they are of.
    """
    listed = [
        EvalResult(
            task_type="text-classification",
            task_name="deductive reasoning",
            dataset_type="brainbench",
            dataset_name="brainbench",
            # the hub takes results of one data set and configuration together
            dataset_config=each.problems,
            metric_type=each.metric,
            metric_name=each.name,
            metric_value=round(each.value, 6),
        )
        for each in results
    ]
    with warnings.catch_warnings():
        # a name that is no hub id: it was a file, and there is no better one
        warnings.simplefilter("ignore")
        header = ModelCardData(
            base_model=base_model,
            datasets=list(datasets) or None,
            library_name=library,
            tags=["brainbench", *tags],
            metrics=list(dict.fromkeys(each.metric for each in results)) or None,
            model_name=title if results else None,
            eval_results=listed or None,
        )
    body = "\n\n".join([f"# {title}", *about, _LICENCE])
    return f"---\n{header.to_yaml()}\n---\n\n{_MARK}\n\n{body}\n"


def write_card(folder: Path, text: str) -> Path | None:
    """Write it as ``README.md``.

    Returns
    -------
    The file; None where somebody's own text is there, which stays.

    Raises
    ------
    OSError
        When it cannot be written.
    """
    path = folder / NAME
    if not is_ours(path):
        return None
    with whole_file(path) as partial:
        partial.write_text(text, "utf-8")
    return path


def remove_card(folder: Path) -> None:
    """Remove a card that :func:`write_card` wrote; another text stays."""
    if is_ours(folder / NAME):
        (folder / NAME).unlink(missing_ok=True)


def is_ours(path: Path) -> bool:
    """Whether a file is missing, or a card that was written here."""
    if path.is_symlink() or not path.exists():
        return not path.is_symlink()
    try:
        return _MARK in path.read_text("utf-8", errors="replace")
    except OSError:
        return False
