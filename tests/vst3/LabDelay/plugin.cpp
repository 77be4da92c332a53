// Delays by exactly "Delay" samples and reports just that as its latency. "Echo" adds a copy half a second later (a tail).

#include "../lab_plugin.hpp"

START_NAMESPACE_DISTRHO

class LabDelay : public LabPlugin {
    enum { kDelay, kEcho };
    static constexpr uint32_t kLength = 1u << 16;  // a power of two, so that the position wraps by a mask
    static constexpr uint32_t kMask = kLength - 1;
    static constexpr uint32_t kEchoFrames = 24000;
    static constexpr uint32_t kInitialDelay = 64;

public:
    LabDelay()
        : LabPlugin({
              {"Delay", "delay", "samples", kInitialDelay, 0, 16384, kParameterIsInteger, {}},
              {"Echo", "echo", "", 0, 0, 1, 0, {}},
          }) {
        for (auto& line : lines)
            line.assign(kLength, 0.0f);
        setLatency(kInitialDelay);
    }

protected:
    void setParameterValue(uint32_t index, float value) override {
        values[index] = value;
        if (index == kDelay)
            setLatency(static_cast<uint32_t>(whole(kDelay)));
    }

    void activate() override {
        for (auto& line : lines)
            std::fill(line.begin(), line.end(), 0.0f);
        position = 0;
    }

    void run(const float** inputs, float** outputs, uint32_t frames) override {
        const auto delay = static_cast<uint32_t>(whole(kDelay));
        for (uint32_t i = 0; i < frames; ++i, ++position) {
            for (int channel = 0; channel < 2; ++channel) {
                std::vector<float>& line = lines[channel];
                line[position & kMask] = inputs[channel][i];
                const float late = line[(position - delay) & kMask];
                outputs[channel][i] = late + values[kEcho] * line[(position - delay - kEchoFrames) & kMask];
            }
        }
    }

private:
    std::vector<float> lines[2];
    uint32_t position = 0;
};

Plugin* createPlugin() { return new LabDelay; }

END_NAMESPACE_DISTRHO
