"""The variable of every option, and help that fits a terminal."""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import Any

import pytest
from packaging.version import Version
from typer.main import get_command

from brainbench.cli.commands import app
from brainbench.cli.main import main

# what scripts of users may set: each name goes on working, for each of these verbs
VARIABLES = {
    "evaluate": "MODEL BENCHMARKS SUITE DATASET PROTOCOL DEVICE DTYPE BATCH_SIZE REVISION "
    "GGUF_FILE PEFT UNTRAINED PROMPT_TEMPLATE THINK MAX_NEW_TOKENS TRUST_REMOTE_CODE READOUT STEER "
    "STRENGTH STEER_TOKENS UNTRAINED_ACTIVATIONS TASKS INCLUDE_PATH BACKEND MODEL_ARGS NUM_FEWSHOT "
    "APPLY_CHAT_TEMPLATE GEN_KWARGS LOG_SAMPLES TIER GUIDANCE_ROIS GUIDANCE_TESTS GUIDANCE_ARMS "
    "EPOCHS SEED LIMIT OUTPUT_PATH OVERWRITE JSON QUIET",
    "list": "CHECK INCLUDE_PATH JSON",
    "show": "ITEMS JSON",
    "finetune": "MODEL DATASET ROI REASONING_TYPE RECIPE FORM WEIGHT LOSS CENTRING GUIDED_ITEMS "
    "ARM LAYERS RANK ALPHA EPOCHS PATIENCE LEARNING_RATE BATCH_SIZE ACCUMULATION SCHEDULE "
    "CHECKPOINT_ACTIVATIONS VALIDATION SEED DEVICE DTYPE REVISION GGUF_FILE PROMPT_TEMPLATE "
    "TRUST_REMOTE_CODE LIMIT OUTPUT_PATH RESUME OVERWRITE JSON QUIET",
    "report": "OUTPUT_PATH",
    "compare": "FAIL_ON_REGRESSION TOLERANCE JSON MARKDOWN",
    "steer": "OUTPUT_PATH MODEL DATASET ROI REASONING_TYPE FORM ARM LOSS CENTRING LAYERS SITE STEP "
    "MEAN NAME EXPORT_LM_EVAL DEVICE DTYPE REVISION PEFT SEED QUIET",
    "submit": "CHECK SEAL ORG NAME REVISION FAMILY PARAMETERS LICENCE CONTAMINATION CONTACT RERUN "
    "OUTPUT_PATH OVERWRITE JSON",
    "calibrate": "DESIGN PEOPLE ITEMS REPEATS SHARE FULL SEED OUTPUT_PATH OVERWRITE JSON QUIET",
    "fetch": "QUIET",
    "prepare": "ROI OUTPUT_PATH SUBJECTS SPACE JOBS DRY_RUN KEEP_IMAGES LEAVE_OUT_FAULTY "
    "MAX_MOTION OVERWRITE QUIET BIDS FMRIPREP CARD SIMULATE SEED METHOD CONFOUNDS HRF NOISE_MODEL "
    "PHASES END",
    "sweep run": "EXECUTOR WAIT OUTPUT_PATH QUIET",
    "sweep resume": "EXECUTOR WAIT QUIET",
    "sweep status": "WATCH JSON",
    "sweep collect": "OUTPUT_PATH TO ORG OVERWRITE",
    "leaderboard build": "OUTPUT_PATH SUBMISSIONS RESULTS BOARDS REPORTS QUIET",
    "leaderboard serve": "PORT",
}
SCREEN = 24  # lines of a terminal of 80 columns


def verb(words: str) -> Any:
    found: Any = get_command(app)
    for word in words.split():
        found = found.commands[word]
    return found


def every_verb() -> list[str]:
    root: Any = get_command(app)
    groups = {name: getattr(one, "commands", None) for name, one in root.commands.items()}
    return [
        " ".join(filter(None, (name, inner)))
        for name, own in groups.items()
        for inner in ("", *(own or ()))
    ]


def variable_of(words: str, name: str) -> str:
    """Each verb but evaluate has its own place for what it writes; a run's name is its alone."""
    verb = words.split()[-1].upper()
    runs = words == "evaluate"
    apart = {"OUTPUT_PATH": not runs, "NAME": runs, "CARD": runs}.get(name, False)
    return f"{verb}_{name}" if apart else name


@pytest.mark.parametrize("words", VARIABLES)
def test_every_option_is_read_from_its_variable(
    words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = verb(words)
    arguments = ["x" for param in command.params if param.param_type_name == "argument"]
    options = {param.name: param for param in command.params if param.param_type_name == "option"}
    for variable in VARIABLES[words].split():
        option = options[variable.lower()]
        variable = variable_of(words, variable)
        # no option of these is 1 or off by default, but for --reports
        given = ("0" if option.default else "1") if option.is_flag else "1"
        monkeypatch.setenv(f"BRAINBENCH_{variable}", given)
    read = command.make_context(words, arguments).params
    for variable in VARIABLES[words].split():
        option = options[variable.lower()]
        value = read[option.name]
        assert value != option.default, variable
        if option.is_flag:
            assert value is not option.default, variable
        else:
            first = value[0] if isinstance(value, list | tuple) else value
            assert str(first) in ("1", "1.0"), variable


def test_new_options_have_variables_too() -> None:
    for words in every_verb():
        for param in verb(words).params:
            if param.param_type_name == "option":
                expected = f"BRAINBENCH_{variable_of(words, param.name.upper())}"
                assert param.envvar == expected, (words, param.name)


def test_where_runs_go_is_no_place_for_what_other_verbs_write(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BRAINBENCH_OUTPUT_PATH", "runs-go-here")
    monkeypatch.setenv("BRAINBENCH_EVALUATE_NAME", "a-run")
    monkeypatch.setenv("BRAINBENCH_EVALUATE_CARD", "own.yaml")
    for words in every_verb():
        command = verb(words)
        read = {
            param.name: param.resolve_envvar_value(
                command.make_context(words, [], resilient_parsing=True)
            )
            for param in command.params
        }
        given = {"runs-go-here", "a-run", "own.yaml"} & set(read.values())
        assert given == ({"runs-go-here", "a-run", "own.yaml"} if words == "evaluate" else set()), (
            words
        )


def test_no_variable_asks_for_help(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BRAINBENCH_HELP", "1")
    monkeypatch.setenv("BRAINBENCH_VERSION", "1")
    monkeypatch.setattr("sys.argv", ["brainbench", "list", "protocols"])
    with pytest.raises(SystemExit) as ended:
        main()
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert (ended.value.code, names) == (0, ["controlled", "published"])


@pytest.mark.skipif(
    Version(version("typer")) < Version("0.29"), reason="older ones name the option alone"
)
def test_an_error_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BRAINBENCH_LIMIT", "ten")
    monkeypatch.setattr("sys.argv", ["brainbench", "evaluate"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "BRAINBENCH_LIMIT" in capsys.readouterr().err


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Lines of a verb's help, on a terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")

    def read(words: str) -> list[str]:
        monkeypatch.setattr("sys.argv", ["brainbench", *words.split(), "--help"])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0
        return capsys.readouterr().out.rstrip("\n").split("\n")

    return read


# evaluate has a panel for data of one's own besides
SCREENS = {"": 1, **dict.fromkeys(every_verb(), 3), "evaluate": 4}


@pytest.mark.parametrize(("words", "screens"), SCREENS.items())
def test_help_fits_its_screens(words: str, screens: int, lines: Any) -> None:
    found = lines(words)
    assert len(found) <= screens * SCREEN
    assert max(map(len, found)) <= 80


@pytest.mark.parametrize("words", every_verb())
def test_help_explains_every_option(words: str, lines: Any) -> None:
    text = "\n".join(lines(words))
    for param in verb(words).params:
        assert param.help, f"{words} {param.name}"
        # in full, on one line or over several
        said = re.sub(r"[\s│]+", " ", text)
        assert " ".join(param.help.split()) in said
        for option in param.opts if param.param_type_name == "option" else ():
            assert re.search(rf"│ (.*, )?{option}\b", text), f"{words} {option}"


def test_common_options_of_evaluate_come_first(lines: Any) -> None:
    text = "\n".join(lines("evaluate"))
    assert re.findall("╭─ (.*?) ─", text) == [
        "Options",
        "Language model",
        "Tasks of lm-eval",
        "Guidance by brain signals",
        "Data of your own",
    ]
    assert re.findall("│ (--[a-z-]+)", text)[:3] == ["--model", "--suite", "--benchmarks"]


@pytest.mark.parametrize("words", every_verb())
def test_text_of_the_help_keeps_its_lines(words: str, lines: Any) -> None:
    # an example that is broken in two cannot be copied
    shown = [line.strip() for line in lines(words)]
    written = re.sub(r"\[/?bold\]", "", verb(words).help).splitlines()
    assert {line.strip() for line in written} <= set(shown)
