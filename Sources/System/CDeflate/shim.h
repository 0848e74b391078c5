#ifndef AENEAS_CDEFLATE_SHIM_H
#define AENEAS_CDEFLATE_SHIM_H
#include <libdeflate.h>
#endif
