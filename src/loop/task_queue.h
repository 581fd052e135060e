/* task_queue: functions that any thread posts and one loop runs, over one uv_async_t.
 *
 * uv_async_send is the only function on a libuv handle that other threads call. */

#ifndef HANDOFF_LOOP_TASK_QUEUE_H
#define HANDOFF_LOOP_TASK_QUEUE_H

#include <stdatomic.h>

#include "base/list.h"
#include "handoff.h"

/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): grouped by what guards the fields */
struct handoff__task_queue {
  uv_mutex_t lock;
  /* Guarded by lock. */
  struct handoff__link inbox; /* posted tasks */
  bool wakeup_pending;        /* on_async is running or will run */
  uint64_t wakeup_sent_ns;    /* when another thread last woke the loop; 0: not since on_async */
  uintptr_t loop_thread;      /* the thread that last ran on_async */
  /* Atomic, written under lock: the inbox is not empty. */
  atomic_bool has_inbox;
  /* Atomic, written by the loop thread: its own number while it runs tasks, otherwise 0. A thread
   * that reads its own number has written it. */
  atomic_uintptr_t runner;

  /* Loop thread only, except for uv_async_send, which other threads call under lock. */
  uv_async_t async;
  struct handoff__link run_list; /* tasks to run before those in the inbox */
  uint64_t idle_start_ns;        /* when the last task had run */
  bool was_block_short;          /* the loop last blocked for less than a wake-up costs */
  void (*on_drained)(struct handoff__task_queue *); /* all tasks have run */
};

/* Returns: 0, and then the queue's async must be closed and the queue destroyed; what uv_mutex_init
 * and uv_async_init return. */
int handoff__task_queue_init(uv_loop_t *loop, struct handoff__task_queue *queue,
                             void (*on_drained)(struct handoff__task_queue *));

/* The async has been closed. */
void handoff__task_queue_destroy(struct handoff__task_queue *queue);

/* Any thread. Runs the task once on the loop, never from inside this call. Tasks that are posted
 * for the same slot, under its locks or right after, run in the order of their posts. */
void handoff__task_queue_post(struct handoff__task_queue *queue, struct handoff__task *task);

/* Loop thread. Runs on_drained soon, even if no task is posted. */
void handoff__task_queue_wake(struct handoff__task_queue *queue);

/* Loop thread. The loop is running tasks, and no task of another thread waits in the inbox. */
static inline bool handoff__task_queue_is_ahead(const struct handoff__task_queue *queue) {
  return atomic_load_explicit(&queue->runner, memory_order_relaxed) != 0 &&
         !atomic_load_explicit(&queue->has_inbox, memory_order_acquire);
}

/* Loop thread. Posts the task of a transfer; `last` was the last link of the run list before that
 * transfer. Inserts the task there, in front of the tasks that the transfer itself has posted,
 * because it caused them. If another thread has posted meanwhile, appends it. */
static inline void handoff__task_queue_post_after(struct handoff__task_queue *queue,
                                                  struct handoff__link *last,
                                                  struct handoff__task *task) {
  if (handoff__task_queue_is_ahead(queue)) {
    handoff__list_push(last->next, &task->link);
  } else {
    handoff__task_queue_post(queue, task);
  }
}

#endif /* HANDOFF_LOOP_TASK_QUEUE_H */
