"""Templates say what they should; those that come from users can do nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from brainbench.errors import DataError, UsageError
from brainbench.models.prompts.template import (
    Message,
    PromptTemplate,
    builtin_template,
    load_template,
)
from brainbench.problems import Problem

ALL = "{{ premises | join('. ') }}. {{ conclusion }}"
Write = Callable[[object], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a template given as text or as what YAML should make of it."""

    def to_file(content: object) -> Path:
        file = tmp_path / "mine.yaml"
        text = content if isinstance(content, str) else yaml.safe_dump(content)
        file.write_text(text, "utf-8")
        return file

    return to_file


def asks(content: str = ALL, role: str = "user") -> list[dict[str, str]]:
    return [{"role": role, "content": content}]


@pytest.mark.parametrize("name", ["default", "nano"])
def test_built_in_templates_tell_the_problem(name: str, problems: tuple[Problem, ...]) -> None:
    for problem in problems:
        messages = builtin_template(name).messages(problem)
        assert messages[-1]["role"] == "user"
        for sentence in problem.sentences:
            assert sentence in messages[-1]["content"]
        assert str(problem.condition.valid) not in messages[-1]["content"].replace(
            "True or False?", ""
        )


def test_the_default_wording(problems: tuple[Problem, ...]) -> None:
    problem = replace(problems[0], premises=("A", "B", "C"), conclusion="D")
    system, user = builtin_template().messages(problem)
    assert system["role"] == "system"
    assert "True" in system["content"]
    assert "False" in system["content"]
    assert user["content"] == "Facts:\n1. A.\n2. B.\n3. C.\nClaim: D.\nTrue or False?"


def test_a_users_template_is_rendered(write: Write, problems: tuple[Problem, ...]) -> None:
    file = write({"name": "short", "all": [*asks("Be brief.", "system"), *asks()]})
    template = load_template(file)
    assert template.name == "short"
    problem = problems[0]
    assert template.messages(problem) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": ". ".join(problem.sentences)},
    ]


def test_without_a_name_the_file_gives_it(write: Write) -> None:
    assert load_template(write({"all": asks()})).name == "mine"


def test_each_type_has_its_own_wording(write: Write, problems: tuple[Problem, ...]) -> None:
    template = load_template(write({"all": asks(), "transitive": asks("Order: " + ALL)}))
    for problem in problems:
        (turn,) = template.messages(problem)
        assert turn["content"].startswith("Order: ") == (problem.reasoning_type == "transitive")


def test_a_type_without_wording_is_refused_when_it_comes(
    write: Write, problems: tuple[Problem, ...]
) -> None:
    template = load_template(write({"syllogistic": asks()}))
    kinds = {problem.reasoning_type: problem for problem in problems}
    template.messages(kinds["syllogistic"])
    with pytest.raises(DataError, match=r"mine has no wording for transitive problems.*'all'"):
        template.messages(kinds["transitive"])


def test_sentences_are_not_read_as_templates(write: Write, problems: tuple[Problem, ...]) -> None:
    problem = replace(problems[0], conclusion="{{ 1 / 0 }}")
    (turn,) = load_template(write({"all": asks()})).messages(problem)
    assert turn["content"].endswith("{{ 1 / 0 }}")


def test_a_template_cannot_change_the_problem(problems: tuple[Problem, ...]) -> None:
    template = PromptTemplate("x", {"all": (Message(role="user", content=ALL),)})
    before = problems[0].sentences
    assert template.messages(problems[0]) == template.messages(problems[0])
    assert problems[0].sentences == before


ESCAPES = {
    "class of a string": "{{ conclusion.__class__ }}",
    "class by a filter": "{{ conclusion | attr('__class__') }}",
    "class by an item": "{{ conclusion['__class__'] }}",
    "class by format": "{{ '{0.__class__}'.format(conclusion) }}",
    "class by format_map": "{{ '{x.__class__}'.format_map({'x': 1}) }}",
    "subclasses": "{{ ().__class__.__mro__[1].__subclasses__() }}",
    "globals of a function": "{{ lipsum.__globals__['os'].popen('true').read() }}",
    "builtins of a class": "{{ cycler.__init__.__globals__ }}",
    "change": "{{ premises.append('x') }}",
    "another file": "{% include 'default.yaml' %}",
    "import": "{% import 'os' as os %}{{ os }}",
    "a long range": "{{ range(10 ** 9) | list }}",
    "all memory": "{{ 'a' * 10 ** 15 }}",
    "a long text": "{{ 'a' * 2000000 }}",
    "no end": "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
}
FAULTS = {
    "an undefined variable": "{{ label }}",
    "the answer": "{{ condition.valid }}",
    "division by zero": "{{ 1 / 0 }}",
    "types that do not add": "{{ conclusion + 1 }}",
    "a filter that does not fit": "{{ conclusion | dictsort }}",
    "a filter that is none": "{{ conclusion | shout }}",
    "a block that does not end": "{% for x in premises %}",
    "brackets without end": "{{ " + "(" * 5000,
}


@pytest.mark.parametrize("content", [*ESCAPES.values(), *FAULTS.values()], ids=[*ESCAPES, *FAULTS])
def test_what_cannot_or_may_not_be_rendered_is_refused(content: str, write: Write) -> None:
    with pytest.raises(DataError, match=r"^prompt template mine"):
        load_template(write({"all": asks(ALL + content)}))


def test_a_fault_is_told_with_its_place(write: Write) -> None:
    file = write({"all": asks(), "transitive": asks(ALL + "{{ label }}")})
    with pytest.raises(DataError, match="mine, transitive: 'label' is undefined"):
        load_template(file)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("{{ premises | join(' ') }}", r"leaves out the conclusion: use \{\{ conclusion \}\}"),
        ("{{ conclusion }}", r"leaves out a premise: use \{\{ premises \}\}"),
        (
            "{{ premises[0] }} {{ premises[2] }} {{ conclusion }}",
            r"leaves out a premise: use \{\{ premises \}\}",
        ),
        ("{{ premises[:2] | join(' ') }} {{ conclusion }}", "leaves out a premise"),
    ],
)
def test_what_is_left_out_is_named(content: str, named: str, write: Write) -> None:
    with pytest.raises(DataError, match=named):
        load_template(write({"all": asks(content)}))


def test_another_case_leaves_nothing_out(write: Write, problems: tuple[Problem, ...]) -> None:
    content = "{{ premises | join('. ') | upper }}. {{ conclusion | lower }}"
    (turn,) = load_template(write({"all": asks(content)})).messages(problems[0])
    assert turn["content"].startswith(problems[0].premises[0].upper())


@pytest.mark.parametrize("role", ["assistant", "system"])
def test_the_user_has_the_last_word(role: str, write: Write) -> None:
    with pytest.raises(DataError, match="the last turn must be the user's"):
        load_template(write({"all": [*asks(), *asks("So:", role)]}))


def test_examples_may_come_before_the_question(write: Write, problems: tuple[Problem, ...]) -> None:
    turns = [*asks("A. A?"), *asks("True", "assistant"), *asks()]
    roles = [m["role"] for m in load_template(write({"all": turns})).messages(problems[0])]
    assert roles == ["user", "assistant", "user"]


WRONG: dict[str, tuple[object, str]] = {
    "a type that is none": ({"inductive": asks()}, "'inductive' is not a reasoning type.*syllog"),
    "a role that is none": ({"all": asks(role="tool")}, "turns.all.0.role"),
    "another field": ({"all": [{"role": "user", "content": ALL, "name": "x"}]}, "turns.all.0.name"),
    "no content": ({"all": [{"role": "user"}]}, "turns.all.0.content"),
    "a number as content": ({"all": [{"role": "user", "content": 3}]}, "turns.all.0.content"),
    "no turns": ({"all": []}, "turns.all"),
    "no types": ({"name": "x"}, "turns"),
    "a text as turns": ({"all": ALL}, "turns.all"),
    "a number as name": ({"name": 3, "all": asks()}, "name"),
    "a number as type": ({1: asks()}, "turns.1"),
    "a list": (asks(), "expected, per reasoning type, a list"),
    "nothing": ("", "expected, per reasoning type, a list"),
    "no YAML": ("all: [", "is not YAML"),
    "a tab": ("all:\n\t- role: user", "is not YAML"),
    "no date": ("all: 2001-99-99", "is not YAML"),
    "no integer": ("all: !!int one", "is not YAML"),
    "brackets without end": ("[" * 1500, "is not YAML"),
    "a Python object": ("all: !!python/object/apply:os.getcwd []", "is not YAML.*python"),
    "a Python name": ("all: !!python/name:os.getcwd", "is not YAML.*python"),
    "a Python tuple": ("all: !!python/tuple [1]", "is not YAML.*python"),
}


@pytest.mark.parametrize(("content", "named"), WRONG.values(), ids=WRONG)
def test_what_is_no_template_is_refused_by_name(content: object, named: str, write: Write) -> None:
    with pytest.raises(DataError, match=rf"(?s)^prompt template mine.*{named}"):
        load_template(write(content))


def test_no_file(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.yaml"):
        with pytest.raises(UsageError, match="there is no prompt template at"):
            load_template(path)


def test_a_large_file_is_not_read(write: Write) -> None:
    small = "all: [{role: user, content: '" + ALL.replace("'", "''") + "'}]"
    assert load_template(write(small + " " * (65536 - len(small))))
    with pytest.raises(DataError, match="larger than 65536 bytes"):
        load_template(write(small + " " * (65537 - len(small))))


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_bytes(b"all: \xff\xfe")
    with pytest.raises(DataError, match="cannot be read"):
        load_template(file)


def test_the_hash_is_of_the_wording(write: Write) -> None:
    base = load_template(write({"all": asks()}))
    same = load_template(write({"name": "another", "all": asks()}))
    assert same.sha256 == base.sha256
    others = [
        {"all": asks(ALL + "?")},
        {"all": asks(ALL + " ")},
        {"all": [*asks("Be brief.", "system"), *asks()]},
        {"all": [*asks("Be brief."), *asks()]},
        {"syllogistic": asks()},
        {"all": asks(), "syllogistic": asks()},
    ]
    hashes = {load_template(write(other)).sha256 for other in others}
    assert len({base.sha256, *hashes}) == 1 + len(others)
    assert builtin_template("default").sha256 != builtin_template("nano").sha256


# turns that ask only to read

READ = "Read: {{ premises | join('. ') }}"


@pytest.mark.parametrize("name", ["default", "nano"])
def test_built_in_reading_turns_tell_the_premises_alone(
    name: str, problems: tuple[Problem, ...]
) -> None:
    template = builtin_template(name)
    assert template.reading is not None
    for problem in problems:
        text = "\n".join(turn["content"] for turn in template.reading_messages(problem))
        for premise in problem.premises:
            assert premise in text
        assert problem.conclusion not in text
        assert not any(word in text for word in ("True", "False", "Claim"))


def test_the_built_in_reading_turns_have_the_form_of_the_question(
    problems: tuple[Problem, ...],
) -> None:
    problem = replace(problems[0], premises=("A", "B", "C"), conclusion="D")
    asked, read = (
        getattr(builtin_template(), kind)(problem) for kind in ("messages", "reading_messages")
    )
    assert [turn["role"] for turn in read] == [turn["role"] for turn in asked]
    assert read[1]["content"] == "Facts:\n1. A.\n2. B.\n3. C.\nRead?"
    opening = "You are given statements to take as facts"
    assert all(turns[0]["content"].startswith(opening) for turns in (asked, read))


def test_a_template_may_have_reading_turns(write: Write, problems: tuple[Problem, ...]) -> None:
    template = load_template(write({"all": asks(), "reading": asks(READ)}))
    expected = f"Read: {'. '.join(problems[0].premises)}"
    assert template.reading_messages(problems[0]) == [{"role": "user", "content": expected}]
    assert template.messages(problems[0])[0]["content"] == ". ".join(problems[0].sentences)


def test_without_reading_turns_the_built_in_ones_are_lent(
    write: Write, problems: tuple[Problem, ...]
) -> None:
    template = load_template(write({"all": asks()}))
    assert template.reading is None
    lent = builtin_template()
    assert template.reading_messages(problems[0]) == lent.reading_messages(problems[0])
    assert template.reading_sha256 == lent.reading_sha256


WRONG_READING: dict[str, tuple[object, str]] = {
    "a premise left out": (asks("{{ premises[0] }}"), r"leaves out a premise: use \{\{ premises"),
    "a conclusion": (asks(READ + "{{ conclusion }}"), "reading: 'conclusion' is undefined"),
    "no user at the end": (asks(READ, "system"), "reading: the last turn must be the user's"),
    "a fault": (asks(READ + "{{ 1 / 0 }}"), "reading: division by zero"),
    "an escape": (asks(READ + "{{ premises.__class__ }}"), "reading: access to attribute"),
    "no turns": ([], "reading"),
    "a text": (READ, "reading"),
    "another field": ([{"role": "user", "content": READ, "name": "x"}], "reading.0.name"),
}


@pytest.mark.parametrize(("turns", "named"), WRONG_READING.values(), ids=WRONG_READING)
def test_reading_turns_that_are_none_are_refused(turns: object, named: str, write: Write) -> None:
    with pytest.raises(DataError, match=rf"(?s)^prompt template mine.*{named}"):
        load_template(write({"all": asks(), "reading": turns}))


def test_reading_turns_are_no_question(write: Write) -> None:
    with pytest.raises(DataError, match="turns"):
        load_template(write({"reading": asks(READ)}))


def test_the_hash_of_the_question_is_not_that_of_the_reading_turns(write: Write) -> None:
    templates = [
        load_template(write({"all": asks(question), "reading": asks(reading)}))
        for question, reading in ((ALL, READ), (ALL, READ + "!"), (ALL + "!", READ))
    ]
    first, other_reading, other_question = templates
    assert first.sha256 == other_reading.sha256 != other_question.sha256
    assert first.reading_sha256 == other_question.reading_sha256 != other_reading.reading_sha256
    # as it was before there were any
    assert first.sha256 == load_template(write({"all": asks()})).sha256
