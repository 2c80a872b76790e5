"""Losses."""

from openaiproxy.hub.loss import Loss, Losses
from openaiproxy.hub.parts import Extra


def test_each_loss_is_held_once_and_in_order() -> None:
    losses = Losses("chat")
    losses.note("b", "why")
    losses.note("a", "why", hint=True)
    losses.note("b", "why")
    assert losses.all() == (Loss("b", "why"), Loss("a", "why", hint=True))


def test_no_more_losses_are_held_than_the_limit() -> None:
    losses = Losses("chat", limit=2)
    for number in range(5):
        losses.note(f"tools[{number}]", "why")
    assert len(losses.all()) == 2


def test_a_dialects_own_extra_comes_back_whole() -> None:
    losses = Losses("chat")
    assert losses.extra(Extra("chat", {"x": 1}), "a") == {"x": 1}
    assert losses.extra(None, "a") == {}
    assert losses.all() == ()


def test_a_foreign_extra_is_lost_field_by_field() -> None:
    losses = Losses("chat")
    foreign = Extra("messages", {"cache_control": {}, "thread": "t"})
    assert losses.extra(foreign, "tools[]", frozenset({"cache_control"})) == {}
    assert losses.extra(foreign, "") == {}
    assert [(loss.path, loss.hint) for loss in losses.all()] == [
        ("tools[].cache_control", True),
        ("tools[].thread", False),
        ("cache_control", False),
        ("thread", False),
    ]


def test_hints_do_not_crowd_out_what_changes_the_answer() -> None:
    losses = Losses("chat", limit=2)
    for number in range(5):
        losses.note(f"hint{number}", "why", hint=True)
    losses.note("hint0", "why", hint=True)
    losses.note("loss", "why")
    assert [loss.path for loss in losses.all()] == ["hint0", "hint1", "loss"]
