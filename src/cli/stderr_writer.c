/* stderr_writer: see stderr_writer.h. */

#include "stderr_writer.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fds.h"

int stderr_writer_init(struct stderr_writer *writer) {
  handoff_slot_options_t options = handoff_slot_options(1);

  writer->is_writing = false;
  writer->err = 0;
  return handoff_slot_init(&writer->done, &options);
}

static void write_text(void *arg) {
  struct stderr_writer *writer = arg;

  writer->err = fds_write(STDERR_FILENO, writer->text, writer->size);
  if (handoff_slot_try_put(&writer->done, "") != 0) {
    abort(); /* The loop takes each byte before it starts the next thread. */
  }
}

/* The thread blocks all signals. signals_close() unblocks some on the loop thread only, and while
 * it has them blocked there, the kernel must not deliver them here. */
static int create_thread(struct stderr_writer *writer) {
  sigset_t all;
  sigset_t before;
  int err;

  (void)sigfillset(&all);
  (void)pthread_sigmask(SIG_SETMASK, &all, &before);
  err = uv_thread_create(&writer->thread, write_text, writer);
  (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
  return err;
}

void stderr_writer_start(struct stderr_writer *writer, const char *text, size_t size) {
  if (!stderr_writer_wait(writer, 0)) {
    return;
  }
  memcpy(writer->text, text, size);
  writer->size = size;
  if (create_thread(writer) == 0) {
    writer->is_writing = true;
  } else {
    writer->err = fds_write(STDERR_FILENO, text, size);
  }
}

bool stderr_writer_wait(struct stderr_writer *writer, uint64_t deadline_ns) {
  char byte;

  if (writer->is_writing && handoff_slot_get_until(&writer->done, &byte, deadline_ns) == 0) {
    (void)uv_thread_join(&writer->thread);
    writer->is_writing = false;
  }
  return !writer->is_writing;
}

bool stderr_writer_close(struct stderr_writer *writer) {
  if (!stderr_writer_wait(writer, 0)) {
    (void)pthread_detach(writer->thread);
    return false;
  }
  handoff_slot_destroy(&writer->done);
  return true;
}
