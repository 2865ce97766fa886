"""Rounds take as many outputs as are made in a time, each kind of them by what it took last."""

from __future__ import annotations

from cms_ssg.engine.round_size import EACH_S, LEAST, MOST, ROUND_S, SHORT_S, RoundSize
from cms_ssg.plan.dirty import BULK_TURN, LIST_TURN
from cms_ssg.store.outputs import DirtyRow


def test_first_round_is_as_large_as_is_assumed() -> None:
    assert RoundSize(False).limit == ROUND_S / EACH_S
    assert RoundSize(True).limit == SHORT_S / EACH_S


def test_round_after_another_takes_what_is_made_in_its_time() -> None:
    size = RoundSize(False)
    size.note(LIST_TURN, 100, 1.0)
    assert size.limit == 200
    size.note(LIST_TURN, 200, 0.2)
    assert size.limit == 2000


def test_round_is_cut_by_its_own_turn() -> None:
    rows = [row(LIST_TURN)] * 3000
    size = RoundSize(False, {LIST_TURN: 0.02, LIST_TURN - 1: 0.001}, turn=LIST_TURN - 1)
    assert size.limit == 2000
    assert len(size.cut(rows)) == 100
    assert size.cut([]) == []


def test_what_may_take_its_time_is_made_in_long_rounds() -> None:
    size = RoundSize(True, {LIST_TURN: 0.01, BULK_TURN: 0.01})
    assert (len(size.cut([row(LIST_TURN)] * 999)), len(size.cut([row(BULK_TURN)] * 999))) == (40, 200)


def test_few_outputs_say_nothing_and_rounds_are_bounded() -> None:
    size = RoundSize(False)
    size.note(LIST_TURN, LEAST - 1, 100.0)
    assert size.limit == ROUND_S / EACH_S
    size.note(LIST_TURN, LEAST, 100.0)
    assert size.limit == LEAST
    size.note(LIST_TURN, LEAST, 0.00001)
    assert size.limit == MOST


def row(turn: int) -> DirtyRow:
    return DirtyRow("/", 0, turn, "", 0, None, None, None, None, None, None, False, False, None)
