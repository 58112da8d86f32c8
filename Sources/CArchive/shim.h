#ifndef CARCHIVE_SHIM_H
#define CARCHIVE_SHIM_H

#include <archive.h>
#include <archive_entry.h>

// The kinds of entry are macros with a cast, which Swift does not import.
enum {
  CARCHIVE_REGULAR = 0100000,
  CARCHIVE_DIRECTORY = 0040000,
  CARCHIVE_SYMBOLIC_LINK = 0120000
};

#endif
