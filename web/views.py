"""What each template shows: one frozen dataclass per template, made of plain data.

Everything here is ready to show: named in the reader's language, every link made. Words of the
interface itself are in the templates, by message key. ``template`` names the file.
"""

from dataclasses import dataclass
from typing import ClassVar

# -- parts ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Words that came from outside the interface, with the language they are in.

    ``lang`` is empty and ``dir`` is ``auto`` where the language is not known. ``badge`` names the
    language where the reader did not ask for it, else it is empty. ``html`` says that ``text`` is
    safe HTML.
    """

    text: str
    lang: str
    dir: str
    badge: str = ""
    html: bool = False

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Something to go to; ``count`` says how many are behind it."""

    label: Text
    href: str
    count: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day: as the reader writes it, and as machines do (ISO 8601)."""

    text: str
    iso: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A listing in short. ``kind``, ``category`` and ``mode`` are the values of the model."""

    id: str
    href: str
    title: Text
    excerpt: Text
    kind: str
    category: str
    mode: str
    by: Link
    node: str
    is_remote: bool
    is_open: bool
    capacities: tuple[Link, ...]
    more_capacities: int
    languages: str
    regions: str
    until: Day | None
    is_unanswered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of two columns, offers or needs: its cards, and the way to all of them."""

    kind: str
    cards: tuple[Card, ...]
    total: int
    all_href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One line of what is known of something: the key of its name, and what it says."""

    key: str
    values: tuple[Link | Text | Day, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """One reason for or against a match: ``mark`` is ``strong``, ``partly`` or ``not``."""

    mark: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A listing that could meet another; ``strength`` is ``strong``, ``good`` or ``possible``."""

    card: Card
    strength: str
    grounds: tuple[Ground, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A node as its peer table shows it; ``state`` ends the key of a message.

    ``is_sharing`` says that lists are exchanged with it, one way at least.
    """

    name: Text
    authority: str
    href: str
    browse_href: str
    state: str
    follows_us: bool
    is_sharing: bool
    open_listings: int
    heard: Day | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """Something that can be followed: its handle, and the page that says how."""

    acct: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A QR code: how many squares wide, and the dark ones as the path of a drawing."""

    size: int
    path: str


# -- the frame around every page ------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One of the ways in the header: the key of its name, and whether the reader is there."""

    key: str
    href: str
    is_here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tongue:
    """A language the interface speaks, by its own name, and this page in it."""

    tag: str
    name: str
    dir: str
    href: str
    is_here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What surrounds a page: who the node is, where one can go, which language is spoken."""

    name: str
    lang: str
    dir: str
    home_href: str
    language: str
    doors: tuple[Door, ...]
    tongues: tuple[Tongue, ...]
    uselang: str
    authority: str
    catalogue: str
    software: str
    source: str
    stylesheet: str
    icon: str


# -- pages ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What every page has: its title, and the ActivityPub twin of what it shows, if it has one.

    ``canonical`` is the page's own address where it differs from the one asked for, ``form_action``
    what its forms may lead to beside this node.
    """

    template: ClassVar[str]
    title: str
    activity_uri: str = ""
    canonical: str = ""
    status: int = 200
    form_action: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryTile:
    """One part of the menu, with how much of it there is."""

    category: str
    href: str
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeView(View):
    """The front page."""

    template: ClassVar[str] = "home.html"
    summary: Text
    search_href: str
    help_href: str
    ask_href: str
    offers: Side
    needs: Side
    categories: tuple[CategoryTile, ...]
    nodes: tuple[Node, ...]
    about_href: str
    follow: Follow


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A value of a facet: choosing it, or taking it back, is a link."""

    label: Text
    href: str
    count: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetGroup:
    """One side to narrow results from; ``rest`` are the values shown on demand."""

    key: str
    choices: tuple[Choice, ...]
    rest: tuple[Choice, ...]
    is_narrowed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """Something that narrows the results now, with the way to take it back."""

    key: str
    label: Text
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """An option of a select."""

    value: str
    label: Text
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A select of the search form; ``key`` is both its name and the message of its label."""

    key: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One of the three tabs: everything, offers, needs."""

    key: str
    href: str
    count: str
    is_here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowseView(View):
    """Search results with ways to narrow them."""

    template: ClassVar[str] = "browse.html"
    text: str
    action: str
    tabs: tuple[Tab, ...]
    fields: tuple[Field, ...]
    hidden: tuple[tuple[str, str], ...]
    chips: tuple[Chip, ...]
    clear_href: str
    facets: tuple[FacetGroup, ...]
    total: int
    cards: tuple[Card, ...]
    next_href: str
    first_href: str
    capacities_href: str
    follow: Follow | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingView(View):
    """One offer or need."""

    template: ClassVar[str] = "listing.html"
    name: Text
    kind: str
    category: str
    is_open: bool
    texts: tuple[Text, ...]
    text_languages: tuple[str, ...]
    by: Link
    facts: tuple[Fact, ...]
    answers: tuple[Answer, ...]
    similar_href: str
    is_remote: bool
    node: str
    original: str
    original_host: str
    uri: str
    acct: str
    published: Day
    updated: Day | None
    excerpt: str
    is_public: bool
    own_address: str
    locale: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """An affiliate in short."""

    link: Link
    kind: Text
    regions: str
    languages: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeParties:
    """The affiliates of one node."""

    node: str
    is_here: bool
    parties: tuple[Party, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AffiliatesView(View):
    """Every affiliate, node by node."""

    template: ClassVar[str] = "affiliates.html"
    nodes: tuple[NodeParties, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AffiliateView(View):
    """One affiliate, with its offers and needs side by side."""

    template: ClassVar[str] = "affiliate.html"
    name: Text
    kind: Text
    summary: Text
    facts: tuple[Fact, ...]
    follow: Follow
    is_remote: bool
    node: str
    original: str
    original_host: str
    uri: str
    moved_to: str
    moved_host: str
    offers: Side
    needs: Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A capacity in the tree, with what stands under it and what is open for it."""

    link: Link
    definition: Text
    offers: int
    needs: int
    branches: tuple["Branch", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacitiesView(View):
    """The tree of capacities."""

    template: ClassVar[str] = "capacities.html"
    branches: tuple[Branch, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityView(View):
    """One capacity: what it means, what is near it, who can help and who looks for help."""

    template: ClassVar[str] = "capacity.html"
    name: Text
    names: tuple[Text, ...]
    definition: Text
    trail: tuple[Link, ...]
    narrower: tuple[Link, ...]
    also: tuple[Text, ...]
    iri: str
    capacities_href: str
    offers: Side
    needs: Side
    follow: Follow | None
    follow_languages: tuple[Link, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutView(View):
    """What this node is and whom it shares with."""

    template: ClassVar[str] = "about.html"
    summary: Text
    offers: int
    needs: int
    affiliates: int
    capacities: int
    browse_href: str
    affiliates_href: str
    capacities_href: str
    nodes: tuple[Node, ...]
    follow: Follow


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowView(View):
    """How to follow somebody from the reader's own server; ``problem`` ends the key of a message.

    ``account`` is what the reader gave as theirs; ``code`` shows the address to a camera.
    """

    template: ClassVar[str] = "follow.html"
    name: Text
    acct: str
    uri: str
    action: str
    back_href: str
    code: Code | None
    account: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionView(View):
    """Something that was to be opened here, from another server, and is not known here."""

    template: ClassVar[str] = "interaction.html"
    address: str
    original: str
    original_host: str
    command: str
    browse_href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorView(View):
    """Something went wrong; ``problems`` are in English, as the catalogue says them."""

    template: ClassVar[str] = "error.html"
    key: str
    problems: tuple[str, ...]
    home_href: str
    browse_href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizeView(View):
    """What an app asks for, and the form to let it; ``goal`` is where one is sent afterwards."""

    template: ClassVar[str] = "authorize.html"
    app: Text
    goal: str
    action: str
    hidden: tuple[tuple[str, str], ...]
    is_wrong: bool
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeView(View):
    """A code to copy into an app."""

    template: ClassVar[str] = "code.html"
    app: Text
    code: str
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """No page: the answer is elsewhere."""

    href: str


def templates() -> frozenset[str]:
    """Return the name of every template that a view has."""
    return frozenset(view.template for view in View.__subclasses__())
