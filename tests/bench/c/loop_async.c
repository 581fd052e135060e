/* What users of libuv write by hand: a mutex, a list of allocated nodes and uv_async_send. The
 * queue is bounded by a condition variable if the thread puts, and by a flag that requests a
 * wake-up if the loop puts. The scenarios are those of loop_handoff.c; NUMBER 0 means unbounded. */

#include <stdlib.h>
#include <string.h>

#include "harness.h"

#define BATCH 256 /* items that the loop puts into an unbounded queue per iteration */

struct node {
  struct node *next;
  uint64_t item;
};

struct queue {
  uv_mutex_t lock;
  uv_cond_t changed; /* what the thread waits for */
  /* Guarded by lock. */
  struct node *first;
  struct node **last;
  size_t count;
  bool loop_waits;
  /* Loop thread only. */
  uint64_t put_item;
  uint64_t remaining; /* items that the loop has not got yet */
  uint64_t sum;
  uv_loop_t loop;
  uv_async_t async;
  /* Set at init, then constant. */
  size_t capacity;
  uint64_t items;
};

static struct node *new_node(uint64_t item) {
  struct node *node = malloc(sizeof *node);

  harness_check(node == NULL ? UV_ENOMEM : 0);
  node->next = NULL;
  node->item = item;
  return node;
}

static void append_locked(struct queue *queue, struct node *node) {
  *queue->last = node;
  queue->last = &node->next;
  queue->count++;
}

static struct node *take_all(struct queue *queue) {
  struct node *nodes;

  uv_mutex_lock(&queue->lock);
  nodes = queue->first;
  queue->first = NULL;
  queue->last = &queue->first;
  queue->count = 0;
  uv_cond_signal(&queue->changed);
  uv_mutex_unlock(&queue->lock);
  return nodes;
}

static void close_async(struct queue *queue) { uv_close((uv_handle_t *)&queue->async, NULL); }

static void on_items(uv_async_t *async) {
  struct queue *queue = async->data;
  struct node *nodes = take_all(queue);

  while (nodes != NULL) {
    struct node *node = nodes;

    nodes = node->next;
    queue->sum += node->item;
    queue->remaining--;
    free(node);
  }
  if (queue->remaining == 0) {
    close_async(queue);
  }
}

static void thread_puts(struct harness_thread *self) {
  struct queue *queue = self->arg;
  uint64_t item;

  for (item = 1; item <= self->items; item++) {
    struct node *node = new_node(item);

    uv_mutex_lock(&queue->lock);
    while (queue->capacity != 0 && queue->count == queue->capacity) {
      uv_cond_wait(&queue->changed, &queue->lock);
    }
    append_locked(queue, node);
    /* Sent under the lock, because the loop closes the handle once it has the last item. */
    (void)uv_async_send(&queue->async);
    uv_mutex_unlock(&queue->lock);
  }
}

static void on_room(uv_async_t *async) {
  struct queue *queue = async->data;
  size_t room;

  uv_mutex_lock(&queue->lock);
  room = queue->capacity == 0 ? BATCH : queue->capacity - queue->count;
  for (; room != 0 && queue->put_item != queue->items; room--) {
    append_locked(queue, new_node(++queue->put_item));
    uv_cond_signal(&queue->changed);
  }
  queue->loop_waits = queue->put_item != queue->items && queue->capacity != 0;
  uv_mutex_unlock(&queue->lock);
  if (queue->put_item == queue->items) {
    close_async(queue);
  } else if (queue->capacity == 0) {
    (void)uv_async_send(async);
  }
}

static void thread_gets(struct harness_thread *self) {
  struct queue *queue = self->arg;
  uint64_t sum = 0;
  uint64_t i;

  for (i = 0; i < self->items; i++) {
    struct node *node;

    uv_mutex_lock(&queue->lock);
    while (queue->first == NULL) {
      uv_cond_wait(&queue->changed, &queue->lock);
    }
    node = queue->first;
    queue->first = node->next;
    queue->last = queue->first == NULL ? &queue->first : queue->last;
    queue->count--;
    if (queue->loop_waits) {
      queue->loop_waits = false;
      (void)uv_async_send(&queue->async);
    }
    uv_mutex_unlock(&queue->lock);
    sum += node->item;
    free(node);
  }
  self->sum = sum;
}

static void put_from_loop(struct queue *queue) {
  struct node *node = new_node(++queue->put_item);

  uv_mutex_lock(&queue->lock);
  append_locked(queue, node);
  uv_mutex_unlock(&queue->lock);
  (void)uv_async_send(&queue->async);
}

static void on_own_item(uv_async_t *async) {
  struct queue *queue = async->data;

  on_items(async);
  if (queue->remaining != 0) {
    put_from_loop(queue);
  }
}

static void run_loop(struct harness_thread *self) {
  struct queue *queue = self->arg;

  (void)uv_run(&queue->loop, UV_RUN_DEFAULT);
  self->sum = queue->sum;
}

static void init(struct queue *queue, const struct harness_args *args, uv_async_cb on_async) {
  memset(queue, 0, sizeof *queue);
  queue->last = &queue->first;
  queue->capacity = args->number;
  queue->items = args->items;
  queue->remaining = args->items;
  harness_check(uv_mutex_init(&queue->lock));
  harness_check(uv_cond_init(&queue->changed));
  harness_check(uv_loop_init(&queue->loop));
  harness_check(uv_async_init(&queue->loop, &queue->async, on_async));
  queue->async.data = queue;
}

int main(int argc, char **argv) {
  struct harness_args args = harness_parse(argc, argv);
  struct queue queue;
  struct harness_thread threads[2] = {{.run = run_loop, .arg = &queue, .items = args.items},
                                      {.arg = &queue, .items = args.items}};
  unsigned count = 2;
  uint64_t ns;

  if (harness_is(&args, "toloop")) {
    init(&queue, &args, on_items);
    threads[1].run = thread_puts;
  } else if (harness_is(&args, "fromloop")) {
    init(&queue, &args, on_room);
    threads[1].run = thread_gets;
    (void)uv_async_send(&queue.async);
  } else if (harness_is(&args, "sameloop")) {
    init(&queue, &args, on_own_item);
    put_from_loop(&queue);
    count = 1;
  } else {
    harness_unsupported();
  }
  ns = harness_run(threads, count);
  harness_check(uv_loop_close(&queue.loop));
  harness_check_sum(threads[0].sum + threads[1].sum, args.items);
  harness_print(ns, args.items);
  return 0;
}
