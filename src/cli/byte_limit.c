/* byte_limit: see byte_limit.h.
 *
 * No deadlock: if every queued line has been removed, at most a quarter of `max` is missing from
 * the total, so the producer does not wait. */

#include "byte_limit.h"

int byte_limit_init(struct byte_limit *limit, size_t max) {
  int err = uv_mutex_init(&limit->lock);

  if (err != 0) {
    return err;
  }
  err = uv_cond_init(&limit->changed);
  if (err != 0) {
    uv_mutex_destroy(&limit->lock);
    return err;
  }
  limit->max = max;
  limit->queued = 0;
  limit->removed = 0;
  limit->total_removed = 0;
  limit->has_ended = false;
  return 0;
}

void byte_limit_destroy(struct byte_limit *limit) {
  uv_cond_destroy(&limit->changed);
  uv_mutex_destroy(&limit->lock);
}

void byte_limit_add(struct byte_limit *limit, size_t size) {
  if (limit->queued > limit->max) {
    uv_mutex_lock(&limit->lock);
    while (limit->queued - limit->total_removed > limit->max && !limit->has_ended) {
      uv_cond_wait(&limit->changed, &limit->lock);
    }
    limit->queued -= limit->total_removed;
    limit->total_removed = 0;
    uv_mutex_unlock(&limit->lock);
  }
  limit->queued += size;
}

void byte_limit_remove(struct byte_limit *limit, size_t size) {
  limit->removed += size;
  if (limit->removed > limit->max / 4) {
    uv_mutex_lock(&limit->lock);
    limit->total_removed += limit->removed;
    uv_cond_signal(&limit->changed);
    uv_mutex_unlock(&limit->lock);
    limit->removed = 0;
  }
}

void byte_limit_end(struct byte_limit *limit) {
  uv_mutex_lock(&limit->lock);
  limit->has_ended = true;
  uv_cond_signal(&limit->changed);
  uv_mutex_unlock(&limit->lock);
}
