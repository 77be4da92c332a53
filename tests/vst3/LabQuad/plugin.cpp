// Four channels; channel n comes out n times as loud, so that swapped channels show.

#include "../lab_plugin.hpp"

START_NAMESPACE_DISTRHO

class LabQuad : public LabPlugin {
public:
    LabQuad() : LabPlugin({{"Gain", "gain", "", 1, 0, 2, 0, {}}}) {}

protected:
    void run(const float** inputs, float** outputs, uint32_t frames) override {
        for (int channel = 0; channel < 4; ++channel)
            for (uint32_t i = 0; i < frames; ++i)
                outputs[channel][i] = inputs[channel][i] * values[0] * static_cast<float>(channel + 1);
    }
};

Plugin* createPlugin() { return new LabQuad; }

END_NAMESPACE_DISTRHO
