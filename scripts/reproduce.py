"""Run what tests each claim of Xiao, Du & Lin (2026), one claim at a time.

    python scripts/reproduce.py                              the claims
    python scripts/reproduce.py flips --model MODEL          run what tests one
    python scripts/reproduce.py flips --model MODEL --print  only print the commands
    python scripts/reproduce.py flips --rehearse             the built-in model, simulated people

A run that was stopped goes on where it was: ``brainbench evaluate`` keeps what is finished.
``docs/reproduction.md`` says what was found.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

NEW = "three premises, syllogistic;three premises, transitive"
MORE = "four to six premises, syllogistic;four to six premises, transitive"


@dataclass(frozen=True)
class Claim:
    """A claim of the paper, and how it is tested.

    Attributes
    ----------
    what : the claim, in a few words.
    options : of ``brainbench evaluate``, a list for each run.
    rehearsal : options that take the place of the dataset's with the built-in model.
    gpu : whether its models, or its number of trainings, need a GPU.
    """

    what: str
    options: tuple[tuple[str, ...], ...]
    rehearsal: tuple[str, ...] = ("--dataset", "phantom_guidance")
    gpu: bool = False


# five seeds, which a verdict needs
_CONTROLLED = ("--guidance-forms", "controlled", "--seeds", "5")


def _guided(suite: str, *options: str) -> tuple[tuple[str, ...], ...]:
    return (("--suite", suite, *options),)


CLAIMS: dict[str, Claim] = {
    "alignment": Claim(
        "layers explain 76 % of the explainable variance pooled, 27 % within a type",
        (("--suite", "alignment", "--protocol", "published"), ("--suite", "alignment")),
        ("--suite", "builtin"),
    ),
    "flips": Claim(
        "targeted intervention flips every targeted answer",
        _guided("guidance-steering", "--guidance-forms", "published"),
    ),
    "direction": Claim(
        "the mean of the directions helps on new problems",
        _guided("guidance-steering", *_CONTROLLED, "--guidance-tests", NEW),
    ),
    "labels": Claim(
        "NARF+Label beats labels alone, by 2.2 points over ten models of 1.5 to 72 B",
        _guided("guidance-finetuning", "--tier", "full", "--guidance-tests", NEW),
        gpu=True,
    ),
    "transfer": Claim(
        "what is gained carries over to other types and to more premises",
        _guided("guidance", "--tier", "full", "--guidance-tests", f"{NEW};{MORE};propositional"),
        gpu=True,
    ),
    "folio": Claim(
        "up to 13.2 points on FOLIO",
        _guided("guidance", "--tier", "full", "--guidance-tests", "FOLIO"),
        gpu=True,
    ),
}


def commands(claim: Claim, model: str, rehearse: bool = False) -> list[list[str]]:
    """The commands that test a claim.

    Parameters
    ----------
    claim : which.
    model : a hub id, a folder or a GGUF file.
    rehearse : the built-in model and simulated people, a few items, one epoch.
    """
    found = []
    for options in claim.options:
        command = ["brainbench", "evaluate", "--model", "nano" if rehearse else model, *options]
        if not rehearse:
            found.append([*command, "--dataset", "xiao2026"])
            continue
        guided = any("guidance" in option for option in options)
        few = ["--tier", "reduced", "--epochs", "1", "--limit", "4"] if guided else []
        kept = _without(command, ("--tier", "--guidance-tests") if guided else ("--suite",))
        found.append([*kept, *claim.rehearsal, *few])
    return found


def _without(command: Sequence[str], names: Sequence[str]) -> list[str]:
    """A command without some options and their values."""
    return [
        word
        for number, word in enumerate(command)
        if word not in names and not (number and command[number - 1] in names)
    ]


def main(given: Sequence[str] | None = None) -> int:
    """Print, or run, what tests a claim; the exit status of the first run that failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("claim", nargs="?", choices=list(CLAIMS), help="which; none: list them")
    parser.add_argument("--model", help="a hub id, a folder or a GGUF file")
    parser.add_argument("--output-path", default="results", help="folder of the runs")
    parser.add_argument("--print", action="store_true", dest="only", help="run nothing")
    parser.add_argument("--rehearse", action="store_true", help="the built-in model, a few items")
    chosen = parser.parse_args(given)
    if chosen.claim is None:
        for name, claim in CLAIMS.items():
            print(f"{name:10} {claim.what}{' (needs a GPU)' if claim.gpu else ''}")
        return 0
    if chosen.model is None and not chosen.rehearse:
        parser.error("name a --model, or --rehearse with the built-in one")
    for command in commands(CLAIMS[chosen.claim], chosen.model, chosen.rehearse):
        whole = [*command, "--output-path", chosen.output_path]
        print(shlex.join(whole), flush=True)
        if chosen.only:
            continue
        # the command of this interpreter's environment
        program = str(Path(sys.executable).with_name(whole[0]))
        status = subprocess.run([program, *whole[1:]], check=False).returncode
        if status:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main())
