/* What users of libuv write by hand: a mutex, a list and uv_async_send; bounded by a condition variable on
 * the thread's side, and by a flag that asks for a wake-up on the loop's. The scenarios are those of
 * loop_handoff.c; NUMBER 0: unbounded. */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "course.h"

#define BATCH 256 /* what an unbounded loop puts before it lets the loop go round */

struct letter {
  struct letter *next;
  uint64_t item;
};

struct mailbox {
  uv_mutex_t lock;
  uv_cond_t changed; /* what the thread waits for */
  /* Guarded by lock. */
  struct letter *first;
  struct letter **last;
  size_t count;
  bool loop_waits;
  /* Loop thread only. */
  uint64_t put_item;
  uint64_t left; /* items to put, then to get */
  uint64_t sum;
  /* Set at init, then constant. */
  size_t capacity;
  uint64_t items;
  uv_loop_t loop;
  uv_async_t async;
};

static struct letter *write_letter(uint64_t item) {
  struct letter *letter = malloc(sizeof *letter);

  if (letter == NULL) {
    course_fail(1, "no memory");
  }
  letter->next = NULL;
  letter->item = item;
  return letter;
}

static void append_locked(struct mailbox *box, struct letter *letter) {
  *box->last = letter;
  box->last = &letter->next;
  box->count++;
}

static struct letter *take_all_locked(struct mailbox *box) {
  struct letter *letters = box->first;

  box->first = NULL;
  box->last = &box->first;
  box->count = 0;
  return letters;
}

static void close_async(struct mailbox *box) { uv_close((uv_handle_t *)&box->async, NULL); }

/* Reads and frees the letters; returns whether the last item was among them. */
static bool read_letters(struct mailbox *box, struct letter *letters) {
  while (letters != NULL) {
    struct letter *letter = letters;

    letters = letter->next;
    box->sum += letter->item;
    box->left--;
    free(letter);
  }
  return box->left == 0;
}

static void on_mail(uv_async_t *async) {
  struct mailbox *box = async->data;
  struct letter *letters;

  uv_mutex_lock(&box->lock);
  letters = take_all_locked(box);
  uv_cond_signal(&box->changed);
  uv_mutex_unlock(&box->lock);
  if (read_letters(box, letters)) {
    close_async(box);
  }
}

static void thread_puts(struct runner *self) {
  struct mailbox *box = self->arg;
  uint64_t item;

  for (item = 1; item <= self->items; item++) {
    struct letter *letter = write_letter(item);

    uv_mutex_lock(&box->lock);
    while (box->capacity != 0 && box->count == box->capacity) {
      uv_cond_wait(&box->changed, &box->lock);
    }
    append_locked(box, letter);
    /* Under the lock, or the loop may have closed the handle after the last one. */
    (void)uv_async_send(&box->async);
    uv_mutex_unlock(&box->lock);
  }
}

static void on_room(uv_async_t *async) {
  struct mailbox *box = async->data;
  size_t room;

  uv_mutex_lock(&box->lock);
  room = box->capacity == 0 ? BATCH : box->capacity - box->count;
  for (; room != 0 && box->put_item != box->items; room--) {
    append_locked(box, write_letter(++box->put_item));
    uv_cond_signal(&box->changed);
  }
  box->loop_waits = box->put_item != box->items && box->capacity != 0;
  uv_mutex_unlock(&box->lock);
  if (box->put_item == box->items) {
    close_async(box);
  } else if (box->capacity == 0) {
    (void)uv_async_send(async);
  }
}

static void thread_gets(struct runner *self) {
  struct mailbox *box = self->arg;
  uint64_t sum = 0;
  uint64_t i;

  for (i = 0; i < self->items; i++) {
    struct letter *letter;

    uv_mutex_lock(&box->lock);
    while (box->first == NULL) {
      uv_cond_wait(&box->changed, &box->lock);
    }
    letter = box->first;
    box->first = letter->next;
    box->last = box->first == NULL ? &box->first : box->last;
    box->count--;
    if (box->loop_waits) {
      box->loop_waits = false;
      (void)uv_async_send(&box->async);
    }
    uv_mutex_unlock(&box->lock);
    sum += letter->item;
    free(letter);
  }
  self->sum = sum;
}

static void put_to_self(struct mailbox *box) {
  uv_mutex_lock(&box->lock);
  append_locked(box, write_letter(++box->put_item));
  uv_mutex_unlock(&box->lock);
  (void)uv_async_send(&box->async);
}

static void on_own_mail(uv_async_t *async) {
  struct mailbox *box = async->data;
  struct letter *letters;

  uv_mutex_lock(&box->lock);
  letters = take_all_locked(box);
  uv_mutex_unlock(&box->lock);
  if (read_letters(box, letters)) {
    close_async(box);
  } else {
    put_to_self(box);
  }
}

static void run_loop(struct runner *self) {
  struct mailbox *box = self->arg;

  (void)uv_run(&box->loop, UV_RUN_DEFAULT);
  self->sum = box->sum;
}

static void init(struct mailbox *box, const struct course *course, uv_async_cb on_async) {
  memset(box, 0, sizeof *box);
  box->last = &box->first;
  box->capacity = course->number;
  box->items = course->items;
  box->left = course->items;
  if (uv_mutex_init(&box->lock) != 0 || uv_cond_init(&box->changed) != 0 ||
      uv_loop_init(&box->loop) != 0 || uv_async_init(&box->loop, &box->async, on_async) != 0) {
    course_fail(1, "init failed");
  }
  box->async.data = box;
}

int main(int argc, char **argv) {
  struct course course = course_read(argc, argv);
  struct mailbox box;
  struct runner runners[2] = {{.run = run_loop, .arg = &box, .items = course.items},
                              {.arg = &box, .items = course.items}};
  unsigned count = 2;
  uint64_t ns;

  if (strcmp(course.scenario, "toloop") == 0) {
    init(&box, &course, on_mail);
    runners[1].run = thread_puts;
  } else if (strcmp(course.scenario, "fromloop") == 0) {
    init(&box, &course, on_room);
    runners[1].run = thread_gets;
    (void)uv_async_send(&box.async);
  } else if (strcmp(course.scenario, "sameloop") == 0) {
    init(&box, &course, on_own_mail);
    put_to_self(&box);
    count = 1;
  } else {
    course_fail(COURSE_UNKNOWN, "no such scenario");
  }
  ns = course_run(runners, count);
  (void)uv_loop_close(&box.loop);
  course_check(runners[0].sum + runners[1].sum, course.items);
  course_report(ns, course.items);
  return 0;
}
