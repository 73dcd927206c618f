"""A listing on the wire and back: to the letter, and what any stranger's Note becomes."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from catalogue import listings
from catalogue.language import EMPTY, LanguageMap
from catalogue.listings import MAX_BYTES, MAX_LANGUAGES, MAX_TEXT, MAX_TITLE, MAX_VALUES
from catalogue.model import Category, Kind, Listing, Mode, Status, Visibility, content_fields
from federation.errors import Malformed
from federation.mapping import post
from federation.mapping.proposal import audience, from_note, is_proposal, owner_of, to_note
from federation.mapping.values import to_bytes
from federation.outgoing import create
from federation.settings import Settings
from federation.strictjson import parse_object
from federation.vocabulary import PUBLIC
from tests.federation.strategies import JSON
from tests.samples import HERE, NOW, TAXONOMY, content, hours, listing, one
from tests.samples import listings as any_listing

OURS = listing(17, node=HERE.authority, handle="delta", id="17")
LATER = NOW + timedelta(days=400)


def note(**changes: Any) -> dict[str, Any]:
    return to_note(replace(OURS, **changes), TAXONOMY, HERE)


def read(document: dict[str, Any], **changes: Any) -> Listing:
    return from_note({**document, **changes}, TAXONOMY, local_id="local", now=LATER)


def read_intent(**changes: Any) -> Listing:
    document = note()
    return read({**document, "publishes": {**document["publishes"], **changes}})


# -- there and back -------------------------------------------------------------------------------


@given(any_listing(17))
@settings(max_examples=300)
def test_listing_comes_back_as_it_went_out(made):
    assume(made.visibility is not Visibility.NODE)  # never leaves the node
    there = parse_object(to_bytes(to_note(made, TAXONOMY, HERE)))
    back = from_note(there, TAXONOMY, local_id=made.id, now=LATER)
    assert back == made


def test_funding_with_hours_keeps_both():
    both = replace(
        OURS, category=Category.FUNDING, amount=Decimal(500), currency="EUR", hours=hours("12")
    )
    back = from_note(to_note(both, TAXONOMY, HERE), TAXONOMY, local_id=both.id, now=LATER)
    assert (back.amount, back.currency, back.hours) == (Decimal(500), "EUR", hours("12"))


def test_title_is_plain_text_and_keeps_its_signs():
    title = one("Use <ref> & <br> in wikitext: a < b")
    assert read(note(title=title)).title == title


# -- our documents, to the letter -----------------------------------------------------------------


def test_note_of_an_offer():
    made = replace(
        OURS,
        title=LanguageMap({"de": "Lua lernen", "en": "Learn Lua"}),
        text=LanguageMap({"de": "<p>Wir zeigen es.</p>", "en": "<p>We show it.</p>"}),
        capacities=("lua", "https://peer.example/capacity/bees"),
        methods=("mentoring",),
        delivery_languages=("de", "en"),
        regions=("PL",),
        mode=Mode.HYBRID,
        audience=one("Developers"),
        hours=hours("10.5"),
        until=NOW + timedelta(days=30),
        updated=NOW + timedelta(seconds=90),
    )
    document = to_note(made, TAXONOMY, HERE)
    contents = document.pop("contentMap")
    assert list(contents) == ["de", "en"]
    assert document.pop("content") == contents["de"]
    tags = document.pop("tag")
    assert [tag["name"] for tag in tags] == ["#CapacityExchange", "#Lua", "#Bees"]
    vocabulary = "https://w3id.org/capacity-exchange"
    assert document == {
        "id": "https://hub.example/proposals/17",
        "type": "Note",
        "additionalType": "https://w3id.org/valueflows/ont/vf#Proposal",
        "purpose": "offer",
        "attributedTo": "https://hub.example/actors/delta",
        "url": "https://hub.example/proposals/17",
        "published": "2030-05-03T12:00:00Z",
        "updated": "2030-05-03T12:01:30Z",
        "endTime": "2030-06-02T12:00:00Z",
        "to": ["https://www.w3.org/ns/activitystreams#Public"],
        "cc": ["https://hub.example/actors/delta/followers"],
        "sensitive": False,
        "areaServed": [f"{vocabulary}/region/PL"],
        "availableLanguage": ["de", "en"],
        "targetAudience": {"en": "Developers"},
        "replies": {
            "id": "https://hub.example/proposals/17/replies",
            "type": "Collection",
            "first": {
                "type": "CollectionPage",
                "next": "https://hub.example/proposals/17/replies?page=true",
                "partOf": "https://hub.example/proposals/17/replies",
                "items": [],
            },
        },
        "interactionPolicy": {
            "canReply": {"automaticApproval": ["https://www.w3.org/ns/activitystreams#Public"]},
            "canQuote": {"automaticApproval": ["https://www.w3.org/ns/activitystreams#Public"]},
        },
        "publishes": {
            "id": "https://hub.example/proposals/17#primary",
            "type": "Intent",
            "name": "Lua lernen",
            "nameMap": {"de": "Lua lernen", "en": "Learn Lua"},
            "content": "<p>Wir zeigen es.</p>",
            "contentMap": {"de": "<p>Wir zeigen es.</p>", "en": "<p>We show it.</p>"},
            "action": "deliverService",
            "provider": "https://hub.example/actors/delta",
            "resourceConformsTo": f"{vocabulary}/capacity/lua",
            "resourceClassifiedAs": [
                "https://peer.example/capacity/bees",
                f"{vocabulary}/category/skill",
                f"{vocabulary}/method/mentoring",
                f"{vocabulary}/mode/hybrid",
            ],
            "resourceQuantity": {"hasUnit": "hour", "hasNumericalValue": "10.5"},
            "finished": False,
        },
    }


def test_note_is_no_content_warning_anywhere():
    assert {"name", "summary"} & set(note()) == set()  # decision 2
    assert note()["type"] == "Note"  # decision 1: a plain string
    # docs/reference/federation.md: what would make Mitra take it for something else
    assert {"first", "next", "current", "totalItems", "actor", "href", "inbox"} & set(
        note()
    ) == set()


@given(any_listing(17))
def test_content_is_the_first_of_its_languages(made):
    document = to_note(made, TAXONOMY, HERE)
    main = made.title.main.language
    assert next(iter(document["contentMap"])) == main
    assert document["content"] == document["contentMap"][main]


def test_need_has_a_receiver():
    document = note(kind=Kind.NEED)
    assert document["purpose"] == "request"
    assert document["publishes"]["receiver"] == OURS.by
    assert "provider" not in document["publishes"]


@pytest.mark.parametrize(
    ("category", "action"),
    [
        (Category.SKILL, "deliverService"),
        (Category.SERVICE, "deliverService"),
        (Category.RESOURCE, "use"),
        (Category.FUNDING, "transfer"),
    ],
)
def test_action_is_as_the_category_says(category, action):
    assert note(category=category)["publishes"]["action"] == action


def test_funding_conforms_to_its_currency():
    intent = note(category=Category.FUNDING, amount=Decimal(500), currency="EUR")["publishes"]
    assert intent["resourceConformsTo"] == "https://w3id.org/capacity-exchange/currency/EUR"
    assert intent["resourceQuantity"] == {"hasUnit": "one", "hasNumericalValue": "500"}


def test_conforms_to_is_one_string_even_without_a_capacity():
    intent = note(capacities=())["publishes"]
    assert intent["resourceConformsTo"] == "https://w3id.org/capacity-exchange/category/skill"
    assert intent["resourceClassifiedAs"] == ["https://w3id.org/capacity-exchange/mode/online"]


def test_closed_listing_is_finished_and_says_so():
    document = note(status=Status.CLOSED)
    assert document["publishes"]["finished"] is True
    assert document["content"].startswith("<p><strong>Closed: Mediation for beginners</strong></p>")


def test_updated_is_said_only_when_it_grew():
    assert "updated" not in note()
    assert note(updated=NOW + timedelta(seconds=1))["updated"] == "2030-05-03T12:00:01Z"


@pytest.mark.parametrize(
    ("visibility", "to", "cc"),
    [
        (Visibility.PUBLIC, [PUBLIC], ["https://hub.example/actors/delta/followers"]),
        (Visibility.NETWORK, ["https://hub.example/actors/catalogue/followers"], []),
        (Visibility.FOLLOWERS, ["https://hub.example/actors/delta/followers"], []),
    ],
)
def test_audience_follows_the_visibility(visibility, to, cc):
    assert audience(visibility, OURS.by, HERE) == (to, cc)
    assert ("interactionPolicy" in note(visibility=visibility)) is (PUBLIC in to)


def test_content_says_what_where_and_until_in_the_listings_language():
    made = replace(
        OURS,
        title=one("Lernen <wir>", "de"),
        text=one("<p>Ja.</p>", "de"),
        hours=hours("10.50"),
        delivery_languages=("de", "fr"),
        regions=("PL",),
        mode=Mode.IN_PERSON,
        audience=one("Alle & jede", "de"),
        until=NOW,
        capacities=("lua",),
    )
    html = post.content(made, "de", TAXONOMY, HERE)
    assert html.startswith("<p><strong>Angebot: Lernen &lt;wir&gt;</strong></p><p>Ja.</p><ul>")
    assert "<li>Für: Alle &amp; jede</li>" in html
    assert "<li>Zeit: 10.5 Stunden</li>" in html
    assert "<li>Sprachen: Deutsch, Französisch</li>" in html
    assert "<li>Wo: vor Ort, Polen</li>" in html
    assert "<li>Offen bis: 3. Mai 2030</li>" in html
    assert '<a href="https://hub.example/proposals/17">hub.example</a>' in html
    assert (
        '<a href="https://hub.example/tags/Lua" class="mention hashtag" rel="tag">'
        "#<span>Lua</span></a>" in html
    )


def test_money_is_written_as_the_language_does():
    made = replace(OURS, category=Category.FUNDING, amount=Decimal("1234.5"), currency="EUR")
    assert "1.234,50\u00a0€" in post.content(made, "de", TAXONOMY, HERE)
    assert "€1,234.50" in post.content(made, "xx", TAXONOMY, HERE)  # no words for it: English


def test_every_language_of_posts_has_all_words():
    words = post._all_words()
    assert [tag for tag, each in words.items() if set(each) != set(words["en"])] == []
    assert all("{n}" in each["hours"] and "{node}" in each["more"] for each in words.values())


def test_hashtags_can_be_read_aloud_and_are_few():
    many = tuple(each.id for each in TAXONOMY.capacities)[:40]
    tags = post.hashtags(replace(OURS, capacities=("grant-writing", *many)), "en", TAXONOMY)
    assert tags[:2] == ["CapacityExchange", "GrantWriting"]
    assert len(tags) == 1 + post.MAX_HASHTAGS
    unknown = post.hashtags(replace(OURS, capacities=("https://x.example/2030",)), "en", TAXONOMY)
    assert unknown == ["CapacityExchange"]  # a number is no hashtag


TAGS = [f"{a}{b}" for a in "abcdefg" for b in "abcdef"][:MAX_LANGUAGES]


@pytest.mark.parametrize(
    "text",
    [
        one("ก" * (MAX_BYTES // 3), TAGS[0]),
        one('"' * MAX_TEXT, TAGS[0]),
        LanguageMap(dict.fromkeys(TAGS, "ก" * (MAX_BYTES // 3 // len(TAGS)))),
    ],
    ids=["one long text", "signs to escape", "many languages"],
)
def test_largest_listing_fits_into_an_inbox(text):
    large = content(
        title=LanguageMap(dict.fromkeys(TAGS, "ไ" * MAX_TITLE)),
        text=text,
        capacities=tuple(each.id for each in TAXONOMY.capacities)[:MAX_VALUES],
        methods=tuple(each.id for each in TAXONOMY.methods),
        regions=tuple(each.id for each in TAXONOMY.regions)[:20],
    )
    assert list(listings._problems(large, _Shelfless(), NOW)) == []
    made = replace(OURS, **content_fields(large))
    proof = 8192  # it repeats the context
    size = len(to_bytes(create.build(made, TAXONOMY, HERE)))
    assert size + proof < Settings(version="0").inbox_bytes


class _Shelfless:
    taxonomy = TAXONOMY


# -- theirs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("type_", ["Note", "Proposal", ["Note", "Proposal"], ["x", "Proposal"]])
def test_note_or_proposal_is_read(type_):
    assert read(note(), type=type_).kind is Kind.OFFER


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "Article"},
        {"type": None},
        {"purpose": "gift"},
        {"purpose": None},
        {"purpose": ["offer"]},
        {"purpose": {"offer": 1}},
        {"publishes": None},
        {"publishes": "https://hub.example/proposals/17#primary"},
        {"publishes": [{}]},
        {"id": None},
        {"id": "urn:x"},
        {"attributedTo": None},
        {"attributedTo": "acct:a@b"},
        {"publishes": {}, "content": "", "contentMap": {}},
        {"publishes": {}, "content": "<script>x</script>", "contentMap": None},
    ],
    ids=str,
)
def test_what_is_no_listing_is_malformed(changes):
    with pytest.raises(Malformed):
        read(note(), **changes)


def test_owner_is_the_first_it_is_attributed_to():
    assert owner_of(note()) == OURS.by
    assert owner_of({"attributedTo": [{"id": "https://a.example/"}, "b"]}) == "https://a.example/"
    assert owner_of({}) is None


def test_bare_post_becomes_a_listing():
    """A Note with no more than FEP-0837 asks for, as another software would send it."""
    bare = {
        "id": "https://market.example/notes/1",
        "type": "Note",
        "purpose": "request",
        "attributedTo": "https://market.example/users/ana",
        "content": "<p>Wer hilft mir?</p>",
        "contentMap": {"de": "<p>Wer hilft mir?</p>"},
        "to": "as:Public",
        "publishes": {"type": "Intent", "action": "transfer"},
    }
    assert read(bare) == Listing(
        id="local",
        uri="https://market.example/notes/1",
        url="https://market.example/notes/1",
        by="https://market.example/users/ana",
        node="market.example",
        kind=Kind.NEED,
        category=Category.FUNDING,
        title=one("Wer hilft mir?", "de"),
        text=one("<p>Wer hilft mir?</p>", "de"),
        published=LATER,
        updated=LATER,
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://hub.example/page", "https://hub.example/page"),
        ("https://evil.example/page", OURS.uri),  # L9
        ("javascript:alert(1)", OURS.uri),
        ([], OURS.uri),
        (None, OURS.uri),
    ],
)
def test_page_is_at_the_same_origin_or_the_id_l9(url, expected):
    assert read(note(), url=url).url == expected


@pytest.mark.parametrize(
    ("to", "cc", "expected"),
    [
        ([PUBLIC], [], Visibility.PUBLIC),
        ("Public", None, Visibility.PUBLIC),
        ([], ["as:Public"], Visibility.PUBLIC),
        ([f"{OURS.by}/followers"], [], Visibility.FOLLOWERS),
        (["https://x.example/followers"], [], Visibility.NETWORK),
        (None, None, Visibility.NETWORK),
    ],
)
def test_visibility_is_read_from_the_addressing(to, cc, expected):
    assert read(note(), to=to, cc=cc).visibility is expected


@pytest.mark.parametrize(
    ("published", "updated", "expected"),
    [
        ("2030-01-01T00:00:00Z", "2029-01-01T00:00:00Z", ("2029-01-01", "2029-01-01")),
        ("0001-01-01T00:00:00Z", None, (f"{LATER:%Y-%m-%d}",) * 2),
        ("2030-01-01T00:00:00Z", "9998-01-01T00:00:00Z", ("2030-01-01", "9998-01-01")),
        ("x", ["y"], (f"{LATER:%Y-%m-%d}",) * 2),
    ],
)
def test_times_are_held_to_bearable_ones_h59(published, updated, expected):
    found = read(note(), published=published, updated=updated)
    assert (f"{found.published:%Y-%m-%d}", f"{found.updated:%Y-%m-%d}") == expected


def test_version_is_what_the_owner_says_and_the_date_shown_is_never_ahead_h59():
    said = "9998-01-01T00:00:00Z"
    found = read(note(), published=said, updated=said)
    assert found.updated == datetime(9998, 1, 1, tzinfo=UTC)  # kept when its time has come
    assert found.published == LATER + timedelta(hours=1)


def test_text_is_cleaned_and_titles_are_cut_h52():
    found = read_intent(
        nameMap={"en": "x" * 5000, "fr": "<script>alert(1)</script>\n  Titre"},
        name="",
        contentMap={"en": "<script>x</script><p onclick=y>z</p>"},
    )
    assert found.title["en"] == "x" * MAX_TITLE
    assert found.title["fr"] == "<script>alert(1)</script> Titre"  # text, escaped where it is shown
    assert found.text == one("<p>z</p>")


def test_lists_are_cut_h51():
    iris = [f"https://x.example/{n}" for n in range(100_000)]
    found = read_intent(resourceClassifiedAs=iris)
    assert len(found.capacities) == MAX_VALUES
    document = note()
    assert len(read({**document, "areaServed": iris}).regions) == MAX_VALUES


@pytest.mark.parametrize(
    ("changes", "hours_", "amount"),
    [
        ({"resourceQuantity": {"hasUnit": "hour", "hasNumericalValue": "3"}}, Decimal(3), None),
        ({"resourceQuantity": {"hasUnit": "one", "hasNumericalValue": "3"}}, None, None),
        ({"resourceQuantity": {"hasUnit": "hour", "hasNumericalValue": 1e300}}, None, None),
        ({"resourceQuantity": "3 hours"}, None, None),
        (
            {
                "resourceQuantity": {"hasUnit": "hour", "hasNumericalValue": "1"},
                "availableQuantity": {"hasUnit": "hour", "hasNumericalValue": "9"},
            },
            Decimal(9),
            None,
        ),
        (
            {
                "resourceConformsTo": "https://w3id.org/capacity-exchange/currency/EUR",
                "resourceQuantity": {"hasUnit": "one", "hasNumericalValue": "3"},
            },
            None,
            Decimal(3),
        ),
        (
            {
                "resourceConformsTo": "https://w3id.org/capacity-exchange/currency/euro",
                "resourceQuantity": {"hasUnit": "one", "hasNumericalValue": "3"},
            },
            None,
            None,
        ),
    ],
)
def test_quantity_is_read_in_its_unit(changes, hours_, amount):
    found = read_intent(**changes)
    assert (found.hours, found.amount) == (hours_, amount)


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("deliverService", Category.SERVICE),
        ("use", Category.RESOURCE),
        ("transfer", Category.FUNDING),
        ("https://w3id.org/valueflows/ont/vf#use", Category.RESOURCE),
        (["use"], Category.SERVICE),
        (None, Category.SERVICE),
    ],
)
def test_category_is_guessed_from_the_action(action, expected):
    found = read_intent(action=action, resourceConformsTo=None, resourceClassifiedAs=[])
    assert found.category is expected


def test_unknown_concepts_are_kept_by_their_iri():
    found = read_intent(
        resourceConformsTo="https://w3id.org/capacity-exchange/capacity/new-here",
        resourceClassifiedAs=[
            "http://www.wikidata.org/entity/Q759524",
            "https://w3id.org/capacity-exchange/method/unheard-of",
            "not an iri",
            {"id": "https://x.example/object"},
        ],
    )
    assert found.capacities == (
        "https://w3id.org/capacity-exchange/capacity/new-here",
        "organizational-structure",
        "https://x.example/object",
    )
    assert found.methods == ("https://w3id.org/capacity-exchange/method/unheard-of",)


NAMES = ["id", "type", "purpose", "attributedTo", "url", "published", "updated", "to", "cc"]
NAMES += ["content", "contentMap", "areaServed", "availableLanguage", "endTime", "targetAudience"]
INTENT = ["name", "nameMap", "content", "contentMap", "action", "resourceConformsTo", "finished"]
INTENT += ["resourceClassifiedAs", "resourceQuantity", "availableQuantity"]
QUANTITIES = st.dictionaries(st.sampled_from(["hasUnit", "hasNumericalValue"]), JSON)


@given(
    st.dictionaries(st.sampled_from(NAMES), JSON), st.dictionaries(st.sampled_from(INTENT), JSON)
)
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_any_note_is_a_listing_or_malformed(changes, intent):
    document = note()
    mixed = {**document, **changes, "publishes": {**document["publishes"], **intent}}
    try:
        found = read(mixed)
    except Malformed:
        return
    assert found.updated >= found.published
    assert found.title
    assert found.text
    json.dumps(to_note(found, TAXONOMY, HERE))


@given(JSON)
def test_any_json_is_a_proposal_or_none(value):
    assert is_proposal(value) is False


@given(QUANTITIES)
def test_any_quantity_is_read_or_left(quantity):
    found = read_intent(resourceQuantity=quantity)
    assert found.hours is None or found.hours > 0


def test_empty_parts_are_left_out():
    assert read(note()).audience == EMPTY
    assert "targetAudience" not in note()
