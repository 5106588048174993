#pragma once
#include <hdf5.h>
#include <string.h>

// What Swift cannot import: type identifiers and property-list classes are macros over mutable
// globals that exist only once the library is open, and the error stack is walked by a callback.

static inline hid_t bda_native_float(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t bda_native_double(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t bda_native_uint8(void) { return H5T_NATIVE_UINT8; }
static inline hid_t bda_native_int8(void) { return H5T_NATIVE_INT8; }
static inline hid_t bda_native_uint16(void) { return H5T_NATIVE_UINT16; }
static inline hid_t bda_native_int16(void) { return H5T_NATIVE_INT16; }
static inline hid_t bda_native_uint32(void) { return H5T_NATIVE_UINT32; }
static inline hid_t bda_native_int32(void) { return H5T_NATIVE_INT32; }
static inline hid_t bda_native_uint64(void) { return H5T_NATIVE_UINT64; }
static inline hid_t bda_native_int64(void) { return H5T_NATIVE_INT64; }

// Files store little-endian standard types, so that they are the same bytes on every machine.
static inline hid_t bda_stored_float(void) { return H5T_IEEE_F32LE; }
static inline hid_t bda_stored_double(void) { return H5T_IEEE_F64LE; }
static inline hid_t bda_stored_uint8(void) { return H5T_STD_U8LE; }
static inline hid_t bda_stored_int8(void) { return H5T_STD_I8LE; }
static inline hid_t bda_stored_uint16(void) { return H5T_STD_U16LE; }
static inline hid_t bda_stored_int16(void) { return H5T_STD_I16LE; }
static inline hid_t bda_stored_uint32(void) { return H5T_STD_U32LE; }
static inline hid_t bda_stored_int32(void) { return H5T_STD_I32LE; }
static inline hid_t bda_stored_uint64(void) { return H5T_STD_U64LE; }
static inline hid_t bda_stored_int64(void) { return H5T_STD_I64LE; }

static inline hid_t bda_c_string(void) { return H5T_C_S1; }
static inline size_t bda_variable_size(void) { return H5T_VARIABLE; }
static inline hid_t bda_dataset_creation(void) { return H5P_DATASET_CREATE; }
static inline hid_t bda_group_creation(void) { return H5P_GROUP_CREATE; }
static inline hid_t bda_default_properties(void) { return H5P_DEFAULT; }
static inline hid_t bda_all(void) { return H5S_ALL; }
static inline unsigned bda_read_only(void) { return H5F_ACC_RDONLY; }
static inline unsigned bda_truncate(void) { return H5F_ACC_TRUNC; }

static inline void bda_silence_errors(void) { H5Eset_auto2(H5E_DEFAULT, NULL, NULL); }

struct bda_message {
  char *text;
  size_t capacity;
};

static herr_t bda_keep_first(unsigned depth, const H5E_error2_t *error, void *context) {
  struct bda_message *message = (struct bda_message *)context;
  if (depth == 0 && error->desc != NULL) {
    strncpy(message->text, error->desc, message->capacity - 1);
    message->text[message->capacity - 1] = '\0';
  }
  return 0;
}

/// Copies the description of the deepest recorded error, "" when there is none.
static inline void bda_deepest_error(char *text, size_t capacity) {
  struct bda_message message = {text, capacity};
  text[0] = '\0';
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, bda_keep_first, &message);
}
