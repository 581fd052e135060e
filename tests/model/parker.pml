/* lot: a model of src/lot.c, park.c and thread.c, in SPIN's Promela. What stands for what: README.md.
 *
 * WAITERS threads wait WAITS times each, in a park of the lot, or in one of their own where all are lent. WAKERS
 * threads claim who waits and wake it. Who waits may claim itself instead, because it is late. The slot is destroyed once all
 * waits are decided, which is before they have ended. */

#ifndef WAITERS
#define WAITERS 2
#endif
#ifndef WAKERS
#define WAKERS 2
#endif
#ifndef WAITS
#define WAITS 2
#endif
#ifndef PARKS
#define PARKS 1
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

bool one_waiter, lot_gone, frame_gone, two_outcomes, all_freed;
#define claim(name, condition) assert((condition) || name)

/* struct handoff__lot. */
byte keepers = 1;
bool freed;
bool is_lent[PARKS];

/* Parks: those of the lot, then each waiter's own. */
#define OWN (PARKS + me)
bool woken[PARKS + WAITERS];
bool asleep[PARKS + WAITERS]; /* somebody, in uv_cond_wait */
byte inside[PARKS + WAITERS]; /* who waits there: none, or one */

/* struct parked, on the stack of its thread. */
byte park_of[WAITERS] = NOBODY; /* NOBODY: the frame is gone */
bool queued[WAITERS_MAX];
#define ANYBODY (queued[0] || queued[1] || queued[2])
bool served[WAITERS]; /* its status has been set */

byte timeouts = TIMEOUTS;
byte spurious = SPURIOUS;
byte decided, ended;

#define touch() claim(lot_gone, !freed)

/* handoff__lot_let_go */
inline let_go() {
  touch();
  keepers--;
  if
  :: keepers == 0 -> freed = true
  :: else
  fi
}

/* The last that a thread does in the model. */
inline end_thread() {
  ended++;
  claim(all_freed, ended != WAITERS + WAKERS + 1 || freed)
}

proctype waiter(byte me) {
  byte left = WAITS;
  byte i;
  bool is_woken, is_late, must_wait;

again:
  /* handoff__lot_borrow: each step looks at one park. */
  i = 0;
  do
  :: i < PARKS ->
#ifdef MUTANT_BORROW_IN_TWO
    if
    :: atomic { is_lent[i] -> i++ }
    :: atomic { !is_lent[i] -> skip }; atomic { touch(); is_lent[i] = true; goto borrowed_now }
    fi
#else
    atomic {
      touch();
      if
      :: is_lent[i] -> i++
      :: else -> is_lent[i] = true; goto borrowed_now
      fi
    }
#endif
  :: else ->
    atomic { woken[OWN] = false; i = OWN; goto found_now }
  od;

  atomic {
    skip;
borrowed_now:
    touch();
#if defined(MUTANT_NO_KEEPER)
#elif defined(MUTANT_ONE_KEEPER)
    keepers++;
#else
    keepers = keepers + 2;
#endif
#ifndef MUTANT_NOT_RESET
    woken[i] = false;
#endif
found_now: /* and queued, which is done with the slot's locks held */
    claim(one_waiter, inside[i] == 0);
    inside[i]++;
    park_of[me] = i;
    queued[me] = true
  };

park: /* handoff__parker_wait: a look at `woken` and the wait that follows are one step, as uv_cond_wait lets go of the lock when
         it has begun to wait. */
  atomic {
    if
    :: park_of[me] < PARKS -> touch()
    :: else
    fi;
    if
    :: woken[i] -> is_woken = true; goto leave_now
    :: !woken[i] && is_late && !must_wait -> goto late
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
    :: !is_late -> is_woken = true; goto leave_now
    :: else
    fi;
#endif
    goto park
  };

late: /* handoff__waitq_cancel: the claim */
#ifdef MUTANT_RETURNED_EARLY
  atomic {
    if
    :: i < PARKS -> touch(); is_lent[i] = false
    :: else
    fi
  };
#endif
  atomic {
    if
    :: queued[me] -> queued[me] = false; decided++
    :: else -> must_wait = true; goto park
    fi
  };

  atomic {
    skip;
leave_now: /* leave_park: from here on nobody uses the frame */
    claim(two_outcomes, is_woken == served[me]);
    inside[i]--;
    park_of[me] = NOBODY;
    served[me] = false;
    if
    :: i >= PARKS -> goto left_now
    :: else
    fi;
#if !defined(MUTANT_LATE_KEEPS) && !defined(MUTANT_NO_KEEPER) && !defined(MUTANT_ONE_KEEPER)
    if
    :: !is_woken -> let_go() /* in place of who would have woken it */
    :: else
    fi
#endif
  };
#ifdef MUTANT_RETURNED_LATE
  atomic { let_go() };
  atomic { touch(); is_lent[i] = false };
#else
  atomic { touch(); is_lent[i] = false };
#ifndef MUTANT_NO_KEEPER
  atomic { let_go() };
#endif
#endif
  atomic {
    skip;
left_now:
    i = 0; is_woken = false; is_late = false; must_wait = false;
    left--;
    if
    :: left != 0 -> goto again
    :: else -> end_thread()
    fi
  }
}

proctype waker(byte me) {
  byte whom, i;

  do
  :: atomic { /* handoff__end_take_first: the claim, the status, with the slot's locks held */
       ANYBODY ->
       if
       :: queued[0] -> whom = 0
       :: queued[1] -> whom = 1
       :: queued[2] -> whom = 2
       fi;
       queued[whom] = false;
       served[whom] = true;
       decided++
     };
     atomic { /* wake, in thread.c, looks into the frame; then `woken` is set with the park's lock held */
       claim(frame_gone, park_of[whom] != NOBODY);
       i = park_of[whom];
       if
       :: i < PARKS -> touch()
       :: else
       fi;
       woken[i] = true;
       if
#ifndef MUTANT_OWN_LASTS
       :: i >= PARKS -> asleep[i] = false; goto woken_now /* handoff__parker_unpark_locked: signalled with the lock held */
#endif
       :: else
       fi
     };
#ifdef MUTANT_SIGNALS_AFTER
     atomic {
       if
       :: i < PARKS -> let_go()
       :: else
       fi
     };
#endif
     atomic { /* handoff__parker_unpark_unlocked */
       if
       :: i < PARKS -> touch()
       :: else -> claim(frame_gone, park_of[whom] == i)
       fi;
       asleep[i] = false
     };
     atomic {
#if !defined(MUTANT_SIGNALS_AFTER) && !defined(MUTANT_NO_KEEPER) && !defined(MUTANT_ONE_KEEPER)
       if
       :: i < PARKS -> let_go()
       :: else
       fi;
#endif
       skip;
woken_now:
       whom = 0; i = 0
     }
  :: atomic { decided == ALL -> end_thread(); break }
  od
}

/* handoff_slot_destroy */
proctype destroyer() {
  atomic {
    decided == ALL ->
#ifdef MUTANT_SLOT_FREES
    freed = true;
#else
    let_go();
#endif
    end_thread()
  }
}

init {
  byte i;

  atomic {
    i = 0;
    do
    :: i < WAITERS -> run waiter(i); i++
    :: else -> break
    od;
    i = 0;
    do
    :: i < WAKERS -> run waker(i); i++
    :: else -> break
    od;
    run destroyer();
    i = 0
  }
}
