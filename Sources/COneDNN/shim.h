#pragma once
// oneDNN installs its headers under oneapi/dnnl (2.x and 3.x) or at the top level (1.x).
#if __has_include(<oneapi/dnnl/dnnl.h>)
#include <oneapi/dnnl/dnnl.h>
#else
#include <dnnl.h>
#endif
