/* lead: see lead.h.
 *
 * Who comes early has to wait, who comes late is late: so the lead is about the shortest that it has lately taken. It falls
 * to what it took at once, and rises by a part of the difference. */

#include "lead.h"

#define LEAD_MAX_NS ((uint64_t)500 * 1000)
/* And so much of a period. */
#define SHARE_MAX 4u
/* It rises by so much of the difference. */
#define RISE 32u

uint64_t handoff__lead_learn(uint64_t lead_ns, uint64_t took_ns) {
  const uint64_t bounded_ns = took_ns < LEAD_MAX_NS ? took_ns : LEAD_MAX_NS;

  if (lead_ns == 0) {
    return bounded_ns / 2;
  }
  return bounded_ns < lead_ns ? bounded_ns : lead_ns + (bounded_ns - lead_ns) / RISE;
}

uint64_t handoff__lead_before(uint64_t lead_ns, uint64_t due_ns, uint64_t period_ns) {
  const uint64_t most_ns = period_ns / SHARE_MAX;
  const uint64_t by_ns = lead_ns < most_ns ? lead_ns : most_ns;

  return due_ns == HANDOFF_NEVER ? HANDOFF_NEVER : due_ns < by_ns ? 0 : due_ns - by_ns;
}
