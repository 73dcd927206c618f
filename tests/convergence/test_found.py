"""What the search of the convergence test has found, and the ways that must not be lost."""

from datetime import timedelta

import pytest

from catalogue.model import Visibility
from federation.blocking import block_hosts, lift_host
from federation.model import HostBlock, Severity
from tests.convergence.network import Fault, Parcel, Reply
from tests.convergence.world import World


async def test_undo_that_comes_after_the_next_follow_does_not_end_it(world: World) -> None:
    """Found: a follower believed to follow, the followed node had taken the late Undo for it."""
    north, south, _ = world.nodes
    link = north.authority, south.authority
    north.unfollow(south)
    world.network.faults[link].append(Fault.HELD)
    await world.run()
    (undo,) = world.network.held
    north.database.write_now(lambda store: store.deliveries.drop(None))
    north.database.connection.execute("DELETE FROM delivery")  # as if it were given up
    north.follow(south)
    await world.run()
    assert north.is_following(south)
    await world.network.release(world.network.held.index(undo))
    await world.settle()
    assert north.is_following(south)
    world.check()


async def test_undo_waits_for_the_follow_that_it_undoes(world: World) -> None:
    north, south, _ = world.nodes
    for step in (north.unfollow, north.follow, north.unfollow, north.follow):
        world.network.faults[north.authority, south.authority].append(Fault.LOST)
        step(south)
        await world.run()
    await world.settle()
    assert north.is_following(south)
    world.check()


async def test_listings_for_the_network_are_kept_while_a_clock_is_wrong(world: World) -> None:
    """Found: with a clock ahead nobody knew the reader, who forgot what was not shown to it."""
    north, _, west = world.nodes
    made = west.publish("For the network", Visibility.NETWORK)
    await world.settle()
    assert north.find(made.uri) is not None
    north.clock.skew = timedelta(days=1)
    await north.crash()
    north.start()
    for _ in range(3):
        world.pass_by(hours=8)
        await world.run()
    assert north.find(made.uri) is not None
    await world.settle()
    world.check()


async def test_what_a_clock_ahead_put_off_is_made_due_when_it_is_right(world: World) -> None:
    north, south, _ = world.nodes
    north.clock.skew = timedelta(days=30)
    north.publish("While it was ahead")
    await world.run()
    north.clock.skew = timedelta()
    world.pass_by(minutes=2)
    north.publish("When it was right")
    north.tidy()
    await world.run()
    assert len(south.held_of(north)) == 1  # the other one is from the future
    began = world.now
    own = {each.title.main.text: each for each in north.own()}
    north.edit(own["While it was ahead"], "Changed since")
    await world.run()
    assert len(south.held_of(north)) == 2
    await world.settle()
    assert world.now - began < timedelta(days=2)
    world.check()


@pytest.mark.parametrize("visibility", [Visibility.PUBLIC, Visibility.NETWORK])
async def test_f31_deletion_that_was_swallowed_is_put_right_in_time(
    world: World, visibility: Visibility
) -> None:
    north, south, west = world.nodes
    made = north.publish("To be deleted", visibility)
    await world.settle()
    for other in (south, west):
        world.network.faults[north.authority, other.authority].append(Fault.SWALLOWED)
    north.delete(made)
    began = world.now
    await world.run()
    assert south.find(made.uri) is not None
    while south.find(made.uri) or west.find(made.uri):
        world.pass_by(minutes=10)
        await world.run()
    assert world.now - began <= timedelta(hours=7.5, minutes=10)
    assert south.rows("SELECT uri FROM tombstone WHERE uri = ?", made.uri) == [(made.uri,)]
    world.check()


async def test_hint_finds_a_swallowed_deletion_within_minutes(world: World) -> None:
    north, south, _ = world.nodes
    gone, kept = north.publish("To be deleted"), north.publish("To be kept")
    await world.settle()
    world.pass_by(minutes=11)
    world.network.faults[north.authority, south.authority].append(Fault.SWALLOWED)
    north.delete(gone)
    await world.run()
    assert south.find(gone.uri) is not None
    north.edit(kept, "Changed")
    await world.run()
    world.pass_by(seconds=61)
    await world.run()
    assert south.find(gone.uri) is None


async def test_equal_catalogues_cost_one_request(world: World) -> None:
    north, south, west = world.nodes
    for number in range(5):
        north.publish(f"No. {number}")
    await world.settle()
    before = world.network.carried
    (due,) = south.rows("SELECT due_at FROM comparison WHERE host = ?", north.authority)
    west.database.connection.execute("UPDATE comparison SET due_at = due_at * 2")
    north.database.connection.execute("UPDATE comparison SET due_at = due_at * 2")
    south.database.connection.execute(
        "UPDATE comparison SET due_at = due_at * 2 WHERE host != ?", (north.authority,)
    )
    world.now += timedelta(milliseconds=due[0] - world.now.timestamp() * 1000)
    await world.run()
    assert world.network.carried - before == 1


async def test_node_that_was_away_for_a_month_holds_what_is_open_after_its_start(
    world: World,
) -> None:
    north, south, _ = world.nodes
    old = [north.publish(f"Old {number}") for number in range(6)]
    await world.settle()
    await south.crash()
    for number, listing in enumerate(old):
        [north.delete, north.close_listing, lambda each: north.edit(each, "Changed")][number % 3](
            listing
        )
    for number in range(30):
        north.publish(f"New {number}")
        world.pass_by(days=1)
        await world.run()
        north.tidy()
    assert north.rows("SELECT count(*) FROM delivery WHERE state = 'dead'") != [(0,)]
    south.start()
    for seconds in (0, 16, 2):
        world.pass_by(seconds=seconds)
        await world.run()
    assert south.held_of(north) == north.open_for(south)
    await world.settle()
    world.check()


async def test_backup_that_takes_the_owner_back_takes_the_others_back(world: World) -> None:
    north, south, west = world.nodes
    made = north.publish("As in the backup")
    await world.settle()
    north.edit(made, "Lost with the disk")
    await world.settle()

    def restore(store) -> None:  # type: ignore[no-untyped-def]
        store.listings.put(made, words="", document=None)

    north.database.write_now(restore)
    await world.settle()
    for other in (south, west):
        found = other.find(made.uri)
        assert found is not None
        assert found.title.main.text == "As in the backup"
    world.check()


async def test_breakers_of_two_nodes_that_were_both_down_close_at_the_start(world: World) -> None:
    north, south, _ = world.nodes
    world.network.cuts.add(frozenset((north.authority, south.authority)))
    for node in (north, south):
        for number in range(8):
            node.publish(f"{node.name} {number}")
    for _ in range(12):
        await world.run()
        world.pass_by(minutes=10)
    for node, other in ((north, south), (south, north)):
        sql = "SELECT closed_until FROM host WHERE host = ? AND failures > 5"
        ((closed,),) = node.rows(sql, other.authority)
        assert closed is not None
    world.network.heal()
    for node in (north, south):
        await node.crash()
        node.start()
    for seconds in (0, 16, 2):
        world.pass_by(seconds=seconds)
        await world.run()
    assert south.held_of(north) == north.open_for(south)
    assert north.held_of(south) == south.open_for(north)


async def test_silenced_node_is_not_compared_until_it_is_heard_again(world: World) -> None:
    north, south, _ = world.nodes
    made = [south.publish(f"Number {number}") for number in range(3)]
    await world.settle()
    silence = HostBlock(host=south.authority, severity=Severity.SILENCE, at=world.now)
    north.database.write_now(block_hosts, [silence])
    asked: list[str] = []
    serve = south.serve

    async def noting(parcel: Parcel) -> Reply:
        if parcel.source == north.authority and parcel.method == "GET":
            asked.append(parcel.url.path)
        return await serve(parcel)

    south.serve = noting  # type: ignore[method-assign]
    for _ in range(3):
        world.pass_by(hours=8)
        await world.run()
    assert (asked, north.held_of(south)) == ([], {})
    north.database.write_now(lift_host, south.authority)
    await world.run()
    assert sorted(north.held_of(south)) == sorted(each.uri for each in made)
