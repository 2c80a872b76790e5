"""All that a process keeps of its requests has a size that no traffic changes."""

from twisted.internet.task import Clock

from openaiproxy.ops.watch import Watch
from openaiproxy.presets import PRESETS
from tests.ops.test_metrics import hostile, said


def watch(clock: Clock) -> Watch:
    profiles = [preset.profile for preset in PRESETS.values()]
    return Watch(profiles, clock.seconds, clock.seconds)


def test_new_names_in_every_request_fill_nothing_pitfall_72() -> None:
    clock = Clock()
    seen = watch(clock)
    for number in range(10_000):
        seen.note(hostile(number))
        clock.advance(0.7)
    assert len(seen.ring.recent()) == 200
    minutes = seen.ring.minutes()
    assert len(minutes) == 60
    # Of the configuration, 64 that upstreams answered for, and "other".
    assert len({model for minute in minutes for model in minute.models}) <= 65


def test_the_ring_and_the_metrics_call_a_model_the_same() -> None:
    seen = watch(Clock())
    seen.note(said(model="openai/gpt-5-2025-08-07", tokens_in=3))
    [entry] = seen.ring.recent()
    assert entry.model == "gpt-5"
    assert entry.said.model == "openai/gpt-5-2025-08-07"
    [minute] = seen.ring.minutes()
    assert minute.models["gpt-5"].tokens.input == 3
    labels = {"model": "gpt-5", "kind": "in"}
    assert seen.metrics.registry.get_sample_value("openaiproxy_tokens_total", labels) == 3
