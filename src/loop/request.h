/* request: internal gets. */

#ifndef HANDOFF_LOOP_REQUEST_H
#define HANDOFF_LOOP_REQUEST_H

#include "handoff.h"

/* Like handoff_port_get, but allowed while the port is closing, which waits for it instead of
 * cancelling it. The arguments must be valid. Loop thread. */
void handoff__request_get(handoff_port_t *port, handoff_req_t *req, handoff_slot_t *slot,
                          void *item, handoff_req_cb on_done);

#endif /* HANDOFF_LOOP_REQUEST_H */
