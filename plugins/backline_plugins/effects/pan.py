"""Pan: the place between left and right, at constant power, and the width of a stereo signal. Knows blocks of one or two channels."""

from __future__ import annotations

from backline.sdk import Effect, Param, Port, dsp

ROOT_TWO = 1.4142135623730951


def balance_gains(position: float) -> tuple[float, float]:
    """Left and right gain for a stereo signal: 1 and 1 in the middle, +3 dB and silence at a side; the sum of powers stays the same."""
    left, right = dsp.pan_gains(position)
    return left * ROOT_TWO, right * ROOT_TWO


class Pan(Effect):
    """Place a signal between left and right at constant power, and make it narrower or wider.

    A mono signal is 3 dB softer on each side in the middle, so that it is equally loud everywhere. A stereo signal passes unchanged in the
    middle; on its way to a side, that side rises by up to 3 dB while the other fades out.
    """

    name = "Pan"
    tags = ("stereo",)
    inputs = (Port("in"),)
    outputs = (Port("out", 2),)

    position = Param("0 %", "-100 %", "100 %", description="From left (-100 %) over the middle (0 %) to right (100 %).")
    width = Param(
        "100 %", "0 %", "200 %", description="Stereo width: 0 % is mono, 100 % unchanged, 200 % twice the difference of the sides."
    )

    @staticmethod
    def block(x, out, position, width, frames):
        """Fill both outputs from one input channel or two."""
        if x.shape[0] == 1:
            for i in range(frames):
                left, right = dsp.pan_gains(position[i])
                out[0, i] = x[0, i] * left
                out[1, i] = x[0, i] * right
        else:
            for i in range(frames):
                left, right = balance_gains(position[i])
                narrow = 0.5 * (1.0 - width[i]) * (x[1, i] - x[0, i])
                out[0, i] = (x[0, i] + narrow) * left
                out[1, i] = (x[1, i] - narrow) * right
