/* lot: see lot.h. */

#include "lot.h"

#include <stdlib.h>

#include "annotate.h"
#include "cpu.h"
#include "queue.h"

/* Neither side waits for a cache line of the other one's park. */
struct place {
  unsigned char apart[HANDOFF__LINE];
  struct handoff__park park;
  atomic_bool is_lent;
};

struct handoff__lot {
  /* Atomic. */
  atomic_uint keepers;
  struct place places[HANDOFF__LOT_PARKS];
};

static void destroy_parks(struct handoff__lot *lot, unsigned count) {
  while (count != 0) {
    count--;
    handoff__annotate_gone(&lot->places[count].is_lent);
    handoff__park_destroy(&lot->places[count].park);
  }
}

int handoff__lot_new(struct handoff__lot **lot) {
  struct handoff__lot *l = malloc(sizeof *l);
  unsigned i;

  if (l == NULL) {
    return UV_ENOMEM;
  }
  atomic_init(&l->keepers, 1);
  for (i = 0; i < HANDOFF__LOT_PARKS; i++) {
    int err = handoff__park_init(&l->places[i].park);
    if (err != 0) {
      destroy_parks(l, i);
      free(l);
      return err;
    }
    atomic_init(&l->places[i].is_lent, false);
  }
  *lot = l;
  return 0;
}

/* What each keeper has done to the lot comes before what the last one does. */
void handoff__lot_let_go(struct handoff__lot *lot) {
  handoff__annotate_give(&lot->keepers);
  if (atomic_fetch_sub_explicit(&lot->keepers, 1, memory_order_acq_rel) == 1) {
    handoff__annotate_take(&lot->keepers);
    handoff__annotate_gone(&lot->keepers);
    destroy_parks(lot, HANDOFF__LOT_PARKS);
    free(lot);
  }
}

/* It acquires what the loan before has released: above all, that the park has been woken comes before it is reset. */
struct handoff__park *handoff__lot_borrow(struct handoff__lot *lot, unsigned number) {
  unsigned i;

  for (i = 0; i < HANDOFF__LOT_PARKS; i++) {
    struct place *place = &lot->places[(number + i) % HANDOFF__LOT_PARKS];
    if (!atomic_exchange_explicit(&place->is_lent, true, memory_order_acquire)) {
      handoff__annotate_take(&place->is_lent);
      (void)atomic_fetch_add_explicit(&lot->keepers, 2, memory_order_relaxed);
      handoff__park_reset(&place->park);
      return &place->park;
    }
  }
  return NULL;
}

void handoff__lot_return(struct handoff__lot *lot, struct handoff__park *park) {
  struct place *place = handoff__owner(park, struct place, park);

  handoff__annotate_give(&place->is_lent);
  atomic_store_explicit(&place->is_lent, false, memory_order_release);
  handoff__lot_let_go(lot);
}

void handoff__lot_wake(struct handoff__lot *lot, struct handoff__park *park) {
  handoff__park_wake_lasting(park);
  handoff__lot_let_go(lot);
}
