// A stereo effect with a mono sidechain input: the louder the sidechain, the louder the sound.

#include "../lab_plugin.hpp"

START_NAMESPACE_DISTRHO

class LabSidechain : public LabPlugin {
    static constexpr uint32_t kSidechainPort = 2;

public:
    LabSidechain() : LabPlugin({{"Amount", "amount", "", 1, 0, 1, 0, {}}}) {}

protected:
    void initAudioPort(bool input, uint32_t index, AudioPort& port) override {
        if (input && index == kSidechainPort) {
            port.groupId = kPortGroupNone;
            port.hints = kAudioPortIsSidechain;
            port.name = "Sidechain";
            port.symbol = "sidechain";
            return;
        }
        Plugin::initAudioPort(input, index, port);
        port.groupId = kPortGroupStereo;
    }

    void run(const float** inputs, float** outputs, uint32_t frames) override {
        const float amount = values[0];
        for (uint32_t i = 0; i < frames; ++i) {
            const float gain = 1.0f - amount + amount * std::fabs(inputs[kSidechainPort][i]);
            outputs[0][i] = inputs[0][i] * gain;
            outputs[1][i] = inputs[1][i] * gain;
        }
    }
};

Plugin* createPlugin() { return new LabSidechain; }

END_NAMESPACE_DISTRHO
