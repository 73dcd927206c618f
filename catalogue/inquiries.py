"""Inquiries: what others ask of this node's affiliates, and the answers.

A letter that replies to a listing, or to something said in an inquiry, or that names an affiliate
or the catalogue of this node, is taken in as a message; each is one transaction's work. Whoever
wrote it may change it and take it back. What is not public is for the two it is between: nobody
else can add to it, and its answer is not public either.
"""

from dataclasses import replace
from datetime import timedelta

from catalogue.correspondence import Inquiry, Letter, Message, Standing
from catalogue.errors import Conflict, Invalid, NotFound, Problem
from catalogue.events import AnswerDeleted, AnswerEdited, AnswerGiven
from catalogue.language import LanguageMap, is_language_tag
from catalogue.listings import just_after
from catalogue.model import Actor, Role
from catalogue.ports import Store
from catalogue.richtext import plain

MAX_HTML = 20_000  # characters of one message, as HTML; what is over is cut off when it comes in
MAX_ANSWER = 10_000  # characters of an answer, as plain text
PER_INQUIRY = 200  # messages
PER_ASKER = 20  # new messages of one author in a day
PER_NODE = 200  # new messages from one server in a day
IN_ALL = 100_000  # messages of others kept here

DAY = timedelta(days=1)
ASKED = frozenset({Role.AFFILIATE, Role.CATALOGUE})  # who can be asked


# -- what comes in --------------------------------------------------------------------------------


def take_in(store: Store, letter: Letter) -> Message | None:
    """Keep a letter as a message, or the change of one; None for old news and what is not for us.

    The caller has made sure that ``letter.author`` said it. What is over a limit is not kept.
    """
    known = store.inquiries.find_by_uri(letter.uri)
    if known is not None:
        return _revise(store, known, letter)
    if not _says_something(letter) or store.tombstones.deleted_at(letter.uri, by=letter.author):
        return None
    inquiry = _place(store, letter)
    if inquiry is None or _is_too_much(store, letter, inquiry):
        return None
    message = Message(
        id=store.ids.new(),
        uri=letter.uri,
        url=letter.url,
        inquiry=inquiry.id,
        author=letter.author,
        node=letter.node,
        to=inquiry.to,
        in_reply_to=letter.in_reply_to,
        text=letter.text,
        is_public=letter.is_public,
        published=letter.published,
        updated=letter.updated,
        received=store.clock.now(),
    )
    store.inquiries.put(replace(inquiry, standing=Standing.OPEN, updated=store.clock.now()))
    store.inquiries.put_message(message)
    return message


def take_out(store: Store, uri: str, *, by: str) -> bool:
    """Forget a message that its author took back; say whether it was here.

    An inquiry in which nothing is left is forgotten with it.
    """
    known = store.inquiries.find_by_uri(uri)
    if known is None or known.author != by:
        return False
    store.tombstones.bury(uri, by=by, at=store.clock.now())
    _remove(store, known)
    return True


def forget_author(store: Store, author: str) -> int:
    """Forget all that somebody who is gone has said; return how many messages that was."""
    said = store.inquiries.list_by_author(author)
    for message in said:
        _remove(store, message)
    for inquiry in store.inquiries.list_asked_by(author):
        store.inquiries.put(replace(inquiry, standing=Standing.CLOSED))
    return len(said)


def _revise(store: Store, known: Message, letter: Letter) -> Message | None:
    """Take over what its author changed; it can become less public that way, never more."""
    if known.author != letter.author or letter.updated < known.updated:
        return None
    if not _says_something(letter):
        return known
    changed = replace(
        known,
        text=letter.text,
        url=letter.url,
        is_public=known.is_public and letter.is_public,
        updated=letter.updated,
    )
    store.inquiries.put_message(changed)
    return changed


def _place(store: Store, letter: Letter) -> Inquiry | None:
    """Return the inquiry that a letter belongs to, one that may not be kept yet; None for none."""
    replied = store.inquiries.find_by_uri(letter.in_reply_to) if letter.in_reply_to else None
    if replied is not None and (inquiry := store.inquiries.find(replied.inquiry)):
        if replied.is_public or letter.author in {inquiry.asker, inquiry.to}:
            return inquiry
        return _about(store, letter, to=inquiry.to, listing=inquiry.listing)
    listing = store.listings.find_by_uri(letter.in_reply_to) if letter.in_reply_to else None
    if listing is not None and listing.node == store.addresses.authority:
        return _about(store, letter, to=listing.by, listing=listing.uri)
    named = _first_named(store, letter)
    return _about(store, letter, to=named.uri, listing=None) if named else None


def _first_named(store: Store, letter: Letter) -> Actor | None:
    here = store.addresses.authority
    found = store.actors.find_many(letter.named)
    known = (found[uri] for uri in letter.named if uri in found)
    return next((each for each in known if each.node == here and each.role in ASKED), None)


def _about(store: Store, letter: Letter, *, to: str, listing: str | None) -> Inquiry:
    """Return what this asker and this affiliate already talk about, else a new inquiry."""
    known = store.inquiries.find_current(asker=letter.author, to=to, listing=listing)
    now = store.clock.now()
    return known or Inquiry(
        id=store.ids.new(), to=to, asker=letter.author, listing=listing, opened=now, updated=now
    )


def _is_too_much(store: Store, letter: Letter, inquiry: Inquiry) -> bool:
    """Say whether a letter is over a limit; what was taken back within the day counts, too."""
    since = store.clock.now() - DAY
    taken_back = store.tombstones.count_since(since, by=letter.author)
    return (
        store.inquiries.count_in(inquiry.id) >= PER_INQUIRY
        or store.inquiries.count_since(since, author=letter.author) + taken_back >= PER_ASKER
        or store.inquiries.count_since(since, node=letter.node) >= PER_NODE
        or store.inquiries.count() >= IN_ALL
    )


def _says_something(letter: Letter) -> bool:
    return any(plain(text) for text in letter.text.values())


def _remove(store: Store, message: Message) -> None:
    store.inquiries.remove_message(message.id)
    if not store.inquiries.count_in(message.inquiry):
        store.inquiries.remove(message.inquiry)


# -- what is answered -----------------------------------------------------------------------------


def get(store: Store, inquiry_id: str) -> Inquiry:
    """Return an inquiry; raise NotFound."""
    found = store.inquiries.find(inquiry_id)
    if found is None:
        raise NotFound(f"there is no inquiry '{inquiry_id}' here")
    return found


def answer(
    store: Store, inquiry_id: str, text: LanguageMap, *, message_id: str | None = None
) -> Message:
    """Answer an inquiry in the name of whom it is put to: the newest question, or the one named.

    The answer goes to whoever asked, and is public only if the question was. Raises NotFound,
    Invalid, and Conflict when nothing is left to be answered.
    """
    inquiry = get(store, inquiry_id)
    question = _question(store, inquiry, message_id)
    _check(text)
    now = store.clock.now()
    answer_id = store.ids.new()
    address = store.addresses.message(answer_id)
    message = Message(
        id=answer_id,
        uri=address,
        url=address,
        inquiry=inquiry.id,
        author=inquiry.to,
        node=store.addresses.authority,
        to=question.author,
        in_reply_to=question.uri,
        text=text,
        is_public=question.is_public,
        published=now,
        updated=now,
        received=now,
    )
    store.inquiries.put_message(message)
    store.inquiries.put(replace(inquiry, standing=Standing.ANSWERED, updated=now))
    store.events.record(AnswerGiven(message=message.id))
    return message


def edit_answer(store: Store, message_id: str, text: LanguageMap) -> Message:
    """Give an answer of this node another text; its ``updated`` always grows."""
    before = get_answer(store, message_id)
    _check(text)
    if before.text == text:
        return before
    updated = max(store.clock.now(), just_after(before.updated))
    after = replace(before, text=text, updated=updated)
    store.inquiries.put_message(after)
    store.events.record(AnswerEdited(message=after.id))
    return after


def delete_answer(store: Store, message_id: str) -> Message:
    """Take back an answer of this node."""
    message = get_answer(store, message_id)
    _retract(store, message)
    _remove(store, message)
    return message


def get_answer(store: Store, message_id: str) -> Message:
    """Return an answer of this node; raise NotFound, or Conflict for what somebody else said."""
    message = store.inquiries.find_message(message_id)
    if message is None:
        raise NotFound(f"there is no message '{message_id}' here")
    if message.node != store.addresses.authority:
        raise Conflict("only an answer of this node can be changed here")
    return message


def close(store: Store, inquiry_id: str) -> Inquiry:
    """Close an inquiry: nothing waits in it any more. A new message opens it again."""
    inquiry = get(store, inquiry_id)
    if inquiry.standing is Standing.CLOSED:
        raise Conflict("this inquiry is closed already")
    closed = replace(inquiry, standing=Standing.CLOSED, updated=store.clock.now())
    store.inquiries.put(closed)
    return closed


def forget(store: Store, inquiry_id: str) -> Inquiry:
    """Forget an inquiry with all that was said in it, and take back what was answered."""
    inquiry = get(store, inquiry_id)
    for message in store.inquiries.messages(inquiry.id):
        if message.node == store.addresses.authority:
            _retract(store, message)
        else:
            store.tombstones.bury(message.uri, by=message.author, at=store.clock.now())
        store.inquiries.remove_message(message.id)
    store.inquiries.remove(inquiry.id)
    return inquiry


def _retract(store: Store, message: Message) -> None:
    now = store.clock.now()
    if message.is_public:
        store.tombstones.bury(message.uri, by=message.author, at=now)
    store.events.record(
        AnswerDeleted(
            uri=message.uri,
            by=message.author,
            to=message.to,
            is_public=message.is_public,
            deleted=now,
        )
    )


def _question(store: Store, inquiry: Inquiry, message_id: str | None) -> Message:
    """Return what is to be answered: somebody else's message, the newest if none is named."""
    asked = [each for each in store.inquiries.messages(inquiry.id) if each.author != inquiry.to]
    if message_id is not None:
        asked = [each for each in asked if each.id == message_id]
        if not asked:
            raise NotFound(f"there is no question '{message_id}' in this inquiry")
    if not asked:
        raise Conflict("whoever asked took it back; there is nothing to answer")
    return asked[-1]


def _check(text: LanguageMap) -> None:
    problems = [
        Problem(field="language", message=f"'{language}' is no language tag")
        for language in text
        if not is_language_tag(language)
    ]
    words = [plain(each) for each in text.values()]
    if not any(words):
        problems.append(Problem(field="text", message="is missing"))
    if any(len(each) > MAX_ANSWER for each in words):
        problems.append(Problem(field="text", message=f"is over {MAX_ANSWER} characters"))
    if any(len(each) > 2 * MAX_HTML for each in text.values()):
        problems.append(Problem(field="text", message="has too much markup"))
    if problems:
        raise Invalid(problems)
