"""What is served to machines: actors, listings, activities, collections and discovery.

Plain functions of a store: each returns the document for an address, or raises NotHere or Gone.
What a reader may not see looks as if it were not there.
"""

import re
from collections.abc import Sequence
from datetime import timedelta
from html import escape
from typing import Any
from urllib.parse import unquote, urlsplit

from catalogue.addresses import CATALOGUE_HANDLE, Addresses, Path, with_query
from catalogue.correspondence import Message
from catalogue.digest import BUCKETS, audiences_of
from catalogue.finding import counts
from catalogue.model import Actor, Kind, Listing, Role, Visibility
from catalogue.policy import ANYONE, Viewer, may_see
from catalogue.richtext import plain
from catalogue.search import Facet, Query
from catalogue.topics import find_topic_actor
from federation.admission import is_blocked
from federation.errors import Gone, Malformed, NotHere
from federation.guard import MAX_URL, host_of, same_origin
from federation.hints import viewer_at
from federation.keyring import Keyring, Prover
from federation.mapping import note
from federation.mapping.actor import to_document
from federation.mapping.proposal import to_note
from federation.mapping.values import from_moment
from federation.model import Openness, Sent
from federation.outgoing import create, delete, quote_request
from federation.ports import FederationStore
from federation.settings import Settings
from federation.strictjson import parse_object
from federation.vocabulary import (
    ACTIVITY_JSON,
    ACTIVITYSTREAMS,
    APPLICATION_REL,
    DIGEST_CONTEXT,
    INTENT,
    PLAIN_CONTEXT,
    PROFILE_PAGE,
    PROPOSAL_CONTEXT,
    SERVICE_REL,
    SIGNED_CONTEXT,
    SUBSCRIBE,
)

Json = dict[str, Any]

NODEINFO_SCHEMA = "http://nodeinfo.diaspora.software/ns/schema"
MAX_REPLIES = 200  # shown of one listing
NODEINFO_VERSIONS = ("2.1", "2.0")
MONTH = timedelta(days=30)
HALF_YEAR = timedelta(days=180)
FEATURED = 5  # listings that stand at the head of an affiliate's profile elsewhere

_BUCKET = re.compile("[0-9a-f]{2}")


# -- actors ---------------------------------------------------------------------------------------


def actor(store: FederationStore, keyring: Keyring, handle: str) -> Json:
    """Return the document of an affiliate, the catalogue or (by its own handle) the instance."""
    found = get_local(store, handle)
    keys = keyring.public_keys(store, found.uri)
    return to_document(found, keys, store.taxonomy, store.addresses)


STUB = ("@context", "id", "type", "preferredUsername", "inbox", "endpoints", "publicKey")


def stub(document: Json) -> Json:
    """Return what of an actor's document it takes to check what it signs, and to answer it."""
    return {name: document[name] for name in (*STUB, "assertionMethod") if name in document}


def get_local(store: FederationStore, handle: str) -> Actor:
    """Return an actor of this node by its handle, stored or a topic.

    Raises NotHere, or Gone for a deleted one.
    """
    found = store.actors.find_by_handle(handle, store.addresses.authority)
    if found is None:
        found = find_topic_actor(store, handle)
    if found is None:
        if store.tombstones.deleted_at(store.addresses.actor(handle)):
            raise Gone("this actor was deleted")
        raise NotHere("there is no such actor")
    return found


# -- listings and activities ----------------------------------------------------------------------


def listing(store: FederationStore, keyring: Keyring, listing_id: str, viewer: Viewer) -> Json:
    """Return a listing of this node as its object, with its author's proof."""
    found = get_listing(store, listing_id, viewer)
    return _proven_note(store, keyring.prover(store, found.by), found)


def listing_create(
    store: FederationStore, keyring: Keyring, listing_id: str, viewer: Viewer
) -> Json:
    """Return the Create of a listing as it is now, with its author's proof."""
    found = get_listing(store, listing_id, viewer)
    activity = create.build(found, store.taxonomy, store.addresses)
    return keyring.prove(store, activity, owner=found.by, at=found.updated)


def get_listing(store: FederationStore, listing_id: str, viewer: Viewer) -> Listing:
    """Return a listing of this node that ``viewer`` may see; raise NotHere or Gone."""
    address = store.addresses.listing(listing_id)
    found = store.listings.find_by_uri(address)
    if found is None:
        if store.tombstones.deleted_at(address):
            raise Gone("this listing was deleted")
        raise NotHere("there is no such listing")
    if not may_see(found, viewer):
        raise NotHere("there is no such listing")
    return found


def tombstone(store: FederationStore, listing_id: str) -> Json:
    """Return what stands where a deleted listing was."""
    address = store.addresses.listing(listing_id)
    deleted = store.tombstones.deleted_at(address)
    if deleted is None:
        raise NotHere("there is no such listing")
    return delete.tombstone(address, deleted)


def is_public_listing(store: FederationStore, listing_id: str) -> bool:
    """Say whether a listing needs no look at who asks for it."""
    found = store.listings.find_by_uri(store.addresses.listing(listing_id))
    return found is None or may_see(found, ANYONE)


def replies(store: FederationStore, listing_id: str, viewer: Viewer, *, page: bool = False) -> Json:
    """Return the public replies to a listing, by their ids, as one page; what they say stays away.

    A listing that is not public has none to show.
    """
    found = get_listing(store, listing_id, viewer)
    address = store.addresses.at(Path.LISTING_REPLIES, id=found.id)
    items = _reply_ids(store, found) if found.visibility is Visibility.PUBLIC else []
    first = {
        "id": with_query(address, page="true"),
        "type": "CollectionPage",
        "partOf": address,
        "items": items,
    }
    if page:
        return {"@context": ACTIVITYSTREAMS, **first}
    return {
        "@context": ACTIVITYSTREAMS,
        "id": address,
        "type": "Collection",
        "totalItems": len(items),
        "first": first,
    }


def _reply_ids(store: FederationStore, found: Listing) -> list[str]:
    said = store.inquiries.list_public_replies(found.uri, MAX_REPLIES)
    blocked = {author for author in {each.author for each in said} if is_blocked(store, author)}
    return [each.uri for each in said if each.author not in blocked]


def message(store: FederationStore, keyring: Keyring, message_id: str, reader: str | None) -> Json:
    """Return an answer of this node with its author's proof.

    One that is not public is there for the server of whoever was answered, and for nobody else.
    """
    found = store.inquiries.find_message(message_id)
    if found is None and store.tombstones.deleted_at(store.addresses.message(message_id)):
        raise Gone("this message was deleted")
    if found is None or not _may_read(store, found, reader):
        raise NotHere("there is no such message")
    document = {
        "@context": SIGNED_CONTEXT,
        **note.to_document(found, store.actors.find_by_uri(found.to)),
    }
    return keyring.prove(store, document, owner=found.author, at=found.updated)


def _may_read(store: FederationStore, found: Message, reader: str | None) -> bool:
    if not store.addresses.is_ours(found.uri):
        return False  # what others said is to be had from them
    if found.is_public:
        return True
    if reader is None or is_blocked(store, reader):
        return False
    return host_of(reader) == host_of(found.to)


def is_public_message(store: FederationStore, message_id: str) -> bool:
    """Say whether a message needs no look at who asks for it."""
    found = store.inquiries.find_message(message_id)
    return found is None or found.is_public


def message_tombstone(store: FederationStore, message_id: str) -> Json:
    """Return what stands where a public answer was."""
    address = store.addresses.message(message_id)
    deleted = store.tombstones.deleted_at(address)
    if deleted is None:
        raise NotHere("there is no such message")
    return delete.tombstone(address, deleted)


def stamp(store: FederationStore, keyring: Keyring, stamp_id: str) -> Json:
    """Return the consent to a quote of a listing that is still here (FEP-044f)."""
    found = store.quotes.find(stamp_id)
    listing = store.listings.find_by_uri(found.listing) if found else None
    if found is None or listing is None or is_blocked(store, found.asker):
        raise NotHere("there is no such consent")
    document = quote_request.consent(found, listing.by, store.addresses)
    return keyring.prove(store, document, owner=listing.by, at=found.made)


def activity(store: FederationStore, uri: str) -> Sent:
    """Return a public activity of this node as it went out."""
    found = store.activities.find(uri)
    if found is None or not found.is_public:
        raise NotHere("there is no such activity")
    return found


def _proven_note(store: FederationStore, prover: Prover, found: Listing) -> Json:
    note = {
        "@context": PROPOSAL_CONTEXT,
        **to_note(found, store.taxonomy, store.addresses),
    }
    return prover.prove(note, at=found.updated)


def viewer_for(store: FederationStore, reader: str | None) -> Viewer:
    """Return what a signed reader is to this node: a peer when its node follows our catalogue."""
    if reader is None or is_blocked(store, reader):
        return ANYONE
    return viewer_at(store, host_of(reader))


# -- collections ----------------------------------------------------------------------------------


def followers(store: FederationStore, handle: str) -> Json:
    """Return how many follow an actor; who they are stays here."""
    found = get_local(store, handle)
    total = len(store.follows.list_followers(found.uri))
    return _count(store.addresses.at(Path.ACTOR_FOLLOWERS, handle=handle), total)


def following(store: FederationStore, handle: str) -> Json:
    """Return how many an actor follows."""
    found = get_local(store, handle)
    total = len(store.follows.list_following(found.uri))
    return _count(store.addresses.at(Path.ACTOR_FOLLOWING, handle=handle), total)


def _count(address: str, total: int) -> Json:
    return {
        "@context": ACTIVITYSTREAMS,
        "id": address,
        "type": "OrderedCollection",
        "totalItems": total,
    }


def outbox(
    store: FederationStore, handle: str, *, page: bool, before: str | None, limit: int
) -> Json:
    """Return an actor's outbox, or a page of it: public activities, newest first (AP 5.1).

    Each member keeps its own context, so that its proof still holds.
    """
    found = get_local(store, handle)
    path = Path.INSTANCE_OUTBOX if found.role is Role.INSTANCE else Path.ACTOR_OUTBOX
    address = store.addresses.at(path, handle=handle)
    if not page:
        total = store.activities.count_public(found.uri)
        return _root(address, total, with_query(address, page="true"))
    sent = store.activities.list_public(found.uri, before=before, limit=limit + 1)
    documents = [parse_object(each.body) for each in sent[:limit]]
    more = (
        with_query(address, page="true", before=sent[limit - 1].uri) if len(sent) > limit else None
    )
    return _page(address, with_query(address, page="true", before=before), documents, more)


def proposals(
    store: FederationStore,
    keyring: Keyring,
    handle: str,
    *,
    cursor: str | None,
    page: bool,
    viewer: Viewer,
    limit: int,
) -> Json:
    """Return the open listings of an affiliate, or of the whole node for its catalogue.

    The pages carry whole listings with their authors' proofs, so a follower's node reads all of
    them without one further fetch for each.
    """
    found = get_local(store, handle)
    if found.role is Role.TOPIC:
        raise NotHere("a topic has no listings of its own")
    address = store.addresses.at(Path.ACTOR_PROPOSALS, handle=handle)
    query = Query(
        node=store.addresses.authority,
        by=None if found.role is Role.CATALOGUE else found.uri,
        limit=limit,
        cursor=cursor,
        viewer=viewer,
    )
    answer = store.listings.search(query, store.clock.now())
    if not page:
        root = _root(address, answer.total, with_query(address, page="true"))
        return root | _digest_of(store, found, viewer)
    listed = [hit.listing for hit in answer.hits]
    provers = {author: keyring.prover(store, author) for author in {each.by for each in listed}}
    documents = [_proven_note(store, provers[each.by], each) for each in listed]
    more = with_query(address, page="true", cursor=answer.next) if answer.next else None
    return _page(address, with_query(address, page="true", cursor=cursor), documents, more)


def _digest_of(store: FederationStore, found: Actor, viewer: Viewer) -> Json:
    """Return what a catalogue's collection says of its members in short, for this reader."""
    if found.role is not Role.CATALOGUE:
        return {}
    digest, _ = store.digests.whole(store.addresses.authority, audiences_of(viewer))
    return {
        "@context": DIGEST_CONTEXT,
        "digest": digest.hex(),
        "buckets": store.addresses.at(Path.CATALOGUE_DIGEST),
    }


def digests(store: FederationStore, viewer: Viewer) -> Json:
    """Return the digest of each bucket of what a reader may hear of; empty ones are left out."""
    node, audiences = store.addresses.authority, audiences_of(viewer)
    whole, items = store.digests.whole(node, audiences)
    buckets = store.digests.buckets(node, audiences)
    return {
        "@context": DIGEST_CONTEXT,
        "id": store.addresses.at(Path.CATALOGUE_DIGEST),
        "type": "Collection",
        "totalItems": items,
        "digest": whole.hex(),
        "digests": {
            f"{bucket:02x}": digest.hex()
            for bucket, digest in sorted(buckets.items())
            if any(digest)
        },
    }


def bucket(store: FederationStore, name: str, viewer: Viewer) -> Json:
    """Return what a reader may hear of in one bucket: each listing's address and version."""
    if not _BUCKET.fullmatch(name):
        raise Malformed(f"a bucket is two hex digits below {BUCKETS:x}")
    address = store.addresses.at(Path.CATALOGUE_DIGEST)
    members = store.digests.members(store.addresses.authority, int(name, 16), audiences_of(viewer))
    return {
        "@context": DIGEST_CONTEXT,
        "id": with_query(address, bucket=name),
        "type": "CollectionPage",
        "partOf": address,
        "items": [
            {"id": uri, "type": "Note", "updated": from_moment(updated)}
            for uri, updated in members.items()
        ],
    }


def featured(store: FederationStore, keyring: Keyring, handle: str) -> Json:
    """Return the newest open listings of an affiliate, for the head of its profile elsewhere.

    Mastodon, GoToSocial and Takahe ask for it when they meet an actor, so somebody who looks an
    affiliate up there sees what it has to say before anybody on that server follows it. They are
    given in full, because Takahe passes over mere ids.
    """
    found = get_local(store, handle)
    query = Query(node=store.addresses.authority, by=found.uri, limit=FEATURED)
    hits = store.listings.search(query, store.clock.now()).hits
    notes = [
        _proven_note(store, keyring.prover(store, each.listing.by), each.listing) for each in hits
    ]
    address = store.addresses.at(Path.ACTOR_FEATURED, handle=handle)
    return {**_count(address, len(notes)), "orderedItems": notes}


def _root(address: str, total: int, first: str) -> Json:
    return {
        "@context": ACTIVITYSTREAMS,
        "id": address,
        "type": "OrderedCollection",
        "totalItems": total,
        "first": first,
    }


def _page(address: str, page: str, documents: Sequence[Json], more: str | None) -> Json:
    document: Json = {
        "@context": PLAIN_CONTEXT,
        "id": page,
        "type": "OrderedCollectionPage",
        "partOf": address,
        "orderedItems": documents,
    }
    return {**document, "next": more} if more else document


# -- discovery ------------------------------------------------------------------------------------


def webfinger(store: FederationStore, resource: str, rels: Sequence[str] = ()) -> Json:
    """Answer who is meant by an address (RFC 7033); also the server itself (FEP-d556).

    With ``rels`` only the links of these relations are given (RFC 7033 4.3).
    """
    addresses = store.addresses
    if not resource or len(resource) > MAX_URL:
        raise Malformed("say which resource: ?resource=acct:name@host")
    is_server = _path_here(resource, addresses) == ""
    answer = _server(addresses) if is_server else _person(store, _handle(resource, addresses))
    if rels:
        answer["links"] = [link for link in answer["links"] if link["rel"] in rels]
    return answer


def _person(store: FederationStore, handle: str) -> Json:
    found = get_local(store, handle)
    return {
        "subject": f"acct:{found.acct}",
        "aliases": list(dict.fromkeys([found.uri, found.url])),
        "links": [
            {"rel": "self", "type": ACTIVITY_JSON, "href": found.uri},
            {"rel": PROFILE_PAGE, "type": "text/html", "href": found.url},
            *_intents(store.addresses),
        ],
    }


def _intents(addresses: Addresses) -> list[Json]:
    """Return where a reader at another server is sent to do something here (OStatus, FEP-3b86)."""
    offer = addresses.template(Path.INTENT, "object={object}&target={target}", name="offer")
    return [
        {"rel": SUBSCRIBE, "template": addresses.template(Path.INTERACTION, "uri={uri}")},
        *(
            {
                "rel": f"{INTENT}{name}",
                "template": addresses.template(Path.INTENT, "uri={object}", name=name.lower()),
            }
            for name in ("Object", "Follow")
        ),
        {"rel": f"{INTENT}Offer", "template": offer},
    ]


def _handle(resource: str, addresses: Addresses) -> str:
    """Return the handle that a resource names: ``acct:name@host``, an actor's URL or its page."""
    path = _path_here(resource, addresses)
    return _named(resource, addresses) if path is None else _shown_at(path, addresses)


def _path_here(resource: str, addresses: Addresses) -> str | None:
    """Return the path of an address of this node, without slashes at its ends; None for a name.

    Raises NotHere for an address of another host.
    """
    if not resource.lower().startswith(("http://", "https://")):
        return None
    if not same_origin(resource, addresses.base_url):
        raise NotHere("that address belongs to another host")
    parts = urlsplit(resource)
    if parts.query or parts.fragment:
        raise NotHere("there is nobody at that address")
    return unquote(parts.path).strip("/")


def _named(resource: str, addresses: Addresses) -> str:
    """Return the handle in ``acct:name@host`` (RFC 7565), with or without its scheme."""
    name = resource[len("acct:") :] if resource.lower().startswith("acct:") else resource
    handle, separator, host = unquote(name).removeprefix("@").partition("@")
    if not separator or not handle:
        raise Malformed("a resource looks like acct:name@host, or is an address of this node")
    if host.lower() != addresses.authority:
        raise NotHere("that name belongs to another host")
    return handle.lower()


def _shown_at(path: str, addresses: Addresses) -> str:
    """Return the handle of the actor whose address or page this path is."""
    if f"/{path}" == Path.INSTANCE:
        return addresses.authority
    for prefix in (addresses.actor(""), addresses.profile("")):
        start = prefix.removeprefix(addresses.base_url).lstrip("/")
        if path.startswith(start) and "/" not in (handle := path.removeprefix(start)):
            return handle.lower()
    raise NotHere("there is nobody at that address")


def _server(addresses: Addresses) -> Json:
    return {
        "subject": f"{addresses.base_url}/",
        "links": [
            {"rel": SERVICE_REL, "type": ACTIVITY_JSON, "href": addresses.instance},
            {"rel": "self", "type": ACTIVITY_JSON, "href": addresses.instance},
        ],
    }


def host_meta(addresses: Addresses) -> str:
    """Return where WebFinger is asked (RFC 6415)."""
    template = escape(addresses.template(Path.WEBFINGER, "resource={uri}"))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">'
        f'<Link rel="lrdd" template="{template}"/></XRD>\n'
    )


def host_meta_json(addresses: Addresses) -> Json:
    """Return the same as JSON (RFC 6415 3)."""
    template = addresses.template(Path.WEBFINGER, "resource={uri}")
    return {"links": [{"rel": "lrdd", "template": template}]}


def nodeinfo_index(addresses: Addresses) -> Json:
    """Return where NodeInfo is, and the instance actor (FEP-0151, FEP-2677)."""
    links = [
        {
            "rel": f"{NODEINFO_SCHEMA}/{version}",
            "href": addresses.at(Path.NODEINFO, version=version),
        }
        for version in NODEINFO_VERSIONS
    ]
    return {"links": [*links, {"rel": APPLICATION_REL, "href": addresses.instance}]}


def nodeinfo(store: FederationStore, version: str, settings: Settings) -> Json:
    """Return what this node is and how much it holds (NodeInfo 2.0 and 2.1)."""
    if version not in NODEINFO_VERSIONS:
        raise NotHere("there is no such version of NodeInfo")
    node = store.addresses.authority
    affiliates = store.actors.list_by_role(Role.AFFILIATE, node)
    catalogue = get_local(store, CATALOGUE_HANDLE)
    kinds = dict(counts(store, Query(node=node))[Facet.KIND])
    is_on = settings.openness is not Openness.OFF
    software = {"name": "capacity-exchange", "version": settings.version}
    if settings.source and version == "2.1":  # 2.0 knows neither
        software |= {"repository": settings.source, "homepage": settings.source}
    now = store.clock.now()
    return {
        "version": version,
        "software": software,
        "protocols": ["activitypub"] if is_on else [],
        "services": {"inbound": [], "outbound": []},
        "openRegistrations": False,
        "usage": {
            "users": {
                "total": len(affiliates),
                "activeMonth": store.listings.count_authors(node, now - MONTH),
                "activeHalfyear": store.listings.count_authors(node, now - HALF_YEAR),
            },
            "localPosts": sum(kinds.values()),
        },
        "metadata": {
            "nodeName": catalogue.name,
            "nodeDescription": plain(catalogue.summary.main.text),
            "federation": {"enabled": is_on},
            "capacityExchange": {
                "openOffers": kinds.get(Kind.OFFER, 0),
                "openNeeds": kinds.get(Kind.NEED, 0),
                "catalogue": catalogue.uri,
                "proposals": store.addresses.at(Path.ACTOR_PROPOSALS, handle=CATALOGUE_HANDLE),
            },
        },
    }
