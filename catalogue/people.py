"""Affiliates of this node: who can offer and need."""

import re
from dataclasses import dataclass

from catalogue.addresses import CATALOGUE_HANDLE
from catalogue.errors import Conflict, Invalid, NotFound, Problem
from catalogue.language import EMPTY, LanguageMap, is_language_tag, is_one_line
from catalogue.model import Actor, Role
from catalogue.ports import Store
from catalogue.topics import find_topic

MAX_NAME = 256
RESERVED_HANDLES = {CATALOGUE_HANDLE, "actor", "admin", "administrator", "inbox", "node", "relay"}

_HANDLE = re.compile(r"[a-z0-9_]+(?:[.-]+[a-z0-9_]+)*")  # what Mastodon can resolve


@dataclass(frozen=True, slots=True, kw_only=True)
class AffiliateDraft:
    """What is said of an affiliate when it joins a node. ``summary`` is safe HTML by language."""

    handle: str
    name: str
    kind: str = "user-group"
    summary: LanguageMap = EMPTY
    regions: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


def add_affiliate(store: Store, draft: AffiliateDraft) -> Actor:
    """Give an affiliate its place on this node.

    Raises Invalid for fields that do not hold, Conflict when the handle is or was in use: a handle
    once deleted is never given to another.
    """
    _check(draft, store)
    addresses = store.addresses
    uri = addresses.actor(draft.handle)
    taken = store.actors.find_by_handle(draft.handle, addresses.authority)
    if taken or store.tombstones.deleted_at(uri):
        raise Conflict(f"the handle '{draft.handle}' is taken")
    now = store.clock.now()
    affiliate = Actor(
        id=store.ids.new(),
        uri=uri,
        url=addresses.profile(draft.handle),
        role=Role.AFFILIATE,
        handle=draft.handle,
        acct=addresses.acct(draft.handle),
        name=draft.name,
        node=addresses.authority,
        kind=draft.kind,
        summary=draft.summary,
        regions=draft.regions,
        languages=draft.languages,
        published=now,
        updated=now,
    )
    store.actors.put(affiliate)
    return affiliate


def get_actor(store: Store, reference: str) -> Actor:
    """Return an actor by local id, URI or handle of this node; raise NotFound."""
    actor = (
        store.actors.find(reference)
        or store.actors.find_by_uri(reference)
        or store.actors.find_by_handle(reference, store.addresses.authority)
    )
    if actor is None:
        raise NotFound(f"there is nobody called '{reference}' here")
    return actor


def _check(draft: AffiliateDraft, store: Store) -> None:
    problems = []
    if not _HANDLE.fullmatch(draft.handle) or len(draft.handle) > 64:
        problems.append(
            Problem(field="handle", message="use a-z, 0-9 and _, with . or - inside, at most 64")
        )
    if draft.handle in RESERVED_HANDLES:
        problems.append(Problem(field="handle", message=f"'{draft.handle}' is kept for the node"))
    if find_topic(store.taxonomy, draft.handle):
        message = f"'{draft.handle}' is kept for the topic of that name; add something to it"
        problems.append(Problem(field="handle", message=message))
    if not draft.name.strip() or len(draft.name) > MAX_NAME:
        problems.append(Problem(field="name", message=f"give one of at most {MAX_NAME} characters"))
    if not is_one_line(draft.name):
        problems.append(Problem(field="name", message="must be one line of plain text"))
    if draft.kind not in store.taxonomy.affiliations:
        problems.append(Problem(field="kind", message=f"'{draft.kind}' is not in the taxonomy"))
    problems += [
        Problem(field="regions", message=f"'{region}' is not in the taxonomy")
        for region in draft.regions
        if region not in store.taxonomy.regions
    ]
    problems += [
        Problem(field="languages", message=f"'{language}' is no language tag")
        for language in draft.languages
        if not is_language_tag(language)
    ]
    if problems:
        raise Invalid(problems)
