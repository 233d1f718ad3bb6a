"""Tasks whose answers are generated and compared by lm-eval's own metrics, as lm-eval scores them.

lm-eval makes each target of the answer's own type, and passes answers through filters.
"""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import lm_eval
import pytest
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from tiny_models import build_model
from transformers import PreTrainedTokenizerFast

from brainbench.models import LanguageModel
from brainbench.reasoning.evaluation import TaskEvaluator
from brainbench.reasoning.lm.lm import BrainbenchLM, GeneratedText
from brainbench.reasoning.options import TaskOptions
from brainbench.reasoning.tasks import load_tasks

BASE = """
task: {name}
dataset_path: json
dataset_kwargs: {{data_files: {{test: {folder}/data.jsonl}}}}
test_split: test
output_type: generate_until
doc_to_text: "{{{{q}}}}"
generation_kwargs: {{until: ["\\n"], max_gen_toks: 6}}
metadata: {{version: 1}}
"""
MATCH = "metric_list: [{metric: exact_match}]\n"
# as babi, the bbh groups and others are written
TASKS = {
    "gen_column": f"doc_to_target: said\n{MATCH}",
    "gen_template": f'doc_to_target: " {{{{said}}}}"\ntarget_delimiter: ""\n{MATCH}',
    "gen_number": f"doc_to_target: number\n{MATCH}",
    "gen_boolean": f"doc_to_target: flag\n{MATCH}",
    "gen_several": f"doc_to_target: several\n{MATCH}",
    "gen_filtered": """doc_to_target: said
metric_list:
  - {metric: exact_match, aggregation: mean, higher_is_better: true, ignore_case: true,
     ignore_punctuation: true}
filter_list:
  - {name: strict, filter: [{function: take_first}]}
  - {name: loose, filter: [{function: regex, regex_pattern: "([a-z]+)", group_select: 0},
                           {function: take_first}]}
  - {name: plain, filter: [{function: lowercase}, {function: remove_whitespace},
                           {function: take_first}]}
  - {name: letters, filter: [{function: multi_choice_regex, regex_pattern: "\\\\(([A-Z])\\\\)"},
                             {function: take_first}]}
""",
    "gen_voted": f"""doc_to_target: said
repeats: 3
filter_list:
  - {{name: maj@3, filter: [{{function: majority_vote}}, {{function: take_first}}]}}
  - {{name: first, filter: [{{function: take_first}}]}}
{MATCH}""",
    "gen_letters": f"doc_to_target: label\ndoc_to_choice: [a, b]\n{MATCH}",
    "gen_words": "doc_to_target: said\nmetric_list: [{metric: bleu}, {metric: chrf}]\n",
}
QUESTIONS = ("Ann is taller than Bob. Who is taller?", "Bob is taller than Carl.", "Two and two is",
             "Nobody is here, so")  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, language_model: LanguageModel) -> Path:
    """Task files, and data whose first two targets are what the model says."""
    from lm_eval.api.instance import Instance

    asked = [
        Instance("generate_until", {}, (text, {"until": ["\n"], "max_gen_toks": 6}), 0,
                 metadata=("t", i, 1))
        for i, text in enumerate(QUESTIONS)
    ]  # fmt: skip
    said = [str(text) for text in BrainbenchLM(language_model).generate_until(asked)]
    rows = [
        {
            "q": text,
            "said": answer if i < 2 else "something else",
            "several": [answer, "other"] if i < 2 else ["no", "none"],
            "number": i,
            "flag": i < 2,
            "label": i % 2,
            "choices": ["a", "b"],
        }
        for i, (text, answer) in enumerate(zip(QUESTIONS, said, strict=True))
    ]
    tmp_path.joinpath("data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for name, own in TASKS.items():
        text = BASE.format(name=name, folder=tmp_path) + own
        tmp_path.joinpath(f"{name}.yaml").write_text(text)
    return tmp_path


def test_every_kind_scores_as_with_lm_evals_own_model(
    folder: Path, language_model: LanguageModel, chat_tokenizer: PreTrainedTokenizerFast
) -> None:
    theirs = lm_eval.simple_evaluate(
        model=HFLM(build_model("llama"), tokenizer=chat_tokenizer, batch_size=1, device="cpu"),
        model_args={}, tasks=list(TASKS), bootstrap_iters=0,
        task_manager=TaskManager(include_path=[str(folder)], include_defaults=False),
    )  # fmt: skip
    asker = TaskEvaluator(
        BrainbenchLM(language_model), load_tasks(list(TASKS), [str(folder)]), TaskOptions(), None, 0
    )
    for name in TASKS:
        found, expected = asker.ask(name).score.metrics, theirs["results"][name]
        assert found.keys() >= {key for key, value in expected.items() if value != "N/A"}, name
        for key in (key for key in found if "," in key and "_stderr" not in key):
            assert found[key] == pytest.approx(expected[key]), (name, key)
    results = theirs["results"]
    # what decides: half of the answers are right, and both arms of a filter differ
    assert results["gen_column"]["exact_match,none"] == 0.5
    assert results["gen_several"]["exact_match,none"] == 0.5
    assert results["gen_voted"]["exact_match,maj@3"] == 0.5


@pytest.mark.parametrize("target", ["word", 3, True, None, 2.5, ["a"]])
def test_a_target_becomes_the_answers_type(target: Any) -> None:
    answer = GeneratedText("said", True)
    made = type(answer)(target)
    assert (made, made.truncated) == (str(target), False)


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))]
)
def test_a_copy_still_tells_that_it_was_cut_off(copied: Any) -> None:
    found = copied(GeneratedText("said", True))
    assert (found, found.truncated) == ("said", True)
