"""Make the tables of docs/behavior.md on adults and children from the records of runs.

    brainbench evaluate --model MODEL --suite behavior-73 --output-path runs     # for each model
    python scripts/behavior_tables.py runs/*/*
    python scripts/behavior_tables.py

The first call keeps what the tables need in docs/data/behavior73.json; without runs the tables are
made from that. Models stand in the order of the runs. A test holds the page to the file.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from brainbench.benchmarks import BehaviorScore, DifficultyScore
from brainbench.results import load_record

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE, DATA = DOCS / "behavior.md", DOCS / "data" / "behavior73.json"
TYPES = ("all", "syllogistic", "transitive")
GROUPS = {"adults": "ds003076", "children": "ds002886"}
# what a file of weights is called elsewhere
NAMES = {
    "SmolLM2-135M-Instruct.Q4_1": "SmolLM2-135M-Instruct",
    "gemma-3-270m-q4_k_m": "Gemma 3 270M (base)",
    "qwen05": "Qwen2.5-Coder-0.5B-Instruct",
    "qwen15": "Qwen2.5-Coder-1.5B-Instruct",
}
Kept = Mapping[str, Any]


def keep(runs: Iterable[Path]) -> dict[str, Any]:
    """What the tables hold of each run, and what people are by themselves."""
    models, people = [], {}
    for run in runs:
        record = load_record(run)
        difficulty = {one.reasoning_type: one for one in DifficultyScore.read_from(record)}
        behavior = {(one.dataset, one.reasoning_type): one for one in record.behavior}
        people = {kind: _people(difficulty[kind], behavior) for kind in TYPES}
        models.append(
            {
                "model": NAMES.get(record.model.identifier, record.model.identifier),
                "weights_sha256": record.model.weights_sha256,
                "chat_template": record.model.chat_template_sha256 is not None,
                "types": {kind: _model(difficulty[kind], behavior) for kind in TYPES},
            }
        )
    return {"people": people, "models": models}


def _people(score: DifficultyScore, behavior: Mapping[tuple[str, str], BehaviorScore]) -> Kept:
    one = score.correlations[0]
    return {
        "items": score.n_items,
        "groups": score.groups,
        "r": [one.value, one.interval, one.interval_items, one.corrected],
        "reliability": {row.profile: row.reliability for row in score.profiles},
        "person": {row.profile: row.reference for row in score.profiles},
        "controls": {row.profile: row.controls for row in score.profiles},
        "kappa": {
            group: [own.n_people, own.error_consistency.reference,
                    own.error_consistency.reference_interval,
                    next(c.error_consistency for c in own.controls if c.control == "always True")]
            for group, dataset in GROUPS.items()
            if (own := behavior[dataset, score.reasoning_type])
        },
        "slope": {
            f"{row.measure}, {row.people}": [
                row.reference, row.reference_interval, row.controls["always True"],
            ]
            for row in score.slopes
        },
    }  # fmt: skip


def _model(score: DifficultyScore, behavior: Mapping[tuple[str, str], BehaviorScore]) -> Kept:
    held = {group: behavior[dataset, score.reasoning_type] for group, dataset in GROUPS.items()}
    return {
        "profiles": {
            row.profile: [row.value, row.interval, row.interval_items] for row in score.profiles
        },
        "slopes": {
            f"{row.measure}, {row.people}": [
                row.slope, row.interval, row.interval_items,
                row.nearer + ("*" if row.nearer != "neither" and row.reached_by else ""),
            ]
            for row in score.slopes
        },
        "reached_by": score.reached_by,
        "kappa": {
            group: [own.error_consistency.value, own.error_consistency.interval]
            for group, own in held.items()
        },
        "true_rate": held["adults"].true_rate,
        "invalid": score.n_invalid,
    }  # fmt: skip


def people_table(kept: Kept) -> str:
    """How far the two groups agree, and how reliable their profiles are."""
    rows = []
    for kind in TYPES:
        own = kept["people"][kind]
        value, people, items, corrected = own["r"]
        reliable = own["reliability"]
        rows.append(
            [
                f"{kind}, {own['items']} items",
                f"{own['groups']['adults']} and {own['groups']['children']}",
                f"{value:.3f} {_ends(people)}",
                _ends(items),
                f"{corrected:.2f}",
                *(f"{reliable[name]:.2f}" for name in ("adults", "children", "joint")),
                f"{reliable['joint, beyond condition']:.2f}",
            ]
        )
    return _markdown(
        ["", "adults and children", "r of difficulty [people]", "[items]", "without noise",
         "reliability, adults", "children", "joint", "joint, beyond condition"],
        rows,
    )  # fmt: skip


def difficulty_table(kept: Kept) -> str:
    """Each model's ρ with each profile; last what knows nothing of any model."""
    rows = []
    for kind in TYPES:
        people = kept["people"][kind]
        for model in kept["models"]:
            own = model["types"][kind]
            joint, people_ends, items_ends = own["profiles"]["joint"]
            rows.append(
                [
                    kind,
                    model["model"],
                    f"**{_number(joint)}** {_ends(people_ends)}",
                    _ends(items_ends),
                    *(_number(own["profiles"][name][0]) for name in GROUPS),
                    _with_items(own["profiles"]["joint, beyond condition"]),
                    "yes" if own["reached_by"] else "no",
                ]
            )
        for name in ("always True", "number of words", "negated conclusion"):
            held = [people["controls"][profile][name] for profile in ("joint", *GROUPS)]
            rows.append([kind, name, _number(held[0]), "", *map(_number, held[1:]), "", ""])
        held = [people["person"][profile] for profile in ("joint", *GROUPS)]
        rows.append([kind, "a person", _number(held[0]), "", *map(_number, held[1:]), "", ""])
    return _markdown(
        ["", "", "ρ, joint [people]", "[items]", "adults", "children",
         "beyond condition [items]", "a control reaches it"],
        rows,
    )  # fmt: skip


def kappa_table(kept: Kept) -> str:
    """κ of errors with adults and with children."""
    rows = []
    for model in kept["models"]:
        cells = [
            f"{_number(model['types'][kind]['kappa'][group][0])} "
            f"{_ends(model['types'][kind]['kappa'][group][1])}"
            for kind in TYPES[1:]
            for group in GROUPS
        ]
        says = model["types"]["all"]
        rows.append([model["model"], f"{says['true_rate']:.2f}", str(says["invalid"]), *cells])
    held = [kept["people"][kind]["kappa"][group] for kind in TYPES[1:] for group in GROUPS]
    rows.append(["always True", "1.00", "", *(_number(one[3]) for one in held)])
    rows.append(
        ["people among themselves", "", "", *(f"{_number(one[1])} {_ends(one[2])}" for one in held)]
    )
    rows.append(["people who count", "", "", *(str(one[0]) for one in held)])
    heads = [f"{kind}, {group}" for kind in TYPES[1:] for group in GROUPS]
    return _markdown(["", "says True", "invalid", *heads], rows)


def age_table(kept: Kept) -> str:
    """Slope of agreement on age, per ten years, everybody and within groups."""
    rows = []
    for kind in TYPES[1:]:
        for model in kept["models"]:
            own = model["types"][kind]["slopes"]
            cells = [own[f"{measure}, everybody"] for measure in ("confidence", "errors")]
            nearer = sorted({cell[3] for cell in cells} - {"neither"}) or ["neither"]
            within = [own[f"{measure}, within groups"][0] for measure in ("confidence", "errors")]
            rows.append(
                [kind, model["model"], *map(_decade, cells), *map(_ten, within), ", ".join(nearer)]
            )
        slopes = kept["people"][kind]["slope"]
        cells = [slopes[f"{measure}, everybody"] for measure in ("confidence", "errors")]
        within = [slopes[f"{measure}, within groups"][0] for measure in ("confidence", "errors")]
        shown = [f"{_ten(value)} {_ends([10 * end for end in ends])}" for value, ends, _ in cells]
        rows.append([kind, "people themselves", *shown, *map(_ten, within), ""])
        names = [f"{measure}, {who}" for who in ("everybody", "within groups")
                 for measure in ("confidence", "errors")]  # fmt: skip
        rows.append([kind, "always True", *(_ten(slopes[name][2]) for name in names), ""])
    return _markdown(
        ["", "", "ρ of confidence [people], [items]", "κ of errors [people], [items]",
         "ρ within groups", "κ within groups", "nearer to"],
        rows,
    )  # fmt: skip


TABLES = {
    "people": people_table,
    "difficulty": difficulty_table,
    "kappa": kappa_table,
    "age": age_table,
}


def _ten(slope: float | None) -> str:
    return "n/a" if slope is None else f"{10 * slope:.3f}"


def _decade(cell: Sequence[Any]) -> str:
    slope, people, items, _ = cell
    if slope is None or people is None or items is None:
        return "n/a"
    ends = (_ends([10 * end for end in interval]) for interval in (people, items))
    # two pairs of brackets with a space between are a link of Markdown
    return f"{_ten(slope)} {', '.join(ends)}"


def _with_items(cell: Sequence[Any]) -> str:
    return "n/a" if cell[0] is None else f"{_number(cell[0])} {_ends(cell[2])}"


def _number(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.3f}"


def _ends(interval: Sequence[float] | None) -> str:
    return "" if interval is None else f"[{interval[0]:.2f} {interval[1]:.2f}]"


def _markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    align = ["---" if place < 2 and not head else "---:" for place, head in enumerate(heads)]
    lines = [f"| {' | '.join(line)} |" for line in (heads, align, *rows)]
    return "\n".join(re.sub(r"\|  (?=\|)", "| ", line) for line in lines)


def put(page: str, name: str, table: str) -> str:
    """The page with the table between its marks."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, _, rest = page.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"{PAGE.name} lacks {begin} … {end}")
    return f"{before}{begin}\n{table}\n{end}{after}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="*", type=Path, help="folders of runs; else the file kept")
    arguments = parser.parse_args()
    if arguments.runs:
        DATA.write_text(json.dumps(keep(arguments.runs), indent=1) + "\n", "utf-8")
    kept = json.loads(DATA.read_text("utf-8"))
    page = PAGE.read_text("utf-8")
    for name, table in TABLES.items():
        page = put(page, name, table(kept))
    PAGE.write_text(page, "utf-8")
    print(f"{PAGE.name}: {len(TABLES)} tables of {len(kept['models'])} models")


if __name__ == "__main__":
    main()
