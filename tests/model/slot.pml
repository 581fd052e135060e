/* slot: a model of src/pass.c, end.c, slot.c, park.c and thread.c, in SPIN's Promela. What stands for what: README.md.
 *
 * P threads put ITEMS items each and C threads get them, GETS each, over a slot of capacity CAPACITY. With SHUT=1 one
 * more thread shuts it, at any moment, with SHUT=2 it aborts it, and getters go on until UV_EOF; without, nothing
 * comes to the rescue of who has lost a wake-up. With LATEST a put that finds it full replaces. PEEKS looks are
 * taken at the oldest item. SPURIOUS wake-ups and TIMEOUTS come at any moment; who timed out tries again. Every
 * loop uses up one of these, so all runs are finite: a call that does not end is an invalid end state.
 *
 * A step (atomic) has at most one access to what others can reach at that moment. A goto to a label before an atomic
 * ends the step, one to a label inside goes on with it. MUTANT_… breaks the protocol in one place. TSO adds store
 * buffers. */

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
#ifndef LATEST
#define LATEST 0
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
#define EVERYBODY (THREADS + 2)
#define NOBODY 255
#define ALL (P * ITEMS) /* items: numbers 0 to ALL - 1 */
#define NOTHING ALL
#define MANY 255
#if !SHUT && !LATEST && (ALL < C * GETS || ALL - C * GETS > CAPACITY)
#error "without SHUT every call has to find its other half"
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

#define PUT 0
#define GET 1
#define WAY (me >= P)
#define OTHER (me < P)
#if CAPACITY == 0 /* no cells to look at with one lock */
#define FIRST_LOCK PUT
#else
#define FIRST_LOCK WAY
#endif

/* A cell's state. What is ready for a way is the way's number. */
#define FREE 0
#define FULL 1
#define WAITED 2
#define IS_READY(way) ((state[cell[way]] & FULL) == (way))
#define IS_MARKED(way) ((state[cell[way]] & WAITED) != 0)
#define ANYBODY(way) (len(queue[way]) != 0)

mtype = { NONE, DONE, AGAIN, SHUT_DOWN, TIMED_OUT };
mtype = { NEW, IN, OUT, SEEN, REPLACED, DROPPED };

/* The claims: never true. They give each assertion the name that run.sh prints. */
bool exactly_once, items_fifo, no_overtaking, two_outcomes, never_early, drained_first, served_before_shut,
  gone_when_aborted, newest_in_sight, slot_invariant, slot_destroyed, frame_gone;
#define claim(name, condition) assert((condition) || name)

/* struct handoff__slot. */
bool locked[2];
byte cell[2];
chan queue[2] = [MOST] of { byte }; /* the ends' waiters */
byte state[CELLS];
byte bytes[CELLS] = NOTHING; /* the item in a cell */
bool shut;
bool destroyed;
#if LATEST
byte spare = NOTHING;
#endif

/* struct parked, on the stack of its thread: its waiter and its park. A park that the slot lends is for lot.pml. */
bool queued[THREADS];
bool claimed[THREADS]; /* by who serves it, or by itself: then it has given up */
mtype status[THREADS] = NONE;
byte item_of[THREADS] = NOTHING;
bool woken[THREADS];
bool waiting[THREADS]; /* in uv_cond_wait */
byte waker[6] = NOBODY; /* who has it in its list `woken`, and has to wake it */

byte spurious = SPURIOUS;
byte timeouts = TIMEOUTS;

/* What the protocol does not know, and the claims need. */
chan order = [ALL] of { byte }; /* items that have been put and not got */
mtype fate[ALL + 1] = NEW;
byte left[THREADS]; /* calls that the thread has still to make */
byte users = THREADS + (SHUT != 0) + (PEEKS != 0);
byte finished;
byte newest = NOTHING;
byte next_one[2]; /* threads of a kind are alike: without loss they begin in turn */

byte c, n; /* within a step, 0 between steps */

#define touch_slot() claim(slot_destroyed, !destroyed)

/* ------------------------------------------------------------------ what each decision means -- */

/* Its hand-off is done. The call may not have returned: only peek and abort use the slot until then. */
inline last_call_decided() {
  users--
}

inline made_a_call(who) {
  if
  :: left[who] != MANY ->
    left[who]--;
    if
    :: left[who] == 0 -> last_call_decided()
    :: else
    fi
  :: else
  fi
}

inline accept(who) {
  claim(exactly_once, fate[item_of[who]] == NEW);
  claim(drained_first, !shut);
  fate[item_of[who]] = IN;
  order!item_of[who];
#if LATEST
  newest = item_of[who];
#endif
  made_a_call(who)
}

inline take_out(it, to) {
  claim(exactly_once, fate[it] == IN);
  claim(items_fifo, order?[eval(it)]);
  order?_;
  fate[it] = to
}

inline deliver(who) {
  claim(gone_when_aborted, !shut || SHUT != 2);
  take_out(item_of[who], OUT);
  made_a_call(who)
}

inline refuse(way, who) { /* it was shut */
  claim(drained_first, way == PUT || len(order) == 0);
  left[who] = 0;
  last_call_decided()
}

/* A look has found nothing to get. */
#define saw_nothing() claim(newest_in_sight, fate[newest] != REPLACED && fate[newest] != DROPPED)

/* ------------------------------------------------------------------- TSO: the store buffers -- */

/* One for each thread: the bytes of an item, the cell's state and the unlocking, which leave it in this order. To lock waits
 * for the thread's own to be empty, as an atomic exchange does. With both locks held nobody else looks, so that
 * stores need no buffer then. */
#ifdef TSO
byte buffered_bytes[EVERYBODY] = NOTHING;
bool is_state_buffered[EVERYBODY];
byte buffered_cell[EVERYBODY];
bool is_unlock_buffered[EVERYBODY];
#define IS_CELL_DRAINED(who) (buffered_bytes[who] == NOTHING && !is_state_buffered[who])
#define IS_DRAINED(who) (IS_CELL_DRAINED(who) && !is_unlock_buffered[who])
#ifdef MUTANT_NO_FENCE
#define MAY_UNLOCK(who) (who < P || IS_CELL_DRAINED(who))
#else
#define MAY_UNLOCK(who) IS_CELL_DRAINED(who)
#endif

proctype memory(byte me) {
end_of_stores:
  do
  :: atomic { buffered_bytes[me] != NOTHING ->
       bytes[buffered_cell[me]] = buffered_bytes[me];
       buffered_bytes[me] = NOTHING }
  :: atomic { buffered_bytes[me] == NOTHING && is_state_buffered[me] ->
       if
       :: me < P -> state[buffered_cell[me]] = FULL
       :: else -> bytes[buffered_cell[me]] = NOTHING; state[buffered_cell[me]] = FREE
       fi;
       is_state_buffered[me] = false;
       buffered_cell[me] = 0 }
  :: atomic { is_unlock_buffered[me] && MAY_UNLOCK(me) -> touch_slot(); locked[WAY] = false; is_unlock_buffered[me] = false }
  od
}
#else
#define IS_DRAINED(who) true
#endif

/* --------------------------------------------------------------- end.h, end.c, slot.c: the ends -- */

#define CAN_LOCK(way) (!locked[way] && IS_DRAINED(me))

inline lock(way) {
  touch_slot();
  locked[way] = true
}

inline unlock(way) {
  touch_slot();
  locked[way] = false
}

#if CAPACITY == 0
#define INVARIANT ((!ANYBODY(PUT) || !ANYBODY(GET)) && (!shut || (!ANYBODY(PUT) && !ANYBODY(GET))))
#else
#define INVARIANT ((!ANYBODY(PUT) || (state[cell[PUT]] == (FULL | WAITED) && !shut)) && \
                   (!ANYBODY(GET) || (state[cell[GET]] == (FREE | WAITED) && !shut)))
#endif

/* After every change. As it is one step with both locks, somewhere a lock is always free. */
inline check_invariant() {
#ifndef BARE /* to see what comes of it when this is broken */
  claim(slot_invariant, INVARIANT)
#else
  skip
#endif
}

inline advance(way) {
  cell[way] = (cell[way] + 1) % CELLS
}

inline mark(way) {
#if CAPACITY != 0 && !defined(MUTANT_NO_MARK)
  if
  :: ANYBODY(way) -> state[cell[way]] = state[cell[way]] | WAITED
  :: else
  fi
#else
  skip
#endif
}

inline line_up() {
  queued[me] = true;
  queue[WAY]!me
}

/* All that follows is done with both locks held, and so within a step. */

inline move_with_both(way, who) {
  if
  :: way == PUT -> bytes[cell[PUT]] = item_of[who]; state[cell[PUT]] = FULL; accept(who)
  :: else ->
    item_of[who] = bytes[cell[GET]]; bytes[cell[GET]] = NOTHING; state[cell[GET]] = FREE; deliver(who)
  fi;
  advance(way)
}

/* The first who has not given up; or NOBODY. */
inline take_first(way, who, how) {
  do
  :: ANYBODY(way) ->
    queue[way]?<n>;
#ifdef MUTANT_SERVE_LAST
    for (c : 2 .. len(queue[way])) {
      queue[way]?who; queue[way]!who
    };
    c = 0;
#endif
    queue[way]?who;
    claim(no_overtaking, who == n);
    n = 0;
#ifdef MUTANT_SKIP_STAYS_QUEUED
    queued[who] = claimed[who];
#else
    queued[who] = false;
#endif
    if
#ifdef MUTANT_SERVE_BLIND
    :: true ->
#else
    :: !claimed[who] ->
#endif
      claimed[who] = true;
      waker[who] = me;
#ifndef MUTANT_WAKE_BEFORE_STATUS
      status[who] = how;
#endif
      break
    :: else ->
      who = NOBODY
#ifdef MUTANT_SKIP_ENDS
      ; break
#endif
    fi
  :: else -> who = NOBODY; break
  od
}

inline serve(way) {
  do
  :: ANYBODY(way) && IS_READY(way) ->
    take_first(way, other, DONE);
    if
    :: other != NOBODY -> move_with_both(way, other)
    :: else -> break
    fi
  :: else -> break
  od
}

/* The code goes round again after it has served a getter. The claim is that it then finds nothing to do. */
inline settle() {
#ifndef MUTANT_NO_SETTLE
  serve(PUT);
  serve(GET);
  other = NOBODY;
#ifndef BARE
  claim(slot_invariant, !ANYBODY(PUT) || !IS_READY(PUT));
#endif
#ifndef MUTANT_NO_MARK_AGAIN
  mark(PUT);
  mark(GET)
#endif
#else
  skip
#endif
}

inline meet() {
  take_first(OTHER, other, DONE);
  if
  :: other == NOBODY
  :: other != NOBODY && me < P -> item_of[other] = item_of[me]; accept(me); deliver(other); result = DONE
  :: other != NOBODY && me >= P -> item_of[me] = item_of[other]; accept(other); deliver(me); result = DONE
  fi;
  other = NOBODY
}

#if LATEST
inline replace() {
  claim(exactly_once, spare == NOTHING);
  spare = bytes[cell[PUT]];
  take_out(spare, REPLACED);
#ifndef MUTANT_REPLACE_IN_TWO
  bytes[cell[PUT]] = item_of[me];
  advance(PUT);
  cell[GET] = cell[PUT];
  accept(me)
#else
  bytes[cell[PUT]] = NOTHING;
  state[cell[PUT]] = FREE;
  advance(GET)
#endif
}
#endif

inline release(way) {
  do
  :: ANYBODY(way) ->
    take_first(way, other, SHUT_DOWN);
    if
    :: other != NOBODY -> refuse(way, other)
    :: else -> break
    fi
  :: else -> break
  od;
  other = NOBODY
}

/* ------------------------------------------------------------------------------ park.c: park -- */

/* handoff__parker_unpark_locked: the last thing a call does, and its last use of a pointer to the other's frame. Some
 * mutants do it in two steps. */
#if defined(MUTANT_SIGNAL_AFTER_UNLOCK)
#define wake_begin(who) woken[who] = true
#elif defined(MUTANT_WAKE_BEFORE_STATUS)
#define wake_begin(who) woken[who] = true; waiting[who] = false; waker[who] = NOBODY
#endif

inline wake(who, how) {
  woken[who] = true;
#ifndef MUTANT_DROPPED_SIGNAL
  waiting[who] = false;
#endif
#ifdef MUTANT_WAKE_BEFORE_STATUS
  status[who] = how;
#endif
  waker[who] = NOBODY;
  who = NOBODY
}

#define HAS_TO_WAKE (waker[0] == me || waker[1] == me || waker[2] == me || waker[3] == me || \
                     waker[4] == me || waker[5] == me)

/* handoff__wake. In whatever order: those in the list do not meet. */
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
#ifdef wake_begin
       wake_begin(other)
     };
     atomic {
#endif
       wake(other, how)
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

/* ----------------------------------------------------------- thread.c: wait_for; the threads -- */

inline begin_call(who) {
  item_of[who] = (who < P && left[who] != 0 -> who * ITEMS + ITEMS - left[who] : NOTHING)
}

inline end_frame() {
  claim(frame_gone, waker[me] == NOBODY && !queued[me]);
  status[me] = NONE; claimed[me] = false; woken[me] = false; waiting[me] = false
}

inline end_call() {
  claim(two_outcomes, result == DONE || result == SHUT_DOWN || result == TIMED_OUT);
  claim(never_early, result != TIMED_OUT || expired);
  if
  :: me < P -> claim(exactly_once, (fate[item_of[me]] != NEW) == (result == DONE))
  :: me >= P && result == DONE -> claim(exactly_once, fate[item_of[me]] == OUT); fate[item_of[me]] = SEEN
  :: else
  fi;
  result = NONE; expired = false; must_wait = false; has_waiter = false;
  begin_call(me)
}

/* The last call of a thread has returned. If no call is undecided it destroys the slot, unless another has. */
inline end_use() {
  atomic {
    if
    :: users == 0 -> users = MANY
    :: else -> goto used
    fi
  };
#if !defined(MUTANT_DESTROY_UNLOCKED) && !defined(MUTANT_DESTROY_GET_LOCK)
  atomic { CAN_LOCK(PUT) -> lock(PUT) };
#endif
  atomic {
#if !defined(MUTANT_DESTROY_UNLOCKED) && !defined(MUTANT_DESTROY_PUT_LOCK)
    CAN_LOCK(GET);
#endif
    destroyed = true;
    claim(slot_invariant, !ANYBODY(PUT) && !ANYBODY(GET));
    do
    :: CAPACITY != 0 && IS_READY(GET) ->
      take_out(bytes[cell[GET]], SEEN);
      bytes[cell[GET]] = NOTHING; state[cell[GET]] = FREE; advance(GET)
    :: else -> break
    od
  };
used:
  atomic {
    finished++;
    if
    :: finished == THREADS + (SHUT != 0) + (PEEKS != 0) ->
      claim(slot_destroyed, destroyed);
      for (n : 0 .. ALL - 1) {
        claim(exactly_once, fate[n] == NEW || fate[n] == SEEN || fate[n] == DROPPED)
      };
      n = 0
    :: else
    fi
  }
}

proctype thread(byte me) {
  byte other = NOBODY;
  mtype result = NONE;
  bool has_waiter; /* it is the second attempt, with a waiter */
  bool expired, must_wait;
#ifdef MUTANT_LOOK_BEFORE
  bool was_ready;
#endif

  atomic {
    next_one[WAY] == (me < P -> me : me - P) && CAN_LOCK(FIRST_LOCK) -> next_one[WAY]++;
    goto attempt_now
  };

attempt: /* handoff__transfer_try_fast, and pass_held in pass.c */
  atomic {
    CAN_LOCK(FIRST_LOCK);
attempt_now:
#if CAPACITY == 0
    lock(PUT);
    goto with_both_now;
#endif
    lock(WAY);
    if
#ifdef MUTANT_IGNORE_MARK
    :: IS_READY(WAY) && !(shut && me < P) -> goto fast
#else
    :: IS_READY(WAY) && !IS_MARKED(WAY) && !(shut && me < P) -> goto fast
#endif
    :: !IS_READY(WAY) && !IS_MARKED(WAY) && !shut && !has_waiter && !(LATEST && me < P) -> goto spin
    :: else -> goto not_at_once_now
    fi
  };

spin: /* it may find the cell ready, or give up, at any moment */
  atomic {
    touch_slot();
    if
    :: IS_READY(WAY) && !IS_MARKED(WAY) -> goto fast
    :: !IS_READY(WAY)
    fi;
not_at_once_now:
#ifdef MUTANT_MARK_ALONE
    if
    :: has_waiter && !IS_READY(WAY) && !shut -> goto enlist_alone
    :: else
    fi;
#endif
    if
    :: !has_waiter && !IS_READY(WAY) && !(LATEST && me < P) ->
      if
      :: shut -> result = SHUT_DOWN; refuse(WAY, me)
      :: else -> result = AGAIN; saw_nothing()
      fi;
      unlock(WAY);
      goto unlocked_now
    :: else
    fi;
    /* pass_with_both */
#ifdef MUTANT_LOOK_BEFORE
    was_ready = IS_READY(WAY);
#endif
#ifdef MUTANT_LOCK_ORDER
    if
    :: me < P -> unlock(PUT)
    :: else
    fi;
#else
    unlock(WAY);
#endif
    goto with_both
  };

fast: /* handoff__end_move. The next cell is ready and not marked; to advance needs no step of its own. */
  atomic {
    touch_slot();
#ifdef MUTANT_PUBLISH_FIRST
    if
    :: me < P -> state[cell[PUT]] = FULL
    :: else -> state[cell[GET]] = FREE
    fi
#else
    if
#ifdef TSO
    :: me < P -> buffered_bytes[me] = item_of[me]; buffered_cell[me] = cell[PUT]
#else
    :: me < P -> bytes[cell[PUT]] = item_of[me]
#endif
    :: else -> item_of[me] = bytes[cell[GET]]
    fi
#endif
  };
  atomic {
    touch_slot();
#ifdef TSO
    is_state_buffered[me] = true; buffered_cell[me] = cell[WAY];
#endif
    if
#ifdef TSO
    :: true
#elif defined(MUTANT_PUBLISH_FIRST)
    :: me < P -> bytes[cell[PUT]] = item_of[me]
    :: else -> item_of[me] = bytes[cell[GET]]; bytes[cell[GET]] = NOTHING
#else
    :: me < P -> state[cell[PUT]] = FULL
    :: else -> bytes[cell[GET]] = NOTHING; state[cell[GET]] = FREE
#endif
    fi;
    advance(WAY);
    claim(no_overtaking, !ANYBODY(WAY));
    if
    :: me < P -> accept(me)
    :: else -> deliver(me)
    fi;
    result = DONE;
    check_invariant()
  };
  atomic {
#ifdef TSO
    is_unlock_buffered[me] = true;
#else
    unlock(WAY);
#endif
    goto returned_now
  };

with_both:
  atomic { CAN_LOCK(PUT) -> lock(PUT) };
with_both_now:
  atomic {
#ifdef MUTANT_LOCK_ORDER
    if
    :: me < P -> CAN_LOCK(GET)
    :: else -> locked[GET] = false
    fi;
#elif defined(MUTANT_REPLACE_PUT_LOCK)
    (me < P && !shut && !IS_READY(PUT)) || CAN_LOCK(GET);
#else
    CAN_LOCK(GET);
#endif
    touch_slot();
    if
    :: shut && me < P -> result = SHUT_DOWN; refuse(PUT, me)
#ifdef MUTANT_LOOK_BEFORE
    :: CAPACITY != 0 && was_ready && !(shut && me < P) ->
#else
    :: CAPACITY != 0 && IS_READY(WAY) && !(shut && me < P) ->
#endif
      claim(no_overtaking, !ANYBODY(WAY));
      move_with_both(WAY, me);
      result = DONE;
      settle()
    :: else ->
      if
      :: shut -> result = SHUT_DOWN; refuse(GET, me)
      :: !shut && CAPACITY == 0 && ANYBODY(OTHER) -> claim(no_overtaking, !ANYBODY(WAY)); meet()
#if LATEST
      :: !shut && me < P -> replace(); result = DONE
#endif
      :: else
      fi;
      if
      :: result != NONE
      :: else ->
        result = AGAIN;
        saw_nothing();
        if
        :: has_waiter -> line_up(); mark(WAY)
        :: else
        fi
      fi
    fi;
    check_invariant()
  };
#if defined(MUTANT_REPLACE_IN_TWO)
  atomic {
    if
    :: me < P && spare != NOTHING -> unlock(PUT)
    :: else -> goto replaced
    fi
  };
  atomic { CAN_LOCK(PUT) -> lock(PUT) };
  atomic { CAN_LOCK(GET) -> move_with_both(PUT, me) };
replaced:
#endif
  atomic { /* the getting end's lock was let go of in the step before */
#if LATEST && !defined(MUTANT_DROP_UNLOCKED)
    touch_slot();
    if
    :: me < P && spare != NOTHING -> fate[spare] = DROPPED; spare = NOTHING
    :: else
    fi;
#endif
    unlock(PUT);
#ifdef MUTANT_DROP_UNLOCKED
  };
  atomic {
    if
    :: me < P && spare != NOTHING -> touch_slot(); fate[spare] = DROPPED; spare = NOTHING
    :: else
    fi;
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

#ifdef MUTANT_MARK_ALONE
enlist_alone:
  atomic {
    line_up(); mark(WAY); unlock(WAY); result = AGAIN; goto unlocked_now
  };
#endif

unlocked: /* wait_for goes on */
  atomic {
    skip;
unlocked_now:
    if
    :: result != AGAIN -> goto returned_now
    :: result == AGAIN && has_waiter -> result = NONE; goto park
    :: result == AGAIN && !has_waiter -> result = NONE; has_waiter = true; goto attempt
    :: result == AGAIN && !has_waiter && timeouts != 0 -> /* it had passed; and try_… */
      timeouts--; expired = true; result = TIMED_OUT; goto returned_now
    fi
  };

park: /* handoff__parker_wait: a look at `woken` and the wait that follows are one step, as uv_cond_wait lets go of
         the lock when it has begun to wait. First up to the deadline; when must_wait, without one. */
  atomic {
    if
    :: woken[me] -> goto woke_now
    :: !woken[me] && expired && !must_wait -> goto late
    :: else
#ifndef MUTANT_WAKE_UNLOCKED
      -> waiting[me] = true
#endif
    fi
  };
#ifdef MUTANT_WAKE_UNLOCKED
  waiting[me] = true;
#endif
  atomic {
    if
    :: !waiting[me]
    :: waiting[me] && spurious != 0 -> spurious--; waiting[me] = false
    :: waiting[me] && !expired && timeouts != 0 -> timeouts--; waiting[me] = false; expired = true
    fi;
#ifdef MUTANT_IF
    if
    :: woken[me] || must_wait -> goto woke_now
    :: else -> goto late
    fi;
#endif
    goto park
  };

late: /* it was not woken in time: handoff__waitq_cancel */
  atomic {
#ifdef MUTANT_LEAVE_LOOKS_FIRST
    CAN_LOCK(WAY);
    touch_slot();
#endif
    if
    :: !claimed[me]
#ifdef MUTANT_LEAVE_BLIND
    :: else
#elif defined(MUTANT_TIMEOUT_EATS)
    :: else -> result = TIMED_OUT; goto returned_now
#elif defined(MUTANT_NO_LAST_WAIT)
    :: else -> goto woke_now
#else
    :: else -> must_wait = true; goto park
#endif
    fi;
#ifdef MUTANT_CLAIM_IN_TWO
  };
  atomic {
#endif
    claimed[me] = true
  };
  atomic {
#ifndef MUTANT_LEAVE_STAYS
    CAN_LOCK(WAY);
    touch_slot();
    if
    :: queued[me] -> queue[WAY]??eval(me); queued[me] = false
    :: else /* who would have served it has skipped it */
    fi;
    check_invariant();
#endif
    result = TIMED_OUT; goto returned_now
  };

woke:
  atomic {
    skip;
woke_now:
#ifdef MUTANT_TIMEOUT_WINS
    result = (expired -> TIMED_OUT : status[me]);
#else
    result = status[me];
#endif
returned_now: /* as early as can be, when it is the most dangerous */
    end_frame();
    end_call();
    if
    :: left[me] != 0 -> goto attempt
    :: else
    fi
  };
  end_use()
}

/* handoff_slot_shut; with SHUT=2 handoff_slot_abort. */
#if SHUT
proctype shutter() {
  byte me = SHUTTER;
  byte other = NOBODY;
  byte first, count;

#ifdef MUTANT_SHUT_GET_LOCK
  true;
#else
  atomic { CAN_LOCK(PUT) -> lock(PUT) };
#endif
  atomic {
    CAN_LOCK(GET);
    claim(served_before_shut, CAPACITY == 0 || !ANYBODY(PUT) || !IS_READY(PUT));
    claim(served_before_shut, CAPACITY == 0 || !ANYBODY(GET) || !IS_READY(GET));
    shut = true;
    release(PUT);
#ifndef MUTANT_SHUT_FORGETS_GETTERS
    release(GET);
#endif
#if SHUT == 2
    first = cell[GET];
    do
    :: CAPACITY != 0 && IS_READY(GET) ->
      state[cell[GET]] = FREE;
      take_out(bytes[cell[GET]], OUT);
      advance(GET);
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
#ifndef MUTANT_SHUT_GET_LOCK
  atomic { unlock(PUT) };
#endif
  wake_all(SHUT_DOWN);
#if SHUT == 2
  atomic { /* drop */
    touch_slot();
    do
    :: count != 0 ->
      claim(exactly_once, fate[bytes[first]] == OUT);
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
    atomic { CAN_LOCK(PUT) -> lock(PUT); peeks-- };
#ifdef MUTANT_PEEK_PUT_LOCK
    if
    :: atomic { IS_READY(GET) -> c = cell[GET] }; atomic { claim(items_fifo, order?[eval(bytes[c])]); c = 0 }
    :: else
    fi;
#else
    atomic {
      CAN_LOCK(GET);
      touch_slot();
      if
      :: IS_READY(GET) -> claim(items_fifo, order?[eval(bytes[cell[GET]])])
      :: else -> claim(drained_first, len(order) == 0); saw_nothing()
      fi
    };
#endif
    atomic { unlock(PUT) }
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
      :: else -> left[n] = (SHUT -> MANY : GETS)
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
