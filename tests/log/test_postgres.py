"""What only the PostgreSQL store has to show, while the server is well."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg
import pytest

import consentkit.exceptions
from consentkit.exceptions import ConfigurationError, LogCorrupt, LogError, LogUnavailable, MissingExtra
from consentkit.log import ConsentLog, LogReader, open_log
from consentkit.log.stores import postgres as module
from consentkit.log.stores import postgres_pool as pool
from consentkit.log.stores import postgres_schema as schema
from consentkit.log.stores.postgres import PostgresStore, PostgresTransaction
from consentkit.log.stores.postgres_pool import read_address
from consentkit.log.stores.sql import Transaction
from consentkit.tlog.note import SigningKey
from log.postgres import Server
from log.samples import BUNDLE, checked, commit, make_entry, rows_of

SOURCE = Path(consentkit.exceptions.__file__).parents[1]


@pytest.fixture
def store(postgres: Server, name: str) -> Iterator[PostgresStore]:
    """Make an empty log."""
    with closing(PostgresStore(postgres.url(schema=name))) as made:
        yield made


def a_role(postgres: Server, name: str) -> str:
    """Make a role of this schema's own."""
    role = f"role_{name}"
    postgres.run(f"CREATE ROLE {role} LOGIN")
    return role


class TestAddress:
    """The URL is libpq's own, and the schema's name is taken out of it."""

    @pytest.mark.parametrize(
        ("url", "schema", "parameters"),
        [
            ("postgresql://me@host/db", "consentkit", {"user": "me", "host": "host", "dbname": "db"}),
            ("postgres://host/db?schema=eu_1", "eu_1", {"host": "host", "dbname": "db"}),
            ("postgresql:///db?host=/run&schema=x&port=6", "x", {"host": "/run", "port": "6"}),
            ("postgresql://a,b/db?target_session_attrs=read-write&schema=x", "x", {"host": "a,b"}),
            ("postgresql://me:p%40ss@h/db?connect_timeout=9", "consentkit", {"password": "p@ss"}),
            ("postgresql://h/db?connect_timeout=9", "consentkit", {"connect_timeout": "9"}),
        ],
    )
    def test_what_it_says(self, url: str, schema: str, parameters: dict[str, str]) -> None:
        address = read_address(url)
        assert address.schema == schema
        assert parameters.items() <= address.parameters.items()
        assert "schema" not in address.parameters

    @pytest.mark.parametrize(
        "url",
        [
            "postgresql://me:hunter2@host/db?schema=",
            "postgresql://me:hunter2@host/db?schema=Upper",
            "postgresql://me:hunter2@host/db?schema=a%22b",
            "postgresql://me:hunter2@host/db?schema=1a",
            "postgresql://me:hunter2@host/db?schema=pg_catalog",
            f"postgresql://me:hunter2@host/db?schema={'a' * 64}",
            "postgresql://me:hunter2@host/db?hunter2=hunter2",
            "postgresql://me:hunter2@[host/db",
            "postgresql://me:hunter2%zz@host/db",
        ],
    )
    def test_what_it_cannot_be_is_refused_without_a_word_of_it(self, url: str) -> None:
        with pytest.raises(ConfigurationError, match=r"^log: expected") as caught:
            ConsentLog(url)
        assert "hunter2" not in str(caught.value)
        assert caught.value.__cause__ is None

    def test_a_password_is_in_no_representation(self) -> None:
        assert "hunter2" not in repr(read_address("postgresql://me:hunter2@host/db"))


def test_without_its_extra_the_log_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    for loaded in [one for one in sys.modules if one.startswith("consentkit.log.stores.postgres")]:
        monkeypatch.delitem(sys.modules, loaded)
    with pytest.raises(MissingExtra, match=r"consentkit\[postgres\]"):
        ConsentLog("postgresql://host/db")


def test_without_a_key_the_log_says_that_it_is_not_signed(
    postgres: Server, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    key = str(SigningKey.generate("odunews.example/consent"))
    with ConsentLog(postgres.url(schema=name), key=key) as log:
        log.commit([BUNDLE, make_entry()])
        assert log.proof(1).check(next(log.entries(1)).leaf, [SigningKey.parse(key).verifier]).size == 2
        assert "not signed" not in caplog.text
    with ConsentLog(postgres.url(schema=name)) as log:
        assert "not signed" in caplog.text
        with pytest.raises(LogUnavailable, match="key"):
            log.commit([make_entry()])


def test_nothing_is_opened_before_the_first_use(postgres: Server, name: str) -> None:
    PostgresStore(postgres.url(schema=name))
    open_log(postgres.url(schema=name))
    assert postgres.run(f"SELECT 1 FROM pg_namespace WHERE nspname = '{name}'") == []


class TestTables:
    """They are made on first use, by whoever comes first, and by nobody else's leave."""

    def test_many_make_them_at_once(self, postgres: Server, name: str) -> None:
        start = threading.Barrier(8)
        outcomes: list[object] = []

        def use() -> None:
            with closing(PostgresStore(postgres.url(schema=name))) as store:
                start.wait(30)
                outcomes.extend(commit(store, [BUNDLE, make_entry()]))

        threads = [threading.Thread(target=use) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes, key=str) == [*[0] * 8, *range(1, 9)]

    def test_a_schema_of_something_else_is_left_alone(
        self, postgres: Server, store: PostgresStore, name: str
    ) -> None:
        postgres.run(f"CREATE SCHEMA {name}", f"CREATE TABLE {name}.recipes (name text)")
        for use in (lambda: commit(store, [BUNDLE]), lambda: rows_of(store)):
            with pytest.raises(LogCorrupt, match="no consent log"):
                use()
        assert tables(postgres, name) == ["recipes"]

    def test_a_log_of_a_newer_version_is_left_alone(
        self, postgres: Server, store: PostgresStore, name: str
    ) -> None:
        commit(store, [BUNDLE])
        postgres.run(f"UPDATE {name}.schema_version SET version = {schema.VERSION + 1}")
        for one in (store, PostgresStore(postgres.url(schema=name))):
            for use in (lambda one=one: commit(one, [make_entry()]), lambda one=one: rows_of(one)):
                with pytest.raises(LogUnavailable, match="schema version"):
                    use()
        assert postgres.run(f"SELECT size FROM {name}.head") == [(1,)]

    def test_migrations_run_in_order_and_all_or_none(
        self, postgres: Server, store: PostgresStore, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        commit(store, [BUNDLE])
        monkeypatch.setattr(schema, "VERSION", schema.VERSION + 2)
        steps = (
            *schema.MIGRATIONS,
            ("CREATE TABLE later (x int)",),
            ("INSERT INTO later VALUES (1)", "oops"),
        )
        monkeypatch.setattr(schema, "MIGRATIONS", steps)
        with closing(PostgresStore(postgres.url(schema=name))) as newer:
            with pytest.raises(LogUnavailable, match="oops"):
                commit(newer, [make_entry()])
            with (
                closing(PostgresStore(postgres.url(schema=name), read_only=True)) as reader,
                pytest.raises(LogUnavailable, match="older schema"),
            ):
                rows_of(reader)
            with pytest.raises(LogUnavailable, match="older schema"):
                commit(store, [make_entry()])
            monkeypatch.setattr(schema, "MIGRATIONS", (*steps[:-1], ("INSERT INTO later VALUES (1)",)))
            assert commit(newer, [make_entry()]) == [1]
            assert checked(newer).size == 2
        assert postgres.run(f"SELECT x FROM {name}.later") == [(1,)]


class TestRoles:
    """What a role may not do is told, and changes nothing."""

    def test_an_auditor_needs_to_read_only(self, postgres: Server, store: PostgresStore, name: str) -> None:
        commit(store, [BUNDLE, make_entry()])
        role = a_role(postgres, name)
        postgres.run(
            f"GRANT USAGE ON SCHEMA {name} TO {role}",
            f"GRANT SELECT ON ALL TABLES IN SCHEMA {name} TO {role}",
        )
        with open_log(postgres.url(schema=name, user=role)) as reader:
            assert reader.check().size == 2
        with closing(PostgresStore(postgres.url(schema=name, user=role))) as writer:
            with pytest.raises(LogUnavailable, match="permission denied"):
                writer.rehearse()
            with pytest.raises(LogUnavailable, match="permission denied") as caught:
                commit(writer, [make_entry()])
            assert not caught.value.unknown
        assert checked(store).size == 2

    @pytest.mark.parametrize("change", ["REVOKE INSERT ON {0}.tiles FROM {1}", "DROP TABLE {0}.assets"])
    def test_a_table_that_takes_nothing_is_told(
        self, postgres: Server, store: PostgresStore, name: str, change: str
    ) -> None:
        commit(store, [BUNDLE, make_entry()])
        role = a_role(postgres, name)
        postgres.run(
            f"GRANT USAGE ON SCHEMA {name} TO {role}",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {name} TO {role}",
        )
        with closing(PostgresStore(postgres.url(schema=name, user=role))) as writer:
            head = writer.rehearse()
            assert head is not None and head.size == 2
            postgres.run(change.format(name, role))
            with pytest.raises(LogError, match=r"permission denied|does not exist"):
                writer.rehearse()

    def test_a_site_may_be_given_a_schema_and_nothing_else(self, postgres: Server, name: str) -> None:
        role = a_role(postgres, name)
        with closing(PostgresStore(postgres.url(schema=name, user=role))) as store:
            with pytest.raises(LogUnavailable, match="permission denied"):
                store.rehearse()
            with pytest.raises(LogUnavailable, match="permission denied"):
                commit(store, [BUNDLE])
            postgres.run(f"CREATE SCHEMA {name} AUTHORIZATION {role}")
            assert commit(store, [BUNDLE]) == [0]

    def test_a_reader_never_writes(self, postgres: Server, store: PostgresStore, name: str) -> None:
        reader = PostgresStore(postgres.url(schema=name), read_only=True)
        with closing(reader):
            with pytest.raises(LogUnavailable, match="no log"):
                rows_of(reader)
            assert tables(postgres, name) == []
            commit(store, [BUNDLE])
            assert checked(reader).size == 1
            with pytest.raises(LogError, match="reading only"):
                commit(reader, [make_entry()])
            with reader.snapshot() as view, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                view.connection.execute("DELETE FROM entries")

    def test_who_is_not_let_in_learns_why_and_not_where(self, postgres: Server, name: str) -> None:
        url = postgres.url(schema=name, user="nobody_of_that_name")
        with pytest.raises(LogUnavailable, match="does not exist") as caught:
            commit(PostgresStore(url), [BUNDLE])
        assert "nobody_of" not in str(caught.value)
        assert str(postgres.folder) not in str(caught.value)


class TestTransactions:
    """Durable, one after the other, and begun anew where they were in each other's way."""

    @pytest.mark.parametrize(("setting", "then"), [("off", "on"), ("local", "local"), ("remote_apply",) * 2])
    def test_commits_are_durable_whatever_the_role_prefers(
        self, postgres: Server, name: str, setting: str, then: str
    ) -> None:
        role = a_role(postgres, name)
        postgres.run(
            f"CREATE SCHEMA {name} AUTHORIZATION {role}",
            f"ALTER ROLE {role} SET synchronous_commit = {setting}",
        )
        with closing(PostgresStore(postgres.url(schema=name, user=role))) as store:
            found = store.transact(lambda transaction: ask(transaction, "SHOW synchronous_commit"))
        assert found == then

    @pytest.mark.parametrize(
        "level", [psycopg.IsolationLevel.SERIALIZABLE, psycopg.IsolationLevel.REPEATABLE_READ]
    )
    def test_a_transaction_that_was_undone_for_another_is_repeated(
        self,
        postgres: Server,
        store: PostgresStore,
        name: str,
        monkeypatch: pytest.MonkeyPatch,
        level: psycopg.IsolationLevel,
    ) -> None:
        monkeypatch.setattr(module, "ISOLATION", level)
        undone: list[str | None] = []

        def may_repeat(error: psycopg.Error) -> bool:
            undone.append(error.sqlstate)
            return True

        monkeypatch.setattr(module, "may_repeat", may_repeat)
        commit(store, [BUNDLE])
        outcomes: list[object] = []
        thread = threading.Thread(target=lambda: outcomes.extend(commit(store, [make_entry()])))
        with closing(postgres.connect(name)) as other, other.transaction():
            other.execute("UPDATE head SET checkpoint = NULL")
            thread.start()
            postgres.await_result("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        thread.join()
        assert (undone, outcomes) == (["40001"], [1])
        assert checked(store).size == 2

    @pytest.mark.parametrize("code", ["40001", "40P01"])
    @pytest.mark.parametrize(("failures", "works"), [(3, True), (10_000, False)])
    def test_repeating_ends(
        self,
        postgres: Server,
        store: PostgresStore,
        name: str,
        monkeypatch: pytest.MonkeyPatch,
        code: str,
        failures: int,
        works: bool,
    ) -> None:
        monkeypatch.setattr(module, "PAUSE_SECONDS", 0)
        commit(store, [BUNDLE])
        postgres.run(
            "CREATE SEQUENCE attempts",
            "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF nextval('{name}.attempts') <= {failures} THEN"
            f" RAISE 'try again' USING ERRCODE = '{code}'; END IF; RETURN NEW; END $$",
            "CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON entries DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION fail()",
            schema=name,
        )
        if works:
            assert commit(store, [make_entry()]) == [1]
        else:
            with pytest.raises(LogUnavailable, match="try again") as caught:
                commit(store, [make_entry()])
            assert not caught.value.unknown
        postgres.run("DROP TRIGGER fail ON entries", schema=name)
        assert checked(store).size == 1 + works

    def test_a_default_isolation_of_the_database_changes_nothing(self, postgres: Server, name: str) -> None:
        url = postgres.url(schema=name) + "&options=-c%20default_transaction_isolation%3Dserializable"
        with closing(PostgresStore(url)) as store:
            assert commit(store, [BUNDLE, make_entry()]) == [0, 1]
            assert checked(store).size == 2

    @pytest.mark.parametrize(
        ("statement", "found"),
        [
            ("UPDATE head SET size = 1", "do not lead to the head"),
            ("DELETE FROM head", "no tree head"),
            ("DELETE FROM schema_version", "no schema version"),
            ("DROP TABLE tiles", "does not exist"),
        ],
    )
    def test_what_contradicts_itself_is_corrupt_and_nothing_is_recorded(
        self, postgres: Server, store: PostgresStore, name: str, statement: str, found: str
    ) -> None:
        commit(store, [BUNDLE, make_entry()])
        postgres.run(statement, schema=name)
        with pytest.raises(LogCorrupt, match=found):
            commit(store, [make_entry()])
        assert postgres.run("SELECT count(*) FROM entries", schema=name) == [(2,)]

    def test_a_lock_that_somebody_else_keeps_is_not_waited_for_for_ever(
        self, postgres: Server, store: PostgresStore, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        commit(store, [BUNDLE])
        monkeypatch.setattr(module, "LOCK_TIMEOUT", "10ms")
        with closing(postgres.connect(name)) as other, other.transaction():
            other.execute("SELECT size FROM head FOR UPDATE")
            with pytest.raises(LogUnavailable, match="lock timeout"):
                commit(store, [make_entry()])
            assert checked(store).size == 1
        assert commit(store, [make_entry()]) == [1]

    def test_who_stops_in_mid_transaction_loses_the_lock(
        self, postgres: Server, store: PostgresStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        commit(store, [BUNDLE])
        monkeypatch.setattr(module, "IDLE_TIMEOUT", "10ms")

        def stop(transaction: Transaction) -> None:
            backend = ask(transaction, "SELECT pg_backend_pid()")
            postgres.await_result(
                f"SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE pid = {backend})"
            )
            transaction.sign("x")

        with pytest.raises(LogUnavailable, match="idle-in-transaction") as caught:
            store.transact(stop)
        assert not caught.value.unknown
        assert checked(store).checkpoint is None


class TestPool:
    """Connections are kept, few, and gone when they are to be."""

    def test_they_are_used_again(self, postgres: Server, store: PostgresStore) -> None:
        backends = {
            store.transact(lambda transaction: ask(transaction, "SELECT pg_backend_pid()")) for _ in range(5)
        }
        assert len(backends) == 1

    def test_one_that_the_server_has_closed_is_noticed_before_it_is_used(
        self, postgres: Server, store: PostgresStore
    ) -> None:
        for _ in range(2):
            backend = store.transact(lambda transaction: ask(transaction, "SELECT pg_backend_pid()"))
            postgres.run(f"SELECT pg_terminate_backend({backend}, 10000)")
        assert commit(store, [BUNDLE]) == [0]

    def test_closing_closes_what_is_idle_and_what_is_given_back(self, postgres: Server, name: str) -> None:
        there = f"SELECT 1 FROM pg_stat_activity WHERE application_name = '{name}'"
        with closing(PostgresStore(f"{postgres.url(schema=name)}&application_name={name}")) as store:
            commit(store, [BUNDLE])
            with store.snapshot() as view:
                store.close()
                assert view.head().size == len(list(view.rows())) == 1
                assert postgres.run(there) == [(1,)]
            postgres.await_result(f"SELECT 1 WHERE NOT EXISTS ({there})")
            assert commit(store, [make_entry()]) == [1]

    def test_readers_keep_nobody_from_writing(
        self, store: PostgresStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pool, "WAIT_SECONDS", 0.01)
        commit(store, [BUNDLE])
        with ExitStack() as readers:
            for _ in range(module.READING):
                readers.enter_context(store.snapshot())
            with pytest.raises(LogUnavailable, match="are in use"):
                rows_of(store)
            assert commit(store, [make_entry()]) == [1]
        assert checked(store).size == 2

    def test_a_process_that_ends_without_closing_ends_quietly(self, postgres: Server, name: str) -> None:
        program = (
            "import sys\nfrom consentkit.log.stores.postgres import PostgresStore\n"
            "store = PostgresStore(sys.argv[1])\n"
            "print(store.transact(lambda transaction: transaction.head().size))\n"
            "with store.snapshot() as view: print(view.head().size)\n"
        )
        ended = subprocess.run(
            [sys.executable, "-X", "dev", "-W", "error", "-c", program, postgres.url(schema=name)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
        )
        assert (ended.stdout, ended.stderr, ended.returncode) == ("0\n0\n", "", 0)


def ask(transaction: Transaction, query: str) -> object:
    """Ask something in the midst of a transaction."""
    assert isinstance(transaction, PostgresTransaction)
    return transaction.connection.execute(query).fetchall()[0][0]


def tables(postgres: Server, name: str) -> list[str]:
    """List the tables of a schema."""
    found = postgres.run(f"SELECT tablename FROM pg_tables WHERE schemaname = '{name}' ORDER BY 1")
    return [table for (table,) in found]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("ALTER TABLE entries ADD COLUMN ip text", "the table entries has other columns"),
        ("ALTER TABLE daily ADD COLUMN twice int8 GENERATED ALWAYS AS (count * 2) STORED", "the table daily"),
        ("ALTER TABLE head ADD COLUMN x bool", "the table head has other columns"),
        ("ALTER TABLE entries ALTER COLUMN leaf DROP NOT NULL", "the table entries has other columns"),
        (
            "CREATE RULE quiet AS ON UPDATE TO tiles DO INSTEAD NOTHING",
            "on the table tiles acts the rule quiet",
        ),
        ("CREATE POLICY mine ON notices USING (true)", "on the table notices acts the policy mine"),
        (
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
            " CREATE TRIGGER spy BEFORE INSERT ON entries FOR EACH ROW EXECUTE FUNCTION f()",
            "on the table entries acts the trigger spy",
        ),
    ],
)
def test_what_is_attached_to_the_tables_is_named(
    postgres: Server, name: str, change: str, named: str
) -> None:
    with ConsentLog(postgres.url(schema=name)) as log:
        log.commit([BUNDLE, make_entry()])
        log.check()
        postgres.run(change, schema=name)
        with pytest.raises(LogCorrupt, match=named):
            log.check()
    for work in (LogReader.check, LogReader.stats, LogReader.head):
        with open_log(postgres.url(schema=name)) as reader, pytest.raises(LogCorrupt, match=named):
            work(reader)
