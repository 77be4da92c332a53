"""What happens to events on their way: zones, event effects, several sources, gestures at their frames, panic."""

from __future__ import annotations

import numpy as np
import pytest

from backline.sdk import ChannelPressure, ControlChange, NoteOff, NoteOn, ParameterChange, PitchBend
from backline.sdk.events import NotePitch, NotePressure, NoteTimbre, ProgramChange
from rack.support import RATE, Pass, make, run

BLOCKS = [1, 7, 64, 441, 512, 4096]


@pytest.fixture(autouse=True)
def _fresh_log():
    Pass.log.clear()


def seen() -> list[tuple[int, str, int]]:
    """What the plugin `pass` saw: frame, kind, key."""
    return [(frame, type(event).__name__, getattr(event, "key", -1)) for frame, event in Pass.log]


def test_a_note_sounds_from_its_frame_to_its_end():
    rack = make("""
nodes: {keys: {plugin: hold}}
wires: [midi -> keys -> out]
""")
    for block in (7, 512):
        rack.reset()
        got = run(rack, 1000, block, events=[NoteOn(100, 60, 0.5), NoteOff(300, 60)])
        assert np.array_equal(got[0], np.where((np.arange(1000) >= 100) & (np.arange(1000) < 300), 0.5, 0.0))


ZONES = """
nodes: {low: {plugin: hold}, log: {plugin: pass}}
zones: {left: {keys: C2 .. B3, velocity: 20 .. 100, channels: [2], transpose: -12 st}}
wires: [midi -> left -> low -> out, left -> log]
"""


def test_a_zone_takes_its_keys_and_shifts_them():
    rack = make(ZONES)
    events = [
        NoteOn(1, 59, 0.5, 1),  # passes
        NoteOn(2, 60, 0.5, 1),  # too high
        NoteOn(3, 35, 0.5, 1),  # too low
        NoteOn(4, 50, 0.1, 1),  # too soft
        NoteOn(5, 50, 0.9, 1),  # too hard
        NoteOn(6, 50, 0.5, 0),  # another channel
        ControlChange(7, 1, 0.5, 1),
        ControlChange(8, 1, 0.5, 0),
        NotePitch(9, 59, 0.5, 1),
        NotePressure(10, 59, 0.5, 1),
        NoteTimbre(11, 50, 0.5, 1),  # of a note that did not pass
        NoteOff(12, 60, 0.5, 1),
        NoteOff(13, 50, 0.5, 1),
        NoteOff(14, 59, 0.25, 1),
        NoteOff(15, 59, 0.25, 1),  # its note is over
        PitchBend(16, 0.5, 1),
        ChannelPressure(17, 0.5, 0),
        ProgramChange(18, 3, 1),
    ]
    got = run(rack, 64, events=events)
    assert seen() == [
        (1, "NoteOn", 47),
        (7, "ControlChange", -1),
        (9, "NotePitch", 47),
        (10, "NotePressure", 47),
        (14, "NoteOff", 47),
        (16, "PitchBend", -1),
        (18, "ProgramChange", -1),
    ]
    assert np.flatnonzero(got[1]).tolist() == list(range(1, 14))
    assert set(got[1, 1:14].tolist()) == {47.0}


def test_the_softest_touch_is_velocity_1():
    rack = make("""
nodes: {log: {plugin: pass}}
zones: {all: {keys: C0 .. C8}}
wires: [midi -> all -> log]
""")
    run(rack, 64, events=[NoteOn(0, 60, 0.001)])
    assert seen() == [(0, "NoteOn", 60)]


def test_a_zone_shifts_no_key_beyond_the_last():
    rack = make("""
nodes: {log: {plugin: pass}}
zones: {up: {transpose: 12 st}}
wires: [midi -> up -> log]
""")
    run(rack, 64, events=[NoteOn(0, 120, 0.5), NoteOff(1, 120), NoteOn(2, 115, 0.5)])
    assert seen() == [(2, "NoteOn", 127)]


def test_events_of_several_sources_come_in_order():
    rack = make("""
nodes: {up: {plugin: transpose, semitones: 12}, down: {plugin: transpose, semitones: -12}, log: {plugin: pass}}
wires:
  - midi -> up -> log
  - midi -> down -> log
  - midi -> log
""")
    run(rack, 600, 100, events=[NoteOn(5 * n, 60, 0.5) for n in range(100)])
    frames = [frame for frame, *_ in seen()]
    assert frames == sorted(frames)
    assert len(frames) == 300
    assert {key for _, _, key in seen()} == {48, 60, 72}


def test_an_arpeggiator_plays_a_synth_on_the_grid():
    rack = make("""
nodes: {arp: {plugin: arpeggiator, rate: 1/16, gate: 50 %}, keys: {plugin: hold}}
wires: [midi -> arp -> keys -> out]
""")
    step = RATE // 8  # 1/16 at 120 bpm
    renders = [rack.render(notes="[C4 E4 G4]:1/1", block=block, seconds=1) for block in BLOCKS[2:]]
    for other in renders[1:]:
        assert np.array_equal(other, renders[0])
    keys = renders[0][1]
    starts = np.flatnonzero(np.diff(keys, prepend=0.0) > 0)
    assert starts[:4].tolist() == [0, step, 2 * step, 3 * step]
    assert keys[starts[:4]].tolist() == [60.0, 64.0, 67.0, 60.0]
    assert keys[step // 2 - 1] > 0
    assert keys[step // 2] == 0


def test_parameters_of_event_effects_change_at_their_frame():
    rack = make("""
nodes: {mark: {plugin: stamp}, keys: {plugin: hold}}
wires: [midi -> mark -> keys -> out]
controls: ["cc 1 -> mark.mark"]
""")
    events = [NoteOn(10, 60, 0.9), ControlChange(20, 1, 0.5), NoteOn(20, 61, 0.9), ControlChange(21, 1, 0.25), NoteOn(30, 62, 0.9)]
    for block in BLOCKS:
        rack.reset()
        rack["mark"].mark = 0
        got = run(rack, 64, min(block, 512), events=events)[0]
        assert got[[15, 25, 35]].tolist() == [0.0, 0.5, 0.75], block


def test_a_gesture_moves_a_parameter_at_its_frame():
    rack = make("""
nodes: {gain: {plugin: twice}}
wires: [in -> gain -> out]
controls: ["cc 7 channel 2 -> gain.factor [0 .. 4]"]
""")
    ones = np.ones((2, 1000), np.float32)
    events = [ControlChange(5, 7, 0.0, 0), ControlChange(333, 7, 0.5, 1), ControlChange(700, 7, 1.0, 1)]
    for block in BLOCKS:
        rack.reset()
        rack["gain"].factor = 1
        got = run(rack, 1000, min(block, 512), audio=ones, events=events)[0]
        assert np.array_equal(got, np.select([np.arange(1000) < 333, np.arange(1000) < 700], [1.0, 2.0], 4.0)), block


@pytest.mark.parametrize(
    ("control", "event", "want"),
    [
        ("bend", PitchBend(0, 0.5), 3.0),
        ("pressure", ChannelPressure(0, 0.25), 1.0),
        ("note C4", NoteOn(0, 60, 0.5), 2.0),
        ("note C4", NoteOn(0, 61, 0.5), 1.5),
        ("cc 3", ControlChange(0, 3, 1.0), 4.0),
        ("cc 3", ControlChange(0, 4, 1.0), 1.5),
        ("cc 3 channel 16", ControlChange(0, 3, 0.5, 15), 2.0),
    ],
)
def test_every_kind_of_gesture(control, event, want):
    rack = make(f"""
nodes: {{gain: {{plugin: twice, factor: 1.5}}}}
wires: [in -> gain -> out]
controls: ["{control} -> gain.factor [0 .. 4]"]
""")
    assert run(rack, 64, audio=np.ones((2, 64), np.float32), events=[event])[0, 0] == want


def test_what_gestures_moved_is_taken_back_before_a_render():
    rack = make("""
nodes: {gain: {plugin: twice, factor: 2}}
wires: [in -> gain -> out]
macros: {loud: {default: 50 %, to: {gain.factor: 0 .. 4}}}
controls: [cc 7 -> loud]
""")
    ones = np.ones((2, 100), np.float32)
    first = rack.render(audio=ones, tail=0).copy()
    run(rack, 100, 100, audio=ones, events=[ControlChange(0, 7, 1.0)])
    assert rack["gain"].factor == 4.0
    assert rack.macros["loud"] == 1.0
    assert np.array_equal(rack.render(audio=ones, tail=0), first)
    assert rack.macros["loud"] == 0.5
    run(rack, 100, 100, audio=ones, events=[ControlChange(0, 7, 1.0)])
    rack["gain"].factor = 3
    assert rack.render(audio=ones, tail=0)[0, 0] == 3.0, "what was set by hand stays"


def test_bypass_of_an_event_effect_leaves_no_note_behind():
    rack = make("""
nodes: {arp: {plugin: arpeggiator, latch: on}, keys: {plugin: hold}}
wires: [midi -> arp -> keys -> out]
""")
    keys = rack["keys"].plugin
    run(rack, 512, events=[NoteOn(0, 60, 0.5)])
    rack["arp"].bypass = True
    assert rack["arp"].bypass is True
    run(rack, 512)
    assert keys.sounding == 0
    run(rack, 512, events=[NoteOn(0, 60, 0.5), NoteOn(0, 64, 0.5), NoteOff(9, 64)])
    assert keys.sounding == 1
    rack["arp"].bypass = False
    run(rack, 512, events=[NoteOff(0, 60)])
    assert keys.sounding == 0


def test_a_bypassed_event_effect_still_takes_its_parameters():
    rack = make("""
nodes: {mark: {plugin: stamp, bypass: on}, keys: {plugin: hold}}
wires: [midi -> mark -> keys -> out]
controls: ["cc 1 -> mark.mark"]
""")
    assert run(rack, 64, events=[ControlChange(0, 1, 0.5), NoteOn(1, 60, 0.25)])[0, 5] == 0.25
    rack["mark"].bypass = False
    assert run(rack, 64, events=[NoteOn(1, 61, 0.25)])[0, 5] == 0.5


def test_panic_leaves_no_sound_and_nothing_held():
    rack = make("""
nodes:
  arp: {plugin: arpeggiator, latch: on}
  keys: {plugin: hold}
  held: {plugin: hold}
  echo: {plugin: delay, time: 100 ms, feedback: 90 %}
  slow: {plugin: late}
wires: [midi -> arp -> keys -> echo -> slow -> out, midi -> held -> out]
feedback: ["echo -> echo [-1 dB]"]
""")
    events = [ControlChange(0, 64, 1.0), NoteOn(0, 60, 0.5), NoteOn(0, 64, 0.5), NoteOff(3, 64)]
    assert run(rack, 9000, events=events)[:, -1].any()
    rack.panic()
    assert not run(rack, 24000).any()
    assert rack["keys"].plugin.sounding == rack["held"].plugin.sounding == 0
    assert rack.transport.frame == 33000, "time goes on"
    run(rack, 100, events=[NoteOn(0, 60, 0.5), NoteOff(50, 60)])
    assert rack["held"].plugin.sounding == 0, "the pedal is up"


@pytest.mark.slow
def test_ten_thousand_random_events_leave_no_voice(dice):
    rack = make("""
nodes: {arp: {plugin: arpeggiator}, keys: {plugin: hold}, direct: {plugin: hold}}
zones: {low: {keys: C0 .. B4, transpose: 7 st}}
wires:
  - midi -> arp -> keys -> out
  - midi -> low -> direct -> out
controls: [cc 5 -> arp.rate]
""")
    events, down = [], []
    for index in range(10_000):
        frame = index * 9
        roll = dice.random()
        if roll < 0.45:
            note = (dice.randrange(128), dice.randrange(3))
            down.append(note)
            events.append(NoteOn(frame, note[0], dice.uniform(0.01, 1), note[1]))
        elif roll < 0.85 and down:
            key, channel = down.pop(dice.randrange(len(down)))
            events.append(NoteOff(frame, key, 0.0, channel))
        elif roll < 0.95:
            events.append(ControlChange(frame, dice.choice([1, 5, 64, 74]), dice.random(), dice.randrange(3)))
        else:
            events.append(PitchBend(frame, dice.uniform(-1, 1), dice.randrange(3)))
    events += [NoteOff(90_000, key, 0.0, channel) for key, channel in down]
    events += [ControlChange(90_001, 64, 0.0, channel) for channel in range(3)]
    run(rack, 100_000, events=events)
    run(rack, 48_000)
    assert rack["keys"].plugin.sounding == 0
    assert rack["direct"].plugin.sounding == 0


def test_a_translated_block_does_not_depend_on_where_it_is_split():
    plugin_class = type(make("nodes: {mark: {plugin: stamp}}")["mark"].plugin)
    events = [NoteOn(n, 60, 0.5) for n in range(0, 500, 3)] + [ParameterChange(n, "mark", n / 500) for n in range(0, 500, 50)]
    events.sort(key=lambda event: event.frame)
    results = []
    for size in (500, 7, 64):
        plugin = plugin_class(RATE, 512)
        found = []
        for start in range(0, 500, size):
            end = min(start + size, 500)
            now = [event.at(event.frame - start) for event in events if start <= event.frame < end]
            found += [(start + event.frame, event.velocity) for event in plugin.translate(now, end - start)]
            plugin.transport.advance(end - start)
        results.append(found)
    assert results[0] == results[1] == results[2]
    assert results[0][16:18] == [(48, 0.0), (51, 0.1)]
