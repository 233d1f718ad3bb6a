"""Which code a step can reach, and what of it counts: on a toy package, and on the real one."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import brainbench
from brainbench import closure
from brainbench.closure import SourceTree, every_module, modules_used, reached_sha256
from brainbench.guidance.methods.registry import METHODS, modules_of
from brainbench.run.code import run_sha256

TOY = {
    "__init__.py": "",
    "a.py": "from brainbench.rooms import tall\nVALUE = 1\n",
    "b.py": "def late():\n    from brainbench import c\n    return c.VALUE\n",
    "c.py": "VALUE = 2\n",
    "d.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from brainbench import c\n",
    "e.py": "import brainbench\nHERE, C = brainbench.__file__, brainbench.c.VALUE\n",
    "f.py": "from importlib import import_module\nG = import_module('brainbench.g')\n",
    "g.py": "from brainbench import rooms\n",
    "data.py": "from importlib import resources\n"
    "FOLDER = resources.files('brainbench.rooms') / 'cards'\n",
    "rooms/__init__.py": "from brainbench.rooms.high import tall\n"
    "from brainbench.rooms.low import deep as low\nOWN = 3\n",
    "rooms/high.py": "import brainbench.c as other\ndef tall(): ...\n",
    "rooms/low.py": "def deep(): ...\n",
    "rooms/cards/one.yaml": "x: 1\n",
    "rooms/others/two.yaml": "x: 2\n",
}


@pytest.fixture
def toy(tmp_path: Path) -> Callable[..., SourceTree]:
    """The package with some files changed."""

    def make(**changed: str) -> SourceTree:
        root = tmp_path / str(len(list(tmp_path.iterdir()))) / "brainbench"
        texts = {**TOY, **{f"{name}.py": text for name, text in changed.items()}}
        for name, text in texts.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, "utf-8")
        return SourceTree(root)

    return make


def short(names: set[str]) -> set[str]:
    return {name.removeprefix("brainbench").lstrip(".") or "brainbench" for name in names}


@pytest.mark.parametrize(
    ("module", "others"),
    [
        ("a", {"rooms.high", "c"}),  # handed on by a package; that package's others are not reached
        ("b", {"c"}),  # in a function
        ("c", set()),
        ("d", set()),  # for type checkers alone
        ("e", {"c"}),  # an attribute of the package, and not where it lies
        ("f", {"g", "rooms", "rooms.high", "rooms.low", "c"}),  # by name; and a package as a whole
    ],
)
def test_what_is_reached(module: str, others: set[str], toy: Callable[..., SourceTree]) -> None:
    found = toy().reached([f"brainbench.{module}"])
    assert short(found) == {module} | others


def test_what_other_people_use() -> None:
    assert modules_used("from brainbench import Plugin, load_model") == {
        "brainbench.plugins", "brainbench.models.registry",
    }  # fmt: skip
    assert modules_used("import brainbench\nbrainbench.steer('nano')") == {"brainbench"}
    assert modules_used("import numpy") == set()
    with pytest.raises(SyntaxError):
        modules_used("def")


BEFORE = "from typing import TYPE_CHECKING\ndef deep(): ...\n"
SAME = {
    "a docstring": BEFORE.replace("...", '\n    """Of it."""\n    ...'),
    "of the module": '"""All of it."""\n' + BEFORE,
    "a comment": "# why\n" + BEFORE + "# so\n",
    "lines": BEFORE.replace("()", "(\n)\n").replace(")\n:", "):"),
    "types": BEFORE + "if TYPE_CHECKING:\n    import x\n",
}


@pytest.mark.parametrize("what", SAME)
def test_words_are_no_code(what: str, toy: Callable[..., SourceTree]) -> None:
    one, other = toy(c=BEFORE), toy(c=SAME[what])
    assert one.sha256(["brainbench.b"]) == other.sha256(["brainbench.b"])


@pytest.mark.parametrize(
    "text", ["VALUE = 3\n", "VALUE = 2.0\n", "VALUE = '2'\n", "VALUE: int = 2\n", "VALUE = -2\n"]
)
def test_any_other_change_counts(text: str, toy: Callable[..., SourceTree]) -> None:
    one, other = toy(), toy(c=text)
    assert one.sha256(["brainbench.b"]) != other.sha256(["brainbench.b"])
    assert one.sha256(["brainbench.d"]) == other.sha256(["brainbench.d"])
    # of a module alone what it imports does not count
    assert one.sha256([], ["brainbench.b"]) == other.sha256([], ["brainbench.b"])
    assert one.sha256([], ["brainbench.c"]) != other.sha256([], ["brainbench.c"])


def test_data_count_where_they_are_read(tmp_path: Path, toy: Callable[..., SourceTree]) -> None:
    before = toy().sha256(["brainbench.data"])
    for name, counts in (("cards/one.yaml", True), ("others/two.yaml", False)):
        tree = toy()
        (tree._root / "rooms" / name).write_text("x: 3\n", "utf-8")
        assert (tree.sha256(["brainbench.data"]) != before) == counts


def test_data_can_be_left_out(toy: Callable[..., SourceTree]) -> None:
    """Where the caller's key holds what it uses of them."""
    tree, without = toy(), [("brainbench.rooms", "cards")]
    before = tree.sha256(["brainbench.data"], without=without)
    other = toy()
    (other._root / "rooms" / "cards" / "one.yaml").write_text("x: 3\n", "utf-8")
    assert other.sha256(["brainbench.data"], without=without) == before
    assert tree.sha256(["brainbench.data"]) != before


def test_a_module_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="there is no module"):
        reached_sha256(["brainbench.nowhere"])


# the package itself

ROOT = Path(brainbench.__file__).parent
# what is kept, by the module that makes its key
KEYS = {
    "read-outs": "brainbench.models.language_model",
    "answers": "brainbench.reasoning.backends",
    "ceilings": "brainbench.benchmarks.ceilings",
    "published": "brainbench.benchmarks.published.benchmark",
    "controlled": "brainbench.benchmarks.controlled.benchmark",
    "training": "brainbench.guidance.finetuning.train",
    "calibration": "brainbench.calibration.runner",
    "pages": "brainbench.leaderboard.site.reports",
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package's code, to be changed and put back."""
    target = tmp_path_factory.mktemp("copy") / "brainbench"
    shutil.copytree(ROOT, target, ignore=lambda folder, names: [
        name for name in names if not (Path(folder, name).is_dir() or name.endswith(".py"))
    ])  # fmt: skip
    return target


@pytest.fixture(scope="module")
def unchanged(copy: Path) -> dict[str, str]:
    tree = SourceTree(copy)
    return {what: tree.sha256([module]) for what, module in KEYS.items()}


def appended(copy: Path, file: str, text: str, before: dict[str, str]) -> set[str]:
    """What goes stale when a line is added to a file."""
    path = copy / file
    kept = path.read_text("utf-8")
    path.write_text(kept + text, "utf-8")
    try:
        tree = SourceTree(copy)
        return {what for what, module in KEYS.items() if tree.sha256([module]) != before[what]}
    finally:
        path.write_text(kept, "utf-8")


@pytest.mark.parametrize(
    ("file", "stale"),
    [
        ("cli/evaluate.py", set()),
        ("__init__.py", set()),
        ("leaderboard/boards/standings.py", set()),
        ("encoding/published/ridge.py", {"ceilings", "published", "controlled"}),
        ("encoding/controlled/banded_ridge.py", {"controlled", "calibration"}),
        ("models/forward/reader.py", {"read-outs", "answers", "published", "controlled",
                                      "training"}),
        ("models/prompts/template.py", {"read-outs", "answers", "published", "controlled",
                                        "training"}),
        ("reasoning/lm/likelihoods.py", {"answers"}),
        ("guidance/finetuning/losses.py", {"training"}),
        ("results/report/page.py", {"pages"}),
    ],
)  # fmt: skip
def test_what_goes_stale(file: str, stale: set[str], copy: Path, unchanged: dict[str, str]) -> None:
    found = appended(copy, file, "\n_CHANGED = 1\n", unchanged)
    # more of them may come to use a module; none may stop, and read-outs are the dear ones
    assert stale <= found
    for dear in ("read-outs", "answers", "ceilings"):
        assert (dear in found) == (dear in stale)
    assert appended(copy, file, '\n"""Words."""\n# and more\n', unchanged) == set()


def test_every_module_is_one_that_can_be_reached() -> None:
    names = every_module()
    assert set(closure._TREE.reached(names)) == set(names)
    assert {"brainbench", "brainbench.cli.main", "brainbench.models"} <= set(names)


def test_packages_do_nothing_but_define_and_hand_on() -> None:
    """What runs because a package is imported on the way to a module of it does not count."""
    harmless = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign,
                ast.AnnAssign)  # fmt: skip
    for path in ROOT.rglob("__init__.py"):
        for node in ast.parse(path.read_text("utf-8")).body if path.parent != ROOT else ():
            is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            assert isinstance(node, harmless) or is_text, f"{path}:{node.lineno}"


CARD = '{"name": "another"}'


def test_cards_count_where_no_key_holds_them(tmp_path: Path) -> None:
    root = tmp_path / "brainbench"
    shutil.copytree(ROOT, root)
    steps = (KEYS["controlled"], KEYS["ceilings"])
    left_out = [SourceTree(root).sha256([step], without=[closure.CARDS]) for step in steps]
    held = [SourceTree(root).sha256([step]) for step in steps]
    (root / "datasets" / "cards" / "another.yaml").write_text(CARD, "utf-8")
    tree = SourceTree(root)
    assert [tree.sha256([step], without=[closure.CARDS]) for step in steps] == left_out
    assert [tree.sha256([step]) for step in steps] != held


_NAMES_ALONE = {
    "benchmarks.protocols", "benchmarks.reached", "benchmarks.score", "benchmarks.steps",
    "benchmarks.behavior.score", "benchmarks.controlled.score", "benchmarks.published.score",
    "benchmarks.ladder.names", "benchmarks.ladder.score", "encoding.ladder.terms",
    "guidance.arms", "guidance.layer_sets", "guidance.matched", "guidance.options",
    "guidance.rows", "guidance.shift_limit", "guidance.score",
    "guidance.verdict", "guidance.weighing",
    "guidance.evaluation.problem_tests", "guidance.methods.registry",
}  # fmt: skip


@pytest.mark.parametrize(
    ("module", "unused", "but"),
    [
        # tasks are asked without a brain: settings and the record name benchmarks and arms
        ("run.tasks", {"encoding", "statistics", "datasets", "benchmarks", "guidance"},
         _NAMES_ALONE | {"statistics.answers"}),
        ("results.record", {"encoding", "statistics", "datasets", "models", "benchmarks",
                            "guidance"}, _NAMES_ALONE),
        # who had what right, of people who were not scanned
        ("run.guidance", {"benchmarks"},
         _NAMES_ALONE | {"benchmarks.cell", "benchmarks.difficulty.profiles",
                         "benchmarks.behavior.consistency"}),
        ("benchmarks.controlled.benchmark", {"guidance", "reasoning", "results"}, set()),
        ("benchmarks.published.benchmark", {"guidance", "reasoning", "results"}, set()),
        ("benchmarks.behavior.benchmark", {"guidance", "reasoning", "results"}, set()),
        ("benchmarks.ceilings", {"guidance", "reasoning", "results"}, set()),
        ("guidance.finetuning.train", {"reasoning", "results", "run"}, set()),
    ],
)  # fmt: skip
def test_a_step_reaches_no_module_that_it_cannot_use(
    module: str, unused: set[str], but: set[str]
) -> None:
    found = short(closure._TREE.reached([f"brainbench.{module}"]))
    assert {name for name in found if name.split(".")[0] in unused} <= but


def test_read_outs_know_neither_people_nor_scores() -> None:
    found = closure._TREE.reached(["brainbench.models.language_model"])
    assert {name.split(".")[1] for name in found} <= {
        "models", "problems", "paths", "foreign", "errors", "source", "closure", "plugins",
        "atomic", "progress",
    }  # fmt: skip


def test_a_method_of_steering_is_reached_where_it_is_named() -> None:
    """Its module is imported by name, which no text says: the key of a run holds those it runs."""
    guided = "brainbench.run.guidance"
    plain = closure._TREE.reached([guided])
    for module in modules_of(list(METHODS)):
        assert module not in plain
        assert module in closure._TREE.reached([guided, module])
    usual, other = (
        run_sha256((), (), guidance=True, methods=modules_of([method]))
        for method in ("one step", "own map")
    )
    assert usual != other
