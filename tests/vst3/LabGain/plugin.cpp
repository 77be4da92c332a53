// Gain with one parameter of every kind (decibels, switch, choice, per cent) and a read-only meter.

#include "../lab_plugin.hpp"

START_NAMESPACE_DISTRHO

class LabGain : public LabPlugin {
    enum { kGain, kMute, kMode, kWidth, kMeter };
    enum { kStereo, kMonoMix, kSwap };

public:
    LabGain()
        : LabPlugin({
              {"Gain", "gain", "dB", 0, -60, 24, 0, {}},
              {"Mute", "mute", "", 0, 0, 1, kLabSwitch, {}},
              {"Mode", "mode", "", 0, 0, 2, kParameterIsInteger, {"Stereo", "Mono", "Swap"}},
              {"Width", "width", "%", 100, 0, 200, 0, {}},
              {"Meter", "meter", "dB", -90, -90, 20, kParameterIsOutput, {}},
          }) {}

protected:
    void run(const float** inputs, float** outputs, uint32_t frames) override {
        const float gain = isOn(kMute) ? 0.0f : values[kGain] == 0.0f ? 1.0f : std::pow(10.0f, values[kGain] / 20.0f);
        const int mode = whole(kMode);
        const float width = values[kWidth] * 0.01f;
        float peak = 0.0f;

        for (uint32_t i = 0; i < frames; ++i) {
            float left = inputs[0][i];
            float right = inputs[1][i];
            if (mode == kMonoMix)
                left = right = 0.5f * (left + right);
            else if (mode == kSwap)
                std::swap(left, right);
            if (values[kWidth] != 100.0f) {
                const float middle = 0.5f * (left + right);
                const float side = 0.5f * (left - right) * width;
                left = middle + side;
                right = middle - side;
            }
            outputs[0][i] = left * gain;
            outputs[1][i] = right * gain;
            peak = std::fmax(peak, std::fmax(std::fabs(outputs[0][i]), std::fabs(outputs[1][i])));
        }
        values[kMeter] = peak > 3.2e-5f ? 20.0f * std::log10(peak) : -90.0f;
    }
};

Plugin* createPlugin() { return new LabGain; }

END_NAMESPACE_DISTRHO
