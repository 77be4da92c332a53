#pragma once

#define DISTRHO_PLUGIN_BRAND "Backline Lab"
#define DISTRHO_PLUGIN_NAME "LabTransport"
#define DISTRHO_PLUGIN_URI "urn:backline:lab:LabTransport"
#define DISTRHO_PLUGIN_CLAP_ID "backline.lab.LabTransport"
#define DISTRHO_PLUGIN_HAS_UI 0
#define DISTRHO_PLUGIN_IS_RT_SAFE 1
#define DISTRHO_PLUGIN_NUM_INPUTS 2
#define DISTRHO_PLUGIN_NUM_OUTPUTS 2
#define DISTRHO_PLUGIN_WANT_TIMEPOS 1
