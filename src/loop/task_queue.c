/* task_queue: see task_queue.h.
 *
 * The happy path of a post: push the task to the inbox under the lock and, unless a wake-up is
 * pending, send the async. The loop's on_async moves the inbox to the run list and runs it, until
 * both are empty or the dispatch budget is used up.
 *
 * Invariants:
 *   The inbox or the run list is not empty  =>  wakeup_pending  =>  on_async is running or will
 *   run. wakeup_pending is cleared only under the lock, when both are empty. So no post is lost,
 *   and posts during on_async cost no system call. Tasks run in the order of their posts; only
 *   post_after puts a cause in front of its effects. A task that the loop posts while it runs tasks
 *   and the inbox is empty goes to the run list without the lock, so it runs before every later
 *   post. What was posted earlier about the same slot is visible to the loop, because it was posted
 *   under a slot lock that the loop has held since. A post sends the async under the lock, and the
 *   port closes the async only after every task of its members has left the inbox under the lock.
 *   So nothing is sent after the close. */

#include "loop/task_queue.h"

#include "base/cancel.h"

/* The dispatch budget (as NAPI's): how long tasks run before the loop's other handles do. One turn
 * of the loop costs three system calls, several microseconds in all. */
#define DISPATCH_NS 100000u
/* The clock is read once per round of at most this many tasks. */
#define ROUND_MAX 32u
/* If the loop blocked for less than this, spinning would have been cheaper: a wake-up costs as
 * much. */
#define SHORT_BLOCK_NS 10000u

/* The lock is held. The send writes to a descriptor, which is a cancellation point; a cancelled
 * thread would leave this lock locked, and perhaps a slot's. */
static void wake_loop(struct handoff__task_queue *queue) {
  int cancel_state;

  handoff__cancel_disable(&cancel_state);
  (void)uv_async_send(&queue->async); /* it fails only for handles of another type */
  handoff__cancel_restore(cancel_state);
}

void handoff__task_queue_post(struct handoff__task_queue *queue, struct handoff__task *task) {
  const uintptr_t self = (uintptr_t)uv_thread_self();

  if (atomic_load_explicit(&queue->runner, memory_order_relaxed) == self &&
      !atomic_load_explicit(&queue->has_inbox, memory_order_acquire)) {
    handoff__list_push(&queue->run_list, &task->link);
    return;
  }
  uv_mutex_lock(&queue->lock);
  handoff__list_push(&queue->inbox, &task->link);
  atomic_store_explicit(&queue->has_inbox, true, memory_order_release);
  if (!queue->wakeup_pending) {
    queue->wakeup_pending = true;
    queue->wakeup_sent_ns = queue->loop_thread == self ? 0 : uv_hrtime();
    wake_loop(queue);
  }
  uv_mutex_unlock(&queue->lock);
}

void handoff__task_queue_wake(struct handoff__task_queue *queue) {
  (void)uv_async_send(&queue->async);
}

/* True: there is a task to run. */
static bool take_inbox(struct handoff__task_queue *queue) {
  uv_mutex_lock(&queue->lock);
  handoff__list_append(&queue->run_list, &queue->inbox);
  atomic_store_explicit(&queue->has_inbox, false, memory_order_release);
  queue->wakeup_pending = !handoff__list_is_empty(&queue->run_list);
  uv_mutex_unlock(&queue->lock);
  return !handoff__list_is_empty(&queue->run_list);
}

/* How much of the dispatch budget is left. The clock is read once a round. The rounds grow while
 * tasks are short, so that the clock costs little, and shrink to one task if a round took long. */
struct budget {
  unsigned tasks;     /* run in this round */
  unsigned round;     /* tasks in this round */
  uint64_t begun_ns;  /* the first reading, after one task */
  uint64_t looked_ns; /* the last reading */
};

/* Called after each task. True: the budget is used up. */
static bool is_spent(struct budget *budget) {
  uint64_t now_ns;

  if (++budget->tasks < budget->round) {
    return false;
  }
  now_ns = uv_hrtime();
  if (budget->begun_ns == 0) {
    budget->begun_ns = now_ns;
  } else if (now_ns - budget->looked_ns >= DISPATCH_NS / ROUND_MAX) {
    budget->round = 1;
  } else if (budget->round < ROUND_MAX) {
    budget->round *= 2;
  }
  budget->tasks = 0;
  budget->looked_ns = now_ns;
  return now_ns - budget->begun_ns >= DISPATCH_NS;
}

/* False: the budget was used up, and there may be more tasks. */
static bool run_tasks(struct handoff__task_queue *queue) {
  struct budget budget = {.round = 1};
  bool is_drained = true;

  atomic_store_explicit(&queue->runner, (uintptr_t)uv_thread_self(), memory_order_relaxed);
  while (is_drained && (!handoff__list_is_empty(&queue->run_list) || take_inbox(queue))) {
    struct handoff__task *task =
        handoff__container_of(handoff__list_pop(&queue->run_list), struct handoff__task, link);
    task->run(task);
    is_drained = !is_spent(&budget);
  }
  atomic_store_explicit(&queue->runner, 0, memory_order_relaxed);
  queue->idle_start_ns = uv_hrtime();
  return is_drained;
}

/* Reads the clock only where a system call is made anyway. */
static void record_block(struct handoff__task_queue *queue) {
  uint64_t wakeup_sent_ns;

  uv_mutex_lock(&queue->lock);
  wakeup_sent_ns = queue->wakeup_sent_ns;
  queue->wakeup_sent_ns = 0;
  queue->loop_thread = (uintptr_t)uv_thread_self();
  uv_mutex_unlock(&queue->lock);
  if (wakeup_sent_ns != 0) {
    queue->was_block_short = wakeup_sent_ns < queue->idle_start_ns + SHORT_BLOCK_NS;
  }
}

static void on_async(uv_async_t *async) {
  struct handoff__task_queue *queue =
      handoff__container_of(async, struct handoff__task_queue, async);

  record_block(queue);
  if (!run_tasks(queue)) {
    (void)uv_async_send(&queue->async); /* the rest runs in the loop's next turn */
  } else {
    queue->on_drained(queue);
  }
}

int handoff__task_queue_init(uv_loop_t *loop, struct handoff__task_queue *queue,
                             void (*on_drained)(struct handoff__task_queue *)) {
  int err = uv_mutex_init(&queue->lock);

  if (err != 0) {
    return err;
  }
  handoff__list_init(&queue->inbox);
  queue->wakeup_pending = false;
  queue->wakeup_sent_ns = 0;
  queue->loop_thread = 0;
  atomic_init(&queue->has_inbox, false);
  atomic_init(&queue->runner, 0);
  handoff__list_init(&queue->run_list);
  queue->idle_start_ns = 0;
  queue->was_block_short = false;
  queue->on_drained = on_drained;
  err = uv_async_init(loop, &queue->async, on_async); /* last: only the loop can undo it */
  if (err != 0) {
    uv_mutex_destroy(&queue->lock);
  }
  return err;
}

void handoff__task_queue_destroy(struct handoff__task_queue *queue) {
  uv_mutex_destroy(&queue->lock);
}
