"""Reading between samples: the weights, the places, and that a kernel computes what the plain functions say."""

from __future__ import annotations

import numpy as np
import pytest

from backline.sdk import Instrument, NoteOn, State, Table, dsp

WEIGHTS = dsp.tap_weights()


def read(values, place):
    """A place read with the plain functions."""
    whole = int(place) - 3
    spot = (place - int(place)) * 256.0
    row = dsp.tap_row(spot)
    return dsp.eight_taps(values, WEIGHTS.reshape(-1), dsp.tap_start(values, 0.0, float(whole)), row, dsp.tap_part(spot, row))


def test_on_a_sample_it_is_the_sample_and_a_constant_stays():
    values = np.random.default_rng(1).standard_normal(64)
    assert read(values, 20.0) == pytest.approx(values[20], abs=1e-6)
    assert read(np.ones(64), 20.37) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(("share", "decibels"), [(0.01, 115.0), (1 / 48, 110.0), (0.04, 92.0), (0.1, 65.0), (0.2, 45.0)])
def test_how_true_a_sine_is(share, decibels):
    values = np.sin(2 * np.pi * share * np.arange(600))
    places = np.linspace(10.0, 580.0, 1777)
    wanted = np.sin(2 * np.pi * share * places)
    found = np.array([read(values, place) for place in places])
    assert 10 * np.log10(np.mean(wanted**2) / np.mean((found - wanted) ** 2)) > decibels


def test_a_place_beyond_the_table_reads_its_last_values():
    values = np.arange(64.0)
    assert dsp.tap_start(values, 3.0, 100.0) == 56.0


class Reader(Instrument):
    """Reads a table at half speed, from its second page on."""

    table = Table()
    weights = Table()
    place = State(0.0)
    life = State(1.0, life=True)

    @staticmethod
    def sample(table, weights, place, life):
        whole = dsp.floor(place)
        spot = (place - whole) * 256.0
        row = dsp.tap_row(spot)
        part = dsp.tap_part(spot, row)
        start = dsp.tap_start(table, 1.0, whole)
        y = dsp.eight_taps(table, weights, start, row, part)
        return y, place + 0.40625, life

    def prepare(self):
        self.set_table("table", np.random.default_rng(2).standard_normal(256))
        self.set_table("weights", WEIGHTS)


def test_a_kernel_reads_what_the_plain_functions_read():
    values = np.random.default_rng(2).standard_normal(256).astype(np.float32)
    heard = Reader(48000.0, 256).process_block([], 200, [NoteOn(0, 60)])[0][0]
    wanted = [read(values, 64.0 + 3.0 + 0.40625 * frame) for frame in range(200)]
    assert heard == pytest.approx(wanted, abs=1e-5)


def test_a_kernel_never_reads_outside_its_table():
    plugin = Reader(48000.0, 256)
    plugin.process_block([], 1, [NoteOn(0, 60)])
    for place in (1e6, -5.0, np.nan):
        plugin._lane_array("place")[:] = place
        assert np.all(np.isfinite(plugin.process_block([], 8)[0]))
