// The lab synthesizer with a stereo output.

#include "../lab_synth.hpp"

START_NAMESPACE_DISTRHO

Plugin* createPlugin() { return new LabVoices; }

END_NAMESPACE_DISTRHO
