"""The tests that guided models are evaluated on, by name; ``test_sets`` makes their questions."""

from __future__ import annotations

from dataclasses import dataclass

FOLIO = "FOLIO"


@dataclass(frozen=True)
class ProblemTest:
    """One test.

    Attributes
    ----------
    name : as in the record.
    kind : reasoning type, or ``all``.
    sets : files of ``tasks/data`` it is made of; none for FOLIO.
    """

    name: str
    kind: str
    sets: tuple[str, ...]


TESTS: dict[str, ProblemTest] = {
    test.name: test
    for test in (
        ProblemTest("three premises, syllogistic", "syllogistic", ("syllogistic_3",)),
        ProblemTest("three premises, transitive", "transitive", ("transitive_3",)),
        ProblemTest(
            "four to six premises, syllogistic",
            "syllogistic",
            ("syllogistic_4", "syllogistic_5", "syllogistic_6"),
        ),
        ProblemTest(
            "four to six premises, transitive",
            "transitive",
            ("transitive_4", "transitive_5", "transitive_6"),
        ),
        ProblemTest("propositional", "propositional", ("propositional_2", "propositional_3")),
        ProblemTest(FOLIO, "all", ()),
    )
}
