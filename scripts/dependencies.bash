# What the suite needs from the system, as one list; sourced by `setup` and `doctor`.
#
# Each line: Debian package | required or optional | probe | what it is for.

dependencies() {
  cat <<'LIST'
pkg-config|required|command pkg-config|finding the C libraries
libhdf5-dev|required|library hdf5|data sets and hypergradient inputs in HDF5
libpng-dev|required|library libpng|trees of PNG images
zlib1g-dev|required|library zlib|the compressed files of MNIST and Fashion-MNIST
libdnnl-dev|optional|onednn|faster kernels (without it: portable Swift kernels)
gnuplot-nox|optional|command gnuplot|drawing figures (without it: their data and scripts only)
LIST
}

# The oldest compiler the sources are written for.
swift_minimum=6.3

# Whether the thing a probe describes is there.
probe() {
  case "$1" in
    command) command -v "$2" >/dev/null 2>&1 ;;
    library) command -v pkg-config >/dev/null 2>&1 && pkg-config --exists "$2" ;;
    onednn)
      local header
      for header in /usr/include/oneapi/dnnl/dnnl.h /usr/include/dnnl.h \
        /usr/local/include/dnnl.h /usr/local/include/oneapi/dnnl/dnnl.h; do
        [ -e "$header" ] && return 0
      done
      return 1
      ;;
  esac
}

# The packages of one kind (required, optional) that are missing, one a line.
missing() {
  local package kind check purpose
  dependencies | while IFS='|' read -r package kind check purpose; do
    # With portable kernels asked for by name, oneDNN is not missing: it is not wanted.
    [ "$check" = onednn ] && [ "${BDA_BACKEND:-}" = portable ] && continue
    # shellcheck disable=SC2086 # a probe is a word and its argument
    [ "$kind" = "$1" ] && ! probe $check && printf '%s\n' "$package"
  done
  return 0
}

# The version of the Swift compiler in the path, such as 6.3.1; empty where there is none.
swift_version() {
  command -v swift >/dev/null 2>&1 || return 0
  swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' | head -n 1
}

# Whether version $1 is at least version $2.
at_least() {
  [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

swift_remedy="install Swift $swift_minimum or newer from https://www.swift.org/install/linux and put its bin folder in PATH"

# The words that give this user the right to install packages; fails where there are none.
# Never asks for a password: that would hang a run without a terminal.
privilege() {
  command -v apt-get >/dev/null 2>&1 || return 1
  [ "${BDA_INSTALL:-yes}" = no ] && return 1
  if [ "$(id -u)" -eq 0 ]; then
    printf 'env'
  elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    printf 'sudo -n env'
  else
    return 1
  fi
}
