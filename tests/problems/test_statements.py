"""Reading: every form is read as what it says, and nothing else is read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from brainbench.errors import DataError
from brainbench.problems import classify
from brainbench.problems.statements import (
    ComparativeStatement,
    Conditional,
    Disjunction,
    Inclusion,
    Membership,
    Statement,
    atoms,
    is_negated,
    read_statement,
    singular,
    terms,
)

ABE, BOB = Membership("abe", "fast"), Membership("bob", "red")
READINGS = {
    "All trabs are fast": Inclusion("trab", "fast"),
    "All fast things are brown": Inclusion("fast", "brown"),
    "Abe is a trab": Membership("abe", "trab"),
    "Abe is an arb": Membership("abe", "arb"),
    "Abe is not a trab": Membership("abe", "trab", negated=True),
    "Abe is not an arb": Membership("abe", "arb", negated=True),
    "Abe is fast": Membership("abe", "fast"),
    "Abe is not fast": Membership("abe", "fast", negated=True),
    "If Abe is fast then Bob is red": Conditional(ABE, BOB),
    "If Abe is fast, then Bob is red": Conditional(ABE, BOB),
    "If Abe is not fast then Bob is red": Conditional(ABE.denial, BOB),
    "If Abe is fast then Bob is not red": Conditional(ABE, BOB.denial),
    "If Abe is a trab then Abe is fast": Conditional(Membership("abe", "trab"), ABE),
    "Abe is fast or Bob is red": Disjunction(ABE, BOB),
    "Abe is fast or Bob is red or both": Disjunction(ABE, BOB),
    "Abe is not fast or Bob is not red or both": Disjunction(ABE.denial, BOB.denial),
    "Ann is taller than Bob": ComparativeStatement("ann", "bob", "taller"),
    "Ann is not taller than Bob": ComparativeStatement("ann", "bob", "taller", negated=True),
    "Ann is more careful than Bob": ComparativeStatement("ann", "bob", "more careful"),
    "Ann is not more careful than Bob": ComparativeStatement(
        "ann", "bob", "more careful", negated=True
    ),
}


class TestReading:
    @pytest.mark.parametrize(("sentence", "statement"), READINGS.items())
    def test_every_form_is_read(self, sentence: str, statement: Statement) -> None:
        assert read_statement(sentence) == statement

    @pytest.mark.parametrize("sentence", READINGS)
    @pytest.mark.parametrize(
        "change",
        [str.upper, str.lower, "  {} ".format, "{}.".format, "{} . ".format,
         lambda text: text.replace(" ", " \t ")],
        ids=["upper", "lower", "margins", "stop", "stop and spaces", "wide"],
    )  # fmt: skip
    def test_case_spaces_and_full_stop_do_not_matter(
        self, sentence: str, change: Callable[[str], str]
    ) -> None:
        assert read_statement(change(sentence)) == READINGS[sentence]

    def test_a_class_and_its_plural_are_one_term(self) -> None:
        plural, single = read_statement("All trabs are fast"), read_statement("Abe is a trab")
        assert isinstance(plural, Inclusion)
        assert isinstance(single, Membership)
        assert plural.subject == single.predicate

    @pytest.mark.parametrize(
        "sentence",
        ["", ".", "Ann", "Ann is", "Some trabs are fast", "No trabs are fast",
         "Ann runs fast", "Ann is not not fast", "Ann is fast and tall", "Ann is tall than Bob",
         "Ann is taller than", "Is Ann taller than Bob?", "Ann is less tall than Bob",
         "All trabs are not fast", "Ann was fast", "All things are fast", "Only Ann is fast",
         "Ann is neither fast", "Ann is either than Bob", "Ann is rather than Bob"],
    )  # fmt: skip
    def test_other_sentences_are_refused_and_named(self, sentence: str) -> None:
        with pytest.raises(DataError) as caught:
            read_statement(sentence)
        assert repr(sentence) in str(caught.value)

    @pytest.mark.parametrize(
        "sentence", ["Nobody is fast", "Everything is fast", "Ann is not", "Ann is a"]
    )
    def test_words_that_are_no_terms_are_refused(self, sentence: str) -> None:
        with pytest.raises(DataError):
            read_statement(sentence)

    @pytest.mark.parametrize(
        "sentence",
        [
            "If Ann is fast", "Ann is tall if Bob is fast", "If Ann is fast Bob is tall",
            "If then Bob is tall", "If Ann is fast then", "If Ann is fast then Bob",
            "If Ann is fast then Bob is not", "If Ann is fast then then Bob is tall",
            "If Ann is fast then Bob is tall then Cid is red", "If if Ann is fast then Bob is tall",
            "If Ann is fast and Bob is tall then Cid is red",
            "If Ann is fast or Bob is tall then Cid is red",
            "If Ann is fast then Bob is tall or Cid is red",
            "If Ann is taller than Bob then Cid is red", "If all trabs are fast then Ann is red",
            "If nobody is fast then Ann is red", "If Ann is fast then she is red",
            "If Ann is if then Bob is tall", "If Ann is fast then Bob is or",
            "Either Ann is fast or Bob is tall", "Ann is fast or tall", "Ann or Bob is fast",
            "Ann is fast or", "or Ann is fast", "Ann is fast or both",
            "Ann is fast or or Bob is tall", "Ann is fast or Bob is tall or Cid is red",
            "Ann is fast or Bob is tall but not both",
            "Ann is taller than Bob or Cid is red", "Ann is fast nor Bob is tall",
            "Ann is fast unless Bob is tall", "Ann is fast only if Bob is tall",
            "If is fast", "Then is fast", "Or is fast", "Not is fast", "Both is fast",
            "Ann is if", "Ann is then", "Ann is or", "Ann is both", "Ann is taller than if",
            "If is taller than Bob", "All ifs are fast", "All or things are fast",
            "All trabs are then",
        ],
    )  # fmt: skip
    def test_connectives_are_no_names_and_no_terms(self, sentence: str) -> None:
        with pytest.raises(DataError) as caught:
            read_statement(sentence)
        assert repr(sentence) in str(caught.value)

    @pytest.mark.parametrize("place", range(4))
    def test_classify_names_the_sentence_it_cannot_read(self, place: int) -> None:
        sentences = ["All trabs are fast", "All fast things are red", "Abe is a trab", "Abe is red"]
        sentences[place] = "Colourless ideas sleep"
        with pytest.raises(DataError, match="'Colourless ideas sleep'"):
            classify(sentences[:3], sentences[3])


@pytest.mark.parametrize(("sentence", "statement"), READINGS.items())
def test_a_statement_is_negated_where_its_sentence_says_not(
    sentence: str, statement: Statement
) -> None:
    assert is_negated(statement) == (" not " in sentence)


def test_atoms_are_the_memberships() -> None:
    assert atoms(ABE) == (ABE,)
    assert atoms(Conditional(ABE, BOB)) == atoms(Disjunction(ABE, BOB)) == (ABE, BOB)
    assert atoms(Inclusion("trab", "fast")) == atoms(ComparativeStatement("a", "b", "taller")) == ()


def test_denying_twice_changes_nothing() -> None:
    assert ABE.denial == Membership("abe", "fast", negated=True)
    assert ABE.denial.denial == ABE


NOT_SO = "It is not the case that "
DENIALS = {
    NOT_SO + "Abe is not fast": ABE,
    NOT_SO + "Abe is fast": ABE.denial,
    NOT_SO + "Abe is not a trab": Membership("abe", "trab"),
    NOT_SO + "it is not the case that Abe is fast": ABE,
    NOT_SO + "Ann is not taller than Bob": ComparativeStatement("ann", "bob", "taller"),
    NOT_SO + "Ann is more careful than Bob": ComparativeStatement(
        "ann", "bob", "more careful", True
    ),
    NOT_SO + "not all trabs are fast": Inclusion("trab", "fast"),
    NOT_SO + "not all fast things are brown": Inclusion("fast", "brown"),
    NOT_SO + "not all trabs are hofs": Inclusion("trab", "hof"),
}


class TestDenials:
    @pytest.mark.parametrize(("sentence", "statement"), DENIALS.items())
    def test_two_cancel(self, sentence: str, statement: Statement) -> None:
        assert read_statement(sentence) == statement
        assert read_statement(sentence.upper() + ".") == statement
        assert is_negated(statement) == (getattr(statement, "negated", False))

    @pytest.mark.parametrize(
        "sentence",
        [
            NOT_SO + "all trabs are fast",  # says that some are not: no statement here
            NOT_SO + "it is not the case that all trabs are fast",
            NOT_SO + "if Abe is fast then Bob is red",
            NOT_SO + "Abe is fast or Bob is red",
            NOT_SO,
            NOT_SO + "nobody is fast",
            "It is the case that Abe is fast",
            "It is not the case Abe is fast",
            f"If {NOT_SO.lower()}Abe is fast then Bob is red",
            f"Abe is fast or {NOT_SO.lower()}Bob is red",
            "Not all trabs are fast",
        ],
    )
    def test_others_are_refused(self, sentence: str) -> None:
        with pytest.raises(DataError, match="no logical form"):
            read_statement(sentence)


class TestClassesAsPredicates:
    def test_a_plural_predicate_is_the_class(self) -> None:
        assert read_statement("All trabs are hofs") == Inclusion("trab", "hof")
        chain = ["All trabs are hofs", "All hofs are fast", "Abe is a trab"]
        assert classify(chain, "Abe is fast")[1].name == "3_true_affirm"

    @pytest.mark.parametrize("word", ["fast", "helpless", "famous", "trab", "tennis"])
    def test_an_adjective_is_left_as_it_is(self, word: str) -> None:
        assert singular(word) == word

    def test_the_members_predicate_is_no_plural(self) -> None:
        assert read_statement("Abe is trabs") == Membership("abe", "trabs")


def test_terms_are_the_words_with_content() -> None:
    assert terms(read_statement("All trabs are hofs")) == {"trab", "hof"}
    assert terms(read_statement("All fast things are red")) == {"fast", "red"}
    assert terms(read_statement("Ann is not taller than Bob")) == {"ann", "taller", "bob"}
    assert terms(read_statement("If Abe is fast then Bob is red")) == {"abe", "fast", "bob", "red"}
