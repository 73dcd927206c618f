"""A listing on the wire: a ``Note`` that every server shows and that carries the FEP-0837 Proposal.

Out: one object per offer or need, its main language first in ``contentMap``; what it is about as
concept IRIs in ``resourceConformsTo`` (one) and ``resourceClassifiedAs`` (the rest: capacities,
category, methods, mode). In: a Note or Proposal whose ``purpose`` is offer or request and that
publishes an Intent; unknown concepts are kept as their IRIs, text is sanitised, lengths are cut.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from catalogue.addresses import VOCABULARY, Addresses, Path, concept, with_query
from catalogue.language import LanguageMap, is_language_tag
from catalogue.listings import MAX_TITLE, MAX_VALUES, SKEW
from catalogue.model import Category, Kind, Listing, Mode, Status, Visibility
from catalogue.richtext import MAX_HTML, clean, plain
from catalogue.taxonomy import Scheme, Taxonomy
from federation.errors import Malformed
from federation.guard import host_of, same_origin
from federation.mapping import post
from federation.mapping.values import (
    Document,
    decimal,
    from_moment,
    get_id,
    id_of,
    ids_of,
    items,
    language_map,
    line,
    moment,
    string,
    types_of,
    uri,
)
from federation.vocabulary import PROPOSAL_IRI, PUBLIC, PUBLIC_FORMS

PURPOSES = {"offer": Kind.OFFER, "request": Kind.NEED}  # FEP-0837 Proposal
ACTIONS = {
    Category.SKILL: "deliverService",
    Category.SERVICE: "deliverService",
    Category.RESOURCE: "use",
    Category.FUNDING: "transfer",
}
MAX_SAME_AS = 10

CATEGORY = f"{VOCABULARY}category/"
METHOD = f"{VOCABULARY}method/"
MODE = f"{VOCABULARY}mode/"
CURRENCY = f"{VOCABULARY}currency/"


def is_proposal(document: Any) -> bool:
    """Say whether an object is an offer or a need (FEP-0837), whatever else it may be."""
    return (
        isinstance(document, dict)
        and bool(types_of(document) & {"Note", "Proposal"})
        and string(document.get("purpose"), 10) in PURPOSES
        and isinstance(document.get("publishes"), dict)
    )


# -- out ------------------------------------------------------------------------------------------


def to_note(listing: Listing, taxonomy: Taxonomy, addresses: Addresses) -> dict[str, Any]:
    """Return a listing of this node as its object, without ``@context`` and ``proof``."""
    main = listing.title.main.language
    contents = {
        language: post.content(listing, language, taxonomy, addresses)
        for language in [main, *(each for each in listing.title if each in listing.text)]
    }
    to, cc = audience(listing.visibility, listing.by, addresses)
    note: dict[str, Any] = {
        "id": listing.uri,
        "type": "Note",
        "additionalType": PROPOSAL_IRI,
        "purpose": "offer" if listing.kind is Kind.OFFER else "request",
        "attributedTo": listing.by,
        "url": listing.url,
        "published": from_moment(listing.published),
        "to": to,
        "cc": cc,
        "content": contents[main],
        "contentMap": contents,
        "sensitive": False,
        "tag": [
            {"type": "Hashtag", "name": f"#{tag}", "href": addresses.tag(tag)}
            for tag in post.hashtags(listing, main, taxonomy)
        ],
        "areaServed": [taxonomy.regions.iri_of(region) for region in listing.regions],
        "availableLanguage": list(listing.delivery_languages),
        "publishes": _intent(listing, taxonomy),
        "replies": _replies(addresses.at(Path.LISTING_REPLIES, id=listing.id)),
    }
    if listing.updated > listing.published:
        note["updated"] = from_moment(listing.updated)
    if listing.until is not None:
        note["endTime"] = from_moment(listing.until)
    if listing.same_as:
        note["sameAs"] = list(listing.same_as)
    if listing.audience:
        note["targetAudience"] = dict(listing.audience)
    if listing.visibility is Visibility.PUBLIC:
        note["interactionPolicy"] = _policy(listing)
    return note


def _replies(address: str) -> dict[str, Any]:
    """Return where the replies are, as Mastodon says it: GoToSocial wants to see a first page.

    It is empty and always the same, so that a reply changes neither the object nor its proof.
    """
    first = {
        "type": "CollectionPage",
        "next": with_query(address, page="true"),
        "partOf": address,
        "items": [],
    }
    return {"id": address, "type": "Collection", "first": first}


def _policy(listing: Listing) -> dict[str, Any]:
    """Return who may reply and quote without being asked (FEP-044f, GoToSocial)."""
    whoever = {"automaticApproval": [PUBLIC if post.is_asked_here(listing) else listing.by]}
    return {"canReply": {"automaticApproval": [PUBLIC]}, "canQuote": whoever}


def audience(visibility: Visibility, by: str, addresses: Addresses) -> tuple[list[str], list[str]]:
    """Return ``to`` and ``cc`` for a visibility (ActivityPub 5.6, 7.1)."""
    followers = f"{by}/followers"
    if visibility is Visibility.PUBLIC:
        return [PUBLIC], [followers]
    if visibility is Visibility.FOLLOWERS:
        return [followers], []
    return [f"{addresses.catalogue}/followers"], []


def _intent(listing: Listing, taxonomy: Taxonomy) -> dict[str, Any]:
    """Return the primary intent (FEP-0837 Intent)."""
    conforms, classified = _classification(listing, taxonomy)
    side = "provider" if listing.kind is Kind.OFFER else "receiver"
    intent = {
        "id": f"{listing.uri}#primary",
        "type": "Intent",
        "name": listing.title.main.text,
        "nameMap": dict(listing.title),
        "content": listing.text.main.text,
        "contentMap": dict(listing.text),
        "action": ACTIONS[listing.category],
        side: listing.by,
        "resourceConformsTo": conforms,
        "resourceClassifiedAs": classified,
        "resourceQuantity": _quantity(listing),
        "finished": listing.status is Status.CLOSED,
    }
    if listing.amount is not None and listing.hours is not None:
        intent["effortQuantity"] = _time(listing.hours)
    return intent


def _classification(listing: Listing, taxonomy: Taxonomy) -> tuple[str, list[str]]:
    """Return the one concept it conforms to, for readers that take one, and all the others."""
    capacities = [taxonomy.capacities.iri_of(each) for each in listing.capacities]
    others = [
        concept("category", listing.category),
        *(taxonomy.methods.iri_of(each) for each in listing.methods),
        concept("mode", listing.mode),
    ]
    if listing.currency is not None:
        return CURRENCY + listing.currency, [*capacities, *others]
    if capacities:
        return capacities[0], [*capacities[1:], *others]
    return others[0], others[1:]


def _quantity(listing: Listing) -> dict[str, str]:
    if listing.amount is not None:
        return {"hasUnit": "one", "hasNumericalValue": f"{listing.amount:f}"}
    if listing.hours is not None:
        return _time(listing.hours)
    return {"hasUnit": "one", "hasNumericalValue": "1"}


def _time(hours: Decimal) -> dict[str, str]:
    return {"hasUnit": "hour", "hasNumericalValue": f"{hours:f}"}


# -- in -------------------------------------------------------------------------------------------


def from_note(document: Document, taxonomy: Taxonomy, *, local_id: str, now: datetime) -> Listing:
    """Return the listing that an object of another node says; ``local_id`` names it here.

    Raises Malformed when a part without which there is no listing is missing or has no sense.
    """
    if not is_proposal(document):
        raise Malformed("the object is not an offer or a need")
    intent = document["publishes"]
    address, by = get_id(document), get_id(document, "attributedTo")
    published = moment(document.get("published"))
    updated = moment(document.get("updated")) or published or now
    concepts = _concepts(intent)
    currency = _currency(concepts)
    title, text = _texts(document, intent)
    url = uri(document.get("url"))
    return Listing(
        id=local_id,
        uri=address,
        url=url if url and same_origin(url, address) else address,
        by=by,
        node=host_of(address),
        kind=PURPOSES[document["purpose"]],
        category=_category(intent, concepts),
        title=title,
        text=text,
        capacities=_capacities(concepts, taxonomy),
        methods=_of_scheme(concepts, METHOD, taxonomy.methods),
        delivery_languages=_languages(document),
        regions=_limited(map(taxonomy.regions.id_of, _uris(document.get("areaServed")))),
        mode=_mode(concepts),
        audience=_plain_map(document.get("targetAudience")),
        hours=_amount_in(intent, "hour"),
        amount=_amount_in(intent, "one") if currency else None,
        currency=currency,
        until=moment(document.get("endTime")),
        visibility=_visibility(document, by),
        status=Status.CLOSED if intent.get("finished") is True else Status.OPEN,
        same_as=same_as(document),
        published=not_ahead(min(published or updated, updated), now),
        updated=updated,
    )


def _texts(document: Document, intent: Document) -> tuple[LanguageMap, LanguageMap]:
    """Return title and text: from the intent, else out of the post itself."""
    title = _mapped(language_map(intent, "name", 4 * MAX_TITLE), _title)
    text = _mapped(language_map(intent, "content", MAX_HTML), clean)
    if not text:
        text = _mapped(language_map(document, "content", MAX_HTML), clean)
    if not title:
        title = _mapped(text, lambda each: _title(plain(each)))
    if not title or not text:
        raise Malformed("the listing has neither title nor text")
    return title, text


def _title(text: str) -> str:
    return line(text, MAX_TITLE)


def _mapped(texts: LanguageMap, change: Callable[[str], str]) -> LanguageMap:
    changed = {language: change(text) for language, text in texts.items()}
    return LanguageMap({language: text for language, text in changed.items() if text})


def _plain_map(value: Any) -> LanguageMap:
    return _mapped(language_map({"textMap": value}, "text", 4 * MAX_TITLE), _title)


def _concepts(intent: Document) -> tuple[str, ...]:
    """Return every concept IRI of an intent, the one it conforms to first."""
    return _limited(
        [
            *_uris(intent.get("resourceConformsTo")),
            *_uris(intent.get("resourceClassifiedAs")),
        ]
    )


def _capacities(concepts: Iterable[str], taxonomy: Taxonomy) -> tuple[str, ...]:
    """Return the capacities: what is of none of the other schemes, known here or not."""
    others = (CATEGORY, METHOD, MODE, CURRENCY)
    return _limited(
        taxonomy.capacities.id_of(iri) for iri in concepts if not iri.startswith(others)
    )


def _of_scheme(concepts: Iterable[str], prefix: str, scheme: Scheme) -> tuple[str, ...]:
    return _limited(scheme.id_of(iri) for iri in concepts if iri.startswith(prefix))


def _named(concepts: Iterable[str], prefix: str) -> str:
    """Return the last part of the first concept with this prefix, or nothing."""
    found = next((iri for iri in concepts if iri.startswith(prefix)), "")
    return found.removeprefix(prefix)


def _category(intent: Document, concepts: Iterable[str]) -> Category:
    """Return the category: as classified, else as the action suggests."""
    name = _named(concepts, CATEGORY)
    if name in set(Category):
        return Category(name)
    action = string(intent.get("action"), 200).rpartition("#")[2]
    if action == "use":
        return Category.RESOURCE
    return Category.FUNDING if action == "transfer" else Category.SERVICE


def _mode(concepts: Iterable[str]) -> Mode:
    name = _named(concepts, MODE)
    return Mode(name) if name in set(Mode) else Mode.ONLINE


def _currency(concepts: Iterable[str]) -> str | None:
    code = _named(concepts, CURRENCY)
    return code if len(code) == 3 and code.isascii() and code.isupper() else None


def _amount_in(intent: Document, unit: str) -> Decimal | None:
    """Return the whole quantity in a unit: what is available, else the one quantity named."""
    for name in ("availableQuantity", "resourceQuantity", "effortQuantity"):
        quantity = intent.get(name)
        if isinstance(quantity, Mapping) and quantity.get("hasUnit") == unit:
            return decimal(quantity.get("hasNumericalValue"))
    return None


def _languages(document: Document) -> tuple[str, ...]:
    tags = items(document.get("availableLanguage"))
    return _limited(tag for tag in tags if isinstance(tag, str) and is_language_tag(tag))


def _visibility(document: Document, by: str) -> Visibility:
    """Return who it is for, from its addressing (ActivityPub 5.6)."""
    to = {*ids_of(document.get("to")), *ids_of(document.get("cc"))}
    if to & PUBLIC_FORMS:
        return Visibility.PUBLIC
    return Visibility.FOLLOWERS if f"{by}/followers" in to else Visibility.NETWORK


def _uris(value: Any) -> list[str]:
    return [found for each in items(value) if (found := uri(each))]


def _limited(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))[:MAX_VALUES]


def not_ahead(time: datetime, now: datetime) -> datetime:
    """Return a time that does not lie ahead further than a clock may be wrong."""
    return min(time, (now + SKEW).replace(microsecond=0))


def same_as(document: Document) -> tuple[str, ...]:
    """Return the listings whose place an object takes."""
    return _limited(_uris(document.get("sameAs")))[:MAX_SAME_AS]


def owner_of(document: Document) -> str | None:
    """Return whose object it is (FEP-fe34): the actor of ``attributedTo``."""
    return id_of(next(items(document.get("attributedTo")), None))
