/* slot: a model of src/slot.c and src/park.c, in SPIN's Promela. What stands for what: README.md.
 *
 * P threads put ITEMS items each and C threads get them, over a slot of capacity CAPACITY. With SHUT one more
 * thread shuts it, at any moment, and getters go on until UV_EOF, or until they have had enough; without, each
 * makes its share of gets, and who is left waiting has lost a wake-up. SPURIOUS wake-ups and TIMEOUTS come at
 * any moment; who timed out tries again. Every loop uses up one of these, so all runs are finite: a call that
 * does not end is an invalid end state.
 *
 * A critical section is one step (d_step). MUTANT_… breaks the protocol in one place. */

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

mtype = { NONE, DONE, AGAIN, SHUT_DOWN, TIMED_OUT, COMPETE };

/* The claims: never true. They give each assertion the name that run.sh prints. */
bool exactly_once, items_fifo, no_overtaking, two_outcomes, never_early, slot_invariant, drained_first,
  slot_destroyed, frame_gone;
#define claim(name, condition) assert((condition) || name)

/* struct handoff__slot. What the lock guards is only touched in a step of its own. */
chan ring = [CAPACITY + 1] of { byte };
chan putters = [P] of { byte };
chan getters = [C] of { byte };
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
byte held[THREADS];  /* how many others hold a pointer to the frame, beside the queues */
chan order = [ALL] of { byte };     /* items that wait, in the ring or with their putter: first come first */
chan puts_in_turn = [P] of { byte };
chan gets_in_turn = [C] of { byte };
bool accepted[ALL];
bool passed_on[ALL]; /* to a getter, or to be finalized */
bool seen[ALL];      /* by a getter that has returned, or finalized */
byte left[THREADS];  /* calls that the thread has still to make */
byte users = THREADS + SHUT;
byte finished;
byte next_putter, next_getter = P; /* threads of a kind are alike: without loss they begin in turn */

#define touch_slot() claim(slot_destroyed, !destroyed)

/* ------------------------------------------------------------------ what each decision means -- */

inline last_call_decided() {
  users = users - STRICT
}

inline accept(who, i) {
  claim(exactly_once, !accepted[i]);
  accepted[i] = true;
  if
  :: puts_in_turn??[eval(who)] -> claim(no_overtaking, puts_in_turn?[eval(who)]); puts_in_turn??eval(who)
  :: else -> claim(no_overtaking, len(puts_in_turn) == 0)
  fi;
  left[who]--;
  if
  :: left[who] == 0 -> last_call_decided()
  :: else
  fi
}

inline deliver(who, i) {
  claim(exactly_once, accepted[i] && !passed_on[i]);
  passed_on[i] = true;
  claim(items_fifo, order?[eval(i)]);
  order??eval(i);
  if
  :: gets_in_turn??[eval(who)] -> claim(no_overtaking, gets_in_turn?[eval(who)]); gets_in_turn??eval(who)
  :: else -> claim(no_overtaking, len(gets_in_turn) == 0)
  fi;
#if !SHUT
  left[who]--;
  if
  :: left[who] == 0 -> last_call_decided()
  :: else
  fi
#endif
}

inline take_item_back(i) {
  if
  :: order??[eval(i)] -> order??eval(i)
  :: else
  fi
}

inline line_up(who) {
  if
  :: who < P && !puts_in_turn??[eval(who)] -> puts_in_turn!who; order!item
  :: who >= P && !gets_in_turn??[eval(who)] -> gets_in_turn!who
  :: else
  fi
}

inline refuse(who, i) { /* it was shut */
  if
  :: who < P -> take_item_back(i)
  :: else -> claim(drained_first, len(order) == 0)
  fi;
  if
  :: puts_in_turn??[eval(who)] -> puts_in_turn??eval(who)
  :: gets_in_turn??[eval(who)] -> gets_in_turn??eval(who)
  :: else
  fi;
  last_call_decided()
}

/* ------------------------------------------------------------------ slot.c: put, get, leave -- */

#define HAS_GETTER (len(getters) != 0)
#define HAS_PUTTER (len(putters) != 0)

inline release_first(queue, who, how) {
  queue?who;
  queued[who] = false;
  held[who]++;
#ifndef MUTANT_WAKE_BEFORE_STATUS
  status[who] = how
#endif
}

inline put_locked() {
  if
  :: shut -> result = SHUT_DOWN; refuse(me, item)
#ifdef MUTANT_COMPETE
  :: !shut && len(ring) != CAPACITY ->
    ring!item; result = DONE;
    if
    :: order??[eval(item)]
    :: else -> order!item
    fi;
    accept(me, item);
    if
    :: HAS_GETTER -> release_first(getters, other, COMPETE)
    :: else
    fi
  :: !shut && len(ring) == CAPACITY -> result = AGAIN
#else
  :: !shut && HAS_GETTER ->
    release_first(getters, other, DONE);
    item_of[other] = item;
    result = DONE;
    order!item; accept(me, item); deliver(other, item)
  :: !shut && !HAS_GETTER && len(ring) == CAPACITY -> result = AGAIN
  :: !shut && !HAS_GETTER && len(ring) != CAPACITY ->
    ring!item; result = DONE;
    order!item; accept(me, item)
#endif
  fi
}

#ifdef MUTANT_SHUT_BEFORE_DRAIN
#define REFUSES_GET shut
#else
#define REFUSES_GET (shut && len(ring) == 0 && !HAS_PUTTER)
#endif

inline get_locked() {
  if
  :: REFUSES_GET -> result = SHUT_DOWN; refuse(me, NOTHING)
  :: !REFUSES_GET && len(ring) != 0 ->
    ring?item; result = DONE;
    deliver(me, item);
    if
    :: HAS_PUTTER ->
#ifdef MUTANT_COMPETE
      release_first(putters, other, COMPETE)
#else
      release_first(putters, other, DONE);
      ring!item_of[other];
      accept(other, item_of[other])
#endif
    :: else
    fi
  :: !REFUSES_GET && len(ring) == 0 && HAS_PUTTER ->
    release_first(putters, other, DONE);
    item = item_of[other]; result = DONE;
    accept(other, item); deliver(me, item)
  :: !REFUSES_GET && len(ring) == 0 && !HAS_PUTTER -> result = AGAIN
  fi
}

inline slot_is_sound() {
  claim(slot_invariant, !HAS_PUTTER || (len(ring) == CAPACITY && !shut));
  claim(slot_invariant, !HAS_GETTER || (len(ring) == 0 && !shut));
  claim(slot_invariant, !HAS_GETTER || !HAS_PUTTER)
}

/* handoff__slot_put and handoff__slot_get, up to uv_mutex_unlock. */
inline operate() {
  touch_slot();
  if
  :: me < P -> put_locked()
  :: else -> get_locked()
  fi;
  if
  :: result == AGAIN && timeouts != 0 -> timeouts--; expired = true; result = TIMED_OUT /* it had passed */
  :: result == AGAIN ->
    queued[me] = true;
    item_of[me] = item;
    line_up(me);
    if
    :: me < P -> putters!me
    :: else -> getters!me
    fi
  :: else
  fi;
#ifndef MUTANT_COMPETE
  slot_is_sound()
#endif
}

inline leave() {
  d_step {
    touch_slot();
    was_queued = queued[me];
    if
    :: was_queued && me < P ->
      putters??eval(me); queued[me] = false; puts_in_turn??eval(me); take_item_back(item)
    :: was_queued && me >= P ->
      getters??eval(me); queued[me] = false; gets_in_turn??eval(me)
    :: else
    fi
  }
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

/* ------------------------------------------------------------ park.c: wait_for; the threads -- */

inline begin_call() {
  result = NONE; expired = false; must_wait = false;
  if
  :: me < P -> item = me * ITEMS + ITEMS - calls
  :: else -> item = NOTHING
  fi
}

inline end_frame() {
  claim(frame_gone, held[me] == 0 && !queued[me]);
  status[me] = NONE; item_of[me] = 0; woken[me] = false; waiting[me] = false
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
#if SHUT
  :: me >= P && result == DONE -> calls = 0; last_call_decided() /* it has had enough: items may be left over */
#endif
  :: result == DONE && (me < P || !SHUT) -> calls--
  :: result == DONE && me >= P && SHUT
  :: result == SHUT_DOWN -> calls = 0
  :: result == TIMED_OUT
  fi;
  result = NONE; expired = false; must_wait = false; item = 0
}

/* The last call of a thread has returned: if it is the last user, it destroys the slot. */
inline end_use() {
  users = users - !STRICT;
  if
  :: users == 0 && !destroyed ->
    claim(slot_invariant, !HAS_PUTTER && !HAS_GETTER);
    do
    :: len(ring) != 0 ->
      ring?i;
      claim(exactly_once, accepted[i] && !passed_on[i]);
      passed_on[i] = true;
      seen[i] = true
    :: else -> break
    od;
    destroyed = true
  :: else
  fi;
  finished++;
  if
  :: finished == THREADS + SHUT ->
    claim(slot_destroyed, destroyed);
    for (i : 0 .. ALL - 1) {
      claim(exactly_once, accepted[i] == seen[i])
    }
  :: else
  fi;
  i = 0
}

/* A goto from one atomic into another goes on in the same step; at the end of an atomic others may run. */
proctype thread(byte me; byte calls) {
  byte item, i;
  byte other = NOBODY;
  mtype result;
  bool was_queued, expired, must_wait;

  atomic {
    me == (me < P -> next_putter : next_getter);
    if
    :: me < P -> next_putter++
    :: else -> next_getter++
    fi;
    goto call
  };
call: /* wait_for's first attempt, without a waiter, is left out: it does what the second would, or nothing */
  atomic {
    begin_call();
attempt:
    operate();
    if
    :: result == AGAIN -> result = NONE; goto queue
    :: result == TIMED_OUT -> goto returned
    :: result != AGAIN && result != TIMED_OUT && other == NOBODY -> goto leave_frame
    :: else
    fi
  };
#ifdef wake_begin
  wake_begin(other);
#endif
  atomic {
    wake(other, DONE);
#ifdef MUTANT_TOUCH_AFTER_WAKE
  };
  atomic {
    touch_slot();
#endif
    goto leave_frame
  };
queue:
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

late: /* it was not woken in time */
  atomic {
    leave();
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
#ifdef MUTANT_COMPETE
    if
    :: result == COMPETE -> woken[me] = false; goto attempt
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
  atomic { end_frame(); goto returned };
returned:
  atomic {
    end_call();
    if
    :: calls != 0 -> goto again
    :: else -> end_use(); goto end
    fi
  };
again:
  goto call;
end:
  skip
}

/* handoff_slot_shut. */
proctype shutter() {
  chan released = [THREADS] of { byte };
  byte other = NOBODY;
  byte i;

  d_step {
    touch_slot();
    shut = true;
    do
    :: HAS_PUTTER -> release_first(putters, other, SHUT_DOWN); released!other; refuse(other, item_of[other])
    :: else -> break
    od;
    do
    :: HAS_GETTER -> release_first(getters, other, SHUT_DOWN); released!other; refuse(other, NOTHING)
    :: else -> break
    od;
    other = NOBODY;
    last_call_decided();
    slot_is_sound()
  };
  do
  :: len(released) != 0 ->
    atomic { released?other };
#ifdef wake_begin
    wake_begin(other);
#endif
    d_step { wake(other, SHUT_DOWN) };
#ifdef MUTANT_SHUT_WAKES_ONE
    break
#endif
  :: len(released) == 0 -> break
  od;
  atomic { end_use() }
}

init {
  byte n;
  atomic {
    for (n : 0 .. THREADS - 1) {
      if
      :: n < P -> left[n] = ITEMS; run thread(n, ITEMS)
      :: else -> left[n] = SHARE; run thread(n, SHARE + SHUT)
      fi
    }
#if SHUT
    run shutter()
#endif
  }
}
