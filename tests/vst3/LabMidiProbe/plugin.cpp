// Writes each MIDI event it gets into the sound, at the frame on which it came. The measuring tool for event timing.
//
// Left: (status << 16 | data1 << 8 | data2) / 2^24 of every event, added up (exact in float32 for one event a frame).
// Right: how many events came on that frame; 100 more on the last frame for each event beyond the block; 1000 more on
// the first frame of each inner block while "Mark" is on. "Echo" sends every event out again as MIDI.

#include "../lab_plugin.hpp"

START_NAMESPACE_DISTRHO

class LabMidiProbe : public LabPlugin {
    enum { kMark, kEcho };

public:
    LabMidiProbe()
        : LabPlugin({
              {"Mark", "mark", "", 0, 0, 1, kLabSwitch, {}},
              {"Echo", "echo", "", 0, 0, 1, kLabSwitch, {}},
          }) {}

protected:
    void run(const float**, float** outputs, uint32_t frames, const MidiEvent* events, uint32_t count) override {
        std::memset(outputs[0], 0, frames * sizeof(float));
        std::memset(outputs[1], 0, frames * sizeof(float));
        if (frames == 0)
            return;
        if (isOn(kMark))
            outputs[1][0] += 1000.0f;
        for (uint32_t i = 0; i < count; ++i) {
            const MidiEvent& event = events[i];
            if (event.frame < frames) {
                outputs[0][event.frame] += code(event) / 16777216.0f;
                outputs[1][event.frame] += 1.0f;
            } else {
                outputs[1][frames - 1] += 100.0f;
            }
            if (isOn(kEcho))
                writeMidiEvent(event);
        }
    }

private:
    static float code(const MidiEvent& event) {
        const uint8_t* data = event.size > MidiEvent::kDataSize ? event.dataExt : event.data;
        uint32_t number = static_cast<uint32_t>(data[0]) << 16;
        if (event.size > 1)
            number |= static_cast<uint32_t>(data[1]) << 8;
        if (event.size > 2)
            number |= data[2];
        return static_cast<float>(number);
    }
};

Plugin* createPlugin() { return new LabMidiProbe; }

END_NAMESPACE_DISTRHO
