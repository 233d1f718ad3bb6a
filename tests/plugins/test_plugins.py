"""Another package's model, dataset and benchmark, found by its entry point."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from simulated_signals import make_signals

import brainbench
from brainbench import plugins
from brainbench.datasets import list_datasets
from brainbench.errors import DataError, UnknownNameError, UsageError
from brainbench.guidance.arm_signals import remake_of
from brainbench.guidance.arms import GUIDED, arms_of, find_arm, is_stochastic
from brainbench.guidance.gains.scoring import oracles_of
from brainbench.guidance.options import GuidanceOptions
from brainbench.models import list_models

EXAMPLE = Path(__file__).parent / "example"


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put a package on the path as an installer would: its module, and its entry point."""

    def add(module: str, code: str | None = None, name: str | None = None) -> None:
        folder = tmp_path / f"{module}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(
            f"[brainbench]\n{name or module} = {module}:plugin\n"
        )
        if code is not None:
            (tmp_path / f"{module}.py").write_text(textwrap.dedent(code))
        sys.modules.pop(module, None)
        plugins._plugins.cache_clear()

    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(EXAMPLE))
    yield add
    plugins._plugins.cache_clear()


def test_a_package_adds_a_model_a_dataset_and_a_benchmark(install, tmp_path):
    install("mylab_brainbench", name="mylab")
    assert "mylab-word-counts" in list_models()
    assert "mylab2026" in list_datasets()
    half = "mylab2026.auditory.half-ridge"
    assert {half, "mylab2026.auditory.all-ridge"} <= set(brainbench.list_benchmarks())

    record = brainbench.evaluate(
        "mylab-word-counts",
        benchmarks=["mylab2026.auditory.all-ridge", half],
        protocol="published",
        output_path=tmp_path,
    )

    raw = {score.benchmark: score.raw for score in record.published}
    # lengths in words tell much of lengths in letters
    assert raw["mylab2026.auditory.all-ridge"] > 0.2
    assert raw[half] == pytest.approx(raw["mylab2026.auditory.all-ridge"] / 2)
    assert record.benchmarks[half] == 3
    assert [d.name for d in record.datasets] == ["mylab2026"]


def test_its_dataset_is_controlled_by_default_and_its_benchmark_names_its_own_protocol(
    install, tmp_path, monkeypatch
):
    install("mylab_brainbench", name="mylab")
    monkeypatch.setattr("brainbench.benchmarks.controlled.cell.DRAWS", 39)
    record = brainbench.evaluate(
        "mylab-word-counts", benchmarks="mylab2026.auditory.*", output_path=tmp_path
    )
    kinds = ("all", "syllogistic", "transitive")
    assert [row.benchmark for row in record.controlled] == [
        f"mylab2026.auditory.{kind}-ridge" for kind in kinds
    ]
    half = {row.benchmark: row.protocol for row in record.published}
    assert half == {"mylab2026.auditory.half-ridge": "published"}


def test_a_benchmark_may_give_a_controlled_score(install, tmp_path, monkeypatch):
    monkeypatch.setattr("brainbench.benchmarks.controlled.cell.DRAWS", 19)
    install(
        "careful_lab",
        """
        import brainbench

        class Careful:
            version = 2
            def __call__(self, model):
                own = brainbench.load_benchmark("phantom.noise.syllogistic-ridge")(model)
                return own.model_copy(update={"benchmark": "careful.a.b", "version": 2})

        plugin = brainbench.Plugin(benchmarks={"careful.a.b": Careful})
        """,
    )
    record = brainbench.evaluate(
        "smollm2-135m-phantom", benchmarks="careful.a.b", output_path=tmp_path
    )
    assert [row.benchmark for row in record.controlled] == ["careful.a.b"]
    assert isinstance(record.controlled[0], brainbench.ControlledScore)


ARM = """
    import numpy as np

    import brainbench

    def halved(signals, rng):
        return signals.with_responses(tuple(block / 2 for block in signals.responses))

    def drawn(signals, rng):
        return signals.with_responses(tuple(rng.permuted(b) for b in signals.responses))

    plugin = brainbench.Plugin(
        arms={
            "halved": brainbench.ArmPlugin("half of each response", halved),
            "drawn": brainbench.ArmPlugin("in any order", drawn, drawn=True),
            "told": brainbench.ArmPlugin("halves, with labels", halved, knows_labels=True),
        }
    )
    """


def test_an_arm_of_guidance(install):
    install("arm_lab", ARM)
    signals = make_signals()
    arm = find_arm("halved")
    assert (arm.what, arm.stochastic, arm.modes) == (
        "half of each response", False, ("steering", "finetuning")
    )  # fmt: skip
    found = remake_of("halved")(signals, np.random.default_rng(0))
    for half, whole in zip(found.responses, signals.responses, strict=True):
        np.testing.assert_array_equal(2 * half, whole)
    assert found.labels is signals.labels
    assert is_stochastic("drawn")
    assert not is_stochastic("halved")
    assert not is_stochastic("of nobody")
    assert oracles_of([GUIDED, "halved", "told", "label as fMRI", "label only"]) == {
        "told", "label as fMRI"
    }  # fmt: skip
    with pytest.raises(UnknownNameError, match="did you mean 'halved'"):
        find_arm("halvd")


def test_an_arm_runs_where_it_is_named_and_changes_no_other_run(install):
    install("arm_lab", ARM)
    assert "halved" not in {arm.name for arm in arms_of("steering")}
    plain, asked = GuidanceOptions(), GuidanceOptions(arms=("drawn", "halved"))
    own, more = (o.extent("steering", "cpu", False, 0) for o in (plain, asked))
    assert more.arms("steering") == (*own.arms("steering"), "drawn", "halved")
    # the identity that run ids are made of knows nothing of arms where none is named
    assert set(plain.identity({"steering": own})) == {"rois", "tests", "extents"}
    assert (
        plain.identity({"steering": own})["extents"]
        == asked.identity({"steering": more})["extents"]
    )
    assert asked.identity({"steering": more})["arms"] == ["drawn", "halved"]
    with pytest.raises(UnknownNameError, match="unknown arm 'thirded'"):
        GuidanceOptions(arms=("thirded",))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("return signals.responses", "gives tuple, not Signals"),
        ("return signals.with_responses((signals.responses[0][:3],))", r"shape \(3, \d+\) for 18"),
        ("return signals.with_responses((signals.responses[0] * float('nan'),))", "NaN"),
    ],
)
def test_an_arm_that_gives_something_else_is_told(install, body, says):
    install(
        "odd_arm",
        f"""
        import brainbench

        def remake(signals, rng):
            {body}

        plugin = brainbench.Plugin(arms={{"odd": brainbench.ArmPlugin("odd", remake)}})
        """,
    )
    with pytest.raises(DataError, match=says):
        remake_of("odd")(make_signals(), np.random.default_rng(0))


def test_an_arm_whose_name_is_taken(install):
    install("own_arm", "import brainbench\nplugin = brainbench.Plugin(arms={'guided': 3})")
    with pytest.warns(UserWarning, match="its arms 'guided' is left out, it is a name of brain"):
        assert not is_stochastic("x")
    assert find_arm(GUIDED).what == "responses of people to these items"


def test_what_is_no_arm_is_told(install):
    install("no_arm", "import brainbench\nplugin = brainbench.Plugin(arms={'three': 3})")
    with pytest.raises(DataError, match="'three' is int, not an ArmP"):
        find_arm("three")


def test_without_it_its_names_are_unknown():
    with pytest.raises(UsageError, match="unknown dataset 'mylab2026'"):
        brainbench.load_dataset("mylab2026")


def test_a_plugin_that_fails_is_said_and_the_rest_goes_on(install):
    install("broken_lab", "raise RuntimeError('no such card')")
    install("mylab_brainbench", name="mylab")
    with pytest.warns(UserWarning, match="plugin broken_lab is left out: no such card"):
        names = list_models()
    assert "mylab-word-counts" in names


def test_what_is_no_plugin_is_said(install):
    install("odd_lab", "plugin = 3")
    with pytest.warns(UserWarning, match="gives int, not a Plugin"):
        list_models()


def test_a_function_may_give_the_plugin(install):
    install(
        "lazy_lab", "import brainbench\ndef plugin(): return brainbench.Plugin(models={'x': int})"
    )
    assert "x" in list_models()


@pytest.mark.parametrize("name", ["nano", "mylab-word-counts"])
def test_a_name_that_is_taken_is_not_given_again(install, name):
    install("mylab_brainbench", name="mylab")
    install("thief", f"import brainbench\nplugin = brainbench.Plugin(models={{{name!r}: int}})")
    with pytest.warns(UserWarning, match=f"plugin thief: its models '{name}' is left out, it is a"):
        names = list_models()
    assert names.count(name) == 1


def test_a_card_of_another_name_is_refused(install, tmp_path):
    install(
        "other_lab",
        f"""
        import brainbench, pathlib
        card = pathlib.Path({str(EXAMPLE / "card.yaml")!r})
        plugin = brainbench.Plugin(datasets={{"other": brainbench.DatasetPlugin(card, None)}})
        """,
    )
    with pytest.raises(DataError, match="is named 'mylab2026', its plugin says 'other'"):
        brainbench.load_dataset("other")


def test_a_benchmark_must_give_a_score_of_its_own(install):
    install(
        "wrong_lab",
        """
        import brainbench

        class Wrong:
            version = 1
            def __call__(self, model): return 1.0

        plugin = brainbench.Plugin(benchmarks={"wrong.a.b": Wrong})
        """,
    )
    with pytest.raises(DataError, match=r"wrong\.a\.b gives float, not Score"):
        brainbench.load_benchmark("wrong.a.b")("smollm2-135m-phantom")


def test_a_benchmark_that_cannot_be_made_stands_in_nobodys_way(install):
    install(
        "sad_lab",
        """
        import brainbench

        def make(): raise RuntimeError("no stimuli")

        plugin = brainbench.Plugin(benchmarks={"sad.a.b": make})
        """,
    )
    assert "sad.a.b" in brainbench.list_benchmarks()
    assert brainbench.load_benchmark("phantom.signal.all-ridge").version
    with pytest.raises(DataError, match=r"sad\.a\.b cannot be made: no stimuli"):
        _ = brainbench.load_benchmark("sad.a.b").version


def test_a_benchmark_without_a_version_is_refused(install):
    install(
        "vague_lab", "import brainbench\nplugin = brainbench.Plugin(benchmarks={'v.a.b': object})"
    )
    with pytest.raises(DataError, match="version None, not a whole number"):
        _ = brainbench.load_benchmark("v.a.b").version


def test_a_function_of_a_module_in_this_folder_is_a_model(tmp_path, monkeypatch):
    (tmp_path / "here_it_is.py").write_text("from mylab_brainbench import WordCounts as make\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(EXAMPLE))
    assert brainbench.load_model("here_it_is:make").identifier == "mylab-word-counts"


@pytest.mark.parametrize(
    "name", ["no_such_module:make", "json:no_such_function", "math:sqrt", "json:loads"]
)
def test_a_module_that_gives_nothing_is_told(name):
    with pytest.raises(UsageError, match=f"{name} gives nothing"):
        brainbench.load_model(name)
