#ifndef AENEAS_CSQLITE_SHIM_H
#define AENEAS_CSQLITE_SHIM_H
#include <sqlite3.h>
#endif
