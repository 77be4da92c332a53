// Parameters with names that break hosts: twice the same, empty, blank, keywords, signs, letters outside ASCII.
//
// Left: the present value of parameter i on frame i of each block; right: the input.

#include "../lab_plugin.hpp"

START_NAMESPACE_DISTRHO

class LabOdd : public LabPlugin {
public:
    LabOdd()
        : LabPlugin({
              {"Amount", "amount_1", "", 0, 0, 1, 0, {}},
              {"Amount", "amount_2", "", 0.5f, 0, 1, 0, {}},
              {"Mix (%) / Dry-Wet #2", "mix", "%", 50, 0, 100, 0, {}},
              {"2nd Osc", "osc_2", "", 0, 0, 1, 0, {}},
              {"Größe µ", "size", "Hz", 1000, 20, 20000, kParameterIsLogarithmic, {}},
              {"class", "class_", "", 0, 0, 1, 0, {}},
              {"process", "process_", "", 0, 0, 1, 0, {}},
              {"", "empty", "", 0, 0, 1, 0, {}},
              {"   ", "blank", "", 0, 0, 1, 0, {}},
              {"Freq.", "frequency", "Hz", 440, 20, 20000, 0, {}},
              {"Steps", "steps", "", 8, 1, 16, kParameterIsInteger, {}},
              {"Bypass", "bypass", "", 0, 0, 1, kLabSwitch, {}},
              {"Curve", "curve", "", 0, 0, 3, kParameterIsInteger, {"Lin", "Log", "lin", "1.5 kHz"}},
              {"raw_value", "raw", "", 0, 0, 1, 0, {}},
              {"Trigger", "trigger", "", 0, 0, 1, kParameterIsTrigger, {}},
          }) {}

protected:
    void run(const float** inputs, float** outputs, uint32_t frames) override {
        for (uint32_t i = 0; i < frames; ++i) {
            outputs[0][i] = i < values.size() ? values[i] : 0.0f;
            outputs[1][i] = inputs[1][i];
        }
    }
};

Plugin* createPlugin() { return new LabOdd; }

END_NAMESPACE_DISTRHO
