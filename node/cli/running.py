"""``capx init`` and ``capx serve``: making a node and running it."""

import argparse
import sys
from urllib.parse import urlsplit

from node.cli.answer import Answer, add_command
from node.cli.opened import data_folder
from node.config import Config, ConfigError, listening_on, load
from node.serving import run_async, start, told_to_end
from node.setup import create_node

DEFAULT_LISTEN = "127.0.0.1:8080"


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the commands of this file."""
    init = add_command(
        commands,
        "init",
        run=run_init,
        says="make a node",
        example="capx init --data hub --domain hub.example --name 'Our hub'",
    )
    init.add_argument("--domain", help="the host name that peers will know the node by")
    init.add_argument("--base-url", metavar="URL", help="its address (default: https://DOMAIN)")
    init.add_argument(
        "--listen",
        metavar="HOST:PORT",
        help=f"default: {DEFAULT_LISTEN}, with --dev the domain's own port",
    )
    init.add_argument("--name", help="what people read as its name")
    init.add_argument("--summary", default="", help="what it is for, in a sentence")
    init.add_argument(
        "--language", action="append", metavar="L", help="a language it works in; may be repeated"
    )
    init.add_argument(
        "--dev", action="store_true", help="for trying out: http and peers on this machine"
    )
    serve = add_command(
        commands,
        "serve",
        run=run_serve,
        says="run a node: pages, federation and worker in one process",
        example="capx serve --data hub",
    )
    serve.add_argument("--listen", metavar="HOST:PORT", help="where to listen, over capx.toml")


def run_init(arguments: argparse.Namespace) -> Answer:
    """Make a node; ask for the domain when it is missing and somebody is there to answer."""
    config = _described(arguments)
    create_node(config)
    addresses = config.addresses
    return Answer(
        {
            "data": str(config.data),
            "base_url": config.base_url,
            "instance_actor": addresses.instance,
            "catalogue": addresses.catalogue,
        },
        [
            f"Made the node '{config.name}' in {config.data}.",
            f"Its catalogue can be followed as @{addresses.acct('catalogue')}",
            f"Run it:          capx serve --data {config.data}",
            f"Add an affiliate: capx affiliate add HANDLE --name NAME --data {config.data}",
        ],
    )


def _described(arguments: argparse.Namespace) -> Config:
    domain = arguments.domain or _domain_of(arguments.base_url) or _asked("Domain of the node: ")
    listen = arguments.listen or _listen_for(domain, dev=arguments.dev)
    scheme = "http" if arguments.dev else "https"
    base_url = (arguments.base_url or f"{scheme}://{domain}").rstrip("/").lower()
    config = Config(
        data=data_folder(arguments),
        base_url=base_url,
        name=arguments.name or domain,
        summary=arguments.summary,
        languages=tuple(arguments.language or ["en"]),
        dev=arguments.dev,
    )
    return listening_on(config, listen)


def _domain_of(base_url: str | None) -> str | None:
    return urlsplit(base_url).netloc if base_url else None


def _listen_for(domain: str, *, dev: bool) -> str:
    """Return where to listen: a development node listens where its own address points."""
    port = domain.rpartition(":")[2]
    return f"127.0.0.1:{port}" if dev and port.isdigit() else DEFAULT_LISTEN


def _asked(question: str) -> str:
    if not sys.stdin.isatty():
        raise ConfigError("say which domain the node has: --domain hub.example")
    return input(question).strip()


def run_serve(arguments: argparse.Namespace) -> None:
    """Run the node until it is told to end."""
    config = load(data_folder(arguments))
    if arguments.listen:
        config = listening_on(config, arguments.listen)
    run_async(_serve(config))


async def _serve(config: Config) -> None:
    runner = await start(config)
    print(f"ready: {config.name} at {config.base_url}", flush=True)
    try:
        await told_to_end()
    finally:
        await runner.cleanup()
