/* annotate: what valgrind's helgrind and DRD are told, which see mutexes and not atomics: that what came before one thread
 * gave something back comes before what follows where another one has taken it. Only in builds for them. */

#ifndef HANDOFF_ANNOTATE_H
#define HANDOFF_ANNOTATE_H

#ifdef HANDOFF_ANNOTATE
#include <stdint.h>

#include <valgrind/helgrind.h>
/* After helgrind.h, whose macros of the same names it then leaves alone. */
#include <valgrind/drd.h>

#define handoff__annotate_give(object)                                                 \
  do {                                                                                 \
    DO_CREQ_v_W(_VG_USERREQ__HG_USERSO_SEND_PRE, void *, (void *)(uintptr_t)(object)); \
    VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__DRD_ANNOTATE_HAPPENS_BEFORE,           \
                                    (void *)(uintptr_t)(object), 0, 0, 0, 0);          \
  } while (0)
#define handoff__annotate_take(object)                                                  \
  do {                                                                                  \
    DO_CREQ_v_W(_VG_USERREQ__HG_USERSO_RECV_POST, void *, (void *)(uintptr_t)(object)); \
    VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__DRD_ANNOTATE_HAPPENS_AFTER,             \
                                    (void *)(uintptr_t)(object), 0, 0, 0, 0);           \
  } while (0)
#define handoff__annotate_gone(object) \
  DO_CREQ_v_W(_VG_USERREQ__HG_USERSO_FORGET_ALL, void *, (void *)(uintptr_t)(object))
#else
#define handoff__annotate_give(object) ((void)0)
#define handoff__annotate_take(object) ((void)0)
#define handoff__annotate_gone(object) ((void)0)
#endif

#endif /* HANDOFF_ANNOTATE_H */
