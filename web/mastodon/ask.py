"""One question of an app, and the reply to it: what every call is given and gives back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from catalogue.addresses import ApiPath, with_query
from catalogue.model import Listing, Member
from catalogue.policy import ANYONE, MEMBER, Viewer
from catalogue.taxonomy import Taxonomy
from catalogue.timeline import Placed
from web.accounts import AccountStore, Holder
from web.mastodon.errors import NoMember
from web.mastodon.params import Params
from web.site import Site


class Posts(Protocol):
    """How the fediverse sees a listing; federation knows, and the roof brings it here."""

    def html(self, listing: Listing, language: str, taxonomy: Taxonomy) -> str:
        """Return the HTML of a listing's post in one of its languages."""
        ...

    def hashtags(self, listing: Listing, language: str, taxonomy: Taxonomy) -> Sequence[str]:
        """Return its hashtags, without ``#``."""
        ...


class Access(Enum):
    """Whom a call is for."""

    OPEN = "anyone"
    APP = "an app with a token"
    MEMBER = "a member"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is asked, by whom, in which languages. ``icon`` is the address of our picture."""

    site: Site
    posts: Posts
    path: ApiPath
    parts: Mapping[str, str]
    params: Params
    languages: tuple[str, ...]
    icon: str
    holder: Holder | None = None

    @property
    def viewer(self) -> Viewer:
        """Whose eyes see: a member's, or anyone's."""
        return MEMBER if self.holder and self.holder.member else ANYONE

    @property
    def member(self) -> Member:
        """The member who is signed in; raises NoMember."""
        if self.holder is None or self.holder.member is None:
            raise NoMember
        return self.holder.member


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is answered, as JSON; ``links`` by their relation go into the header ``Link``."""

    data: Any
    links: Mapping[str, str] = field(default_factory=dict)


Call = Callable[[AccountStore, Ask], Reply]


def paged(ask: Ask, data: Any, shown: Sequence[Placed], *kept: str) -> Reply:
    """Return a reply that says where its neighbours are (docs.joinmastodon.org/api/guidelines).

    ``kept`` are the parameters that go along.
    """
    if not shown:
        return Reply(data=data)
    here = ask.site.addresses.at(ask.path, **ask.parts)
    along = {name: ask.params.first(name) or None for name in ("limit", *kept)}
    return Reply(
        data=data,
        links={
            "next": with_query(here, **along, max_id=str(shown[-1].place)),
            "prev": with_query(here, **along, min_id=str(shown[0].place)),
        },
    )
