/* channel: what a contender between threads implements, one per file. scenarios.c has main() and is
 * linked to it. An item is never 0. */

#ifndef BENCH_CHANNEL_H
#define BENCH_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

struct channel;

/* Returns NULL if the capacity is not supported. */
struct channel *channel_new(size_t capacity);
void channel_put(struct channel *channel, uint64_t item);
uint64_t channel_get(struct channel *channel);

#endif /* BENCH_CHANNEL_H */
