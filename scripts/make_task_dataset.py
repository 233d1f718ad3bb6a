"""Write the problems of ``tasks/data`` as a data set that ``datasets.load_dataset`` reads.

    python scripts/make_task_dataset.py            # tasks/parquet and the header of tasks/README.md
    python scripts/make_task_dataset.py --into DIR # the same elsewhere

Each set is a configuration with three splits. The rows are those of the JSONL files, which stay
what the tasks are asked from: those files hold all splits of a set, and a configuration needs a
file for each split.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from brainbench.foreign import parse_json, parse_yaml, read_text

TASKS = Path(__file__).parent.parent / "tasks"
SPLITS = ("train", "validation", "test")
# type of each field; in a list where the field is a list of them
FIELDS: dict[str, str | list[str]] = {
    "id": "string",
    "base_id": "string",
    "split": "string",
    "reasoning_type": "string",
    "form": "string",
    "premises": ["string"],
    "conclusion": "string",
    "valid": "bool",
    "negated": "bool",
    "premises_needed": "int64",
    "order": "int64",
    "believable": "bool",
    "distractors": ["int64"],
    "denials": "int64",
    "run": "string",
}
ABOUT = {
    "pretty_name": "Deductive problems of brainbench",
    "license": "apache-2.0",
    "language": ["en"],
    "task_categories": ["text-classification", "question-answering"],
    "size_categories": ["10K<n<100K"],
    "tags": ["reasoning", "deduction", "logic", "synthetic"],
}

Row = dict[str, Any]
Sets = dict[str, dict[str, list[Row]]]


def sets(tasks: Path = TASKS) -> Sets:
    """Set → split → its rows, in the order of the card and of the files."""
    card = parse_yaml(read_text(tasks / "data" / "card.yaml"))
    found = {}
    for file in card["files"]:
        lines = read_text(tasks / "data" / file).splitlines()
        rows = [parse_json(line) for line in lines]
        found[Path(file).stem] = {s: [row for row in rows if row["split"] == s] for s in SPLITS}
    return found


def header(held: Sets) -> str:
    """The YAML header of the data-set card."""
    # `data_dir` would be shorter, but the first configuration must name its files
    configs = [
        {
            "config_name": name,
            "data_files": [{"split": s, "path": f"parquet/{name}/{s}.parquet"} for s in SPLITS],
        }
        for name in held
    ]
    about = {**ABOUT, "configs": configs}
    return f"---\n{yaml.safe_dump(about, sort_keys=False, default_flow_style=None)}---\n"


def write_parquet(held: Sets, folder: Path) -> None:
    """One file for each split of each set."""
    import pyarrow as pa
    from pyarrow import parquet

    types = {"string": pa.string(), "bool": pa.bool_(), "int64": pa.int64()}
    for name, splits in held.items():
        schema = pa.schema(
            [
                (field, pa.list_(types[kind[0]]) if isinstance(kind, list) else types[kind])
                for field in _fields(splits)
                for kind in [FIELDS[field]]
            ]
        )
        for split, rows in splits.items():
            path = folder / name / f"{split}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            parquet.write_table(
                pa.Table.from_pylist(rows, schema), path, compression="zstd", compression_level=19
            )


def with_header(text: str, head: str) -> str:
    """A README with another header."""
    if text.startswith("---\n"):
        text = text.partition("\n---\n")[2]
    return head + text


def _fields(splits: dict[str, list[Row]]) -> Sequence[str]:
    present = {field for rows in splits.values() for row in rows for field in row}
    unknown = present - set(FIELDS)
    if unknown:
        raise ValueError(f"{sorted(unknown)[0]} has no type here: add it to FIELDS")
    return [field for field in FIELDS if field in present]


def main() -> None:
    """Parse the command line and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--into", type=Path, default=TASKS, help="folder of README.md and parquet/")
    into = parser.parse_args().into
    held = sets()
    write_parquet(held, into / "parquet")
    readme = (TASKS / "README.md").read_text("utf-8")
    (into / "README.md").write_text(with_header(readme, header(held)), "utf-8")


if __name__ == "__main__":
    main()
