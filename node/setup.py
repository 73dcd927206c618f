"""Making a node and opening one: the data folder, the database, its own actors and keys."""

from dataclasses import replace
from pathlib import Path

from catalogue import taxonomy
from catalogue.addresses import CATALOGUE_HANDLE
from catalogue.addresses import Path as Address
from catalogue.language import LanguageMap
from catalogue.model import Actor, Role
from catalogue.people import AffiliateDraft, add_affiliate
from catalogue.ports import Clock
from catalogue.richtext import from_markdown
from federation.keyring import new_keys
from federation.model import OwnKey
from node import config as configuration
from node.config import Config, ConfigError
from node.identity import SystemClock, TimeOrderedIds
from node.storage.database import Database, connect
from node.storage.migrations import migrate
from node.storage.store import NodeStore, Surroundings

NodeDatabase = Database[NodeStore]


def create_node(config: Config) -> None:
    """Make a node in a folder that holds none; raise ConfigError where one is."""
    config.check()
    if (config.data / configuration.FILE).exists():
        raise ConfigError(f"there is a node in {config.data} already")
    config.data.mkdir(parents=True, exist_ok=True)
    config.data.chmod(0o700)
    configuration.save(config)
    open_database(config).close()


def open_database(config: Config, clock: Clock | None = None) -> NodeDatabase:
    """Open a node's database: bring its schema up to date and see that its own actors stand.

    Raises StorageError for a file that cannot be used.
    """
    _bring_up(config.database)
    clock = clock or SystemClock()
    around = Surroundings(
        clock=clock,
        ids=TimeOrderedIds(clock),
        addresses=config.addresses,
        taxonomy=taxonomy.load(),
        openness=config.federation,
    )
    database = Database(config.database, lambda sql: NodeStore(sql, around))
    for actor in _own_actors(config, around):
        if database.read_now(_is_missing, actor.uri):
            keys = new_keys(actor.uri, clock.now())
            database.write_now(_settle, actor, keys)
        elif database.read_now(_has_changed, actor):
            database.write_now(_rename, actor)
    return database


def summary_of(config: Config) -> LanguageMap:
    """Return what a node is for, as safe HTML in its first language."""
    if not config.summary:
        return LanguageMap()
    language = config.languages[0] if config.languages else "en"
    return LanguageMap({language: from_markdown(config.summary)})


def admit(store: NodeStore, draft: AffiliateDraft, keys: list[OwnKey]) -> Actor:
    """Add an affiliate together with its keys, in one transaction."""
    affiliate = add_affiliate(store, draft)
    for key in keys:
        store.keys.put_own(key)
    return affiliate


def _bring_up(path: Path) -> None:
    connection = connect(path)
    try:
        path.chmod(0o600)
        migrate(connection)
    finally:
        connection.close()


def _own_actors(config: Config, around: Surroundings) -> list[Actor]:
    """Return the two actors every node has: the instance and the catalogue."""
    addresses, now = around.addresses, around.clock.now()
    instance = Actor(
        id=around.ids.new(),
        uri=addresses.instance,
        url=addresses.at(Address.ABOUT),
        role=Role.INSTANCE,
        handle=addresses.authority,
        acct=addresses.acct(addresses.authority),
        name=addresses.authority,
        node=addresses.authority,
        summary=summary_of(config),
        languages=config.languages,
        published=now,
        updated=now,
    )
    catalogue = replace(
        instance,
        id=around.ids.new(),
        uri=addresses.catalogue,
        role=Role.CATALOGUE,
        handle=CATALOGUE_HANDLE,
        acct=addresses.acct(CATALOGUE_HANDLE),
        name=config.name,
    )
    return [instance, catalogue]


def _is_missing(store: NodeStore, uri: str) -> bool:
    return store.actors.find_by_uri(uri) is None


def _has_changed(store: NodeStore, wanted: Actor) -> bool:
    known = store.actors.find_by_uri(wanted.uri)
    return known is not None and _said(known) != _said(wanted)


def _said(actor: Actor) -> tuple[object, ...]:
    return actor.name, actor.summary, actor.languages, actor.url


def _settle(store: NodeStore, actor: Actor, keys: list[OwnKey]) -> None:
    store.actors.put(actor)
    for key in keys:
        store.keys.put_own(key)


def _rename(store: NodeStore, actor: Actor) -> None:
    store.actors.put(actor)
