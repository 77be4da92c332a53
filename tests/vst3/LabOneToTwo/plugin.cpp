// One channel in, two channels out: the right one is the left one turned over.

#include "../lab_plugin.hpp"

START_NAMESPACE_DISTRHO

class LabOneToTwo : public LabPlugin {
public:
    LabOneToTwo() : LabPlugin({{"Gain", "gain", "", 1, 0, 2, 0, {}}}) {}

protected:
    void run(const float** inputs, float** outputs, uint32_t frames) override {
        for (uint32_t i = 0; i < frames; ++i) {
            const float sample = inputs[0][i] * values[0];
            outputs[0][i] = sample;
            outputs[1][i] = -sample;
        }
    }
};

Plugin* createPlugin() { return new LabOneToTwo; }

END_NAMESPACE_DISTRHO
