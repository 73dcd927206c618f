"""Drafts by mention: what is read out of a post, and what becomes of it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from catalogue import drafts, inquiries, listings
from catalogue.correspondence import DraftState
from catalogue.drafts import Additions
from catalogue.errors import Conflict, NotFound
from catalogue.language import LanguageMap
from catalogue.model import Category, Kind, Role, Visibility
from tests.catalogue.test_inquiries import ANA, DELTA, letter
from tests.samples import BLOG, HERE, NOW, actor, one

POST = (
    '<p><span class="h-card"><a href="https://hub.example/@catalogue" class="u-url mention">'
    "@<span>catalogue</span></a></span>"
    ' <a href="https://blog.example/tags/offer" class="mention hashtag">#<span>offer</span></a>'
    " Mediation &amp; more<br>Two days, at your place. #OralHistory</p><p>Ask!</p>"
)


@pytest.fixture(autouse=True)
def people(store):
    node = HERE.authority
    store.actors.put(actor("delta", node=node))
    store.actors.put(actor("catalogue", node=node, role=Role.CATALOGUE))
    store.actors.put(actor("ana", node=BLOG, uri=ANA, role=Role.OTHER))


def post(name: str = "1", text: str = POST, **changes):
    given = {"named": (HERE.catalogue,), "kind": Kind.OFFER, "marks": ("offer",), **changes}
    return letter(name, text=one(text), **given)


def file(store, sent=None):
    sent = sent or post()
    return drafts.consider(store, inquiries.take_in(store, sent), sent)


def test_first_line_is_the_title_and_the_rest_the_text(store):
    draft = file(store)
    assert draft.title == one("Mediation & more")
    assert draft.text == one("<p>Two days, at your place. #OralHistory</p><p>Ask!</p>")
    assert draft.capacities == ("mediation", "storytelling")  # which oral history is a name of
    assert (draft.kind, draft.state) == (Kind.OFFER, DraftState.WAITING)
    assert drafts.get(store, draft.id) == draft


@pytest.mark.parametrize(
    ("text", "title", "body"),
    [
        ("<p>@catalogue #offer</p><p>Rooms</p>", "Rooms", "<p>Rooms</p>"),
        ("<p>#offer. Rooms @catalogue@hub.example</p>", "Rooms", "<p>Rooms</p>"),
        ("<p>Rooms #OFFER</p><script>x</script>", "Rooms", "<p>Rooms</p>"),
        (f"<p>{'a' * 300} #offer</p>", "a" * 200, f"<p>{'a' * 300}</p>"),
        ("<p>A &lt;b&gt; #offer<br>&lt;script&gt;</p>", "A <b>", "<p>&lt;script&gt;</p>"),
    ],
)
def test_draft_is_read_whatever_way_it_is_written(store, text, title, body):
    draft = file(store, post(text=text))
    assert (draft.title, draft.text) == (one(title), one(body))


def test_only_what_is_written_to_the_catalogue_and_says_so_is_a_draft(store):
    assert file(store, post("1", kind=None, marks=())) is None
    assert file(store, post("2", named=(DELTA,))) is None
    assert file(store, post("3", text="<p>@catalogue #offer</p>")) is None


def test_draft_changes_with_its_message_under_another_id(store):
    first = file(store)
    later = {"updated": NOW + timedelta(seconds=1)}
    second = file(store, post(text=POST.replace("Mediation", "Rooms"), **later))
    assert second.title == one("Rooms & more")
    with pytest.raises(NotFound):
        drafts.get(store, first.id)
    assert file(store, post(kind=None, marks=(), **later)) is None
    assert store.drafts.list_newest(waiting=False, limit=9) == []


def test_older_version_that_comes_late_changes_no_draft(store):
    """Its marks are of another text than the message has by now."""
    newest = post(text=POST.replace("offer", "need"), kind=Kind.NEED, marks=("need",))
    draft = file(store, replace(newest, updated=NOW + timedelta(seconds=1)))
    assert inquiries.take_in(store, post()) is None
    assert drafts.get(store, draft.id).kind is Kind.NEED


def test_draft_goes_with_its_message(store):
    draft = file(store)
    inquiries.take_out(store, post().uri, by=ANA)
    with pytest.raises(NotFound):
        drafts.get(store, draft.id)


def test_approved_draft_is_a_public_listing_that_names_who_asked(store):
    draft = file(store)
    made = drafts.approve(
        store, draft.id, by="delta", additions=Additions(category=Category.SERVICE, language="fr")
    )
    assert (made.by, made.category, made.visibility) == (
        DELTA,
        Category.SERVICE,
        Visibility.PUBLIC,
    )
    assert (made.title, made.delivery_languages) == (one("Mediation & more", "fr"), ("fr",))
    assert made.text["fr"].startswith(draft.text["en"])
    assert f'<a href="https://{BLOG}/@ana"' in made.text["fr"]
    assert f"@ana@{BLOG}</a>" in made.text["fr"]
    decided = store.drafts.find(draft.id)
    assert (decided.state, decided.listing) == (DraftState.APPROVED, made.id)

    # neither an edit nor another decision changes it
    assert file(store, post(text="<p>Other #offer</p>", updated=NOW + timedelta(days=1))) == decided
    with pytest.raises(Conflict):
        drafts.reject(store, draft.id, reason="")
    assert listings.get(store, made.id) == made


def test_draft_of_no_known_language_has_none_to_happen_in(store):
    sent = replace(post(), text=LanguageMap({"und": POST}))
    draft = file(store, sent)
    additions = Additions(category=Category.SKILL, capacities=("lua",))
    made = drafts.approve(store, draft.id, by="delta", additions=additions)
    assert (made.delivery_languages, made.capacities) == ((), ("lua",))


def test_draft_is_not_published_for_nobody(store):
    draft = file(store)
    with pytest.raises(NotFound):
        drafts.approve(store, draft.id, by="nobody", additions=Additions(category=Category.SKILL))
    assert store.drafts.find(draft.id).state is DraftState.WAITING


def test_rejected_draft_keeps_the_reason(store):
    draft = drafts.reject(store, file(store).id, reason="Not now")
    assert (draft.state, draft.reason) == (DraftState.REJECTED, "Not now")
    assert store.drafts.list_newest(waiting=True, limit=9) == []
    assert store.drafts.list_newest(waiting=False, limit=9) == [draft]


def test_drafts_that_wait_are_bounded_by_author_and_in_all(store, monkeypatch):
    filed = [file(store, post(str(n))) is not None for n in range(drafts.PER_AUTHOR + 1)]
    assert filed == [*[True] * drafts.PER_AUTHOR, False]
    monkeypatch.setattr(drafts, "WAITING", drafts.PER_AUTHOR)
    assert file(store, post("x", author=f"https://{BLOG}/users/bo")) is None
    drafts.reject(store, store.drafts.list_newest(waiting=True, limit=1)[0].id, reason="")
    assert file(store, post("y")) is not None
