"""What a tier comes to, and what names are refused."""

from __future__ import annotations

import pytest

from brainbench.errors import UnknownNameError, UsageError
from brainbench.guidance.arms import ARMS, GUIDED, LABEL_ONLY, PERMUTED, UNGUIDED, arms_of
from brainbench.guidance.evaluation.problem_tests import FOLIO
from brainbench.guidance.options import GUIDANCE_SUITES, GuidanceOptions
from brainbench.guidance.rows import Mode
from brainbench.guidance.verdict import AGAINST, MIN_PERMUTATIONS, MIN_SEEDS

MODES: tuple[Mode, ...] = ("steering", "finetuning")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("device", ["cpu", "cuda", "cuda:1", "mps"])
def test_by_itself_it_is_full_on_a_gpu(mode: Mode, device: str) -> None:
    extent = GuidanceOptions().extent(mode, device, builtin=False, seed=3)
    full = device.startswith("cuda")
    assert extent.tier == ("full" if full else "reduced")
    assert extent.seeds == ((3, 4, 5, 6, 7) if full else (3,))
    assert extent.all_orders == full


def test_the_built_in_model_is_steered_in_full_and_trained_a_little() -> None:
    steered, trained = (GuidanceOptions().extent(mode, "cpu", True, 0) for mode in MODES)
    assert (steered.tier, trained.tier) == ("full", "reduced")
    assert not steered.all_orders


@pytest.mark.parametrize("mode", MODES)
def test_what_is_said_counts(mode: Mode) -> None:
    few = GuidanceOptions(tier="reduced").extent(mode, "cuda", False, 0)
    full = GuidanceOptions(tier="full").extent(mode, "cpu", False, 0)
    assert (few.tier, full.tier) == ("reduced", "full")
    assert few.epochs < full.epochs
    assert GuidanceOptions(epochs=2).extent(mode, "cuda", False, 0).epochs == 2


@pytest.mark.parametrize("mode", MODES)
def test_the_full_tier_can_claim_and_the_reduced_one_has_its_baselines(mode: Mode) -> None:
    full = GuidanceOptions(tier="full").extent(mode, "cpu", False, 0)
    assert full.arms(mode) == tuple(arm.name for arm in arms_of(mode))
    assert len(full.seeds) >= max(MIN_SEEDS, MIN_PERMUTATIONS)
    few = GuidanceOptions(tier="reduced").extent(mode, "cpu", False, 0)
    arms = few.arms(mode)
    assert {UNGUIDED, GUIDED, PERMUTED, LABEL_ONLY} <= set(arms) < set(full.arms(mode))
    assert set(AGAINST) <= set(arms)
    # told in one order everywhere
    assert list(arms) == [name for name in ARMS if name in arms]


def test_the_published_form_is_of_the_full_tier_unless_it_is_named() -> None:
    few, full = (
        GuidanceOptions(tier=tier).extent("finetuning", "cpu", False, 0)
        for tier in ("reduced", "full")
    )
    assert (few.forms, full.forms) == (("controlled",), ("controlled", "published"))
    assert few.published_epochs == full.published_epochs == 100
    assert full.recipes("controlled") == ("representation+labels", "representation")
    assert full.recipes("published") == few.recipes("published") == ("representation+labels",)
    named = GuidanceOptions(forms=("published", "controlled"), epochs=4, recipes=("a", "b"))
    chosen = named.extent("finetuning", "cpu", False, 0)
    assert chosen.forms == ("controlled", "published"), "in one order everywhere"
    assert (chosen.epochs, chosen.published_epochs) == (4, 4)
    assert chosen.recipes("published") == ("a", "b")
    # the published form of steering is the targeted search, which every tier has
    assert GuidanceOptions().extent("steering", "cpu", False, 0).forms == chosen.forms


@pytest.mark.parametrize("mode", MODES)
def test_more_seeds_than_the_tier_has(mode: Mode) -> None:
    few = GuidanceOptions(tier="reduced", seeds=3).extent(mode, "cpu", False, 2)
    assert (few.tier, few.seeds) == ("reduced", (2, 3, 4))


def test_an_arm_that_is_asked_for_is_run_where_it_makes_sense() -> None:
    asked = GuidanceOptions(tier="reduced", arms=("stimulus only", "random direction"))
    steered, trained = (asked.extent(mode, "cpu", False, 0).arms(mode) for mode in MODES)
    assert "stimulus only" not in steered
    assert trained[-2:] == ("stimulus only", "random direction")


def test_suites() -> None:
    assert GUIDANCE_SUITES["guidance"] == MODES
    assert {GUIDANCE_SUITES[f"guidance-{mode}"] for mode in MODES} == {(mode,) for mode in MODES}


def test_names_that_there_are_not() -> None:
    with pytest.raises(UnknownNameError, match="unknown tier 'ful'; did you mean 'full'"):
        GuidanceOptions(tier="ful")
    with pytest.raises(UnknownNameError, match="unknown test of guidance 'FOLIA'"):
        GuidanceOptions(tests=(FOLIO, "FOLIA"))
    with pytest.raises(UnknownNameError, match="unknown arm 'guidde'"):
        GuidanceOptions(arms=("guidde",))
    with pytest.raises(UsageError, match="epochs must be a whole number from 1, not 0"):
        GuidanceOptions(epochs=0)
    with pytest.raises(UnknownNameError, match="method of steering 'subspase'; did you mean 'subs"):
        GuidanceOptions(methods=("one step", "subspase"))
    for methods in ((), ("one step", "one step")):
        with pytest.raises(UsageError, match="name each once"):
            GuidanceOptions(methods=methods)
    with pytest.raises(UsageError, match="seeds must be a whole number from 1, not 0"):
        GuidanceOptions(seeds=0)
    with pytest.raises(UnknownNameError, match="unknown form 'publishd'; did you mean 'published'"):
        GuidanceOptions(forms=("publishd",))
    with pytest.raises(UsageError, match="a recipe is named twice: a, a"):
        GuidanceOptions(recipes=("a", "a"))


def test_what_changes_a_number_changes_the_identity() -> None:
    def identity(options: GuidanceOptions, device: str = "cpu", seed: int = 0) -> object:
        return options.identity({mode: options.extent(mode, device, False, seed) for mode in MODES})

    plain = identity(GuidanceOptions())
    assert plain == identity(GuidanceOptions(methods=("one step",)))
    assert plain == identity(GuidanceOptions(tier="reduced")), "it is what auto comes to"
    assert plain == identity(GuidanceOptions(seeds=1))
    no_search = GuidanceOptions(forms=("controlled",))
    assert plain != identity(no_search)
    trained = no_search.extent("finetuning", "cpu", False, 0)
    assert no_search.identity({"finetuning": trained}) == GuidanceOptions().identity(
        {"finetuning": trained}
    ), "it is what fine-tuning does in this tier"
    published = identity(GuidanceOptions(forms=("published",)))
    # as many epochs as the controlled form has by itself, but fewer than published
    assert published != identity(GuidanceOptions(forms=("published",), epochs=6))
    others = [
        published,
        identity(GuidanceOptions(seeds=2)),
        identity(GuidanceOptions(recipes=("language+representation",))),
        identity(GuidanceOptions(tier="full")),
        identity(GuidanceOptions(), "cuda"),
        identity(GuidanceOptions(), seed=1),
        identity(GuidanceOptions(epochs=1)),
        identity(GuidanceOptions(rois=("language",))),
        identity(GuidanceOptions(tests=(FOLIO,))),
        identity(GuidanceOptions(arms=("random fMRI",))),
        identity(GuidanceOptions(methods=("one step", "own map"))),
        identity(GuidanceOptions(methods=("own map",))),
    ]
    assert all(other != plain for other in others)


def test_methods_of_steering_are_nothing_to_fine_tuning() -> None:
    options = [GuidanceOptions(methods=methods) for methods in (("one step",), ("own map",))]
    extent = options[0].extent("finetuning", "cpu", False, 0)
    plain, other = (each.identity({"finetuning": extent}) for each in options)
    assert plain == other


def test_the_limit_on_the_shift_is_a_number_or_none_and_part_of_the_id() -> None:
    for limit in (0.0, -0.1, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="limit on the shift"):
            GuidanceOptions(limit=limit)
    extents = {
        limit: GuidanceOptions(limit=limit).extent("steering", "cpu", False, 0)
        for limit in (None, 0.1, 0.2, "auto")
    }
    found = {limit: extent.limit for limit, extent in extents.items()}
    assert found == {None: None, 0.1: 0.1, 0.2: 0.2, "auto": 0.1}
    held = GuidanceOptions().identity({"steering": extents[0.2]})
    assert held["extents"]["steering"]["limit"] == 0.2
    # it knows no prose
    assert GuidanceOptions().extent("steering", "cpu", True, 0).limit is None
    assert GuidanceOptions(limit=0.1).extent("steering", "cpu", True, 0).limit == 0.1
