/* gather: see gather.h.
 *
 * To wake up costs the loop more than to handle a report, and where there are as many workers as CPUs it takes one away
 * from them. So it is better to come seldom; unless the workers wait for the loop, because their slots are
 * full or they wait for what the application does in on_event. There is no telling why they wait, but it
 * shows: reports come more slowly than they did when the loop was woken for each. So it is tried and
 * measured: what is slower is given up, and tried again after ever more reports. */

#include "gather.h"

/* Gathering is worth it for so many reports. */
#define WORTH 8u
/* Reports that the loop is woken for before they gather: enough to tell their pace; and more where it was in vain. */
#define PATIENCE_MIN 64u
#define PATIENCE_MAX 8192u
/* So often they gather before the loop is woken for them again, to learn their pace anew. */
#define TURNS_MAX 64u

void handoff__gather_init(struct handoff__gather *g, uint64_t max_ns, size_t capacity) {
  g->max_ns = max_ns;
  g->capacity = capacity;
  handoff__gather_start(g);
}

void handoff__gather_start(struct handoff__gather *g) {
  g->since_ns = 0;
  g->count = 0;
  g->apart_ns = 0;
  g->patience = PATIENCE_MIN;
  g->turns = 0;
}

/* As long as asked for, or as it takes them to fill half of their slots. 0: too short, or too few come. */
static uint64_t time_for(const struct handoff__gather *g, uint64_t apart_ns) {
  uint64_t filling_ns;
  uint64_t time_ns;

  if (apart_ns > g->max_ns / WORTH) {
    return 0;
  }
  filling_ns = apart_ns * g->capacity; /* half of either */
  time_ns = filling_ns < g->max_ns ? filling_ns : g->max_ns;
  return apart_ns > time_ns / WORTH ? 0 : time_ns;
}

static uint64_t after_listening(struct handoff__gather *g, uint64_t apart_ns) {
  const uint64_t time_ns = time_for(g, apart_ns);

  g->apart_ns = apart_ns;
  g->turns = time_ns != 0;
  return time_ns;
}

static uint64_t after_gathering(struct handoff__gather *g, uint64_t apart_ns) {
  const uint64_t time_ns = time_for(g, apart_ns);

  if (apart_ns > g->apart_ns + g->apart_ns / 4) {
    g->patience = g->patience < PATIENCE_MAX ? g->patience * 2 : PATIENCE_MAX;
    g->turns = 0;
    return 0;
  }
  g->patience = PATIENCE_MIN;
  g->turns = time_ns == 0 || g->turns == TURNS_MAX ? 0 : g->turns + 1;
  return g->turns == 0 ? 0 : time_ns;
}

uint64_t handoff__gather_next(struct handoff__gather *g, uint64_t now_ns) {
  const uint64_t apart_ns = (now_ns - g->since_ns) / (g->count == 0 ? 1 : g->count);

  g->count = 0;
  g->since_ns = now_ns;
  return g->turns == 0 ? after_listening(g, apart_ns) : after_gathering(g, apart_ns);
}
