"""From events to activities on their way: who is told what.

====================  ============================  ===========================================
listing is            the author's followers get    the catalogue's followers get
====================  ============================  ===========================================
new, public           Create                        nodes: Create; everyone else: Announce
changed, public       Update                        Update
deleted, public       Delete                        Delete
for the network       –                             nodes: Create, Update, Delete
for followers         nodes: the same three         –
for this node         –                             –
a changed actor       Update                        Update
a moved affiliate     Move                          Move
====================  ============================  ===========================================

An answer goes to whoever asked, and to nobody else. Every activity carries its actor's proof
(FEP-8b32).

====================  =========================================================================
listing, public, is   the followers of each topic that it fits get
====================  =========================================================================
new, or new to it     Announce by the topic, once; of our node or of one that we follow
changed, of our node  Update, so that what was announced to them does not stay wrong
deleted, of our node  Delete, likewise
====================  =========================================================================

A node of the exchange that follows the catalogue gets the author's own signed activity, so it never
has to fetch a listing; others get the Announce that their software shows. What is not public goes
only to nodes of the exchange, because elsewhere addressing is no access control. One event is told
in one transaction with its deliveries, so a crash tells it again, under the same ids.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, assert_never

from catalogue.addresses import Addresses
from catalogue.correspondence import Message
from catalogue.events import (
    ActorChanged,
    ActorMoved,
    AnswerDeleted,
    AnswerEdited,
    AnswerGiven,
    Event,
    FollowAnswered,
    FollowRequested,
    FollowWithdrawn,
    ListingDeleted,
    ListingEdited,
    ListingPublished,
    QuoteAnswered,
    TopicsReached,
)
from catalogue.model import Actor, Follow, Listing, Visibility
from catalogue.topics import followed_topics
from federation.guard import host_of
from federation.keyring import Keyring
from federation.mapping import note
from federation.mapping.actor import to_document
from federation.mapping.values import to_bytes
from federation.model import Party, Sent
from federation.outgoing import (
    accept,
    announce,
    create,
    delete,
    follow,
    move,
    quote_request,
    undo,
    update,
)
from federation.ports import FederationStore

BATCH = 32

Answer = Callable[[Message, dict[str, Any], Addresses], dict[str, Any]]


def tell_pending(store: FederationStore, keyring: Keyring) -> int:
    """Turn the oldest untold events into deliveries; return how many events that was."""
    pending = store.events.next_pending(BATCH)
    for seq, event in pending:
        _tell(store, keyring, event)
        store.events.told(seq)
    return len(pending)


def _tell(store: FederationStore, keyring: Keyring, event: Event) -> None:
    match event:
        case ListingPublished(listing=listing_id):
            if listing := store.listings.find(listing_id):
                _tell_published(store, keyring, listing)
        case ListingEdited(listing=listing_id):
            if listing := store.listings.find(listing_id):
                _tell_edited(store, keyring, listing)
        case ListingDeleted():
            _tell_deleted(store, keyring, event)
        case ActorChanged(actor=uri):
            if actor := store.actors.find_by_uri(uri):
                _tell_changed(store, keyring, actor)
        case ActorMoved(actor=uri, target=target):
            _tell_moved(store, keyring, uri, target)
        case TopicsReached():
            _tell_topics(store, keyring, event)
        case FollowRequested(follow=asked):
            _send_to(store, keyring, follow.build(asked), asked.followed)
        case FollowAnswered(follow=answered):
            _send_to(store, keyring, _answer(store, answered), answered.follower)
        case FollowWithdrawn(follow=withdrawn):
            uri = store.addresses.activity("undo", store.ids.new())
            _send_to(store, keyring, undo.build(withdrawn, uri), withdrawn.followed)
        case AnswerGiven(message=message_id) | AnswerEdited(message=message_id):
            if message := store.inquiries.find_message(message_id):
                verb = create.answer if isinstance(event, AnswerGiven) else update.answer
                _tell_answer(store, keyring, message, verb)
        case AnswerDeleted():
            activity = delete.answer(event)
            store.activities.forget(event.uri)
            _send_to(store, keyring, activity, event.to, is_public=event.is_public)
        case QuoteAnswered():
            verb_name = "reject" if event.stamp is None else "accept"
            uri = store.addresses.activity(verb_name, store.ids.new())
            answer = quote_request.build(event, uri, store.addresses)
            _send_to(store, keyring, answer, event.asker)
        case _:
            assert_never(event)


def _tell_published(store: FederationStore, keyring: Keyring, listing: Listing) -> None:
    activity = create.build(listing, store.taxonomy, store.addresses)
    nodes, others = _catalogue_followers(store)
    parties = _audience(store, listing.by, listing.visibility, nodes)
    if listing.same_as:
        parties += _former_places(store, listing.by)
    _send(store, keyring, activity, parties, at=listing.published, visibility=listing.visibility)
    if listing.visibility is Visibility.PUBLIC:
        passed_on = announce.build(listing, store.addresses)
        _send(store, keyring, passed_on, others, at=listing.published, visibility=Visibility.PUBLIC)


def _tell_edited(store: FederationStore, keyring: Keyring, listing: Listing) -> None:
    activity = update.build(listing, store.taxonomy, store.addresses)
    parties = _audience(store, listing.by, listing.visibility, _everyone(store))
    parties += _topic_followers(store, followed_topics(store, listing))
    _send(store, keyring, activity, parties, at=listing.updated, visibility=listing.visibility)


def _tell_deleted(store: FederationStore, keyring: Keyring, event: ListingDeleted) -> None:
    parties = _audience(store, event.by, event.visibility, _everyone(store))
    parties += _topic_followers(store, event.topics)
    activity = delete.build(event, store.addresses)
    store.activities.hide(event.uri)
    _send(store, keyring, activity, parties, at=event.deleted, visibility=event.visibility)
    for stamp in store.quotes.list_of(event.uri):
        withdrawn = quote_request.withdrawal(stamp, event.by, store.addresses)
        _send_to(store, keyring, withdrawn, stamp.asker)
    store.quotes.remove_of(event.uri)


def _tell_answer(store: FederationStore, keyring: Keyring, message: Message, verb: Answer) -> None:
    document = note.to_document(message, store.actors.find_by_uri(message.to))
    activity = verb(message, document, store.addresses)
    _send_to(store, keyring, activity, message.to, is_public=message.is_public)


def _tell_changed(store: FederationStore, keyring: Keyring, actor: Actor) -> None:
    keys = keyring.public_keys(store, actor.uri)
    document = to_document(actor, keys, store.taxonomy, store.addresses)
    activity = update.build_actor(document, actor.updated)
    parties = _audience(store, actor.uri, Visibility.PUBLIC, _everyone(store))
    _send(store, keyring, activity, parties, at=actor.updated, visibility=Visibility.PUBLIC)


def _tell_moved(store: FederationStore, keyring: Keyring, actor: str, target: str) -> None:
    parties = _audience(store, actor, Visibility.PUBLIC, _everyone(store))
    there = store.parties.find(target)
    _send(
        store,
        keyring,
        move.build(actor, target),
        [*parties, *([there] if there else [])],
        at=store.clock.now(),
        visibility=Visibility.PUBLIC,
    )


def _tell_topics(store: FederationStore, keyring: Keyring, event: TopicsReached) -> None:
    """Announce a listing in the name of each topic, if none of them did so before."""
    listing, now = store.listings.find(event.listing), store.clock.now()
    if listing is None or listing.visibility is not Visibility.PUBLIC or not listing.is_open(now):
        return
    addresses = store.addresses
    uris = {handle: addresses.announce(listing.id, handle) for handle in event.topics}
    said = store.activities.known_among(uris.values())
    parties = _followers_of_any(store, [addresses.actor(handle) for handle in event.topics])
    for handle, uri in uris.items():
        if uri not in said:
            activity = announce.build(listing, addresses, by=handle, at=now)
            told = parties.get(addresses.actor(handle), [])
            _send(store, keyring, activity, told, at=now, visibility=Visibility.PUBLIC)


def _answer(store: FederationStore, answered: Follow) -> dict[str, Any]:
    verb = accept.VERBS[answered.state].lower()
    return accept.build(answered, store.addresses.activity(verb, store.ids.new()))


# -- who is told ----------------------------------------------------------------------------------


def _audience(
    store: FederationStore, author: str, visibility: Visibility, of_catalogue: Iterable[Party]
) -> list[Party]:
    """Return who hears of an author's listing, given the catalogue's followers that may."""
    match visibility:
        case Visibility.PUBLIC:
            return [*_followers(store, author), *of_catalogue]
        case Visibility.NETWORK:
            return [party for party in of_catalogue if party.is_exchange]
        case Visibility.FOLLOWERS:
            return [party for party in _followers(store, author) if party.is_exchange]
        case Visibility.NODE:
            return []


def _followers(store: FederationStore, actor: str) -> list[Party]:
    follows = store.follows.list_followers(actor)
    known = store.parties.find_many(each.follower for each in follows)
    return [known[each.follower] for each in follows if each.follower in known]


def _former_places(store: FederationStore, author: str) -> list[Party]:
    """Return the actors an author was before: their servers let go what it has taken along."""
    actor = store.actors.find_by_uri(author)
    return [*store.parties.find_many(actor.also_known_as).values()] if actor else []


def _followers_of_any(store: FederationStore, actors: Iterable[str]) -> dict[str, list[Party]]:
    """Return the followers of several actors of this node, by actor; two look-ups for all."""
    follows = store.follows.list_followers_of_any(actors)
    known = store.parties.find_many(each.follower for each in follows)
    found: dict[str, list[Party]] = {}
    for each in follows:
        if each.follower in known:
            found.setdefault(each.followed, []).append(known[each.follower])
    return found


def _topic_followers(store: FederationStore, topics: Iterable[str]) -> list[Party]:
    """Return who follows any of these topics, named by their handles."""
    found = _followers_of_any(store, map(store.addresses.actor, topics))
    return [party for parties in found.values() for party in parties]


def _everyone(store: FederationStore) -> list[Party]:
    return _followers(store, store.addresses.catalogue)


def _catalogue_followers(store: FederationStore) -> tuple[list[Party], list[Party]]:
    """Return the catalogue's followers: nodes of the exchange, and all others."""
    everyone = _everyone(store)
    nodes = [party for party in everyone if party.is_exchange]
    return nodes, [party for party in everyone if not party.is_exchange]


# -- on their way ---------------------------------------------------------------------------------


def _send(
    store: FederationStore,
    keyring: Keyring,
    activity: dict[str, Any],
    parties: Iterable[Party],
    *,
    at: datetime,
    visibility: Visibility,
) -> None:
    """Sign an activity, keep it, and put it on its way to each server once."""
    if visibility is Visibility.NODE:
        return
    proven = keyring.prove(store, activity, owner=activity["actor"], at=at)
    _keep(store, proven, at=at, is_public=visibility is Visibility.PUBLIC)
    _deliver(store, proven, [party.best_inbox for party in parties])


def _send_to(
    store: FederationStore,
    keyring: Keyring,
    activity: dict[str, Any],
    to: str,
    *,
    is_public: bool = False,
) -> None:
    """Sign an activity that is for one other actor, keep it, and send it to their own inbox.

    Whoever blocked its actor gets none (AP 6.9), but for a Delete: that takes back what they have.
    """
    now = store.clock.now()
    proven = keyring.prove(store, activity, owner=activity["actor"], at=now)
    _keep(store, proven, at=now, is_public=is_public)
    is_refused = activity["type"] != "Delete" and store.blocks.is_refused(to, activity["actor"])
    if not is_refused and (party := store.parties.find(to)):
        _deliver(store, proven, [party.inbox])


def _keep(
    store: FederationStore, activity: dict[str, Any], *, at: datetime, is_public: bool
) -> None:
    store.activities.put(
        Sent(
            uri=activity["id"],
            actor=activity["actor"],
            body=to_bytes(activity),
            published=at,
            is_public=is_public,
        )
    )


def _deliver(store: FederationStore, activity: dict[str, Any], inboxes: Iterable[str]) -> None:
    allowed = [
        inbox for inbox in dict.fromkeys(inboxes) if not store.hosts.is_blocked(host_of(inbox))
    ]
    store.deliveries.add(
        activity["id"], actor=activity["actor"], inboxes=allowed, at=store.clock.now()
    )
