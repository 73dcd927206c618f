"""``capx peer`` and ``capx report``: whom this node deals with, and what is reported."""

import argparse
import asyncio
import re
from pathlib import Path
from typing import Any

from catalogue.errors import Conflict, Invalid, NotFound, Problem
from catalogue.model import Peer
from federation import blocklist, reporting
from federation.blocking import Loss, block_actor, block_hosts, lift_actor, lift_host, preview
from federation.blocklist import Blocklist
from federation.errors import GiveUp
from federation.guard import domains_of, host_of
from federation.keyring import Keyring
from federation.mapping.proposal import owner_of
from federation.mapping.values import types_of
from federation.model import HostBlock, Openness, Report, Severity
from federation.resolver import Resolver
from federation.vocabulary import ACTOR_TYPES
from node.app import default_settings, make_remote
from node.cli.answer import Answer, add_command, add_group, names, number
from node.cli.opened import opened
from node.config import Config
from node.identity import SystemClock
from node.setup import NodeDatabase
from node.storage.store import NodeStore

_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*(?::[0-9]{1,5})?")
_ACTOR = re.compile(r"https?://[^/]+/.+")
SHOWN = 10  # names told of a longer list


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the commands of this file."""
    _add_peers(add_group(commands, "peer", "the other nodes"))
    _add_reports(add_group(commands, "report", "what is reported here, and what we report"))


def _add_peers(peer: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    add_command(
        peer, "list", run=run_peer_list, says="list the other nodes", example="capx peer list"
    )
    show = add_command(
        peer,
        "show",
        run=run_peer_show,
        says="show how another node stands",
        example="capx peer show hub.example",
    )
    show.add_argument("host", metavar="HOST")
    block = add_command(
        peer,
        "block",
        run=run_peer_block,
        says="take nothing from a host, its subdomains or one actor, and send them nothing",
        example="capx peer block bad.example --reason spam",
    )
    block.add_argument("host", metavar="HOST-OR-ACTOR")
    block.add_argument("--reason", default="", help="for operators; never published")
    block.add_argument(
        "--severity",
        choices=names(Severity),
        default=Severity.SUSPEND.value,
        help="silence: its listings are not kept; suspend: nothing at all (default)",
    )
    allow = add_command(
        peer,
        "allow",
        run=run_peer_allow,
        says="lift a block, and put a host on the list of those allowed",
        example="capx peer allow hub.example",
    )
    allow.add_argument("host", metavar="HOST-OR-ACTOR")
    unlist = add_command(
        peer,
        "unlist",
        run=run_peer_unlist,
        says="take a host off the list of those allowed",
        example="capx peer unlist hub.example",
    )
    unlist.add_argument("host", metavar="HOST")
    imported = add_command(
        peer,
        "import",
        run=run_peer_import,
        says="block the hosts of a list in Mastodon's CSV, all or none",
        example="capx peer import blocks.csv --dry-run",
    )
    imported.add_argument("file", metavar="FILE", type=Path)
    imported.add_argument("--dry-run", action="store_true", help="say what would be lost")
    imported.add_argument("--allowed", action="store_true", help="the file lists hosts to allow")
    exported = add_command(
        peer,
        "export",
        run=run_peer_export,
        says="print the blocked hosts as Mastodon's CSV",
        example="capx peer export",
    )
    exported.add_argument("--allowed", action="store_true", help="the hosts allowed instead")


def _add_reports(report: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    listed = add_command(
        report,
        "list",
        run=run_report_list,
        says="list what others report and nobody has closed",
        example="capx report list",
    )
    listed.add_argument("--limit", type=number, default=100, metavar="N")
    show = add_command(
        report,
        "show",
        run=run_report_show,
        says="show one report",
        example="capx report show 3",
    )
    show.add_argument("number", metavar="NUMBER", type=number)
    close = add_command(
        report,
        "close",
        run=run_report_close,
        says="close a report that is dealt with",
        example="capx report close 3",
    )
    close.add_argument("number", metavar="NUMBER", type=number)
    send = add_command(
        report,
        "send",
        run=run_report_send,
        says="report an actor or a listing to its own server, in the node's name",
        example="capx report send https://hub.example/proposals/1 --reason 'Not an offer'",
    )
    send.add_argument("uri", metavar="URI")
    send.add_argument("--reason", required=True, help="for the moderators there")


# -- peers ----------------------------------------------------------------------------------------


def run_peer_list(arguments: argparse.Namespace) -> Answer:
    """List the nodes that follow this one or are followed by it, and what was decided of others."""
    with opened(arguments) as (config, database):
        peers = database.read_now(_peers)
        blocks = database.read_now(lambda store: store.blocks.list_hosts())
        actors = database.read_now(lambda store: store.blocks.list_actors())
        allowed = database.read_now(lambda store: store.blocks.list_allowed())
    is_listed = config.federation is Openness.ALLOWLIST
    return Answer(
        {
            "federation": config.federation,
            "peers": [_peer(each) for each in peers],
            "blocked": [_block(each) for each in blocks],
            "blocked_actors": [{"uri": uri, "reason": reason} for uri, reason in actors],
            "allowed": allowed,
        },
        [
            *(f"{each.node:28} {each.name} · {each.open_listings} open" for each in peers),
            *(_block_line(each) for each in blocks),
            *(f"{uri} blocked {reason}".rstrip() for uri, reason in actors),
            *(f"{host:28} allowed" for host in allowed if is_listed),
        ]
        or ["No peers yet."],
    )


def run_peer_show(arguments: argparse.Namespace) -> Answer:
    """Show how one node stands, as a peer and as somebody decided about."""
    host = arguments.host.strip().lower().rstrip(".")
    with opened(arguments) as (config, database):
        peers = [each for each in database.read_now(_peers) if each.node == host]
        blocks = database.read_now(lambda store: store.blocks.list_hosts())
        allowed = set(database.read_now(lambda store: store.blocks.list_allowed()))
    above = [each for each in blocks if each.host in domains_of(host)]
    is_allowed = not allowed.isdisjoint(domains_of(host))
    if not peers and not above and not is_allowed:
        raise NotFound(f"there is no peer '{arguments.host}'")
    standing = {
        "node": host,
        **(_peer(peers[0]) if peers else {}),
        "severity": max((each.severity for each in above), key=_strictness, default=None),
        "blocked_as": [each.host for each in above],
        "allowed": is_allowed if config.federation is Openness.ALLOWLIST else None,
    }
    return Answer(standing, [f"{name}: {_said(value)}" for name, value in standing.items()])


def _strictness(severity: Severity) -> int:
    return severity.strictness


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    return {True: "yes", False: "no", None: "-"}.get(value, str(value))


def run_peer_block(arguments: argparse.Namespace) -> Answer:
    """Block a host or one actor."""
    if _ACTOR.fullmatch(arguments.host):
        return _block_actor(arguments)
    host, severity = _host(arguments.host), Severity(arguments.severity)
    with opened(arguments) as (config, database):
        _refuse_ourselves(config, [host])
        loss = database.write_now(
            lambda store: block_hosts(
                store,
                [
                    HostBlock(
                        host=host,
                        severity=severity,
                        reason=arguments.reason,
                        at=store.clock.now(),
                    )
                ],
            )
        )
    done = {
        Severity.SUSPEND: f"Blocked {host} and its subdomains.",
        Severity.SILENCE: f"Listings of {host} and its subdomains are not kept any more.",
        Severity.NOOP: f"Noted {host}; nothing is kept away.",
    }
    is_blocked = severity is Severity.SUSPEND
    return Answer(
        {"host": host, "blocked": is_blocked, "severity": severity, "lost": _loss(loss)},
        [done[severity], *_loss_lines(loss)],
    )


def _block_actor(arguments: argparse.Namespace) -> Answer:
    actor = arguments.host
    host_of(actor)
    with opened(arguments) as (config, database):
        if config.addresses.is_ours(actor):
            raise Conflict("a node does not block its own")
        loss = database.write_now(block_actor, actor, reason=arguments.reason)
    return Answer(
        {"actor": actor, "blocked": True, "lost": _loss(loss)},
        [f"Blocked {actor}.", *_loss_lines(loss)],
    )


def _refuse_ourselves(config: Config, hosts: list[str]) -> None:
    if not {*hosts}.isdisjoint(domains_of(config.addresses.authority)):
        raise Conflict("a node does not block itself")


def run_peer_allow(arguments: argparse.Namespace) -> Answer:
    """Lift a block, and put a host on the list of those allowed."""
    if _ACTOR.fullmatch(arguments.host):
        return _allow_actor(arguments)
    host = _host(arguments.host)
    with opened(arguments) as (_, database):
        database.write_now(lift_host, host)
    return Answer({"host": host, "blocked": False, "allowed": True}, [f"{host} is allowed."])


def _allow_actor(arguments: argparse.Namespace) -> Answer:
    actor = arguments.host
    with opened(arguments) as (_, database):
        if not database.write_now(lift_actor, actor):
            raise NotFound(f"'{actor}' is not blocked")
    return Answer({"actor": actor, "blocked": False}, [f"{actor} is not blocked any more."])


def run_peer_unlist(arguments: argparse.Namespace) -> Answer:
    """Take a host off the list of those allowed."""
    host = _host(arguments.host)
    with opened(arguments) as (_, database):
        if not database.write_now(lambda store: store.blocks.remove_allowed(host)):
            raise NotFound(f"'{host}' is not on the list")
    return Answer({"host": host, "allowed": False}, [f"{host} is not on the list any more."])


def run_peer_import(arguments: argparse.Namespace) -> Answer:
    """Block, or allow, what a file lists: all of it or nothing."""
    if arguments.file.stat().st_size > blocklist.MAX_BYTES:  # before it is read (H73)
        message = f"is larger than {blocklist.MAX_BYTES} bytes"
        raise Invalid([Problem(field="file", message=message)])
    with opened(arguments) as (config, database):
        listed = blocklist.parse(arguments.file.read_bytes(), now=SystemClock().now())
        if arguments.allowed:
            return _import_allowed(database, listed, is_dry=arguments.dry_run)
        _refuse_ourselves(config, list(listed.hosts))
        work = _preview_list if arguments.dry_run else _block_list
        run = database.read_now if arguments.dry_run else database.write_now
        loss = run(work, listed)
    verb = "Would treat" if arguments.dry_run else "Treated"
    return Answer(
        {
            "hosts": len(listed.blocks),
            "obfuscated": listed.obfuscated,
            "dry_run": arguments.dry_run,
            "lost": _loss(loss),
        },
        [
            f"{verb} {len(listed.blocks)} hosts as listed.",
            *_obfuscated_lines(listed),
            *_loss_lines(loss),
        ],
    )


def _block_list(store: NodeStore, listed: Blocklist) -> Loss:
    return block_hosts(store, _strictest(store, listed))


def _preview_list(store: NodeStore, listed: Blocklist) -> Loss:
    return preview(store, _strictest(store, listed))


def _strictest(store: NodeStore, listed: Blocklist) -> list[HostBlock]:
    """Return what a list adds: it never makes milder what was decided here."""
    known = {each.host: each for each in store.blocks.list_hosts()}
    return [
        each
        for each in listed.blocks
        if each.host not in known
        or each.severity.strictness >= known[each.host].severity.strictness
    ]


def _import_allowed(database: NodeDatabase, listed: Blocklist, *, is_dry: bool) -> Answer:
    def allow(store: NodeStore) -> None:
        for host in listed.hosts:
            store.blocks.put_allowed(host, store.clock.now())

    if not is_dry:
        database.write_now(allow)
    verb = "Would allow" if is_dry else "Allowed"
    return Answer(
        {"hosts": len(listed.hosts), "obfuscated": listed.obfuscated, "dry_run": is_dry},
        [f"{verb} {len(listed.hosts)} hosts.", *_obfuscated_lines(listed)],
    )


def _obfuscated_lines(listed: Blocklist) -> list[str]:
    return [f"Left out, unreadable: {listed.obfuscated}."] if listed.obfuscated else []


def run_peer_export(arguments: argparse.Namespace) -> Answer:
    """Print the lists as Mastodon writes them."""
    with opened(arguments) as (_, database):
        blocks = database.read_now(lambda store: store.blocks.list_hosts())
        allowed = database.read_now(lambda store: store.blocks.list_allowed())
    if arguments.allowed:
        return Answer(allowed, blocklist.render_allowed(allowed).splitlines())
    return Answer([_block(each) for each in blocks], blocklist.render(blocks).splitlines())


def _loss(loss: Loss) -> dict[str, Any]:
    return {
        "followed": list(loss.followed),
        "followers": list(loss.followers),
        "listings": loss.listings,
        "nodes": list(loss.nodes),
    }


def _loss_lines(loss: Loss) -> list[str]:
    return [
        *_some("Not followed any more", loss.followed),
        *_some("No followers any more", loss.followers),
        *([f"Listings gone: {loss.listings}, of {', '.join(loss.nodes)}."] if loss.nodes else []),
    ]


def _some(what: str, uris: tuple[str, ...]) -> list[str]:
    if not uris:
        return []
    more = f" and {len(uris) - SHOWN} more" if len(uris) > SHOWN else ""
    return [f"{what}: {', '.join(uris[:SHOWN])}{more}."]


def _block(block: HostBlock) -> dict[str, Any]:
    return {
        "host": block.host,
        "severity": block.severity,
        "reason": block.reason,
        "public_comment": block.public_comment,
        "reject_media": block.reject_media,
        "reject_reports": block.reject_reports,
        "obfuscate": block.obfuscate,
    }


def _block_line(block: HostBlock) -> str:
    words = {Severity.SUSPEND: "blocked", Severity.SILENCE: "silenced", Severity.NOOP: "noted"}
    return f"{block.host:28} {words[block.severity]} {block.reason}".rstrip()


def _peers(store: NodeStore) -> list[Peer]:
    return store.peers.list_peers(store.clock.now())


def _peer(peer: Peer) -> dict[str, Any]:
    return {
        "node": peer.node,
        "name": peer.name,
        "catalogue": peer.catalogue,
        "following": peer.following,
        "follows_us": peer.follows_us,
        "open_listings": peer.open_listings,
        "heard": peer.heard.isoformat() if peer.heard else None,
        "trouble": peer.trouble,
    }


def _host(text: str) -> str:
    try:
        host = blocklist.domain(text)
    except ValueError:
        host = ""
    if not _HOST.fullmatch(host):
        raise Invalid([Problem(field="host", message=f"'{text}' is no host name")])
    return host


# -- reports --------------------------------------------------------------------------------------


def run_report_list(arguments: argparse.Namespace) -> Answer:
    """List the open reports."""
    with opened(arguments) as (_, database):
        reports = database.read_now(lambda store: store.reports.list_open(arguments.limit))
    return Answer(
        [_report(each) for each in reports],
        [f"{each.number:6} {host_of(each.actor):28} {each.about[0]}" for each in reports]
        or ["No open reports."],
    )


def run_report_show(arguments: argparse.Namespace) -> Answer:
    """Show one report in full."""
    with opened(arguments) as (_, database):
        found = database.read_now(lambda store: store.reports.find(arguments.number))
    if found is None:
        raise NotFound(f"there is no report {arguments.number}")
    data = _report(found)
    return Answer(data, [f"{name}: {_said(value)}" for name, value in data.items()])


def run_report_close(arguments: argparse.Namespace) -> Answer:
    """Close a report."""
    with opened(arguments) as (_, database):
        closed = database.write_now(
            lambda store: store.reports.close(arguments.number, store.clock.now())
        )
    if not closed:
        raise NotFound(f"there is no open report {arguments.number}")
    return Answer({"number": arguments.number, "closed": True}, [f"Closed {arguments.number}."])


def run_report_send(arguments: argparse.Namespace) -> Answer:
    """Find whose a thing is and report both to their server; the running node carries it."""
    if len(arguments.reason) > reporting.MAX_CONTENT:
        message = f"is longer than {reporting.MAX_CONTENT} characters"
        raise Invalid([Problem(field="reason", message=message)])
    with opened(arguments) as (config, database):
        if config.addresses.is_ours(arguments.uri):
            raise Conflict("what is here is not reported but deleted")
        owner = asyncio.run(_owner(config, database, arguments.uri))
        about = list(dict.fromkeys([owner, arguments.uri]))
        address = database.write_now(_send_report, about, arguments.reason)
    return Answer(
        {"uri": address, "about": about, "to": host_of(owner)},
        [f"Reported to {host_of(owner)}: {', '.join(about)}."],
    )


def _send_report(store: NodeStore, about: list[str], reason: str) -> str:
    party = store.parties.find(about[0])
    if party is None:
        raise NotFound(f"{about[0]} is not to be reached")
    return reporting.send(store, Keyring(), about, party, reason)


async def _owner(config: Config, database: NodeDatabase, address: str) -> str:
    """Return the actor that a thing belongs to, from what is here or from its server."""
    known = database.read_now(_known_owner, address)
    settings = default_settings(config)
    async with make_remote(database, Keyring(), config.addresses, settings) as remote:
        resolver = Resolver(
            database,
            remote,
            addresses=config.addresses,
            clock=SystemClock(),
            settings=settings,
        )
        if known is None:
            document = (await resolver.fetch_object(address)).document
            known = address if types_of(document) & ACTOR_TYPES else owner_of(document)
        if known is None or host_of(known) != host_of(address):
            raise GiveUp(f"{address} does not say whose it is")
        return (await resolver.find_party(known)).uri


def _known_owner(store: NodeStore, address: str) -> str | None:
    listing = store.listings.find_by_uri(address)
    if listing is not None:
        return listing.by
    return address if store.parties.find(address) else None


def _report(report: Report) -> dict[str, Any]:
    return {
        "number": report.number,
        "from": report.actor,
        "about": list(report.about),
        "content": report.content,
        "received": report.received.isoformat(),
        "closed": report.closed.isoformat() if report.closed else None,
    }
