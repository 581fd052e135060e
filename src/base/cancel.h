/* cancel: holds off pthread_cancel() at a cancellation point that would leave a lock held or a
 * waiter queued. Does nothing where threads cannot be cancelled. */

#ifndef HANDOFF_BASE_CANCEL_H
#define HANDOFF_BASE_CANCEL_H

#if defined(_WIN32) || defined(__ANDROID__)
#define handoff__cancel_disable(state) ((void)(*(state) = 0))
#define handoff__cancel_restore(state) ((void)(state))
#else
#include <pthread.h>
#define handoff__cancel_disable(state) \
  ((void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, (state)))
#define handoff__cancel_restore(state) ((void)pthread_setcancelstate((state), NULL))
#endif

#endif /* HANDOFF_BASE_CANCEL_H */
