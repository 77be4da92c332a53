# %% [markdown]
# Listening in a notebook: editors that know `# %%` run this file cell by cell.
"""Cells for a notebook: load a preset, look at its graph, hear it, look at its spectrum."""

# %%
import numpy as np

import backline

rack = backline.load("keys/electric-piano")
rack  # noqa: B018 - the last line of a cell is shown: the graph

# %%
audio = rack.render(notes="[C4 E4 G4]:2 [A3 C4 E4]:2")
audio  # noqa: B018 - a player

# %%
spectrum = np.abs(np.fft.rfft(audio.mean(axis=0) * np.hanning(audio.shape[1])))
loudest = np.argsort(spectrum)[-1] * audio.rate / audio.shape[1]
print(f"The loudest partial lies at {loudest:.1f} Hz.")

# %%
for rate in ("2 Hz", "6 Hz"):
    rack["tremolo"].rate = rate
    moved = rack.render(notes="C4:4")
    left, right = (moved**2).mean(axis=1)
    print(f"tremolo at {rate}: left {10 * np.log10(left):.1f} dB, right {10 * np.log10(right):.1f} dB")
