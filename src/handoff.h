/* handoff: bounded queues that pass items between threads and libuv event loops, one at a time.
 *
 * OBJECTS
 *
 *   slot   A bounded queue of items held by value, with a FIFO queue of waiters on each side. Any
 *          thread may use it. With capacity 1, puts and gets strictly alternate unless items are
 *          evicted or discarded. Capacity 0 is a rendezvous: a put returns once its item is taken.
 *          With capacity N, N items can wait.
 *   port   Attaches an event loop to slots: asynchronous puts and gets that complete in a callback
 *          on the loop thread. One port serves every slot that its loop uses, with one uv_async_t.
 *   lane   A producer thread and a consumer thread that pass items through a slot. The loop paces
 *          each side with a timer and receives an event for every transfer, in order.
 *
 * LIFECYCLE
 *
 *   The caller allocates every object. A port, a lane and a pending request must not move. Only
 *   `init` and handoff_lane_start() allocate; puts, gets, requests and ticks do not. If `init`
 *   returns 0, the object must be destroyed or closed. If it returns an error, nothing is left
 *   behind and the same memory may be used again. `destroy` is synchronous. `close` is
 *   asynchronous: the memory belongs to the caller again in the close callback. Every object has a
 *   `data` field for the application, which `init` does not touch. All other fields are private
 *   unless marked readable.
 *
 *   Structs that carry a `size` field may grow in later releases. A shorter options struct from an
 *   older caller is accepted, and the options that it lacks take their defaults.
 *
 * ERRORS
 *
 *   Functions return 0 or a negative UV_E* code, and write outputs only on success. Every function
 *   that returns a code returns UV_EINVAL for a null pointer that its text does not allow and for
 *   an object that has been closed or destroyed through this handle, and UV_ECANCELED for a port or
 *   lane that is closing. A function without a result does nothing in those cases. The library
 *   never prints, exits, installs a signal handler, reads the environment, or keeps global state.
 *
 *   Objects must not be used in a forked child. The child may call exec(), or create its own.
 *
 * TIME
 *
 *   Durations and times are nanoseconds in uint64_t. Times are on uv_hrtime()'s clock.
 *   HANDOFF_NEVER means no deadline.
 *
 * THREADS
 *
 *   Each function states where it may be called: on "any" thread, or on the "loop" thread, which
 *   runs the loop of the port in question. No function may be called from a signal handler. Port
 *   and lane callbacks run on the loop thread, never inside the call that caused them. A lane's
 *   `produce` and `consume` run on its worker threads. A finalizer (handoff_drop_cb) runs on the
 *   thread that discards the item, inside the call that does so; when a lane closes, on the loop
 *   thread. No callback and no finalizer runs under a lock. A put happens before the get that
 *   returns its item: writes made before the put are visible after the get.
 *
 *   No call is a cancellation point: pthread_cancel() takes effect after it returns. No callback
 *   and no finalizer may leave by longjmp() or a C++ exception. The number of CPUs is read when an
 *   object is initialised; with one CPU the library never spins. One uv_run() with UV_RUN_NOWAIT
 *   need not run every callback that is ready. */

#ifndef HANDOFF_H
#define HANDOFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HANDOFF_VERSION_MAJOR 0
#define HANDOFF_VERSION_MINOR 2
#define HANDOFF_VERSION_PATCH 0
#define HANDOFF_VERSION "0.2.0"

#if defined(_WIN32) && defined(HANDOFF_SHARED)
#ifdef HANDOFF_BUILDING
#define HANDOFF_API __declspec(dllexport)
#else
#define HANDOFF_API __declspec(dllimport)
#endif
#elif defined(__GNUC__)
#define HANDOFF_API __attribute__((visibility("default")))
#else
#define HANDOFF_API
#endif

/* Marks functions whose result decides who owns the item. Ignoring the result is a bug. */
#if defined(__GNUC__)
#define HANDOFF_CHECKED __attribute__((warn_unused_result))
#else
#define HANDOFF_CHECKED
#endif

#define HANDOFF_NEVER UINT64_MAX
#define HANDOFF_CAPACITY_MAX ((size_t)1 << 20)
#define HANDOFF_DROP_OLDEST_ITEM_MAX ((size_t)4096)
#define HANDOFF_COALESCE_MAX_NS ((uint64_t)1000 * 1000 * 1000)

/* The two sides of a slot and of a lane. */
typedef enum { HANDOFF_PRODUCER = 0, HANDOFF_CONSUMER = 1 } handoff_side_t;

typedef struct handoff_slot_s handoff_slot_t;
typedef struct handoff_port_s handoff_port_t;
typedef struct handoff_req_s handoff_req_t;
typedef struct handoff_lane_s handoff_lane_t;

/* The time that lies so far ahead of now: a deadline for the `_until` functions. It saturates at
 * HANDOFF_NEVER.
 *
 * Thread:  any.
 * Blocks:  no.
 * Returns: uv_hrtime() + from_now_ns. */
static inline uint64_t handoff_deadline(uint64_t from_now_ns) {
  const uint64_t now_ns = uv_hrtime();
  return from_now_ns > HANDOFF_NEVER - now_ns ? HANDOFF_NEVER : now_ns + from_now_ns;
}

/* The version of the linked library, "MAJOR.MINOR.PATCH".
 *
 * Thread:  any.
 * Blocks:  no.
 * Returns: a constant string. */
HANDOFF_API const char *handoff_version(void);

/* -------------------------------------------------------------------------------------- slot -- */

/* Finalizer for an item that will never be delivered. It releases what the item refers to; the
 * library owns the item's bytes. It runs with no lock held and may use the slot, unless
 * handoff_slot_destroy has called it. If it puts into the same slot, the callbacks of its requests
 * may run in another order than the items. */
typedef void (*handoff_drop_cb)(void *item, void *arg);

/* What a put does when the slot is full.
 *
 *   BLOCK        It waits for room. Nothing is lost.
 *   DROP_OLDEST  It evicts the oldest item, which is finalized. Getters see the newest `capacity`
 *                items, in order. No put ever waits. */
typedef enum { HANDOFF_BLOCK = 0, HANDOFF_DROP_OLDEST = 1 } handoff_overflow_t;

typedef struct handoff_slot_options_s {
  size_t size;                 /* of this struct; set by handoff_slot_options() */
  size_t item_size;            /* bytes of an item, at least 1; items are kept aligned */
  size_t capacity;             /* items that can wait, 0 to HANDOFF_CAPACITY_MAX; 0: rendezvous */
  handoff_overflow_t overflow; /* HANDOFF_DROP_OLDEST needs a capacity of at least 1 */
  const char *name;            /* for debugging; kept, not copied; may be NULL */
  handoff_drop_cb drop;        /* may be NULL */
  void *drop_arg;
} handoff_slot_options_t;

/* The defaults: capacity 1, puts block, no name, no finalizer. Inline so that `size` records the
 * sizeof of the struct that the caller was compiled with. */
static inline handoff_slot_options_t handoff_slot_options(size_t item_size) {
  handoff_slot_options_t options;
  options.size = sizeof options;
  options.item_size = item_size;
  options.capacity = 1;
  options.overflow = HANDOFF_BLOCK;
  options.name = NULL;
  options.drop = NULL;
  options.drop_arg = NULL;
  return options;
}

/* Private: a link in one of the library's lists. */
struct handoff__link {
  struct handoff__link *next;
  struct handoff__link *prev;
};

/* Private: a thread or a loop request that waits in a slot. */
struct handoff__waiter {
  /* Guarded by the lock of the slot's side. */
  struct handoff__link link;  /* in the side's wait queue, then in a wake list */
  struct handoff__slot *slot; /* Set when the waiter is queued. */
  bool is_queued;
  /* Set before the waiter is queued, then constant. */
  handoff_side_t side;
  bool is_request;      /* Woken under the slot's locks, so that callbacks keep the items' order. */
  unsigned spin_budget; /* iterations that the thread may spin before it sleeps */
  void *item;           /* where the item comes from (a put reads it only) or goes to */
  void (*wake)(
      struct handoff__waiter *); /* called once, after the status is set; never after a cancel */
  uint64_t wait_start_ns;
  uintptr_t owner_id; /* the thread, or the request's address */
  /* Atomic: the first to claim the waiter decides how its wait ends. */
  unsigned claim;
  int status; /* Written by the claimant before it calls `wake`. */
};

struct handoff_slot_s {
  void *data;                 /* for the application */
  struct handoff__slot *impl; /* private */
};

/* Creates an empty, open slot. A handoff_slot_t may be copied and moved; every copy is the same
 * slot, and no copy may be used once one of them has been destroyed.
 *
 * Thread:  any.
 * Blocks:  no.
 * Returns: 0; UV_EINVAL for an item size of 0, a capacity above HANDOFF_CAPACITY_MAX, a total size
 *          above a quarter of SIZE_MAX, an unknown overflow policy, HANDOFF_DROP_OLDEST with
 *          capacity 0 or, if `drop` is set, with items larger than HANDOFF_DROP_OLDEST_ITEM_MAX, or
 *          a `size` that is too short or too long; UV_ENOMEM; what uv_mutex_init and uv_cond_init
 *          return.
 * Owns:    the caller must handoff_slot_destroy() the slot. */
HANDOFF_API int handoff_slot_init(handoff_slot_t *slot, const handoff_slot_options_t *options);

/* Puts a copy of the item into the slot. Waits while the slot is full or other putters wait. With
 * capacity 0 it returns once the item has been taken.
 *
 * Thread:  any; on a loop thread it blocks the loop.
 * Blocks:  until there is room or the slot is shut.
 * Returns: 0; UV_EPIPE once shut; UV_EBUSY if waiting would deadlock, because the calling thread is
 *          the bound consumer (handoff_slot_bind); an error of uv_cond_init.
 * Owns:    on 0 the slot owns what the item refers to; otherwise the caller still does. */
HANDOFF_API HANDOFF_CHECKED int handoff_slot_put(handoff_slot_t *slot, const void *item);

/* Like handoff_slot_put, without waiting.
 *
 * Thread:  any.
 * Blocks:  no. Like every call below that takes the slot's locks, it may wait for a call that holds
 *          one: by spinning, yielding and sleeping for 50 us at a time. A call never blocks while
 *          it holds a lock, but an abort, a shut and a dump take time in proportion to the items
 *          and waiters. The locks do not inherit priorities.
 * Returns: 0; UV_EPIPE once shut; UV_EAGAIN if it would have to wait.
 * Owns:    as handoff_slot_put. */
HANDOFF_API HANDOFF_CHECKED int handoff_slot_try_put(handoff_slot_t *slot, const void *item);

/* Like handoff_slot_put, with a deadline. It never gives up early. After the deadline it still
 * succeeds if the item can be put at once. If the slot is shut and the deadline has passed, it
 * returns UV_EPIPE.
 *
 * Thread:  any; on a loop thread it blocks the loop.
 * Blocks:  until there is room, the slot is shut, or uv_hrtime() reaches deadline_ns.
 * Returns: as handoff_slot_put; UV_ETIMEDOUT.
 * Owns:    as handoff_slot_put. */
HANDOFF_API HANDOFF_CHECKED int handoff_slot_put_until(handoff_slot_t *slot, const void *item,
                                                       uint64_t deadline_ns);

/* Takes the oldest item and copies it to `item`. Waits while there is none or other getters wait.
 *
 * Thread:  any; on a loop thread it blocks the loop.
 * Blocks:  until there is an item, or the slot is shut and drained.
 * Returns: 0; UV_EOF once shut and drained; UV_EBUSY if waiting would deadlock, because the calling
 *          thread is the bound producer (handoff_slot_bind); an error of uv_cond_init.
 * Owns:    on 0 the caller owns what the item refers to. */
HANDOFF_API HANDOFF_CHECKED int handoff_slot_get(handoff_slot_t *slot, void *item);

/* Like handoff_slot_get, without waiting.
 *
 * Thread:  any.
 * Blocks:  no; takes the slot's locks.
 * Returns: 0; UV_EOF once shut and drained; UV_EAGAIN if it would have to wait.
 * Owns:    as handoff_slot_get. */
HANDOFF_API HANDOFF_CHECKED int handoff_slot_try_get(handoff_slot_t *slot, void *item);

/* Like handoff_slot_get, with a deadline, by the rules of handoff_slot_put_until.
 *
 * Thread:  any; on a loop thread it blocks the loop.
 * Blocks:  until there is an item, the slot is shut and drained, or uv_hrtime() reaches
 *          deadline_ns.
 * Returns: as handoff_slot_get; UV_ETIMEDOUT.
 * Owns:    as handoff_slot_get. */
HANDOFF_API HANDOFF_CHECKED int handoff_slot_get_until(handoff_slot_t *slot, void *item,
                                                       uint64_t deadline_ns);

/* Puts or gets up to *count items at once, an array of items without gaps, as so many calls of
 * handoff_slot_try_put or handoff_slot_try_get would, but as a rule under one lock: other calls may
 * come in between. On success *count is how many items were transferred, at least one.
 *
 * Thread:  any.
 * Blocks:  no; takes the slot's locks.
 * Returns: 0; UV_EPIPE, UV_EOF or UV_EAGAIN if not a single item could be transferred; UV_EINVAL,
 *          also for a *count of 0.
 * Owns:    of the first *count items what handoff_slot_put and handoff_slot_get say. */
HANDOFF_API HANDOFF_CHECKED int handoff_slot_try_put_many(handoff_slot_t *slot, const void *items,
                                                          size_t *count);
HANDOFF_API HANDOFF_CHECKED int handoff_slot_try_get_many(handoff_slot_t *slot, void *items,
                                                          size_t *count);

/* Copies the oldest item to `item` and leaves it in the slot. The copy is atomic, but only a copy:
 * as soon as this returns, another getter may take the item and free what it refers to.
 *
 * Thread:  any.
 * Blocks:  no; takes the slot's locks.
 * Returns: 0; UV_EOF once shut and drained; UV_EAGAIN if the slot is empty, as it always is with
 *          capacity 0. */
HANDOFF_API HANDOFF_CHECKED int handoff_slot_peek(handoff_slot_t *slot, void *item);

/* Closes the slot for putting. This cannot be undone. Waiting putters get UV_EPIPE and keep their
 * items. Getters take the remaining items, then get UV_EOF. Shutting again changes nothing.
 *
 * Thread:  any.
 * Blocks:  no; takes the slot's locks. */
HANDOFF_API void handoff_slot_shut(handoff_slot_t *slot);

/* Counts producers. Each holds the slot before its first put and releases it after its last one, as
 * often as it held it. The release that brings the count to zero shuts the slot. Hold the slot for
 * a new producer before the last holder has released it.
 *
 * Thread:  any.
 * Blocks:  no; handoff_slot_release takes the slot's locks. */
HANDOFF_API void handoff_slot_hold(handoff_slot_t *slot);
HANDOFF_API void handoff_slot_release(handoff_slot_t *slot);

/* Shuts the slot and finalizes the items in it, oldest first. Waiting putters get UV_EPIPE and keep
 * their items; getters get UV_EOF. The slot must live until this returns.
 *
 * Thread:  any.
 * Blocks:  no; takes the slot's locks.
 * Returns: how many items were finalized; a second abort finalizes none. */
HANDOFF_API size_t handoff_slot_abort(handoff_slot_t *slot);

/* Finalizes the remaining items and frees the slot. No thread may be using the slot. The last user
 * may destroy the slot as soon as its own call has returned or its item has arrived on the other
 * side, even if the other call has not returned yet: that call holds a reference to the slot's
 * memory, which is freed with the last one.
 *
 * Thread:  any.
 * Blocks:  no; takes the slot's locks. */
HANDOFF_API void handoff_slot_destroy(handoff_slot_t *slot);

/* The waits of one side: threads and requests that were queued. A thread that spins before it
 * sleeps is not queued yet, except with capacity 0. */
typedef struct handoff_slot_side_stats_s {
  size_t waiting;      /* how many wait now */
  uint64_t waits;      /* waits so far, including current ones */
  uint64_t blocked_ns; /* total time that threads waited, for waits that are over */
  uint64_t timeouts;   /* waits that ended with UV_ETIMEDOUT */
  uint64_t cancels;    /* waits that ended with UV_ECANCELED */
} handoff_slot_side_stats_t;

/* At every moment puts == gets + evicted + discarded + count. */
typedef struct handoff_slot_stats_s {
  size_t size;        /* the caller sets it to sizeof of this struct; the library fills no more */
  size_t count;       /* items in the slot now */
  size_t high_water;  /* the most items that have been in it */
  uint64_t puts;      /* items accepted */
  uint64_t gets;      /* items delivered */
  uint64_t evicted;   /* items that HANDOFF_DROP_OLDEST has evicted */
  uint64_t discarded; /* items that handoff_slot_abort has discarded */
  handoff_slot_side_stats_t producer;
  handoff_slot_side_stats_t consumer;
} handoff_slot_stats_t;

/* A consistent snapshot of the slot's counters.
 *
 * Thread:  any.
 * Blocks:  no; takes the slot's locks.
 * Returns: 0; UV_EINVAL, also for a `size` of 0. */
HANDOFF_API int handoff_slot_stats(handoff_slot_t *slot, handoff_slot_stats_t *stats);

/* Describes the slot for debugging: its name, whether it is shut, its items, and each waiter with
 * its waiting time, one per line. Programs must not parse the text; it may change with any release.
 * The text ends with a NUL and is truncated to `size` bytes. `text` may be NULL if `size` is 0.
 *
 * Thread:  any.
 * Blocks:  no; takes the slot's locks and holds them while it formats the text.
 * Returns: the length of the whole text, as snprintf does; UV_EINVAL. */
HANDOFF_API int handoff_slot_dump(handoff_slot_t *slot, char *text, size_t size);

/* Declares that only the calling thread will put (HANDOFF_PRODUCER) or get (HANDOFF_CONSUMER),
 * usually through requests of its loop. A blocking call of the other side on this thread would wait
 * for a put or get that only this thread can make, so it is refused with UV_EBUSY, deadline or not.
 * A later call for the same side moves the declaration to another thread.
 *
 * Thread:  any; for a loop, the thread that runs it.
 * Blocks:  no; takes the slot's locks.
 * Returns: 0; UV_EINVAL for an unknown side. */
HANDOFF_API int handoff_slot_bind(handoff_slot_t *slot, handoff_side_t side);

/* -------------------------------------------------------------------------------------- port -- */

typedef void (*handoff_req_cb)(handoff_req_t *req, int status);
typedef void (*handoff_port_close_cb)(handoff_port_t *port);

struct handoff_port_s {
  void *data;                 /* for the application */
  uv_loop_t *loop;            /* readable */
  struct handoff__port *impl; /* private */
};

/* Private: a function that a port runs on its loop. */
struct handoff__task {
  struct handoff__link link; /* Guarded by the task queue's lock while in its inbox. */
  void (*run)(struct handoff__task *);
};

/* Private: a request or lane that the port notifies when the port closes. Loop thread only. */
struct handoff__member {
  struct handoff__link link;
  void (*on_port_close)(struct handoff__member *);
};

/* A request: one put or get in progress on a loop. */
struct handoff_req_s {
  void *data;           /* for the application */
  handoff_port_t *port; /* readable while pending and in the callback */
  handoff_slot_t *slot; /* readable while pending and in the callback */
  /* Private. Loop thread only, except for the waiter. */
  struct handoff__waiter waiter;
  struct handoff__task task;
  struct handoff__member member;
  bool is_pending;
  handoff_req_cb on_done;
};

/* Attaches a port to the loop. The port runs its callbacks for about 100 us at a time; then the
 * loop's other handles have their turn. One port is enough for any number of slots, but a loop may
 * have several. An idle port does not keep the loop alive; a pending request and a running or
 * closing lane do. A uv_walk() also finds handles of the port (handoff_port_owns): do not close
 * them and do not touch their `data`. handoff_port_close() closes them.
 *
 * Thread:  loop.
 * Blocks:  no.
 * Returns: 0; UV_EINVAL; what uv_mutex_init and uv_async_init return (UV_ENOMEM, UV_EMFILE, …).
 * Owns:    the caller must handoff_port_close() the port. */
HANDOFF_API int handoff_port_init(uv_loop_t *loop, handoff_port_t *port);

/* Whether a handle that uv_walk() has found belongs to the port.
 *
 * Thread:  loop.
 * Blocks:  no. */
HANDOFF_API bool handoff_port_owns(const handoff_port_t *port, const uv_handle_t *handle);

/* Allows or forbids spinning on the loop thread; allowed by default, except on one CPU. A request
 * that would have to wait then spins for 1 to 3 us before it is queued, if all of this holds: it
 * starts in a callback of the port, no other callback of the port is due, no other handle of the
 * loop is due, and the loop last blocked for less than 10 us.
 *
 * Thread:  loop.
 * Blocks:  no.
 * Returns: 0; UV_EINVAL; UV_ECANCELED. */
HANDOFF_API int handoff_port_set_spin(handoff_port_t *port, bool is_allowed);

/* Prepares a request for its first use. A request in zeroed memory needs no init. A pending request
 * must not be initialised. A request may be used again from its callback on.
 *
 * Thread:  any.
 * Blocks:  no. */
HANDOFF_API void handoff_req_init(handoff_req_t *req);

/* Puts a copy of the item into the slot when its turn comes. Requests and threads wait in the same
 * queue. Callbacks of one port's puts (or gets) in one slot run in the order of the items. The
 * receiver may see the item, and even answer it, before on_done runs.
 *
 * Thread:  loop.
 * Blocks:  no; takes the slot's locks.
 * Returns: 0: on_done will run exactly once, with 0, UV_EPIPE (shut) or UV_ECANCELED. UV_EINVAL;
 *          UV_EBUSY if the request is pending; UV_ECANCELED if the port is closing: on_done will
 *          not run.
 * Owns:    `item` must stay readable and unchanged until on_done. With status 0 the slot owns what
 *          it refers to; otherwise the caller still does. The library owns the request until
 *          on_done. The slot must live until on_done or until its item has arrived on the other
 *          side; in the latter case `req->slot` may dangle in the callback. */
HANDOFF_API HANDOFF_CHECKED int handoff_port_put(handoff_port_t *port, handoff_req_t *req,
                                                 handoff_slot_t *slot, const void *item,
                                                 handoff_req_cb on_done);

/* Takes the oldest item when the request's turn comes and copies it to `item`.
 *
 * Thread:  loop.
 * Blocks:  no; takes the slot's locks.
 * Returns: 0: on_done will run exactly once, with 0, UV_EOF (shut and drained) or UV_ECANCELED; or
 *          the errors of handoff_port_put, and on_done will not run.
 * Owns:    `item` must stay writable until on_done. With status 0 the caller owns what it refers
 *          to. The request and the slot as in handoff_port_put. */
HANDOFF_API HANDOFF_CHECKED int handoff_port_get(handoff_port_t *port, handoff_req_t *req,
                                                 handoff_slot_t *slot, void *item,
                                                 handoff_req_cb on_done);

/* Cancels a waiting request: its callback will run with UV_ECANCELED.
 *
 * Thread:  the loop of the request's port.
 * Blocks:  no; takes the slot's locks.
 * Returns: 0; UV_EBUSY if it has completed or been cancelled already: its callback will run with
 *          that result; UV_EINVAL if the request is not pending. */
HANDOFF_API int handoff_cancel(handoff_req_t *req);

/* Like uv_ref() and uv_unref(): whether activity on the port keeps the loop alive. A port starts
 * referenced. Calling either function twice is the same as once.
 *
 * Thread:  loop.
 * Blocks:  no. */
HANDOFF_API void handoff_port_ref(handoff_port_t *port);
HANDOFF_API void handoff_port_unref(handoff_port_t *port);

/* Closes the port, its lanes and its requests. Pending requests complete with UV_ECANCELED, unless
 * they have completed already. Lanes are closed as by handoff_lane_close() without a callback;
 * those that are closing already keep theirs. The port closes once all of them have finished.
 * on_close may be NULL.
 *
 * Thread:  loop.
 * Blocks:  no.
 * Returns: 0: on_close will run exactly once; UV_ECANCELED if the port is closing already.
 * Owns:    in on_close the memory of the port and of its lanes belongs to the caller again. */
HANDOFF_API int handoff_port_close(handoff_port_t *port, handoff_port_close_cb on_close);

/* -------------------------------------------------------------------------------------- lane -- */

/* Policy for a side that cannot start its work when its tick is due (tokio: MissedTickBehavior).
 * Ticks are due at t0 + k * interval. No tick starts early and no error accumulates.
 *
 *   SKIP   Stay on the grid. The newest late tick still runs at once; older ones are missed. A side
 *          that waits for the other one for an interval or longer misses the ticks of that time:
 *          ticks missed while blocked are not made up. (tokio: Skip)
 *   SHIFT  Leave the grid. The next tick is due one interval after the work began or, if the side
 *          had to wait for the other one, one interval after that wait ended. A start that is late
 *          by 1 ms or half an interval at most does not move the grid, or the latency of every
 *          wake-up would slow the rate down. (tokio: Delay)
 *   BURST  Catch up. Up to `burst` late ticks are kept, including the one in progress, and run back
 *          to back; ticks beyond that are missed. A token bucket of `burst` tokens. (tokio: Burst,
 *          but bounded)
 *
 * If ticks are at most 500 us apart, a wake-up for each would cost more than the interval. The
 * worker then sleeps for 50 us or more and runs the ticks that have become due back to back, each
 * with its own due_ns. With each policy, ticks that are late by 10 ms or less still run, unless the
 * side was blocked for that long. So rates up to 1,000,000 a second are kept. */
typedef enum {
  HANDOFF_MISSED_SKIP = 0,
  HANDOFF_MISSED_SHIFT = 1,
  HANDOFF_MISSED_BURST = 2
} handoff_missed_t;

/* One transfer, seen from one side. Events are delivered so that 0 <= puts - gets <= capacity holds
 * at every point of their sequence (with capacity 0, as with 1): the occupancy invariant. With
 * capacity 1 or 0 the two sides' events strictly alternate. */
typedef struct handoff_event_s {
  size_t size; /* of this struct in the linked library */
  handoff_side_t side;
  uint64_t number;     /* 1 for the side's first item since start, 2, 3, … */
  uint64_t due_ns;     /* when the tick was due; 0 if the side is unpaced */
  uint64_t begun_ns;   /* when the side took its tick or, unpaced, when it began its turn */
  uint64_t done_ns;    /* when the item had been put or taken */
  uint64_t waited_ns;  /* the part of done_ns - begun_ns that it waited for the other side */
  uint64_t handoff_ns; /* consumer: from both sides being ready to having the item; producer: 0 */
  uint64_t missed;     /* ticks missed between the side's previous tick and this one */
} handoff_event_t;

/* Writes the next item to the item_size bytes at `item`, on the producer's thread. It may block,
 * but then the application must be able to wake it, or the lane cannot end. If the lane has ended
 * meanwhile, the item is finalized on this thread.
 *
 * Returns: 0; HANDOFF_LAST: this item is the last one; UV_EOF: no item, and none will follow;
 *          another negative code ends the lane with that code, any other value with UV_EINVAL.
 *          HANDOFF_LAST saves a paced producer from waiting one more interval only to return
 *          UV_EOF. */
#define HANDOFF_LAST 1
typedef int (*handoff_produce_cb)(handoff_lane_t *lane, void *item);

/* Processes an item, which it now owns, on the consumer's thread.
 *
 * Returns: 0; a negative code ends the lane with that code, a positive one with UV_EINVAL. */
typedef int (*handoff_consume_cb)(handoff_lane_t *lane, void *item);

/* Called on the loop after each transfer, once `produce` or `consume` has returned. */
typedef void (*handoff_event_cb)(handoff_lane_t *lane, const handoff_event_t *event);

/* Called on the loop when both workers have exited and all events have been delivered. The lane may
 * be started again, also from here. If an error ended the lane, items may remain in it; the next
 * handoff_lane_start, or handoff_lane_close, finalizes them on the loop thread.
 *
 * Status:  0 after handoff_lane_stop or the end of the items, once all were consumed; the first
 *          code of a callback of which the loop learns; an error of uv_cond_init; UV_ECANCELED if
 *          handoff_lane_close ended a lane that had no error. */
typedef void (*handoff_end_cb)(handoff_lane_t *lane, int status);

typedef void (*handoff_lane_close_cb)(handoff_lane_t *lane);

typedef struct handoff_side_options_s {
  uint64_t interval_ns; /* 0: unpaced */
  handoff_missed_t missed;
  size_t burst; /* for HANDOFF_MISSED_BURST: 1 to HANDOFF_CAPACITY_MAX */
} handoff_side_options_t;

typedef struct handoff_lane_options_s {
  size_t size;                /* of this struct; set by handoff_lane_options() */
  size_t item_size;           /* bytes of an item, at least 1 */
  handoff_produce_cb produce; /* required */
  handoff_consume_cb consume; /* required */
  size_t capacity;            /* as in handoff_slot_options_t */
  const char *name;           /* kept, not copied; may be NULL */
  handoff_drop_cb drop;       /* for items produced but never consumed; may be NULL */
  void *drop_arg;
  handoff_event_cb on_event; /* may be NULL */
  handoff_end_cb on_end;     /* may be NULL */
  handoff_side_options_t producer;
  handoff_side_options_t consumer;
  size_t event_capacity; /* events of a side that can wait for the loop before its worker has to
                            wait, 1 to HANDOFF_CAPACITY_MAX */
  uint64_t coalesce_ns;  /* event coalescing, see below; up to HANDOFF_COALESCE_MAX_NS */
  size_t stack_size;     /* of each worker, in bytes, up to SIZE_MAX / 2; 0: libuv's default */
} handoff_lane_options_t;

/* The defaults: capacity 1, unpaced, missed ticks skipped, 64 events, no coalescing, 256 KiB
 * stacks.
 *
 * Event coalescing works like a network card's receive coalescing (ethtool rx-usecs): while both
 * sides are unpaced and events arrive less than coalesce_ns / 8 apart, the loop wakes up only once
 * per coalesce_ns, or when a side has filled half of its event_capacity, and then delivers all
 * events that have arrived. It also delays errors and the end of the lane by up to coalesce_ns. Do
 * not use it if a worker waits for something that on_event does. */
static inline handoff_lane_options_t handoff_lane_options(size_t item_size,
                                                          handoff_produce_cb produce,
                                                          handoff_consume_cb consume) {
  handoff_lane_options_t options;
  options.size = sizeof options;
  options.item_size = item_size;
  options.produce = produce;
  options.consume = consume;
  options.capacity = 1;
  options.name = NULL;
  options.drop = NULL;
  options.drop_arg = NULL;
  options.on_event = NULL;
  options.on_end = NULL;
  options.producer.interval_ns = 0;
  options.producer.missed = HANDOFF_MISSED_SKIP;
  options.producer.burst = 1;
  options.consumer = options.producer;
  options.event_capacity = 64;
  options.coalesce_ns = 0;
  options.stack_size = (size_t)256 * 1024;
  return options;
}

struct handoff_lane_s {
  void *data;                 /* for the application */
  handoff_port_t *port;       /* readable */
  struct handoff__lane *impl; /* private */
};

/* Prepares a lane on the port. Only starting its threads allocates more.
 *
 * Thread:  loop.
 * Blocks:  no.
 * Returns: 0; UV_EINVAL for an option out of range; UV_ECANCELED if the port is closing; UV_ENOMEM;
 *          a system error if no timer, lock or condition variable is left (UV_EMFILE, …).
 * Owns:    the caller must close the lane, or its port. */
HANDOFF_API int handoff_lane_init(handoff_port_t *port, handoff_lane_t *lane,
                                  const handoff_lane_options_t *options);

/* Starts both workers. A paced side's first tick is due now. Item numbers start at 1.
 *
 * Thread:  loop.
 * Blocks:  no.
 * Returns: 0; UV_EBUSY if the lane is running; UV_ECANCELED if it is closing; what
 *          uv_thread_create_ex returns (UV_EAGAIN: out of threads). On error no callback has run or
 *          will run. */
HANDOFF_API int handoff_lane_start(handoff_lane_t *lane);

/* Stops producing. The producer finishes its current item, the consumer processes what is left at
 * its pace, and then on_end runs. Does nothing if the lane is not running.
 *
 * Thread:  loop.
 * Blocks:  no. */
HANDOFF_API void handoff_lane_stop(handoff_lane_t *lane);

/* Changes a side's interval at once, whether or not the lane is running. The next tick is due one
 * new interval after the previous tick, or now if that time has passed. 0: unpaced. Ticks that the
 * change cancels are not counted as missed. A side that was unpaced finishes its current turn
 * first; it then runs at most two of the ticks that became due meanwhile, the newest among them.
 *
 * Thread:  loop.
 * Blocks:  no.
 * Returns: 0; UV_EINVAL for an unknown side; UV_ECANCELED. */
HANDOFF_API int handoff_lane_set_interval(handoff_lane_t *lane, handoff_side_t side,
                                          uint64_t interval_ns);

/* Pauses and resumes the delivery of events and of on_end, for an application whose log cannot take
 * more. Pausing stops the workers eventually: a paced side once it has used the ticks that it was
 * given, an unpaced one when event_capacity events wait. An unpaced side of a lane without on_event
 * goes on. Closing resumes a paused lane.
 *
 * Thread:  loop.
 * Blocks:  no. */
HANDOFF_API void handoff_lane_pause(handoff_lane_t *lane);
HANDOFF_API void handoff_lane_resume(handoff_lane_t *lane);

/* Closes the lane. Each worker finishes its current item and takes no other; items that wait in the
 * slot are finalized. The remaining events, then on_end (if the lane was running), then on_close
 * run. Waits for a `produce` or `consume` that blocks. on_close may be NULL.
 *
 * Thread:  loop.
 * Blocks:  no.
 * Returns: 0: on_close will run exactly once; UV_ECANCELED if the lane is closing already.
 * Owns:    in on_close the memory belongs to the caller again. */
HANDOFF_API int handoff_lane_close(handoff_lane_t *lane, handoff_lane_close_cb on_close);

#ifdef __cplusplus
}
#endif

#endif /* HANDOFF_H */
