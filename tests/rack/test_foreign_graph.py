"""Plugins that are not ours inside graphs: their latency, their faults, their channels, and what acts on them."""

from __future__ import annotations

import numpy as np
import pytest

from backline.formats.errors import DocumentError
from backline.sdk import ControlChange, NoteOff, NoteOn
from rack.support import hiss, lab_bundle, late, make, run

FRAMES = 6000
HOSTS = ["pedalboard", "minihost"]


@pytest.fixture(scope="module")
def folder():
    return lab_bundle("LabDelay").parent


@pytest.fixture(autouse=True, scope="module")
def _built():
    for name in ("LabDelay", "LabFault", "LabMono", "LabOneToTwo", "LabGain", "LabSynth", "LabQuad"):
        lab_bundle(name)


def opened(text, folder, **options):
    return make(text, folders=[folder], **options)


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("frames", [0, 1, 63, 64, 777, 3000])
def test_a_foreign_delay_against_the_dry_path_is_silence(folder, host, frames):
    rack = opened(
        f"""
nodes:
  lab: {{plugin: "vst3:LabDelay", host: {host}, params: {{Delay: {frames}}}}}
  flip: {{plugin: twice, factor: -1}}
wires: [in -> lab -> out, in -> flip -> out, in -> out:dry]
""",
        folder,
    )
    x = hiss(FRAMES)
    assert rack.latency == frames
    got = run(rack, FRAMES, 441, audio=x, outs=["dry"])
    assert not got[:2].any()
    assert np.array_equal(got[2:], late(x, frames))
    assert np.array_equal(rack.render(audio=x, tail=0, block=512), np.zeros_like(x))


def test_several_latencies_meet_and_follow_a_change_by_hand(folder):
    rack = opened(
        """
nodes:
  a: {plugin: "vst3:LabDelay", params: {Delay: 100}}
  b: {plugin: "vst3:LabDelay", params: {Delay: 30}}
  c: {plugin: late}
wires: [in -> a -> b -> out, in -> c -> out, in -> out, c -> b]
""".replace(", c -> b]", "]"),
        folder,
    )
    x = hiss(FRAMES)
    assert rack.latency == 130
    np.testing.assert_allclose(rack.render(audio=x, tail=0), 3 * x, rtol=1e-6)
    rack["b"].delay = 500
    np.testing.assert_allclose(rack.render(audio=x, tail=0), 3 * x, rtol=1e-6)
    assert rack.latency == 600
    rack.prepare(block=333)
    assert rack.latency == 600


@pytest.mark.parametrize("host", HOSTS)
def test_a_real_limiter_with_look_ahead(folder, host):
    rack = opened(
        f"""
nodes: {{max: {{plugin: "vst3:ZamaXimX2", host: {host}}}}}
wires: [in -> max -> out, in -> out:dry]
""".replace("ZamaXimX2", zam_name()),
        folder,
    )
    assert rack.latency == 480
    quiet = hiss(FRAMES) * np.float32(0.001)
    got = run(rack, FRAMES, 512, audio=quiet, outs=["dry"])
    wet, dry = got[0, 600:], got[2, 600:]
    lags = [float(np.dot(wet[10:-10], np.roll(dry, shift)[10:-10])) for shift in range(-8, 9)]
    assert int(np.argmax(np.abs(lags))) == 8, "both come at the same time"
    assert np.array_equal(got[2:], late(quiet, 480))


def zam_name() -> str:
    from pathlib import Path

    return next(path.stem for path in Path("/usr/lib/vst3").iterdir() if path.stem.lower() == "zamaximx2")


@pytest.mark.parametrize("name", ["PitchShift", "GSMFullRateCompressor", "BrickwallLimiter"])
def test_built_ins_with_latency_are_aligned(name):
    import pedalboard

    if not hasattr(pedalboard, name):
        name = "Resample"
    rack = make(f"""
nodes: {{fx: {{plugin: pedalboard.{name}}}}}
wires: [in -> fx -> out, in -> out:dry]
""")
    assert rack.latency == rack["fx"].plugin.latency
    x = hiss(FRAMES)
    assert np.array_equal(run(rack, FRAMES, audio=x, outs=["dry"])[2:], late(x, rack.latency))


def test_the_dry_side_of_mix_and_bypass_waits_for_a_foreign_plugin(folder):
    rack = opened(
        """
nodes: {lab: {plugin: "vst3:LabDelay", mix: 50 %, params: {Delay: 333}}}
wires: [in -> lab -> out]
""",
        folder,
    )
    x = hiss(FRAMES)
    assert np.array_equal(rack.render(audio=x, tail=0), x)
    rack["lab"].bypass = True
    assert np.array_equal(rack.render(audio=x, tail=0), x)


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("fault", ["NaN", "Infinity", "Denormal"])
def test_what_is_not_a_number_never_leaves_and_the_rest_plays_on(folder, host, fault):
    rack = opened(
        f"""
nodes:
  bad: {{plugin: "vst3:LabFault", host: {host}, params: {{Fault: {fault}, After Blocks: 3}}}}
  sum: {{plugin: sum}}
  echo: {{plugin: delay, time: 10 ms, feedback: 50 %}}
  after: {{plugin: "vst3:LabGain", host: {host}}}
wires: [in -> bad -> sum -> out:sum, bad -> echo -> out, bad -> after -> out, in -> out:dry]
feedback: [echo -> bad]
""",
        folder,
    )
    x = hiss(FRAMES)
    got = run(rack, FRAMES, 64, audio=x, outs=["sum", "dry"])
    assert np.isfinite(got).all()
    assert not ((np.abs(got) > 0) & (np.abs(got) < np.finfo(np.float32).tiny)).any()
    assert np.array_equal(got[4:], x)


def test_not_a_number_at_the_input_is_silence_and_our_plugins_recover():
    rack = make("""
nodes: {sum: {plugin: sum}, glide: {plugin: glide}}
wires: [in -> glide -> sum -> out, in -> out:dry]
""")
    x = hiss(FRAMES)
    x[:, 100:200] = np.nan
    x[0, 300] = np.inf
    x[1, 400] = 1e-40
    got = run(rack, FRAMES, 64, audio=x, outs=["dry"])
    assert np.isfinite(got).all()
    assert got[:2, -1].any()
    assert not got[2:, 100:200].any()
    assert got[3, 400] == 0


def test_channels_of_foreign_plugins(folder):
    rack = opened(
        """
nodes: {mono: {plugin: "vst3:LabMono", channels: 1}, wide: {plugin: "vst3:LabOneToTwo", host: minihost}}
wires: [in -> mono -> out, mono -> wide -> out:wide]
""",
        folder,
    )
    x = hiss(FRAMES)
    got = run(rack, FRAMES, audio=x, outs=["wide"])
    assert np.array_equal(got[0], got[1])
    assert got.any(axis=1).all()
    with pytest.raises(DocumentError, match=r"5:\d+: in gives 2 channels, mono takes 1") as caught:
        opened(
            """
nodes: {mono: {plugin: "vst3:LabMono"}}
wires:
  - in -> mono -> out
""",
            folder,
        )
    assert "say `channels: 1` there to mix it down" in str(caught.value)


@pytest.mark.parametrize("host", HOSTS)
def test_foreign_parameters_gestures_and_modulation_do_not_depend_on_blocks(folder, host):
    rack = opened(
        f"""
nodes:
  lfo: {{plugin: lfo, rate: 30 Hz}}
  keys: {{plugin: "vst3:LabSynth", host: {host}}}
  gain: {{plugin: "vst3:LabGain", host: {host}}}
wires: [midi -> keys -> gain -> out]
controls: ["cc 20 -> gain.{{gain}}"]
modulation: ["lfo -> gain.{{gain}} [10 %]"]
""".replace("{gain}", "gain"),
        folder,
    )
    events = [NoteOn(10, 60, 0.5), NoteOn(333, 67, 0.5), ControlChange(500, 20, 0.4), NoteOff(2000, 60), ControlChange(2500, 20, 0.7)]
    results = []
    for block in (7, 64, 441, 512):
        rack.engine.take_back()
        rack.reset()
        results.append(run(rack, 4000, block, events=events))
    assert results[0].any()
    for other in results[1:]:
        assert np.array_equal(other, results[0])


def test_pedalboard_effects_in_a_row_run_as_one_and_sound_the_same():
    from backline.rack.stages import FusedStage

    text = """
nodes:
  a: {plugin: pedalboard.HighpassFilter, cutoff_frequency_hz: 200}
  b: {plugin: pedalboard.Compressor, threshold_db: -20}
  c: {plugin: pedalboard.Chorus}
  d: {plugin: pedalboard.Limiter}
wires: [in -> a -> b -> c -> d -> out]
controls: ["cc 1 -> b.threshold_db [-60 dB .. 0 dB]"]
"""
    one, apart = make(text), make(text.replace("wires:", "wires: [b -> out:tap, c -> out:tap, a -> out:tap]\nx:").replace("x:", "#"))
    apart = make(text.replace("-> out]", "-> out, a -> out:tap, b -> out:tap, c -> out:tap]"))
    assert any(isinstance(stage, FusedStage) for stage in one.engine.plan.stages)
    assert not any(isinstance(stage, FusedStage) for stage in apart.engine.plan.stages)
    x = hiss(FRAMES)
    events = [ControlChange(1000, 1, 0.2)]
    want = run(apart, FRAMES, 441, audio=x, events=events)
    assert np.array_equal(run(one, FRAMES, 441, audio=x, events=events), want)
    one.engine.take_back()
    one.reset()
    assert np.array_equal(run(one, FRAMES, 64, audio=x, events=events), want)


def test_a_missing_foreign_plugin(folder):
    text = """
nodes: {a: {plugin: "vst3:LabDelai"}}
wires: [in -> a -> out]
"""
    with pytest.raises(DocumentError, match=r'3:21: there is no plugin "vst3:LabDelai"') as caught:
        opened(text, folder)
    assert "did you mean vst3:LabDelay" in str(caught.value)
    x = hiss(100)
    assert np.array_equal(run(opened(text, folder, missing="bypass"), 100, audio=x), x)
    assert not run(opened(text, folder, missing="silence"), 100, audio=x).any()


def test_panic_silences_foreign_instruments(folder):
    for host in HOSTS:
        rack = opened(
            f"""
nodes: {{keys: {{plugin: "vst3:LabSynth", host: {host}}}, room: {{plugin: pedalboard.Reverb}}}}
wires: [midi -> keys -> room -> out]
""",
            folder,
        )
        assert run(rack, 4000, events=[NoteOn(0, 60, 0.9)])[:, -1].any()
        rack.panic()
        assert np.abs(run(rack, 4000)).max() < 1e-6
