"""Topics: what can be followed by itself, without following a whole node.

A capacity, a capacity in one language, or a region; each is an actor of this node, derived from the
taxonomy and never stored. A topic exists while it has something to say, which is an open public
listing known here that fits, and for good once somebody has followed it. A listing fits

- a capacity, when it names it or a narrower one,
- a capacity in a language, when it is also given, or else written, in that language,
- a region, when it names it or a country in it: just as it is found by narrowing a search.

A topic is told of a listing that is new, or that an edit makes fit. What was published long ago is
no news, however late it gets here, so reading a node's catalogue from its beginning is silent.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from itertools import islice

from catalogue.events import TopicsReached
from catalogue.finding import counts, find
from catalogue.language import UNDETERMINED, primary
from catalogue.model import Actor, Listing, Role, Visibility
from catalogue.ports import Store
from catalogue.search import Facet, Query
from catalogue.taxonomy import Scheme, Taxonomy, language_name

NEWS = timedelta(days=2)  # how old what is announced may be: as long as a delivery is tried
NO_LANGUAGE = {UNDETERMINED, "mis", "mul", "zxx"}  # BCP 47 for none, several or others
MAX_TOPICS = 500  # that one listing can fit; those of the capacities it names come first


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A capacity, a capacity in one language, or a region."""

    capacity: str = ""
    language: str = ""
    region: str = ""

    @property
    def handle(self) -> str:
        """The name by which the fediverse finds it: ``governance``, ``governance.fr``, ``pl``."""
        name = (self.capacity or self.region).lower()
        return f"{name}.{self.language}" if self.language else name

    @property
    def query(self) -> Query:
        """The search that finds what fits."""
        return Query(
            capacities=(self.capacity,) if self.capacity else (),
            languages=(self.language,) if self.language else (),
            regions=(self.region,) if self.region else (),
            limit=1,
        )


# -- which there are ------------------------------------------------------------------------------


def find_topic(taxonomy: Taxonomy, handle: str) -> Topic | None:
    """Return the topic with this handle, in any letter case; None for words that are not known."""
    name, dot, language = handle.lower().partition(".")
    if name in taxonomy.capacities:
        if not dot:
            return Topic(capacity=name)
        return Topic(capacity=name, language=language) if _is_language(language) else None
    region = taxonomy.regions.find(name.upper())
    return Topic(region=region.id) if region and not dot else None


def find_topic_actor(store: Store, handle: str) -> Actor | None:
    """Return the actor of the topic with this handle, or None where there is none to follow."""
    topic = find_topic(store.taxonomy, handle)
    return _actor(store, topic) if topic and exists(store, topic) else None


def find_local(store: Store, uri: str) -> Actor | None:
    """Return the actor of this node with this URI, stored or a topic, or None."""
    if not store.addresses.is_ours(uri):
        return None
    stored = store.actors.find_by_uri(uri)
    if stored is not None:
        return stored
    topic = find_topic_actor(store, uri.removeprefix(store.addresses.actor("")))
    return topic if topic and topic.uri == uri else None


def is_topic(store: Store, uri: str) -> bool:
    """Say whether this is the address of a topic of this node and of no stored actor.

    Whether it has something to say does not matter here.
    """
    prefix = store.addresses.actor("")
    topic = find_topic(store.taxonomy, uri.removeprefix(prefix)) if uri.startswith(prefix) else None
    if topic is None or store.addresses.actor(topic.handle) != uri:
        return False
    return store.actors.find_by_uri(uri) is None


def exists(store: Store, topic: Topic) -> bool:
    """Say whether a topic can be followed; an affiliate that has its handle goes before it."""
    uri = store.addresses.actor(topic.handle)
    if store.actors.find_by_uri(uri) or store.tombstones.deleted_at(uri):
        return False
    return store.follows.was_followed(uri) or find(store, topic.query).total > 0


def list_topics(store: Store) -> list[Topic]:
    """Return every topic that exists, by handle."""
    tally = counts(store, Query(limit=1))
    pairs = store.listings.languages_by_capacity(store.clock.now())
    regions = _with_broader(store.taxonomy.regions, [value for value, _ in tally[Facet.REGION]])
    spoken = _spoken(store.taxonomy.capacities, pairs)
    speaking = [
        *(Topic(region=region) for region in regions),
        *(Topic(capacity=capacity) for capacity in spoken),
        *(
            Topic(capacity=capacity, language=language)
            for capacity, languages in spoken.items()
            for language in languages
        ),
    ]
    once = (
        find_topic(store.taxonomy, uri.removeprefix(store.addresses.actor("")))
        for uri in store.follows.list_once_followed(store.addresses.actor(""))
    )
    found = {each.handle: each for each in (*speaking, *once) if each}
    uris = {handle: store.addresses.actor(handle) for handle in sorted(found)}
    taken = store.actors.find_many(uris.values())
    return [found[handle] for handle, uri in uris.items() if uri not in taken]


def _spoken(scheme: Scheme, pairs: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Return the languages in which there is something about each capacity or a narrower one."""
    found: dict[str, dict[str, None]] = {}
    for capacity, languages in pairs.items():
        for each in _with_broader(scheme, [capacity]):
            found.setdefault(each, {}).update(dict.fromkeys(filter(_is_language, languages)))
    return {capacity: list(languages) for capacity, languages in found.items()}


@lru_cache(maxsize=1024)
def _is_language(tag: str) -> bool:
    """Say whether a handle may end in this: a language by its primary subtag, known to CLDR."""
    if tag in NO_LANGUAGE or not (tag.isascii() and tag.isalpha()):
        return False
    return language_name(tag).language != UNDETERMINED


# -- who they are ---------------------------------------------------------------------------------


def _actor(store: Store, topic: Topic) -> Actor:
    """Return a topic as an actor; it is as old as the node's catalogue, whose voice it is.

    Its one language is that in which it introduces itself.
    """
    addresses = store.addresses
    catalogue = store.actors.find_by_uri(addresses.catalogue)
    born = catalogue.published if catalogue else store.clock.now()
    spoken = ((topic.language,) if topic.language else catalogue.languages if catalogue else ())[:1]
    return Actor(
        id=topic.handle,
        uri=addresses.actor(topic.handle),
        url=addresses.profile(topic.handle),
        role=Role.TOPIC,
        handle=topic.handle,
        acct=addresses.acct(topic.handle),
        name=name_of(store.taxonomy, topic, spoken),
        node=addresses.authority,
        regions=(topic.region,) if topic.region else (),
        languages=spoken,
        published=born,
        updated=born,
    )


def name_of(taxonomy: Taxonomy, topic: Topic, languages: Iterable[str] = ()) -> str:
    """Return what a topic is called for a reader of ``languages``."""
    readers = tuple(languages)
    if topic.region:
        return taxonomy.regions.label(topic.region, readers).text
    label = taxonomy.capacities.label(topic.capacity, readers).text
    return f"{label} ({language_name(topic.language, readers).text})" if topic.language else label


# -- what they hear -------------------------------------------------------------------------------


def topics_of(listing: Listing, taxonomy: Taxonomy) -> tuple[Topic, ...]:
    """Return every topic that a listing fits, whoever may see it."""
    return tuple(islice(dict.fromkeys(_topics_of(listing, taxonomy)), MAX_TOPICS))


def _topics_of(listing: Listing, taxonomy: Taxonomy) -> Iterator[Topic]:
    said = listing.delivery_languages or tuple(listing.title)  # as Facet.LANGUAGE has it
    languages = [each for each in dict.fromkeys(map(primary, said)) if _is_language(each)]
    for capacity in _with_broader(taxonomy.capacities, listing.capacities):
        yield Topic(capacity=capacity)
        yield from (Topic(capacity=capacity, language=language) for language in languages)
    for region in _with_broader(taxonomy.regions, listing.regions):
        yield Topic(region=region)


def _with_broader(scheme: Scheme, ids: Iterable[str]) -> list[str]:
    known = [each for each in ids if each in scheme]
    return list(dict.fromkeys([*known, *(far for each in known for far in scheme.above(each))]))


def reach(store: Store, listing: Listing, before: Listing | None = None) -> None:
    """Record which topics that somebody follows a listing fits and did not fit ``before``."""
    now = store.clock.now()
    since = listing.updated if before else listing.published
    if listing.visibility is not Visibility.PUBLIC or not listing.is_open(now):
        return
    if now - since > NEWS or (before is None and listing.same_as):  # it only lives elsewhere now
        return
    known = set(topics_of(before, store.taxonomy)) if before else set()
    fresh = [each for each in topics_of(listing, store.taxonomy) if each not in known]
    if topics := _followed(store, fresh):
        store.events.record(TopicsReached(listing=listing.id, topics=topics))


def followed_topics(store: Store, listing: Listing) -> tuple[str, ...]:
    """Return the handles of the topics that a listing fits and that somebody follows."""
    if listing.visibility is not Visibility.PUBLIC:
        return ()
    return _followed(store, topics_of(listing, store.taxonomy))


def _followed(store: Store, topics: Iterable[Topic]) -> tuple[str, ...]:
    start = store.addresses.actor("")  # handles of topics need no encoding
    by_uri = {start + handle: handle for handle in (each.handle for each in topics)}
    followed = store.follows.followed_among(list(by_uri))
    return tuple(handle for uri, handle in by_uri.items() if uri in followed)
