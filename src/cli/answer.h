/* answer: a text on its way to standard error, by a thread of its own.
 *
 * Who writes to a terminal that nobody reads, or to a pipe, may have to wait in the middle of it,
 * and the loop must not: it would hear no signal. One text at a time: another that comes meanwhile
 * is not given. Loop thread. */

#ifndef HANDOFF_CLI_ANSWER_H
#define HANDOFF_CLI_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "handoff.h"

#define ANSWER_SIZE 1024

struct answer {
  uv_thread_t thread;
  handoff_slot_t written; /* the thread's last word */
  bool is_writing;
  /* The thread's while is_writing. */
  size_t size;
  char text[ANSWER_SIZE];
};

/* Returns: 0, and then it must be closed; UV_ENOMEM. */
int answer_init(struct answer *answer);

/* Begins to write the text, of ANSWER_SIZE at most; where there is no thread left, writes it. */
void answer_give(struct answer *answer, const char *text, size_t size);

/* Waits until it has been written, or until uv_hrtime() reaches the deadline. True: it has, or
 * there is none. */
bool answer_await(struct answer *answer, uint64_t deadline_ns);

/* False: a text is still being written; the process may end, but the answer must stay until then. */
bool answer_close(struct answer *answer);

#endif /* HANDOFF_CLI_ANSWER_H */
