#pragma once

#define DISTRHO_PLUGIN_BRAND "Backline Lab"
#define DISTRHO_PLUGIN_NAME "LabMonoSynth"
#define DISTRHO_PLUGIN_URI "urn:backline:lab:LabMonoSynth"
#define DISTRHO_PLUGIN_CLAP_ID "backline.lab.LabMonoSynth"
#define DISTRHO_PLUGIN_HAS_UI 0
#define DISTRHO_PLUGIN_IS_RT_SAFE 1
#define DISTRHO_PLUGIN_NUM_INPUTS 0
#define DISTRHO_PLUGIN_NUM_OUTPUTS 1
#define DISTRHO_PLUGIN_IS_SYNTH 1
#define DISTRHO_PLUGIN_WANT_MIDI_INPUT 1
#define DISTRHO_PLUGIN_VST3_CATEGORIES "Instrument|Synth"
