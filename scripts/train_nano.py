"""Train nano, the built-in language model, and measure what it can do.

    python scripts/train_nano.py                    # train, measure, write the folder
    python scripts/train_nano.py --evaluate-only    # measure the weights that ship

A small Llama on generated problems of all three types, asked as the prompt template nano
asks. A fifth of the words of ``brainbench.problems.VOCABULARY`` is never trained on, and
measured apart.

Operations: 6 × (parameters + width × vocabulary) × tokens for a step, 17 GFLOP; about a
quarter of an hour on two cores.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from torch.nn.functional import cross_entropy
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

from brainbench.models.prompts.chat import PLAIN_CUE
from brainbench.models.prompts.template import builtin_template
from brainbench.problems import REASONING_TYPES, VOCABULARY, Problem, Vocabulary, make_set

OUTPUT = Path(__file__).parent.parent / "brainbench/models/data/nano"
ANSWERS = {True: " True", False: " False"}
BOS, EOS, PAD = "<bos>", "<eos>", "<pad>"
HELD_OUT = 0.2  # share of each kind of word


def _listed(text: str) -> list[str]:
    return text.split()


NAMES = _listed(
    "Abe Amy Ann Art Axel Bea Ben Bert Bill Bob Carl Cleo Cora Dan Dora Ed Ella Emma Eric Esme "
    "Eva Fay Fred Gail Gus Hal Hank Hope Ian Iris Ivan Jack Jane Jill Jim Joan Joe John Kate Ken "
    "Kim Kurt Lea Leo Lily Liz Lou Lucy Luke Mark Mary Max Meg Mike Nan Nat Ned Nell Nick Nora "
    "Olga Omar Oscar Otto Pam Pat Paul Peg Pete Phil Ray Rex Rita Rob Rosa Ross Roy Ruth Sam Sara "
    "Sid Stan Sue Tara Ted Tess Tim Tina Todd Tom Una Val Vic Walt Wes Will Zach Zoe"
)
ADJECTIVES = _listed(
    "able big black blue bold brave brief broad brown busy careful cheap clear clever cool crisp "
    "dear dense dull eager early empty fair faint fast fat fine firm fit free fresh full gentle "
    "glad good grand gray great green happy hard high hollow hot huge humid keen kind large late "
    "lean light little lone long low lucky merry narrow neat new nice odd old open pale pink "
    "plain plump poor proud pure purple quick rare raw ready red rich ripe safe sane short shy "
    "silent sick simple slim slow small smart solid sound spicy square stable steep stiff strict "
    "strong sturdy tall tame tender tidy tight tiny tough usual vast vivid weak wet white wild "
    "wise wooden yellow young"
)
COMPARATIVES = _listed(
    "abler bigger blonder bolder brighter busier cheaper cleverer colder cooler darker deeper "
    "fairer faster fatter finer firmer fitter fresher gentler greater greener happier harder "
    "higher hotter keener larger later leaner lighter longer lower luckier meaner nearer newer "
    "nicer older paler plainer poorer prettier rarer ruder sadder safer saner sharper shorter "
    "sicker simpler slimmer slower smaller smarter softer stiffer sweeter taller tamer thinner "
    "tidier tighter tougher weaker wider wilder younger"
)


@dataclass(frozen=True)
class Recipe:
    """All that the weights depend on, apart from the arithmetic of the machine."""

    seed: int = 3076
    problems: int = 24000
    premises: tuple[tuple[int, float], ...] = ((2, 0.2), (3, 0.65), (4, 0.15))
    steps: int = 2000
    batch: int = 64
    learning_rate: float = 2e-3
    warm_up: int = 100
    text_weight: float = 0.3
    """Of the loss on the other tokens; that on the answer weighs 1."""
    vocabulary: int = 2048
    hidden: int = 128
    layers: int = 4
    heads: int = 4
    intermediate: int = 384


# ---------------------------------------------------------------- words and problems


def split_words(seed: int) -> tuple[Vocabulary, Vocabulary]:
    """Words that are trained, and words that are not."""
    rng = np.random.default_rng(seed)
    kept, left_out = {}, {}
    extra = {"nouns": (), "adjectives": ADJECTIVES, "names": NAMES, "comparatives": COMPARATIVES}
    for kind, more in extra.items():
        words = [str(word) for word in rng.permutation(getattr(VOCABULARY, kind))]
        cut = max(8, round(HELD_OUT * len(words)))
        left_out[kind] = tuple(words[:cut])
        kept[kind] = tuple(sorted({*words[cut:], *more} - set(left_out[kind])))
    return Vocabulary(**kept), Vocabulary(**left_out)


def some_words(words: Vocabulary, rng: np.random.Generator) -> Vocabulary:
    """A few words of each kind, no word in two kinds."""
    used: set[str] = set()

    def draw(listed: Sequence[str], count: int) -> tuple[str, ...]:
        fresh = [str(word) for word in rng.permutation(listed) if str(word).lower() not in used]
        used.update(word.lower() for word in fresh[:count])
        return tuple(fresh[:count])

    return Vocabulary(
        nouns=draw(words.nouns, 40),
        adjectives=draw(words.adjectives, 40),
        names=draw(words.names, 40),
        comparatives=draw(words.comparatives, 10),
    )


def training_problems(
    recipe: Recipe, words: Vocabulary, rng: np.random.Generator
) -> Iterator[Problem]:
    """Balanced problems, their premises in the order of the chain, as in the scanner."""
    numbers, shares = zip(*recipe.premises, strict=True)
    while True:
        for reasoning_type in REASONING_TYPES:
            premises = int(rng.choice(numbers, p=shares))
            seed = int(rng.integers(2**31))
            chosen = some_words(words, rng)
            yield from make_set(reasoning_type, premises, 4, seed, chosen, shuffled=False)


def prompt(problem: Problem) -> str:
    """What the model is asked; the answer follows."""
    return builtin_template("nano").messages(problem)[0]["content"] + PLAIN_CUE


# ---------------------------------------------------------------- training


def train_tokenizer(recipe: Recipe, texts: Sequence[str]) -> PreTrainedTokenizerFast:
    """Byte-level BPE: trained words are mostly one token, and any text can be written."""
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=recipe.vocabulary,
        special_tokens=[PAD, BOS, EOS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator(texts, trainer)
    inner.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A", special_tokens=[(BOS, inner.token_to_id(BOS))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=inner,
        bos_token=BOS,
        eos_token=EOS,
        pad_token=PAD,
        clean_up_tokenization_spaces=False,
        model_max_length=512,
    )


def build_model(recipe: Recipe, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """The model, its weights drawn."""
    torch.manual_seed(recipe.seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=recipe.hidden,
            num_hidden_layers=recipe.layers,
            num_attention_heads=recipe.heads,
            num_key_value_heads=recipe.heads,
            intermediate_size=recipe.intermediate,
            max_position_embeddings=512,
            tie_word_embeddings=True,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def train(recipe: Recipe, words: Vocabulary) -> tuple[Any, Any, float]:
    """Model, tokenizer, and minutes it took."""
    start = time.monotonic()
    rng = np.random.default_rng(recipe.seed)
    source = training_problems(recipe, words, rng)
    texts = [
        prompt(p) + ANSWERS[p.condition.valid]
        for p, _ in zip(source, range(recipe.problems), strict=False)
    ]
    tokenizer = train_tokenizer(recipe, texts[:6000])
    model = build_model(recipe, tokenizer)
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.98), weight_decay=0.01)
    recent: list[tuple[float, float]] = []
    for step in range(recipe.steps):
        falling = 0.5 * (1.0 + np.cos(np.pi * step / recipe.steps))
        rate = recipe.learning_rate * min(1.0, (step + 1) / recipe.warm_up) * falling
        optimizer.param_groups[0]["lr"] = rate
        batch = [texts[i] for i in rng.integers(len(texts), size=recipe.batch)]
        loss, right, text = _loss(model, tokenizer, batch, recipe)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        recent.append((right, text))
        if (step + 1) % 100 == 0:
            right, text = np.mean(recent[-100:], axis=0)
            minutes = (time.monotonic() - start) / 60
            print(
                f"{step + 1} steps, {minutes:.1f} min: {right:.3f} right, {text:.2f} nats a token",
                flush=True,
            )
    return model.eval(), tokenizer, (time.monotonic() - start) / 60


def _loss(
    model: Any, tokenizer: Any, texts: Sequence[str], recipe: Recipe
) -> tuple[torch.Tensor, float, float]:
    """Weighted cross-entropy, share of answers right, cross-entropy of all tokens."""
    held = tokenizer(list(texts), padding=True, return_tensors="pt", padding_side="right")
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(input_ids=held.input_ids[:, :-1], use_cache=False).logits.float()
    targets = held.input_ids[:, 1:].masked_fill(held.attention_mask[:, 1:] == 0, -100)
    rows, last = torch.arange(len(texts)), held.attention_mask.sum(1) - 2
    answers, wanted = logits[rows, last], targets[rows, last]
    on_text = cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-100)
    total = cross_entropy(answers, wanted) + recipe.text_weight * on_text
    return total, (answers.argmax(1) == wanted).float().mean().item(), on_text.item()


# ---------------------------------------------------------------- measuring


@torch.inference_mode()
def says_true(model: Any, tokenizer: Any, problems: Sequence[Problem]) -> np.ndarray:
    """Whether True is likelier than False, per problem."""
    true, false = (tokenizer(ANSWERS[a], add_special_tokens=False).input_ids for a in (True, False))
    said = []
    for start in range(0, len(problems), 128):
        texts = [prompt(problem) for problem in problems[start : start + 128]]
        held = tokenizer(texts, padding=True, return_tensors="pt", padding_side="right")
        logits = model(input_ids=held.input_ids).logits
        last = logits[torch.arange(len(texts)), held.attention_mask.sum(1) - 1]
        said.append((last[:, true[0]] > last[:, false[0]]).numpy())
    return np.concatenate(said)


def measure(
    model: Any, tokenizer: Any, words: Vocabulary, per_condition: int
) -> list[dict[str, Any]]:
    """Accuracy per type, number of premises, order and form, on problems of these words.

    The problems are balanced: always saying True scores one half.
    """
    rows = []
    for reasoning_type in REASONING_TYPES:
        for premises, shuffled in ((2, False), (3, False), (3, True), (4, True), (5, True)):
            rng = np.random.default_rng(premises)
            problems = [
                problem
                for draw in range(per_condition)
                for problem in make_set(
                    reasoning_type, premises, 1, 10_000 + draw, some_words(words, rng), shuffled
                )
            ]
            said = says_true(model, tokenizer, problems)
            where = {"premises": premises, "order": "shuffled" if shuffled else "chain"}
            rows.append({"type": reasoning_type, "form": "all", **where, **tally(problems, said)})
            if reasoning_type == "propositional" and (premises, shuffled) == (3, False):
                forms = np.array([str(problem.form) for problem in problems])
                for form in dict.fromkeys(forms.tolist()):
                    chosen = np.flatnonzero(forms == form)
                    told = tally([problems[i] for i in chosen], said[chosen])
                    name = form.replace("_", " ")
                    rows.append({"type": reasoning_type, "form": name, **where, **told})
    return rows


def tally(problems: Sequence[Problem], said: NDArray[np.bool_]) -> dict[str, Any]:
    """Accuracy with Wilson's 95 % interval, over both labels where both occur, and bias."""
    valid = np.array([problem.condition.valid for problem in problems])
    answers = np.array(said)
    right = answers == valid
    n, share = len(right), float(right.mean())
    z = 1.96
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    sides = [float(right[valid == side].mean()) for side in (True, False) if (valid == side).any()]
    return {
        "n": n,
        "accuracy": round(share, 3),
        "low": round(float(middle - half), 3),
        "high": round(float(middle + half), 3),
        "balanced": round(float(np.mean(sides)), 3),
        "says_true": round(float(answers.mean()), 3),
    }


# ---------------------------------------------------------------- the folder

CARD = """---
license: apache-2.0
library_name: transformers
tags: [brainbench, deductive-reasoning]
---

# nano

The language model that ships with brainbench, so that `brainbench evaluate` works offline, at
once, from weights to record. A Llama of {layers} layers, {hidden} units wide, {parameters:,}
parameters, byte-level BPE of {vocabulary} tokens, trained from scratch by
`scripts/train_nano.py` on {problems:,} generated problems (syllogistic, transitive and
propositional, two to four premises in the order of the chain), {steps} steps of {batch},
{minutes:.0f} minutes on two cores, seed {seed}.

**It is a demonstration, no evidence about language models.** It knows nothing but these
problems. It is asked in the wording it was trained on, `brainbench/models/templates/nano.yaml`.

## What it can do

{verdict}

On new problems, balanced over validity, negation and premises needed: always saying True, or
always False, scores 0.5. Interval: 95 %, Wilson.

### Words it was trained on

{seen}

### Words it never saw

{unseen}

Premises in shuffled order and five premises were never trained either. The rows say how far what
it learned carries, and that is not far.
"""


def table(rows: Sequence[dict[str, Any]]) -> str:
    lines = [
        "| type | form | premises | order | accuracy | 95 % | balanced | says True | n |",
        "|---|---|---:|---|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {r['type']} | {r['form']} | {r['premises']} | {r['order']} | {r['accuracy']:.3f} | "
        f"{r['low']:.3f} to {r['high']:.3f} | {r['balanced']:.3f} | {r['says_true']:.2f} | "
        f"{r['n']} |"
        for r in rows
    ]
    return "\n".join(lines)


def verdict(rows: Sequence[dict[str, Any]]) -> str:
    """Which types it solves at all, from the rows of three premises in the order of the chain."""
    said = []
    for row in rows:
        if (row["form"], row["premises"], row["order"]) == ("all", 3, "chain"):
            chance = row["low"] <= 0.5 <= row["high"]
            word = "at chance" if chance else f"{row['accuracy']:.0%} right"
            said.append(f"{row['type']} {word}")
    return f"Three premises, trained words: {', '.join(said)}."


def write_card(model: Any, recipe: dict[str, Any], measured: dict[str, Any]) -> None:
    parameters = sum(p.numel() for p in model.parameters())
    text = CARD.format(
        **recipe,
        parameters=parameters,
        minutes=measured["minutes"],
        verdict=verdict(measured["seen"]),
        seen=table(measured["seen"]),
        unseen=table(measured["unseen"]),
    )
    (OUTPUT / "README.md").write_text(text, "utf-8")
    (OUTPUT / "training.json").write_text(
        json.dumps({"recipe": recipe, "measured": measured}, indent=1) + "\n", "utf-8"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=Recipe.steps)
    parser.add_argument("--evaluate-only", action="store_true")
    arguments = parser.parse_args()
    recipe = Recipe(steps=arguments.steps)
    seen, unseen = split_words(recipe.seed)
    if arguments.evaluate_only:
        minutes = json.loads((OUTPUT / "training.json").read_text("utf-8"))["measured"]["minutes"]
    else:
        trained, tokenizer, minutes = train(recipe, seen)
        trained.half().save_pretrained(OUTPUT)
        tokenizer.save_pretrained(OUTPUT)
        GenerationConfig(
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        ).save_pretrained(OUTPUT)
    # what ships is measured: half precision, from the files
    model = AutoModelForCausalLM.from_pretrained(OUTPUT, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(OUTPUT)
    measured = {
        "minutes": round(minutes, 1),
        "words_left_out": asdict(unseen),
        "seen": measure(model, tokenizer, seen, 50),
        "unseen": measure(model, tokenizer, unseen, 50),
    }
    write_card(model, asdict(recipe), measured)
    print(table(measured["seen"]), table(measured["unseen"]), sep="\n\n")


if __name__ == "__main__":
    main()
