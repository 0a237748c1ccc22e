# Sourced by the commands: puts the newest usable Python (3.11 or later) into $python, or ends with one sentence.
find_python() {
  python=""
  local candidate seen="" version
  for candidate in python3.15 python3.14 python3.13 python3.12 python3.11 python3 /usr/bin/python3; do
    version=$("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null </dev/null) || continue
    # The interpreter's own path: a version switcher's stand-in would sit between the command and its signals.
    if python=$("$candidate" -c 'import sys, ssl, sqlite3, ctypes; print(sys.executable); sys.exit(sys.version_info < (3, 11))' 2>/dev/null </dev/null); then
      return 0
    fi
    seen=${seen:-"$version ($candidate)"}
  done
  if [ -n "$seen" ]; then
    echo "The portal needs Python 3.11 or later; the newest on this machine is $seen." >&2
  else
    echo "The portal needs Python 3.11 or later, and this machine has none: install it (Debian, Ubuntu: apt-get install python3 python3-venv; macOS: brew install python)." >&2
  fi
  return 1
}
