"""A plugin's data and code are in the id of a run, and old ceilings are not taken for new data."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from brainbench import plugins
from brainbench.benchmarks import load_benchmark
from brainbench.benchmarks.ceilings import cache_ceiling, find_ceiling, make_ceiling
from brainbench.benchmarks.cell import prepare_cell
from brainbench.closure import every_module
from brainbench.datasets import load_recording
from brainbench.errors import DataError, UnknownNameError
from brainbench.leaderboard.expected import expected_data
from brainbench.models import load_model
from brainbench.run import Settings
from brainbench.run.inputs import load_data
from brainbench.run.record import new_record
from brainbench.source import code_sha256, modules_behind

CARD = """
name: lab
title: Four people
version: "1"
licence: CC0-1.0
redistributable: true
simulated: true
citation: "@misc{lab, title = {x}}"
subjects: [a, b, c, d]
rois: {one: 6, two: 5}
reasoning_types: [syllogistic, transitive]
items: 72
type_items: {syllogistic: 36, transitive: 36}
runs: [syllogistic-01, syllogistic-02, transitive-01, transitive-02]
"""
CODE = """
    from pathlib import Path
    import numpy as np, pandas as pd
    from brainbench import DatasetPlugin, Plugin
    from brainbench.datasets import Recording, build_assembly, load_problems, parse_card
    import labhelp

    CARD = Path(__file__).parent / "card.yaml"
    SEED, VOXELS, ASKED = 0, {"one": 6, "two": 5}, []

    def load(rois=None, subjects=None, progress=None):
        ASKED.append((rois, subjects))
        card, problems = parse_card(CARD.read_text("utf-8"), "card.yaml"), load_problems("phantom")
        runs, at = zip(*(p.identifier.rsplit("-", 1) for p in problems))
        shown = pd.DataFrame({"stimulus_id": [p.identifier for p in problems], "run": runs,
                              "position": [int(x) for x in at], "repeat": 0,
                              "reasoning_type": [p.reasoning_type for p in problems]})
        rng = np.random.default_rng(SEED)
        blocks = {(s, roi): rng.standard_normal((72, n)) for s in card.subjects
                  for roi, n in VOXELS.items()}
        return Recording(card, build_assembly(shown, blocks), problems, card.data_sha256())

    class Mean:
        identifier, dataset, version = "lab.one.mean-ridge", "lab", 1

        def __call__(self, model):
            return labhelp.score(model)

    def halved(signals, rng):
        return signals

    plugin = Plugin(datasets={"lab": DatasetPlugin(CARD, load)},
                    benchmarks={"lab.one.mean-ridge": Mean})
"""


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The plugin, installed, its module in hand."""
    monkeypatch.setenv("BRAINBENCH_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "plug"
    (folder / "lab-1.dist-info").mkdir(parents=True)
    (folder / "lab-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: lab\n")
    (folder / "lab-1.dist-info" / "entry_points.txt").write_text("[brainbench]\nlab = lab:plugin\n")
    (folder / "card.yaml").write_text(CARD, "utf-8")
    (folder / "lab.py").write_text(textwrap.dedent(CODE), "utf-8")
    (folder / "labhelp.py").write_text("def score(model): ...\n", "utf-8")
    monkeypatch.syspath_prepend(str(folder))
    plugins._plugins.cache_clear()
    import lab as module  # type: ignore[import-not-found]

    yield module
    for name in ("lab", "labhelp"):
        sys.modules.pop(name, None)
    plugins._plugins.cache_clear()
    expected_data.cache_clear()


def run_id(*names: str) -> str:
    benchmarks = [load_benchmark(name, "published") for name in names]
    data = load_data(benchmarks, None)
    return new_record(load_model("nano"), "nano", benchmarks, data, Settings()).run_id


# ---------------------------------------------------------------- data


def test_other_data_are_another_run(lab: ModuleType) -> None:
    before, hashed = run_id("lab.one.all-ridge"), load_recording("lab").data_sha256
    assert run_id("lab.one.all-ridge") == before
    lab.SEED = 1
    assert run_id("lab.one.all-ridge") != before
    lab.SEED = 0
    lab.VOXELS = {"one": 5, "two": 5}
    assert run_id("lab.one.all-ridge") != before
    lab.VOXELS = {"one": 6, "two": 5}
    assert (run_id("lab.one.all-ridge"), load_recording("lab").data_sha256) == (before, hashed)


def test_data_that_only_a_plugins_own_benchmark_reads_count_too(lab: ModuleType) -> None:
    before = run_id("lab.one.mean-ridge")
    lab.SEED = 1
    assert run_id("lab.one.mean-ridge") != before


def test_the_hash_is_of_the_whole_whatever_is_asked_for(lab: ModuleType) -> None:
    whole = load_recording("lab")
    some = load_recording("lab", "two", ["b", "d"])
    assert some.data_sha256 == whole.data_sha256 == expected_data("lab")
    assert whole.data_sha256 != whole.card.data_sha256()
    assert set(some.assembly["roi"].values) == {"two"}
    assert list(dict.fromkeys(some.assembly["subject"].values)) == ["b", "d"]
    kept = np.isin(whole.assembly["subject"], ["b", "d"]) & (whole.assembly["roi"] == "two").values
    np.testing.assert_array_equal(some.assembly.values, whole.assembly.values[:, kept])
    assert set(lab.ASKED) == {(None, None)}


def test_what_is_not_there_is_told_with_the_nearest(lab: ModuleType) -> None:
    with pytest.raises(UnknownNameError, match=r"ROI 'tow'.*two"):
        load_recording("lab", "tow")
    with pytest.raises(UnknownNameError, match="subject 'e'"):
        load_recording("lab", None, "e")


@pytest.mark.parametrize(
    ("gives", "says"),
    [
        (lambda *a: 3, "the dataset lab gives int, not a Recording"),
        (lambda *a: {}["x"], "the dataset lab cannot be loaded: KeyError: 'x'"),
    ],
)
def test_a_dataset_that_cannot_be_had_is_told_by_name(
    gives: Callable[..., object], says: str, lab: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = replace(lab.plugin.datasets["lab"], load=gives)
    monkeypatch.setitem(lab.plugin.datasets, "lab", given)
    with pytest.raises(DataError, match=says):
        load_recording("lab")


def test_ceilings_of_other_data_are_made_anew(lab: ModuleType) -> None:
    def cell() -> object:
        return prepare_cell(load_recording("lab", "one"), "syllogistic", ["one"])

    first = cell()
    cache_ceiling(first, "one", make_ceiling(first, "one"))  # type: ignore[arg-type]
    assert find_ceiling(cell(), "one") is not None  # type: ignore[arg-type]
    lab.SEED = 1
    assert find_ceiling(cell(), "one") is None  # type: ignore[arg-type]
    lab.SEED = 0
    lab.VOXELS = {"one": 4, "two": 5}
    assert find_ceiling(cell(), "one") is None  # type: ignore[arg-type]


# ---------------------------------------------------------------- code


def test_other_code_under_the_same_version_is_another_run(lab: ModuleType, tmp_path: Path) -> None:
    before = run_id("lab.one.mean-ridge")
    for name in ("lab", "labhelp"):
        file = tmp_path / "plug" / f"{name}.py"
        kept = file.read_text("utf-8")
        file.write_text(kept + "\n# changed\n", "utf-8")
        assert run_id("lab.one.mean-ridge") != before, name
        file.write_text(kept, "utf-8")
    assert run_id("lab.one.mean-ridge") == before
    # its own alignment benchmarks are brainbench's code
    plain = run_id("lab.one.all-ridge")
    (tmp_path / "plug" / "labhelp.py").write_text("changed = 1\n", "utf-8")
    assert run_id("lab.one.all-ridge") == plain


def test_code_that_cannot_be_read_is_noted(lab: ModuleType, tmp_path: Path) -> None:
    benchmarks = [load_benchmark("lab.one.mean-ridge", "published")]
    data = load_data(benchmarks, None)

    def notes() -> list[str]:
        benchmarks[0].__dict__.pop("code_sha256", None)
        found = new_record(load_model("nano"), "nano", benchmarks, data, Settings()).notes
        return [note for note in found if "code cannot be read" in note]

    assert notes() == []
    (tmp_path / "plug" / "lab.py").rename(tmp_path / "plug" / "elsewhere.py")
    assert notes() == [
        "lab.one.mean-ridge: its code cannot be read, so a run of other code under the same "
        "version has the same id"
    ]


def test_what_a_plugin_uses_of_brainbench_counts(
    lab: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = ("brainbench.plugins", "brainbench.datasets.assembly")
    assert set(own) <= set(modules_behind(lab.halved))
    assert "brainbench.encoding.kernels" not in modules_behind(lab.halved)
    with (tmp_path / "plug" / "lab.py").open("a") as file:
        file.write("def late():\n    from brainbench.encoding.kernels import Array\n")
    assert "brainbench.encoding.kernels" in modules_behind(lab.halved)
    # what cannot be read may use anything
    (tmp_path / "plug" / "lab.py").write_text("def")
    assert modules_behind(lab.halved) == modules_behind(3) == every_module()


def test_an_arm_of_a_plugin_is_told_by_its_code(lab: ModuleType, tmp_path: Path) -> None:
    before = code_sha256(lab.halved)
    assert before is not None
    assert code_sha256(lab.Mean) == code_sha256(lab.Mean()) == before  # of one module
    with (tmp_path / "plug" / "lab.py").open("a") as file:
        file.write("# changed\n")
    assert code_sha256(lab.halved) not in (before, None)


def test_a_whole_package_counts_and_others_by_their_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "labpackage"
    package.mkdir()
    (package / "__init__.py").write_text("import numpy\nfrom labpackage.inner import make\n")
    (package / "inner.py").write_text("def make(): ...\n")
    (package / "unused.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    import labpackage  # type: ignore[import-not-found]

    from brainbench import source

    before = code_sha256(labpackage.make)
    assert code_sha256(labpackage.make) == before
    (package / "unused.py").write_text("x = 1\n")
    after = code_sha256(labpackage.make)
    assert after != before
    known = source.metadata.version
    monkeypatch.setattr(
        source.metadata, "version", lambda name: "0" if name == "numpy" else known(name)
    )
    assert code_sha256(labpackage.make) not in (before, after)
    for name in ("labpackage", "labpackage.inner"):
        sys.modules.pop(name, None)


def test_what_has_no_module_has_no_code() -> None:
    made: dict[str, object] = {"__name__": "nowhere_at_all"}
    exec("def f(): ...", made)
    assert code_sha256(made["f"]) is None
    assert code_sha256(3) is None
