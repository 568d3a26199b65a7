"""The record of a document's way: who was asked, who approved which text, what was remarked, what was sent."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from toolkit.errors import StoreError
from toolkit.store import Store

SENT = datetime(2026, 3, 20, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with one incident."""
    made = Store(Path(tmp_path_factory.mktemp("reviews")) / "incidents")
    made.open_incident("One")
    return made


def test_reviews_are_kept_in_order_with_the_text_that_was_read(store: Store) -> None:
    """Each step names who, what was decided and which text; an objection without words is refused."""
    store.review("INC-0001", "ask", "ada", "aa", actor="lead")
    store.review("INC-0001", "object", "ada", "aa", "The cause has no evidence.", actor="ada")
    store.review("inc-0001", "approve", "ada", "bb", actor="ada")
    seen = [(r.id, r.decision, r.reviewer, r.source, r.actor) for r in store.reviews("INC-0001")]
    asked = ("V01", "ask", "ada", "aa", "lead")
    assert seen == [asked, ("V02", "object", "ada", "aa", "ada"), ("V03", "approve", "ada", "bb", "ada")]
    with pytest.raises(StoreError, match="objection needs a reason"):
        store.review("INC-0001", "object", "bo")
    with pytest.raises(StoreError, match="use one of ask, approve, object"):
        store.review("INC-0001", "like", "bo")


def test_a_comment_has_a_place_and_an_answer(store: Store) -> None:
    """A comment is open until it is resolved; resolving one that is not there says where to look."""
    made = store.comment("INC-0001", "root-cause", "Which feed?", "the feed", actor="bo")
    assert (made.id, made.anchor, made.quote, made.resolved) == ("C01", "root-cause", "the feed", False)
    done = store.resolve_comment("INC-0001", "c01", "Feed 2.", actor="lead")
    assert (done.resolved, done.answer, done.actor) == (True, "Feed 2.", "bo")
    assert store.comments("INC-0001") == (done,)
    with pytest.raises(StoreError, match="no comment 'C09'"):
        store.resolve_comment("INC-0001", "C09")


def test_what_was_sent_is_on_record(store: Store) -> None:
    """A submission keeps stage, recipient, reference and the reason for being late."""
    made = store.submit("INC-0001", "gdpr", "initial", "the authority", SENT, "R-7", "weekend")
    assert store.submissions("INC-0001") == (made,)
    assert (made.id, made.sent_at, made.late_reason) == ("S01", SENT, "weekend")
    with pytest.raises(StoreError, match="needs a recipient"):
        store.submit("INC-0001", "gdpr", "initial", " ", SENT)


def test_versions_count_by_audience_and_kind(store: Store) -> None:
    """An executive page does not use up a version of the full report; the reason of a new version is kept."""
    store.record_document("INC-0001", "p.html", "aa", source="s1")
    again = store.record_document("INC-0001", "p.html", "bb", source="s2", reason="a typo")
    page = store.record_document("INC-0001", "e.html", "cc", kind="executive")
    assert (again.version, again.source, again.reason, again.kind) == (2, "s2", "a typo", "full")
    assert (page.version, page.kind) == (1, "executive")


def test_the_views_answer(store: Store) -> None:
    """What people did with a document can be asked in SQL, and the journal is sound."""
    assert store.sql("SELECT decision, count(*) FROM reviews GROUP BY ALL ORDER BY ALL")[1][0] == ("approve", 1)
    assert store.sql("SELECT resolved, answer FROM comments")[1] == [(True, "Feed 2.")]
    assert store.sql("SELECT recipient FROM submissions")[1] == [("the authority",)]
    assert store.check().sound
