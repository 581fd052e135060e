#!/bin/sh
# Runs a command without address space randomization where the system allows that: ThreadSanitizer of
# older compilers cannot start where addresses are randomized over more bits than they knew of.
if setarch --addr-no-randomize true 2>/dev/null; then
  exec setarch --addr-no-randomize "$@"
fi
exec "$@"
