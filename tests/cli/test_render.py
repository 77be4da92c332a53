"""`backline render`: every way to say what is played, every format, and nothing left behind when it does not end well."""

import json
import math
import os
import signal
import subprocess
import sys

import mido
import numpy as np
import pytest
import soundfile

import backline
from backline.cli import render_files
from backline.formats.loudness import measure
from backline.rack.rack import Rack
from vst3.lab import lab_bundle

pytestmark = pytest.mark.slow

KEYS = """
preset: 1
name: Keys
nodes:
  keys: {plugin: polysynth, level: -12 dB}
  soft: {plugin: gain, level: -6 dB}
wires:
  - midi -> keys -> soft -> out
macros:
  loudness: {default: 50 %, to: {soft.level: -24 dB .. 0 dB}}
"""
EFFECTS = """
preset: 1
nodes:
  soft: {plugin: gain, level: -6 dB}
  echo: {plugin: delay}
wires:
  - in -> soft -> out
  - in -> echo -> out:wet
"""


@pytest.fixture
def keys(here):
    (here.folder / "keys.yaml").write_text(KEYS)
    return here


@pytest.fixture
def effects(here):
    (here.folder / "effects.yaml").write_text(EFFECTS)
    time = np.arange(12000) / 48000
    soundfile.write(here.folder / "voice.wav", 0.5 * np.sin(2 * np.pi * 440 * time), 48000, "FLOAT")
    return here


def sound(path):
    audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return audio.T, rate


def files(folder):
    return sorted(path.name for path in folder.iterdir())


# -- what is played ----------------------------------------------------------------------------------------------------------------


def test_notes_become_a_wav_named_after_the_preset(keys):
    done = keys("render", "keys.yaml", "--notes", "C4:1 E4:1 [C4 E4 G4]:2")
    assert done.code == 0, done.errors
    assert files(keys.folder) == ["keys.wav", "keys.yaml"]
    info = soundfile.info(keys.folder / "keys.wav")
    assert (info.samplerate, info.channels, info.subtype) == (48000, 2, "PCM_16")
    assert info.duration > 2.0
    assert done.out.startswith("keys.wav: 2.")
    assert "dBFS" in done.out
    assert "LUFS" in done.out
    assert "rendered in " in done.out
    assert done.errors == ""


def test_json_tells_what_the_file_holds(keys):
    done = keys("render", "keys.yaml", "--notes", "C4:2", "--json", "-o", "x.wav", "--bits", "32f", "-r", "44.1 kHz")
    told = json.loads(done.out)
    audio, rate = sound(keys.folder / "x.wav")
    levels = measure(audio, rate)
    assert (told["file"], told["rate"], told["channels"], told["frames"]) == ("x.wav", rate, 2, audio.shape[1])
    assert told["seconds"] == pytest.approx(audio.shape[1] / rate)
    assert told["peak_dbfs"] == pytest.approx(levels.sample_peak_db, abs=0.006)
    assert told["lufs"] == pytest.approx(levels.lufs, abs=0.006)
    assert told["time_seconds"] > 0
    assert (told["outputs"], told["warnings"], told["clipped"]) == ([], [], 0)


def test_the_file_holds_what_a_script_gets(keys):
    keys("render", "keys.yaml", "--notes", "C4 E4", "--bits", "32f", "-o", "x.wav")
    rack = backline.load(keys.folder / "keys.yaml")
    np.testing.assert_array_equal(sound(keys.folder / "x.wav")[0], rack.render(notes="C4 E4"))
    rack.close()


def test_the_result_does_not_depend_on_the_block(keys):
    for block in ("37", "4096"):
        assert keys("render", "keys.yaml", "--notes", "C4 E4", "-b", block, "-o", f"{block}.wav").code == 0
    assert (keys.folder / "37.wav").read_bytes() == (keys.folder / "4096.wav").read_bytes()


def test_a_midi_file_is_played(keys):
    song = mido.MidiFile(ticks_per_beat=480)
    track = song.add_track()
    track.append(mido.MetaMessage("set_tempo", tempo=250_000))
    track.append(mido.Message("note_on", note=69, velocity=100))
    track.append(mido.Message("note_off", note=69, time=480 * 4))
    song.save(keys.folder / "song.mid")
    done = keys("render", "keys.yaml", "--midi", "song.mid", "--tail", "0", "--json")
    assert json.loads(done.out)["seconds"] == pytest.approx(1.0)
    audio, rate = sound(keys.folder / "keys.wav")
    spectrum = np.abs(np.fft.rfft(audio[0] * np.hanning(audio.shape[1])))
    assert np.argmax(spectrum) * rate / audio.shape[1] == pytest.approx(440.0, abs=2.0)


def test_audio_is_sent_through_and_named_outputs_stand_beside(effects):
    done = effects("render", "effects.yaml", "--input", "voice.wav", "-o", "out.flac", "--seconds", "1", "--json")
    assert done.code == 0, done.errors
    told = json.loads(done.out)
    assert files(effects.folder) == ["effects.yaml", "out-wet.flac", "out.flac", "voice.wav"]
    (wet,) = told["outputs"]
    assert (told["output"], wet["output"], wet["file"]) == ("out", "wet", "out-wet.flac")
    main, _ = sound(effects.folder / "out.flac")
    other, _ = sound(effects.folder / "out-wet.flac")
    assert main.shape == other.shape == (2, 48000)
    voice = sound(effects.folder / "voice.wav")[0][0]
    np.testing.assert_allclose(main[:, :12000], np.tile(voice * 10 ** (-6 / 20), (2, 1)), atol=2.5 / 32768)
    assert np.abs(main[:, 12001:]).max() <= 1.5 / 32768
    assert np.abs(other[:, 12001:]).max() > 0.01


def test_a_preset_from_standard_input_and_sound_to_standard_output(repository):
    command = [sys.executable, "-P", "-m", "backline", "render", "-", "--notes", "C4", "-o", "-", "-r", "22050"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, input=KEYS.encode(), capture_output=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout[:4] == b"RIFF"
    assert int.from_bytes(done.stdout[24:28], "little") == 22050
    assert b"LUFS" in done.stderr


def test_a_folder_as_output(keys):
    (keys.folder / "out").mkdir()
    assert keys("render", "keys.yaml", "--notes", "C4", "-o", "out").code == 0
    assert files(keys.folder / "out") == ["keys.wav"]


@pytest.mark.parametrize(
    ("name", "bits", "subtype"),
    [
        ("x.wav", None, "PCM_16"),
        ("x.wav", "24", "PCM_24"),
        ("x.wav", "32f", "FLOAT"),
        ("x.flac", "16", "PCM_16"),
        ("x.flac", "24", "PCM_24"),
        ("x.aiff", "32f", "FLOAT"),
        ("x.ogg", None, "VORBIS"),
        ("x.mp3", None, "MPEG_LAYER_III"),
    ],
)
def test_the_suffix_says_the_format(keys, name, bits, subtype):
    done = keys("render", "keys.yaml", "--notes", "C4", "-o", name, *(["--bits", bits] if bits else []))
    assert done.code == 0, done.errors
    assert soundfile.info(keys.folder / name).subtype == subtype


# -- how it is played --------------------------------------------------------------------------------------------------------------


def test_length_tail_and_tempo(keys):
    def seconds(*options):
        done = keys("render", "keys.yaml", "--json", *options)
        assert done.code == 0, done.errors
        return json.loads(done.out)["seconds"]

    assert seconds("--notes", "C4:4", "--seconds", "1.5") == 1.5
    assert seconds("--notes", "C4:4", "--tail", "250 ms") == pytest.approx(2.25)
    assert seconds("--notes", "C4:4", "--tail", "0", "--tempo", "240 bpm") == pytest.approx(1.0)
    assert 2.0 < seconds("--notes", "C4:4", "--tail", "auto") < 4.0


def test_parameters_and_macros_are_set(keys):
    def peak(*options):
        return json.loads(keys("render", "keys.yaml", "--notes", "C4", "--json", "--bits", "32f", *options).out)["peak_dbfs"]

    plain = peak()
    assert peak("--set", "soft.level=-24 dB") == pytest.approx(plain - 12.0, abs=0.02)
    assert peak("--set", "loudness=100%") == pytest.approx(plain + 12.0, abs=0.02)
    assert peak("--set", "loudness=0", "--set", "soft.bypass=on") == pytest.approx(plain + 12.0, abs=0.02)


def test_missing_plugins_can_be_stood_in_for(effects):
    text = EFFECTS.replace("plugin: gain, level: -6 dB", "plugin: nosuch")
    (effects.folder / "effects.yaml").write_text(text)
    refused = effects("render", "effects.yaml", "--input", "voice.wav")
    assert refused.code == 1
    assert 'effects.yaml:4:18: there is no plugin "nosuch"' in refused.errors
    passed = effects("render", "effects.yaml", "--input", "voice.wav", "--missing", "bypass", "--json", "-o", "a.wav")
    silent = effects("render", "effects.yaml", "--input", "voice.wav", "--missing", "silence", "--json", "-o", "b.wav")
    assert json.loads(passed.out)["peak_dbfs"] == pytest.approx(20 * math.log10(0.5), abs=0.05)
    assert json.loads(silent.out)["peak_dbfs"] is None
    assert any("nosuch" in text for text in json.loads(passed.out)["warnings"])


def test_real_vst3_plugins(effects):
    path = lab_bundle("LabGain")
    (effects.folder / "vst.yaml").write_text(
        f'preset: 1\nnodes:\n  lab: {{plugin: "vst3:{path}"}}\n  comp: {{plugin: "vst3:ZamCompX2"}}\nwires:\n  - in -> lab -> comp -> out\n'
    )
    done = effects("render", "vst.yaml", "--input", "voice.wav", "--json", "--seconds", "0.25")
    assert done.code == 0, done.errors
    assert json.loads(done.out)["peak_dbfs"] > -20


# -- what is odd -------------------------------------------------------------------------------------------------------------------


def test_what_is_odd_is_told(effects, keys):
    def warnings(*options):
        done = effects("render", *options, "--json")
        assert done.code == 0, done.errors
        return " | ".join(json.loads(done.out)["warnings"])

    assert "nothing in this preset listens to midi" in warnings("effects.yaml", "--notes", "C4")
    assert "the result is silence" in warnings("effects.yaml", "--seconds", "0.1")
    assert "nothing in this preset is connected to in" in warnings("keys.yaml", "--input", "voice.wav")
    assert "beyond full scale and were clipped" in warnings("keys.yaml", "--notes", "[C3 E3 G3 C4]@127", "--set", "soft.level=24 dB")
    soundfile.write("six.wav", np.zeros((4800, 6)), 48000)
    assert "6 channels; the first 2 are used" in warnings("effects.yaml", "--input", "six.wav")
    (effects.folder / "odd.yaml").write_text(EFFECTS.replace("nodes:", "nodes:\n  lone: {plugin: gain}"))
    assert "odd.yaml:4:3: lone is connected to nothing that is heard" in warnings("odd.yaml", "--input", "voice.wav")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "say what is played"),
        (["--notes", "C4", "--midi", "x.mid"], "give one of them"),
        (["--midi", "x.mid", "--tempo", "90"], "a MIDI file has its own tempo"),
        (["--notes", "C4", "--seconds", "0"], "--seconds 0: a length is above 0 s"),
        (["--notes", "C4", "--seconds", "2 days"], "--seconds: "),
        (["--notes", "C4", "--tail", "-1"], "--tail -1: a tail is 0 s or longer"),
        (["--notes", "C4", "--tail", "1/8"], "--tail: "),
        (["--notes", "C4", "--tail", "1", "--seconds", "1"], "give --seconds or --tail"),
        (["--notes", "C4", "-r", "4000"], "--rate 4000: a rate is a whole number from 8000 to 384000 Hz"),
        (["--notes", "C4", "-r", "44100.5"], "a whole number"),
        (["--notes", "C4", "-b", "0"], "--block 0: a block has 1 to 65536 frames"),
        (["--notes", "C4", "-b", "many"], "Invalid value"),
        (["--notes", "C4", "--bits", "8"], "'16', '24', '32f'"),
        (["--notes", "C4", "--missing", "ignore"], "'error', 'bypass', 'silence'"),
        (["--notes", "C4", "--set", "keys.cutoff"], "write NAME=VALUE"),
        (["--notes", "C4", "--set", "=1"], "write NAME=VALUE"),
        (["--notes", "C4", "--tempo", "0"], "--tempo 0: a tempo is 1 to 1000 bpm"),
        (["--notes", "C4", "-o", "-", "--json"], "standard output"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_rendered(keys, options, told):
    done = keys("render", "keys.yaml", *options)
    assert (done.code, done.errors.count("\n")) == (2, 1)
    assert told in done.errors
    assert files(keys.folder) == ["keys.yaml"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--notes", "C4", "-o", "no/such/x.wav"], "no/such/x.wav: there is no folder no/such"),
        (["--notes", "C4", "-o", "x.wave"], "did you mean wav?"),
        (["--notes", "C4", "-o", "x.mp3", "--bits", "24"], "takes no bits"),
        (["--notes", "C4", "-o", "x.mp3", "-r", "96000"], "mp3 has no rate of 96000 Hz"),
        (["--notes", "C4 H4"], 'notes:1:4: "H4" is not a note'),
        (["--midi", "keys.yaml"], "keys.yaml: byte 0: not a MIDI file"),
        (["--midi", "none.mid"], "none.mid: "),
        (["--input", "none.wav"], "none.wav: no such file"),
        (["--input", "keys.yaml"], "cannot be read as audio"),
        (["--notes", "C4", "--set", "keys.cutof=1"], '--set keys.cutof=1: keys has no parameter "cutof"; did you mean cutoff?'),
        (["--notes", "C4", "--set", "kees.cutoff=1"], "did you mean keys?"),
        (["--notes", "C4", "--set", "keys.cutoff=loud"], "--set keys.cutoff=loud: "),
        (["--notes", "C4", "--set", "louness=1"], "did you mean loudness?"),
        (["--notes", "C4", "--set", "loudness=3"], "macro loudness goes from 0 to 1"),
    ],
)
def test_failures_are_told_and_leave_nothing(keys, options, told):
    done = keys("render", "keys.yaml", *options)
    assert done.code == 1
    assert done.errors.startswith("error: ")
    assert told in done.errors
    assert files(keys.folder) == ["keys.yaml"]


def test_a_preset_that_is_not_there(keys):
    done = keys("render", "kees.yaml", "--notes", "C4")
    assert (done.code, done.errors) == (1, "error: kees.yaml: there is no such preset\n")
    done = keys("render", ".", "--notes", "C4")
    assert "is a folder" in done.errors


def test_the_input_is_not_written_over(effects):
    before = (effects.folder / "voice.wav").read_bytes()
    done = effects("render", "effects.yaml", "--input", "voice.wav", "-o", "voice.wav")
    assert done.code == 1
    assert "is the input itself" in done.errors
    assert (effects.folder / "voice.wav").read_bytes() == before


# -- nothing is left behind --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", ["keys.yaml", "effects.yaml"])
@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt(), 130), (SystemExit(143), 143), (ZeroDivisionError("by nought"), 1)])
def test_a_render_that_ends_early_leaves_the_folder_as_it_was(keys, effects, monkeypatch, preset, error, code):
    (keys.folder / "out.wav").write_bytes(b"older")
    whole = Rack.render_blocks

    def broken(self, *arguments, **options):
        for count, piece in enumerate(whole(self, *arguments, **options)):
            if count == 20:
                raise error
            yield piece

    monkeypatch.setattr(Rack, "render_blocks", broken)
    before = files(keys.folder)
    done = keys("render", preset, "--notes", "C4", "--seconds", "10", "-o", "out.wav")
    assert done.code == code
    assert files(keys.folder) == before
    assert (keys.folder / "out.wav").read_bytes() == b"older"


def run_program(program, folder, **options):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-P", "-c", program]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder, env=environment, **options)


def test_ctrl_c_leaves_no_file(keys):
    program = (
        "import sys, backline.formats.audio_file as files\n"
        "whole = files.AudioWriter.write\n"
        "def write(self, audio):\n    whole(self, audio)\n    print('ready', flush=True)\n"
        "files.AudioWriter.write = write\n"
        "from backline.cli import main\n"
        "sys.exit(main(['render', 'keys.yaml', '--notes', 'C4', '--seconds', '36000', '-r', '8000']))"
    )
    child = run_program(program, keys.folder)
    assert child.stdout.readline() == "ready\n"
    assert any(name.endswith(".part") for name in files(keys.folder))
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=60)
    assert child.returncode == 130
    assert errors in ("", "stopped\n")
    assert files(keys.folder) == ["keys.yaml"]


@pytest.mark.parametrize(("preset", "output"), [("keys.yaml", "x.wav"), ("effects.yaml", "x.wav"), ("keys.yaml", "x.flac")])
def test_a_full_disk_leaves_no_file(keys, effects, preset, output):
    program = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (60000, 60000))\n"
        "from backline.cli import main\n"
        f"sys.exit(main(['render', '{preset}', '--input', 'voice.wav', '--notes', 'C4', '--seconds', '5', '-o', '{output}']))"
    )
    before = files(keys.folder)
    child = run_program(program, keys.folder)
    _, errors = child.communicate(timeout=120)
    assert child.returncode == 1
    assert errors == f"error: {output}: could not be written; is the disk full?\n" or errors.startswith(
        "error: x-wet.wav: could not be written"
    )
    assert files(keys.folder) == before


# -- the bar and the start ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("terminal", [True, False])
def test_a_bar_is_shown_on_a_terminal_alone(keys, monkeypatch, capsys, terminal):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    monkeypatch.setattr(render_files, "BAR_AFTER_SECONDS", 0.0)
    done = keys("render", "keys.yaml", "--notes", "C4:4")
    assert done.code == 0
    assert ("rendering" in done.errors) == terminal
    assert "rendering" not in done.out


def test_only_what_is_needed_is_imported(keys):
    keys("warmup", "keys.yaml")
    program = (
        "import sys; from backline.cli import main\n"
        "code = main(['render', 'keys.yaml', '--notes', 'C4'])\n"
        "print(sorted({'numba', 'pedalboard', 'minihost', 'scipy', 'rich.progress', 'soxr', 'mido'} & set(sys.modules)))"
    )
    child = run_program(program, keys.folder)
    out, errors = child.communicate(timeout=120)
    assert child.returncode == 0, errors
    assert out.splitlines()[-1] == "[]"
