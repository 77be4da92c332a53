// Does what bad plugins do, on demand.
//
// "Fault" chooses what run() does once "After Blocks" blocks have passed; "Millis" is how long the slow ones take.
// The environment variable LABFAULT_LOAD (segfault, abort, hang, throw, exit) acts while the plugin is being made.

#include "../lab_plugin.hpp"

#include <cstdlib>
#include <ctime>
#include <limits>
#include <stdexcept>
#include <string>

#include <unistd.h>

START_NAMESPACE_DISTRHO

static void crash() {
    volatile int* nowhere = nullptr;
    *nowhere = 1;
}

static void failWhileLoading(const std::string& fault) {
    if (fault == "segfault")
        crash();
    else if (fault == "abort")
        std::abort();
    else if (fault == "throw")
        throw std::runtime_error("lab fault while loading");
    else if (fault == "exit")
        _exit(7);
    while (fault == "hang")
        usleep(1000);
}

class LabFault : public LabPlugin {
    enum { kFault, kMillis, kAfterBlocks };
    enum { kNone, kSegfault, kNaN, kInfinity, kSpin, kSleep, kAbort, kThrow, kBurn, kDenormal, kLeak, kHuge };

public:
    LabFault()
        : LabPlugin({
              {"Fault",
               "fault",
               "",
               0,
               0,
               11,
               kParameterIsInteger,
               {"None", "Segfault", "NaN", "Infinity", "Spin", "Sleep", "Abort", "Throw", "Burn", "Denormal", "Leak", "Huge"}},
              {"Millis", "millis", "ms", 50, 0, 10000, 0, {}},
              {"After Blocks", "after_blocks", "", 0, 0, 10000, kParameterIsInteger, {}},
          }) {
        if (const char* fault = std::getenv("LABFAULT_LOAD"))
            failWhileLoading(fault);
    }

protected:
    void setParameterValue(uint32_t index, float value) override {
        values[index] = value;
        if (index == kFault)
            blocks = 0;
    }

    void run(const float** inputs, float** outputs, uint32_t frames) override {
        for (int channel = 0; channel < 2; ++channel)
            std::memcpy(outputs[channel], inputs[channel], frames * sizeof(float));
        if (whole(kFault) == kNone || blocks++ < static_cast<uint32_t>(whole(kAfterBlocks)))
            return;
        switch (whole(kFault)) {
        case kSegfault:
            crash();
            break;
        case kNaN:
            fill(outputs, frames, std::numeric_limits<float>::quiet_NaN());
            break;
        case kInfinity:
            fill(outputs, frames, std::numeric_limits<float>::infinity());
            break;
        case kDenormal:
            fill(outputs, frames, 1e-40f);
            break;
        case kHuge:
            fill(outputs, frames, 1e6f);
            break;
        case kSpin:
            for (volatile uint64_t turns = 0;; turns = turns + 1) {
            }
        case kSleep:
            usleep(static_cast<useconds_t>(values[kMillis] * 1000.0f));
            break;
        case kBurn:
            burn(values[kMillis] * 1e-3);
            break;
        case kAbort:
            std::abort();
        case kThrow:
            throw std::runtime_error("lab fault while running");
        case kLeak:
            std::memset(std::malloc(1 << 20), 1, 1 << 20);
            break;
        }
    }

private:
    uint32_t blocks = 0;

    static void fill(float** outputs, uint32_t frames, float value) {
        for (int channel = 0; channel < 2; ++channel)
            for (uint32_t i = 0; i < frames; ++i)
                outputs[channel][i] = value;
    }

    static void burn(double seconds) {
        timespec start, now;
        clock_gettime(CLOCK_MONOTONIC, &start);
        do
            clock_gettime(CLOCK_MONOTONIC, &now);
        while (static_cast<double>(now.tv_sec - start.tv_sec) + static_cast<double>(now.tv_nsec - start.tv_nsec) * 1e-9 < seconds);
    }
};

Plugin* createPlugin() { return new LabFault; }

END_NAMESPACE_DISTRHO
