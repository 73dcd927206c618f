"""One listing: what it says, what could meet it and why, where it comes from, how to answer."""

from collections.abc import Iterator

from catalogue.addresses import Path
from catalogue.errors import NotFound
from catalogue.language import LanguageMap, Phrase
from catalogue.model import Actor, Listing, Visibility
from catalogue.policy import may_see
from catalogue.ports import Store
from catalogue.richtext import plain
from web.cards import answers, capacity_links, languages, maker, names
from web.prose import cut, host_of
from web.views import Fact, ListingView, Text
from web.visit import Visit

ANSWERS = 5
SUMMARY = 200  # letters for those who pass the page on


def listing(store: Store, visit: Visit) -> ListingView:
    """Show one listing of any node; one that the reader may not see is not there."""
    found = store.listings.find(visit.parts["id"])
    if found is None or not may_see(found, visit.viewer):
        raise NotFound("there is no such listing here")
    by = store.actors.find_by_uri(found.by)
    texts = _texts(visit, found.text)
    name = visit.text(found.title)
    is_remote = found.node != visit.site.addresses.authority
    return ListingView(
        title=name.text,
        activity_uri="" if is_remote else found.uri,
        canonical=_safe(found.url) if is_remote else found.url,
        name=name,
        kind=found.kind,
        category=found.category,
        is_open=found.is_open(store.clock.now()),
        texts=tuple(visit.html(phrase) for phrase in texts),
        text_languages=tuple(visit.language(phrase.language) for phrase in texts),
        by=maker(visit, by, found.by),
        facts=tuple(_facts(store, visit, found)),
        answers=answers(store, visit, found, ANSWERS),
        similar_href=_similar(visit, found),
        is_remote=is_remote,
        node=found.node,
        original=_safe(found.url),
        original_host=host_of(found.url),
        uri=found.uri,
        acct=_acct(by),
        published=visit.day(found.published),
        updated=visit.day(found.updated) if found.updated > found.published else None,
        excerpt=cut(plain(found.text.best(visit.languages).text), SUMMARY),
        is_public=found.visibility is Visibility.PUBLIC,
        own_address=visit.site.addresses.listing(found.id),
        locale=str(visit.wording.locale),
    )


def _texts(visit: Visit, texts: LanguageMap) -> list[Phrase]:
    """Return the text in every language it has, the reader's first."""
    best = texts.best(visit.languages)
    rest = (Phrase(language, text) for language, text in texts.items())
    return [phrase for phrase in (best, *(each for each in rest if each != best)) if phrase.text]


def _facts(store: Store, visit: Visit, found: Listing) -> Iterator[Fact]:
    taxonomy, wording = store.taxonomy, visit.wording

    def said(key: str, text: str) -> Fact:
        shown = Text(text=text, lang=wording.language, dir=wording.direction)
        return Fact(key=key, values=(shown,))

    if found.capacities:
        yield Fact(key="capacities", values=capacity_links(store, visit, found.capacities))
    yield said("mode", wording.say(f"mode-{found.mode}"))
    if found.regions:
        yield said("regions", names(visit, taxonomy.regions, found.regions))
    if found.methods:
        yield said("methods", names(visit, taxonomy.methods, found.methods))
    if found.delivery_languages:
        yield said("languages", languages(visit, found.delivery_languages))
    if found.audience:
        yield Fact(key="audience", values=(visit.text(found.audience),))
    if found.hours is not None:
        yield said("hours", wording.say("hours", found.hours))
    if found.amount is not None and found.currency is not None:
        yield said("amount", wording.money(found.amount, found.currency))
    if found.until is not None:
        yield Fact(key="until", values=(visit.day(found.until),))


def _similar(visit: Visit, found: Listing) -> str:
    """Return a search for what else could meet it: the other kind, about the same."""
    about = [("capacity", each) for each in found.capacities]
    return visit.at(Path.BROWSE, [("kind", found.kind.opposite), *about])


def _safe(url: str) -> str:
    return url if host_of(url) else ""


def _acct(by: Actor | None) -> str:
    return by.acct if by else ""
