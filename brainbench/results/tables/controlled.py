"""Scores of the controlled protocol as a person reads them in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from brainbench.benchmarks import ControlledRow, ControlledScore

_STYLES = {"above null": "bold green", "inconclusive": "yellow", "not above null": "bold"}


def render_controlled(scores: Sequence[ControlledScore]) -> list[RenderableType]:
    """Each benchmark in one line of numbers, a reading in words, and its nuisance rows."""
    parts: list[RenderableType] = []
    for score in scores:
        parts += ["", _heading(score), _numbers(score), _reading(score)]
        parts += [_beside(score), _controls(score.controls)]
    if not scores:
        return []
    shown = {text for score in scores for text in score.warnings if "alone scores" not in text}
    parts += ["", *(Text("! ", style="yellow").append(text, "default") for text in sorted(shown))]
    return [*parts, *_lacking(scores), _legend()]


def _heading(score: ControlledScore) -> Text:
    text = Text(score.benchmark, style="bold")
    kind = "primary" if score.primary else "secondary, each type's mean taken out"
    kind += "; localised units" if score.readout == "localised" else ""
    return text.append(
        f"  {kind}; {score.n_subjects} people, {score.n_items} items, {score.n_voxels} voxels; "
        f"{score.draws} permutations",
        style="dim",
    )


def _numbers(score: ControlledScore) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.header_style = "dim"
    names = ("raw r", "people", "ratio", "nuisance R²", "unique R²", "over people", "over items")
    for name in (*names, "p", "p Holm"):
        table.add_column(name, justify="right", no_wrap=True)
    unique, reference = score.unique_r2, score.reference
    table.add_row(
        Text(f"{score.raw.value:.3f}", style="bold"),
        "n/a" if reference is None else f"{reference.value:.3f}",
        "n/a" if score.ratio is None else f"{score.ratio:.2f}",
        f"{score.nuisance_r2:.4f}",
        Text(f"{unique.value:.4f}", style="bold"),
        _range(unique.interval),
        _range(unique.items_interval),
        "n/a" if unique.p is None else f"{unique.p:.3f}",
        f"{score.p_corrected:.3f}",
    )
    return table


def _range(interval: tuple[float, float] | None) -> str:
    return "n/a" if interval is None else "{:.4f} {:.4f}".format(*interval)


def _beside(score: ControlledScore) -> Text:
    """Extrapolated reference, what repeats, layers, similarity: one dim line."""
    said = []
    curve, repeats = score.extrapolation, score.reliability
    if curve is not None:
        fitted = "no fit" if curve.v0 is None else f"{curve.v0:.3f} (τ {curve.tau:.1f} people)"
        said.append(f"people, extrapolated {fitted}")
    if repeats.rho is not None:
        said.append(f"repeats allow r {repeats.bound_r:.3f}, R² {repeats.bound_r2:.3f}")
    best = max(score.layers, key=lambda layer: layer.r2)
    found = sum(layer.q < 0.05 for layer in score.layers)
    said.append(
        f"{found} of {len(score.layers)} layers with q < 0.05, best {best.layer} R² {best.r2:.4f}"
    )
    for name, own in (("RSA", score.rsa), ("CKA", score.cka)):
        if own.together is None:
            continue
        p = "" if own.together.p is None else f" (p {own.together.p:.3f})"
        said.append(f"{name} {own.together.value:.3f}{p}, of nuisance {own.nuisance:.3f}")
    return Text("; ".join(said), style="dim")


def _reading(score: ControlledScore) -> Text:
    found = (
        "more than was tried" if score.detectable_r2 is None else f"R² {score.detectable_r2:.4f}"
    )
    text = Text(score.verdict, style=_STYLES[score.verdict])
    return text.append(f": {score.reading}; found with 80 % power: {found}", style="default")


def _controls(rows: Sequence[ControlledRow]) -> Text:
    text = Text("alone, r: ", style="dim")
    said = [row for row in rows if row.r is not None]
    for number, row in enumerate(said):
        mark = ("*" if "model" in row.reaches else "") + ("†" if "reference" in row.reaches else "")
        end = ", " if number + 1 < len(said) else ""
        style = "yellow" if mark else "dim"
        text.append(f"{row.control} {row.r:.3f}{mark}{end}", style=style)
    return text


def _lacking(scores: Sequence[ControlledScore]) -> list[Text]:
    """What was not scored anywhere it is missing, once for each reason."""
    reasons: dict[str, dict[str, None]] = {}
    for score in scores:
        for row in score.controls:
            if row.reason is not None:
                reasons.setdefault(row.reason, {})[row.control] = None
        for name, reason in (
            ("repeats", score.reliability.reason),
            ("RSA", score.rsa.reason),
            ("CKA", score.cka.reason),
        ):
            if reason is not None:
                reasons.setdefault(reason, {})[name] = None
    return [
        Text(f"n/a: {', '.join(names)}: {reason}", style="dim") for reason, names in reasons.items()
    ]


def _legend() -> Text:
    return Text(
        "controlled: whole runs are held out; penalty and layer are chosen inside training runs; "
        "all layers together. raw r: mean over voxels, folds, people. people: all others predict "
        "each person, no upper bound; ratio only where that is above 0. unique R²: what the model "
        "adds to all nuisance together, with 95 % over people (bootstrap) and over items "
        "(block jackknife); p by permutation within runs, Holm over the cells of the kind. "
        "layers, RSA and CKA take nothing of nuisance out. * not below the model; of random "
        "features and untrained models, the model lies inside their range. † not below what "
        "people tell of each other.",
        style="dim",
    )
