"""The schema, as steps that are applied once and in order (sqlite-utils migrations).

``SCHEMA_VERSION`` is the number of steps this version knows; a database with steps that it does not
know was written by a newer version and is refused. A step runs in one transaction, so a process
that dies in the middle leaves either the old schema or the new one.
"""

import sqlite3

import sqlite_utils
from sqlite_utils.migrations import Migrations

from catalogue.digest import bucket_of
from federation.model import about
from node.storage.digests import Digests
from node.storage.sql import Sql, StorageError

schema = Migrations("capacity-exchange")


def pending(connection: sqlite3.Connection) -> list[str]:
    """Return the names of the steps that this database has not had yet.

    Raises StorageError when the database has had steps that this version does not know.
    """
    database = sqlite_utils.Database(connection)
    known = {step.name for step in schema._migrations}  # noqa: SLF001 - no public list of steps
    foreign = [done.name for done in schema.applied(database) if done.name not in known]
    if foreign:
        raise StorageError(
            f"the database was written by a newer version of capx (step '{foreign[0]}'); "
            "use that version, or restore a backup made before the upgrade"
        )
    return [step.name for step in schema.pending(database)]


def migrate(connection: sqlite3.Connection) -> list[str]:
    """Bring the schema up to this version; return the steps taken."""
    steps = pending(connection)
    if steps:
        schema.apply(sqlite_utils.Database(connection))
    return steps


def _run(database: sqlite_utils.Database, statements: str) -> None:
    """Run statements one by one: ``executescript`` would commit the step's transaction."""
    for statement in statements.split(";"):
        if statement.strip():
            database.execute(statement)


@schema()
def s001_catalogue(database: sqlite_utils.Database) -> None:
    """Actors, listings with their index, matches, follows, tombstones, events."""
    _run(
        database,
        """
        CREATE TABLE actor (
            uri TEXT PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            url TEXT NOT NULL,
            role TEXT NOT NULL,
            handle TEXT NOT NULL,
            acct TEXT NOT NULL,
            name TEXT NOT NULL,
            node TEXT NOT NULL,
            details TEXT NOT NULL,
            published_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL
        );
        CREATE INDEX actor_by_node ON actor (node, handle);
        CREATE INDEX actor_by_role ON actor (role, name);

        CREATE TABLE listing (
            seq INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            uri TEXT NOT NULL UNIQUE,
            url TEXT NOT NULL,
            by_uri TEXT NOT NULL,
            node TEXT NOT NULL,
            kind TEXT NOT NULL,
            category TEXT NOT NULL,
            mode TEXT NOT NULL,
            visibility TEXT NOT NULL,
            status TEXT NOT NULL,
            until_at INTEGER,
            published_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL,
            content TEXT NOT NULL,
            words TEXT NOT NULL,
            document BLOB
        );
        CREATE INDEX listing_newest ON listing (status, published_at, seq);
        CREATE INDEX listing_counted
            ON listing (status, visibility, kind, category, mode, node, until_at);
        CREATE INDEX listing_by_actor ON listing (by_uri, published_at, seq);
        CREATE INDEX listing_by_node ON listing (node, status, until_at);

        CREATE TABLE listing_facet (
            facet TEXT NOT NULL,
            value TEXT NOT NULL,
            listing_seq INTEGER NOT NULL REFERENCES listing (seq) ON DELETE CASCADE,
            PRIMARY KEY (facet, value, listing_seq)
        ) WITHOUT ROWID;
        CREATE INDEX listing_facet_by_listing ON listing_facet (listing_seq);

        CREATE VIRTUAL TABLE listing_words USING fts5 (
            words, content = 'listing', content_rowid = 'seq',
            tokenize = "unicode61 remove_diacritics 0 categories 'L* N* Co Mn Mc'"
        );
        CREATE VIRTUAL TABLE listing_vocabulary USING fts5vocab (listing_words, row);

        CREATE TABLE listing_match (
            need TEXT NOT NULL REFERENCES listing (id) ON DELETE CASCADE,
            offer TEXT NOT NULL REFERENCES listing (id) ON DELETE CASCADE,
            score REAL NOT NULL,
            reasons TEXT NOT NULL,
            PRIMARY KEY (need, offer)
        ) WITHOUT ROWID;
        CREATE INDEX listing_match_by_need ON listing_match (need, score);
        CREATE INDEX listing_match_by_offer ON listing_match (offer, score);

        CREATE TABLE match_due (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            listing_id TEXT NOT NULL UNIQUE REFERENCES listing (id) ON DELETE CASCADE
        );

        CREATE TABLE follow (
            follower TEXT NOT NULL,
            followed TEXT NOT NULL,
            uri TEXT NOT NULL UNIQUE,
            state TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL,
            PRIMARY KEY (follower, followed)
        ) WITHOUT ROWID;
        CREATE INDEX follow_by_followed ON follow (followed, state);

        CREATE TABLE tombstone (
            uri TEXT NOT NULL,
            by_uri TEXT NOT NULL,
            deleted_at INTEGER NOT NULL,
            PRIMARY KEY (uri, by_uri)
        ) WITHOUT ROWID;

        CREATE TABLE event (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL,
            details TEXT NOT NULL,
            happened_at INTEGER NOT NULL
        );
        """,
    )


@schema()
def s002_federation(database: sqlite_utils.Database) -> None:
    """Parties, keys, inbox, activities, deliveries, hosts, readings of peers' catalogues."""
    _run(
        database,
        """
        CREATE TABLE party (
            uri TEXT PRIMARY KEY,
            type TEXT NOT NULL,
            inbox TEXT NOT NULL,
            shared_inbox TEXT,
            outbox TEXT,
            followers TEXT,
            proposals TEXT,
            fetched_at INTEGER NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE own_key (
            uri TEXT PRIMARY KEY,
            owner TEXT NOT NULL,
            algorithm TEXT NOT NULL,
            pem TEXT NOT NULL,
            created_at INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX own_key_by_owner ON own_key (owner, algorithm, created_at);

        CREATE TABLE known_key (
            uri TEXT PRIMARY KEY,
            owner TEXT NOT NULL,
            material TEXT NOT NULL,
            fetched_at INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX known_key_by_owner ON known_key (owner);

        CREATE TABLE inbox (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            uri TEXT NOT NULL UNIQUE,
            actor TEXT NOT NULL,
            body BLOB,
            state TEXT NOT NULL,
            attempts INTEGER NOT NULL,
            reason TEXT,
            received_at INTEGER NOT NULL,
            due_at INTEGER NOT NULL
        );
        CREATE INDEX inbox_due ON inbox (state, due_at, seq);

        CREATE TABLE activity (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            uri TEXT NOT NULL UNIQUE,
            actor TEXT NOT NULL,
            body BLOB NOT NULL,
            is_public INTEGER NOT NULL,
            published_at INTEGER NOT NULL
        );
        CREATE INDEX activity_by_actor ON activity (actor, is_public, seq);

        CREATE TABLE delivery (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            activity TEXT NOT NULL,
            actor TEXT NOT NULL,
            inbox TEXT NOT NULL,
            host TEXT NOT NULL,
            state TEXT NOT NULL,
            attempts INTEGER NOT NULL,
            reason TEXT,
            added_at INTEGER NOT NULL,
            due_at INTEGER NOT NULL,
            UNIQUE (activity, inbox)
        );
        CREATE INDEX delivery_due ON delivery (state, host, due_at, seq);

        CREATE TABLE host (
            host TEXT PRIMARY KEY,
            failures INTEGER NOT NULL,
            closed_until INTEGER,
            error TEXT,
            heard_at INTEGER
        ) WITHOUT ROWID;

        CREATE TABLE blocked_host (
            host TEXT PRIMARY KEY,
            reason TEXT NOT NULL,
            blocked_at INTEGER NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE catch_up (
            actor TEXT PRIMARY KEY,
            page TEXT NOT NULL,
            pages INTEGER NOT NULL,
            attempts INTEGER NOT NULL,
            reason TEXT,
            due_at INTEGER NOT NULL
        ) WITHOUT ROWID;
        """,
    )


@schema()
def s003_relays(database: sqlite_utils.Database) -> None:
    """Actors that pass on what others publish."""
    _run(
        database,
        """
        CREATE TABLE relay (
            actor TEXT PRIMARY KEY,
            added_at INTEGER NOT NULL
        ) WITHOUT ROWID;
        """,
    )


@schema()
def s004_conversations(database: sqlite_utils.Database) -> None:
    """Inquiries with their messages, drafts, consents to quotes."""
    _run(
        database,
        """
        CREATE TABLE inquiry (
            id TEXT PRIMARY KEY,
            to_uri TEXT NOT NULL,
            asker TEXT NOT NULL,
            listing_uri TEXT,
            standing TEXT NOT NULL,
            opened_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX inquiry_by_asker ON inquiry (asker, to_uri, listing_uri);
        CREATE INDEX inquiry_newest ON inquiry (updated_at, id);

        CREATE TABLE message (
            seq INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            uri TEXT NOT NULL UNIQUE,
            url TEXT NOT NULL,
            inquiry_id TEXT NOT NULL REFERENCES inquiry (id) ON DELETE CASCADE,
            author TEXT NOT NULL,
            node TEXT NOT NULL,
            to_uri TEXT NOT NULL,
            in_reply_to TEXT,
            is_answer INTEGER NOT NULL,
            is_public INTEGER NOT NULL,
            text TEXT NOT NULL,
            published_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL,
            received_at INTEGER NOT NULL
        );
        CREATE INDEX message_by_inquiry ON message (inquiry_id, seq);
        CREATE INDEX message_by_author ON message (author, received_at);
        CREATE INDEX message_by_node ON message (node, received_at);
        CREATE INDEX message_by_reply ON message (in_reply_to, is_public, seq);
        CREATE INDEX message_of_others ON message (is_answer);

        CREATE TABLE draft (
            id TEXT PRIMARY KEY,
            message_id TEXT NOT NULL UNIQUE REFERENCES message (id) ON DELETE CASCADE,
            kind TEXT NOT NULL,
            title TEXT NOT NULL,
            text TEXT NOT NULL,
            capacities TEXT NOT NULL,
            state TEXT NOT NULL,
            listing_id TEXT,
            reason TEXT NOT NULL,
            filed_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX draft_by_state ON draft (state, updated_at);

        CREATE TABLE quote_stamp (
            id TEXT PRIMARY KEY,
            listing_uri TEXT NOT NULL,
            quote_uri TEXT NOT NULL,
            asker TEXT NOT NULL,
            made_at INTEGER NOT NULL,
            UNIQUE (listing_uri, quote_uri)
        ) WITHOUT ROWID;
        CREATE INDEX quote_stamp_by_asker ON quote_stamp (asker, quote_uri);

        CREATE INDEX tombstone_by_owner ON tombstone (by_uri, deleted_at);
        """,
    )


@schema()
def s005_signatures(database: sqlite_utils.Database) -> None:
    """Which hosts want RFC 9421, and when an own key was replaced by a newer one."""
    _run(
        database,
        """
        ALTER TABLE host ADD COLUMN rfc9421_until INTEGER;
        ALTER TABLE own_key ADD COLUMN retired_at INTEGER;
        """,
    )


@schema()
def s006_accounts(database: sqlite_utils.Database) -> None:
    """Members and their passwords, apps, codes and tokens; the place of a listing in time."""
    _run(
        database,
        """
        ALTER TABLE listing ADD COLUMN place INTEGER GENERATED ALWAYS AS
            (max(published_at, 0) * 1048576 + (seq & 1048575)) VIRTUAL;
        CREATE INDEX listing_by_place ON listing (place);

        CREATE TABLE member (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            display_name TEXT NOT NULL,
            role TEXT NOT NULL,
            is_disabled INTEGER NOT NULL,
            created_at INTEGER NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE password (
            member_id TEXT PRIMARY KEY REFERENCES member (id) ON DELETE CASCADE,
            encoded TEXT NOT NULL,
            changed_at INTEGER NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE oauth_app (
            id TEXT PRIMARY KEY,
            secret TEXT NOT NULL,
            name TEXT NOT NULL,
            website TEXT NOT NULL,
            redirect_uris TEXT NOT NULL,
            scope TEXT NOT NULL,
            created_at INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX oauth_app_by_age ON oauth_app (created_at);

        CREATE TABLE oauth_code (
            hash TEXT PRIMARY KEY,
            app_id TEXT NOT NULL REFERENCES oauth_app (id) ON DELETE CASCADE,
            member_id TEXT NOT NULL REFERENCES member (id) ON DELETE CASCADE,
            redirect_uri TEXT NOT NULL,
            challenge TEXT NOT NULL,
            is_used INTEGER NOT NULL,
            created_at INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX oauth_code_by_app ON oauth_code (app_id);
        CREATE INDEX oauth_code_by_member ON oauth_code (member_id);

        CREATE TABLE oauth_token (
            hash TEXT PRIMARY KEY,
            app_id TEXT NOT NULL REFERENCES oauth_app (id) ON DELETE CASCADE,
            member_id TEXT REFERENCES member (id) ON DELETE CASCADE,
            code TEXT,
            created_at INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX oauth_token_by_app ON oauth_token (app_id, member_id);
        CREATE INDEX oauth_token_by_member ON oauth_token (member_id, created_at);
        """,
    )


@schema()
def s007_defences(database: sqlite_utils.Database) -> None:
    """How strictly hosts are blocked, blocked actors, allowed hosts, who blocks us, reports."""
    _run(
        database,
        """
        ALTER TABLE blocked_host ADD COLUMN severity TEXT NOT NULL DEFAULT 'suspend';
        ALTER TABLE blocked_host ADD COLUMN reject_media INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE blocked_host ADD COLUMN reject_reports INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE blocked_host ADD COLUMN public_comment TEXT NOT NULL DEFAULT '';
        ALTER TABLE blocked_host ADD COLUMN obfuscate INTEGER NOT NULL DEFAULT 0;

        CREATE TABLE blocked_actor (
            uri TEXT PRIMARY KEY,
            reason TEXT NOT NULL,
            blocked_at INTEGER NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE allowed_host (
            host TEXT PRIMARY KEY,
            allowed_at INTEGER NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE refusal (
            actor TEXT NOT NULL,
            refused TEXT NOT NULL,
            uri TEXT NOT NULL,
            refused_at INTEGER NOT NULL,
            PRIMARY KEY (actor, refused)
        ) WITHOUT ROWID;

        CREATE TABLE report (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            uri TEXT NOT NULL UNIQUE,
            actor TEXT NOT NULL,
            content TEXT NOT NULL,
            about TEXT NOT NULL,
            received_at INTEGER NOT NULL,
            closed_at INTEGER,
            UNIQUE (actor, about)
        );
        CREATE INDEX report_open ON report (closed_at, seq);
        """,
    )


@schema()
def s008_comparison(database: sqlite_utils.Database) -> None:
    """Digests of what each node has open, and when they are compared."""
    _run(
        database,
        """
        CREATE TABLE catalogue_digest (
            node TEXT NOT NULL,
            audience TEXT NOT NULL,
            bucket INTEGER NOT NULL,
            digest BLOB NOT NULL,
            items INTEGER NOT NULL,
            PRIMARY KEY (node, audience, bucket)
        ) WITHOUT ROWID;

        CREATE TABLE comparison (
            actor TEXT PRIMARY KEY,
            host TEXT NOT NULL,
            due_at INTEGER NOT NULL,
            regular_at INTEGER NOT NULL,
            hint BLOB,
            attempts INTEGER NOT NULL,
            fetches INTEGER NOT NULL,
            counted_from INTEGER,
            read_at INTEGER,
            asked_at INTEGER,
            agreed_at INTEGER,
            reason TEXT
        ) WITHOUT ROWID;
        CREATE INDEX comparison_by_host ON comparison (host);

        ALTER TABLE listing ADD COLUMN bucket INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX listing_by_bucket ON listing (node, bucket, status);
        CREATE INDEX delivery_added ON delivery (state, added_at);
        ALTER TABLE delivery ADD COLUMN about TEXT NOT NULL DEFAULT '';
        CREATE INDEX delivery_about ON delivery (inbox, about, state, seq);
        """,
    )
    _count_listings_in(database)
    _say_what_deliveries_are_about(database)


def _say_what_deliveries_are_about(database: sqlite_utils.Database) -> None:
    for row in database.execute("SELECT seq, activity FROM delivery").fetchall():
        database.execute(
            "UPDATE delivery SET about = :about WHERE seq = :seq",
            {"about": about(row["activity"]), "seq": row["seq"]},
        )


def _count_listings_in(database: sqlite_utils.Database) -> None:
    """Give every listing its bucket and count it in; rows as the driver has them."""
    digests = Digests(Sql(database.conn))
    rows = database.execute(
        "SELECT seq, uri, by_uri, node, visibility, status, updated_at FROM listing"
    )
    for row in rows.fetchall():
        database.execute(
            "UPDATE listing SET bucket = :bucket WHERE seq = :seq",
            {"bucket": bucket_of(row["uri"]), "seq": row["seq"]},
        )
        digests.add(row)
