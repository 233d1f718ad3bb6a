"""Write the problems that the task files ask, and the card that says what they are.

    python scripts/make_task_data.py            # tasks/data/*.jsonl and tasks/data/card.yaml
    python scripts/make_task_data.py --into DIR # the same elsewhere

Every set has three splits with no word in common, but for those that make up the grammar.
Every row is proven from its finished text before it is written.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from brainbench.problems import (
    GENERATOR_VERSION,
    TASK_VOCABULARY,
    Problem,
    ReasoningType,
    Vocabulary,
    add_distractors,
    deny_twice,
    make_belief_set,
    make_run,
    make_set,
    order_variants,
    row_faults,
    row_words,
    split_kinds,
    split_vocabulary,
    to_row,
    with_denials,
)

OUTPUT = Path(__file__).parent.parent / "tasks" / "data"
SEED = 2606
SPLITS = ("train", "validation", "test")
SHARES = (3, 2, 5)  # of the words
KIND_SHARES = (3, 2, 6)  # of the classes whose kinds are known
DISTRACTORS = 2
TYPES: tuple[ReasoningType, ...] = ("syllogistic", "transitive", "propositional")

Extras = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """What one split of a set is made with.

    Attributes
    ----------
    name : of the set and split, the start of every identifier.
    count : problems of each condition, cell or scanner run, as the set says.
    """

    name: str
    split: int
    count: int
    seed: int
    words: Vocabulary


Writer = Callable[[Part], Iterator[tuple[Problem, Extras]]]


@dataclass(frozen=True)
class Set:
    """One file.

    Attributes
    ----------
    counts : of each split, see :class:`Part`.
    orders : of premises each problem is shown in, at most.
    """

    what: str
    write: Writer
    counts: tuple[int, int, int]
    orders: int = 6
    marks: Callable[[Problem, Extras], Extras] = field(default=lambda problem, extras: extras)


# ---------------------------------------------------------------- what is written


def chains(reasoning_type: ReasoningType, premises: int, all_needed: bool = False) -> Writer:
    """Balanced over the conditions."""

    def write(part: Part) -> Iterator[tuple[Problem, Extras]]:
        for problem in make_set(
            reasoning_type, premises, part.count, part.seed, part.words, all_needed=all_needed
        ):
            yield problem, {}

    return write


def scanner(part: Part) -> Iterator[tuple[Problem, Extras]]:
    """Runs of 18 in the scanner's conditions, premises in the order of the chain."""
    rng = np.random.default_rng(part.seed)
    for reasoning_type in TYPES[:2]:
        for run in range(part.count):
            nouns, words = part.words.nouns, part.words
            for problem in make_run("", reasoning_type, rng, nouns=nouns, vocabulary=words):
                yield problem, {"run": f"{reasoning_type}-{run + 1:02d}"}


def distractors(part: Part) -> Iterator[tuple[Problem, Extras]]:
    """Three premises, and more that change nothing."""
    rng = np.random.default_rng(part.seed)
    for number, reasoning_type in enumerate(TYPES):
        for problem in make_set(reasoning_type, 3, part.count, part.seed + number, part.words):
            longer = add_distractors(problem, DISTRACTORS, rng, part.words)
            yield longer, {"distractors": longer.premises[3:]}


def mark_distractors(problem: Problem, extras: Extras) -> Extras:
    """Their places, in the order in which the premises are shown."""
    places = [i for i, text in enumerate(problem.premises) if text in extras["distractors"]]
    return {"distractors": places}


def belief(part: Part) -> Iterator[tuple[Problem, Extras]]:
    """Valid or not × believable or not."""
    kinds, rng = split_kinds(KIND_SHARES)[part.split], np.random.default_rng(part.seed)
    for problem, believable in make_belief_set(kinds, part.words.nouns, part.count, rng, ""):
        yield problem, {"believable": believable}


def double_negation(part: Part) -> Iterator[tuple[Problem, Extras]]:
    """One or two premises denied twice, and every other conclusion that can be."""
    rng = np.random.default_rng(part.seed)
    for number, reasoning_type in enumerate(TYPES[:2]):
        met: Counter[Any] = Counter()
        for problem in make_set(reasoning_type, 3, part.count, part.seed + number, part.words):
            turn = met[problem.condition]
            met[problem.condition] += 1
            open_to_it = [i for i, text in enumerate(problem.premises) if deny_twice(text)]
            chosen = rng.permutation(open_to_it)[: 1 + turn % 2]
            denied = with_denials(problem, {int(i) for i in chosen}, bool(turn // 2 % 2))
            said = sum("not the case" in sentence for sentence in denied.sentences)
            yield denied, {"denials": said}


LONG = (4, 6, 16)
SETS: dict[str, Set] = {
    **{
        f"{kind}_3": Set(
            f"{kind}, 3 premises of which 2 or 3 are needed; "
            "validity × negation × premises needed; every order of premises",
            chains(kind, 3),
            (8, 4, 24),
        )
        for kind in TYPES[:2]
    },
    **{
        f"{kind}_{n}": Set(
            f"{kind}, {n} premises, all needed; validity × negation; 6 orders of premises",
            chains(kind, n, all_needed=True),
            LONG,
        )
        for n in (4, 5, 6)
        for kind in TYPES[:2]
    },
    "propositional_2": Set(
        "propositional, 2 premises: four valid forms and the fallacies that look like them",
        chains("propositional", 2),
        (8, 8, 32),
    ),
    "propositional_3": Set(
        "propositional, 3 premises of which 2 or 3 are needed: four valid forms and their "
        "fallacies; validity × negation × premises needed; every order of premises",
        chains("propositional", 3),
        (4, 4, 16),
    ),
    "scanner": Set(
        "runs of 18 problems with the conditions of the scanner's runs, half of them valid and "
        "affirmative, premises in the order of the chain",
        scanner,
        (1, 2, 6),
        orders=1,
    ),
    "distractors": Set(
        f"the three types, 3 premises and {DISTRACTORS} that change nothing; 3 orders",
        distractors,
        (2, 2, 8),
        orders=3,
        marks=mark_distractors,
    ),
    "belief": Set(
        "conclusions known to be true or false of the world, whether they follow or not; "
        "pseudowords as middle terms; 3 orders",
        belief,
        (12, 12, 36),
        orders=3,
    ),
    "double_negation": Set(
        "syllogistic and transitive, 1 to 3 sentences said by denying their denial; 3 orders",
        double_negation,
        (2, 2, 12),
        orders=3,
    ),
}


# ---------------------------------------------------------------- rows and card


def make_rows(name: str) -> list[dict[str, Any]]:
    """All rows of a set, each proven."""
    made = SETS[name]
    vocabularies = split_vocabulary(TASK_VOCABULARY, SHARES, SEED)
    rows = []
    for split, count in enumerate(made.counts):
        prefix = f"{name}-{SPLITS[split]}"
        part = Part(prefix, split, count, seed_of(name, split), vocabularies[split])
        for number, (problem, extras) in enumerate(made.write(part)):
            named = replace(problem, identifier=f"{prefix}-{number:04d}")
            for order, variant in enumerate(order_variants(named, made.orders, part.seed)):
                marks = made.marks(variant, extras)
                rows.append(to_row(variant, SPLITS[split], order, **marks))
    for row in rows:
        if faults := list(row_faults(row)):
            raise SystemExit(f"{row['id']}: {faults}")
    return rows


def seed_of(name: str, split: int) -> int:
    """Seeds ten apart: a set may use several."""
    return SEED + 100 * (list(SETS).index(name) + 1) + 10 * split


def shared_words(rows: list[dict[str, Any]]) -> set[str]:
    """Words that stand in more than one split."""
    words: dict[str, set[str]] = {split: set() for split in SPLITS}
    for row in rows:
        words[row["split"]] |= row_words(row)
    train, validation, test = words.values()
    return train & validation | train & test | validation & test


def write_set(name: str, folder: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Write one file; what the card says of it, and its rows."""
    rows = make_rows(name)
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    (folder / f"{name}.jsonl").write_bytes(content)
    entry = {
        "what": SETS[name].what,
        "seeds": {split: seed_of(name, i) for i, split in enumerate(SPLITS)},
        "rows": {split: sum(row["split"] == split for row in rows) for split in SPLITS},
        "problems": {
            split: len({row["base_id"] for row in rows if row["split"] == split})
            for split in SPLITS
        },
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    return entry, rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=OUTPUT, help="folder to write")
    folder = parser.parse_args().into
    folder.mkdir(parents=True, exist_ok=True)
    files, everything = {}, []
    for name in SETS:
        files[f"{name}.jsonl"], rows = write_set(name, folder)
        everything += rows
        print(f"{name}: {len(rows)} rows, {files[f'{name}.jsonl']['size'] / 1e3:.0f} kB")
    if words := shared_words(everything):
        raise SystemExit(f"splits share words: {', '.join(sorted(words))}")
    card = {
        "title": "Deductive problems made and proven by brainbench",
        "licence": "Apache-2.0",
        "generator_version": GENERATOR_VERSION,
        "made_by": "scripts/make_task_data.py",
        "seed_of_the_words": SEED,
        "files": files,
    }
    text = yaml.safe_dump(card, sort_keys=False, width=100, allow_unicode=True)
    (folder / "card.yaml").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
