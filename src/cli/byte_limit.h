/* byte_limit: bounds the bytes of the lines that are queued. The queue's capacity bounds only their
 * number, and lines may be long.
 *
 * The two sides share a total under a lock. The consumer adds to it once per quarter of the limit,
 * and the producer reads it only when its own count says that the limit is reached. So a line costs
 * an addition on each side. */

#ifndef HANDOFF_CLI_BYTE_LIMIT_H
#define HANDOFF_CLI_BYTE_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#define BYTE_LIMIT_PAD 64 /* keeps the two sides on different cache lines */

struct byte_limit {
  size_t max; /* constant */
  /* Producer's thread only. */
  uint64_t queued; /* as far as the producer knows; an upper bound */
  unsigned char pad[BYTE_LIMIT_PAD];
  /* Consumer's thread only. */
  uint64_t removed; /* and not yet added to total_removed */
  unsigned char pad_between[BYTE_LIMIT_PAD];
  /* Guarded by the lock. */
  uv_mutex_t lock;
  uv_cond_t changed;
  uint64_t total_removed; /* since the producer looked */
  bool has_ended;
};

/* Returns: 0, and the limit must be destroyed; UV_E* of uv_mutex_init and uv_cond_init. */
int byte_limit_init(struct byte_limit *limit, size_t max);
void byte_limit_destroy(struct byte_limit *limit);

/* Waits until at most `max` bytes are queued or the limit has ended, then adds the line. So a line
 * of any length can be queued.
 *
 * Thread:  the producer's. */
void byte_limit_add(struct byte_limit *limit, size_t size);

/* Thread:  the consumer's. */
void byte_limit_remove(struct byte_limit *limit, size_t size);

/* Ends the current wait and all later ones.
 *
 * Thread:  any. */
void byte_limit_end(struct byte_limit *limit);

#endif /* HANDOFF_CLI_BYTE_LIMIT_H */
