"""Who says it: signatures that are missing, spoilt, borrowed or of a bad key (H01-H22, L4-L6)."""

import pytest

from tests.hostile.house import House

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_h01_unsigned_activity(house: House) -> None:
    _, body = house.letter(house.lie(), house.liar)
    async with house.unchanged():
        assert await house.knock({}, body) == 401
    assert await house.send(house.lie("truth"), house.liar) == 202  # as it should come, it is kept
    await house.rest()
    assert f"{house.evil.url}/notes/truth" in await house.node.titles()
