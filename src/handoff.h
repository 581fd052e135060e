/* handoff: one item changes hands at a time, between threads and libuv loops.
 *
 * THE OBJECTS
 *
 *   slot   A bounded queue of items held by value, with a FIFO queue of waiters at either end. Any
 *          thread may use it. Capacity 1 makes puts and gets alternate strictly;
 *          capacity 0 is a rendezvous; capacity N lets N items wait.
 *   port   A loop's end: lets a uv_loop_t put into and get from slots by requests and callbacks.
 *          One port serves every slot that its loop uses, over a single uv_async_t.
 *   lane   Two worker threads, a producer and a consumer, that take turns over a slot, each
 *          paced by the loop's timer, each reporting every hand-off to the loop in order.
 *
 * LIFECYCLE
 *
 *   All objects are the caller's memory and must not move. `init` takes, once, all the memory that
 *   the object will ever use beyond that; no operation allocates. `init` returns 0, after which the
 *   object must be destroyed or closed, or an error, after which nothing is left behind and the
 *   same memory may be tried again. `destroy` is synchronous. `close` is asynchronous: the memory
 *   is the caller's again in the close callback. Every object has a `data` field that is the
 *   application's and that init leaves alone; all other fields are private unless marked readable.
 *
 * ERRORS
 *
 *   Functions return 0 or a negative UV_E* code. Outputs are written only on success. Every
 *   function that returns a code returns UV_EINVAL for a null pointer that its text does not
 *   allow, and for an object that has been destroyed or closed; one that returns nothing then does
 *   nothing. The library never prints, exits, installs a signal handler, reads the environment, or
 *   keeps a global. After fork(), the child may only exec or start afresh with objects of its own.
 *
 * TIME
 *
 *   Durations and instants are nanoseconds in uint64_t. Instants are on uv_hrtime()'s clock.
 *   HANDOFF_NEVER as an instant means that it does not come.
 *
 * THREADS
 *
 *   Each function states where it may be called: "any" thread, or the "loop" thread: the one that
 *   runs the loop of the port in question; none may be called from a signal handler. All callbacks
 *   of ports and lanes run on the loop thread, never inside the call that caused them and never
 *   under a lock; only a lane's `produce` and `consume` run on its workers. A finalizer
 *   (handoff_drop_cb) runs on whichever thread drops the item, inside the call that does. An item's
 *   way through a slot is a happens-before edge: what the putting thread wrote before the put is
 *   seen after the get. */

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
#define HANDOFF_VERSION_MINOR 1
#define HANDOFF_VERSION_PATCH 0
#define HANDOFF_VERSION "0.1.0"

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

/* On functions whose result tells who owns an item: not to look at it is a bug. */
#if defined(__GNUC__)
#define HANDOFF_CHECKED __attribute__((warn_unused_result))
#else
#define HANDOFF_CHECKED
#endif

#define HANDOFF_NEVER UINT64_MAX
#define HANDOFF_CAPACITY_MAX ((size_t)1 << 20)
#define HANDOFF_BUSY_POLL_DEFAULT_NS ((uint64_t)2000)
#define HANDOFF_BUSY_POLL_MAX_NS ((uint64_t)1000 * 1000)
#define HANDOFF_GATHER_MAX_NS ((uint64_t)1000 * 1000 * 1000)

/* The two sides of a slot, and of a lane. */
typedef enum { HANDOFF_PRODUCER = 0, HANDOFF_CONSUMER = 1 } handoff_side_t;

typedef struct handoff_slot_s handoff_slot_t;
typedef struct handoff_port_s handoff_port_t;
typedef struct handoff_req_s handoff_req_t;
typedef struct handoff_lane_s handoff_lane_t;

/* The release of the library that is linked, "MAJOR.MINOR.PATCH".
 *
 * Thread:  any.
 * Blocks:  no.
 * Returns: a constant string. */
HANDOFF_API const char *handoff_version(void);

/* ------------------------------------------------------------------------------------- slot -- */

/* Called with an item that nobody will get any more; frees what the item refers to, not the item's
 * own bytes. A put that replaces an item calls it with one of the slot's locks held, so that it may not
 * call anything on that slot, nor wait for somebody who does; handoff_slot_abort and handoff_slot_destroy hold none. */
typedef void (*handoff_drop_cb)(void *item, void *arg);

/* What a put does that finds the slot full.
 *
 *   WAIT    It waits for room: nothing is lost.
 *   LATEST  It takes the place of the oldest item, which is dropped: getters see the newest `capacity`
 *           items, in order. No put ever waits, whichever call it is. */
typedef enum { HANDOFF_WAIT = 0, HANDOFF_LATEST = 1 } handoff_overflow_t;

typedef struct handoff_slot_options_s {
  size_t size;                 /* of this struct: set by handoff_slot_options() */
  size_t item_size;            /* bytes of an item, at least 1; it is kept aligned */
  size_t capacity;             /* items that may wait, 0 to HANDOFF_CAPACITY_MAX; 0: rendezvous */
  handoff_overflow_t overflow; /* HANDOFF_LATEST needs a capacity of at least 1 */
  const char *name;            /* for people who debug; kept, not copied; may be NULL */
  handoff_drop_cb drop;        /* may be NULL */
  void *drop_arg;
} handoff_slot_options_t;

/* The defaults: capacity 1, puts wait, no name, no drop. Inline, so that the caller's own idea of the
 * struct's size is what `size` records. */
static inline handoff_slot_options_t handoff_slot_options(size_t item_size) {
  handoff_slot_options_t options;
  options.size = sizeof options;
  options.item_size = item_size;
  options.capacity = 1;
  options.overflow = HANDOFF_WAIT;
  options.name = NULL;
  options.drop = NULL;
  options.drop_arg = NULL;
  return options;
}

/* Private: a link in one of the library's queues. */
struct handoff__link {
  struct handoff__link *next;
  struct handoff__link *prev;
};

/* Private: somebody, a thread or a loop's request, who waits for a slot. */
struct handoff__waiter {
  struct handoff__link link; /* Guarded by the lock of the slot's end: in its `waiters`. */
  bool queued;               /* Guarded by the same. */
  /* Set before it is queued, then constant. */
  bool is_putter;  /* which end */
  bool is_ordered; /* Wakes must come in the order of the items: called with the lock held. So it is
                      for requests, and not for threads. */
  unsigned hope;   /* pauses that it is worth to wait before sleeping */
  void *item;      /* where the item comes from (a putter: only read) or goes to */
  void (*wake)(struct handoff__waiter *); /* called once, by whoever has set the status */
  uint64_t since_ns;                      /* when it began to wait */
  uintptr_t who;                          /* the thread, or the request's address */
  /* Atomic: whoever takes it decides how the wait ends. */
  unsigned claim;
  int status; /* Set by whoever has claimed it, before `wake`. */
};

struct handoff_slot_s {
  void *data;                 /* the application's */
  struct handoff__slot *impl; /* private */
};

/* Makes an empty, open slot. All the memory that it will ever use is taken here.
 *
 * Thread:  any.
 * Blocks:  no.
 * Returns: 0; UV_EINVAL for an item size of 0, a capacity above HANDOFF_CAPACITY_MAX, a total size
 *          beyond a quarter of what size_t holds, an overflow that does not exist or does not go with capacity 0, or
 *          a `size` field that no release ever had; UV_ENOMEM; what uv_mutex_init and uv_cond_init return.
 * Owns:    the caller owns the memory and must handoff_slot_destroy() it. */
HANDOFF_API int handoff_slot_init(handoff_slot_t *slot, const handoff_slot_options_t *options);

/* Puts a copy of the item into the slot, waiting while it is full or others wait before it. At
 * capacity 0 it returns when the item has been taken.
 *
 * Thread:  any; on a loop's thread it holds the loop up.
 * Blocks:  until there is room or the slot is shut.
 * Returns: 0; UV_EPIPE once shut; UV_EBUSY where only this thread could make room (handoff_slot_bind);
 *          where the system can make no condition variable, its error.
 * Owns:    on 0 what the item refers to is the slot's; otherwise it is still the caller's. */
HANDOFF_API HANDOFF_CHECKED int handoff_put(handoff_slot_t *slot, const void *item);

/* Like handoff_put, without waiting.
 *
 * Thread:  any.
 * Blocks:  no, but for the slot's locks, which are held while items are copied and requests posted, while
 *          HANDOFF_LATEST drops an item, and by handoff_slot_stats and handoff_slot_dump; who spins
 *          with one lets go when it is wanted.
 * Returns: 0; UV_EPIPE once shut; UV_EAGAIN if it would have to wait.
 * Owns:    as handoff_put. */
HANDOFF_API HANDOFF_CHECKED int handoff_try_put(handoff_slot_t *slot, const void *item);

/* Like handoff_put, up to an instant. One that has passed still succeeds if the item can be put at
 * once; the call never gives up early; shut beats timed out.
 *
 * Thread:  any; on a loop's thread it holds the loop up.
 * Blocks:  until there is room, the slot is shut, or uv_hrtime() reaches deadline_ns.
 * Returns: as handoff_put; UV_ETIMEDOUT.
 * Owns:    as handoff_put. */
HANDOFF_API HANDOFF_CHECKED int handoff_put_until(handoff_slot_t *slot, const void *item,
                                                  uint64_t deadline_ns);

/* Takes the oldest item out of the slot and copies it to `item`, waiting while there is none or
 * others wait before it.
 *
 * Thread:  any; on a loop's thread it holds the loop up.
 * Blocks:  until there is an item, or the slot is shut and drained.
 * Returns: 0; UV_EOF once shut and drained; UV_EBUSY where only this thread could put one
 *          (handoff_slot_bind); where the system can make no condition variable, its error.
 * Owns:    on 0 what the item refers to is the caller's. */
HANDOFF_API HANDOFF_CHECKED int handoff_get(handoff_slot_t *slot, void *item);

/* Like handoff_get, without waiting.
 *
 * Thread:  any.
 * Blocks:  no, but for the slot's locks.
 * Returns: 0; UV_EOF once shut and drained; UV_EAGAIN if it would have to wait.
 * Owns:    as handoff_get. */
HANDOFF_API HANDOFF_CHECKED int handoff_try_get(handoff_slot_t *slot, void *item);

/* Like handoff_get, up to an instant, by the rules of handoff_put_until.
 *
 * Thread:  any; on a loop's thread it holds the loop up.
 * Blocks:  until there is an item, the slot is shut and drained, or uv_hrtime() reaches deadline_ns.
 * Returns: as handoff_get; UV_ETIMEDOUT.
 * Owns:    as handoff_get. */
HANDOFF_API HANDOFF_CHECKED int handoff_get_until(handoff_slot_t *slot, void *item,
                                                  uint64_t deadline_ns);

/* Copies the oldest item to `item` and leaves it in the slot, as one step: it is in nobody else's hands, but
 * what it refers to is still the slot's, and may be the next getter's, or dropped, as soon as this returns.
 *
 * Thread:  any.
 * Blocks:  no, but for the slot's locks.
 * Returns: 0; UV_EOF once shut and drained; UV_EAGAIN if there is none, as always at capacity 0. */
HANDOFF_API HANDOFF_CHECKED int handoff_peek(handoff_slot_t *slot, void *item);

/* Ends the putting, for good. Whoever waits to put gets UV_EPIPE and keeps the item; what is in the
 * slot can still be got, then getters get UV_EOF. Shutting again changes nothing.
 *
 * Thread:  any.
 * Blocks:  no, but for the slot's locks. */
HANDOFF_API void handoff_slot_shut(handoff_slot_t *slot);

/* Shuts the slot and drops what is in it, oldest first. Whoever waits to put gets UV_EPIPE and keeps the
 * item; getters get UV_EOF. It uses the slot until it has returned.
 *
 * Thread:  any.
 * Blocks:  no, but for the slot's locks.
 * Returns: how many items were dropped; aborting again drops none. */
HANDOFF_API size_t handoff_slot_abort(handoff_slot_t *slot);

/* Drops the items that are left and frees what init took. Nobody may be using the slot, but the last
 * user may destroy it as soon as its own call has returned: a call, or request, whose hand-off is
 * known to be done no longer touches it, even if it has not returned, or called back, yet. What threads
 * wait in may outlast the slot: it is the library's own, and the last such call, waiting or waking, frees it.
 *
 * Thread:  any.
 * Blocks:  no. */
HANDOFF_API void handoff_slot_destroy(handoff_slot_t *slot);

/* What a side has waited: threads and requests that were queued. A thread that spins before it sleeps is
 * not queued yet, but at capacity 0 it is. */
typedef struct handoff_slot_side_stats_s {
  size_t waiting;      /* how many do now */
  uint64_t waits;      /* how often one had to */
  uint64_t blocked_ns; /* for how long: of threads, and of waits that are over, only */
  uint64_t timeouts;   /* waits that ended with UV_ETIMEDOUT */
  uint64_t cancels;    /* waits that ended with UV_ECANCELED */
} handoff_slot_side_stats_t;

/* At every instant puts == gets + replaced + dropped + count. */
typedef struct handoff_slot_stats_s {
  uint64_t puts;                      /* items accepted */
  uint64_t gets;                      /* items handed on */
  uint64_t replaced;                  /* items that HANDOFF_LATEST has dropped */
  uint64_t dropped;                   /* items that handoff_slot_abort has dropped */
  size_t count;                       /* items in the slot now */
  size_t high_water;                  /* the most items that have ever been in it */
  handoff_slot_side_stats_t sides[2]; /* by handoff_side_t */
} handoff_slot_stats_t;

/* What has happened to the slot so far, seen at one instant.
 *
 * Thread:  any.
 * Blocks:  no, but for the slot's locks.
 * Returns: 0; UV_EINVAL. */
HANDOFF_API int handoff_slot_stats(handoff_slot_t *slot, handoff_slot_stats_t *stats);

/* Writes what state the slot is in, for people who debug: its name, whether it is shut, its items, who waits
 * and for how long, a line each. The text is not for programs: it may change with any release. It ends
 * with a 0 byte and is cut to `size` bytes; `text` may be NULL when `size` is 0.
 *
 * Thread:  any.
 * Blocks:  no, but for the slot's locks, which it holds while it writes.
 * Returns: the length of the whole text, as snprintf does; UV_EINVAL. */
HANDOFF_API int handoff_slot_dump(handoff_slot_t *slot, char *text, size_t size);

/* A promise: all puts (HANDOFF_PRODUCER) or gets (HANDOFF_CONSUMER) of this slot are made on the calling
 * thread, as a rule by requests of the loop that runs on it. A blocking call of the other side on this
 * thread, if it had to wait, could never return: it is refused with UV_EBUSY instead. Calling this again
 * for the side moves the promise to another thread, as a loop may be moved.
 *
 * Thread:  any; of a loop, the one that runs it.
 * Blocks:  no, but for the slot's locks.
 * Returns: 0; UV_EINVAL when there is no such side. */
HANDOFF_API int handoff_slot_bind(handoff_slot_t *slot, handoff_side_t side);

/* ------------------------------------------------------------------------------------- port -- */

typedef void (*handoff_req_cb)(handoff_req_t *req, int status);
typedef void (*handoff_port_close_cb)(handoff_port_t *port);

struct handoff_port_s {
  void *data;                 /* the application's */
  uv_loop_t *loop;            /* readable */
  struct handoff__port *impl; /* private */
};

/* Private: something that a port runs on its loop. */
struct handoff__job {
  struct handoff__link link; /* Guarded by the port's lock while in `ready`; then loop thread. */
  void (*run)(struct handoff__job *);
};

/* A request: one put or get that is under way on a loop. Zero it before its first use; it may be
 * used again from within its own callback on. */
struct handoff_req_s {
  void *data;           /* the application's */
  handoff_port_t *port; /* readable while pending and in the callback */
  handoff_slot_t *slot; /* readable while pending and in the callback */
  /* All that follows is private. Loop thread only, but for the waiter. */
  struct handoff__waiter waiter;
  struct handoff__job job;
  struct handoff__link link; /* in the port's `reqs` */
  bool pending;
  handoff_req_cb on_done;
};

/* Gives the loop a port. A loop may have several, but one is enough for any number of slots. An
 * idle port does not keep the loop alive; a pending request and a running or closing lane do.
 * uv_walk() shows handles of the port's, whose `data` is not the application's: leave them alone. If they
 * were closed by uv_close(), nothing would be called back any more. handoff_port_close() closes them.
 *
 * Thread:  loop.
 * Blocks:  no.
 * Returns: 0; UV_EINVAL; what uv_mutex_init and uv_async_init return (UV_ENOMEM, UV_EMFILE, …).
 * Owns:    the caller owns the memory and must handoff_port_close() it. */
HANDOFF_API int handoff_port_init(uv_loop_t *loop, handoff_port_t *port);

/* How long the loop may look for the next hand-off, busy, instead of going to sleep. In the meantime a hand-off costs no
 * system call on either side. 0: not at all.
 *
 * At first it is HANDOFF_BUSY_POLL_DEFAULT_NS: a request that is begun in a callback of the port, and would have
 * to wait with nothing else for the port to do, may take about so long, where that has lately been worth it, or would have
 * been. While items keep coming meanwhile the port goes on for some 100 us, and so it does with any max_ns; then the
 * loop's other handles have their turn. With more, the loop also looks just before it would block, while something is under
 * way on the port; then descriptors may wait for max_ns. Where that has not been worth it lately it looks for an
 * eighth of max_ns, and every sixteenth time for all of it: a loop that waits in vain pays for that. Neither is done
 * while another handle is due, nor on one CPU. Nobody can tell that a loop is run with UV_RUN_NOWAIT and would not
 * have blocked: leave it at the default there. Less than the default is as good as the default.
 *
 * Thread:  loop.
 * Blocks:  no.
 * Returns: 0; UV_EINVAL for more than HANDOFF_BUSY_POLL_MAX_NS, or when the port is closing. */
HANDOFF_API int handoff_port_set_busy_poll(handoff_port_t *port, uint64_t max_ns);

/* Puts a copy of the item into the slot when its turn comes. A thread that waits in the slot and a
 * request that does wait in one queue. Callbacks of one port's gets, or puts, in one slot come in the
 * order of the items; but an answer to the item may be called back before on_done is.
 *
 * Thread:  loop.
 * Blocks:  no.
 * Returns: 0, and then on_done runs exactly once with 0, UV_EPIPE (shut) or UV_ECANCELED; or
 *          UV_EINVAL, UV_EBUSY (the request is pending already), UV_ECANCELED (the port is
 *          closing), and then it does not run.
 * Owns:    `item` must stay readable and unchanged until on_done. With status 0 what it refers to is
 *          the slot's; otherwise it is still the caller's. The request is the library's until
 *          on_done; the slot must live until then, or until the hand-off is known to be done. */
HANDOFF_API HANDOFF_CHECKED int handoff_port_put(handoff_port_t *port, handoff_req_t *req,
                                                 handoff_slot_t *slot, const void *item,
                                                 handoff_req_cb on_done);

/* Takes the oldest item out of the slot when the request's turn comes, and copies it to `item`.
 *
 * Thread:  loop.
 * Blocks:  no.
 * Returns: 0, and then on_done runs exactly once with 0, UV_EOF (shut and drained) or UV_ECANCELED;
 *          or the errors of handoff_port_put, and then it does not run.
 * Owns:    `item` must stay writable until on_done. With status 0 what it refers to is the caller's.
 *          The request is the library's until on_done; the slot as in handoff_port_put. */
HANDOFF_API HANDOFF_CHECKED int handoff_port_get(handoff_port_t *port, handoff_req_t *req,
                                                 handoff_slot_t *slot, void *item,
                                                 handoff_req_cb on_done);

/* Takes a waiting request back: its callback will run with UV_ECANCELED.
 *
 * Thread:  the loop of the request's port.
 * Blocks:  no.
 * Returns: 0; UV_EBUSY when it is too late: the callback will run with what happened; UV_EINVAL when
 *          the request is not pending. */
HANDOFF_API int handoff_cancel(handoff_req_t *req);

/* Whether what is under way on the port keeps the loop alive, as uv_ref() and uv_unref(): a port
 * starts referenced, and calling either twice is the same as once.
 *
 * Thread:  loop.
 * Blocks:  no. */
HANDOFF_API void handoff_port_ref(handoff_port_t *port);
HANDOFF_API void handoff_port_unref(handoff_port_t *port);

/* Cancels the port's pending requests, waits for their callbacks and for the lanes that are
 * closing, then closes the port. on_close may be NULL.
 *
 * Thread:  loop.
 * Blocks:  no.
 * Returns: 0, and then on_close runs exactly once; UV_EBUSY while a lane of the port is open and not
 *          closing; UV_EINVAL when it is closing already.
 * Owns:    the memory is the caller's again in on_close. */
HANDOFF_API int handoff_port_close(handoff_port_t *port, handoff_port_close_cb on_close);

/* ------------------------------------------------------------------------------------- lane -- */

/* What a side does that could not begin its work when its tick was due. Ticks are due at
 * t0 + k * interval; none ever comes early, and nothing accumulates. A worker is woken for its tick a little before it
 * is due, by as much as that has lately taken, half a millisecond at most, and begins when it is.
 *
 *   SKIP   Stay on the grid. A late tick is still worked off at once while it is the newest one;
 *          older ones are missed. A side that has waited for the other for a whole interval or longer
 *          gives up the ticks that passed meanwhile: what follows a pause is no burst.
 *   SHIFT  Leave the grid: the next tick is due one interval after the work began or, if the side had to
 *          wait for the other one, after that wait ended.
 *   BURST  Catch up: up to `burst` ticks are kept and worked off at once; more are missed. */
typedef enum { HANDOFF_SKIP = 0, HANDOFF_SHIFT = 1, HANDOFF_BURST = 2 } handoff_late_t;

/* One hand-off, seen from one side. The two events of an item come one after the other: the slot's
 * law, 0 <= puts - gets <= capacity, holds at every point of the sequence of events. At capacity 1
 * and 0 they alternate strictly. */
typedef struct handoff_event_s {
  handoff_side_t side;
  uint64_t number;     /* 1 for the side's first item since start, 2, 3, … */
  uint64_t due_ns;     /* when the tick was due; 0 when the side is not paced */
  uint64_t begun_ns;   /* when the side took its tick; without pace, when it began its turn */
  uint64_t done_ns;    /* when the item had been put, or got */
  uint64_t waited_ns;  /* how long of that it waited for the other side */
  uint64_t handoff_ns; /* consumer: from when both sides were ready to when it had the item */
  uint64_t missed;     /* ticks missed between the side's last one and this one */
} handoff_event_t;

/* Makes the next item in the item_size bytes at `item`. Worker thread. It may block, but the
 * application must then be able to wake it, or the lane cannot end. An item that finds the lane ended is dropped,
 * here on the worker's thread; those that wait in the slot then are dropped on the loop's.
 * Returns: 0; HANDOFF_LAST: this item is the last one; UV_EOF: there is no item, and there will be
 *          none; another negative code: the lane ends with it. A paced producer that knows its last
 *          item saves the lane the wait for a tick that it would end on. */
#define HANDOFF_LAST 1
typedef int (*handoff_produce_cb)(handoff_lane_t *lane, void *item);

/* Works on an item, which it now owns. Worker thread.
 * Returns: 0; a negative code: the lane ends with it. */
typedef int (*handoff_consume_cb)(handoff_lane_t *lane, void *item);

/* Learns of a hand-off, once the callback that made or worked on its item has returned. Loop. */
typedef void (*handoff_event_cb)(handoff_lane_t *lane, const handoff_event_t *event);

/* Learns that the lane has come to rest: both workers have ended and every event has been
 * delivered. Loop. The lane may be started again, here too. Where it was not the end of the items that
 * ended it some may be left, which the next handoff_lane_start, or handoff_lane_close, drops.
 * Status: 0 after handoff_lane_stop or the end of the items, once all were consumed; the code that a
 *         callback ended the lane with, whichever was first; where the system can make a worker no condition
 *         variable, its error; UV_ECANCELED when handoff_lane_close cut it short and nothing had gone wrong. */
typedef void (*handoff_end_cb)(handoff_lane_t *lane, int status);

typedef void (*handoff_lane_close_cb)(handoff_lane_t *lane);

typedef struct handoff_pacing_s {
  uint64_t interval_ns; /* 0: not paced */
  handoff_late_t late;
  size_t burst; /* for HANDOFF_BURST: 1 to HANDOFF_CAPACITY_MAX */
} handoff_pacing_t;

typedef struct handoff_lane_options_s {
  size_t size;          /* of this struct: set by handoff_lane_options() */
  size_t item_size;     /* bytes of an item, at least 1 */
  size_t capacity;      /* as in handoff_slot_options_t */
  const char *name;     /* kept, not copied; may be NULL */
  handoff_drop_cb drop; /* for items made but never consumed; may be NULL */
  void *drop_arg;
  handoff_produce_cb produce; /* needed */
  handoff_consume_cb consume; /* needed */
  handoff_event_cb on_event;  /* may be NULL */
  handoff_end_cb on_end;      /* may be NULL */
  handoff_pacing_t pacing[2]; /* by handoff_side_t */
  size_t event_capacity;      /* events of a side that may wait for the loop before its worker
                                 does, 1 to HANDOFF_CAPACITY_MAX */
  uint64_t gather_ns;         /* see below; up to HANDOFF_GATHER_MAX_NS */
  size_t stack_size;          /* of each worker, in bytes */
} handoff_lane_options_t;

/* The defaults: capacity 1, not paced, late ticks skipped, 64 events gathered for 1 ms at most, stacks of 256 KiB.
 *
 * Gathering: events that come faster than eight in gather_ns are left to gather for so long, or for as long as they
 * should need for half of the room that they have, and then delivered one after the other; so the loop is not woken for each,
 * and the workers do not make room for it on their CPUs. That is given up where events come more slowly for it, as
 * when the workers wait for what on_event does. The end of the items and errors are heard of as late. 0: not at
 * all. Events of a lane with a paced side are never left to gather, nor are those that follow handoff_lane_stop
 * or handoff_lane_close. */
static inline handoff_lane_options_t handoff_lane_options(size_t item_size,
                                                          handoff_produce_cb produce,
                                                          handoff_consume_cb consume) {
  handoff_lane_options_t options;
  int side;
  options.size = sizeof options;
  options.item_size = item_size;
  options.capacity = 1;
  options.name = NULL;
  options.drop = NULL;
  options.drop_arg = NULL;
  options.produce = produce;
  options.consume = consume;
  options.on_event = NULL;
  options.on_end = NULL;
  for (side = HANDOFF_PRODUCER; side <= HANDOFF_CONSUMER; side++) {
    options.pacing[side].interval_ns = 0;
    options.pacing[side].late = HANDOFF_SKIP;
    options.pacing[side].burst = 1;
  }
  options.event_capacity = 64;
  options.gather_ns = 1000000;
  options.stack_size = (size_t)256 * 1024;
  return options;
}

struct handoff_lane_s {
  void *data;                 /* the application's */
  handoff_port_t *port;       /* readable */
  struct handoff__lane *impl; /* private */
};

/* Prepares a lane on the port. All the memory that it will use is taken here, but for the threads.
 *
 * Thread:  loop.
 * Blocks:  no.
 * Returns: 0; UV_EINVAL for an option out of range; UV_ECANCELED when the port is closing; UV_ENOMEM;
 *          what the system says when it has no timer, lock or condition variable left (UV_EMFILE, …).
 * Owns:    the caller owns the memory and must handoff_lane_close() it. */
HANDOFF_API int handoff_lane_init(handoff_port_t *port, handoff_lane_t *lane,
                                  const handoff_lane_options_t *options);

/* Starts both workers. A paced side's first tick is due now. Counting of items begins at 1.
 *
 * Thread:  loop.
 * Blocks:  no.
 * Returns: 0; UV_EBUSY when it is running; UV_ECANCELED when it is closing; what uv_thread_create_ex
 *          returns (UV_EAGAIN: out of threads), and then no callback has run or will. */
HANDOFF_API int handoff_lane_start(handoff_lane_t *lane);

/* Ends the producing. The producer finishes the item in hand; the consumer works off what is left,
 * at its pace; then on_end runs. Does nothing on a lane that is not running.
 *
 * Thread:  loop.
 * Blocks:  no. */
HANDOFF_API void handoff_lane_stop(handoff_lane_t *lane);

/* Changes a side's interval, at once, running or not: the next tick is due one new interval after
 * the last one, or now if that has passed. 0: not paced. A side that was not paced, and is in the middle of a turn,
 * finishes that first, and then works off the newest of the ticks that have come meanwhile and one that was kept.
 *
 * Thread:  loop.
 * Blocks:  no.
 * Returns: 0; UV_EINVAL when there is no such side; UV_ECANCELED when the lane is closing. */
HANDOFF_API int handoff_lane_set_interval(handoff_lane_t *lane, handoff_side_t side,
                                          uint64_t interval_ns);

/* Stops the delivery of events, and of the end; and takes it up again. That holds the workers back: a paced
 * side when it has worked off the ticks that it has been given, another when event_capacity is full. For an
 * application whose log cannot take more. Closing releases a held lane.
 *
 * Thread:  loop.
 * Blocks:  no. */
HANDOFF_API void handoff_lane_hold(handoff_lane_t *lane);
HANDOFF_API void handoff_lane_release(handoff_lane_t *lane);

/* Ends the lane: each worker finishes the item in hand and takes no other; items that wait in the
 * slot are dropped; events of what was done, then on_end, if it was running, then on_close run. A
 * `produce` or `consume` that is blocked is waited for. on_close may be NULL.
 *
 * Thread:  loop.
 * Blocks:  no.
 * Returns: 0; UV_EINVAL when it is closing already.
 * Owns:    the memory is the caller's again in on_close. */
HANDOFF_API int handoff_lane_close(handoff_lane_t *lane, handoff_lane_close_cb on_close);

#ifdef __cplusplus
}
#endif

#endif /* HANDOFF_H */
