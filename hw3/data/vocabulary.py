"""The words that the kit's own language models know, and their numbers."""

from __future__ import annotations

PAD, UNKNOWN = "<pad>", "<unknown>"
MARKS = [":", ".", ",", "?", "question", "answer", "summary", "input", "output", "is", "in", "the",
         "a", "and", "then", "of", "to", "with", "where", "who", "what", "not", "here"]  # fmt: skip
# words that mean nothing of themselves: the document says what they stand for
LABELS = ["zib", "dax", "wug", "fep", "lorp", "mip", "tuk", "vash", "blick", "gorp", "nelf", "pim",
          "rasp", "sook", "torma", "yun"]  # fmt: skip
STARS = ["one", "two", "three", "four", "five"]
NAMES = ["mary", "john", "sandra", "daniel", "julie", "bill", "fred", "emily"]
PLACES = ["kitchen", "garden", "office", "bathroom", "bedroom", "hallway", "school", "park"]
THINGS = ["apple", "football", "milk", "box", "lamp", "book"]
MOVES = ["went", "moved", "travelled", "walked"]
TAKES = ["took", "got", "grabbed"]
DROPS = ["dropped", "left", "put"]
REPLIES = ["yes", "no", "down", "carried"]
# adjectives from one star to five
TONES = [
    ["awful", "terrible", "horrible", "dreadful", "disgusting"],
    ["poor", "dull", "weak", "bad", "disappointing"],
    ["okay", "average", "fair", "plain", "ordinary"],
    ["good", "nice", "pleasant", "solid", "pretty"],
    ["superb", "wonderful", "perfect", "excellent", "brilliant"],
]
TOPICS = {
    "food": ["soup", "bread", "cake", "salad", "coffee", "pasta"],
    "clothes": ["dress", "shirt", "coat", "skirt", "fabric", "sleeve"],
    "hotel": ["room", "bed", "pool", "lobby", "view", "shower"],
    "film": ["plot", "actor", "scene", "music", "ending", "dialogue"],
    "phone": ["screen", "battery", "camera", "speaker", "button", "charger"],
}

WORDS = [
    PAD, UNKNOWN, *MARKS, *LABELS, *STARS, *NAMES, *PLACES, *THINGS, *MOVES, *TAKES, *DROPS,
    *REPLIES, *(word for tone in TONES for word in tone), *TOPICS,
    *(word for nouns in TOPICS.values() for word in nouns),
]  # fmt: skip


class WordTokenizer:
    """One number a word; words are what stands between spaces.

    Attributes:
        pad: the number of the padding.
        end: the number of the full stop, which ends an answer.
        size: how many words there are.
    """

    def __init__(self) -> None:
        self.size = len(WORDS)
        self._number = {word: number for number, word in enumerate(WORDS)}
        self.pad, self.end = self._number[PAD], self._number["."]

    def encode(self, text: str) -> list[int]:
        """The numbers of a text's words; an unknown word has one number for all."""
        return [self._number.get(word, self._number[UNKNOWN]) for word in text.lower().split()]

    def continuation(self, text: str) -> list[int]:
        """The numbers of a text that goes on after another and a space."""
        return self.encode(text)

    def decode(self, numbers: list[int]) -> str:
        """The words of some numbers, with a space between."""
        return " ".join(WORDS[number] for number in numbers)
