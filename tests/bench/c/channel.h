/* channel: what a contender between threads has to be. One file each implements it; races.c, which
 * has main(), is linked to it and runs it. Items are never 0. */

#ifndef BENCH_CHANNEL_H
#define BENCH_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

struct channel;

/* NULL: there is none of that capacity. */
struct channel *channel_new(size_t capacity);
void channel_put(struct channel *channel, uint64_t item);
uint64_t channel_get(struct channel *channel);

#endif /* BENCH_CHANNEL_H */
