"""The people of a node: who signs in and what they may do.

A member is no actor: they have no address on the fediverse, and nothing of them leaves the node.
"""

import re
from dataclasses import dataclass, replace

from catalogue.errors import Conflict, Invalid, NotFound, Problem
from catalogue.language import is_one_line
from catalogue.model import Member, MemberRole
from catalogue.people import MAX_NAME
from catalogue.ports import Store

MAX_SIGN_IN = 64  # characters of the name that a member signs in with

_NAME = re.compile(r"[a-z0-9_]+(?:[.-]+[a-z0-9_]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberDraft:
    """What is said of a person when they join; ``name`` stands in for an empty display name."""

    name: str
    display_name: str = ""
    role: MemberRole = MemberRole.MEMBER


def add_member(store: Store, draft: MemberDraft) -> Member:
    """Take a person in; raise Invalid for fields that do not hold, Conflict for a taken name."""
    name = draft.name.lower()
    problems = []
    if not _NAME.fullmatch(name) or len(name) > MAX_SIGN_IN:
        problems.append(
            Problem(
                field="name",
                message=f"use a-z, 0-9 and _, with . or - inside, at most {MAX_SIGN_IN}",
            )
        )
    if len(draft.display_name) > MAX_NAME or not is_one_line(draft.display_name):
        problems.append(
            Problem(field="display_name", message=f"give one line of at most {MAX_NAME} characters")
        )
    if problems:
        raise Invalid(problems)
    if store.members.find_by_name(name):
        raise Conflict(f"the name '{name}' is taken")
    member = Member(
        id=store.ids.new(),
        name=name,
        display_name=draft.display_name.strip() or name,
        role=draft.role,
        created=store.clock.now(),
    )
    store.members.put(member)
    return member


def get_member(store: Store, name: str) -> Member:
    """Return the member who signs in with ``name``; raise NotFound."""
    member = store.members.find_by_name(name)
    if member is None:
        raise NotFound(f"there is no member '{name}' on this node")
    return member


def set_role(store: Store, name: str, role: MemberRole) -> Member:
    """Give a member another role; it holds from their next request on."""
    return _keep(store, replace(get_member(store, name), role=role))


def set_disabled(store: Store, name: str, *, is_disabled: bool) -> Member:
    """Shut a member out, or let them in again."""
    return _keep(store, replace(get_member(store, name), is_disabled=is_disabled))


def _keep(store: Store, member: Member) -> Member:
    store.members.put(member)
    return member
