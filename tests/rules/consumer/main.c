/* An application that uses handoff: one item through a slot. */

#include <handoff.h>
#include <stdio.h>
#include <string.h>

int main(void) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(int));
  handoff_slot_t slot;
  int in = 42;
  int out = 0;
  if (handoff_slot_init(&slot, &options) != 0) {
    return 1;
  }
  if (handoff_slot_try_put(&slot, &in) != 0 || handoff_slot_try_get(&slot, &out) != 0) {
    return 1;
  }
  handoff_slot_destroy(&slot);
  printf("handoff %s: %d\n", handoff_version(), out);
  return out == in && strcmp(handoff_version(), HANDOFF_VERSION) == 0 ? 0 : 1;
}
