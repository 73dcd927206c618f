"""Making a node and opening one."""

from dataclasses import replace

import pytest

from catalogue.model import Role
from catalogue.people import AffiliateDraft
from federation.keyring import Keyring, new_keys
from node.config import Config, ConfigError, load
from node.setup import admit, create_node, open_database
from node.storage.sql import StorageError
from tests.samples import NOW, FixedClock, one


@pytest.fixture
def config(tmp_path):
    return Config(
        data=tmp_path / "hub",
        base_url="https://hub.example",
        name="Our hub",
        summary="For **groups** of the north.",
        languages=("fr", "en"),
    )


def opened(config, clock=None):
    database = open_database(config, clock)
    try:
        return database.read_now(
            lambda store: {
                role: store.actors.list_by_role(role, config.addresses.authority)
                for role in (Role.INSTANCE, Role.CATALOGUE)
            }
        )
    finally:
        database.close()


def test_node_is_made_for_its_owner_alone(config):
    create_node(config)
    assert load(config.data, {}) == config
    modes = {each.name: each.stat().st_mode & 0o777 for each in [config.data, config.database]}
    assert modes == {"hub": 0o700, "node.db": 0o600}


def test_node_has_its_own_actors_and_keys(config):
    create_node(config)
    found = opened(config, FixedClock())
    [instance], [catalogue] = found[Role.INSTANCE], found[Role.CATALOGUE]
    assert (instance.uri, instance.handle) == ("https://hub.example/actor", "hub.example")
    assert (catalogue.uri, catalogue.handle) == (
        "https://hub.example/actors/catalogue",
        "catalogue",
    )
    assert catalogue.name == "Our hub"
    assert catalogue.acct == "catalogue@hub.example"
    assert catalogue.summary == one("<p>For <strong>groups</strong> of the north.</p>", "fr")
    assert catalogue.languages == ("fr", "en")
    database = open_database(config)
    for uri in (instance.uri, catalogue.uri):
        assert database.read_now(Keyring().public_keys, uri).rsa_uri == f"{uri}#main-key"
    database.close()


def test_second_node_in_one_folder_is_refused(config):
    create_node(config)
    before = opened(config)
    with pytest.raises(ConfigError, match="already"):
        create_node(replace(config, name="Another"))
    assert load(config.data, {}).name == "Our hub"
    assert opened(config) == before


def test_bad_configuration_makes_nothing(config):
    with pytest.raises(ConfigError):
        create_node(replace(config, base_url="http://hub.example"))
    assert not config.data.exists()


def test_opening_again_changes_nothing(config):
    create_node(config)
    assert opened(config) == opened(config)


def test_new_name_is_taken_over_and_keys_stay(config):
    create_node(config)
    before = opened(config)[Role.CATALOGUE][0]
    clock = FixedClock()
    clock.pass_by(days=1)
    after = opened(replace(config, name="New name", summary=""), clock)[Role.CATALOGUE][0]
    assert (after.name, dict(after.summary)) == ("New name", {})
    assert (after.id, after.published) == (before.id, before.published)


def test_admitted_affiliate_has_keys_or_is_not_there(config):
    create_node(config)
    database = open_database(config)
    keys = new_keys(config.addresses.actor("delta"), NOW)
    added = database.write_now(admit, AffiliateDraft(handle="delta", name="Delta"), keys)
    public = database.read_now(Keyring().public_keys, added.uri)
    assert public.ed25519_uri == f"{added.uri}#ed25519-key"
    with pytest.raises(StorageError):  # keys that are there already undo the affiliate too
        database.write_now(admit, AffiliateDraft(handle="other", name="Other"), keys)
    assert (
        database.read_now(lambda store: store.actors.find_by_handle("other", "hub.example")) is None
    )
    database.close()


def test_file_that_is_no_database_is_refused(config):
    config.data.mkdir()
    config.database.write_text("no database " * 1000)
    with pytest.raises(StorageError):
        open_database(config)
