// A 16-voice synthesizer with linear envelopes; notes, bend, modulation wheel (1) and volume (7) act on their frame.

#pragma once

#include "lab_plugin.hpp"

START_NAMESPACE_DISTRHO

class LabVoices : public LabPlugin {
    enum { kLevel, kAttack, kRelease, kWave };
    enum { kSine, kSaw, kSquare };
    enum { kModulationWheel = 1, kVolume = 7, kAllSoundOff = 120, kAllNotesOff = 123 };

    struct Voice {
        int note = -1;
        int channel = 0;
        double phase = 0.0;
        float velocity = 0.0f;
        float envelope = 0.0f;
        bool held = false;
        uint32_t age = 0;
    };

public:
    LabVoices()
        : LabPlugin({
              {"Level", "level", "dB", -12, -60, 6, 0, {}},
              {"Attack", "attack", "ms", 5, 0.1f, 1000, kParameterIsLogarithmic, {}},
              {"Release", "release", "ms", 50, 1, 5000, kParameterIsLogarithmic, {}},
              {"Wave", "wave", "", 0, 0, 2, kParameterIsInteger, {"Sine", "Saw", "Square"}},
          }) {
        for (float& value : volume)
            value = 1.0f;
    }

protected:
    void activate() override {
        for (Voice& voice : voices)
            voice = Voice();
    }

    void run(const float**, float** outputs, uint32_t frames, const MidiEvent* events, uint32_t count) override {
        const double rate = getSampleRate();
        const float gain = std::pow(10.0f, values[kLevel] / 20.0f);
        const auto attackStep = static_cast<float>(1000.0 / (values[kAttack] * rate));
        const auto releaseStep = static_cast<float>(1000.0 / (values[kRelease] * rate));

        for (uint32_t i = 0; i < frames; ++i) {
            // DPF's list is not always in order of frames once controllers and notes mix, so every event is looked at.
            for (uint32_t k = 0; k < count; ++k)
                if (events[k].frame == i)
                    handle(events[k]);
            float sum = 0.0f;
            for (Voice& voice : voices)
                sum += sample(voice, rate, attackStep, releaseStep);
            for (int channel = 0; channel < DISTRHO_PLUGIN_NUM_OUTPUTS; ++channel)
                outputs[channel][i] = sum * gain;
        }
    }

private:
    Voice voices[16];
    float bend[16] = {};
    float modulation[16] = {};
    float volume[16];
    uint32_t age = 0;

    void handle(const MidiEvent& event) {
        if (event.size < 1 || event.size > MidiEvent::kDataSize)
            return;
        const uint8_t* data = event.data;
        const int channel = data[0] & 0x0f;
        switch (data[0] & 0xf0) {
        case 0x90:
            if (data[2] > 0)
                start(channel, data[1], data[2] / 127.0f);
            else
                release(channel, data[1]);
            break;
        case 0x80:
            release(channel, data[1]);
            break;
        case 0xe0:
            bend[channel] = static_cast<float>((data[1] | (data[2] << 7)) - 8192) / 8192.0f * 2.0f;
            break;
        case 0xb0:
            control(channel, data[1], data[2] / 127.0f);
            break;
        }
    }

    void start(int channel, int note, float velocity) {
        Voice* chosen = &voices[0];
        for (Voice& voice : voices) {
            if (voice.note < 0) {
                chosen = &voice;
                break;
            }
            if (voice.age < chosen->age)
                chosen = &voice;
        }
        *chosen = Voice();
        chosen->note = note;
        chosen->channel = channel;
        chosen->velocity = velocity;
        chosen->held = true;
        chosen->age = ++age;
    }

    void release(int channel, int note) {
        for (Voice& voice : voices)
            if (voice.note == note && voice.channel == channel)
                voice.held = false;
    }

    void control(int channel, int controller, float value) {
        if (controller == kModulationWheel)
            modulation[channel] = value;
        else if (controller == kVolume)
            volume[channel] = value;
        else if (controller == kAllSoundOff || controller == kAllNotesOff)
            for (Voice& voice : voices)
                if (voice.channel == channel) {
                    voice.held = false;
                    if (controller == kAllSoundOff)
                        voice.note = -1;
                }
    }

    float sample(Voice& voice, double rate, float attackStep, float releaseStep) {
        if (voice.note < 0)
            return 0.0f;
        if (voice.held) {
            voice.envelope = std::fmin(1.0f, voice.envelope + attackStep);
        } else {
            voice.envelope -= releaseStep;
            if (voice.envelope <= 0.0f) {
                voice.note = -1;
                return 0.0f;
            }
        }
        const int channel = voice.channel;
        const float level = voice.envelope * voice.velocity * volume[channel] * (1.0f - 0.5f * modulation[channel]);
        const float value = shape(voice.phase) * level;
        voice.phase += 440.0 * std::pow(2.0, (voice.note - 69 + bend[channel]) / 12.0) / rate;
        if (voice.phase >= 1.0)
            voice.phase -= 1.0;
        return value;
    }

    float shape(double phase) const {
        switch (whole(kWave)) {
        case kSaw:
            return static_cast<float>(2.0 * phase - 1.0);
        case kSquare:
            return phase < 0.5 ? 1.0f : -1.0f;
        default:
            return static_cast<float>(std::sin(2.0 * M_PI * phase));
        }
    }
};

END_NAMESPACE_DISTRHO
