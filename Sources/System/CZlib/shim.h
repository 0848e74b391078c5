#ifndef AENEAS_CZLIB_SHIM_H
#define AENEAS_CZLIB_SHIM_H
#include <zlib.h>
#endif
