"""Data cards: what ships is valid, and what could do harm is refused."""

from __future__ import annotations

import csv
import hashlib
import re
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from brainbench.datasets import Card, list_cards, load_card, share_people_or_problems
from brainbench.datasets.cards import parse_card
from brainbench.errors import DataError, UnknownNameError

CARD = {
    "name": "toy",
    "title": "A toy",
    "version": "1",
    "homepage": "https://example.org",
    "licence": "CC0-1.0",
    "redistributable": True,
    "citation": "@misc{toy}",
    "urls": ["https://example.org/toy"],
    "files": [{"path": "a/b.tsv", "size": 3, "sha256": "0" * 64}],
}


def written(**changes: object) -> str:
    return yaml.safe_dump({**CARD, **changes})


def with_file(**changes: object) -> str:
    return written(files=[{**CARD["files"][0], **changes}])  # type: ignore[index]


def test_a_good_card_is_read() -> None:
    card = parse_card(written(), "toy.yaml")
    assert card.name == "toy"
    assert card.files[0].path == "a/b.tsv"
    assert card.size == 3
    assert not card.simulated


class TestShipped:
    def test_these_are_there(self) -> None:
        assert list_cards() == [
            "deduction73", "ds002886", "ds003076", "folio", "phantom", "phantom_guidance",
            "planted", "xiao2026",
        ]  # fmt: skip

    @pytest.mark.parametrize("name", list_cards())
    def test_each_is_valid_and_complete(self, name: str) -> None:
        card = load_card(name)
        assert card.name == name
        assert card.licence
        assert re.match(r"@\w+\{\w+,", card.citation)
        assert set(card.requires) <= set(list_cards())
        assert len({entry.path for entry in card.files}) == len(card.files)
        assert all(url.startswith("https://") for url in card.urls)
        assert bool(card.urls) == bool(card.files)
        assert set(card.missing_runs) <= set(card.subjects)
        assert {run for runs in card.missing_runs.values() for run in runs} <= set(card.runs)
        assert bool(card.simulation) == card.simulated

    @pytest.mark.parametrize("name", ["ds002886", "ds003076", "folio", "xiao2026"])
    def test_sources_are_pinned_to_the_version(self, name: str) -> None:
        card = load_card(name)
        assert card.version in card.urls[0]

    @pytest.mark.parametrize("name", ["ds002886", "ds003076", "folio", "xiao2026"])
    def test_sizes_and_hashes_are_those_of_the_real_files(self, name: str, mirror: Path) -> None:
        for entry in load_card(name).files:
            content = (mirror / name / entry.path).read_bytes()
            assert len(content) == entry.size, entry.path
            assert hashlib.sha256(content).hexdigest() == entry.sha256, entry.path

    @pytest.mark.parametrize("name", ["ds002886", "ds003076"])
    def test_ages_are_those_of_the_participants_file(self, name: str, mirror: Path) -> None:
        card = load_card(name)
        with (mirror / name / "participants.tsv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        column = "age_ses-T1" if card.session else "age"
        assert card.ages == {row["participant_id"]: float(row[column]) for row in rows}
        assert list(card.ages) == list(card.subjects)

    @pytest.mark.parametrize("name", ["ds002886", "ds003076"])
    def test_every_person_has_every_file_but_the_missing_runs(self, name: str) -> None:
        card = load_card(name)
        paths = [entry.path for entry in card.files]
        for subject in card.subjects:
            held = sum(path.startswith(subject) and "events" in path for path in paths)
            assert held == len(card.runs) - len(card.missing_runs.get(subject, ())), subject

    def test_every_person_has_betas_of_three_regions(self) -> None:
        betas = [entry.path for entry in load_card("xiao2026").files if ".mat" in entry.path]
        assert len(betas) == 10 * 3


@pytest.mark.parametrize(
    "path",
    ["../out.tsv", "a/../../out.tsv", "a/..", "/etc/passwd", "", ".", "a\\..\\..\\out.tsv", ".."],
)
def test_a_path_that_leaves_the_folder_is_refused(path: str) -> None:
    with pytest.raises(DataError, match="relative path") as caught:
        parse_card(with_file(path=path), "evil.yaml")
    assert "evil.yaml" in str(caught.value)


@pytest.mark.parametrize("field", ["name", "version"])
@pytest.mark.parametrize("value", ["../..", "/elsewhere/evil"])
def test_a_name_or_version_that_leaves_the_cache_is_refused(field: str, value: str) -> None:
    with pytest.raises(DataError):
        parse_card(written(**{field: value}), "evil.yaml")


@pytest.mark.parametrize(
    "sha256", ["", "0" * 63, "0" * 65, "g" * 64, "A" * 64, "0" * 64 + "\n", "md5:" + "0" * 60]
)
def test_what_is_no_sha256_is_refused(sha256: str) -> None:
    with pytest.raises(DataError, match="sha256"):
        parse_card(with_file(sha256=sha256), "toy.yaml")


@pytest.mark.parametrize("size", [-1, "many", 1.5, None])
def test_what_is_no_size_is_refused(size: object) -> None:
    with pytest.raises(DataError, match="size"):
        parse_card(with_file(size=size), "toy.yaml")


@pytest.mark.parametrize("text", [written(licnece="MIT"), with_file(md5="0" * 32)])
def test_unknown_keys_are_refused_and_named(text: str) -> None:
    with pytest.raises(DataError, match=r"licnece|md5"):
        parse_card(text, "toy.yaml")


@pytest.mark.parametrize("key", ["name", "title", "version", "licence", "citation"])
def test_a_lacking_key_is_refused_and_named(key: str) -> None:
    with pytest.raises(DataError, match=key):
        parse_card(yaml.safe_dump({k: v for k, v in CARD.items() if k != key}), "toy.yaml")


@pytest.mark.parametrize("text", ["", "[]", "just a line", "a: [", "a: b: c", "\t"])
def test_what_is_no_card_is_refused(text: str) -> None:
    with pytest.raises(DataError, match=re.escape("data card toy.yaml is not valid")):
        parse_card(text, "toy.yaml")


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:pathlib.Path.touch [!!python/object/apply:pathlib.Path ['{}']]",
        "!!python/object/apply:os.mkdir ['{}']",
        "!!python/name:os.system",
        "!!python/tuple [a]",
    ],
)
def test_yaml_that_would_build_python_objects_is_refused(tag: str, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    with pytest.raises(DataError, match="could not determine a constructor"):
        parse_card(f"{written()}\nnotes: {tag.format(trap)}", "evil.yaml")
    assert not trap.exists()


@pytest.mark.parametrize(
    ("asked", "meant"), [("xiao2025", "xiao2026"), ("fantom", "phantom"), ("ds3076", "ds003076")]
)
def test_an_unknown_name_is_met_with_the_nearest(asked: str, meant: str) -> None:
    with pytest.raises(UnknownNameError, match=f"unknown dataset '{asked}'; did you mean '{meant}"):
        load_card(asked)


@pytest.mark.parametrize("name", ["zzz", "../cards/phantom", "phantom.yaml/", ""])
def test_what_is_near_to_nothing_lists_all_or_some(name: str) -> None:
    with pytest.raises(UnknownNameError, match="phantom"):
        load_card(name)


def test_a_file_that_is_not_listed_is_named() -> None:
    card = parse_card(written(), "toy.yaml")
    assert card.file("a/b.tsv").size == 3
    with pytest.raises(DataError, match=r"toy lists no file 'a/c\.tsv'"):
        card.file("a/c.tsv")


def test_a_card_cannot_be_changed() -> None:
    card = parse_card(written(), "toy.yaml")
    with pytest.raises(ValidationError, match="frozen"):
        card.name = "other"


class TestHash:
    def card(self, **changes: object) -> Card:
        return parse_card(written(**changes), "toy.yaml")

    def test_it_is_the_same_for_the_same_data(self) -> None:
        assert self.card().data_sha256() == self.card(title="Renamed", notes=["n"]).data_sha256()

    @pytest.mark.parametrize(
        "changes",
        [
            {"version": "2"},
            {"dropped": {"x-01": "broken"}},
            {"simulation": {"seed": 1}},
            {"files": [{"path": "a/b.tsv", "size": 3, "sha256": "1" * 64}]},
            {"files": []},
        ],
    )
    def test_it_changes_with_what_changes_a_number(self, changes: dict[str, object]) -> None:
        assert self.card().data_sha256() != self.card(**changes).data_sha256()

    def test_scores_depend_on_all_but_text_and_addresses(self) -> None:
        card = self.card()
        text = self.card(title="Renamed", notes=["n"], citation="@misc{x}", urls=["https://a.org"])
        assert text.scored_sha256 == card.scored_sha256
        for changes in ({"version": "2"}, {"selection_leak": ["a"]}, {"repeated_items": True}):
            assert self.card(**changes).scored_sha256 != card.scored_sha256

    def test_how_images_are_laid_out_is_for_those_who_make_responses(self) -> None:
        card = self.card()
        scans = self.card(scans={"repetition_time": 2.0, "phases": {"premises": 0}})
        assert scans.scored_sha256 == card.scored_sha256
        assert scans.data_sha256() == card.data_sha256()

    def test_it_covers_the_other_cards_too(self) -> None:
        card, other = self.card(), self.card(name="other")
        changed = self.card(name="other", version="2")
        hashes = [card.data_sha256(), card.data_sha256(other), card.data_sha256(changed)]
        assert len(set(hashes)) == 3

    def test_what_another_card_leaves_out_is_not_for_it_to_say(self) -> None:
        card, other = self.card(), self.card(name="other")
        fewer = self.card(name="other", dropped={"x-01": "broken"})
        assert card.data_sha256(other) == card.data_sha256(fewer)
        assert other.data_sha256() != fewer.data_sha256()

    def test_it_changes_when_two_files_change_places(self) -> None:
        def files(one: str, other: str) -> list[dict[str, object]]:
            return [
                {"path": "sub-1.mat", "size": 1, "sha256": one * 64},
                {"path": "sub-2.mat", "size": 1, "sha256": other * 64},
            ]

        one, swapped = self.card(files=files("0", "1")), self.card(files=files("1", "0"))
        assert one.data_sha256() != swapped.data_sha256()


def test_who_shares_people() -> None:
    assert share_people_or_problems("xiao2026", "ds003076")
    assert share_people_or_problems("ds003076", "xiao2026")
    assert share_people_or_problems("deduction73", "ds002886")
    assert share_people_or_problems("xiao2026", "deduction73"), "both hold people of ds003076"
    assert share_people_or_problems("ds002886", "xiao2026"), "other people, the same problems"
    assert not share_people_or_problems("ds002886", "phantom")
    assert share_people_or_problems("nowhere", "nowhere")
    assert not share_people_or_problems("nowhere", "xiao2026")
    assert not share_people_or_problems("phantom", "phantom_guidance")
