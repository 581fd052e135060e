/* slot: a model of src/pass.c, end.c, slot.c and park.c, in SPIN's Promela. What stands for what: README.md.
 *
 * P threads put ITEMS items each and C threads get them, over a slot of capacity CAPACITY. With SHUT one more
 * thread shuts it, at any moment, and getters go on until UV_EOF, or until they have had enough; without, each
 * makes its share of gets, and who is left waiting has lost a wake-up. SPURIOUS wake-ups and TIMEOUTS come at
 * any moment; who timed out tries again. Every loop uses up one of these, so all runs are finite: a call that
 * does not end is an invalid end state.
 *
 * A step (atomic) is what nobody can look into: at most one access to a cell's state, unless both locks are
 * held. MUTANT_… breaks the protocol in one place. TSO adds store buffers. */

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
#ifndef SHUT
#define SHUT 0
#endif
#ifndef SPURIOUS
#define SPURIOUS 1
#endif
#ifndef TIMEOUTS
#define TIMEOUTS 0
#endif

/* With STRICT the slot may be destroyed when no call is undecided, although some have not returned; without,
 * when all have returned. Only calls without a deadline are that strict: see README.md. */
#ifndef STRICT
#define STRICT (TIMEOUTS == 0)
#endif

#define THREADS (P + C)        /* 0 to P - 1 put, the others get */
#define ALL (P * ITEMS)        /* items: numbers 0 to ALL - 1 */
#define SHARE (ALL / C)        /* of gets, for each getter, without SHUT */
#if !SHUT && ALL % C != 0
#error "without SHUT each getter has to have the same share"
#endif
#define NOBODY THREADS
#define NOTHING ALL
#define MANY 255
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

/* A cell's state. */
#define FREE 0
#define FULL 1
#define WAITED 2

mtype = { NONE, DONE, AGAIN, SHUT_DOWN, TIMED_OUT };

/* The claims: never true. They give each assertion the name that run.sh prints. */
bool exactly_once, items_fifo, no_overtaking, two_outcomes, never_early, slot_invariant, drained_first,
  served_before_shut, slot_destroyed, frame_gone;
#define claim(name, condition) assert((condition) || name)

/* struct handoff__slot. */
bool locked[2];
byte cell[2];
chan queue[2] = [MOST] of { byte }; /* the ends' waiters */
byte state[CELLS];
byte bytes[CELLS] = NOTHING; /* the item in a cell */
byte pins;
bool shut;
bool destroyed;

/* struct parked, on the stack of its thread: its waiter and its park. */
bool queued[THREADS];
mtype status[THREADS];
byte item_of[THREADS];
bool woken[THREADS];
bool waiting[THREADS]; /* in uv_cond_wait */

byte spurious = SPURIOUS;
byte timeouts = TIMEOUTS;

/* What the protocol does not know, and the claims need. */
byte held[THREADS];             /* how many others hold a pointer to the frame, beside the queues */
chan order = [ALL] of { byte }; /* items that have been put and not got */
chan in_turn[2] = [MOST] of { byte };
bool accepted[ALL + 1];
bool passed_on[ALL + 1]; /* to a getter, or to be finalized */
bool seen[ALL + 1];      /* by a getter that has returned, or finalized */
byte left[THREADS];      /* calls that the thread has still to make */
byte users = THREADS + SHUT;
bool destroying;
byte finished;
byte next_one[2]; /* threads of a kind are alike: without loss they begin in turn */

byte c, before, n; /* within a step, 0 between steps */

#define touch_slot() claim(slot_destroyed, !destroyed)

/* ------------------------------------------------------------------ what each decision means -- */

inline last_call_decided() {
  users = users - STRICT
}

inline took_its_turn(way, who) {
  if
  :: in_turn[way]??[eval(who)] -> claim(no_overtaking, in_turn[way]?[eval(who)]); in_turn[way]??eval(who)
  :: else -> claim(no_overtaking, len(in_turn[way]) == 0)
  fi
}

inline accept(who, it) {
  claim(exactly_once, !accepted[it]);
  accepted[it] = true;
  order!it;
  took_its_turn(PUT, who);
  left[who]--;
  if
  :: left[who] == 0 -> last_call_decided()
  :: else
  fi
}

inline deliver(who, it) {
  claim(exactly_once, accepted[it] && !passed_on[it]);
  passed_on[it] = true;
  claim(items_fifo, order?[eval(it)]);
  order??eval(it);
  took_its_turn(GET, who);
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

inline refuse(way, who) { /* it was shut */
  claim(drained_first, way == PUT || len(order) == 0);
  if
  :: in_turn[way]??[eval(who)] -> in_turn[way]??eval(who)
  :: else
  fi;
  last_call_decided()
}

/* ------------------------------------------------------------------- TSO: the store buffers -- */

/* One for each end: who holds its lock. The item's bytes, and with MUTANT_NO_FENCE the cell's state, go through it,
 * in this order; an exchange, a lock and an unlock wait for it to drain. */
#ifdef TSO
byte buffered_bytes[2] = NOTHING;
bool is_state_buffered[2];
bool keep_mark[2];
byte buffered_cell[2];
#define IS_DRAINED(way) (buffered_bytes[way] == NOTHING && !is_state_buffered[way])

active proctype memory() {
end_of_stores:
  do
  :: atomic { buffered_bytes[PUT] != NOTHING ->
       bytes[buffered_cell[PUT]] = buffered_bytes[PUT]; buffered_bytes[PUT] = NOTHING }
  :: atomic { buffered_bytes[PUT] == NOTHING && is_state_buffered[PUT] ->
       state[buffered_cell[PUT]] = FULL | (keep_mark[PUT] -> state[buffered_cell[PUT]] & WAITED : 0);
       is_state_buffered[PUT] = false; buffered_cell[PUT] = 0; keep_mark[PUT] = false }
  :: atomic { is_state_buffered[GET] ->
       state[buffered_cell[GET]] = FREE | (keep_mark[GET] -> state[buffered_cell[GET]] & WAITED : 0);
       is_state_buffered[GET] = false; buffered_cell[GET] = 0; keep_mark[GET] = false }
  od
}
#define write_bytes(it) d_step { buffered_cell[PUT] = cell[PUT]; buffered_bytes[PUT] = it }
#else
#define IS_DRAINED(way) true
#define write_bytes(it) bytes[cell[PUT]] = it
#endif

/* --------------------------------------------------------------------- end.h, end.c: an end -- */

#define IS_READY(way) ((state[cell[way]] & FULL) == (way))
#define NOT_READY(way) (1 - (way)) /* FULL for PUT, FREE for GET */
#define ANYBODY(way) (len(queue[way]) != 0)

inline end_lock(way) {
  touch_slot();
  !locked[way];
  locked[way] = true;
  touch_slot()
}

#if CAPACITY == 0
#define INVARIANT ((!ANYBODY(PUT) || !ANYBODY(GET)) && (!shut || (!ANYBODY(PUT) && !ANYBODY(GET))))
#else
#define INVARIANT ((!ANYBODY(PUT) || (state[cell[PUT]] == (FULL | WAITED) && !shut)) && \
                   (!ANYBODY(GET) || (state[cell[GET]] == (FREE | WAITED) && !shut)))
#endif

inline check_invariant() {
#ifndef BARE /* to see what comes of it when this is broken */
  claim(slot_invariant, locked[PUT] || locked[GET] || pins != 0 || INVARIANT)
#else
  skip
#endif
}

inline end_unlock(way) {
  touch_slot();
  IS_DRAINED(way);
  locked[way] = false;
  check_invariant()
}

inline slot_lock() {
  end_lock(PUT);
  end_lock(GET)
}

inline slot_unlock() {
  touch_slot();
  locked[GET] = false;
  locked[PUT] = false;
  check_invariant()
}

/* handoff__end_move: its exchange. The bytes of a put have been written, those of a get are read. */
inline move(way, who, it) {
  c = cell[way];
  cell[way] = (c + 1) % CELLS;
#if defined(TSO) && defined(MUTANT_NO_FENCE)
  before = state[c]; /* read before the store, which waits in the buffer */
  buffered_cell[way] = c; is_state_buffered[way] = true; keep_mark[way] = (before & WAITED) == 0;
  if
  :: way == GET -> it = bytes[c]
  :: else
  fi;
#else
#ifdef TSO
  if
  :: way == PUT && buffered_bytes[PUT] != NOTHING -> bytes[c] = buffered_bytes[PUT]; buffered_bytes[PUT] = NOTHING
  :: else
  fi;
  buffered_cell[way] = 0;
#endif
  before = state[c];
  if
  :: way == PUT -> state[c] = FULL
  :: way == GET -> it = bytes[c]; bytes[c] = NOTHING; state[c] = FREE
  fi;
#endif
#ifndef MUTANT_IGNORE_MARK
  other_waited = other_waited || (before & WAITED) != 0;
#endif
  if
  :: way == PUT -> accept(who, it)
  :: way == GET -> deliver(who, it)
  fi;
  c = 0; before = 0
}

/* True in `ready`: the cell has become ready. */
inline mark(way) {
#if defined(MUTANT_NO_MARK)
  ready = false
#elif defined(MUTANT_MARK_STORE)
  state[cell[way]] = NOT_READY(way) | WAITED
#elif defined(MUTANT_NO_RECHECK)
  state[cell[way]] = state[cell[way]] | WAITED
#else
  if
  :: state[cell[way]] == NOT_READY(way) -> state[cell[way]] = NOT_READY(way) | WAITED
  :: state[cell[way]] == (NOT_READY(way) | WAITED)
  :: else -> ready = true
  fi
#endif
}

inline complete_first(way, who, how) {
#ifdef MUTANT_SERVE_LAST
  for (n : 2 .. len(queue[way])) {
    queue[way]?who; queue[way]!who
  };
  n = 0;
#endif
  queue[way]?who;
  queued[who] = false;
  held[who]++;
#ifndef MUTANT_WAKE_BEFORE_STATUS
  status[who] = how;
#endif
  released!who
}

/* handoff__end_serve with both locks: nobody comes between its steps. */
inline serve_with_both(way) {
  do
  :: ANYBODY(way) && IS_READY(way) ->
    complete_first(way, other, DONE);
    if
    :: way == PUT -> bytes[cell[PUT]] = item_of[other]
    :: else
    fi;
    move(way, other, item_of[other])
  :: ANYBODY(way) && !IS_READY(way) ->
    state[cell[way]] = state[cell[way]] | WAITED;
    break
  :: !ANYBODY(way) -> break
  od
}

inline settle() {
#if CAPACITY != 0
  do
  :: true ->
    serve_with_both(PUT);
    other_waited = false;
    serve_with_both(GET);
#ifdef MUTANT_SETTLE_ONCE
    break
#else
    if
    :: other_waited
    :: else -> break
    fi
#endif
  od;
#endif
  other_waited = false;
  other = NOBODY
}

/* ------------------------------------------------------------------------------ park.c: park -- */

/* handoff__park_wake: the last thing a call does, and its last use of a pointer to the other's frame. Some
 * mutants do it in two steps. */
#if defined(MUTANT_SIGNAL_AFTER_UNLOCK)
#define wake_begin(who) woken[who] = true
#elif defined(MUTANT_WAKE_BEFORE_STATUS)
#define wake_begin(who) d_step { woken[who] = true; waiting[who] = false; held[who]-- }
#endif

inline wake(who, how) {
  woken[who] = true;
#ifndef MUTANT_DROPPED_SIGNAL
  waiting[who] = false;
#endif
#ifdef MUTANT_WAKE_BEFORE_STATUS
  status[who] = how;
#else
  held[who]--;
#endif
  who = NOBODY
}

/* handoff__wake */
inline wake_released(how) {
  do
  :: atomic { len(released) != 0 ->
       released?other;
#ifdef wake_begin
     };
     wake_begin(other);
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
  :: len(released) == 0 -> break
  od
}

/* ------------------------------------------------------------ park.c: wait_for; the threads -- */

inline begin_call() {
  if
  :: me < P -> item = me * ITEMS + ITEMS - calls
  :: me >= P -> item = NOTHING
#if SHUT
  :: me >= P -> item = NOTHING; left[me] = 1 /* its last: items may be left over */
#endif
  fi
}

inline line_up() {
  queued[me] = true;
  item_of[me] = item;
  if
  :: in_turn[WAY]??[eval(me)]
  :: else -> in_turn[WAY]!me
  fi;
  queue[WAY]!me
}

inline end_frame() {
  claim(frame_gone, held[me] == 0 && !queued[me]);
  status[me] = 0; item_of[me] = 0; woken[me] = false; waiting[me] = false
}

inline end_call() {
  claim(two_outcomes, result == DONE || result == SHUT_DOWN || result == TIMED_OUT);
  claim(never_early, result != TIMED_OUT || expired);
  if
  :: me < P -> claim(exactly_once, accepted[item] == (result == DONE))
  :: me >= P && result == DONE ->
    claim(exactly_once, item != NOTHING && passed_on[item] && !seen[item]);
    seen[item] = true
  :: else
  fi;
  if
  :: result == DONE -> calls = (me < P || !SHUT -> calls - 1 : left[me] != 0)
  :: result == SHUT_DOWN -> calls = 0
  :: result == TIMED_OUT
  fi;
#if SHUT
  left[me] = (me < P -> left[me] : MANY);
#endif
  result = NONE; expired = false; must_wait = false; enlisted = false; item = 0
}

/* The last call of a thread has returned: if it is the last user, it destroys the slot. */
inline end_use() {
  atomic {
    users = users - !STRICT;
    if
    :: users == 0 && !destroying -> destroying = true
    :: else -> goto used
    fi;
#ifndef MUTANT_DESTROY_UNLOCKED
    slot_lock();
    slot_unlock()
#endif
  };
  atomic {
    pins == 0; /* the code takes the locks once more before each further look: nobody else wants them by then */
    destroyed = true;
    claim(slot_invariant, !ANYBODY(PUT) && !ANYBODY(GET));
    do
    :: CAPACITY != 0 && IS_READY(GET) ->
      c = bytes[cell[GET]];
      claim(exactly_once, accepted[c] && !passed_on[c]);
      passed_on[c] = true; seen[c] = true;
      bytes[cell[GET]] = NOTHING; state[cell[GET]] = FREE; cell[GET] = (cell[GET] + 1) % CELLS
    :: else -> break
    od;
    c = 0
  };
used:
  atomic {
    finished++;
    if
    :: finished == THREADS + SHUT ->
      claim(slot_destroyed, destroyed);
      for (n : 0 .. ALL - 1) {
        claim(exactly_once, accepted[n] == seen[n])
      };
      n = 0
    :: else
    fi
  }
}

/* A goto from one atomic into another goes on in the same step; at the end of an atomic others may run. */
proctype thread(byte me; byte calls) {
  chan released = [THREADS] of { byte }; /* `woken` in the code */
  byte item;
  byte other = NOBODY;
  mtype result = NONE;
  bool ready, other_waited, enlisted;
  bool was_queued, expired, must_wait;

  atomic {
    next_one[WAY] == (me < P -> me : me - P) && !locked[(CAPACITY == 0 -> PUT : WAY)];
    next_one[WAY]++;
    goto call
  };

/* pass.c: pass. wait_for's first attempt, without a waiter, is left out: it does what the second does, but for the
 * hope (`look`), and may at `enlist` give up. */
call:
  atomic {
    begin_call();
#if CAPACITY == 0
    goto meet;
#endif
    end_lock(WAY);
#ifdef MUTANT_OVERTAKE
    goto look
#else
    if
    :: ANYBODY(WAY) -> goto serve
    :: else -> goto look
    fi
#endif
  };

look:
  atomic {
    touch_slot();
    if
    :: shut && me < P -> result = SHUT_DOWN; refuse(PUT, me); goto finish
#if !defined(MUTANT_MOVE_THOUGH_QUEUED) && !defined(MUTANT_OVERTAKE)
    :: !(shut && me < P) && ANYBODY(WAY) -> goto enlist
    :: !(shut && me < P) && !ANYBODY(WAY) ->
#else
    :: !(shut && me < P) ->
#endif
      ready = IS_READY(WAY);
      if
      :: ready && me < P -> write_bytes(item)
      :: ready && me >= P
      :: !ready && shut -> result = SHUT_DOWN; refuse(GET, me); goto finish
      :: !ready && !shut
      fi
    fi
  };
  atomic { /* spin: it may find the cell ready, or give up, at any moment */
    touch_slot();
    if
    :: ready -> ready = false
    :: !ready && IS_READY(WAY) ->
      if
      :: me < P -> write_bytes(item)
      :: else
      fi
    :: !ready -> goto enlist
    fi;
    move(WAY, me, item);
    result = DONE;
    goto finish
  };

enlist:
  atomic {
    if
    :: timeouts != 0 -> timeouts--; expired = true; result = TIMED_OUT; goto finish /* it had passed; and try_… */
    :: true -> enlisted = true
    fi;
#ifdef MUTANT_MARK_FIRST
    mark(WAY); ready = false; locked[WAY] = false
  };
  atomic {
    end_lock(WAY); line_up(); goto served;
#else
    line_up(); /* and serve */
#endif
  };

serve: /* handoff__end_serve, with one lock */
  atomic {
    touch_slot();
    if
    :: ANYBODY(WAY) ->
      ready = IS_READY(WAY);
      if
      :: !ready
      :: ready -> goto serve_first
      fi
    :: else -> goto served
    fi
  };
  atomic {
    touch_slot();
    mark(WAY);
    if
    :: ready
    :: else -> goto served
    fi
  };
serve_first:
  ready = false;
  atomic {
    touch_slot();
    complete_first(WAY, other, DONE);
    if
    :: me < P -> write_bytes(item_of[other])
    :: else
    fi;
#ifdef TSO
  };
  atomic {
    touch_slot();
#endif
    move(WAY, other, item_of[other]);
    other = NOBODY
  };
  goto serve;

served:
  atomic {
    if
    :: !enlisted -> goto look
    :: enlisted && queued[me] -> result = AGAIN
    :: enlisted && !queued[me] -> /* done: it is not to be woken, it is us */
      released??eval(me); held[me]--; result = DONE; item = item_of[me]
    fi
  };

finish:
  skip;
  atomic {
    if
    :: !other_waited -> end_unlock(WAY); goto unlocked
    :: other_waited && me < P -> /* settle_and_unlock */
      IS_DRAINED(PUT); end_lock(GET); goto settle_it
    :: other_waited && me >= P ->
#ifndef MUTANT_NO_PIN
      pins++;
#endif
#ifndef MUTANT_LOCK_ORDER
      end_unlock(GET)
#endif
    fi
  };
  atomic {
#ifdef MUTANT_LOCK_ORDER
    end_lock(PUT);
#else
    slot_lock();
#endif
settle_it:
    settle()
  };
  atomic {
#ifdef MUTANT_UNPIN_EARLY
    if
    :: me >= P -> pins--
    :: else
    fi
  };
  atomic {
    slot_unlock(); goto unlocked
#else
    slot_unlock();
    if
    :: me < P -> goto unlocked
    :: else
    fi
#endif
  };
  atomic {
    touch_slot();
#ifndef MUTANT_NO_PIN
    pins--;
#endif
    check_invariant();
    goto unlocked
  };

#if CAPACITY == 0
meet:
  atomic {
    slot_lock();
    if
    :: shut -> result = SHUT_DOWN; refuse(WAY, me)
    :: !shut && ANYBODY(OTHER) ->
      complete_first(OTHER, other, DONE);
      if
      :: me < P -> item_of[other] = item; accept(me, item); deliver(other, item)
      :: else -> item = item_of[other]; accept(other, item); deliver(me, item)
      fi;
      other = NOBODY;
      result = DONE
    :: !shut && !ANYBODY(OTHER) && timeouts != 0 -> timeouts--; expired = true; result = TIMED_OUT
    :: !shut && !ANYBODY(OTHER) -> line_up(); result = AGAIN
    fi
  };
  atomic { slot_unlock(); goto unlocked };
#endif

unlocked: /* wait_for goes on */
  atomic {
    if
    :: len(released) == 0 && result == AGAIN -> result = NONE; goto queue_up
    :: len(released) == 0 && result != AGAIN -> goto leave_frame
    :: else
    fi
  };
  wake_released(DONE);
#ifdef MUTANT_TOUCH_AFTER_WAKE
  touch_slot();
#endif
  atomic {
    if
    :: result == AGAIN -> result = NONE; goto queue_up
    :: else -> goto leave_frame
    fi
  };

queue_up:
  skip;
park: /* handoff__park_wait: a look at `woken` and the wait that follows are one step, as uv_cond_wait lets go of
         the lock when it has begun to wait. First up to the deadline; when must_wait, without one. */
  atomic {
    if
    :: woken[me] -> goto woke
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
    fi
#ifdef MUTANT_IF
    ;
    if
    :: woken[me] || must_wait -> goto woke
    :: else -> goto late
    fi
#endif
  };
  goto park;

late: /* it was not woken in time: handoff__slot_leave */
  atomic {
    touch_slot();
    !locked[WAY];
    touch_slot();
    was_queued = queued[me];
    if
    :: was_queued -> queue[WAY]??eval(me); queued[me] = false; in_turn[WAY]??eval(me)
    :: else
    fi;
    check_invariant();
#ifdef MUTANT_TIMEOUT_EATS
    was_queued = true;
#endif
    if
    :: was_queued -> was_queued = false; result = TIMED_OUT; goto leave_frame
    :: else -> must_wait = true
    fi
  };
#ifdef MUTANT_NO_LAST_WAIT
  goto woke;
#endif
  goto park;

woke:
  atomic {
    result = status[me];
#ifdef MUTANT_TIMEOUT_WINS
    if
    :: expired -> result = TIMED_OUT
    :: else
    fi;
#endif
    if
    :: me >= P && result == DONE -> item = item_of[me]
    :: else
    fi;
    goto leave_frame
  };
leave_frame:
  atomic { end_frame(); end_call() };
  if
  :: calls != 0 -> goto call
  :: else
  fi;
  end_use()
}

/* handoff_slot_shut. */
proctype shutter() {
  chan released = [THREADS] of { byte };
  byte other = NOBODY;
  bool other_waited;

  atomic {
    slot_lock();
#ifndef MUTANT_SHUT_UNSETTLED
    settle();
#endif
    shut = true;
    claim(served_before_shut, CAPACITY == 0 || !ANYBODY(PUT) || !IS_READY(PUT));
    claim(served_before_shut, CAPACITY == 0 || !ANYBODY(GET) || !IS_READY(GET));
    do
    :: ANYBODY(PUT) -> complete_first(PUT, other, SHUT_DOWN); refuse(PUT, other)
    :: else -> break
    od;
    do
    :: ANYBODY(GET) -> complete_first(GET, other, SHUT_DOWN); refuse(GET, other)
    :: else -> break
    od;
    other = NOBODY;
    last_call_decided()
  };
  atomic { slot_unlock() };
  wake_released(SHUT_DOWN);
  end_use()
}

init {
  atomic {
    for (n : 0 .. THREADS - 1) {
      if
      :: n < P -> left[n] = ITEMS; run thread(n, ITEMS)
      :: else -> left[n] = (SHUT -> MANY : SHARE); run thread(n, (SHUT -> 1 : SHARE))
      fi
    };
    n = 0;
#if SHUT
    run shutter()
#endif
  }
}
