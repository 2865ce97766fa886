"""An answer is valid while its snapshot sees all that raised its tags, in whatever order transactions commit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cms_ssg.cache.memory import Kept, MemoryLayer
from cms_ssg.cache.versions import Snapshot, Versions, parse_snapshot


def test_a_snapshot_sees_what_had_ended() -> None:
    snapshot = parse_snapshot("10:14:11,13")
    assert [number for number in range(8, 16) if snapshot.sees(number)] == [8, 9, 10, 12]
    assert parse_snapshot("5:5:") == Snapshot(5, 5, frozenset())


@given(st.data())
def test_no_answer_that_a_commit_changed_is_valid_after_the_next_look(data: st.DataObject) -> None:
    """Transactions begin, raise tags, commit in any order; answers are made with the last look's snapshot; looks come when they come."""
    versions, next_number = Versions(), 3
    running: dict[int, set[str]] = {}
    committed: dict[int, tuple[frozenset[str], int]] = {}  # transaction -> its tags, when it committed
    answers: list[tuple[Snapshot, str, int]] = []  # snapshot that was known, tag, when its query ran
    looked_at = -1
    for now in range(data.draw(st.integers(1, 40))):
        step = data.draw(st.sampled_from(("begin", "commit", "roll back", "look", "answer")))
        if step == "begin":
            running[next_number] = data.draw(st.sets(st.sampled_from("ab"), max_size=2))
            next_number += 1
        elif step in ("commit", "roll back") and running:
            number = data.draw(st.sampled_from(sorted(running)))
            tags = running.pop(number)
            if step == "commit":
                committed[number] = (frozenset(tags), now)
        elif step == "look":
            bottom = min(running, default=next_number)
            text = f"{bottom}:{next_number}:{','.join(map(str, sorted(running)))}"
            since = versions.snapshot.bottom
            versions.learn(text, [(1, tag, number) for number, (tags, _) in committed.items() if number >= since for tag in tags])
            looked_at = now
            for snapshot, tag, made_at in answers:
                is_stale = any(tag in tags and made_at < at for tags, at in committed.values())
                assert not (is_stale and versions.are_valid(1, [tag], snapshot))
        elif step == "answer" and looked_at >= 0:
            answers.append((versions.snapshot, data.draw(st.sampled_from("ab")), now))


def test_an_answer_made_after_everything_ended_stays_valid() -> None:
    versions = Versions()
    assert versions.learn("5:9:5,7", [(1, "a", 6), (1, "a", 8)]) == {(1, "a")}
    assert versions.learn("9:9:", [(1, "a", 6), (1, "a", 8)]) == set()
    made = versions.snapshot
    assert versions.are_valid(1, ["a", "b"], made)
    versions.learn("9:12:9", [(2, "a", 10), (1, "b", 11)])
    assert versions.are_valid(1, ["a"], made)
    assert not versions.are_valid(1, ["a", "b"], made)
    assert not versions.are_valid(2, ["a"], made)


def test_a_server_that_was_put_back_makes_all_stale() -> None:
    versions = Versions()
    versions.learn("100:100:", [])
    made = versions.snapshot
    versions.learn("50:50:", [])
    assert not versions.are_valid(1, ["a"], made)


def test_memory_is_limited_in_number_and_bytes_and_keeps_what_is_used() -> None:
    layer = MemoryLayer(3, 1 << 20)
    kept = Kept(b"x", (), Snapshot(0, 0, frozenset()), 0.0, 1.0)
    for name in "abc":
        layer.keep(name, kept)
    assert layer.find("a") is kept
    layer.keep("d", kept)
    assert [name for name in "abcd" if layer.find(name)] == ["a", "c", "d"]
    large = kept._replace(data=b"x" * 100_000)
    for number in range(20):
        layer.keep(f"large{number}", large)
        assert layer.size_bytes <= 1 << 20
    layer.keep("huge", kept._replace(data=b"x" * (1 << 19)))
    assert layer.find("huge") is None
    for number in range(20):
        layer.drop(f"large{number}")
    assert (len(layer), layer.size_bytes) == (0, 0)
