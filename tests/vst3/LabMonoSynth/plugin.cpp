// The lab synthesizer with a single output channel: hosts that only try stereo fail on it.

#include "../lab_synth.hpp"

START_NAMESPACE_DISTRHO

Plugin* createPlugin() { return new LabVoices; }

END_NAMESPACE_DISTRHO
