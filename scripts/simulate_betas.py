"""How well each method recovers known responses to trials, by simulation.

    python scripts/simulate_betas.py --seed 0 --people 4 --jobs 2

People of 200 voxels, 4 runs of 18 trials spaced as in ds002886, with autocorrelated noise, drifts,
motion and noise that voxels share. Three tables: the correlation of estimated with planted
responses by method; how often an HRF is called wrong; what voxels of noise score when they are
chosen by t with and without the run that is scored. Written to ``docs/data/betas_simulation.json``,
which ``docs/imaging.md`` quotes.
"""

from __future__ import annotations

import argparse
import json
import warnings
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from brainbench.imaging.betas import BetaOptions, estimate_trials, hrf_fit
from brainbench.imaging.betas.library import hrf_model
from brainbench.imaging.betas.simulated import (
    SimulatedPerson,
    Simulation,
    simulate_person,
    spaced_trials,
)
from brainbench.imaging.selection import contrast, select_held_out, select_on

Array = NDArray[np.float64]
OUTPUT = Path(__file__).parent.parent / "docs" / "data" / "betas_simulation.json"
METHODS = {
    "lsa": BetaOptions("lsa"),
    "lss": BetaOptions("lss"),
    "lss, ols": BetaOptions("lss", noise_model="ols"),
    "glmsingle": BetaOptions("glmsingle"),
}
HRFS = ("glover", "library")
NOISE = (0.5, 1.0, 2.0)
STRETCHES = (0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.6)
TOP = 30


def correlation(found: Array, truth: Array) -> float:
    """Mean over voxels of r over trials."""
    a, b = found - found.mean(axis=0), truth - truth.mean(axis=0)
    r = (a * b).sum(axis=0) / np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    return float(r.mean())


def person(seed: list[int], runs: int, simulation: Simulation) -> SimulatedPerson:
    """A person with two kinds of trials, as many of each."""
    rng = np.random.default_rng(seed)
    tables = [spaced_trials(rng) for _ in range(runs)]
    for table in tables:
        table.loc[~table["control"], "trial_type"] = rng.permutation(["hard", "easy"] * 9)
    return simulate_person(tables, simulation, rng)


def recovery(job: tuple[int, int, str, float]) -> dict[str, Any]:
    """Recovery of one person by each method."""
    seed, number, hrf, noise = job
    made = person([seed, number], 4, Simulation(hrf=hrf, noise=noise))
    row: dict[str, Any] = {"hrf": hrf, "noise": noise}
    for name, options in METHODS.items():
        found = estimate_trials(made.runs, options)
        pairs = zip(found, made.truth, strict=True)
        silent = made.silent
        row[name] = np.mean([correlation(o.betas[:, ~silent], t[:, ~silent]) for o, t in pairs])
    return row


def misfit(job: tuple[int, int, float, float]) -> dict[str, Any]:
    """Whether the HRF of one person's region is called wrong."""
    seed, number, stretch, noise = job
    simulation = Simulation(hrf=hrf_model("glover", stretch), noise=noise, voxels=60, shared=0.5)
    fit = hrf_fit(person([seed, number], 2, simulation).runs)["roi"]
    return {"stretch": stretch, "noise": noise, "wrong": fit.wrong, "missed": fit.missed}


def selection(job: tuple[int, int, str]) -> dict[str, Any]:
    """What noise scores where its voxels were chosen in three ways."""
    seed, number, kind = job
    simulation = Simulation(voxels=400, mean=0.0, spread=0.0, silent=0.0, shared=0.0)
    made = person([seed, number], 4, simulation)
    conditions = (["hard"], None) if kind == "hard > baseline" else (["hard"], ["easy"])
    contrasts = [contrast(run, *conditions) for run in made.runs]
    found = estimate_trials(made.runs)
    betas = [one.betas for one in found]
    hard = [np.asarray(one.trials["trial_type"] == "hard", float) for one in found]
    rois = made.runs[0].rois
    everything = np.tile(select_on(contrasts, rois, TOP), (4, 1))
    apart = np.tile(select_on(contrasts[:2], rois, TOP), (2, 1))
    return {
        "contrast": kind,
        "all runs": held_out_score(betas, hard, everything),
        "other runs": held_out_score(betas, hard, select_held_out(contrasts, rois, TOP).chosen),
        "runs not scored": held_out_score(betas[2:], hard[2:], apart),
    }


def held_out_score(betas: list[Array], shown: list[Array], chosen: NDArray[np.bool_]) -> float:
    """Mean r of held-out runs, predicted from the condition by least squares on the others."""
    found = []
    for i in range(len(betas)):
        others = [k for k in range(len(betas)) if k != i]
        slope = np.sum([(shown[k] - shown[k].mean()) @ betas[k] for k in others], axis=0)
        predicted = np.outer(shown[i] - shown[i].mean(), slope)[:, chosen[i]]
        found.append(correlation(predicted, betas[i][:, chosen[i]]))
    return float(np.mean(found))


def summary(rows: list[dict[str, Any]], keys: tuple[str, ...]) -> list[dict[str, Any]]:
    """Means, and standard errors over people, of everything that is not a key."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in keys), []).append(row)
    found = []
    for values, held in groups.items():
        one: dict[str, Any] = {**dict(zip(keys, values, strict=True)), "people": len(held)}
        for name in held[0]:
            if name not in keys:
                numbers = np.array([float(row[name]) for row in held])
                one[name] = round(float(numbers.mean()), 4)
                one[f"{name} se"] = round(float(numbers.std(ddof=1) / np.sqrt(len(held))), 4)
        found.append(one)
    return found


def markdown(tables: dict[str, Any]) -> dict[str, str]:
    """The tables as the docs have them, by the name of each."""
    first = ["| HRF | noise, % a scan | " + " | ".join(f"`{name}`" for name in METHODS) + " |"]
    first.append("|---|---|" + "---|" * len(METHODS))
    names = {"glover": "as assumed", "library": "of each voxel its own"}
    for row in tables["recovery"]:
        values = " | ".join(f"{row[name]:.2f}" for name in METHODS)
        first.append(f"| {names[row['hrf']]} | {row['noise']:g} | {values} |")
    second = ["| stretch | " + " | ".join(f"{s:g}" for s in STRETCHES) + " |"]
    second.append("|---|" + "---|" * len(STRETCHES))
    rows = {(row["stretch"], row["noise"]): row for row in tables["misfit"]}
    for name, key, form in (("missed", "missed", "{:.2f}"), ("called wrong", "wrong", "{:.0%}")):
        pairs = [(rows[s, 1.0][key], rows[s, 4.0][key]) for s in STRETCHES]
        cells = [f"{form.format(low)} ({form.format(high)})" for low, high in pairs]
        second.append(f"| {name} | " + " | ".join(cells) + " |")
    ways = ("all runs", "other runs", "runs not scored")
    third = ["| contrast | " + " | ".join(f"chosen on {way}" for way in ways) + " |"]
    third.append("|---|" + "---|" * len(ways))
    for row in tables["selection"]:
        cells = [f"{row[way]:.3f} ± {row[f'{way} se']:.3f}" for way in ways]
        third.append(f"| {row['contrast']} | " + " | ".join(cells) + " |")
    return {
        "recovery": "\n".join(first),
        "misfit": "\n".join(second),
        "selection": "\n".join(third),
    }


def main() -> None:
    """Simulate and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--people", type=int, default=4, help="for recovery; five times for others")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    chosen = parser.parse_args()
    few, many = range(chosen.people), range(5 * chosen.people)
    tasks: dict[str, tuple[Any, list[Any], tuple[str, ...]]] = {
        "selection": (
            selection,
            [(chosen.seed, n, k) for k in ("hard > baseline", "hard > easy") for n in many],
            ("contrast",),
        ),
        "misfit": (
            misfit,
            [(chosen.seed, n, s, v) for s, v in product(STRETCHES, (1.0, 4.0)) for n in many],
            ("stretch", "noise"),
        ),
        "recovery": (
            recovery,
            [(chosen.seed, n, h, v) for h, v in product(HRFS, NOISE) for n in few],
            ("hrf", "noise"),
        ),
    }
    tables: dict[str, Any] = {"seed": chosen.seed}
    with ProcessPoolExecutor(
        chosen.jobs, initializer=warnings.simplefilter, initargs=("ignore",)
    ) as pool:
        for name, (work, jobs, keys) in tasks.items():
            rows = list(track(pool.map(work, jobs), description=name, total=len(jobs)))
            tables[name] = summary(rows, keys)
            chosen.output.write_text(json.dumps(tables, indent=1) + "\n", "utf-8")
    print("\n\n".join(markdown(tables).values()))


if __name__ == "__main__":
    main()
