"""Text on terminals that cannot show all of it."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys

import pytest
from rich.console import Console
from rich.table import Table
from rich.text import Text

from brainbench.cli.console import print_json, say, stderr, stdout, write_any_text

TEXT = "≈ 0.5 ± 0.1, † λ′ Δ…, r² ≥ κ, café, 漢"


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("utf-8", TEXT),
        ("ascii", "~ 0.5 ~ 0.1, + l' D., r2 > k, cafe, ?"),
        ("latin-1", "~ 0.5 ± 0.1, + l' D., r² > k, café, ?"),
        ("cp1252", "~ 0.5 ± 0.1, † l' D…, r² > k, café, ?"),
    ],
)
def test_what_an_encoding_lacks_gets_a_stand_in_of_one_character(
    encoding: str, expected: str
) -> None:
    held = io.BytesIO()
    stream = io.TextIOWrapper(held, encoding)
    write_any_text(stream)
    stream.write(TEXT)
    stream.flush()
    assert held.getvalue().decode(encoding) == expected
    assert len(expected) == len(TEXT)


def test_both_streams_into_one_file_keep_their_order() -> None:
    code = (
        "import sys; from brainbench.cli.console import stdout, stderr, write_any_text\n"
        "write_any_text(sys.stdout, sys.stderr)\n"
        "print('one'); stderr.print('two'); stdout.print('three'); print('four', file=sys.stderr)"
    )
    found = subprocess.check_output([sys.executable, "-c", code], stderr=subprocess.STDOUT)
    assert found.decode().split() == ["one", "two", "three", "four"]


def test_a_table_keeps_its_columns() -> None:
    held = io.BytesIO()
    stream = io.TextIOWrapper(held, "ascii")
    write_any_text(stream)
    table = Table("λ", "Δ†")
    table.add_row("…", "≈ 1")
    Console(file=stream, width=40).print(table)
    stream.flush()
    lines = held.getvalue().decode("ascii").splitlines()
    assert len({len(line) for line in lines}) == 1
    assert "?" not in "".join(lines)


def test_half_of_a_character_from_a_file_name_is_written_as_a_question_mark() -> None:
    held = io.BytesIO()
    stream = io.TextIOWrapper(held, "utf-8")
    write_any_text(stream)
    stream.write("caf\udce9.gguf")
    stream.flush()
    assert held.getvalue() == b"caf?.gguf"


def test_streams_that_know_no_encoding_are_left_alone() -> None:
    write_any_text(io.StringIO())


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252"])
def test_json_is_the_same_in_every_encoding(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    held = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(held, encoding))
    print_json(json.dumps({"text": TEXT + "🧠"}, ensure_ascii=False))
    sys.stdout.flush()
    assert json.loads(held.getvalue().decode(encoding)) == {"text": TEXT + "🧠"}


class TestControlCharacters:
    """Names of files and cards of others must not act on a terminal."""

    NAME = "a\x1b[2Jb\x1b]0;title\x07c\x9bd\x7fe\rf"
    PLAIN = "a[2Jb]0;titlecdef"

    def test_none_is_printed_by_say(self, capsys: pytest.CaptureFixture[str]) -> None:
        say(f"{self.NAME}\ttab\nline")
        assert capsys.readouterr().out == f"{self.PLAIN}\ttab\nline\n"

    @pytest.mark.parametrize("soft", [False, True])
    def test_none_by_the_consoles(self, soft: bool, capsys: pytest.CaptureFixture[str]) -> None:
        table = Table(title=self.NAME)
        table.add_column(self.NAME)
        table.add_row(self.NAME)
        table.add_row(Text(self.NAME))
        for console in (stdout, stderr):
            console.print(self.NAME, soft_wrap=soft, markup=False)
            console.print(table, soft_wrap=soft)
        found = capsys.readouterr()
        for text in (found.out, found.err):
            assert text.count(self.PLAIN) == 5
            assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
            assert len({len(line) for line in text.splitlines() if line.startswith("│")}) == 1

    def test_colours_stay(self) -> None:
        screen = type(stdout)(file=io.StringIO(), force_terminal=True, color_system="standard")
        screen.print(Text(self.NAME, style="red"))
        assert screen.file.getvalue() == f"\x1b[31m{self.PLAIN}\x1b[0m\n"  # type: ignore[attr-defined]

    def test_none_in_json(self, capsys: pytest.CaptureFixture[str]) -> None:
        print_json(json.dumps({"name": self.NAME}, ensure_ascii=False))
        out = capsys.readouterr().out
        assert json.loads(out) == {"name": self.NAME}
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", out)
