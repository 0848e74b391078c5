#ifndef AENEAS_CYAML_SHIM_H
#define AENEAS_CYAML_SHIM_H
#include <yaml.h>
#endif
