"""A verb of the command: the environment variable of every option, and a help that is short."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from typer import BadParameter
from typer.core import TyperCommand, TyperGroup, TyperOption

from brainbench.cli.config_file import NAME, given_file, read_config, words_of
from brainbench.errors import UsageError

PREFIX = "BRAINBENCH"

_WIDEST = 100  # columns, beyond which lines are tiring to read
_COMMANDS, _ARGUMENTS, _OPTIONS = "Commands", "Arguments", "Options"
_NAME = "bold cyan"
_RUNS = "evaluate"
# options that mean something else from verb to verb, and whether a verb has a variable of its own
# for them: where runs go is no place for what other verbs write, and the name of a run's folder
# names neither a steering nor a submission
_OWN: dict[str, Callable[[str | None], bool]] = {
    "output_path": lambda verb: verb != _RUNS,
    "name": lambda verb: verb == _RUNS,
    "card": lambda verb: verb == _RUNS,
}


class ShortHelp:
    """Help that fits a screen of 80 columns; half of them stay empty in typer's own panels."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print usage, text, and a panel for each group of commands or parameters."""
        # not the console of results, which is wider than a terminal where output goes to a file
        console = Console(highlight=False)
        console.width = min(console.width, _WIDEST)
        usage = Text.from_markup(f"[bold yellow]{escape(ctx.get_usage())}[/]")
        # the list of all verbs fills a screen of 24 lines
        below = 0 if getattr(ctx.command, "commands", None) else 1
        console.print(Padding(usage, (0, 1, below, 1), expand=False))
        text = Text.from_markup(ctx.command.help or "")
        console.print(Padding(text, (0, 1, below, 1), expand=False))
        for name, rows in _rows(ctx).items():
            if rows:
                console.print(_panel(name, rows))


class Verb(ShortHelp, TyperCommand):
    """A verb each of whose options is read from ``BRAINBENCH_<OPTION>`` where it is not given.

    A variable is called the same whatever the verb, so click's automatic names, which begin with
    the verb's, do not serve. ``--output-path`` of verbs other than ``evaluate`` is read from
    ``BRAINBENCH_<VERB>_OUTPUT_PATH``, ``--name`` and ``--card`` of ``evaluate`` from
    ``BRAINBENCH_EVALUATE_NAME`` and ``…_CARD``. Errors name the variable; the help states the rule.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # lm-eval's users type --num_fewshot
        self.context_settings["token_normalize_func"] = _dashed
        for param in self.params:
            if isinstance(param, TyperOption):
                apart = _OWN.get(str(param.name))
                own = f"{self.name}_" if apart is not None and apart(self.name) else ""
                param.envvar = f"{PREFIX}_{own}{param.name}".upper().replace("-", "_")

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put options of a ``--config`` file before those that were typed, which win."""
        known = {_spelled(p): p for p in self.params if isinstance(p, TyperOption)}
        # a verb without such an option has no such file
        reads = NAME in known and not known[NAME].is_flag
        path = given_file(args, str(known[NAME].envvar)) if reads else None
        if path is None:
            return super().parse_args(ctx, args)
        typed = set(self.make_parser(ctx).parse_args(list(args))[0])
        options = read_config(path, known)
        held = {name: one for name, one in options.items() if known[name].name not in typed}
        try:
            return super().parse_args(ctx, [*words_of(path, held, known), *args])
        # typer's own; it says which option, and not that a file has it
        except BadParameter as error:
            param = getattr(error, "param", None)
            if param is None or _spelled(param) not in held:
                raise
            raise UsageError(f"{path}: {error.format_message()}") from error


def _spelled(option: Any) -> str:
    """Its name on the command line, with underscores; in code it may have another."""
    return str(option.opts[0]).lstrip("-").replace("-", "_")


def _dashed(name: str) -> str:
    return name.replace("_", "-")


class VerbGroup(ShortHelp, TyperGroup):
    """Verbs under one name."""


def _rows(ctx: Any) -> dict[str, list[tuple[Text, Text]]]:
    """Commands, arguments and options, then the options of each panel."""
    rows: dict[str, list[tuple[Text, Text]]] = {_COMMANDS: [], _ARGUMENTS: [], _OPTIONS: []}
    for name, command in getattr(ctx.command, "commands", {}).items():
        first = (command.help or "").partition("\n")[0]
        rows[_COMMANDS].append((Text(name, style=_NAME), Text(first)))
    for param in ctx.command.get_params(ctx):
        option = param.param_type_name == "option"
        panel = getattr(param, "rich_help_panel", None) or (_OPTIONS if option else _ARGUMENTS)
        rows.setdefault(panel, []).append((_called(param), _explained(param)))
    return rows


def _panel(name: str, rows: list[tuple[Text, Text]]) -> Panel:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column()
    for row in rows:
        table.add_row(*row)
    return Panel(table, title=name, title_align="left", border_style="dim")


def _called(param: Any) -> Text:
    """``--model NAME``, or the name of an argument."""
    if param.param_type_name != "option":
        return Text(param.metavar or str(param.name).upper(), style=_NAME)
    names = [*param.opts, *param.secondary_opts]
    if len(names) == 2 and names[1] == f"--no-{names[0][2:]}":
        names[1] = "--no-…"
    words = Text(", ".join(names), style=_NAME)
    if not param.is_flag:
        words.append(f" {param.metavar or 'VALUE'}", style="yellow")
    return words


def _explained(param: Any) -> Text:
    words = Text(getattr(param, "help", None) or "")
    default = param.default if getattr(param, "show_default", True) else None
    if param.required:
        words.append(" Required.", style="red")
    elif isinstance(default, str | int | float | Path) and not isinstance(default, bool):
        words.append(f" [default: {default}]", style="dim")
    return words
