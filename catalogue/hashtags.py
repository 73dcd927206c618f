"""Hashtags: how a name is spelled as one word, and the words that such a word stands for."""

import unicodedata

STOPS = ".,:;!?"  # what may stand behind a hashtag in a sentence


def spelled(name: str) -> str:
    """Return a name as a hashtag without its ``#``: each word begins large, so that it can be read.

    Empty for a name without a letter, which no server takes for a hashtag.
    """
    parts = "".join(char if _belongs(char) else " " for char in name).split()
    tag = "".join(part[:1].upper() + part[1:] for part in parts)
    return tag if any(char.isalpha() for char in tag) else ""


def apart(tag: str) -> str:
    """Return the words of a hashtag: ``OralHistory`` and ``oral_history`` are two."""
    spaced = tag.replace("_", " ").replace("-", " ")
    pairs = zip(" " + spaced, spaced, strict=False)
    cut = "".join(f" {here}" if here.isupper() and last.islower() else here for last, here in pairs)
    return " ".join(cut.split())


def _belongs(char: str) -> bool:
    """Say whether a character is part of a hashtag: letters and digits with the signs on them."""
    return char.isalnum() or unicodedata.category(char).startswith("M")
