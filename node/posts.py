"""How the fediverse sees a listing: federation's words, brought to the door for apps."""

from catalogue.addresses import Addresses
from catalogue.model import Listing
from catalogue.taxonomy import Taxonomy
from federation.mapping import post


class Posts:
    """The posts of this node, and of others' listings, whose hashtags lead to our own pages."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses

    def html(self, listing: Listing, language: str, taxonomy: Taxonomy) -> str:
        """Return the HTML of a listing's post in one of its languages."""
        return post.content(listing, language, taxonomy, self._addresses)

    def hashtags(self, listing: Listing, language: str, taxonomy: Taxonomy) -> list[str]:
        """Return its hashtags, without ``#``."""
        return post.hashtags(listing, language, taxonomy)
