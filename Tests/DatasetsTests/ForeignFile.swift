import CHDF5

/// Properties with which the C library opens a file without locking it.
///
/// The library never unlocks a file, it closes it; a child that another test starts in that moment has a copy
/// of the descriptor and with it the lock, and whoever reads the file next is told that it is in use.
func accessWithoutLocks() -> hid_t {
  let access = H5Pcreate(bda_file_access())
  precondition(bda_set_locking(access, 0) >= 0, "The locks of HDF5 could not be turned off.")
  return access
}

/// Writes a file through the C library, as other programs do; `write` gets its identifier.
func writeForeign(_ path: String, _ write: (hid_t) -> Void) {
  let access = accessWithoutLocks()
  let file = H5Fcreate(path, bda_truncate(), 0, access)
  write(file)
  H5Fclose(file)
  H5Pclose(access)
}
