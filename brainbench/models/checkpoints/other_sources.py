"""Explain what was given to ``--model`` by mistake, and which option takes it."""

from __future__ import annotations

from pathlib import Path

from brainbench.models.checkpoints.damage import is_pointer

_RUN, _REPORT = "results.json", "report.html"
_OF_A_RUN = "`brainbench compare` and `brainbench report` take its folder"
_PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
# a file that tells what a folder is → what it is, and what takes it
_FOLDERS = {
    "adapter_config.json": "a PEFT adapter: give it to --peft, and its base model to --model",
    "steering.json": "a steering: give it to --steer, and the model it was made for to --model",
    _RUN: f"the results of a run, not a model: {_OF_A_RUN}",
}


def describe_folder(folder: Path) -> str | None:
    """What a folder without a model holds; None where that is unknown."""
    found = next((what for name, what in _FOLDERS.items() if (folder / name).is_file()), None)
    if found is None and next(folder.glob(f"*/{_RUN}"), next(folder.glob(f"*/*/{_RUN}"), None)):
        found = f"a folder of runs, not a model: {_OF_A_RUN}"
    return found


def describe_file(file: Path) -> str:
    """What a file is that ``--model`` does not take, and what does."""
    suffix = file.suffix.lower()
    beside = file.parent
    if file.name == _RUN:
        return f"the record of a run: {_OF_A_RUN}"
    if suffix in (".html", ".htm"):
        run = (beside / _RUN).is_file() or file.name == _REPORT
        return f"the report of a run: open it in a browser; {_OF_A_RUN}" if run else "a web page"
    if is_pointer(file):
        return "a pointer of Git LFS, not a model: fetch the file itself with `git lfs pull`"
    if suffix in _PICKLED:
        return (
            "a pickled file, which is not read: anybody's code could be in it. Convert it with "
            "transformers' save_pretrained and give the folder"
        )
    if suffix in (".yaml", ".yml"):
        return "a YAML file: a wording of the question is given to --prompt-template"
    if file.name == "config.json" or (beside / "config.json").is_file():
        return f"a file of the model in {beside}: give that folder"
    return "a file that holds no model"
