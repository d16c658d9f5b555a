"""Sessions over a real store, with a clock that only a test moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from errors import NotFound, StorageFailed
from plugin_store.engine.database import Database
from settings import Settings
from tests.databases import SERVER, contents_of
from tests.web.conftest import Clock, open_sessions
from web.gate.sessions import MAX_SESSIONS, Session, Sessions, cookies_named, digest_of
from web.gate.tokens import HeldToken, rotate_token

HOUR, DAY = 3600.0, 86400.0


@pytest.fixture
def open_again(settings: Settings, database: Database, clock: Clock) -> Callable[..., Sessions]:
    """Sessions as another process has them: of the same store, with a memory of its own."""

    def open_one(**changed: object) -> Sessions:
        given = replace(settings, **changed)
        return open_sessions(database, HeldToken(given), given, clock)

    return open_one


@pytest.fixture
def sessions(open_again: Callable[..., Sessions]) -> Sessions:
    return open_again()


def test_each_sign_in_is_a_session_of_its_own(sessions: Sessions):
    cookies = [sessions.begin("curl/8.0") for _ in range(3)]
    assert len({*cookies}) == 3
    assert all(len(cookie) >= 43 for cookie in cookies)
    assert len({session.id for session in map(sessions.find, cookies) if session}) == 3


def test_the_store_holds_no_cookie_and_no_token(sessions: Sessions, settings: Settings, database: Database):
    cookie = sessions.begin("Mozilla/5.0 (X11; Linux x86_64; rv:1.0) Gecko/20100101 Firefox/130.0")
    database.close()
    for content in contents_of(settings.instance).values():
        assert cookie.encode() not in content
        assert str(settings.token).encode() not in content


def recalled(sessions: Sessions, cookie: str) -> Session | None:
    """What is known of a cookie without a look at the store."""
    return sessions.recall(f"p={cookie}")


def found(sessions: Sessions, cookie: str) -> Session | None:
    """What the gate finds, and lets be recalled."""
    session = sessions.find(cookie)
    if session is not None:
        sessions.remember(f"p={cookie}", session)
    return session


def test_a_session_ends_when_it_was_not_used_for_so_long(sessions: Sessions, clock: Clock):
    cookie = sessions.begin(None)
    for _ in range(20):
        clock.now += 29 * DAY / 5
        assert found(sessions, cookie)
    clock.now += 30 * DAY
    assert (recalled(sessions, cookie), found(sessions, cookie), list(sessions.list())) == (None, None, [])


def test_a_session_ends_after_its_lifetime_however_often_it_is_used(
    open_again: Callable[..., Sessions], clock: Clock
):
    sessions = open_again(session_lifetime_days=2)
    cookie = sessions.begin(None)
    for _ in range(47):
        clock.now += HOUR
        assert recalled(sessions, cookie) is None
        assert found(sessions, cookie) and recalled(sessions, cookie)
    clock.now += HOUR
    assert (recalled(sessions, cookie), found(sessions, cookie)) == (None, None)


def test_a_use_by_another_process_keeps_a_session_going(
    sessions: Sessions, open_again: Callable[..., Sessions], clock: Clock
):
    other, cookie = open_again(), sessions.begin(None)
    assert found(sessions, cookie)
    for _ in range(3):
        clock.now += 20 * DAY
        assert other.find(cookie)
        other.write_uses()
    assert recalled(sessions, cookie) is None
    assert found(sessions, cookie)


def test_an_ended_session_is_out_in_every_process_and_known_to_be_by_its_revision(
    sessions: Sessions, open_again: Callable[..., Sessions], database: Database
):
    other, cookie = open_again(), sessions.begin(None)
    here, there = found(sessions, cookie), other.find(cookie)
    assert isinstance(here, Session) and isinstance(there, Session)
    assert here.revision == there.revision == database.revision()
    other.end(here.id)
    remembered = recalled(sessions, cookie)
    assert remembered is not None and remembered.revision != database.revision()
    assert (found(sessions, cookie), recalled(sessions, cookie), other.find(cookie)) == (None, None, None)


def test_all_others_end_and_one_stays(sessions: Sessions):
    mine, *others = (sessions.begin(None) for _ in range(4))
    me = sessions.find(mine)
    assert me is not None
    assert sessions.end_all(but=me.id) == 3
    assert [row.id for row in sessions.list()] == [me.id]
    assert sessions.find(mine) and not any(map(sessions.find, others))
    assert (sessions.end_all(), sessions.find(mine)) == (1, None)
    with pytest.raises(NotFound):
        sessions.end(me.id)


def test_another_token_ends_every_session(sessions: Sessions, open_again: Callable[..., Sessions]):
    cookie = sessions.begin(None)
    changed = open_again(token="another-token-of-43-characters-like-a-real")
    assert (changed.find(cookie), list(changed.list())) == (None, [])
    assert found(sessions, cookie)
    changed.begin(None)
    assert found(sessions, cookie) is None


def test_a_rotated_token_ends_a_session_before_the_store_hears_of_it(
    settings: Settings, database: Database, clock: Clock
):
    unset = replace(settings, token=None)
    held = HeldToken(unset)
    sessions = open_sessions(database, held, unset, clock)
    cookie = sessions.begin(None)
    assert found(sessions, cookie)
    rotate_token(unset)
    held.follow(1)
    assert (recalled(sessions, cookie), found(sessions, cookie)) == (None, None)


def test_uses_are_written_once_an_hour_and_are_no_change_of_the_store(
    sessions: Sessions, database: Database, clock: Clock
):
    cookie = sessions.begin(None)
    revision, began, before = database.revision(), clock.now, database.commits()
    for _ in range(59):
        clock.now += 60
        assert found(sessions, cookie) and recalled(sessions, cookie)
        sessions.write_uses()
    # On PostgreSQL a process counts its own commit again when it is notified of it.
    assert SERVER or database.commits() == before
    assert [row.last_used_at for row in sessions.list()] == [began]
    clock.now += 60
    assert recalled(sessions, cookie) is None
    assert found(sessions, cookie)
    sessions.write_uses()
    assert database.commits() != before
    assert [row.last_used_at for row in sessions.list()] == [began + HOUR]
    assert database.revision() == revision


def test_a_use_that_cannot_be_written_disturbs_nobody(
    sessions: Sessions, database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    cookie = sessions.begin(None)
    clock.now += 2 * HOUR
    assert found(sessions, cookie)

    def fail() -> None:
        raise StorageFailed("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(database, "writing", fail)
        sessions.write_uses()
    clock.now += 2 * HOUR
    assert found(sessions, cookie)
    sessions.write_uses()
    assert [row.last_used_at for row in sessions.list()] == [clock.now]


def test_sessions_never_grow_beyond_what_a_person_could_have(
    sessions: Sessions, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("web.gate.sessions.MAX_SESSIONS", 5)
    assert MAX_SESSIONS > 5
    cookies = []
    for _ in range(8):
        clock.now += 1
        cookies.append(sessions.begin(None))
    assert [bool(found(sessions, cookie)) for cookie in cookies] == [False] * 3 + [True] * 5


@pytest.mark.parametrize("cookie", ["", "x", "\udcff", "a" * 100_000, "' OR 1=1 --"])
def test_what_is_no_cookie_of_ours_finds_nothing(sessions: Sessions, cookie: str):
    kept = sessions.begin(None)
    for wrong in (cookie, digest_of(kept), kept[:-1], kept.swapcase()):
        assert (sessions.find(wrong), recalled(sessions, wrong)) == (None, None)


@pytest.mark.parametrize(
    ("header", "values"),
    [
        (None, []),
        ("", []),
        ("p=1", ["1"]),
        ("a=2; p=1;p=3", ["1", "3"]),
        ("xp=1; p; p =2; P=3", []),
        ("p=a=b", ["a=b"]),
    ],
)
def test_all_cookies_of_the_name_are_looked_at(header: str | None, values: list[str]):
    assert list(cookies_named("p", header)) == values
