#pragma once
#include <hdf5.h>
#include <stdint.h>
#include <stdlib.h>
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

/// Has `callback` called whenever a call of the library fails, in place of its own printing.
///
/// The stack of errors is whole then; the next call of the library empties it, the release of an
/// identifier among them.
static inline void bda_watch_errors(H5E_auto2_t callback) {
  H5Eset_auto2(H5E_DEFAULT, callback, NULL);
}

/// What stands between two descriptions; they have line ends in them.
static inline char bda_error_separator(void) { return '\x1e'; }

struct bda_message {
  char *text;
  size_t capacity;
};

static herr_t bda_append_error(unsigned depth, const H5E_error2_t *error, void *context) {
  struct bda_message *message = (struct bda_message *)context;
  (void)depth;
  if (error->desc == NULL) return 0;
  size_t used = strlen(message->text);
  if (used + 2 < message->capacity) {
    if (used > 0) message->text[used++] = bda_error_separator();
    strncpy(message->text + used, error->desc, message->capacity - used - 1);
    message->text[message->capacity - 1] = '\0';
  }
  return 0;
}

/// Copies the descriptions of the recorded errors, separated, the deepest first; "" when there are
/// none.
static inline void bda_error_stack(char *text, size_t capacity) {
  struct bda_message message = {text, capacity};
  text[0] = '\0';
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, bda_append_error, &message);
}

/// Where the file keeps a text of any length: its length (4 bytes), the address of a heap (8) and the
/// number of an object there (4).
enum { bda_text_reference_size = 16 };

static herr_t bda_keep_bytes(
    hid_t source, hid_t target, H5T_cdata_t *state, size_t count, size_t stride,
    size_t backgroundStride, void *bytes, void *background, hid_t properties) {
  (void)source, (void)target, (void)count, (void)stride, (void)backgroundStride;
  (void)bytes, (void)background, (void)properties;
  if (state->command == H5T_CONV_INIT) state->need_bkg = H5T_BKG_NO;
  return 0;
}

/// Opaque bytes as which texts of any length can be read, in place of the texts themselves, once the
/// library has been told that nothing is to be done for it.
static inline hid_t bda_text_references(void) {
  hid_t bytes = H5Tcreate(H5T_OPAQUE, bda_text_reference_size);
  hid_t text = H5Tcopy(H5T_C_S1);
  if (bytes >= 0 && text >= 0 && H5Tset_size(text, H5T_VARIABLE) >= 0) {
    H5Tregister(H5T_PERS_SOFT, "text references", text, bytes, bda_keep_bytes);
  }
  if (text >= 0) H5Tclose(text);
  return bytes;
}

static inline hid_t bda_file_access(void) { return H5P_FILE_ACCESS; }
static inline hid_t bda_dataset_access(void) { return H5P_DATASET_ACCESS; }
static inline hsize_t bda_unlimited(void) { return H5F_UNLIMITED; }

// How locks are asked for came with 1.10.7 and 1.12.1; older libraries have an environment variable
// only, which stays the user's.
#if H5_VERSION_GE(1, 12, 1) || (H5_VERSION_GE(1, 10, 7) && !H5_VERSION_GE(1, 11, 0))
static inline herr_t bda_set_locking(hid_t access, int locks) {
  return H5Pset_file_locking(access, locks != 0, 1);
}
#else
static inline herr_t bda_set_locking(hid_t access, int locks) {
  (void)access;
  (void)locks;
  return 0;
}
#endif

/// What the link `name` is: 0 an object, 1 a soft link, 2 a link into another file, -1 neither.
///
/// Of a link the target's path, and the file's, are copied.
static inline int bda_link_target(
    hid_t file, const char *name, char *target, char *path, size_t capacity) {
  H5L_info_t info;
  target[0] = '\0';
  path[0] = '\0';
  if (H5Lget_info(file, name, &info, H5P_DEFAULT) < 0) return -1;
  if (info.type == H5L_TYPE_HARD) return 0;
  if (info.type != H5L_TYPE_SOFT && info.type != H5L_TYPE_EXTERNAL) return -1;
  if (info.u.val_size == 0 || info.u.val_size > capacity) return -1;
  char *value = (char *)calloc(1, info.u.val_size + 1);
  int result = -1;
  if (value != NULL && H5Lget_val(file, name, value, info.u.val_size, H5P_DEFAULT) >= 0) {
    const char *otherFile = "";
    const char *object = value;
    result = info.type == H5L_TYPE_SOFT ? 1 : 2;
    if (result == 2 &&
        H5Lunpack_elink_val(value, info.u.val_size, NULL, &otherFile, &object) < 0) {
      result = -1;
    } else {
      strncpy(target, object, capacity - 1);
      strncpy(path, otherFile, capacity - 1);
      target[capacity - 1] = path[capacity - 1] = '\0';
    }
  }
  free(value);
  return result;
}

struct bda_names {
  char *text;
  size_t used;
  size_t capacity;
};

static herr_t bda_append_name(
    hid_t group, const char *name, const H5L_info_t *info, void *context) {
  struct bda_names *names = (struct bda_names *)context;
  size_t length = strlen(name) + 1;
  (void)group;
  (void)info;
  if (names->used + length > names->capacity) {
    size_t capacity = 2 * (names->used + length);
    char *text = (char *)realloc(names->text, capacity);
    if (text == NULL) return -1;
    names->text = text;
    names->capacity = capacity;
  }
  memcpy(names->text + names->used, name, length);
  names->used += length;
  return 0;
}

/// The names of the members of a group, sorted, each with a zero behind it; to be freed. NULL where they
/// cannot be listed.
static inline char *bda_member_names(hid_t group, size_t *length) {
  struct bda_names names = {(char *)malloc(1), 0, 1};
  hsize_t position = 0;
  if (names.text == NULL ||
      H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, &position, bda_append_name, &names) < 0) {
    free(names.text);
    return NULL;
  }
  *length = names.used;
  return names.text;
}

/// 0 for a group, 1 for an array, 2 for other objects, -1 where `name` leads to none. `key` tells the object
/// from all others of open files, whatever its name.
static inline int bda_object(hid_t file, const char *name, uint64_t key[3]) {
#if H5_VERSION_GE(1, 12, 0)
  H5O_info2_t info;
  if (H5Oget_info_by_name3(file, name, &info, H5O_INFO_BASIC, H5P_DEFAULT) < 0) return -1;
  memcpy(key + 1, &info.token, 16);
#else
  H5O_info_t info;
#if H5_VERSION_GE(1, 10, 3)
  if (H5Oget_info_by_name2(file, name, &info, H5O_INFO_BASIC, H5P_DEFAULT) < 0) return -1;
#else
  if (H5Oget_info_by_name(file, name, &info, H5P_DEFAULT) < 0) return -1;
#endif
  key[1] = (uint64_t)info.addr;
  key[2] = 0;
#endif
  key[0] = (uint64_t)info.fileno;
  return info.type == H5O_TYPE_GROUP ? 0 : info.type == H5O_TYPE_DATASET ? 1 : 2;
}

/// Adds what another selection has to that of `united`, of one extent; negative where that failed, or where
/// the library is too old for it.
static inline herr_t bda_add_selection(hid_t united, hid_t other) {
#if H5_VERSION_GE(1, 10, 6)
  return H5Smodify_select(united, H5S_SELECT_OR, other);
#else
  (void)united;
  (void)other;
  return -1;
#endif
}

/// Whether an array stores every chunk of its extent; -1 where that cannot be told.
static inline int bda_has_all_chunks(hid_t array, hid_t creation) {
#if H5_VERSION_GE(1, 10, 5)
  hsize_t chunk[32], extent[32], stored = 0, wanted = 1;
  hid_t space = H5Dget_space(array);
  int rank = H5Pget_chunk(creation, 32, chunk);
  int known = space >= 0 && rank > 0 && rank <= 32 &&
              H5Sget_simple_extent_dims(space, extent, NULL) == rank &&
              H5Dget_num_chunks(array, space, &stored) >= 0;
  if (space >= 0) H5Sclose(space);
  if (!known) return -1;
  for (int side = 0; side < rank; side++) {
    if (chunk[side] == 0) return -1;
    wanted *= extent[side] / chunk[side] + (extent[side] % chunk[side] != 0);
  }
  return stored >= wanted;
#else
  (void)array;
  (void)creation;
  return -1;
#endif
}

/// The identifier, flags and name of filter `index` of an array's creation properties.
static inline int bda_filter(
    hid_t creation, unsigned index, unsigned *flags, char *name, size_t capacity) {
  size_t elements = 0;
  unsigned configuration = 0;
  name[0] = '\0';
  return H5Pget_filter2(
      creation, index, flags, &elements, NULL, capacity, name, &configuration);
}

/// The identifier, flags and parameters of filter `index`; `count` is the room for them, then how many
/// there are, which may be more.
static inline int bda_filter_parameters(
    hid_t creation, unsigned index, unsigned *flags, unsigned *parameters, size_t *count) {
  unsigned configuration = 0;
  return H5Pget_filter2(creation, index, flags, count, parameters, 0, NULL, &configuration);
}
