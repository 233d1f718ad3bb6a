"""What was measured in people: cards, download, assemblies, simulated people."""

from brainbench.datasets.assembly import (
    Recording,
    average_repeats,
    block_of,
    build_assembly,
    subjects_of,
)
from brainbench.datasets.behavior import Behavior
from brainbench.datasets.cards import (
    Card,
    find_card,
    list_cards,
    load_card,
    parse_card,
    share_people_or_problems,
)
from brainbench.datasets.coordinates import to_mni
from brainbench.datasets.download import fetch
from brainbench.datasets.folder import load_folder, write_folder
from brainbench.datasets.own.options import AssemblyCard
from brainbench.datasets.own.read import load_assembly
from brainbench.datasets.phantom import PhantomDesign, PhantomRoi, simulate
from brainbench.datasets.registry import (
    list_datasets,
    load_behavior,
    load_dataset,
    load_problems,
    load_recording,
)
from brainbench.paths import cache_folder

__all__ = [
    "AssemblyCard",
    "Behavior",
    "Card",
    "PhantomDesign",
    "PhantomRoi",
    "Recording",
    "average_repeats",
    "block_of",
    "build_assembly",
    "cache_folder",
    "fetch",
    "find_card",
    "list_cards",
    "list_datasets",
    "load_assembly",
    "load_behavior",
    "load_card",
    "load_dataset",
    "load_folder",
    "load_problems",
    "load_recording",
    "parse_card",
    "share_people_or_problems",
    "simulate",
    "subjects_of",
    "to_mni",
    "write_folder",
]
