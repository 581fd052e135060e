/* slot: a model of src/slot (transfer, ring, waitq, blocking, lifecycle) with src/base/parker.c, in
 * SPIN's Promela. README.md maps its names to the code's.
 *
 * P threads put ITEMS items each and C threads get them, GETS each, through a slot of capacity
 * CAPACITY. With SHUT=1 one more thread shuts the slot at any moment, with SHUT=2 it aborts it, and
 * getters go on until UV_EOF. Without SHUT nothing rescues a thread that has lost its wake-up. With
 * DROP_OLDEST a put evicts the oldest item if the slot is full. One more thread peeks PEEKS times.
 * SPURIOUS wake-ups and TIMEOUTS come at any moment; a thread that timed out tries again. Every
 * loop uses up one of these, so every run is finite: a call that does not end is an invalid end
 * state.
 *
 * A step (atomic) has at most one access to what other threads can reach at that moment. A goto to
 * a label before an atomic ends the step; a goto to a label inside goes on with it. MUTANT_… breaks
 * the protocol in one place. TSO adds store buffers. */

#ifndef P
#define P 1
#endif
#ifndef C
#define C 1
#endif
#ifndef CAPACITY
#define CAPACITY 1
#endif
#ifndef ITEMS
#define ITEMS 1
#endif
#ifndef GETS
#define GETS (P * ITEMS / C)
#endif
#ifndef SHUT
#define SHUT 0
#endif
#ifndef DROP_OLDEST
#define DROP_OLDEST 0
#endif
#ifndef PEEKS
#define PEEKS 0
#endif
#ifndef SPURIOUS
#define SPURIOUS 1
#endif
#ifndef TIMEOUTS
#define TIMEOUTS 0
#endif

#define THREADS (P + C) /* 0 to P - 1 put, the others get */
#define SHUTTER THREADS
#define PEEKER (THREADS + 1)
#define PROCESSES (THREADS + 2)
#define NOBODY 255
#define ALL (P * ITEMS) /* the items: numbers 0 to ALL - 1 */
#define NOTHING ALL
#define UNLIMITED 255
#if !SHUT && !DROP_OLDEST && (ALL < C * GETS || ALL - C * GETS > CAPACITY)
#error "without SHUT every call needs its counterpart"
#endif
#if P > C
#define MOST P
#else
#define MOST C
#endif
#if CAPACITY == 0
#define CELLS 1 /* never used */
#else
#define CELLS CAPACITY
#endif

#define PRODUCER 0
#define CONSUMER 1
#define SIDE (me >= P)
#define OTHER_SIDE (me < P)
#if CAPACITY == 0 /* there is no cell to look at under one lock */
#define FIRST_LOCK PRODUCER
#else
#define FIRST_LOCK SIDE
#endif

/* A cell's state. The state with which a side can transfer at once has the side's number. */
#define FREE 0
#define FULL 1
#define HAS_WAITERS 2
#define IS_READY(side) ((state[cell[side]] & FULL) == (side))
#define IS_MARKED(side) ((state[cell[side]] & HAS_WAITERS) != 0)
#define ANY_WAITER(side) (len(waiters[side]) != 0)

mtype = { NONE, DONE, AGAIN, SHUT_DOWN, TIMED_OUT };
mtype = { NEW, IN, OUT, SEEN, EVICTED, DROPPED };

/* The properties: never true. They give each assertion the name that run.sh prints. */
bool exactly_once, items_fifo, no_overtaking, two_outcomes, never_early, drained_first,
  served_before_shut, discarded_by_abort, eviction_atomic, slot_invariant, slot_destroyed,
  frame_gone;
#define check(name, condition) assert((condition) || name)

/* struct handoff__slot. */
bool locked[2];
byte cell[2];
chan waiters[2] = [MOST] of { byte };
byte state[CELLS];
byte bytes[CELLS] = NOTHING; /* the item in a cell */
bool shut;
bool destroyed;

/* struct waiting_thread, on the stack of its thread: its waiter, and its own parker. parker.pml
 * models the parkers that the slot lends. */
bool queued[THREADS];
bool claimed[THREADS]; /* by the thread that serves it, or by itself: it cancels */
mtype status[THREADS] = NONE;
byte item_of[THREADS] = NOTHING;
bool notified[THREADS];
bool asleep[THREADS];    /* in uv_cond_wait */
byte waker[6] = NOBODY; /* the thread that has it in its wake list */

byte spurious = SPURIOUS;
byte timeouts = TIMEOUTS;

/* What the protocol does not know and the properties need. */
chan order = [ALL] of { byte }; /* items that have been put and not got */
mtype fate[ALL + 1] = NEW;
byte left[THREADS]; /* calls that the thread has still to make */
byte users = THREADS + (SHUT != 0) + (PEEKS != 0);
byte finished;
byte newest = NOTHING;
byte next_tid[2]; /* threads of a kind are alike: without loss they begin in turn */
#ifdef MUTANT_SHARED_COPY
byte evicted = NOTHING;
#endif

byte c, n; /* within a step; 0 between steps */

#define touch_slot() check(slot_destroyed, !destroyed)

/* ---------------------------------------------------------------- what each decision means -- */

/* Its transfer is done. The call may not have returned; only peek and abort use the slot after. */
inline last_call_decided() {
  users--
}

inline made_a_call(tid) {
  if
  :: left[tid] != UNLIMITED ->
    left[tid]--;
    if
    :: left[tid] == 0 -> last_call_decided()
    :: else
    fi
  :: else
  fi
}

inline accept(tid) {
  check(exactly_once, fate[item_of[tid]] == NEW);
  check(drained_first, !shut);
  fate[item_of[tid]] = IN;
  order!item_of[tid];
#if DROP_OLDEST
  newest = item_of[tid];
#endif
  made_a_call(tid)
}

inline take_out(item, to) {
  check(exactly_once, fate[item] == IN);
  check(items_fifo, order?[eval(item)]);
  order?_;
  fate[item] = to
}

inline deliver(tid) {
  check(discarded_by_abort, !shut || SHUT != 2);
  take_out(item_of[tid], OUT);
  made_a_call(tid)
}

inline refuse(side, tid) { /* the slot is shut */
  check(drained_first, side == PRODUCER || len(order) == 0);
  left[tid] = 0;
  last_call_decided()
}

/* A look has found nothing to get. */
#define saw_nothing() check(eviction_atomic, fate[newest] != EVICTED && fate[newest] != DROPPED)

/* ----------------------------------------------------------------- TSO: the store buffers -- */

/* One for each thread: the bytes of an item, the cell's state and the release of the lock leave it
 * in this order. To acquire a lock, a thread waits until its buffer is empty, as an atomic exchange
 * does. Under both locks no other thread looks, so those stores need no buffer. */
#ifdef TSO
byte buffered_bytes[PROCESSES] = NOTHING;
bool is_state_buffered[PROCESSES];
byte buffered_cell[PROCESSES];
bool is_release_buffered[PROCESSES];
#define IS_CELL_DRAINED(tid) (buffered_bytes[tid] == NOTHING && !is_state_buffered[tid])
#define IS_DRAINED(tid) (IS_CELL_DRAINED(tid) && !is_release_buffered[tid])
#ifdef MUTANT_RELAXED_RELEASE
#define MAY_RELEASE(tid) (tid < P || IS_CELL_DRAINED(tid))
#else
#define MAY_RELEASE(tid) IS_CELL_DRAINED(tid)
#endif

proctype memory(byte me) {
end_of_stores:
  do
  :: atomic {
       buffered_bytes[me] != NOTHING ->
       bytes[buffered_cell[me]] = buffered_bytes[me];
       buffered_bytes[me] = NOTHING
     }
  :: atomic {
       buffered_bytes[me] == NOTHING && is_state_buffered[me] ->
       if
       :: me < P -> state[buffered_cell[me]] = FULL
       :: else -> bytes[buffered_cell[me]] = NOTHING; state[buffered_cell[me]] = FREE
       fi;
       is_state_buffered[me] = false;
       buffered_cell[me] = 0
     }
  :: atomic {
       is_release_buffered[me] && MAY_RELEASE(me) ->
       touch_slot();
       locked[SIDE] = false;
       is_release_buffered[me] = false
     }
  od
}
#else
#define IS_DRAINED(tid) true
#endif

/* ------------------------------------------------------------------ the sides of the slot -- */

#define CAN_LOCK(side) (!locked[side] && IS_DRAINED(me))

inline lock(side) {
  touch_slot();
  locked[side] = true
}

inline unlock(side) {
  touch_slot();
  locked[side] = false
}

#if CAPACITY == 0
#define INVARIANT \
  ((!ANY_WAITER(PRODUCER) || !ANY_WAITER(CONSUMER)) && \
   (!shut || (!ANY_WAITER(PRODUCER) && !ANY_WAITER(CONSUMER))))
#else
#define INVARIANT \
  ((!ANY_WAITER(PRODUCER) || (state[cell[PRODUCER]] == (FULL | HAS_WAITERS) && !shut)) && \
   (!ANY_WAITER(CONSUMER) || (state[cell[CONSUMER]] == (FREE | HAS_WAITERS) && !shut)))
#endif

/* After every change. A change under both locks is one step, so in every state a lock is free. */
inline check_invariant() {
#ifndef BARE /* BARE: to see the consequence of breaking it */
  check(slot_invariant, INVARIANT)
#else
  skip
#endif
}

inline advance(side) {
  cell[side] = (cell[side] + 1) % CELLS
}

inline mark_cell(side) {
#if CAPACITY != 0 && !defined(MUTANT_NO_MARK)
  if
  :: ANY_WAITER(side) -> state[cell[side]] = state[cell[side]] | HAS_WAITERS
  :: else
  fi
#else
  skip
#endif
}

inline waitq_push() {
  queued[me] = true;
  waiters[SIDE]!me
}

/* All that follows is done under both locks, and so within a step. */

inline ring_move(side, tid) {
  if
  :: side == PRODUCER ->
    bytes[cell[PRODUCER]] = item_of[tid]; state[cell[PRODUCER]] = FULL; accept(tid)
  :: else ->
    item_of[tid] = bytes[cell[CONSUMER]]; bytes[cell[CONSUMER]] = NOTHING;
    state[cell[CONSUMER]] = FREE; deliver(tid)
  fi;
  advance(side)
}

/* The first waiter that has not cancelled; or NOBODY. */
inline waitq_pop(side, tid, how) {
  do
  :: ANY_WAITER(side) ->
    waiters[side]?<n>;
#ifdef MUTANT_SERVE_LAST
    for (c : 2 .. len(waiters[side])) {
      waiters[side]?tid; waiters[side]!tid
    };
    c = 0;
#endif
    waiters[side]?tid;
    check(no_overtaking, tid == n);
    n = 0;
#ifdef MUTANT_SKIP_STAYS_QUEUED
    queued[tid] = claimed[tid];
#else
    queued[tid] = false;
#endif
    if
#ifdef MUTANT_SERVE_IGNORES_CLAIM
    :: true ->
#else
    :: !claimed[tid] ->
#endif
      claimed[tid] = true;
      waker[tid] = me;
#ifndef MUTANT_NOTIFY_BEFORE_STATUS
      status[tid] = how;
#endif
      break
    :: else ->
      tid = NOBODY
#ifdef MUTANT_SKIP_STOPS
      ; break
#endif
    fi
  :: else -> tid = NOBODY; break
  od
}

inline serve(side) {
  do
  :: ANY_WAITER(side) && IS_READY(side) ->
    waitq_pop(side, other, DONE);
    if
    :: other != NOBODY -> ring_move(side, other)
    :: else -> break
    fi
  :: else -> break
  od
}

inline match_waiters() {
#ifndef MUTANT_NO_MATCH
  serve(PRODUCER);
  serve(CONSUMER);
  other = NOBODY;
#ifndef BARE
  check(slot_invariant, !ANY_WAITER(PRODUCER) || !IS_READY(PRODUCER)); /* once was enough */
#endif
#ifndef MUTANT_NO_REMARK
  mark_cell(PRODUCER);
  mark_cell(CONSUMER)
#endif
#else
  skip
#endif
}

inline rendezvous() {
  waitq_pop(OTHER_SIDE, other, DONE);
  if
  :: other == NOBODY
  :: other != NOBODY && me < P ->
    item_of[other] = item_of[me]; accept(me); deliver(other); result = DONE
  :: other != NOBODY && me >= P ->
    item_of[me] = item_of[other]; accept(other); deliver(me); result = DONE
  fi;
  other = NOBODY
}

#if DROP_OLDEST
inline evict_oldest() {
  check(exactly_once, evicted == NOTHING);
  evicted = bytes[cell[PRODUCER]];
  take_out(evicted, EVICTED);
#ifdef MUTANT_FINALIZE_IN_CELL
  evicted_cell = cell[PRODUCER];
#endif
#ifndef MUTANT_EVICT_IN_TWO
  bytes[cell[PRODUCER]] = item_of[me];
  advance(PRODUCER);
  cell[CONSUMER] = cell[PRODUCER];
  accept(me)
#else
  bytes[cell[PRODUCER]] = NOTHING;
  state[cell[PRODUCER]] = FREE;
  advance(CONSUMER)
#endif
}
#endif

inline complete_all(side) {
  do
  :: ANY_WAITER(side) ->
    waitq_pop(side, other, SHUT_DOWN);
    if
    :: other != NOBODY -> refuse(side, other)
    :: else -> break
    fi
  :: else -> break
  od;
  other = NOBODY
}

/* ------------------------------------------------------------------------------ the parker -- */

/* handoff__parker_unpark_locked: the last thing a call does, and its last use of a pointer to
 * another thread's frame. Some mutants do it in two steps. */
#if defined(MUTANT_SIGNAL_AFTER_UNLOCK)
#define unpark_begin(tid) notified[tid] = true
#elif defined(MUTANT_NOTIFY_BEFORE_STATUS)
#define unpark_begin(tid) notified[tid] = true; asleep[tid] = false; waker[tid] = NOBODY
#endif

inline unpark(tid, how) {
  notified[tid] = true;
#ifndef MUTANT_NO_SIGNAL
  asleep[tid] = false;
#endif
#ifdef MUTANT_NOTIFY_BEFORE_STATUS
  status[tid] = how;
#endif
  waker[tid] = NOBODY;
  tid = NOBODY
}

#define HAS_TO_WAKE (waker[0] == me || waker[1] == me || waker[2] == me || waker[3] == me || \
                     waker[4] == me || waker[5] == me)

/* In any order: the threads in a wake list share nothing. */
inline wake_all(how) {
  do
  :: atomic { HAS_TO_WAKE ->
       if
       :: waker[0] == me -> other = 0
       :: waker[1] == me -> other = 1
       :: waker[2] == me -> other = 2
       :: waker[3] == me -> other = 3
       :: waker[4] == me -> other = 4
       :: waker[5] == me -> other = 5
       fi;
#ifdef unpark_begin
       unpark_begin(other)
     };
     atomic {
#endif
       unpark(other, how)
     }
#ifdef MUTANT_SHUT_WAKES_ONE
     ;
     if
     :: how == SHUT_DOWN -> break
     :: else
     fi
#endif
  :: else -> break
  od
}

/* -------------------------------------------------------------------- the blocking calls -- */

inline begin_call(tid) {
  item_of[tid] = (tid < P && left[tid] != 0 -> tid * ITEMS + ITEMS - left[tid] : NOTHING)
}

inline end_frame() {
  check(frame_gone, waker[me] == NOBODY && !queued[me]);
  status[me] = NONE; claimed[me] = false; notified[me] = false; asleep[me] = false
}

inline end_call() {
  check(two_outcomes, result == DONE || result == SHUT_DOWN || result == TIMED_OUT);
  check(never_early, result != TIMED_OUT || expired);
  if
  :: me < P -> check(exactly_once, (fate[item_of[me]] != NEW) == (result == DONE))
  :: me >= P && result == DONE ->
    check(exactly_once, fate[item_of[me]] == OUT); fate[item_of[me]] = SEEN
  :: else
  fi;
  result = NONE; expired = false; must_wait = false; has_waiter = false;
  begin_call(me)
}

/* The last call of a thread has returned. If no call is undecided, the thread destroys the slot,
 * unless another one does. */
inline end_use() {
  atomic {
    if
    :: users == 0 -> users = UNLIMITED
    :: else -> goto used
    fi
  };
#if !defined(MUTANT_DESTROY_UNLOCKED) && !defined(MUTANT_DESTROY_CONSUMER_LOCK)
  atomic { CAN_LOCK(PRODUCER) -> lock(PRODUCER) };
#endif
  atomic {
#if !defined(MUTANT_DESTROY_UNLOCKED) && !defined(MUTANT_DESTROY_PRODUCER_LOCK)
    CAN_LOCK(CONSUMER);
#endif
    destroyed = true;
    check(slot_invariant, !ANY_WAITER(PRODUCER) && !ANY_WAITER(CONSUMER));
    do
    :: CAPACITY != 0 && IS_READY(CONSUMER) ->
      take_out(bytes[cell[CONSUMER]], SEEN);
      bytes[cell[CONSUMER]] = NOTHING; state[cell[CONSUMER]] = FREE; advance(CONSUMER)
    :: else -> break
    od
  };
used:
  atomic {
    finished++;
    if
    :: finished == THREADS + (SHUT != 0) + (PEEKS != 0) ->
      check(slot_destroyed, destroyed);
      for (n : 0 .. ALL - 1) {
        check(exactly_once, fate[n] == NEW || fate[n] == SEEN || fate[n] == DROPPED)
      };
      n = 0
    :: else
    fi
  }
}

proctype thread(byte me) {
  byte other = NOBODY;
  mtype result = NONE;
  bool has_waiter; /* the second attempt, with a waiter */
  bool expired, must_wait;
#if DROP_OLDEST && !defined(MUTANT_SHARED_COPY)
  byte evicted = NOTHING;
#endif
#ifdef MUTANT_FINALIZE_IN_CELL
  byte evicted_cell;
#endif
#ifdef MUTANT_STALE_STATE
  bool was_ready;
#endif

  atomic {
    next_tid[SIDE] == (me < P -> me : me - P) && CAN_LOCK(FIRST_LOCK) -> next_tid[SIDE]++;
    goto attempt_now
  };

attempt: /* handoff__transfer_fast and handoff__transfer */
  atomic {
    CAN_LOCK(FIRST_LOCK);
attempt_now:
#if CAPACITY == 0
    lock(PRODUCER);
    goto both_locks_now;
#endif
    lock(SIDE);
    if
#ifdef MUTANT_IGNORE_MARK
    :: IS_READY(SIDE) && !(shut && me < P) -> goto one_lock
#else
    :: IS_READY(SIDE) && !IS_MARKED(SIDE) && !(shut && me < P) -> goto one_lock
#endif
    :: !IS_READY(SIDE) && !IS_MARKED(SIDE) && !shut && !has_waiter && !(DROP_OLDEST && me < P) ->
      goto spin_for_cell
    :: else -> goto not_ready_now
    fi
  };

spin_for_cell: /* it may find the cell ready, or give up, at any moment */
  atomic {
    touch_slot();
    if
    :: IS_READY(SIDE) && !IS_MARKED(SIDE) -> goto one_lock
    :: !IS_READY(SIDE)
    fi;
not_ready_now:
#ifdef MUTANT_MARK_ONE_LOCK
    if
    :: has_waiter && !IS_READY(SIDE) && !shut -> goto push_one_lock
    :: else
    fi;
#endif
    if
    :: !has_waiter && !IS_READY(SIDE) && !(DROP_OLDEST && me < P) ->
      if
      :: shut -> result = SHUT_DOWN; refuse(SIDE, me)
      :: else -> result = AGAIN; saw_nothing()
      fi;
      unlock(SIDE);
      goto unlocked_now
    :: else
    fi;
    /* lock_other */
#ifdef MUTANT_STALE_STATE
    was_ready = IS_READY(SIDE);
#endif
#ifdef MUTANT_LOCK_ORDER
    if
    :: me < P -> unlock(PRODUCER)
    :: else
    fi;
#else
    unlock(SIDE);
#endif
    goto both_locks
  };

one_lock: /* handoff__ring_move; nobody else sees the side's own cursor */
  atomic {
    touch_slot();
#ifdef MUTANT_PUBLISH_FIRST
    if
    :: me < P -> state[cell[PRODUCER]] = FULL
    :: else -> state[cell[CONSUMER]] = FREE
    fi
#else
    if
#ifdef TSO
    :: me < P -> buffered_bytes[me] = item_of[me]; buffered_cell[me] = cell[PRODUCER]
#else
    :: me < P -> bytes[cell[PRODUCER]] = item_of[me]
#endif
    :: else -> item_of[me] = bytes[cell[CONSUMER]]
    fi
#endif
  };
  atomic {
    touch_slot();
#ifdef TSO
    is_state_buffered[me] = true; buffered_cell[me] = cell[SIDE];
#else
    if
#ifdef MUTANT_PUBLISH_FIRST
    :: me < P -> bytes[cell[PRODUCER]] = item_of[me]
    :: else -> item_of[me] = bytes[cell[CONSUMER]]; bytes[cell[CONSUMER]] = NOTHING
#else
    :: me < P -> state[cell[PRODUCER]] = FULL
    :: else -> bytes[cell[CONSUMER]] = NOTHING; state[cell[CONSUMER]] = FREE
#endif
    fi;
#endif
    advance(SIDE);
    check(no_overtaking, !ANY_WAITER(SIDE));
    if
    :: me < P -> accept(me)
    :: else -> deliver(me)
    fi;
    result = DONE;
    check_invariant()
  };
  atomic {
#ifdef TSO
    is_release_buffered[me] = true;
#else
    unlock(SIDE);
#endif
    goto returned_now
  };

both_locks: /* transfer_both_locks, put_evicting */
  atomic { CAN_LOCK(PRODUCER) -> lock(PRODUCER) };
both_locks_now:
  atomic {
#ifdef MUTANT_LOCK_ORDER
    if
    :: me < P -> CAN_LOCK(CONSUMER)
    :: else -> locked[CONSUMER] = false
    fi;
#elif defined(MUTANT_EVICT_ONE_LOCK)
    (me < P && !shut && !IS_READY(PRODUCER)) || CAN_LOCK(CONSUMER);
#else
    CAN_LOCK(CONSUMER);
#endif
    touch_slot();
    if
    :: shut && me < P -> result = SHUT_DOWN; refuse(PRODUCER, me)
#ifdef MUTANT_STALE_STATE
    :: CAPACITY != 0 && was_ready && !(shut && me < P) ->
#else
    :: CAPACITY != 0 && IS_READY(SIDE) && !(shut && me < P) ->
#endif
      check(no_overtaking, !ANY_WAITER(SIDE));
      ring_move(SIDE, me);
      result = DONE;
      match_waiters()
    :: else ->
      if
      :: shut -> result = SHUT_DOWN; refuse(CONSUMER, me)
      :: !shut && CAPACITY == 0 && ANY_WAITER(OTHER_SIDE) ->
        check(no_overtaking, !ANY_WAITER(SIDE)); rendezvous()
#if DROP_OLDEST
      :: !shut && me < P -> evict_oldest(); result = DONE
#endif
      :: else
      fi;
      if
      :: result != NONE
      :: else ->
        result = AGAIN;
        saw_nothing();
        if
        :: has_waiter -> waitq_push(); mark_cell(SIDE)
        :: else
        fi
      fi
    fi;
    check_invariant()
  };
#ifdef MUTANT_EVICT_IN_TWO
  atomic {
    if
    :: me < P && evicted != NOTHING -> unlock(PRODUCER)
    :: else -> goto has_evicted
    fi
  };
  atomic { CAN_LOCK(PRODUCER) -> lock(PRODUCER) };
  atomic { CAN_LOCK(CONSUMER) -> ring_move(PRODUCER, me) };
has_evicted:
#endif
  atomic { /* the consumer's lock was released in the step before */
    unlock(PRODUCER);
#if DROP_OLDEST
    if
    :: me < P && evicted != NOTHING
    :: else -> goto finalized_now
    fi
  };
  atomic { /* the finalizer runs, on a copy on this thread's stack */
#ifdef MUTANT_READ_DROP_LATE
    touch_slot();
#endif
#ifdef MUTANT_FINALIZE_IN_CELL
    evicted = bytes[evicted_cell]; evicted_cell = 0;
#endif
    check(exactly_once, fate[evicted] == EVICTED);
    fate[evicted] = DROPPED; evicted = NOTHING;
finalized_now:
#endif
    if
    :: HAS_TO_WAKE
    :: else -> goto unlocked_now
    fi
  };
  wake_all(DONE);
#ifdef MUTANT_TOUCH_AFTER_WAKE
  touch_slot();
#endif
  goto unlocked;

#ifdef MUTANT_MARK_ONE_LOCK
push_one_lock:
  atomic {
    waitq_push(); mark_cell(SIDE); unlock(SIDE); result = AGAIN; goto unlocked_now
  };
#endif

unlocked: /* transfer_until and wait_for go on */
  atomic {
    skip;
unlocked_now:
    if
    :: result != AGAIN -> goto returned_now
    :: result == AGAIN && has_waiter -> result = NONE; goto wait
    :: result == AGAIN && !has_waiter -> result = NONE; has_waiter = true; goto attempt
    :: result == AGAIN && !has_waiter && timeouts != 0 -> /* the deadline had passed; try_… */
      timeouts--; expired = true; result = TIMED_OUT; goto returned_now
    fi
  };

wait: /* handoff__parker_wait: uv_cond_wait unlocks when it has begun to wait, so one step. First
         until the deadline; if must_wait, without one. */
  atomic {
    if
    :: notified[me] -> goto served_now
    :: !notified[me] && expired && !must_wait -> goto cancel
    :: else
#ifndef MUTANT_WAIT_IN_TWO
      -> asleep[me] = true
#endif
    fi
  };
#ifdef MUTANT_WAIT_IN_TWO
  asleep[me] = true;
#endif
  atomic {
    if
    :: !asleep[me]
    :: asleep[me] && spurious != 0 -> spurious--; asleep[me] = false
    :: asleep[me] && !expired && timeouts != 0 -> timeouts--; asleep[me] = false; expired = true
    fi;
#ifdef MUTANT_IF
    if
    :: notified[me] || must_wait -> goto served_now
    :: else -> goto cancel
    fi;
#endif
    goto wait
  };

cancel: /* handoff__waitq_cancel */
  atomic {
#ifdef MUTANT_CANCEL_LOCKS_FIRST
    CAN_LOCK(SIDE);
    touch_slot();
#endif
    if
    :: !claimed[me]
#ifdef MUTANT_CANCEL_IGNORES_CLAIM
    :: else
#elif defined(MUTANT_CLAIMED_TIMES_OUT)
    :: else -> result = TIMED_OUT; goto returned_now
#elif defined(MUTANT_NO_SECOND_WAIT)
    :: else -> goto served_now
#else
    :: else -> must_wait = true; goto wait
#endif
    fi;
#ifdef MUTANT_CLAIM_IN_TWO
  };
  atomic {
#endif
    claimed[me] = true
  };
  atomic {
#ifndef MUTANT_CANCEL_STAYS_QUEUED
    CAN_LOCK(SIDE);
    touch_slot();
    if
    :: queued[me] -> waiters[SIDE]??eval(me); queued[me] = false
    :: else /* waitq_pop has skipped it */
    fi;
    check_invariant();
#endif
    result = TIMED_OUT; goto returned_now
  };

served:
  atomic {
    skip;
served_now:
#ifdef MUTANT_TIMEOUT_WINS
    result = (expired -> TIMED_OUT : status[me]);
#else
    result = status[me];
#endif
returned_now: /* as early as possible, when it is the most dangerous */
    end_frame();
    end_call();
    if
    :: left[me] != 0 -> goto attempt
    :: else
    fi
  };
  end_use()
}

/* ----------------------------------------------------------------------- shut, abort, peek -- */

/* handoff_slot_shut; with SHUT=2 handoff_slot_abort. */
#if SHUT
proctype shutter() {
  byte me = SHUTTER;
  byte other = NOBODY;
  byte first, count;

#ifdef MUTANT_SHUT_ONE_LOCK
  true;
#else
  atomic { CAN_LOCK(PRODUCER) -> lock(PRODUCER) };
#endif
  atomic {
    CAN_LOCK(CONSUMER);
    check(served_before_shut, CAPACITY == 0 || !ANY_WAITER(PRODUCER) || !IS_READY(PRODUCER));
    check(served_before_shut, CAPACITY == 0 || !ANY_WAITER(CONSUMER) || !IS_READY(CONSUMER));
    shut = true;
    complete_all(PRODUCER);
#ifndef MUTANT_SHUT_SKIPS_GETTERS
    complete_all(CONSUMER);
#endif
#if SHUT == 2 /* take_all */
    first = cell[CONSUMER];
    do
    :: CAPACITY != 0 && IS_READY(CONSUMER) ->
      state[cell[CONSUMER]] = FREE;
      take_out(bytes[cell[CONSUMER]], OUT);
      advance(CONSUMER);
      count++
#ifdef MUTANT_ABORT_TAKES_ONE
      ; break
#endif
    :: else -> break
    od;
#else
    last_call_decided();
#endif
    check_invariant()
  };
#ifndef MUTANT_SHUT_ONE_LOCK
  atomic { unlock(PRODUCER) };
#endif
  wake_all(SHUT_DOWN);
#if SHUT == 2
  atomic { /* finalize_all: no put uses the cells any more */
    touch_slot();
    do
    :: count != 0 ->
      check(exactly_once, fate[bytes[first]] == OUT);
      fate[bytes[first]] = SEEN; bytes[first] = NOTHING;
      first = (first + 1) % CELLS; count--
    :: else -> break
    od;
    first = 0;
    last_call_decided()
  };
#endif
  end_use()
}
#endif

/* handoff_slot_peek. */
#if PEEKS
proctype peeker() {
  byte me = PEEKER;
  byte peeks = PEEKS;

  do
  :: peeks != 0 ->
    atomic { CAN_LOCK(PRODUCER) -> lock(PRODUCER); peeks-- };
#ifdef MUTANT_PEEK_ONE_LOCK
    if
    :: atomic { IS_READY(CONSUMER) -> c = cell[CONSUMER] };
       atomic { check(items_fifo, order?[eval(bytes[c])]); c = 0 }
    :: else
    fi;
#else
    atomic {
      CAN_LOCK(CONSUMER);
      touch_slot();
      if
      :: IS_READY(CONSUMER) -> check(items_fifo, order?[eval(bytes[cell[CONSUMER]])])
      :: else -> check(drained_first, len(order) == 0); saw_nothing()
      fi
    };
#endif
    atomic { unlock(PRODUCER) }
  :: else -> break
  od;
  atomic { last_call_decided() };
  end_use()
}
#endif

init {
  atomic {
    for (n : 0 .. THREADS - 1) {
      if
      :: n < P -> left[n] = ITEMS
      :: else -> left[n] = (SHUT -> UNLIMITED : GETS)
      fi;
      begin_call(n);
#ifdef TSO
      run memory(n);
#endif
      run thread(n)
    };
    n = 0;
#if SHUT
    run shutter();
#endif
#if PEEKS
    run peeker();
#endif
    skip
  }
}
