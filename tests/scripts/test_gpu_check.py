"""The check of a GPU, rehearsed on a processor: each part gives numbers, none stops the rest."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts import load_script

check = load_script("gpu_check")


@pytest.fixture
def work() -> Any:
    return check.Work("cpu", True, None)


def test_every_part_has_a_limit_and_all_are_done_in_eight_minutes() -> None:
    assert check.LIMITS.keys() == check.PARTS.keys()
    assert sum(check.LIMITS.values()) <= 450


def test_reading_gives_its_share_of_the_limit_and_its_memory(work: Any) -> None:
    found = check.readout(work)
    assert found["matmul_tflop_per_second"] > 0
    for row in found["batches"].values():
        assert row["tokens_per_second"] > 0
        assert 0 < row["share_of_matmul"] < 1
        assert row["planned_bytes"] > 0
    assert found["best_share"] == max(r["share_of_matmul"] for r in found["batches"].values())


def test_numbers_are_held_against_float32_on_the_processor(work: Any) -> None:
    found = check.numbers(work)
    # the device is the processor here
    assert found["float32"] == {"same_tokens": 1, "attention": 0, "hidden": 0, "log_odds": 0}
    assert 0 < found["float16"]["hidden"] < found["bfloat16"]["hidden"] < 0.05


def test_training_gives_tokens_a_second(work: Any) -> None:
    found = check.training(work)
    assert found["items"] == 12
    assert found["tokens_per_second"] == pytest.approx(12 * 45 / found["seconds_per_step"])


def test_guidance_is_run_as_the_command_runs_it(work: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def run(command: list[str], **settings: Any) -> Any:
        asked.append(command)
        folder = Path(command[command.index("--output-path") + 1])
        (folder / "results.json").write_text("{}", "utf-8")
        return check.subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(check.subprocess, "run", run)
    assert check.guidance(work)["records"] == 1
    full = check.Work("cuda", False, "smol.gguf")
    assert check.guidance(full)["tier"] == "full"
    (_, command) = asked
    assert command[:3] == [sys.executable, "-c", check.RUN]
    assert command[command.index("--model") + 1] == "smol.gguf"
    assert command[command.index("--tier") + 1] == "full"


def test_a_part_that_fails_or_hangs_does_not_stop_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    endings = {
        "matmul": "raise SystemExit('no card')",
        "numbers": "import time; time.sleep(60)",
        "training": "print('{\"tokens_per_second\": 7}')",
    }

    def started(command: list[str], **settings: Any) -> Any:
        code = endings[command[command.index("--part") + 1]]
        return popen([sys.executable, "-c", code], **settings)

    popen = check.subprocess.Popen
    monkeypatch.setattr(check.subprocess, "Popen", started)
    monkeypatch.setitem(check.LIMITS, "numbers", 0.5)
    out = tmp_path / "gpu.json"
    given = ["--rehearse", "--out", str(out), "--only", *endings]
    assert check.main(given) == 1
    written = json.loads(out.read_text("utf-8"))
    assert written["matmul"]["error"] == "no card"
    assert written["numbers"]["error"].startswith("stopped after")
    assert written["training"]["tokens_per_second"] == 7
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_the_shell_script_asks_the_check(tmp_path: Path) -> None:
    script = Path(check.__file__).with_suffix(".sh")
    text = script.read_text("utf-8")
    assert 'exec "$python" scripts/gpu_check.py "$@"' in text
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "$@"\n', "utf-8")
    python.chmod(0o755)
    told = check.subprocess.run(
        ["sh", str(script), "--rehearse", "--only", "matmul"],
        env={"PYTHON": str(python), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "scripts/gpu_check.py --rehearse --only matmul"
