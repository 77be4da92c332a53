// One channel in, one channel out.

#include "../lab_plugin.hpp"

START_NAMESPACE_DISTRHO

class LabMono : public LabPlugin {
public:
    LabMono() : LabPlugin({{"Gain", "gain", "", 1, 0, 2, 0, {}}}) {}

protected:
    void run(const float** inputs, float** outputs, uint32_t frames) override {
        for (uint32_t i = 0; i < frames; ++i)
            outputs[0][i] = inputs[0][i] * values[0];
    }
};

Plugin* createPlugin() { return new LabMono; }

END_NAMESPACE_DISTRHO
