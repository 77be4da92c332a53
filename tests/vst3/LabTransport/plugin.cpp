// Writes what the host says about musical time into the first samples of each block (left), the block's length right.
//
// Left: playing, frame, beats valid, tempo, bar, beat, tick, beats a bar, beat unit, sample rate, buffer size, frames.

#include "../lab_plugin.hpp"

START_NAMESPACE_DISTRHO

class LabTransport : public LabPlugin {
public:
    LabTransport() : LabPlugin({{"Unused", "unused", "", 0, 0, 1, 0, {}}}) {}

protected:
    void run(const float**, float** outputs, uint32_t frames) override {
        const TimePosition& time = getTimePosition();
        const double report[] = {
            time.playing ? 1.0 : 0.0,
            static_cast<double>(time.frame),
            time.bbt.valid ? 1.0 : 0.0,
            time.bbt.beatsPerMinute,
            static_cast<double>(time.bbt.bar),
            static_cast<double>(time.bbt.beat),
            time.bbt.tick,
            time.bbt.beatsPerBar,
            time.bbt.beatType,
            getSampleRate(),
            static_cast<double>(getBufferSize()),
            static_cast<double>(frames),
        };
        constexpr uint32_t length = sizeof(report) / sizeof(report[0]);
        for (uint32_t i = 0; i < frames; ++i) {
            outputs[0][i] = i < length ? static_cast<float>(report[i]) : 0.0f;
            outputs[1][i] = static_cast<float>(frames);
        }
    }
};

Plugin* createPlugin() { return new LabTransport; }

END_NAMESPACE_DISTRHO
