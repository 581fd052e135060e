#!/bin/sh
# Runs a command without address space randomization, if the system allows that. The ThreadSanitizer
# of older compilers cannot start if the kernel randomizes more address bits than it expects.
if setarch --addr-no-randomize true 2>/dev/null; then
  exec setarch --addr-no-randomize "$@"
fi
exec "$@"
