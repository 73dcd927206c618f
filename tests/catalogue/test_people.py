import pytest

from catalogue import people
from catalogue.errors import Conflict, Invalid, NotFound
from catalogue.model import Role
from catalogue.people import MAX_NAME, AffiliateDraft
from tests.samples import HERE, NOW, SOUTH, actor, one


def draft(**changes):
    return AffiliateDraft(**{"handle": "delta", "name": "Friends of the Delta", **changes})


def fields(raised):
    return [problem.field for problem in raised.value.problems]


def test_affiliate_gets_its_place(store):
    added = people.add_affiliate(
        store, draft(summary=one("<p>Hello</p>"), regions=("SN",), languages=("fr",))
    )
    assert store.actors.find_by_uri("https://hub.example/actors/delta") == added
    assert (added.role, added.kind, added.acct) == (
        Role.AFFILIATE,
        "user-group",
        "delta@hub.example",
    )
    assert (added.url, added.node) == ("https://hub.example/@delta", "hub.example")
    assert (added.published, added.updated) == (NOW, NOW)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("handle", {"handle": ""}),
        ("handle", {"handle": "Delta"}),
        ("handle", {"handle": "a b"}),
        ("handle", {"handle": "-a"}),
        ("handle", {"handle": "a."}),
        ("handle", {"handle": "a\n"}),
        ("handle", {"handle": "дельта"}),
        ("handle", {"handle": "a" * 65}),
        ("handle", {"handle": "catalogue"}),
        ("handle", {"handle": "actor"}),
        ("name", {"name": " "}),
        ("name", {"name": "x" * (MAX_NAME + 1)}),
        ("kind", {"kind": "guild"}),
        ("regions", {"regions": ("SN", "XX")}),
        ("languages", {"languages": ("fr", "français")}),
    ],
)
def test_bad_draft_names_its_field(store, field, changes):
    with pytest.raises(Invalid) as raised:
        people.add_affiliate(store, draft(**changes))
    assert fields(raised) == [field]
    assert store.actors.list_by_role(Role.AFFILIATE) == []


def test_every_bad_field_is_named_at_once(store):
    with pytest.raises(Invalid) as raised:
        people.add_affiliate(store, draft(handle="A!", name="", kind="", regions=("?",)))
    assert fields(raised) == ["handle", "name", "kind", "regions"]


@pytest.mark.parametrize("handle", ["a", "0", "wm_xy", "wiki.group", "wiki-group-2", "a" * 64])
def test_good_handles_are_taken(store, handle):
    assert people.add_affiliate(store, draft(handle=handle)).handle == handle


def test_handle_in_use_is_refused(store):
    first = people.add_affiliate(store, draft())
    with pytest.raises(Conflict):
        people.add_affiliate(store, draft(name="Another"))
    assert store.actors.list_by_role(Role.AFFILIATE) == [first]


def test_handle_of_the_node_itself_is_refused(store):
    store.actors.put(
        actor("hub.example", node="hub.example", uri=HERE.instance, role=Role.INSTANCE)
    )
    with pytest.raises(Conflict):
        people.add_affiliate(store, draft(handle="hub.example"))


def test_deleted_handle_never_comes_back_l46(store):
    address = HERE.actor("delta")
    store.tombstones.bury(address, by=address, at=NOW)
    with pytest.raises(Conflict):
        people.add_affiliate(store, draft())


def test_handle_of_another_node_is_free(store):
    store.actors.put(actor("delta", node=SOUTH))
    assert people.add_affiliate(store, draft()).node == "hub.example"


def test_actor_is_found_by_id_uri_or_handle(store):
    ours = people.add_affiliate(store, draft())
    store.actors.put(actor("far", node=SOUTH))
    found = [people.get_actor(store, name) for name in (ours.id, ours.uri, "delta", "DELTA")]
    assert found == [ours] * 4
    with pytest.raises(NotFound, match="far"):
        people.get_actor(store, "far")  # a handle names only our own
