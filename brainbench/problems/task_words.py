"""The words of the task sets: none of them is in the vocabulary of the built-in model."""

from __future__ import annotations

from collections.abc import Sequence

from brainbench.problems.vocabulary import Vocabulary


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Two syllables, so that no pseudoword is a word, nor one of the built-in model's.
_ONSETS = "bdfgklmnprstvwz"
_VOWELS = "aeiou"
_ENDINGS = ("vek", "zot", "plim", "dran")
_NOUNS = tuple(onset + vowel + end for onset in _ONSETS for vowel in _VOWELS for end in _ENDINGS)
_ADJECTIVES = _listed(
    """
    amber ancient arid barren bitter bland bony brittle bulky bumpy burly chilly chubby clumsy
    coarse compact concave cordial crimson crooked crude curly curved dainty dented dingy drab
    drowsy dusty earthy elastic exotic faded feeble fertile festive fierce flimsy floral fluffy
    foamy foggy fragile frail frosty furry fuzzy glossy gloomy golden grainy greasy grim gritty
    hairy harsh hazy icy jagged jolly juicy knotty lanky lavish leafy limp lively lofty lumpy
    marble meek mellow metallic misty moist muddy murky nimble noisy oily opaque oval pallid
    patchy polished prickly pungent quaint ragged rigid rocky rugged rusty salty sandy scaly
    scarlet shaggy shiny silky sleek sleepy slender slimy sober spotted sticky stocky stout
    striped subtle sullen supple swift tangled tart tepid timid tropical twisted upright vague
    velvet waxy weary wilted windy wiry woolly
    """
)
_NAMES = _listed(
    """
    Abel Adele Agnes Albert Alma Amos Anders Anita Anton Arlo Astrid Barbara Beatrix Benno Berta
    Boris Bruno Camilla Caspar Cecil Celia Cedric Chloe Clara Conrad Cosima Cyril Damian Daphne
    David Delia Dexter Dimitri Doris Dorothy Dylan Edgar Edith Edna Edwin Elias Eloise Elsa Emil
    Enid Ernest Esther Ethan Fabian Felix Fiona Florence Freya Frieda Gabriel Gemma Gerald Gideon
    Gilbert Gordon Gregor Gwen Hannah Harold Harriet Hector Heidi Helena Henry Herbert Hilda
    Holger Homer Howard Hubert Igor Imogen Ingrid Irene Irving Isaac Isabel Jacob Jasper Jerome
    Jonas Josef Judith Julia Julius Karl Katja Keith Klara Klaus Laura Leonard Leopold Linus
    Lionel Lorenz Louis Lydia Magnus Malcolm Marcus Martha Martin Matilda Maud Maurice Miriam
    Moritz Muriel Naomi Nathan Nicholas Norman Oliver Ophelia Oswald Otis Owen Patrick Paula
    Percy Petra Philip Phoebe Quentin Rachel Ralph Regina Rhoda Richard Roland Rosalind Ruben
    Rufus Rupert Sabine Selma Sigrid Simon Sofia Stella Sven Sylvia Tamara Thelma Theodor Thomas
    Tobias Ursula Valerie Vernon Viktor Vincent Walter Wanda Wendy Wilfred Winston Yvonne Zelda
    """
)
_COMPARATIVES = _listed(
    """
    angrier bossier cheekier craftier crankier crueler curter friendlier funnier greedier
    grumpier guiltier healthier humbler hungrier lazier lonelier messier moodier nastier
    naughtier nobler pickier politer pushier rowdier shabbier shrewder sillier sloppier speedier
    sterner stingier thirstier thriftier trendier wackier wealthier wittier worthier zanier
    """
)
TASK_VOCABULARY = Vocabulary(_NOUNS, _ADJECTIVES, _NAMES, _COMPARATIVES)

# Real classes and some of their kinds. No kind is in two of them and none in another: no
# walnuts, which are nuts and trees, no garments, which hats and shoes may be.
KINDS: dict[str, tuple[str, ...]] = {
    "bird": ("sparrow", "eagle", "pigeon", "parrot"),
    "boat": ("canoe", "kayak", "raft", "yacht"),
    "building": ("cottage", "castle", "chapel", "barn"),
    "coin": ("ducat", "florin", "dime", "nickel"),
    "container": ("bottle", "barrel", "bucket", "basket"),
    "dance": ("polka", "tango", "samba", "mazurka"),
    "dog": ("poodle", "beagle", "terrier", "spaniel"),
    "flower": ("rose", "tulip", "orchid", "daffodil"),
    "gem": ("emerald", "diamond", "sapphire", "opal"),
    "hat": ("beret", "bonnet", "turban", "sombrero"),
    "insect": ("beetle", "hornet", "wasp", "moth"),
    "instrument": ("guitar", "trumpet", "violin", "clarinet"),
    "monkey": ("baboon", "macaque", "mandrill", "marmoset"),
    "poem": ("sonnet", "ballad", "limerick", "epigram"),
    "relative": ("uncle", "nephew", "cousin", "grandmother"),
    "rodent": ("hamster", "squirrel", "beaver", "rat"),
    "scientist": ("chemist", "botanist", "geologist", "physicist"),
    "shoe": ("sandal", "slipper", "boot", "sneaker"),
    "snake": ("cobra", "python", "viper", "rattler"),
    "tree": ("oak", "elm", "maple", "willow"),
    "vegetable": ("carrot", "turnip", "onion", "leek"),
    "weapon": ("sword", "dagger", "spear", "musket"),
}


def split_kinds(
    shares: Sequence[int], kinds: dict[str, tuple[str, ...]] | None = None
) -> tuple[dict[str, tuple[str, ...]], ...]:
    """Deal the classes out, in turn, into parts of these relative sizes.

    Parameters
    ----------
    shares : size of each part, whole numbers: (3, 2) gives three classes in five to the first.
    kinds : class → its kinds; by default ``KINDS``.

    Returns
    -------
    The kinds of each part, as ``kinds`` is given.
    """
    listed = list((KINDS if kinds is None else kinds).items())
    turns = [part for part, share in enumerate(shares) for _ in range(share)]
    return tuple(
        dict(entry for i, entry in enumerate(listed) if turns[i % len(turns)] == part)
        for part in range(len(shares))
    )
