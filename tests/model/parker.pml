/* parker: a model of the parkers and the reference count of src/slot/blocking.c, with
 * src/base/parker.c, in SPIN's Promela. README.md maps its names to the code's.
 *
 * WAITERS threads wait WAITS times each, in a parker that the slot lends, or in one on their stack
 * if all are lent. WAKERS threads claim waiters and wake them. A waiter whose deadline has passed
 * cancels. As soon as every wait is decided, which may be before the calls return, the slot is
 * destroyed. */

#ifndef WAITERS
#define WAITERS 2
#endif
#ifndef WAKERS
#define WAKERS 2
#endif
#ifndef WAITS
#define WAITS 2
#endif
#ifndef PARKERS
#define PARKERS 1
#endif
#ifndef TIMEOUTS
#define TIMEOUTS 1
#endif
#ifndef SPURIOUS
#define SPURIOUS 1
#endif
#define WAITERS_MAX 3
#define ALL (WAITERS * WAITS)
#define NOBODY 255

/* The properties: never true. They give each assertion the name that run.sh prints. */
bool one_waiter, memory_gone, frame_gone, two_outcomes, all_freed;
#define check(name, condition) assert((condition) || name)

/* struct handoff__slot. */
byte refs = 1;
bool freed;
bool is_claimed[PARKERS];

/* The parkers: the slot's, then one on the stack of each waiter. */
#define OWN (PARKERS + me)
#define IS_LENT(parker) ((parker) < PARKERS)
bool notified[PARKERS + WAITERS];
bool asleep[PARKERS + WAITERS]; /* in uv_cond_wait */
byte users[PARKERS + WAITERS];  /* threads that wait in it: at most one */

/* struct waiting_thread, on the stack of its thread. */
byte parker_of[WAITERS] = NOBODY; /* NOBODY: the frame is gone */
bool queued[WAITERS_MAX];
#define ANYBODY (queued[0] || queued[1] || queued[2])
bool served[WAITERS]; /* its status has been set */

byte timeouts = TIMEOUTS;
byte spurious = SPURIOUS;
byte decided, ended;

#define touch_slot() check(memory_gone, !freed)

inline touch_parker(parker) {
  if
  :: IS_LENT(parker) -> touch_slot()
  :: else
  fi
}

/* handoff__slot_unref */
inline unref(count) {
  touch_slot();
  refs = refs - count;
  if
  :: refs == 0 -> freed = true
  :: else
  fi
}

/* The last step of each process. */
inline end_thread() {
  ended++;
  check(all_freed, ended != WAITERS + WAKERS + 1 || freed)
}

proctype waiter(byte me) {
  byte left = WAITS;
  byte i;
  bool has_succeeded, is_notified, is_late, must_wait;

again: /* claim_parker: each step looks at one parker */
  i = 0;
  do
  :: i < PARKERS ->
#ifdef MUTANT_CLAIM_IN_TWO
    if
    :: atomic { is_claimed[i] -> i++ }
    :: atomic { !is_claimed[i] -> skip };
       atomic { touch_slot(); is_claimed[i] = true; goto claimed_now }
    fi
#else
    atomic {
      touch_slot();
      if
      :: is_claimed[i] -> i++
      :: else -> is_claimed[i] = true; goto claimed_now
      fi
    }
#endif
  :: else ->
    atomic { notified[OWN] = false; i = OWN; goto has_parker_now }
  od;

  atomic {
    skip;
claimed_now:
    touch_slot();
#if defined(MUTANT_NO_REF)
#elif defined(MUTANT_ONE_REF)
    refs++;
#else
    refs = refs + 2;
#endif
#ifndef MUTANT_NO_RESET
    notified[i] = false;
#endif
has_parker_now: /* the second attempt, under the slot's locks: it is queued, or need not wait */
    check(one_waiter, users[i] == 0);
    users[i]++;
    parker_of[me] = i;
    if
    :: queued[me] = true
    :: timeouts != 0 -> timeouts--; has_succeeded = true; decided++; goto return_now
    fi
  };

wait: /* handoff__parker_wait: uv_cond_wait unlocks when it has begun to wait, so one step */
  atomic {
    touch_parker(i);
    if
    :: notified[i] -> is_notified = true; goto return_now
    :: !notified[i] && is_late && !must_wait -> goto cancel
    :: else -> asleep[i] = true
    fi
  };
  atomic {
    if
    :: !asleep[i]
    :: asleep[i] && spurious != 0 -> spurious--; asleep[i] = false
    :: asleep[i] && !is_late && timeouts != 0 -> timeouts--; asleep[i] = false; is_late = true
    fi;
#ifdef MUTANT_IF
    if
    :: !is_late -> is_notified = true; goto return_now
    :: else
    fi;
#endif
    goto wait
  };

cancel: /* handoff__waitq_cancel: the claim; then the slot's lock */
#ifdef MUTANT_RETURN_BEFORE_CANCEL
  atomic {
    if
    :: IS_LENT(i) -> touch_slot(); is_claimed[i] = false
    :: else
    fi
  };
#endif
  atomic {
    if
    :: queued[me] -> queued[me] = false
    :: else -> must_wait = true; goto wait
    fi
  };

  atomic {
    touch_slot();
return_now: /* return_parker: nobody else uses the frame any more */
    check(two_outcomes, is_notified == served[me]);
    users[i]--;
    parker_of[me] = NOBODY;
    served[me] = false;
    if
    :: IS_LENT(i)
    :: else -> goto returned_now
    fi
  };
#ifdef MUTANT_UNREF_BEFORE_RETURN
  atomic { unref(1) };
#endif
  atomic { touch_slot(); is_claimed[i] = false };
#if !defined(MUTANT_UNREF_BEFORE_RETURN) && !defined(MUTANT_NO_REF)
  atomic {
    if
#if !defined(MUTANT_CANCEL_KEEPS_REF) && !defined(MUTANT_ONE_REF)
    :: !is_notified -> unref(2)
#endif
    :: else -> unref(1)
    fi
  };
#endif
  atomic { /* the call returns; only now is it known to have timed out */
    skip;
returned_now:
    if
    :: has_succeeded || is_notified
    :: else -> decided++
    fi;
    i = 0; has_succeeded = false; is_notified = false; is_late = false; must_wait = false;
    left--;
    if
    :: left != 0 -> goto again
    :: else -> end_thread()
    fi
  }
}

proctype waker() {
  byte tid, i;

  do
  :: atomic { /* handoff__waitq_pop: the claim and the status, under the slot's locks */
       ANYBODY -> touch_slot();
       if
       :: queued[0] -> tid = 0
       :: queued[1] -> tid = 1
       :: queued[2] -> tid = 2
       fi;
       queued[tid] = false;
       served[tid] = true;
       decided++
     };
     atomic { /* wake reads the frame; `notified` is set under the parker's mutex */
       check(frame_gone, parker_of[tid] != NOBODY);
       i = parker_of[tid];
       touch_parker(i);
       notified[i] = true;
       if
#ifndef MUTANT_UNPARK_OWN_UNLOCKED
       :: !IS_LENT(i) -> asleep[i] = false; goto unparked_now /* handoff__parker_unpark_locked */
#endif
       :: else
       fi
     };
#ifdef MUTANT_SIGNAL_AFTER_UNREF
     atomic {
       if
       :: IS_LENT(i) -> unref(1)
       :: else
       fi
     };
#endif
     atomic { /* handoff__parker_unpark_unlocked: the signal */
       if
       :: IS_LENT(i) -> touch_slot()
       :: else -> check(frame_gone, parker_of[tid] == i)
       fi;
#ifndef MUTANT_NO_SIGNAL
       asleep[i] = false
#endif
     };
     atomic {
#if !defined(MUTANT_SIGNAL_AFTER_UNREF) && !defined(MUTANT_NO_REF) && !defined(MUTANT_ONE_REF)
       if
       :: IS_LENT(i) -> unref(1)
       :: else
       fi;
#endif
       skip;
unparked_now:
       tid = 0; i = 0
     }
  :: atomic { decided == ALL -> end_thread(); break }
  od
}

/* handoff_slot_destroy, as soon as the application may call it. */
proctype destroyer() {
  atomic {
    decided == ALL ->
#ifdef MUTANT_DESTROY_FREES
    freed = true;
#else
    unref(1);
#endif
    end_thread()
  }
}

init {
  byte i;

  atomic {
    for (i : 0 .. WAITERS - 1) {
      run waiter(i)
    };
    for (i : 1 .. WAKERS) {
      run waker()
    };
    run destroyer();
    i = 0
  }
}
