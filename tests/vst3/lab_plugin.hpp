// The common part of the lab plugins: a table of parameters in, a DPF plugin out. It knows no sound.
//
// Each lab plugin lists its parameters once, keeps their present values in `values` and writes its own run().

#pragma once

#include "DistrhoPlugin.hpp"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

START_NAMESPACE_DISTRHO

struct LabParameter {
    const char* name;
    const char* symbol;
    const char* unit;
    float initial;
    float minimum;
    float maximum;
    uint32_t hints;
    std::vector<const char*> choices;
};

constexpr uint32_t kLabSwitch = kParameterIsBoolean | kParameterIsInteger;

class LabPlugin : public Plugin {
public:
    explicit LabPlugin(std::vector<LabParameter> parameters)
        : Plugin(static_cast<uint32_t>(parameters.size()), 0, 0), table(std::move(parameters)) {
        for (const LabParameter& parameter : table)
            values.push_back(parameter.initial);
    }

protected:
    const std::vector<LabParameter> table;
    std::vector<float> values;

    int whole(uint32_t index) const { return static_cast<int>(std::lround(values[index])); }
    bool isOn(uint32_t index) const { return values[index] > 0.5f; }

    const char* getLabel() const override { return DISTRHO_PLUGIN_NAME; }
    const char* getMaker() const override { return "Backline Lab"; }
    const char* getLicense() const override { return "GPL-3.0-or-later"; }
    uint32_t getVersion() const override { return d_version(1, 2, 3); }

    int64_t getUniqueId() const override {
        const char* name = DISTRHO_PLUGIN_NAME;  // "Lab" and at least three more letters
        return d_cconst('B', name[3], name[4], name[5]);
    }

    void initParameter(uint32_t index, Parameter& parameter) override {
        const LabParameter& row = table[index];
        parameter.hints = kParameterIsAutomatable | row.hints;
        parameter.name = row.name;
        parameter.symbol = row.symbol;
        parameter.unit = row.unit;
        parameter.ranges.def = row.initial;
        parameter.ranges.min = row.minimum;
        parameter.ranges.max = row.maximum;
        if (row.choices.empty())
            return;

        // DPF frees this array with delete[] when the plugin goes.
        auto* choices = new ParameterEnumerationValue[row.choices.size()];
        for (size_t i = 0; i < row.choices.size(); ++i) {
            choices[i].value = row.minimum + static_cast<float>(i);
            choices[i].label = row.choices[i];
        }
        parameter.enumValues.count = static_cast<uint8_t>(row.choices.size());
        parameter.enumValues.restrictedMode = true;
        parameter.enumValues.values = choices;
    }

    float getParameterValue(uint32_t index) const override { return values[index]; }
    void setParameterValue(uint32_t index, float value) override { values[index] = value; }
};

END_NAMESPACE_DISTRHO
