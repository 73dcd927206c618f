"""After whatever happened, nodes that follow each other hold the same: searched for by hypothesis.

``CAPX_STEPS=10000`` has it take that many steps instead of the few of every day; ``CAPX_NODES``
says how many nodes there are, and with ``CAPX_SHRINK`` set it looks for the shortest way to a
failure, which takes minutes.
"""

import asyncio
import os
import random
from collections.abc import Callable, Coroutine
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from catalogue.model import Visibility
from tests.convergence.network import Fault
from tests.convergence.world import Beginning, Node, World

STEPS = int(os.environ.get("CAPX_STEPS", "400"))
NODES = int(os.environ.get("CAPX_NODES", "3"))
PHASES = [Phase.generate, *([Phase.shrink] if "CAPX_SHRINK" in os.environ else [])]
LENGTH = min(50, STEPS)  # steps between two beginnings
NAMES = ("north", "south", "west", "east", "centre", "coast", "island")[:NODES]

VISIBILITIES = st.sampled_from(
    [Visibility.PUBLIC] * 4 + [Visibility.NETWORK] * 2 + [Visibility.NODE]
)
SKEWS = st.sampled_from(
    [timedelta(seconds=30), timedelta(minutes=40), timedelta(hours=3), timedelta(days=1)]
)
WAITS = st.sampled_from([1, 20, 61, 600, 4_000, 30_000, 100_000])  # seconds


def machine(beginning: Beginning, folders: Callable[[], Any], taken: list[str]) -> Any:
    """Return a machine whose every step is noted in ``taken``."""

    class Exchange(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.loop = asyncio.new_event_loop()
            self.titles = count(1)
            self.busy = 0
            self.world: World | None = None

        def do(self, work: Coroutine[Any, Any, Any]) -> Any:
            return self.loop.run_until_complete(work)

        @initialize(seed=st.integers(0, 2**16))
        def begin(self, seed: int) -> None:
            self.world = self.do(beginning.copy(folders()))
            for index, node in enumerate(self.world.nodes):
                node.chance = random.Random(f"{seed} {index}")  # noqa: S311 - the seed is drawn
                self.do(node.crash())
                node.start()

        def node(self, number: int) -> Node:
            assert self.world is not None
            return self.world.nodes[number % NODES]

        def step(self, name: str) -> None:
            taken.append(name)
            self.busy += 1
            assert self.world is not None
            self.world.pass_by(seconds=2)

        # -- what people do -------------------------------------------------------------------

        @rule(number=st.integers(0, NODES - 1), visibility=VISIBILITIES)
        def publish(self, number: int, visibility: Visibility) -> None:
            self.step("publish")
            if (node := self.node(number)).is_up:
                node.publish(f"No. {next(self.titles)}", visibility)

        @rule(number=st.integers(0, NODES - 1), which=st.integers(0, 30))
        def edit(self, number: int, which: int) -> None:
            self.step("edit")
            if own := self.own(number):
                self.node(number).edit(own[which % len(own)], f"No. {next(self.titles)}")

        @rule(number=st.integers(0, NODES - 1), which=st.integers(0, 30))
        def delete(self, number: int, which: int) -> None:
            self.step("delete")
            if own := self.own(number):
                self.node(number).delete(own[which % len(own)])

        @rule(number=st.integers(0, NODES - 1), which=st.integers(0, 30))
        def close(self, number: int, which: int) -> None:
            self.step("close")
            if own := [each for each in self.own(number) if each.status == "open"]:
                self.node(number).close_listing(own[which % len(own)])

        def own(self, number: int) -> list[Any]:
            node = self.node(number)
            return node.own() if node.is_up else []

        @rule(number=st.integers(0, NODES - 1), by=st.integers(1, NODES - 1))
        def turn_away_or_back(self, number: int, by: int) -> None:
            self.step("follow")
            node, other = self.node(number), self.node(number + by)
            if not node.is_up:
                return
            if node.believes_to_follow(other):
                node.unfollow(other)
            else:
                node.follow(other)

        # -- what the network does ------------------------------------------------------------

        @rule(
            number=st.integers(0, NODES - 1),
            by=st.integers(1, NODES - 1),
            faults=st.lists(st.sampled_from(Fault), min_size=1, max_size=4),
        )
        def disturb(self, number: int, by: int, faults: list[Fault]) -> None:
            self.step("disturb")
            assert self.world is not None
            link = self.node(number).authority, self.node(number + by).authority
            self.world.network.faults[link].extend(faults)

        @rule(number=st.integers(0, NODES - 1), by=st.integers(1, NODES - 1))
        def part(self, number: int, by: int) -> None:
            self.step("part")
            assert self.world is not None
            pair = {self.node(number).authority, self.node(number + by).authority}
            self.world.network.cuts ^= {frozenset(pair)}

        @precondition(lambda self: self.world and self.world.network.held)
        @rule(which=st.integers(0, 30))
        def arrive_late(self, which: int) -> None:
            self.step("late")
            assert self.world is not None
            held = self.world.network.held
            self.do(self.world.network.release(which % len(held)))

        # -- what machines do -----------------------------------------------------------------

        @rule(number=st.integers(0, NODES - 1), fuse=st.integers(0, 40))
        def crash(self, number: int, fuse: int) -> None:
            self.step("crash")
            if (node := self.node(number)).is_up:
                if fuse:
                    node.fuse = fuse
                else:
                    self.do(node.crash())

        @rule(number=st.integers(0, NODES - 1))
        def restart(self, number: int) -> None:
            self.step("restart")
            if not (node := self.node(number)).is_up:
                node.start()

        @rule(number=st.integers(0, NODES - 1), skew=SKEWS, is_ahead=st.booleans())
        def set_clock_wrong(self, number: int, skew: timedelta, is_ahead: bool) -> None:
            self.step("skew")
            self.node(number).clock.skew = skew if is_ahead else -skew

        @rule(number=st.integers(0, NODES - 1))
        def set_clock_right(self, number: int) -> None:
            self.step("right")
            assert self.world is not None
            self.node(number).clock.skew = timedelta()
            self.world.pass_by(minutes=2)

        # -- time -----------------------------------------------------------------------------

        @rule(number=st.integers(0, NODES - 1))
        def work_once(self, number: int) -> None:
            self.step("turn")
            self.do(self.node(number).turn())

        @rule()
        def work(self) -> None:
            self.step("work")
            assert self.world is not None
            self.do(self.world.run())

        @rule(seconds=WAITS)
        def wait(self, seconds: int) -> None:
            self.step("wait")
            assert self.world is not None
            self.world.pass_by(seconds=seconds)
            for node in self.world.nodes:
                if node.is_up:
                    node.tidy()
            self.do(self.world.run())

        @precondition(lambda self: self.busy >= 10)
        @rule()
        def come_to_rest(self) -> None:
            self.step("rest")
            self.rest()
            self.busy = 0

        def rest(self) -> None:
            assert self.world is not None
            self.do(self.world.settle())
            self.world.check()

        def teardown(self) -> None:
            try:
                if self.world is not None:
                    self.rest()
            finally:
                if self.world is not None:
                    self.do(self.world.close())
                self.loop.close()

    return Exchange


@pytest.fixture(scope="module")
def beginning(tmp_path_factory: pytest.TempPathFactory) -> Beginning:
    return Beginning(tmp_path_factory.mktemp("beginning") / "nodes", NAMES)


def test_nodes_that_follow_each_other_come_to_hold_the_same(
    beginning: Beginning, tmp_path_factory: pytest.TempPathFactory
) -> None:
    numbers = count()
    base = tmp_path_factory.mktemp("worlds")
    taken: list[str] = []
    rounds = 0
    while len(taken) < STEPS:
        rounds += 1
        run_state_machine_as_test(
            machine(beginning, lambda: base / str(next(numbers)), taken),
            settings=settings(
                max_examples=max(1, (STEPS - len(taken)) // LENGTH),
                stateful_step_count=LENGTH,
                deadline=None,
                database=None,
                print_blob=True,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.generate, Phase.shrink]
                if os.environ.get("CAPX_SHRINK")
                else [Phase.generate],
            ),
        )
    print(f"{len(taken)} steps in {next(numbers)} worlds of {NODES} nodes, {rounds} rounds")
