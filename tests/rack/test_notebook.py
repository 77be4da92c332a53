"""Rendered audio shows itself in a notebook: a sound that any browser plays, and its outline."""

import base64
import io
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import soundfile

from backline.rack.notebook import COLUMNS, audio_html, waveform_svg
from backline.rack.rack import Audio

RATE = 8000


def sine(seconds, channels=2, level=0.5):
    wave = level * np.sin(2 * np.pi * 100 * np.arange(round(seconds * RATE)) / RATE)
    return np.tile(wave, (channels, 1)).astype(np.float32)


def heard(html):
    data = base64.b64decode(re.search(r"base64,([^\"]+)", html)[1])
    return soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)


def test_the_player_holds_the_sound():
    audio = sine(0.5)
    sound, rate = heard(audio_html(audio, RATE))
    assert rate == RATE
    np.testing.assert_allclose(sound.T, audio, atol=0.51 / 32768)


def test_it_is_what_rendered_audio_shows():
    html = Audio.of(sine(0.25), RATE)._repr_html_()
    assert "<audio controls" in html
    assert "0.25 s · 8000 Hz · stereo · peak -6.0 dBFS" in html


def test_long_audio_is_cut_and_the_page_says_so():
    html = audio_html(sine(40), RATE)
    assert len(heard(html)[0]) == 30 * RATE
    assert "the player holds the first 30 s" in html
    assert "40.00 s" in html


def test_many_channels_become_a_mono_mix():
    audio = np.concatenate([sine(0.1, 3), np.zeros((1, 800), np.float32)])
    html = audio_html(audio, RATE)
    sound, _ = heard(html)
    assert sound.shape == (800, 1)
    np.testing.assert_allclose(sound[:, 0], audio.mean(axis=0), atol=0.51 / 32768)
    assert "4 channels" in html
    assert "mono mix" in html


def test_too_loud_is_clipped_and_marked():
    html = audio_html(sine(0.1, level=1.5), RATE)
    assert np.abs(heard(html)[0]).max() <= 1.0
    assert "#d92d20" in html
    assert "#d92d20" not in audio_html(sine(0.1), RATE)


@pytest.mark.parametrize("audio", [np.zeros((2, 0), np.float32), np.zeros((1, 1), np.float32), np.full((2, 5), np.nan, np.float32)])
def test_odd_audio_is_shown_too(audio):
    html = audio_html(audio, RATE)
    assert "silence" in html
    ET.fromstring(re.search(r"<svg.*</svg>", html)[0])


def test_the_outline_reaches_as_far_as_the_sound():
    outline = waveform_svg(np.concatenate([np.zeros((1, 6000)), sine(0.75, 1)], axis=1).astype(np.float32))
    bars = re.findall(r"M([\d.]+) ([\d.]+)V([\d.]+)", outline)
    assert len(bars) == COLUMNS
    heights = np.array([float(bottom) - float(top) for _, top, bottom in bars])
    assert (heights[: COLUMNS // 2 - 2] < 0.3).all()
    assert (heights[COLUMNS // 2 + 2 :] > 30).all()
